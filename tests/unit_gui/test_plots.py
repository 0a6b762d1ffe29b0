"""Curves: ticks that people can read, themed in both schemes, and told apart without colour."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.plot_legend import training_pen, validation_pen
from gui.plots import CurvePlot, round_ticks, whole_ticks
from gui.theme import GRAPHIC_CONTRAST, TEXT_CONTRAST, contrast
from gui.toned_label import panel_colours

TRAINING = ((1, 0.52), (2, 0.7), (3, 0.8))
VALIDATION = ((1, 0.61), (2, 0.75), (3, 0.73))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    made = CurvePlot("Accuracy", percent=True)
    qtbot.addWidget(made)
    made.resize(400, 260)
    made.show()
    made.show_curves(TRAINING, VALIDATION, epochs=12, best=2)
    return made


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0.0, 1.0, 4, [0.0, 0.5, 1.0]),
        (0.0, 1.0, 5, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (60.0, 100.0, 4, [60.0, 70.0, 80.0, 90.0, 100.0]),
        (0.0, 0.037, 4, [0.0, 0.01, 0.02, 0.03]),
        (0.0, 730.0, 4, [0.0, 200.0, 400.0, 600.0]),
        (3.0, 3.0, 4, [3.0]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert round_ticks(low, high, most) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("last", "ticks"),
    [
        (1, [1]),
        (2, [1, 2]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (12, [1, 2, 4, 6, 8, 10, 12]),
        (90, [1, 20, 40, 60, 80]),
    ],
)
def test_epochs_are_whole_and_begin_with_the_first(last: int, ticks: list[int]) -> None:
    assert whole_ticks(last, 8) == ticks


def bottom_words(plot: CurvePlot) -> list[str]:
    return [text for _, text in plot._view.getAxis("bottom")._tickLevels[0]]


def left_words(plot: CurvePlot) -> list[str]:
    return [text.replace("\u00a0", " ") for _, text in plot._view.getAxis("left")._tickLevels[0]]


def test_the_axes_show_all_epochs_to_come_and_shares_up_to_100_percent(plot: CurvePlot) -> None:
    assert bottom_words(plot) == ["1", "2", "4", "6", "8", "10", "12"]
    assert left_words(plot) == ["60 %", "80 %", "100 %"]
    (left, right), (low, high) = plot._view.viewRange()
    assert left < 1
    assert right > 12
    assert low < 50
    assert high > 100


def test_losses_begin_at_nought(qtbot: QtBot) -> None:
    loss = CurvePlot("Loss", percent=False)
    qtbot.addWidget(loss)
    loss.show_curves(((1, 1.3), (2, 0.4)), (), epochs=2, best=None)
    assert left_words(loss) == ["0.0", "0.5", "1.0"]


def test_a_plot_without_points_can_be_shown(qtbot: QtBot) -> None:
    empty = CurvePlot("Loss", percent=False)
    qtbot.addWidget(empty)
    empty.show()
    assert empty.grab().width() > 0
    assert bottom_words(empty) == ["1", "2"]
    assert empty.accessibleDescription() == ""


def test_the_curves_reach_the_drawing(plot: CurvePlot) -> None:
    x, y = plot._training_item.getData()
    assert list(x) == [1, 2, 3]
    assert list(y) == pytest.approx([52.0, 70.0, 80.0])
    assert plot.curves == (TRAINING, VALIDATION)


def test_the_ring_is_on_the_validation_point_of_the_kept_epoch(plot: CurvePlot) -> None:
    x, y = plot._best_item.getData()
    assert (list(x), list(y)) == ([2], [75.0])
    plot.show_curves(TRAINING, (), epochs=12, best=2)
    assert list(plot._best_item.getData()[1]) == [70.0]
    plot.show_curves(TRAINING, VALIDATION, epochs=12, best=None)
    assert len(plot._best_item.getData()[0]) == 0


def test_the_legend_names_what_can_be_seen(plot: CurvePlot) -> None:
    legend = plot._legend
    assert [part.isHidden() for part in (legend._training, legend._validation, legend._best)] == [False] * 3
    plot.show_curves(TRAINING, (), epochs=12, best=None)
    assert [part.isHidden() for part in (legend._training, legend._validation, legend._best)] == [False, True, True]


def test_the_lines_differ_in_more_than_colour(qtbot: QtBot) -> None:
    colours = panel_colours(QApplication.palette())
    training, validation = training_pen(colours), validation_pen(colours)
    assert training.style() is Qt.PenStyle.SolidLine
    assert validation.dashPattern() == [4.0, 2.5]
    assert validation.widthF() > training.widthF()


def test_screen_readers_hear_the_newest_point(plot: CurvePlot) -> None:
    assert plot.accessibleName() == "Accuracy"
    assert plot.accessibleDescription().replace("\u00a0", " ") == "training 80 %, validation 73 %"


@pytest.mark.parametrize("dark", [False, True])
def test_both_schemes_have_contrast_and_a_change_is_followed(plot: CurvePlot, dark: bool) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(30, 30, 34) if dark else QColor(250, 250, 250))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(235, 235, 235) if dark else QColor(20, 20, 20))
    palette.setColor(QPalette.ColorRole.Highlight, QColor(53, 132, 228))
    plot.setPalette(palette)
    background = palette.color(QPalette.ColorRole.Window)
    assert plot._view.backgroundBrush().color() == background
    assert contrast(plot._view.getAxis("left").textPen().color(), background) >= TEXT_CONTRAST
    for item in (plot._training_item, plot._validation_item):
        assert contrast(item.opts["pen"].color(), background) >= GRAPHIC_CONTRAST


def test_a_plot_answers_to_no_mouse(plot: CurvePlot) -> None:
    assert plot._view.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    assert plot._view.focusPolicy() is Qt.FocusPolicy.NoFocus
