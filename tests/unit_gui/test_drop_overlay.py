"""The drop overlay: covers the window, is in nobody's way, and can be read in both schemes over anything."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from gui.drop_overlay import DropOverlay, contrast

LIGHT = {"Window": "#efefef", "WindowText": "#1a1a1a", "Highlight": "#308cc6"}
DARK = {"Window": "#2b2b2b", "WindowText": "#f0f0f0", "Highlight": "#3d8ee8"}
DULL = {"Window": "#efefef", "WindowText": "#1a1a1a", "Highlight": "#e0e0e0"}


def palette(colours: dict[str, str]) -> QPalette:
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(QPalette.ColorRole[role], QColor(colour))
    return made


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.setAcceptDrops(True)
    return made


def test_it_starts_hidden_and_shows_its_words(window: QWidget, qtbot: QtBot) -> None:
    overlay = DropOverlay(window)
    window.show()
    assert not overlay.isVisible()
    overlay.show_for("Add 37 files")
    assert overlay.isVisible()
    assert overlay.text == "Add 37 files"
    assert overlay.accessibleDescription() == "Add 37 files"
    assert overlay.accessibleName()
    overlay.hide()
    assert not overlay.isVisible()


def test_no_words_mean_no_overlay(window: QWidget, qtbot: QtBot) -> None:
    overlay = DropOverlay(window)
    window.show()
    overlay.show_for("Add 37 files")
    overlay.show_for("")
    assert not overlay.isVisible()


def test_it_covers_the_window_and_follows_its_size(window: QWidget, qtbot: QtBot) -> None:
    overlay = DropOverlay(window)
    window.show()
    late = QLabel("made after the overlay", window)
    late.show()
    overlay.show_for("Add 37 files")
    assert overlay.geometry() == window.rect()
    assert window.children()[-1] is overlay  # on top of the others
    window.resize(700, 300)
    qtbot.waitUntil(lambda: overlay.geometry() == window.rect())
    assert (overlay.width(), overlay.height()) == (700, 300)


def test_mouse_and_drags_go_through_to_the_window(window: QWidget, qtbot: QtBot) -> None:
    overlay = DropOverlay(window)
    window.show()
    overlay.show_for("Add 37 files")
    # Qt looks for the target of a click and of a drag with childAt.
    assert window.childAt(QPoint(300, 200)) is None
    assert overlay.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert not overlay.acceptDrops()


@pytest.mark.parametrize("colours", [LIGHT, DARK, DULL])
@pytest.mark.parametrize("below", ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff"])
def test_it_can_be_read_over_anything(qtbot: QtBot, colours: dict[str, str], below: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.setPalette(palette(colours))
    ground = QLabel(window)
    ground.setStyleSheet(f"background: {below}")
    ground.setGeometry(window.rect())
    overlay = DropOverlay(window)
    window.show()
    overlay.show_for("Add 37 files")
    image = window.grab().toImage()
    sheet = image.pixelColor(300, 330)  # inside the frame, below the words
    words = colour_farthest_from(image, sheet, top=200, bottom=300)
    assert contrast(words, sheet) >= 4.5
    outside = image.pixelColor(5, 5)
    frame = colour_farthest_from(image, outside, top=20, bottom=28)
    # The frame is drawn in the accent, or in the colour of the words where the accent is too dull to be seen.
    assert contrast(frame, QColor(colours["Window"])) >= 3.0


def colour_farthest_from(image: QImage, ground: QColor, *, top: int, bottom: int) -> QColor:
    colours = {image.pixelColor(x, y).rgb() for y in range(top, bottom) for x in range(40, image.width() - 40)}
    return max((QColor(colour) for colour in colours), key=lambda colour: contrast(colour, ground))


def test_long_words_stay_inside_the_frame(window: QWidget, qtbot: QtBot) -> None:
    overlay = DropOverlay(window)
    window.setPalette(palette(LIGHT))
    window.show()
    overlay.show_for("Add the folder “" + "long " * 100 + "”")
    image = window.grab().toImage()
    for x in (2, 10, 20, 580, 590, 598):
        column = {image.pixelColor(x, y).rgb() for y in range(40, 360)}
        assert len(column) == 1


@pytest.mark.parametrize("size", [(600, 400), (90, 40), (1, 1)])
def test_any_size_can_be_painted(window: QWidget, qtbot: QtBot, size: tuple[int, int]) -> None:
    overlay = DropOverlay(window)
    window.show()
    overlay.show_for("Add 37 files")
    overlay.resize(*size)
    assert (overlay.grab().width(), overlay.grab().height()) == size


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)]
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, ratio: float) -> None:
    assert contrast(QColor(one), QColor(other)) == pytest.approx(ratio, abs=0.01)
    assert contrast(QColor(other), QColor(one)) == pytest.approx(ratio, abs=0.01)
