"""How well each held-out part was named: a dot for each, in one line, with their mean."""

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.percent import percent_text
from gui.theme import GAP, bold_font, small_font
from gui.toned_label import panel_colours

_DOT = 5.0
_HEIGHT = 112
_TICKS = 5


class ScoreDots(QWidget):
    """Owned by the GUI thread. The scale ends at 100 % and begins at the tens below the lowest score."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        """Start without scores."""
        super().__init__(parent)
        self._title = title
        self._scores: tuple[float, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    @property
    def scores(self) -> tuple[float, ...]:
        """The scores shown, 0..1."""
        return self._scores

    def show_scores(self, scores: Sequence[float]) -> None:
        """Show these scores, 0..1."""
        self._scores = tuple(scores)
        self.setAccessibleDescription(", ".join(percent_text(score, 1) for score in scores))
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the title, the dots and the scale."""
        return QSize(320, _HEIGHT)

    @property
    def low(self) -> float:
        """Where the scale begins, 0..0.9."""
        lowest = min(self._scores, default=0.0)
        return min(0.9, int(10 * lowest + 1e-9) / 10)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, scale, the mean as an upright line, and the dots, lighter where several lie on one another."""
        colours = panel_colours(self.palette())
        small = small_font(self.font())
        metrics = QFontMetrics(small)
        margin = metrics.horizontalAdvance(percent_text(1.0)) / 2
        middle = metrics.height() + 3.0 * GAP
        line = QLineF(margin, middle, self.width() - margin, middle)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(bold_font(small))
            painter.setPen(colours.text)
            painter.drawText(0, metrics.ascent(), self._title)
            painter.setPen(colours.bar_faded)
            painter.drawLine(line)
            painter.setFont(small)
            for step in range(_TICKS + 1):
                value = self.low + (1.0 - self.low) * step / _TICKS
                point = line.pointAt(step / _TICKS)
                painter.setPen(colours.bar_faded)
                painter.drawLine(point, point + QPointF(0.0, GAP))
                painter.setPen(colours.muted)
                text = percent_text(value)
                painter.drawText(point + QPointF(-metrics.horizontalAdvance(text) / 2, GAP + metrics.height()), text)
            if not self._scores:
                return
            mean = self._at(line, sum(self._scores) / len(self._scores))
            painter.setPen(colours.text)
            painter.drawLine(mean + QPointF(0.0, -1.5 * GAP), mean + QPointF(0.0, 1.5 * GAP))
            painter.setPen(Qt.PenStyle.NoPen)
            dot = QColor(colours.bar)
            dot.setAlpha(150)
            painter.setBrush(dot)
            for score in self._scores:
                painter.drawEllipse(self._at(line, score), _DOT, _DOT)

    def _at(self, line: QLineF, score: float) -> QPointF:
        return line.pointAt((score - self.low) / (1.0 - self.low))
