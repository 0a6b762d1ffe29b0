"""The sheet over the whole window that says, while something is dragged over it, what dropping it would do."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

_MARGIN = 24.0
_RADIUS = 16.0
_ICON = 56.0
_GAP = 24.0
_SHEET_ALPHA = 232  # of 255: what lies under the sheet stays a hint and can never make the text hard to read


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast ratio of two opaque colours, 1..21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


class DropOverlay(QWidget):
    """Covers its parent, follows its size and lets every mouse and drag event through to what lies below."""

    def __init__(self, parent: QWidget) -> None:
        """Start hidden; `parent` is the window."""
        super().__init__(parent)
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("What dropping will do"))
        parent.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """The words last shown."""
        return self._text

    def show_for(self, text: str) -> None:
        """Cover the window and say `text`, such as "Add 37 files"; an empty text hides the sheet."""
        self._text = text
        self.setAccessibleDescription(text)
        if not text:
            self.hide()
            return
        self._cover_parent()
        self.raise_()
        self.show()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the parent."""
        if watched is self.parent() and event.type() == QEvent.Type.Resize:
            self._cover_parent()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sheet, the dashed frame, and the arrow with the words below it."""
        sheet = self.palette().color(QPalette.ColorRole.Window)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        if contrast(accent, sheet) < 3.0:  # WCAG 2.2, 1.4.11: what a graphic needs to be seen
            accent = ink
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        see_through = QColor(sheet)
        see_through.setAlpha(_SHEET_ALPHA)
        painter.fillRect(self.rect(), see_through)
        frame = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        self._paint_frame(painter, frame, accent)
        self._paint_words(painter, frame, accent, ink)
        painter.end()

    def _paint_frame(self, painter: QPainter, frame: QRectF, accent: QColor) -> None:
        pen = QPen(accent, 3.0, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.RoundCap)
        pen.setDashPattern([3.0, 3.0])
        wash = QColor(accent)
        wash.setAlpha(20)
        painter.setPen(pen)
        painter.setBrush(wash)
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)

    def _paint_words(self, painter: QPainter, frame: QRectF, accent: QColor, ink: QColor) -> None:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.8 if font.pointSizeF() > 0 else 18.0)
        font.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetricsF(font)
        words = metrics.elidedText(self._text, Qt.TextElideMode.ElideMiddle, frame.width() - 2 * _GAP)
        with_icon = frame.height() > _ICON + _GAP + metrics.height()
        height = metrics.height() + (_ICON + _GAP if with_icon else 0.0)
        top = frame.center().y() - height / 2
        if with_icon:
            self._paint_arrow(painter, QPointF(frame.center().x(), top), accent)
        painter.setFont(font)
        painter.setPen(ink)
        line = QRectF(frame.left(), top + height - metrics.height(), frame.width(), metrics.height())
        painter.drawText(line, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine), words)

    def _paint_arrow(self, painter: QPainter, top: QPointF, accent: QColor) -> None:
        """Draw an arrow down into a tray, in lines; `top` is the middle of its upper edge."""
        half = _ICON / 2
        path = QPainterPath(top)
        path.lineTo(top + QPointF(0.0, _ICON * 0.66))
        path.moveTo(top + QPointF(-half * 0.5, _ICON * 0.42))
        path.lineTo(top + QPointF(0.0, _ICON * 0.66))
        path.lineTo(top + QPointF(half * 0.5, _ICON * 0.42))
        path.moveTo(top + QPointF(-half, _ICON * 0.7))
        path.lineTo(top + QPointF(-half, _ICON))
        path.lineTo(top + QPointF(half, _ICON))
        path.lineTo(top + QPointF(half, _ICON * 0.7))
        painter.setPen(QPen(accent, 4.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def _cover_parent(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())


def _luminance(colour: QColor) -> float:
    """Return the relative luminance, 0..1 (WCAG 2.2)."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
