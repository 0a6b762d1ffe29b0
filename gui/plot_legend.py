"""The lines of training and validation, and the legend that names them; they differ in more than colour."""

from PySide6.QtCore import QCoreApplication, QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui.theme import GAP, SMALL_GAP, Colours
from gui.toned_label import Tone, TonedLabel, panel_colours

RING = 11.0
"""The diameter of the ring around the best point, in device-independent pixels."""

_LINE = 1.6
_BOLD_LINE = 2.4
_DASHES = (4.0, 2.5)  # in line widths
_SAMPLE_WIDTH = 28


def training_pen(colours: Colours) -> QPen:
    """Return the line of training: thin, plain, muted."""
    return _pen(colours.bar_other, _LINE)


def validation_pen(colours: Colours) -> QPen:
    """Return the line of validation: bold, dashed, in the accent colour."""
    pen = _pen(colours.bar, _BOLD_LINE)
    pen.setDashPattern(_DASHES)
    return pen


def ring_pen(colours: Colours) -> QPen:
    """Return the line of the ring around the best point."""
    return _pen(colours.text, _LINE)


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


class PlotLegend(QWidget):
    """Which line is which, beside the plot's title, where it covers nothing."""

    def __init__(self, names: tuple[str, str], parent: QWidget | None = None) -> None:
        """Start empty; `names` are those of the plain line and of the dashed one."""
        super().__init__(parent)
        self._training = LegendPart("training", names[0])
        self._validation = LegendPart("validation", names[1])
        self._best = LegendPart("best", QCoreApplication.translate("Plots", "best, kept"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for part in (self._training, self._validation, self._best):
            row.addWidget(part)
        self.set_parts(training=False, validation=False, best=False)

    def set_parts(self, *, training: bool, validation: bool, best: bool) -> None:
        """Name only what can be seen."""
        self._training.setVisible(training)
        self._validation.setVisible(validation)
        self._best.setVisible(best)


class LegendPart(QWidget):
    """A sample of a line, or the ring, and its name."""

    def __init__(self, kind: str, name: str, parent: QWidget | None = None) -> None:
        """`kind` is training, validation or best."""
        super().__init__(parent)
        self._kind = kind
        label = TonedLabel(name, Tone.MUTED, small=True)
        label.setMinimumWidth(label.sizeHint().width())
        row = QHBoxLayout(self)
        row.setContentsMargins((_SAMPLE_WIDTH if kind != "best" else round(RING) + 3) + SMALL_GAP, 0, 0, 0)
        row.addWidget(label)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the sample."""
        colours = panel_colours(self.palette())
        middle = self.height() / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._kind == "best":
                painter.setPen(ring_pen(colours))
                painter.drawEllipse(QPointF(7.0, middle), RING / 2, RING / 2)
                return
            painter.setPen(training_pen(colours) if self._kind == "training" else validation_pen(colours))
            painter.drawLine(QLineF(0.0, middle, _SAMPLE_WIDTH, middle))
