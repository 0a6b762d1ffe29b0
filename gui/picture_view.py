"""A picture as large as its place allows, with the square that the network sees outlined on it."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyleOptionFocusRect, QVBoxLayout, QWidget

from gui.line_art import draw_picture_frame
from gui.theme import GAP
from gui.toned_label import panel_colours

LARGE_SIDE = 2048
"""The longer side, in pixels, of the picture that a window of its own shows."""

_MOST_ENLARGED = 4.0  # a tiny picture is not blown up to a blur
_SHADE = QColor(0, 0, 0, 84)
_HALO = QColor(0, 0, 0, 150)
_LINE = QColor(255, 255, 255)
_LINE_WIDTH = 1.5
_FRAME = QSizeF(96, 72)


class PictureView(QWidget):
    """Draws a picture that was loaded elsewhere; without one, a drawing that stands for it and a few words."""

    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a picture."""
        super().__init__(parent)
        self._image: QImage | None = None
        self._crop: QRectF | None = None
        self._natural = QSize()
        self._words = ""
        self._broken = False
        self._scaled: tuple[int, QSize, QImage] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 160)

    @property
    def image(self) -> QImage | None:
        """The picture shown."""
        return self._image

    @property
    def crop(self) -> QRectF | None:
        """What the network sees, in shares (0..1) of the picture's width and height."""
        return self._crop

    @property
    def words(self) -> str:
        """What stands in place of a picture."""
        return self._words

    @property
    def broken(self) -> bool:
        """Whether the drawing in place of a picture is crossed out."""
        return self._broken

    def show_image(self, image: QImage, crop: QRectF | None, natural: QSize | None = None) -> None:
        """Show a picture; `crop` in shares (0..1) of its sides, or None; `natural` its size before it was reduced."""
        self._image = image
        self._crop = crop
        self._natural = natural or image.size()
        self.update()

    def show_placeholder(self, words: str = "", *, broken: bool = False) -> None:
        """Show that there is no picture, with a few words."""
        self._image = self._crop = self._scaled = None
        self._words = words
        self._broken = broken
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of a small photograph."""
        return QSize(320, 240)

    def picture_rect(self) -> QRectF:
        """Return where the picture is drawn, in the widget's coordinates; empty without one."""
        if self._image is None or self._image.isNull():
            return QRectF()
        room = QSizeF(self.size())
        most = QSizeF(self._natural) * _MOST_ENLARGED / self.devicePixelRatioF()
        # The proportions are those of the picture at hand: a reduced one is rounded to whole pixels.
        size = QSizeF(self._image.size()).scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if size.width() > most.width() or size.height() > most.height():
            size = QSizeF(self._image.size()).scaled(most, Qt.AspectRatioMode.KeepAspectRatio)
        return self._snapped(
            QRectF(QPointF((room.width() - size.width()) / 2, (room.height() - size.height()) / 2), size)
        )

    def crop_rect(self) -> QRectF:
        """Return where the square that the network sees is drawn; empty when it is not known."""
        if self._crop is None or self._image is None:
            return QRectF()
        rect, crop = self.picture_rect(), self._crop
        return self._snapped(
            QRectF(
                rect.left() + crop.left() * rect.width(),
                rect.top() + crop.top() * rect.height(),
                crop.width() * rect.width(),
                crop.height() * rect.height(),
            )
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture and the outline, or what stands for them."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._image is None or self._image.isNull():
                self._paint_placeholder(painter)
            else:
                rect = self.picture_rect()
                painter.drawImage(rect, self._scaled_to(rect))
                self._paint_crop(painter, rect)
            if self.hasFocus() and self.focusPolicy() & Qt.FocusPolicy.TabFocus:
                option = QStyleOptionFocusRect()
                option.initFrom(self)
                self.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self)

    def _paint_placeholder(self, painter: QPainter) -> None:
        colours = panel_colours(self.palette())
        words_height = self.fontMetrics().height() * 2 + GAP if self._words else 0
        frame = QRectF(QPointF(0, 0), _FRAME)
        frame.moveCenter(QRectF(self.rect()).center() - QPointF(0, words_height / 2))
        draw_picture_frame(painter, frame, colours.drawing, 2.0, broken=self._broken)
        if self._words:
            below = QRectF(GAP, frame.bottom() + GAP, self.width() - 2 * GAP, 3 * self.fontMetrics().height())
            painter.setPen(colours.muted)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(below, int(flags.value) | int(Qt.TextFlag.TextWordWrap.value), self._words)

    def _paint_crop(self, painter: QPainter, picture: QRectF) -> None:
        crop = self.crop_rect()
        if crop.isEmpty():
            return
        outside = QPainterPath()
        outside.addRect(picture)
        outside.addRect(crop)
        painter.setClipRect(picture)
        painter.fillPath(outside, _SHADE)
        inner = crop.adjusted(_LINE_WIDTH / 2, _LINE_WIDTH / 2, -_LINE_WIDTH / 2, -_LINE_WIDTH / 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((_HALO, 2 * _LINE_WIDTH), (_LINE, _LINE_WIDTH)):
            painter.setPen(
                QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap, Qt.PenJoinStyle.MiterJoin)
            )
            painter.drawRect(inner)
        painter.setClipping(False)

    def _scaled_to(self, rect: QRectF) -> QImage:
        """Return the picture in the screen's own pixels, so that drawing does not have to scale it."""
        assert self._image is not None
        size = (rect.size() * self.devicePixelRatioF()).toSize()
        key = self._image.cacheKey()
        if self._scaled is None or self._scaled[:2] != (key, size):
            scaled = self._image.scaled(
                size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self._scaled = (key, size, scaled)
        return self._scaled[2]

    def _snapped(self, rect: QRectF) -> QRectF:
        ratio = self.devicePixelRatioF()
        left, top, right, bottom = (
            round(edge * ratio) / ratio for edge in (rect.left(), rect.top(), rect.right(), rect.bottom())
        )
        return QRectF(QPointF(left, top), QPointF(max(right, left + 1), max(bottom, top + 1)))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the large view."""
        if event.button() is Qt.MouseButton.LeftButton and self._image is not None:
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for the large view by Space or Enter."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._image is not None:
            self.activated.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Scale anew on a screen with another pixel ratio."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._scaled = None
            self.update()
        return super().event(event)


class LargeView(QWidget):
    """A window of its own with one picture, not modal; Space or Esc closes it, arrow keys ask for another."""

    step_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the window; it is a child of `parent`, so that it goes when that goes."""
        super().__init__(parent, Qt.WindowType.Window)
        self.view = PictureView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.setAccessibleName(self.tr("Large view"))
        screen = self.screen()
        if screen is not None:
            self.resize(screen.availableSize() * 0.8)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close, or ask for the previous or next picture."""
        match event.key():
            case Qt.Key.Key_Space | Qt.Key.Key_Escape:
                self.close()
            case Qt.Key.Key_Left | Qt.Key.Key_Up | Qt.Key.Key_PageUp:
                self.step_requested.emit(-1)
            case Qt.Key.Key_Right | Qt.Key.Key_Down | Qt.Key.Key_PageDown:
                self.step_requested.emit(1)
            case _:
                super().keyPressEvent(event)
