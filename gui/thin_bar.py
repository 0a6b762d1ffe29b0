"""A progress bar as a thin flat line, with a piece that travels along it while the end is not known."""

from PySide6.QtCore import QEvent, QRectF, Qt, QTimerEvent
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from gui.theme import SMALL_GAP
from gui.toned_label import panel_colours

_FRAME_MS = 33
_ROUND_MS = 1600.0
_PIECE = 0.28


class ThinBar(QProgressBar):
    """A QProgressBar drawn flat in the accent colour; with range (0, 0) a piece travels, while it is visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._timer = 0
        self._phase = 0.0
        self.setTextVisible(False)
        self.setFixedHeight(SMALL_GAP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def indeterminate(self) -> bool:
        """Whether the end is not known."""
        return self.minimum() == self.maximum() == 0

    @property
    def moving(self) -> bool:
        """Whether a piece is travelling: only while the end is not known and the bar can be seen."""
        return self._timer != 0

    def set_indeterminate(self) -> None:
        """Let a piece travel along the line."""
        self.setRange(0, 0)
        self._animate()

    def set_share(self, done: float) -> None:
        """Show that `done` (0..1) is finished."""
        # Qt repaints a progress bar at once, and with it all else that waits to be painted: the table, at each batch.
        self.setUpdatesEnabled(False)
        self.setRange(0, 1000)
        self.setValue(min(1000, max(0, round(done * 1000))))
        self.setUpdatesEnabled(True)
        self._animate()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to move."""
        super().showEvent(event)
        self._animate()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while hidden."""
        super().hideEvent(event)
        self._animate()

    def event(self, event: QEvent) -> bool:
        """Leave out the style's own animation, which would repaint 60 times a second."""
        if event.type() == QEvent.Type.StyleAnimationUpdate:
            return True
        return super().event(event)

    def timerEvent(self, event: QTimerEvent) -> None:
        """Move the piece on."""
        if event.timerId() == self._timer:
            self._phase = (self._phase + _FRAME_MS / _ROUND_MS) % 1.0
            self.update()
        else:
            super().timerEvent(event)

    def _animate(self) -> None:
        moving = self.indeterminate and self.isVisible()
        if moving and not self._timer:
            self._timer = self.startTimer(_FRAME_MS)
        elif not moving and self._timer:
            self.killTimer(self._timer)
            self._timer = 0

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the line and what is finished of it."""
        colours = panel_colours(self.palette())
        line = QRectF(self.rect())
        radius = line.height() / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.bar_faded)
            painter.drawRoundedRect(line, radius, radius)
            painter.setBrush(colours.bar)
            painter.drawRoundedRect(self._finished(line), radius, radius)

    def _finished(self, line: QRectF) -> QRectF:
        if self.indeterminate:
            start = (1 + _PIECE) * self._phase - _PIECE
            left, right = max(0.0, start), min(1.0, start + _PIECE)
        else:
            left, right = 0.0, (self.value() - self.minimum()) / max(1, self.maximum() - self.minimum())
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            left, right = 1.0 - right, 1.0 - left
        return QRectF(line.left() + left * line.width(), line.top(), (right - left) * line.width(), line.height())
