import pyqtgraph as pg
import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.reliability_plot import ReliabilityPlot
from gui.theme import GRAPHIC_CONTRAST, contrast
from model.evaluation_types import ReliabilityBin

BINS = (
    ReliabilityBin(0.0, 0.25, 0.0, 0.0, 0),
    ReliabilityBin(0.25, 0.5, 0.4, 0.0, 1),
    ReliabilityBin(0.5, 0.75, 0.6, 0.55, 20),
    ReliabilityBin(0.75, 1.0, 0.9, 0.96, 1234),
)


def bars(plot: ReliabilityPlot) -> list[dict[str, list[float]]]:
    items = [item for view in plot.findChildren(pg.PlotWidget) for item in view.plotItem.items]
    return [item.opts for item in items if isinstance(item, pg.BarGraphItem)]


def numbers(plot: ReliabilityPlot) -> list[str]:
    items = [item for view in plot.findChildren(pg.PlotWidget) for item in view.plotItem.items]
    return [item.toPlainText() for item in items if isinstance(item, pg.TextItem)]


def test_bars_of_accuracy_over_confidence_and_of_counts(qtbot: QtBot) -> None:
    plot = ReliabilityPlot(BINS)
    qtbot.addWidget(plot)
    shares, counts = bars(plot)
    assert shares["height"] == pytest.approx([0.0, 55.0, 96.0])
    assert counts["height"] == [1.0, 20.0, 1234.0]
    assert shares["x0"] == pytest.approx([26, 51, 76])
    assert all(right - left == pytest.approx(23) for left, right in zip(shares["x0"], shares["x1"], strict=True))
    assert [text.replace(",", "") for text in numbers(plot)] == ["1", "20", "1234"]


def test_the_diagonal_is_drawn(qtbot: QtBot) -> None:
    plot = ReliabilityPlot(BINS)
    qtbot.addWidget(plot)
    (line,) = [
        item
        for view in plot.findChildren(pg.PlotWidget)
        for item in view.plotItem.items
        if isinstance(item, pg.PlotDataItem)
    ]
    assert [tuple(axis) for axis in line.getData()] == [(0, 100), (0, 100)]


def test_it_can_be_read_aloud(qtbot: QtBot) -> None:
    plot = ReliabilityPlot(BINS)
    qtbot.addWidget(plot)
    words = plot.accessibleDescription().replace("\u00a0", " ").replace(",", "")
    assert words == (
        "25 % to 50 %: 1 picture 0 % right; 50 % to 75 %: 20 pictures 55 % right; "
        "75 % to 100 %: 1234 pictures 96 % right"
    )


def test_no_pictures_at_all(qtbot: QtBot) -> None:
    plot = ReliabilityPlot(BINS[:1])
    qtbot.addWidget(plot)
    plot.show()
    assert numbers(plot) == []


def test_it_follows_the_scheme(qtbot: QtBot) -> None:
    plot = ReliabilityPlot(BINS)
    qtbot.addWidget(plot)
    plot.resize(500, 400)
    plot.show()
    palette = QPalette(QApplication.palette())
    palette.setColor(QPalette.ColorRole.Window, QColor(30, 30, 30))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(230, 230, 230))
    plot.setPalette(palette)
    shown = plot.grab().toImage()
    colours = {shown.pixelColor(x, shown.height() // 3).rgb() for x in range(shown.width())}
    assert QColor(30, 30, 30).rgb() in colours
    brush = QColor(bars(plot)[0]["brush"])  # type: ignore[call-overload]
    assert brush.rgb() in colours
    assert contrast(brush, QColor(30, 30, 30)) >= GRAPHIC_CONTRAST
