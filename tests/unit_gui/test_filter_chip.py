import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gui.filter_chip import FilterChip
from gui.theme import TEXT_CONTRAST, contrast
from gui.toned_label import Tone, TonedLabel, tone_colour

SCHEMES = {"light": (QColor(239, 239, 239), QColor(0, 0, 0)), "dark": (QColor(30, 30, 30), QColor(230, 230, 230))}


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(300, 60)
    made.show()
    return made


@pytest.fixture
def chip(host: QWidget) -> FilterChip:
    return FilterChip(host)


def test_it_is_there_while_it_has_a_title(chip: FilterChip) -> None:
    assert not chip.isVisible()
    chip.set_title("cloudy taken for rain: 7 pictures")
    assert chip.isVisible()
    assert chip.accessibleName() == "Shown alone: cloudy taken for rain: 7 pictures"
    chip.set_title("")
    assert not chip.isVisible()
    assert chip.title == ""


def test_the_cross_asks_for_all(chip: FilterChip, qtbot: QtBot) -> None:
    chip.set_title("7 pictures")
    cross = chip.findChild(QToolButton)
    assert cross.accessibleName() == "Show all pictures again"
    with qtbot.waitSignal(chip.cleared):
        cross.click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_title_can_be_read_in_both_schemes(chip: FilterChip, scheme: str) -> None:
    window, text = SCHEMES[scheme]
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, window)
    palette.setColor(QPalette.ColorRole.WindowText, text)
    chip.set_title("7 pictures")
    chip.parentWidget().setPalette(palette)
    label = chip.findChild(TonedLabel)
    pill = chip.grab().toImage().pixelColor(5, chip.height() // 2)
    assert pill != window
    assert contrast(tone_colour(label.palette(), Tone.TEXT), pill) >= TEXT_CONTRAST
