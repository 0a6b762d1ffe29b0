"""The bar shows its share, moves while the end is unknown, and costs nothing while hidden."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette
from pytestqt.qtbot import QtBot

from gui.thin_bar import ThinBar


@pytest.fixture
def bar(qtbot: QtBot) -> ThinBar:
    made = ThinBar()
    qtbot.addWidget(made)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Highlight, QColor(0, 0, 255))
    made.setPalette(palette)
    made.resize(200, 4)
    made.show()
    return made


def blue_at(bar: ThinBar, x: int) -> bool:
    colour = bar.grab().toImage().pixelColor(x, 2)
    return colour.blue() - colour.red() > 100


def test_the_finished_share_is_painted(bar: ThinBar) -> None:
    bar.set_share(0.5)
    assert blue_at(bar, 40)
    assert blue_at(bar, 95)
    assert not blue_at(bar, 110)


def test_it_fills_from_the_right_where_writing_does(bar: ThinBar) -> None:
    bar.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    bar.set_share(0.25)
    assert blue_at(bar, 180)
    assert not blue_at(bar, 20)


@pytest.mark.parametrize(("share", "value"), [(-1.0, 0), (0.0, 0), (0.1234, 123), (1.0, 1000), (7.0, 1000)])
def test_shares_are_kept_in_range(bar: ThinBar, share: float, value: int) -> None:
    bar.set_share(share)
    assert (bar.value(), bar.maximum()) == (value, 1000)


def test_a_piece_travels_only_while_visible(bar: ThinBar, qtbot: QtBot) -> None:
    assert not bar.moving
    bar.set_indeterminate()
    assert bar.indeterminate
    first = bar.grab().toImage()
    qtbot.waitUntil(lambda: bar.grab().toImage() != first)
    bar.hide()
    assert not bar.moving
    bar.show()
    assert bar.moving
    bar.set_share(0.3)
    assert not bar.moving


def test_the_styles_own_animation_is_left_out(bar: ThinBar) -> None:
    bar.set_indeterminate()
    assert bar.event(QEvent(QEvent.Type.StyleAnimationUpdate))
