"""Long words break, all of the text can be copied, and it can be read in both schemes."""

import pytest
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.flow_text import FlowText
from gui.theme import contrast
from gui.toned_label import Tone

LONG = "/home/anna/Pictures/" + "a-folder-name-without-any-space" * 4 + "/IMG_0001.jpg"


def test_it_grows_with_its_text(qtbot: QtBot) -> None:
    text = FlowText("/a.jpg")
    qtbot.addWidget(text)
    text.resize(200, 20)
    text.show()
    short = text.height()
    text.set_text(LONG)
    assert text.height() > 3 * short
    text.resize(2000, text.height())
    assert text.height() == short


def test_all_of_it_can_be_copied(qtbot: QtBot) -> None:
    text = FlowText(LONG, small=True)
    qtbot.addWidget(text)
    text.resize(150, 20)
    text.show()
    assert text.isReadOnly()
    text.selectAll()
    text.copy()
    assert QGuiApplication.clipboard().text() == LONG


def test_it_is_never_taken_for_html(qtbot: QtBot) -> None:
    text = FlowText("<b>a</b>")
    qtbot.addWidget(text)
    assert text.toPlainText() == "<b>a</b>"


@pytest.mark.parametrize("tone", list(Tone))
def test_it_can_be_read_in_both_schemes(qtbot: QtBot, tone: Tone) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    text = FlowText("words", tone, parent)
    for window, words in (("#efefef", "#000000"), ("#323232", "#f0f0f0"), ("#efefef", "#000000")):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Window, QColor(window))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(words))
        parent.setPalette(palette)
        assert contrast(text.palette().color(QPalette.ColorRole.Text), QColor(window)) >= 4.5
