"""A pill that names pictures chosen elsewhere, which alone are shown now, with a cross that shows all again."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.assets import line_icon
from gui.theme import GAP, SMALL_GAP, TEXT_CONTRAST, mix, with_contrast
from gui.toned_label import TonedLabel

_TINT = 0.18  # of the highlight colour in the background


class FilterChip(QWidget):
    """Hidden while it has no title. Owned by the GUI thread."""

    cleared = Signal()
    """The cross was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self._title = TonedLabel()
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setIconSize(QSize(16, 16))
        self._close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._close.setAccessibleName(self.tr("Show all pictures again"))
        self._close.setToolTip(self.tr("Show all pictures again"))
        self._close.clicked.connect(self._clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP + SMALL_GAP, 2, SMALL_GAP, 2)
        row.setSpacing(SMALL_GAP)
        row.addWidget(self._title)
        row.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._tint()
        self.hide()

    @property
    def title(self) -> str:
        """What is shown; empty for nothing."""
        return self._title.text()

    def set_title(self, title: str) -> None:
        """Name the pictures; an empty text takes the chip away."""
        self._title.setText(title)
        self.setAccessibleName(self.tr("Shown alone: {title}").format(title=title) if title else "")
        self.setVisible(bool(title))
        self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._tint()

    def _back(self) -> QColor:
        parent = self.parentWidget()
        outer = (parent or self).palette()
        accent = outer.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight)
        return mix(outer.color(QPalette.ColorRole.Window), accent, _TINT)

    def _tint(self) -> None:
        """Give the title and the cross colours that can be read on the pill."""
        parent = self.parentWidget()
        palette = QPalette((parent or self).palette())
        text = with_contrast(palette.color(QPalette.ColorRole.WindowText), self._back(), TEXT_CONTRAST)
        palette.setColor(QPalette.ColorRole.Window, self._back())
        palette.setColor(QPalette.ColorRole.WindowText, text)
        palette.setColor(QPalette.ColorRole.ButtonText, text)
        self._title.setPalette(palette)
        self._close.setIcon(line_icon("close", palette))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pill."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._back())
            radius = self.height() / 2
            painter.drawRoundedRect(QRectF(self.rect()), radius, radius)

    @Slot()
    def _clear(self) -> None:
        self.cleared.emit()
