"""A calm table of figures that can be sorted by any column; Enter or a double click chooses a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from gui.theme import GAP, tabular_font
from gui.toned_label import plain_tooltip

Index = QModelIndex | QPersistentModelIndex
_MEASURED = 100  # so many rows decide how wide a column is; to measure a thousand takes seconds
_NO_PARENT = QModelIndex()
_ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class FigureColumn:
    """A column's title, what it means (its tooltip), and whether it holds numbers: these stand at the right."""

    title: str
    tip: str = ""
    number: bool = False


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row's texts and what they are sorted by (None comes last), its tooltip, and what choosing it hands over."""

    texts: tuple[str, ...]
    keys: tuple[str | float | None, ...]
    payload: object = None
    tooltip: str = ""


class FigureModel(QAbstractTableModel):
    """Rows of figures; owned by the GUI thread."""

    def __init__(self, columns: Sequence[FigureColumn], parent: QObject | None = None) -> None:
        """Start without rows."""
        super().__init__(parent)
        self._columns = tuple(columns)
        self._rows: list[FigureRow] = []
        self._sorted_by: tuple[int, Qt.SortOrder] | None = None

    @property
    def rows(self) -> tuple[FigureRow, ...]:
        """The rows as they are sorted now."""
        return tuple(self._rows)

    def set_rows(self, rows: Sequence[FigureRow]) -> None:
        """Show other rows, sorted as before."""
        self.beginResetModel()
        self._rows = list(rows)
        self._sort()
        self.endResetModel()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text or tooltip, or how it is aligned."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()].texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self._rows[index.row()].tooltip)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a column's title, meaning or alignment."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self._columns[section].tip)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal rows keep their order."""
        self._sorted_by = (column, order) if 0 <= column < len(self._columns) else None
        self.layoutAboutToBeChanged.emit()
        before = list(self._rows)
        self._sort()
        places = {id(row): place for place, row in enumerate(self._rows)}
        old = self.persistentIndexList()
        new = [self.createIndex(places[id(before[index.row()])], index.column()) for index in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def is_number(self, column: int) -> bool:
        """Return whether a column holds numbers."""
        return self._columns[column].number

    def _sort(self) -> None:
        if self._sorted_by is None:
            return
        column, order = self._sorted_by
        known = [row for row in self._rows if row.keys[column] is not None]
        unknown = [row for row in self._rows if row.keys[column] is None]
        known.sort(key=lambda row: row.keys[column], reverse=order is Qt.SortOrder.DescendingOrder)  # type: ignore[arg-type,return-value]
        self._rows = known + unknown

    def _alignment(self, column: int) -> int:
        side = Qt.AlignmentFlag.AlignRight if self._columns[column].number else Qt.AlignmentFlag.AlignLeft
        return int(side | Qt.AlignmentFlag.AlignVCenter)


class FigureTable(QTableView):
    """Shows a FigureModel; the columns without numbers share the room that the others leave."""

    chosen = Signal(object)
    """The payload of the row on which Enter was pressed, or that was clicked twice."""

    def __init__(self, columns: Sequence[FigureColumn], name: str, parent: QWidget | None = None) -> None:
        """Start without rows; `name` is the table's accessible name."""
        super().__init__(parent)
        self.figures = FigureModel(columns, self)
        self.setModel(self.figures)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFont(tabular_font(self.font()))
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + GAP)
        titles = self.horizontalHeader()
        titles.setHighlightSections(False)
        titles.setFixedHeight(titles.fontMetrics().height() + GAP)
        titles.setResizeContentsPrecision(_MEASURED)
        titles.setAccessibleName(self.tr("Columns of the table"))
        self.doubleClicked.connect(self._choose)

    def show_rows(self, rows: Sequence[FigureRow], *, sort_by: int | None = None, descending: bool = False) -> None:
        """Show other rows, sorted by a column, or as they come; the columns become as wide as they need to be."""
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.setSortingEnabled(False)
        self.figures.set_rows(rows)
        self.horizontalHeader().setSortIndicator(-1 if sort_by is None else sort_by, order)
        self.setSortingEnabled(True)
        titles = self.horizontalHeader()
        for column in range(self.figures.columnCount()):
            number = self.figures.is_number(column)
            titles.setSectionResizeMode(
                column, QHeaderView.ResizeMode.Interactive if number else QHeaderView.ResizeMode.Stretch
            )
            if number:
                self.resizeColumnToContents(column)
                titles.resizeSection(column, titles.sectionSize(column) + 2 * GAP)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the current row by Enter."""
        if event.key() in _ENTER_KEYS and self.currentIndex().isValid():
            self._choose(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.figures.rows[index.row()].payload)
