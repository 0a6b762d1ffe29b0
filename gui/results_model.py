"""The table model of the results window: rows for Qt over `ResultRows`. Lives on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from gui.result_texts import LABELS, PICTURE, STATUS, accessible_text, display_text, tooltip_text
from gui.results_order import IN_LIST, OrderSpec, RowStatus
from gui.shown_row import Counts

if TYPE_CHECKING:
    from gui.result_rows import MadeWith, ResultRows
    from gui.results_sorting import Ordering, OrderSnapshot, Slots
    from gui.shown_row import RowsSnapshot, ShownRow
    from model.types import Calibration, FoundImage, ImageResult

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""The role under which any cell gives its whole ShownRow."""

COLUMNS = 3
# The overload with a hint: knowing that whole rows move, a selection keeps one index for each row, not for each cell.
_WITH_HINT = ("QList<QPersistentModelIndex>", "QAbstractItemModel::LayoutChangeHint")
_MOST_RANGES = 32  # removing more stretches of rows than this one by one is slower than moving them to the end first

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class ResultsModel(QAbstractTableModel):
    """One row for each picture in the list that the filter lets through.

    Rows keep their places while results arrive. Sorting and filtering happen only in `swap_order`; between two swaps,
    rows that begin to match the filter appear at the end and rows that no longer match stay.

    The window is on the screen before numpy is imported, which ResultRows and the methods that work on arrays need; an
    empty list does without.
    """

    counts_changed = Signal()
    removed = Signal(object)
    """The paths, as texts, of pictures that were taken off the list one by one."""
    cleared = Signal()
    leaving = Signal(object)
    """Rows (intp (n,), ascending) are about to be hidden or removed; sent before anything moves."""
    relocated = Signal(object, object)
    """Rows follow pictures that were moved: their old paths (a list of Path), and new places (FoundImage)."""
    spec_changed = Signal()
    """The rows are now sorted or filtered another way."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._filled: ResultRows | None = None
        self._active_at_first: MadeWith = ("", None)
        self._destroying = QTimer(self)
        self._destroying.timeout.connect(self._destroy_some)

    # --- what Qt asks ---

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of shown rows."""
        return 0 if parent.isValid() or self._filled is None else len(self._filled)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else COLUMNS

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Cells can be selected, nothing else."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text, tooltip or accessible text, or under ROW_ROLE the whole row. Reads no file."""
        text = _TEXTS.get(role)
        if not index.isValid() or (text is None and role != ROW_ROLE):
            return None
        row = self._rows.row(index.row())
        return row if text is None else text(row, index.column())

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return {PICTURE: self.tr("Picture"), LABELS: self.tr("Labels"), STATUS: self.tr("Status")}.get(section)

    # --- reading ---

    @property
    def spec(self) -> OrderSpec:
        """How the rows are sorted and filtered now."""
        return OrderSpec() if self._filled is None else self._filled.spec

    def shown_row(self, row: int) -> ShownRow:
        """Return everything about a shown row."""
        return self._rows.row(row)

    def result_at(self, row: int) -> ImageResult | None:
        """Return the result that the shown row shows; it may be a stale one (see `shown_row`)."""
        return self._rows.row(row).result

    def path_at(self, row: int) -> Path:
        """Return the path of a shown row."""
        return self._rows.found(row).path

    def paths_at(self, rows: Slots) -> list[Path]:
        """Return the paths of shown rows (intp)."""
        return [found.path for found in self._rows.pictures(self._rows.shown[rows])]

    def row_of(self, path: Path) -> int | None:
        """Return the shown row of a picture; None when the filter hides it or it is not in the list."""
        return self._rows.row_of(path)

    def row_named(self, prefix: str, start: int) -> int | None:
        """Return the first shown row from `start` on, going round, whose file name begins with `prefix`."""
        return self._rows.row_named(prefix, start)

    def pending_snapshot(self) -> RowsSnapshot:
        """Copy the rows without a current result, hidden ones too, in the order of adding."""
        return self._rows.copy_of(self._rows.slots_with(RowStatus.PENDING))

    def pending_paths(self) -> list[Path]:
        """Return the paths of `pending_snapshot`."""
        return list(self.pending_snapshot().paths())

    @property
    def mark(self) -> tuple[int, int]:
        """What tells rows that are in the list now from those that are added later."""
        return (0, 0) if self._filled is None else self._filled.mark

    def has_newer(self, paths: Iterable[Path], mark: tuple[int, int]) -> bool:
        """Return whether one of `paths` is in the list, waits, and was added after `mark`."""
        return self._rows.has_newer(paths, mark)

    def failed_paths(self, among: Iterable[Path] | None = None) -> list[Path]:
        """Return the pictures with an error, hidden ones too, in the order of adding; `among` leaves only these."""
        if self._filled is None:
            return []
        failed = self._rows.slots_with(RowStatus.ERROR)
        if among is not None:
            failed = failed[self._rows.mask_of(self._rows.slots_of(among))[failed]]
        return [found.path for found in self._rows.pictures(failed)]

    def results(self) -> list[ImageResult]:
        """Return the results of the active weights, errors and hidden rows too, in the order of adding."""
        return self._rows.results()

    def paths(self) -> list[Path]:
        """Return all paths, hidden rows too, in the order of adding."""
        return [found.path for found in self._rows.pictures(self._every_slot())]

    def rows_snapshot(self, rows: Slots | None = None) -> RowsSnapshot:
        """Copy shown `rows` (intp); without them, all rows, hidden ones too, in the order of adding."""
        return self._rows.copy_of(None if rows is None else self._rows.shown[rows])

    def counts(self) -> Counts:
        """Count the rows by status."""
        return Counts() if self._filled is None else self._filled.counts()

    def snapshot(self) -> OrderSnapshot:
        """Copy what `compute_order` needs (2 ms at 100,000 rows)."""
        return self._rows.snapshot()

    # --- changing ---

    def add(self, found: Sequence[FoundImage]) -> int:
        """Add the pictures that are not in the list yet, as pending rows; return how many they were."""
        slots = self._rows.admit(found)
        self._show(self._rows.newly_passing(slots))
        if len(slots):
            self.counts_changed.emit()
        return len(slots)

    def apply(self, results: Sequence[ImageResult]) -> None:
        """Show results. Those of unknown pictures, and of other weights than the active ones, are ignored."""
        self._update(self._rows.apply(results))

    def relocate(self, moved: Sequence[tuple[Path, FoundImage]]) -> None:
        """Have rows follow pictures that were moved: old paths and new places. Rows keep their places and results."""
        slots = self._rows.relocate(moved)
        self._update(slots)
        if len(slots):
            self.relocated.emit([old for old, _found in moved], [found for _old, found in moved])

    def set_active_weights(self, sha256: str, calibration: Calibration | None) -> None:
        """Accept results of these weights with this calibration only; all others become stale.

        When the weights change, pending rows whose stale result is of the new ones take it back: after a swap that
        failed, setting the last good weights again brings all their results back. The same weights with another
        calibration are other weights: their probabilities differ.
        """
        if self._filled is None:
            self._active_at_first = (sha256, calibration)
        elif (sha256, calibration) != self._rows.active:
            self._rows.active = (sha256, calibration)
            self._make_pending(self._rows.slots_of_other_weights())
            self._update(self._rows.restore())

    def mark_all_pending(self) -> None:
        """Turn every row, hidden ones too, back to pending; the rows keep their places, and old results stay grey."""
        self._make_pending(self._every_slot())

    def mark_pending(self, paths: Iterable[Path]) -> None:
        """Turn the rows of `paths` back to pending."""
        self._make_pending(self._rows.slots_of(paths))

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove pictures from the list, hidden ones too; unknown paths are ignored."""
        self._remove(self._rows.slots_of(paths))

    def remove_rows(self, rows: Slots) -> None:
        """Remove shown rows (intp) from the list."""
        self._remove(self._rows.shown[rows].copy())

    def clear(self) -> None:
        """Remove everything."""
        self.beginResetModel()
        self._rows.hide_range(0, len(self._rows) - 1)
        self._rows.drop(self._every_slot())
        self._destroying.start()
        self.endResetModel()
        self.cleared.emit()
        self.counts_changed.emit()

    def swap_order(self, ordering: Ordering) -> None:
        """Show the rows as `ordering` says; selection and current row stay with their pictures.

        The ordering may be of an older snapshot: rows removed since are left out, rows added or changed since that
        pass the filter come at the end.
        """
        import numpy as np

        wanted = self._rows.plan(ordering)
        before = self._rows.spec
        self._rows.spec = ordering.spec
        is_wanted = self._rows.mask_of(wanted)
        leaving = np.flatnonzero(~is_wanted[self._rows.shown])
        if len(leaving):
            self.leaving.emit(leaving)
        # Qt's views only follow legal steps: put the new rows at the end, permute, take the others off the end.
        tail = self._rows.shown[leaving]
        self._show(self._rows.hidden_among(wanted))
        self._rearrange(np.concatenate([wanted, tail]))
        self._hide_range(len(wanted), len(self._rows) - 1)
        if before != ordering.spec:
            self.spec_changed.emit()
        self.counts_changed.emit()

    # --- inside ---

    @property
    def _rows(self) -> ResultRows:
        """The rows, made when they are first asked for."""
        if self._filled is None:
            from gui.result_rows import ResultRows

            self._filled = ResultRows()
            self._filled.active = self._active_at_first
        return self._filled

    def _remove(self, slots: Slots) -> None:
        self._hide(self._rows.rows_of(slots))
        if len(slots) == self._rows.counts().total:
            self.cleared.emit()
        else:
            self.removed.emit([str(picture.path) for picture in self._rows.pictures(slots)])
        self._rows.drop(slots)
        if len(slots):
            self._destroying.start()
            self.counts_changed.emit()

    @Slot()
    def _destroy_some(self) -> None:
        if not self._rows.destroy_some():
            self._destroying.stop()

    def _every_slot(self) -> Slots:
        return self._rows.slots_with(*IN_LIST)

    def _make_pending(self, slots: Slots) -> None:
        self._rows.set_pending(slots)
        self._update(slots)

    def _update(self, slots: Slots) -> None:
        """Tell the views that the rows of `slots` changed, and show those that begin to match the filter."""
        if not len(slots):
            return
        rows = self._rows.rows_of(slots)
        if len(rows):  # one span for the whole batch: a view only repaints what it shows of it
            self.dataChanged.emit(self.index(int(rows[0]), 0), self.index(int(rows[-1]), COLUMNS - 1))
        self._show(self._rows.newly_passing(slots))
        self.counts_changed.emit()

    def _show(self, slots: Slots) -> None:
        if not len(slots):
            return
        self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(slots) - 1)
        self._rows.append(slots)
        self.endInsertRows()

    def _hide(self, rows: Slots) -> None:
        """Hide shown `rows` (ascending), which are about to be dropped."""
        import numpy as np

        if not len(rows):
            return
        self.leaving.emit(rows)
        breaks = np.flatnonzero(np.diff(rows) > 1) + 1
        if len(breaks) >= _MOST_RANGES:
            keep = np.ones(len(self._rows), np.bool_)
            keep[rows] = False
            self._rearrange(np.concatenate([self._rows.shown[keep], self._rows.shown[rows]]))
            self._hide_range(len(self._rows) - len(rows), len(self._rows) - 1)
            return
        for stretch in reversed(np.split(rows, breaks)):
            self._hide_range(int(stretch[0]), int(stretch[-1]))

    def _hide_range(self, first: int, last: int) -> None:
        if last < first:
            return
        self.beginRemoveRows(QModelIndex(), first, last)
        self._rows.hide_range(first, last)
        self.endRemoveRows()

    def _rearrange(self, slots: Slots) -> None:
        """Show the rows in the order `slots`, a permutation of the shown ones."""
        import numpy as np

        if np.array_equal(slots, self._rows.shown):
            return
        hint = QAbstractItemModel.LayoutChangeHint.VerticalSortHint
        self.layoutAboutToBeChanged[_WITH_HINT].emit([], hint)  # type: ignore[index]
        before = self._rows.shown.copy()
        self._rows.rearrange(slots)
        old = self.persistentIndexList()
        new_rows = self._rows.row_of_slots(before[[index.row() for index in old]]) if old else ()
        self.changePersistentIndexList(
            old, [self.createIndex(int(row), index.column()) for row, index in zip(new_rows, old, strict=True)]
        )
        self.layoutChanged[_WITH_HINT].emit([], hint)  # type: ignore[index]


_TEXTS: dict[int, Callable[[ShownRow, int], str]] = {
    Qt.ItemDataRole.DisplayRole: display_text,
    Qt.ItemDataRole.ToolTipRole: tooltip_text,
    Qt.ItemDataRole.AccessibleTextRole: accessible_text,
}
