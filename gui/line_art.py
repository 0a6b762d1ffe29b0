"""Pictures drawn in lines: the frame that stands for a photograph, whole or broken."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen


def draw_picture_frame(painter: QPainter, rect: QRectF, colour: QColor, width: float, *, broken: bool = False) -> None:
    """Draw a photograph (frame, hills, sun) with lines of `width`; a broken one has a stroke through it."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = width / 2
    frame = rect.adjusted(half, half, -half, -half)
    radius = 0.1 * frame.height()
    painter.drawRoundedRect(frame, radius, radius)
    if broken:
        painter.drawLine(_at(frame, 0.28, 0.24), _at(frame, 0.72, 0.76))
        painter.drawLine(_at(frame, 0.72, 0.24), _at(frame, 0.28, 0.76))
    else:
        sun = 0.1 * frame.height()
        painter.drawEllipse(_at(frame, 0.30, 0.32), sun, sun)
        hills = QPainterPath(_at(frame, 0.0, 0.84))
        hills.lineTo(_at(frame, 0.28, 0.58))
        hills.lineTo(_at(frame, 0.44, 0.74))
        hills.lineTo(_at(frame, 0.70, 0.42))
        hills.lineTo(_at(frame, 1.0, 0.76))
        painter.drawPath(hills)
    painter.restore()


def _at(frame: QRectF, x: float, y: float) -> QPointF:
    return QPointF(frame.left() + x * frame.width(), frame.top() + y * frame.height())
