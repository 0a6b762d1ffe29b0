"""The results table: selection, keys, menu and column widths. Lives on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QByteArray,
    QElapsedTimer,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    SignalInstance,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from gui.result_delegate import ResultDelegate, pixels_side, row_height, thumbnail_side
from gui.result_texts import LABELS, PICTURE, STATUS
from gui.results_model import COLUMNS, ResultsModel
from gui.results_order import OrderSpec, SortKey
from gui.theme import GAP, WIDE_GAP
from gui.thumbnails import ThumbnailLoader

if TYPE_CHECKING:
    from gui.results_sorting import Slots

_KEY_OF_COLUMN = {PICTURE: SortKey.NAME, LABELS: SortKey.LABEL, STATUS: SortKey.STATUS}
_COLUMN_OF_KEY = {
    SortKey.NAME: PICTURE,
    SortKey.LABEL: LABELS,
    SortKey.PROBABILITY: LABELS,
    SortKey.STATUS: STATUS,
}
_Flag = QItemSelectionModel.SelectionFlag
LOOK_DELAY = 100
"""Milliseconds at the most until it is told what the user looks at."""


class ResultsView(QTableView):
    """A table of pictures, one fixed height for all rows; whole rows are selected.

    It only says what the user wants: opening, removing, sorting and so on are up to who listens.
    """

    current_path_changed = Signal(object)
    """The current row shows another picture: its Path, or None."""
    remove_requested = Signal(object)
    retry_requested = Signal(object)
    retry_failed_requested = Signal(object)
    """Selected paths (list of Path) are to be removed from the list, or classified again: all, or those that failed."""
    open_requested = Signal(object)
    reveal_requested = Signal(object)
    large_view_requested = Signal(object)
    """The current Path is to be opened in the system's viewer, shown in the file manager, shown large."""
    copy_requested = Signal()
    looked_at = Signal(object)
    """These pictures (list of Path) are what the user looks at now: the current one, then the visible rows."""
    sort_requested = Signal(object, bool)
    """A column's title was clicked: SortKey, descending."""

    def __init__(
        self, model: ResultsModel, thumbnails: ThumbnailLoader | None = None, parent: QWidget | None = None
    ) -> None:
        """Show `model`; `thumbnails` are asked for as rows are painted."""
        super().__init__(parent)
        self._results = model
        self._current_path: Path | None = None
        self._typed = ""
        self._typing = QElapsedTimer()
        self.setModel(model)
        self.setItemDelegate(ResultDelegate(thumbnails, self))
        self._set_up_look()
        self._set_up_columns()
        self.show_sort(OrderSpec())
        model.leaving.connect(self._choose_neighbour)
        model.modelReset.connect(self._report_current)
        model.relocated.connect(self._report_current)
        model.spec_changed.connect(self._show_new_order)
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOK_DELAY)
        self._looking.timeout.connect(self._report_look)
        self.verticalScrollBar().valueChanged.connect(self._look)
        model.layoutChanged.connect(self._look)
        model.rowsInserted.connect(self._look)
        model.rowsRemoved.connect(self._look)
        if thumbnails is not None:
            thumbnails.ready.connect(self._repaint_picture)

    def _set_up_look(self) -> None:
        self.setAccessibleName(self.tr("Results"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(self._open_current)

    def _set_up_columns(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        titles = self.horizontalHeader()
        titles.setAccessibleName(self.tr("Columns of the results"))
        titles.setHighlightSections(False)
        titles.setStyleSheet(f"QHeaderView::section {{ padding-left: {GAP}px; }}")  # in line with the cells
        titles.setSectionsClickable(True)
        titles.setSortIndicatorShown(True)
        titles.setMinimumSectionSize(96)
        titles.setSectionResizeMode(PICTURE, QHeaderView.ResizeMode.Interactive)
        titles.setSectionResizeMode(LABELS, QHeaderView.ResizeMode.Stretch)
        titles.setSectionResizeMode(STATUS, QHeaderView.ResizeMode.Interactive)
        # A header asks its selection model cell by cell whether all of a column is selected: 1.4 s for 100,000 rows.
        titles.setSelectionModel(QItemSelectionModel(self._results, titles))
        titles.sectionClicked.connect(self._request_sort)
        self._fit_rows()
        characters = self.fontMetrics().averageCharWidth()
        self.setColumnWidth(PICTURE, thumbnail_side(self.font()) + 34 * characters)
        self.setColumnWidth(STATUS, 12 * characters + WIDE_GAP)

    def _fit_rows(self) -> None:
        height = row_height(self.font())
        # Not the least size too: that resizes rows one by one, seconds for 100,000.
        self.verticalHeader().setDefaultSectionSize(height)
        self.verticalScrollBar().setSingleStep(height // 3)

    # --- state ---

    def save_state(self) -> QByteArray:
        """Return the widths of the columns for the next start."""
        return self.horizontalHeader().saveState()

    def restore_state(self, state: QByteArray) -> bool:
        """Set the widths of an earlier start; what the columns are sorted by is not restored."""
        restored = self.horizontalHeader().restoreState(state)
        self.show_sort(self._results.spec)
        return restored

    def show_sort(self, spec: OrderSpec) -> None:
        """Show the arrow over the column that `spec` sorts by."""
        arrow = Qt.SortOrder.DescendingOrder if spec.descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(_COLUMN_OF_KEY.get(spec.key, -1), arrow)

    # --- selection ---

    def current_path(self) -> Path | None:
        """Return the picture of the current row."""
        index = self.currentIndex()
        return self._results.path_at(index.row()) if index.isValid() else None

    def select_path(self, path: Path) -> bool:
        """Make the row of `path` the current and only selected one; False when it is not shown."""
        row = self._results.row_of(path)
        if row is None:
            return False
        self.selectionModel().setCurrentIndex(self._results.index(row, 0), _Flag.ClearAndSelect | _Flag.Rows)
        return True

    def selected_paths(self) -> list[Path]:
        """Return the selected pictures from top to bottom."""
        return self._results.paths_at(self.selected_rows())

    def selectAll(self) -> None:
        """Select all shown rows as one range: Qt's own way takes seconds for 100,000 rows."""
        last = self._results.rowCount() - 1
        if last < 0:
            return
        every = QItemSelection(self._results.index(0, 0), self._results.index(last, COLUMNS - 1))
        self.selectionModel().select(every, _Flag.ClearAndSelect)

    def selected_rows(self) -> Slots:
        """Return the selected rows, intp, ascending, from the ranges; `selectedRows` would make an index of each."""
        import numpy as np

        selection = self.selectionModel().selection()
        is_selected = np.zeros(self._results.rowCount(), np.bool_)
        for place in range(selection.count()):
            part = selection.at(place)
            is_selected[part.top() : part.bottom() + 1] = True
        return np.flatnonzero(is_selected)

    @Slot(object)
    def _choose_neighbour(self, leaving: Slots) -> None:
        """Before rows go: if the current one is among them, make the nearest one that stays the current row."""
        import numpy as np

        selected = self.selected_rows()
        stays = np.ones(self._results.rowCount(), np.bool_)
        stays[leaving] = False
        every_one_leaves = bool(len(selected)) and not stays[selected].any()
        if every_one_leaves:
            self.selectionModel().clearSelection()  # cheaper than having Qt follow each row out
        current = self.currentIndex().row()
        if current < 0 or stays[current]:
            return
        after, before = np.flatnonzero(stays[current:]), np.flatnonzero(stays[:current])
        if len(after):
            neighbour = self._results.index(current + int(after[0]), 0)
        elif len(before):
            neighbour = self._results.index(int(before[-1]), 0)
        else:
            neighbour = QModelIndex()
        command = _Flag.ClearAndSelect | _Flag.Rows if every_one_leaves else _Flag.NoUpdate
        self.selectionModel().setCurrentIndex(neighbour, command)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Report the picture that has become the current one."""
        super().currentChanged(current, previous)
        for index in (current, previous):  # the current row's mark is in its first cell
            if index.isValid():
                self.update(self._results.index(index.row(), PICTURE))
        self._report_current()

    @Slot()
    def _report_current(self) -> None:
        path = self.current_path()
        if path != self._current_path:
            self._current_path = path
            self._look()
            self.current_path_changed.emit(path)

    def visible_paths(self) -> list[Path]:
        """Return the pictures of the rows that can be seen, from top to bottom."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return []
        import numpy as np

        end = self._results.rowCount() if last < 0 else last + 1
        return self._results.paths_at(np.arange(first, end))

    @Slot()
    def _look(self) -> None:
        if not self._looking.isActive():  # not anew at each change: while scrolling goes on it must fire too
            self._looking.start()

    @Slot()
    def _report_look(self) -> None:
        current = self.current_path()
        visible = self.visible_paths()
        if visible or current is not None:
            self.looked_at.emit(visible if current is None else [current, *visible])

    @Slot()
    def _show_new_order(self) -> None:
        self.show_sort(self._results.spec)
        self.scrollToTop()

    @Slot(object, int)
    def _repaint_picture(self, path: Path, side: int) -> None:
        if side != pixels_side(self.font(), self.viewport().devicePixelRatioF()):
            return
        row = self._results.row_of(path)
        if row is not None:
            self.update(self._results.index(row, PICTURE))

    # --- what the user does ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space shows large, Enter opens, Delete removes, Ctrl+C copies; Home and End go to the first and last row."""
        actions: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Space: self._request_large_view,
            Qt.Key.Key_Return: self._open_current,
            Qt.Key.Key_Enter: self._open_current,
            Qt.Key.Key_Delete: self._request_removal,
        }
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif plain and event.key() == Qt.Key.Key_Space and self._is_typing():
            self.keyboardSearch(event.text())
        elif plain and event.key() in actions:
            actions[event.key()]()
        else:
            super().keyPressEvent(event)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Home and End go to the first and the last row, as in a list."""
        last = self._results.rowCount() - 1
        if last >= 0 and action is QAbstractItemView.CursorAction.MoveHome:
            return self._results.index(0, 0)
        if last >= 0 and action is QAbstractItemView.CursorAction.MoveEnd:
            return self._results.index(last, 0)
        return super().moveCursor(action, modifiers)

    def keyboardSearch(self, search: str) -> None:
        """Go to the next row whose file name begins with what is typed; Qt's own search takes seconds."""
        going_on = self._is_typing()
        self._typing.start()
        self._typed = self._typed + search if going_on else search
        start = max(0, self.currentIndex().row()) + (0 if going_on or not self.currentIndex().isValid() else 1)
        row = self._results.row_named(self._typed, start)
        if row is not None:
            self.selectionModel().setCurrentIndex(self._results.index(row, 0), _Flag.ClearAndSelect | _Flag.Rows)

    def _is_typing(self) -> bool:
        return self._typing.isValid() and self._typing.elapsed() <= QApplication.keyboardInputInterval()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the selected rows; nothing where there are none."""
        if not self.selectionModel().hasSelection():
            return
        place = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        self.make_menu().popup(place)

    def make_menu(self) -> QMenu:
        """Return the menu for the selected rows; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_it = menu.addAction(self.tr("Open in the system's viewer"), self._open_current)
        open_it.setShortcut(QKeySequence(Qt.Key.Key_Return))
        menu.addAction(self.tr("Show large"), self._request_large_view).setShortcut(QKeySequence(Qt.Key.Key_Space))
        menu.addAction(self.tr("Show in the file manager"), self._request_reveal)
        menu.addSeparator()
        menu.addAction(self.tr("Copy"), self.copy_requested.emit).setShortcut(QKeySequence.StandardKey.Copy)
        menu.addAction(self.tr("Classify again"), self._request_retry)
        if self._results.failed_paths(self.selected_paths()):
            menu.addAction(self.tr("Retry failed"), self._request_retry_failed)
        menu.addSeparator()
        remove = menu.addAction(self.tr("Remove from the list"), self._request_removal)
        remove.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        return menu

    @Slot(int)
    def _request_sort(self, column: int) -> None:
        spec = self._results.spec
        again = _COLUMN_OF_KEY.get(spec.key) == column
        key = spec.key if again else _KEY_OF_COLUMN[column]
        self.show_sort(spec)  # the header has moved its arrow already; it shows what is, not what is asked for
        self.sort_requested.emit(key, again and not spec.descending)

    @Slot()
    def _open_current(self) -> None:
        self._emit_current(self.open_requested)

    @Slot()
    def _request_large_view(self) -> None:
        self._emit_current(self.large_view_requested)

    @Slot()
    def _request_reveal(self) -> None:
        self._emit_current(self.reveal_requested)

    def _emit_current(self, signal: SignalInstance) -> None:
        path = self.current_path()
        if path is not None:
            signal.emit(path)

    @Slot()
    def _request_removal(self) -> None:
        paths = self.selected_paths()
        if paths:
            self.remove_requested.emit(paths)

    @Slot()
    def _request_retry(self) -> None:
        paths = self.selected_paths()
        if paths:
            self.retry_requested.emit(paths)

    @Slot()
    def _request_retry_failed(self) -> None:
        self.retry_failed_requested.emit(self.selected_paths())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system's font size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange, QEvent.Type.StyleChange):
            self._fit_rows()
