"""The reliability diagram: how often pictures are right that are shown with a probability, against that probability.

Importing this module imports pyqtgraph, some 0.5 s; whoever shows the diagram imports it then.
"""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from gui.evaluation_texts import pictures_text
from gui.percent import percent_text
from gui.plots import round_ticks
from gui.theme import GAP, small_font
from gui.toned_label import Tone, TonedLabel, panel_colours
from model.evaluation_types import ReliabilityBin

_AXIS_WIDTH = 64
_GAP = 0.08  # of a bar's width, between two bars
_DASHES = (4.0, 3.0)


class ReliabilityPlot(QWidget):
    """Bars of accuracy over confidence, the diagonal on which they would stand, and below how many pictures each has.

    Owned by the GUI thread. It answers to no mouse; what it shows is in its accessible description as text.
    """

    def __init__(self, bins: Sequence[ReliabilityBin], parent: QWidget | None = None) -> None:
        """Show `bins`; empty ones have no bar."""
        super().__init__(parent)
        self._bins = [place for place in bins if place.count]
        self._shares = _plot()
        self._counts = _plot()
        self._share_bars = self._bars([100.0 * place.accuracy for place in self._bins])
        self._count_bars = self._bars([float(place.count) for place in self._bins])
        self._diagonal = pg.PlotDataItem([0, 100], [0, 100], antialias=True)
        self._numbers = [pg.TextItem(QLocale().toString(place.count), anchor=(0.5, 1.0)) for place in self._bins]
        self._set_up()
        words = TonedLabel(
            self.tr(
                "Each bar holds the pictures that are shown with about that probability; its height is how many of "
                "them are right. On the dashed line the two agree. Bars below it: the network is too sure of itself."
            ),
            Tone.MUTED,
            small=True,
            wrap=True,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP)
        column.addWidget(words)
        column.addWidget(self._shares, 3)
        column.addWidget(self._counts, 1)
        self.setAccessibleName(self.tr("Reliability diagram"))
        self.setAccessibleDescription("; ".join(bin_text(place) for place in self._bins))
        self._tint()

    def _bars(self, heights: Sequence[float]) -> "pg.BarGraphItem":
        margin = [_GAP / 2 * (place.high - place.low) for place in self._bins]
        left = [100.0 * (place.low + gap) for place, gap in zip(self._bins, margin, strict=True)]
        right = [100.0 * (place.high - gap) for place, gap in zip(self._bins, margin, strict=True)]
        return pg.BarGraphItem(x0=left, x1=right, y0=[0.0] * len(left), height=list(heights))

    def _set_up(self) -> None:
        percents = [[(tick, percent_text(tick / 100.0)) for tick in (0, 20, 40, 60, 80, 100)]]
        most = max((place.count for place in self._bins), default=1)
        self._shares.addItem(self._share_bars)
        self._shares.addItem(self._diagonal)
        self._shares.setYRange(0, 100, padding=0.02)
        self._shares.getAxis("left").setTicks(percents)
        self._shares.getAxis("bottom").setStyle(showValues=False)
        self._shares.getAxis("left").setLabel(self.tr("right"))
        self._counts.addItem(self._count_bars)
        for place, number in zip(self._bins, self._numbers, strict=True):
            number.setFont(small_font(self.font()))
            number.setPos(50.0 * (place.low + place.high), place.count)
            self._counts.addItem(number)
        self._counts.setYRange(0, 1.45 * most, padding=0)  # room for the numbers above the bars
        ticks = [tick for tick in round_ticks(0, most, 2) if tick == int(tick)]
        self._counts.getAxis("left").setTicks([[(tick, QLocale().toString(int(tick))) for tick in ticks]])
        self._counts.getAxis("left").setLabel(self.tr("pictures"))
        self._counts.getAxis("bottom").setLabel(self.tr("probability shown"))
        for view in (self._shares, self._counts):
            view.setXRange(0, 100, padding=0.03)
            view.getAxis("bottom").setTicks(percents)
            view.getAxis("bottom").setStyle(hideOverlappingLabels=False)
            view.getAxis("left").setWidth(_AXIS_WIDTH)
            for side in ("left", "bottom"):
                view.getAxis(side).setStyle(tickFont=small_font(self.font()), tickLength=0)
        self._counts.setMinimumHeight(110)
        self._shares.setMinimumHeight(160)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        colours = panel_colours(self.palette())
        for view in (self._shares, self._counts):
            view.setBackground(colours.background)
            for side in ("left", "bottom"):
                axis = view.getAxis(side)
                axis.setPen(QPen(colours.bar_faded, 1.0))
                axis.setTextPen(QPen(colours.muted))
            view.showGrid(x=False, y=True, alpha=0.2)
        self._share_bars.setOpts(brush=colours.bar, pen=None)
        self._count_bars.setOpts(brush=colours.bar_other, pen=None)
        for number in self._numbers:
            number.setColor(colours.text)
        line = QPen(colours.text, 1.6)
        line.setCosmetic(True)
        line.setDashPattern(_DASHES)
        self._diagonal.setPen(line)


def bin_text(place: ReliabilityBin) -> str:
    """Return one bar in words: `73 % to 80 %: 12 pictures, 75 % right`."""
    text = QCoreApplication.translate("Evaluation", "{low} to {high}: {pictures}, {share} right")
    return text.format(
        low=percent_text(place.low),
        high=percent_text(place.high),
        pictures=pictures_text(place.count),
        share=percent_text(place.accuracy),
    )


def _plot() -> "pg.PlotWidget":
    view = pg.PlotWidget()
    view.setFrameShape(view.Shape.NoFrame)
    view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # its hint is the scene's own size
    view.setMenuEnabled(False)
    view.setMouseEnabled(x=False, y=False)
    view.hideButtons()
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    view.getViewBox().setDefaultPadding(0.0)
    return view
