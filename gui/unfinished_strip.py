"""The line that offers to go on with a training that did not come to its end."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gui.theme import GAP, RADIUS, SMALL_GAP
from gui.toned_label import TonedLabel, panel_colours
from model.training_types import TrainRequest


class UnfinishedStrip(QWidget):
    """Owned by the GUI thread; shows one training at a time, and nothing when there is none."""

    resume_requested = Signal(object)
    """The TrainRequest to go on with."""
    discard_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self._request: TrainRequest | None = None
        self._text = TonedLabel("")
        self._resume = QPushButton(self.tr("&Resume"))
        self._discard = QPushButton(self.tr("&Discard"))
        self._resume.setAccessibleName(self.tr("Resume"))
        self._discard.setAccessibleName(self.tr("Discard"))
        self._discard.setToolTip(self.tr("Delete what this training has saved"))
        self._resume.clicked.connect(self._ask_to_resume)
        self._discard.clicked.connect(self._ask_to_discard)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP, SMALL_GAP, SMALL_GAP, SMALL_GAP)
        row.setSpacing(GAP)
        row.addWidget(self._text, 1)
        for button in (self._discard, self._resume):
            button.setAutoDefault(False)
            row.addWidget(button)
        self.hide()

    @property
    def request(self) -> TrainRequest | None:
        """The training that is offered."""
        return self._request

    def show_requests(self, requests: Sequence[TrainRequest]) -> None:
        """Offer the first of these; the others come when it has been dealt with."""
        self._request = requests[0] if requests else None
        if self._request is not None:
            title = self._request.title or self._request.out
            self._text.setText(self.tr("The training of “{title}” was not finished.").format(title=title))
            self._resume.setAccessibleName(self.tr("Resume the training of {title}").format(title=title))
            self._discard.setAccessibleName(self.tr("Discard the training of {title}").format(title=title))
        self.setVisible(self._request is not None)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a quiet background."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(panel_colours(self.palette()).hairline)
            painter.drawRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)

    @Slot()
    def _ask_to_resume(self) -> None:
        if self._request is not None:
            self.resume_requested.emit(self._request)

    @Slot()
    def _ask_to_discard(self) -> None:
        if self._request is not None:
            self.discard_requested.emit(self._request)
