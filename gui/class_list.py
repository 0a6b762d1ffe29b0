"""The classes of a data set: name, a quiet bar for the number of pictures, and some of them, small."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QLocale, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.percent import counted
from gui.theme import GAP, SMALL_GAP, Colours, row_colours, tabular_font
from model.survey_types import SurveyedClass

_Index = QModelIndex | QPersistentModelIndex

THUMBNAIL = 40
"""The side of a sample, in device-independent pixels."""
_ROW = THUMBNAIL + 2 * GAP
_BAR = 6
_LEAST_BAR = 2.0
_RADIUS = 4.0
_NAME_SHARE = 0.42
_CLASS_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class as it is drawn; `share` is its part of the largest class, 0..1."""

    name: str
    count: int
    share: float
    samples: tuple[QImage, ...]


class ClassModel(QAbstractListModel):
    """Owned by the GUI thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._rows: list[ClassRow] = []

    def set_classes(self, classes: Sequence[SurveyedClass]) -> None:
        """Show other classes."""
        largest = max((one.count for one in classes), default=1) or 1
        self.beginResetModel()
        self._rows = [
            ClassRow(one.name, one.count, one.count / largest, tuple(image_of(s.pixels) for s in one.samples))
            for one in classes
        ]
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Return how many classes there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the name, the words for screen readers and tooltip, or the ClassRow."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            pictures = counted(row.count, self.tr("1 picture"), self.tr("{count} pictures"))
            return self.tr("{name}: {pictures}").format(name=row.name, pictures=pictures)
        return row if role == _CLASS_ROLE else None


class ClassDelegate(QStyledItemDelegate):
    """Draws a ClassRow."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the same height for all rows."""
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw name, count and bar on the left, samples on the right."""
        row = index.data(_CLASS_ROLE)
        if not isinstance(row, ClassRow):
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        rect: QRect = option.rect
        colours = row_colours(option.palette, selected=selected)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(rect, colours.background)
        inner = rect.adjusted(GAP, GAP, -GAP, -GAP)
        words = QRect(inner.left(), inner.top(), round(_NAME_SHARE * inner.width()), inner.height())
        self._paint_words(painter, option, words, row, colours)
        self._paint_samples(painter, inner.adjusted(words.width() + 2 * GAP, 0, 0, 0), row.samples)
        painter.restore()

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, row: ClassRow, colours: Colours
    ) -> None:
        font = option.font
        metrics = QFontMetrics(font)
        count = QLocale().toString(row.count)
        numbers = QFontMetrics(tabular_font(font))
        text_height = metrics.height()
        top = rect.top() + (rect.height() - text_height - SMALL_GAP - _BAR) // 2
        line = QRect(rect.left(), top, rect.width(), text_height)
        painter.setPen(colours.text)
        painter.setFont(font)
        room = rect.width() - numbers.horizontalAdvance(count) - GAP
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, max(0, room))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
        painter.setPen(colours.muted)
        painter.setFont(tabular_font(font))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), count)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.bar_other)
        length = max(_LEAST_BAR, row.share * rect.width())
        bar = QRectF(rect.left(), line.bottom() + 1 + SMALL_GAP, length, _BAR)
        radius = min(bar.width(), bar.height()) / 2
        painter.drawRoundedRect(bar, radius, radius)

    def _paint_samples(self, painter: QPainter, rect: QRect, samples: Sequence[QImage]) -> None:
        """Draw as many squares as fit, each the middle of a sample."""
        for number, image in enumerate(samples[: (rect.width() + SMALL_GAP) // (THUMBNAIL + SMALL_GAP)]):
            target = QRectF(rect.left() + number * (THUMBNAIL + SMALL_GAP), rect.top(), THUMBNAIL, THUMBNAIL)
            side = min(image.width(), image.height())
            source = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
            clip = QPainterPath()
            clip.addRoundedRect(target, _RADIUS, _RADIUS)
            painter.save()
            painter.setClipPath(clip)
            painter.drawImage(target, image, source)
            painter.restore()


class ClassList(QListView):
    """Lists the classes of a survey; owned by the GUI thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._model = ClassModel(self)
        self.setModel(self._model)
        self.setItemDelegate(ClassDelegate(self))
        self.setUniformItemSizes(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(self.tr("Classes"))

    def set_classes(self, classes: Sequence[SurveyedClass]) -> None:
        """Show the classes of a survey."""
        self._model.set_classes(classes)
        self.setMaximumHeight(max(1, len(classes)) * _ROW + 2 * self.frameWidth())


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """Return uint8 (h, w, 3) RGB as an image that owns its bytes."""
    height, width, _ = pixels.shape
    packed = np.ascontiguousarray(pixels)
    view = QImage(packed.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return view.convertToFormat(QImage.Format.Format_RGB32)
