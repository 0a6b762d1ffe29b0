"""A path can be read in full, selected and copied, whatever bytes it has."""

from pathlib import Path

from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.path_text import PathText
from gui.theme import contrast

LONG = Path("/home/anna/Pictures") / ("a-folder-name-without-any-space" * 4) / "IMG_0001.jpg"


def test_it_grows_with_its_text(qtbot: QtBot) -> None:
    text = PathText()
    qtbot.addWidget(text)
    text.resize(200, 20)
    text.show()
    text.set_path(Path("/a.jpg"))
    short = text.height()
    text.set_path(LONG)
    assert text.height() > 3 * short
    text.resize(2000, text.height())
    assert text.height() == short


def test_all_of_it_can_be_copied(qtbot: QtBot) -> None:
    text = PathText()
    qtbot.addWidget(text)
    text.resize(150, 20)
    text.show()
    text.set_path(LONG)
    assert text.isReadOnly()
    text.selectAll()
    text.copy()
    assert QGuiApplication.clipboard().text() == str(LONG)


def test_names_that_are_not_text_are_escaped(qtbot: QtBot) -> None:
    text = PathText()
    qtbot.addWidget(text)
    text.set_path(Path("/x/a\udcff<b>.jpg"))
    assert text.toPlainText() == "/x/a\\xff<b>.jpg"


def test_it_can_be_read_in_both_schemes(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    text = PathText(parent)
    for window, words in (("#efefef", "#000000"), ("#323232", "#f0f0f0"), ("#efefef", "#000000")):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Window, QColor(window))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(words))
        parent.setPalette(palette)
        assert contrast(text.palette().color(QPalette.ColorRole.Text), QColor(window)) >= 4.5
