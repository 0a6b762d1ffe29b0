"""What the centre of the window shows when there are no rows to show."""

from enum import Enum

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.line_art import draw_picture_frame
from gui.theme import GAP, WIDE_GAP, small_font, window_colours

_MARGIN = 24.0


class EmptyReason(Enum):
    """Why there are no rows."""

    NO_PICTURES = "no pictures"
    LOOKING = "looking"
    NO_MATCH = "no match"


class EmptyState(QWidget):
    """Fills the centre: a drop zone with buttons; or that pictures are looked for; or that the filter hides all."""

    open_images = Signal()
    open_folder = Signal()
    clear_filter = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start as the drop zone."""
        super().__init__(parent)
        self._reason = EmptyReason.NO_PICTURES
        self._frame = _Frame()
        self._title = QLabel()
        self._images = QPushButton(self.tr("Open images\u2026"))
        self._folder = QPushButton(self.tr("Open folder\u2026"))
        self._clear = QPushButton(self.tr("Clear the filter"))
        self._weights = QLabel()
        self._set_up_controls()
        self._lay_out()
        self._images.clicked.connect(self._ask_for_images)
        self._folder.clicked.connect(self._ask_for_folder)
        self._clear.clicked.connect(self._ask_to_clear)
        self._mute_weights()
        self.set_reason(EmptyReason.NO_PICTURES)

    def _set_up_controls(self) -> None:
        larger = self._title.font()
        if larger.pointSizeF() > 0:
            larger.setPointSizeF(larger.pointSizeF() * 1.3)
        self._title.setFont(larger)
        for label in (self._title, self._weights):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._weights.setFont(small_font(self._weights.font()))
        self._weights.setAccessibleName(self.tr("Weights in use"))
        self._images.setAccessibleName(self.tr("Open images"))
        self._folder.setAccessibleName(self.tr("Open folder"))
        self._clear.setAccessibleName(self.tr("Clear the filter"))
        for button in (self._images, self._folder, self._clear):
            button.setAutoDefault(True)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addStretch(1)
        for button in (self._images, self._folder, self._clear):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        margin = int(_MARGIN) + WIDE_GAP
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(WIDE_GAP)
        column.addStretch(3)
        column.addWidget(self._frame, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addLayout(buttons)
        column.addSpacing(GAP)
        column.addWidget(self._weights)
        column.addStretch(4)

    @property
    def reason(self) -> EmptyReason:
        """Why there are no rows, as shown."""
        return self._reason

    def set_reason(self, reason: EmptyReason) -> None:
        """Show why there are no rows and what can be done."""
        self._reason = reason
        self._title.setText(
            {
                EmptyReason.NO_PICTURES: self.tr("Drop photographs or folders here"),
                EmptyReason.LOOKING: self.tr("Looking for pictures\u2026"),
                EmptyReason.NO_MATCH: self.tr("No picture matches the filter"),
            }[reason]
        )
        self.setAccessibleName(self._title.text())
        self._images.setVisible(reason is EmptyReason.NO_PICTURES)
        self._folder.setVisible(reason is EmptyReason.NO_PICTURES)
        self._clear.setVisible(reason is EmptyReason.NO_MATCH)
        self._weights.setVisible(reason is not EmptyReason.NO_MATCH)
        self.update()

    def set_weights_line(self, text: str) -> None:
        """Say in one line which weights are in use."""
        self._weights.setText(text)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mute_weights()

    def _mute_weights(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, window_colours(self.palette()).muted)
        self._weights.setPalette(palette)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Outline the drop zone, where something can be dropped into an empty list."""
        super().paintEvent(event)
        if self._reason is not EmptyReason.NO_PICTURES:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen = QPen(window_colours(self.palette()).drawing, 1.5)
            pen.setDashPattern([4.0, 4.0])
            painter.setPen(pen)
            zone = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            painter.drawRoundedRect(zone, 12, 12)

    @Slot()
    def _ask_for_images(self) -> None:
        self.open_images.emit()

    @Slot()
    def _ask_for_folder(self) -> None:
        self.open_folder.emit()

    @Slot()
    def _ask_to_clear(self) -> None:
        self.clear_filter.emit()


class _Frame(QWidget):
    """A picture frame drawn in lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(96, 76)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            draw_picture_frame(painter, QRectF(self.rect()), window_colours(self.palette()).drawing, 2.5)
