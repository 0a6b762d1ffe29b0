import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from gui.empty_state import EmptyReason, EmptyState
from gui.theme import TEXT_CONTRAST, contrast

# The offscreen platform says so of every window with a least size.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")


@pytest.fixture
def empty(qtbot: QtBot) -> EmptyState:
    empty = EmptyState()
    qtbot.addWidget(empty)
    empty.resize(500, 400)
    empty.show()
    return empty


def words(empty: EmptyState) -> set[str]:
    shown = [*empty.findChildren(QLabel), *empty.findChildren(QPushButton)]
    return {widget.text() for widget in shown if widget.isVisible() and widget.text()}


def button(empty: EmptyState, name: str) -> QPushButton:
    (found,) = (widget for widget in empty.findChildren(QPushButton) if widget.accessibleName() == name)
    return found


def test_the_drop_zone_says_what_to_do(empty: EmptyState) -> None:
    empty.set_weights_line("Labels come from <ImageNet>.")
    assert words(empty) == {
        "Drop photographs or folders here",
        "Open images\N{HORIZONTAL ELLIPSIS}",
        "Open folder\N{HORIZONTAL ELLIPSIS}",
        "Labels come from <ImageNet>.",
    }
    assert empty.accessibleName() == "Drop photographs or folders here"


@pytest.mark.parametrize(("name", "signal"), [("Open images", "open_images"), ("Open folder", "open_folder")])
def test_buttons_by_key(empty: EmptyState, qtbot: QtBot, name: str, signal: str) -> None:
    with qtbot.waitSignal(getattr(empty, signal)):
        qtbot.keyClick(button(empty, name), Qt.Key.Key_Space)


def test_a_filter_that_hides_everything_can_be_cleared(empty: EmptyState, qtbot: QtBot) -> None:
    empty.set_reason(EmptyReason.NO_MATCH)
    assert empty.reason is EmptyReason.NO_MATCH
    assert words(empty) == {"No picture matches the filter", "Clear the filter"}
    with qtbot.waitSignal(empty.clear_filter):
        qtbot.mouseClick(button(empty, "Clear the filter"), Qt.MouseButton.LeftButton)


def test_while_looking_there_is_nothing_to_press(empty: EmptyState) -> None:
    empty.set_reason(EmptyReason.LOOKING)
    assert words(empty) == {"Looking for pictures\N{HORIZONTAL ELLIPSIS}"}


def test_the_zone_is_outlined_only_where_it_is_one(empty: EmptyState) -> None:
    with_zone = empty.grab().toImage()
    empty.set_reason(EmptyReason.NO_MATCH)
    without = empty.grab().toImage()
    edge = range(40, 460)
    background = without.pixelColor(5, 5)
    assert any(with_zone.pixelColor(x, 24) != background for x in edge)
    assert all(without.pixelColor(x, 24) == background for x in edge)


def test_the_quiet_line_can_be_read_in_both_schemes(empty: EmptyState) -> None:
    for window, text in (("#efefef", "#000000"), ("#2b2b2e", "#ebebeb")):
        palette = QPalette(empty.palette())
        palette.setColor(QPalette.ColorRole.Window, QColor(window))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
        empty.setPalette(palette)
        (line,) = (label for label in empty.findChildren(QLabel) if label.accessibleName() == "Weights in use")
        colour = line.palette().color(QPalette.ColorRole.WindowText)
        assert contrast(colour, QColor(window)) >= TEXT_CONTRAST
        assert colour != QColor(text)
