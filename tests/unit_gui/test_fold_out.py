"""A part of a dialog behind its title, and the line of a training."""

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from gui.fold_out import FoldOut
from gui.lower_edge_button import TrainingLine
from gui.theme import TEXT_CONTRAST, contrast


def test_it_is_folded_at_first_and_opens_by_its_title(qtbot: QtBot) -> None:
    content = QLabel("inside")
    part = FoldOut("More", content)
    qtbot.addWidget(part)
    part.show()
    assert not part.open
    assert not content.isVisible()
    part._button.click()
    assert part.open
    assert content.isVisible()
    assert part._button.accessibleDescription() == "shown"
    part._button.click()
    assert not content.isVisible()


def test_the_line_is_there_only_while_it_says_something(qtbot: QtBot) -> None:
    line = TrainingLine()
    qtbot.addWidget(line)
    line.show_text("Training Shapes")
    assert line.isVisible()
    assert line.accessibleName() == "Training Shapes"
    line.show_text("")
    assert not line.isVisible()


@pytest.mark.parametrize(("window", "text"), [("#f0f0f0", "#101010"), ("#242428", "#e6e6e6")])
def test_the_line_can_be_read_in_both_schemes(qtbot: QtBot, window: str, text: str) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    line = TrainingLine(parent)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    parent.setPalette(palette)
    ink = line.palette().color(QPalette.ColorRole.ButtonText)
    assert contrast(ink, QColor(window)) >= TEXT_CONTRAST
    assert ink != QColor(text)
