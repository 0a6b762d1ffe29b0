"""The confusion matrix as a table model: a cell for each pair of classes, row right, column taken for."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from gui.confusions import ConfusionTable
from gui.evaluation_texts import cell_title, pictures_text, share_of_class_text
from gui.toned_label import plain_tooltip

CELL_ROLE = int(Qt.ItemDataRole.UserRole)
"""The role under which a cell gives its ConfusionCell."""

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """Pictures of class `true` taken for `predicted`: how many, and their share of the class's, 0..1."""

    true: int
    predicted: int
    count: int
    share: float

    @property
    def right(self) -> bool:
        """Whether these pictures were recognised."""
        return self.true == self.predicted


def cell_description(cell: ConfusionCell, labels: Sequence[str]) -> str:
    """Return what a cell holds: `cloudy taken for rain: 7 pictures, 2.3 % of cloudy`."""
    words = cell_title(labels, cell.true, cell.predicted, cell.count)
    return f"{words}, {share_of_class_text(cell.share, labels[cell.true])}"


class ConfusionModel(QAbstractTableModel):
    """Owned by the GUI thread."""

    def __init__(self, table: ConfusionTable, labels: Sequence[str], parent: QObject | None = None) -> None:
        """Show `table`; `labels` names all classes by index."""
        super().__init__(parent)
        self._table = table
        self._labels = labels

    def set_table(self, table: ConfusionTable) -> None:
        """Show the classes in another order."""
        self.beginResetModel()
        self._table = table
        self.endResetModel()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of classes with pictures."""
        return 0 if parent.isValid() else len(self._table.rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of classes with pictures or predictions."""
        return 0 if parent.isValid() else len(self._table.columns)

    def cell(self, row: int, column: int) -> ConfusionCell:
        """Return a cell."""
        table = self._table
        count, share = int(table.counts[row, column]), float(table.shares[row, column])
        return ConfusionCell(table.rows[row], table.columns[column], count, share)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell, its number, or what it means."""
        if not index.isValid():
            return None
        cell = self.cell(index.row(), index.column())
        if role == CELL_ROLE:
            return cell
        if role == Qt.ItemDataRole.DisplayRole:
            return QLocale().toString(cell.count)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return cell_description(cell, self._labels)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(cell_description(cell, self._labels))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a class's name, or with how many pictures it occurs."""
        across = orientation is Qt.Orientation.Horizontal
        label = self._labels[(self._table.columns if across else self._table.rows)[section]]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return label
        if role == Qt.ItemDataRole.ToolTipRole:
            counts = self._table.counts
            pictures = pictures_text(int(counts[:, section].sum() if across else counts[section].sum()))
            if across:
                text = QCoreApplication.translate("Evaluation", "{pictures} taken for {label}")
            else:
                text = QCoreApplication.translate("Evaluation", "{pictures} of {label}")
            return plain_tooltip(text.format(pictures=pictures, label=label))
        return None
