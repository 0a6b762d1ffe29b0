"""The errors that the network was surest of, as rows with a thumbnail: what the picture is, what it was taken for."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from gui.line_art import draw_picture_frame
from gui.percent import percent_text
from gui.result_texts import folder_text, name_text
from gui.theme import GAP, SMALL_GAP, Colours, bold_font, row_colours, small_font, tabular_font
from gui.thumbnails import ThumbnailLoader
from gui.toned_label import plain_tooltip
from model.evaluation_types import JudgedImage
from model.types import FoundImage

MOST_SHOWN = 100
"""So many errors are listed."""

PICTURE, IS, TAKEN_FOR = range(3)
IMAGE_ROLE = int(Qt.ItemDataRole.UserRole)
"""The role under which any cell gives its JudgedImage."""

SIDE = 72
"""The longer side of a thumbnail, in device-independent pixels."""

_BAR_HEIGHT = 6
_ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_NO_PARENT = QModelIndex()

Index = QModelIndex | QPersistentModelIndex


class ErrorsModel(QAbstractTableModel):
    """Judged pictures as rows; owned by the GUI thread."""

    def __init__(self, images: Sequence[JudgedImage], labels: Sequence[str], parent: QObject | None = None) -> None:
        """Show `images` as they come; `labels` names the classes by index."""
        super().__init__(parent)
        self._images = tuple(images)
        self._labels = labels

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of errors."""
        return 0 if parent.isValid() else len(self._images)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else 3

    def image(self, row: int) -> JudgedImage:
        """Return a row's picture."""
        return self._images[row]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text or tooltip, or the whole verdict."""
        if not index.isValid():
            return None
        image = self._images[index.row()]
        if role == IMAGE_ROLE:
            return image
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(image, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self._tooltip(image))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return {PICTURE: self.tr("Picture"), IS: self.tr("Is"), TAKEN_FOR: self.tr("Was taken for")}[section]

    def _text(self, image: JudgedImage, column: int) -> str:
        if column == PICTURE:
            return name_text(_found(image))
        if column == IS:
            return f"{self._labels[image.true]}, {percent_text(image.true_probability)}"
        return f"{self._labels[image.predicted]}, {percent_text(image.probabilities[0])}"

    def _tooltip(self, image: JudgedImage) -> str:
        lines = [name_text(_found(image)), folder_text(_found(image))]
        lines += [
            f"{percent_text(share)}  {self._labels[index]}"
            for index, share in zip(image.top, image.probabilities, strict=True)
        ]
        return "\n".join(lines)


class WorstErrors(QTableView):
    """One fixed height for all rows. Enter or a double click opens a picture."""

    open_requested = Signal(object)
    """The Path of a picture to show in the system's viewer."""

    def __init__(
        self,
        images: Sequence[JudgedImage],
        labels: Sequence[str],
        thumbnails: ThumbnailLoader | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Show `images`; `thumbnails` are asked for as rows are painted."""
        super().__init__(parent)
        self._errors = ErrorsModel(images, labels, self)
        self.setModel(self._errors)
        self.setItemDelegate(_ErrorDelegate(labels, thumbnails, self))
        self.setAccessibleName(self.tr("Worst errors"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(SIDE + 2 * GAP)
        titles = self.horizontalHeader()
        titles.setHighlightSections(False)
        titles.setStyleSheet(f"QHeaderView::section {{ padding: {SMALL_GAP}px {GAP}px; }}")
        titles.setAccessibleName(self.tr("Columns of the table"))
        titles.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(self._open)
        if thumbnails is not None:
            thumbnails.ready.connect(self._repaint)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the current picture by Enter."""
        if event.key() in _ENTER_KEYS and self.currentIndex().isValid():
            self._open(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        self.open_requested.emit(self._errors.image(index.row()).path)

    @Slot(object, int)
    def _repaint(self, _path: Path, side: int) -> None:
        if side == round(SIDE * self.devicePixelRatioF()):
            self.viewport().update()


class _ErrorDelegate(QStyledItemDelegate):
    """Draws thumbnail and names, or a label with its probability."""

    def __init__(self, labels: Sequence[str], thumbnails: ThumbnailLoader | None, parent: QObject) -> None:
        super().__init__(parent)
        self._labels = labels
        self._thumbnails = thumbnails

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, SIDE + 2 * GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        image = index.data(IMAGE_ROLE)
        if not isinstance(image, JudgedImage):
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        colours = row_colours(
            option.palette, selected=selected, active=bool(option.state & QStyle.StateFlag.State_Active)
        )
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(option.rect)
        painter.fillRect(option.rect, colours.background)
        painter.fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), colours.hairline)
        inner = option.rect.adjusted(GAP, GAP, -GAP, -GAP)
        if index.column() == PICTURE:
            self._draw_picture(painter, option.font, inner, image, colours)
        elif index.column() == IS:
            label = self._labels[image.true]
            _draw_label(painter, option.font, inner, label, image.true_probability, colours, first=False)
        else:
            label = self._labels[image.predicted]
            _draw_label(painter, option.font, inner, label, image.probabilities[0], colours, first=True)
        painter.restore()

    def _draw_picture(self, painter: QPainter, font: QFont, inner: QRect, image: JudgedImage, colours: Colours) -> None:
        box = QRectF(inner.left(), inner.top(), SIDE, SIDE)
        side = round(SIDE * painter.device().devicePixelRatioF())
        thumbnail = None if self._thumbnails is None else self._thumbnails.request(image.path, side)
        if thumbnail is not None:
            painter.drawImage(_fitted(thumbnail, box, painter.device().devicePixelRatioF()), thumbnail)
        else:
            painter.fillRect(box, colours.wash)
            frame = QRectF(0, 0, 0.4 * SIDE, 0.32 * SIDE)
            frame.moveCenter(box.center())
            failed = self._thumbnails is not None and self._thumbnails.has_failed(image.path, side)
            draw_picture_frame(painter, frame, colours.bar_faded, 1.5, broken=failed)
        names = inner.adjusted(SIDE + GAP + SMALL_GAP, 0, 0, 0)
        painter.setFont(font)
        painter.setPen(colours.text)
        height = painter.fontMetrics().height()
        _write(painter, names, name_text(_found(image)), Qt.TextElideMode.ElideMiddle)
        painter.setFont(small_font(font))
        painter.setPen(colours.muted)
        _write(painter, names.adjusted(0, height + 2, 0, 0), folder_text(_found(image)), Qt.TextElideMode.ElideLeft)


