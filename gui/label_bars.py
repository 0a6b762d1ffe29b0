"""The labels of one picture with big probability bars, for the panel that shows it large."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QVBoxLayout, QWidget

from gui.result_delegate import LabelLine, Tone
from gui.results_order import SHOWN_LABELS
from gui.theme import GAP, bold_font, tabular_font
from gui.toned_label import panel_colours, plain_tooltip

_BAR_HEIGHT = 8
_LEAST_BAR = 2.0  # what is not zero can be seen
_BAR_GAP = 3


class LabelBar(QWidget):
    """One label: its name, its percentage aligned right in digits of one width, and the bar below them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._line = LabelLine("", "", 0.0, False, Tone.OTHER)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def line(self) -> LabelLine:
        """What is shown."""
        return self._line

    def show_line(self, line: LabelLine) -> None:
        """Show another label."""
        self._line = line
        self.setAccessibleName(f"{line.name}, {line.percent}")
        self._refresh_tooltip()
        self.update()

    def shown_name(self) -> str:
        """Return the name as painted, elided where it is too long."""
        room = self.width() - QFontMetrics(tabular_font(self._font())).horizontalAdvance(self._line.percent) - GAP
        return QFontMetrics(self._font()).elidedText(self._line.name, Qt.TextElideMode.ElideRight, max(0, room))

    def sizeHint(self) -> QSize:
        """Return room for a name of usual length above a bar."""
        metrics = self.fontMetrics()
        return QSize(24 * metrics.averageCharWidth(), metrics.height() + _BAR_GAP + _BAR_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters and the percentage."""
        return QSize(12 * self.fontMetrics().averageCharWidth(), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the tooltip to what does not fit."""
        super().resizeEvent(event)
        self._refresh_tooltip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw name, percentage and bar."""
        colours = panel_colours(self.palette())
        line = self._line
        faded = line.tone is Tone.FADED
        words = QRect(0, 0, self.width(), self.fontMetrics().height())
        rtl = self.layoutDirection()
        left = QStyle.visualAlignment(rtl, Qt.AlignmentFlag.AlignLeft)
        right = QStyle.visualAlignment(rtl, Qt.AlignmentFlag.AlignRight)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(colours.muted if faded else colours.text)
            painter.setFont(self._font())
            painter.drawText(words, int(left | Qt.AlignmentFlag.AlignVCenter), self.shown_name())
            painter.setFont(tabular_font(self._font()))
            painter.drawText(words, int(right | Qt.AlignmentFlag.AlignVCenter), line.percent)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(
                colours.bar_faded if faded else colours.bar if line.tone is Tone.FIRST else colours.bar_other
            )
            bar = self._bar()
            radius = min(bar.width(), bar.height()) / 2
            painter.drawRoundedRect(bar, radius, radius)

    def _bar(self) -> QRectF:
        length = self.width() * min(1.0, max(0.0, self._line.probability))
        if self._line.probability > 0:
            length = max(_LEAST_BAR, length)
        rect = QRect(0, self.fontMetrics().height() + _BAR_GAP, round(length), _BAR_HEIGHT)
        return QRectF(QStyle.visualRect(self.layoutDirection(), self.rect(), rect))

    def _font(self) -> QFont:
        return bold_font(self.font()) if self._line.bold else self.font()

    def _refresh_tooltip(self) -> None:
        cut = self.shown_name() != self._line.name
        self.setToolTip(plain_tooltip(self._line.name) if cut else "")


class LabelBars(QWidget):
    """Up to SHOWN_LABELS labels, likeliest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._bars = [LabelBar() for _ in range(SHOWN_LABELS)]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        for bar in self._bars:
            layout.addWidget(bar)
            bar.hide()
        self.setAccessibleName(self.tr("Labels"))

    @property
    def lines(self) -> tuple[LabelLine, ...]:
        """What is shown."""
        return tuple(bar.line for bar in self._bars if not bar.isHidden())

    def show_lines(self, lines: Sequence[LabelLine]) -> None:
        """Show these labels."""
        for place, bar in enumerate(self._bars):
            bar.setVisible(place < len(lines))
            if place < len(lines):
                bar.show_line(lines[place])
