"""Curves over epochs, in the window's own colours; training and validation differ in line and weight, not colour alone.

Importing this module imports pyqtgraph, some 0.3 s; whoever shows a plot imports it then.
"""

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.plot_legend import RING, PlotLegend, ring_pen, training_pen, validation_pen
from gui.theme import GAP, SMALL_GAP, bold_font, small_font
from gui.toned_label import TonedLabel, panel_colours

# On its own it looks through all Qt objects when the program ends, and that after Qt has gone.
pg.setConfigOptions(exitCleanup=False)

_DOT = 5.0
_MOST_DOTS = 24  # with more epochs than this the points alone would be a thick line
_LEAST_HEIGHT = 150


Curve = tuple[tuple[int, float], ...]
"""Points (epoch, value), epochs rising from 1."""


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` + 1 values in low..high, at a distance of 1, 2 or 5 times a power of ten."""
    if not high > low or most < 1:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def whole_ticks(last: int, most: int) -> list[int]:
    """Return some of the epochs 1..last, evenly: the first, and multiples of a round number."""
    step = max(1, round(round_ticks(0, last, most)[1])) if last > most else 1
    return [1, *(epoch for epoch in range(step, last + 1, step) if epoch > 1)]


class CurvePlot(QWidget):
    """One figure over the epochs, for training and validation; owned by the GUI thread.

    Training is a plain line in a muted tone; validation a bold dashed one in the accent colour; a ring marks the
    epoch whose network is kept. It answers to no mouse: there is nothing in it to get lost in.
    """

    def __init__(self, title: str, *, percent: bool, parent: QWidget | None = None) -> None:
        """Start without points. Values are shares of 1 shown as `percent`, or numbers from 0 up."""
        super().__init__(parent)
        self._title = title
        self._names = (
            QCoreApplication.translate("Plots", "training"),
            QCoreApplication.translate("Plots", "validation"),
        )
        self._percent = percent
        self._epochs = 1
        self._training: Curve = ()
        self._validation: Curve = ()
        self._best: int | None = None
        heading = TonedLabel(title)
        heading.setFont(bold_font(small_font(heading.font())))
        self._legend = PlotLegend(self._names)
        self._view = pg.PlotWidget()
        self._training_item = pg.PlotDataItem(antialias=True)
        self._validation_item = pg.PlotDataItem(antialias=True)
        self._best_item = pg.ScatterPlotItem(antialias=True)
        self._set_up_view()
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self._legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL_GAP)
        column.addLayout(head)
        column.addWidget(self._view, 1)
        self._tint()
        self._draw()

    def _set_up_view(self) -> None:
        view = self._view
        view.setMinimumHeight(_LEAST_HEIGHT)
        view.setFrameShape(view.Shape.NoFrame)
        view.setMenuEnabled(False)
        view.setMouseEnabled(x=False, y=False)
        view.hideButtons()
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        view.getViewBox().setDefaultPadding(0.0)
        for item in (self._training_item, self._validation_item, self._best_item):
            view.addItem(item)
        for side in ("left", "bottom"):
            axis = view.getAxis(side)
            axis.setStyle(tickFont=small_font(self.font()), tickLength=0)

    @property
    def curves(self) -> tuple[Curve, Curve]:
        """The curves of training and validation as shown."""
        return self._training, self._validation

    @property
    def best(self) -> int | None:
        """The epoch with the ring."""
        return self._best

    def show_curves(self, training: Curve, validation: Curve, *, epochs: int, best: int | None) -> None:
        """Show other curves; `epochs` is how many there will be, `best` the one whose network is kept so far."""
        self._training, self._validation, self._epochs, self._best = training, validation, epochs, best
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def sizeHint(self) -> QSize:
        """Return room for a curve."""
        return QSize(320, 220)

    def _draw(self) -> None:
        for item, curve in ((self._training_item, self._training), (self._validation_item, self._validation)):
            item.setData([x for x, _ in curve], [self._shown(y) for _, y in curve])
        judged = self._validation if self._validation else self._training
        ring = [(x, self._shown(y)) for x, y in judged if x == self._best]
        self._best_item.setData(x=[x for x, _ in ring], y=[y for _, y in ring])
        self._set_symbols()
        self._legend.set_parts(training=bool(self._training), validation=bool(self._validation), best=bool(ring))
        self._set_ranges()
        self._describe()

    def _set_symbols(self) -> None:
        few = self._epochs <= _MOST_DOTS
        for item in (self._training_item, self._validation_item):
            item.setSymbol("o" if few else None)

    def _set_ranges(self) -> None:
        values = [self._shown(y) for curve in self.curves for _, y in curve]
        low, high = self._range_of(values)
        last = max(self._epochs, *(curve[-1][0] if curve else 1 for curve in self.curves), 2)
        room = 0.03 * (last - 1)
        self._view.setXRange(1 - room, last + room, padding=0)
        self._view.setYRange(low, high, padding=0.03)
        number = QLocale().toString
        self._view.getAxis("bottom").setTicks([[(tick, number(tick)) for tick in whole_ticks(last, 8)]])
        ticks = round_ticks(low, high, 4)
        decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 0
        pattern = QCoreApplication.translate("Percent", "{number}\u00a0%") if self._percent else "{number}"
        words = [(tick, pattern.format(number=number(float(tick), "f", decimals))) for tick in ticks]
        left = self._view.getAxis("left")
        left.setTicks([words])
        # pyqtgraph leaves out a label that is wider than those before it until it is painted the next time.
        metrics = QFontMetrics(small_font(self.font()))
        left.setWidth(max(metrics.horizontalAdvance(text) for _, text in words) + GAP)

    def _range_of(self, values: Sequence[float]) -> tuple[float, float]:
        """Return what the vertical axis shows: to 100 % from the tens below the lowest share; numbers from 0."""
        if self._percent:
            return (min(90.0, 10.0 * math.floor(min(values) / 10.0)) if values else 0.0), 100.0
        return 0.0, (max(values) if values and max(values) > 0 else 1.0)

    def _shown(self, value: float) -> float:
        return 100.0 * value if self._percent else value

    def _describe(self) -> None:
        """Say for screen readers what the newest point is."""
        self.setAccessibleName(self._title)
        parts = []
        decimals = 0 if self._percent else 2
        for name, curve in zip(self._names, self.curves, strict=True):
            if curve:
                value = QLocale().toString(float(self._shown(curve[-1][1])), "f", decimals)
                parts.append(f"{name} {value}{chr(0xA0) + '%' if self._percent else ''}")
        self.setAccessibleDescription(", ".join(parts))

    def _tint(self) -> None:
        colours = panel_colours(self.palette())
        self._view.setBackground(colours.background)
        for side in ("left", "bottom"):
            axis = self._view.getAxis(side)
            axis.setPen(QPen(colours.bar_faded, 1.0))
            axis.setTextPen(QPen(colours.muted))
        name = QCoreApplication.translate("Plots", "epoch")
        size = f"{small_font(self.font()).pointSizeF()}pt"
        self._view.getAxis("bottom").setLabel(name, color=colours.muted.name(), **{"font-size": size})
        self._view.showGrid(x=False, y=True, alpha=0.25)
        training, validation = training_pen(colours), validation_pen(colours)
        self._training_item.setPen(training)
        self._validation_item.setPen(validation)
        for item, pen in ((self._training_item, training), (self._validation_item, validation)):
            item.setSymbolSize(_DOT)
            item.setSymbolBrush(pen.color())
            item.setSymbolPen(None)
        self._best_item.setSize(RING)
        self._best_item.setPen(ring_pen(colours))
        self._best_item.setBrush(None)