def _draw_label(
    painter: QPainter, font: QFont, inner: QRect, label: str, share: float, colours: Colours, *, first: bool
) -> None:
    """Write a label and its probability, and draw the bar below them; the first is what the network said."""
    numbers = tabular_font(font)
    painter.setPen(colours.text)
    painter.setFont(numbers)
    percent = percent_text(share)
    width = painter.fontMetrics().horizontalAdvance(percent)
    height = painter.fontMetrics().height()
    line = QRect(inner.left(), inner.top(), inner.width(), height)
    painter.drawText(line, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), percent)
    painter.setFont(bold_font(font) if first else font)
    _write(painter, line.adjusted(0, 0, -width - GAP, 0), label, Qt.TextElideMode.ElideRight)
    bar = QRectF(inner.left(), inner.top() + height + SMALL_GAP, inner.width(), _BAR_HEIGHT)
    bar.setWidth(max(2.0 if share > 0 else 0.0, share * bar.width()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.bar if first else colours.bar_other)
    painter.drawRoundedRect(bar, min(3.0, bar.width() / 2), 3)


def _write(painter: QPainter, room: QRect, text: str, elide: Qt.TextElideMode) -> None:
    words = painter.fontMetrics().elidedText(text, elide, room.width())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), words)


def _fitted(image: QImage, box: QRectF, ratio: float) -> QRectF:
    """Return where to draw an image so that one of its pixels is one of the screen's, in the middle of the box."""
    target = QRectF(0, 0, image.width() / ratio, image.height() / ratio)
    target.moveCenter(box.center())
    target.moveTo(round(target.left() * ratio) / ratio, round(target.top() * ratio) / ratio)
    return target


def _found(image: JudgedImage) -> FoundImage:
    return FoundImage(image.path, "")
