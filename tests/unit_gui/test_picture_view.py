"""The picture fits its place, keeps its proportions, and the outlined square is where the network looks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.picture_view import LargeView, PictureView


def plain_image(width: int, height: int, colour: str = "#3060c0") -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


@pytest.fixture
def view(qtbot: QtBot) -> PictureView:
    made = PictureView()
    qtbot.addWidget(made)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.resize(300, 200)
    made.show()
    return made


@given(width=st.integers(1, 4000), height=st.integers(1, 4000), room=st.tuples(*[st.integers(120, 1500)] * 2))
@settings(max_examples=60, deadline=None)
def test_it_fits_and_keeps_its_proportions(qapp: object, width: int, height: int, room: tuple[int, int]) -> None:
    view = PictureView()
    view.resize(max(room[0], 120), max(room[1], 160))
    view.show_image(QImage(width, height, QImage.Format.Format_RGB32), None)
    rect = view.picture_rect()
    assert QRectF(view.rect()).adjusted(-1, -1, 1, 1).contains(rect)
    scale = rect.width() / width if width > height else rect.height() / height
    assert abs(rect.width() - width * scale) <= 1
    assert abs(rect.height() - height * scale) <= 1
    assert abs(rect.center().x() - view.width() / 2) <= 1
    assert abs(rect.center().y() - view.height() / 2) <= 1


def test_a_tiny_picture_is_not_blown_up(view: PictureView) -> None:
    view.show_image(plain_image(10, 8), None)
    assert view.picture_rect().size().toSize() == QSize(40, 32)


def test_a_reduced_picture_fills_the_room_of_the_real_one(view: PictureView) -> None:
    view.show_image(plain_image(40, 20), None, natural=QSize(4000, 2000))
    assert view.picture_rect().width() == 300


def test_the_outline_is_where_the_network_looks(view: PictureView) -> None:
    view.show_image(plain_image(300, 200), QRectF(0.25, 0.1, 0.5, 0.8))
    assert view.crop_rect() == QRectF(75, 20, 150, 160)
    image = view.grab().toImage()
    assert image.pixelColor(150, 100) == QColor("#3060c0")
    assert image.pixelColor(30, 100).lightness() < QColor("#3060c0").lightness()
    assert image.pixelColor(75, 100).lightness() > 180
    assert image.pixelColor(150, 20).lightness() > 180


def test_the_outline_can_be_seen_on_white_and_on_black(view: PictureView) -> None:
    for colour in ("#ffffff", "#000000"):
        view.show_image(plain_image(300, 200, colour), QRectF(0.25, 0.0, 0.5, 1.0))
        image = view.grab().toImage()
        around = [image.pixelColor(x, 100).lightness() for x in range(72, 80)]
        assert max(around) - min(around) > 100


def test_without_a_crop_nothing_is_outlined(view: PictureView) -> None:
    view.show_image(plain_image(300, 200), None)
    assert view.crop_rect().isEmpty()
    image = view.grab().toImage()
    assert {image.pixelColor(x, 100).name() for x in range(5, 295)} == {"#3060c0"}


def test_a_placeholder_takes_the_pictures_place(view: PictureView) -> None:
    view.show_image(plain_image(30, 20), QRectF(0, 0, 1, 1))
    view.show_placeholder("Choose a picture", broken=True)
    assert (view.image, view.crop, view.words, view.broken) == (None, None, "Choose a picture", True)
    drawn = view.grab().toImage()
    view.show_placeholder("Choose a picture")
    assert view.grab().toImage() != drawn


def test_another_picture_of_the_same_size_replaces_the_one_in_memory(view: PictureView) -> None:
    view.show_image(plain_image(300, 200, "#ff0000"), None)
    assert view.grab().toImage().pixelColor(10, 10).name() == "#ff0000"
    view.show_image(plain_image(300, 200, "#00ff00"), None)
    assert view.grab().toImage().pixelColor(10, 10).name() == "#00ff00"


def test_double_click_and_keys_ask_for_the_large_view(view: PictureView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.activated):
        qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
        qtbot.keyClick(view, Qt.Key.Key_Space)
    view.show_image(plain_image(30, 20), None)
    with qtbot.waitSignal(view.activated):
        qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
        with qtbot.waitSignal(view.activated):
            qtbot.keyClick(view, key)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Escape])
def test_the_large_view_closes_by_key(qtbot: QtBot, key: Qt.Key) -> None:
    window = LargeView()
    qtbot.addWidget(window)
    window.show()
    assert not window.isModal()
    qtbot.keyClick(window, key)
    assert not window.isVisible()


@pytest.mark.parametrize(("key", "step"), [(Qt.Key.Key_Left, -1), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Down, 1)])
def test_the_large_view_asks_for_the_next_picture(qtbot: QtBot, key: Qt.Key, step: int) -> None:
    window = LargeView()
    qtbot.addWidget(window)
    window.show()
    with qtbot.waitSignal(window.step_requested) as asked:
        qtbot.keyClick(window, key)
    assert asked.args == [step]
    assert window.isVisible()


def test_the_large_view_is_a_window_that_goes_with_its_parent(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    assert LargeView(parent).isWindow()
