"""The confusion matrix as a heat map of tiles that can be clicked, or walked over with the arrow keys."""

from PySide6.QtCore import QLocale, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from gui.confusion_model import CELL_ROLE, ConfusionCell, ConfusionModel
from gui.heat_colours import heat_colour, heat_text_colour
from gui.percent import percent_text
from gui.theme import GAP, SMALL_GAP, bold_font, small_font, tabular_font
from gui.toned_label import panel_colours

_LEAST_WIDTH, _LEAST_HEIGHT, _MOST_WIDTH, _MOST_HEIGHT = 30, 24, 140, 72
_LEAST_NAME, _LONGEST_NAME = 60, 180
_CHOOSING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)

Index = QModelIndex | QPersistentModelIndex


class ConfusionGrid(QTableView):
    """Tiles as large as there is room for; row right, column taken for."""

    chosen = Signal(object)
    """The ConfusionCell that was clicked, or on which Enter or Space was pressed; never one without pictures."""

    def __init__(self, model: ConfusionModel, parent: QWidget | None = None) -> None:
        """Show `model`."""
        super().__init__(parent)
        self._cells = model
        self.setModel(model)
        self.setItemDelegate(_TileDelegate(self))
        self.setAccessibleName(self.tr("Confusion matrix: rows are the right classes, columns what was recognised"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setStyleSheet("QTableCornerButton::section { background: transparent; border: none; }")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)
        self._across = _ClassHeader(Qt.Orientation.Horizontal, self)
        self._down = _ClassHeader(Qt.Orientation.Vertical, self)
        self.setHorizontalHeader(self._across)
        self.setVerticalHeader(self._down)
        self.clicked.connect(self._choose)
        model.modelReset.connect(self._fit)

    def go_to(self, row: int, column: int) -> None:
        """Make a tile the current one."""
        self.setCurrentIndex(self._cells.index(row, column))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the current tile by Enter or Space; the arrows move."""
        if event.key() in _CHOOSING_KEYS and self.currentIndex().isValid():
            self._choose(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the tiles as large as there is room for."""
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        columns, rows = self._cells.columnCount(), self._cells.rowCount()
        if not columns or not rows:
            return
        room = self.maximumViewportSize()
        names = self._down.sizeHint().width()
        width = max(_LEAST_WIDTH, min(_MOST_WIDTH, (room.width() - names) // columns))
        self._across.turn(self._across.longest_name() + SMALL_GAP > width)
        above = self._across.sizeHint().height()
        height = max(_LEAST_HEIGHT, min(_MOST_HEIGHT, width, (room.height() - above) // rows))
        if (width, height) != (self._across.defaultSectionSize(), self._down.defaultSectionSize()):
            self._across.setDefaultSectionSize(width)
            self._down.setDefaultSectionSize(height)
        self.updateGeometries()

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        cell = self._cells.cell(index.row(), index.column())
        if cell.count:
            self.chosen.emit(cell)


class _ClassHeader(QHeaderView):
    """Names of classes in the window's colours; above the tiles turned by a quarter where they are too long."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self._turned = False
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(8)
        self.setHighlightSections(False)
        self.viewport().setAutoFillBackground(False)
        across = orientation is Qt.Orientation.Horizontal
        self.setAccessibleName(self.tr("What was recognised") if across else self.tr("Right classes"))

    def turn(self, turned: bool) -> None:
        """Write the names upwards, or as usual."""
        if turned != self._turned:
            self._turned = turned
            self.updateGeometry()
            self.viewport().update()

    def longest_name(self) -> int:
        """Return the width of the longest name, in pixels, of those that are shown whole."""
        metrics = QFontMetrics(bold_font(self.font()))  # as the current one is written
        widths = (metrics.horizontalAdvance(self._name(section)) for section in range(self.count()))
        return min(_LONGEST_NAME, max(widths, default=0))

    def sizeHint(self) -> QSize:
        """Return room for the names."""
        longest, height = self.longest_name() + 2 * GAP, self.fontMetrics().height() + 2 * SMALL_GAP
        if not self._turned:
            return QSize(longest, height)
        view = self.parent()
        most = max(_LEAST_NAME, view.height() // 3) if isinstance(view, QWidget) else longest
        return QSize(height, min(longest, most))

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Write one name."""
        colours = panel_colours(self.palette())
        painter.save()
        painter.fillRect(rect, colours.background)
        view = self.parent()
        current = view.currentIndex() if isinstance(view, QTableView) and view.hasFocus() else QModelIndex()
        across = self.orientation() is Qt.Orientation.Horizontal
        here = current.isValid() and (current.column() if across else current.row()) == section
        painter.setFont(bold_font(self.font()) if here else self.font())
        painter.setPen(colours.text if here else colours.muted)
        room = QRectF(rect).adjusted(2, 2, -2, -2)
        align = Qt.AlignmentFlag.AlignCenter if across else Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if not across:
            room.adjust(0, 0, -SMALL_GAP, 0)
        if self._turned:
            painter.translate(room.bottomLeft())
            painter.rotate(-90)
            room = QRectF(SMALL_GAP, 0, room.height() - SMALL_GAP, room.width())
            align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        words = painter.fontMetrics().elidedText(self._name(section), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, int(align | Qt.TextFlag.TextSingleLine), words)
        painter.restore()

    def _name(self, section: int) -> str:
        return str(self.model().headerData(section, self.orientation(), Qt.ItemDataRole.DisplayRole))


class _TileDelegate(QStyledItemDelegate):
    """Draws a tile: the number of pictures, and below it their share of the class where there is room."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell = index.data(CELL_ROLE)
        if not isinstance(cell, ConfusionCell):
            return
        painter.save()
        tile = option.rect.adjusted(0, 0, -1, -1)
        back = heat_colour(cell.share, option.palette)
        ink = heat_text_colour(back, option.palette)
        painter.fillRect(tile, back)
        if cell.count:
            self._write(painter, option, tile, cell)
        view = option.widget
        if isinstance(view, QTableView) and view.hasFocus() and view.currentIndex() == index:
            painter.setPen(QPen(ink, 2))
            painter.drawRect(tile.adjusted(1, 1, -1, -1))
        painter.restore()

    def _write(self, painter: QPainter, option: QStyleOptionViewItem, tile: QRect, cell: ConfusionCell) -> None:
        ink = heat_text_colour(heat_colour(cell.share, option.palette), option.palette)
        numbers, small = tabular_font(option.font), small_font(tabular_font(option.font))
        if cell.right:
            numbers = bold_font(numbers)
        painter.setPen(ink)
        painter.setFont(small)
        share = percent_text(cell.share)
        line, small_line = option.fontMetrics.height(), painter.fontMetrics().height()
        both = tile.height() >= line + small_line + SMALL_GAP
        both = both and tile.width() >= painter.fontMetrics().horizontalAdvance(share) + GAP
        top = tile.top() + (tile.height() - line - (small_line if both else 0)) // 2
        if both:
            below = QRect(tile.left(), top + line, tile.width(), small_line)
            painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), share)
        words = QLocale().toString(cell.count)
        painter.setFont(numbers)
        if painter.fontMetrics().horizontalAdvance(words) > tile.width() - 2:
            painter.setFont(small)
        painter.drawText(QRect(tile.left(), top, tile.width(), line), int(Qt.AlignmentFlag.AlignCenter), words)
