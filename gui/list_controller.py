"""Adds pictures to the list, puts the list in order, and exports it: the jobs of the I/O, export and order threads."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.result_texts import rows_as_text
from gui.results_model import ResultsModel
from gui.shown_row import RowsSnapshot, current_results
from gui.worker import JobRunner, Outcome, Ticket
from model.cancel import CancelToken
from model.sources import common_folder, find_images
from model.types import (
    ExportDone,
    ExportProgress,
    FoundImage,
    InstalledWeights,
    Job,
    ScanBatch,
    ScanReport,
)

if TYPE_CHECKING:
    from gui.results_order import OrderSpec
    from gui.results_sorting import Ordering, OrderSnapshot, Slots

log = logging.getLogger(__name__)

_COPIED_AT_ONCE = 200  # rows, in some 5 ms


@dataclass(frozen=True, slots=True)
class _Folders:
    """Which of the paths to be scanned are folders."""

    folders: tuple[Path, ...]


class ListController(QObject):
    """Owned by the GUI thread. Scans are queued one after another on the I/O thread, exports on the export thread."""

    scan_begun = Signal(int, object, bool)
    """A scan's number, its paths, and whether it goes into folders in folders."""
    scan_ended = Signal(int)
    found = Signal(object)
    """Pictures (a sequence of FoundImage) of which at least one is new in the list."""
    rows_added = Signal(int)
    folders_added = Signal(object)
    """These folders (tuple of Path) are being read, because the user has added them."""
    scanned = Signal(object)
    scanning_changed = Signal(bool)
    exported = Signal(object)
    copied = Signal(object)
    """Rows as a str, for the clipboard; as an object, because a Signal(str) converts 9 MB to and fro."""
    failed = Signal(object)

    def __init__(
        self,
        results: ResultsModel,
        *,
        files: JobRunner,
        exports: JobRunner,
        order: JobRunner,
        parent: QObject | None = None,
    ) -> None:
        """`files` runs scans, `exports` exports: a share that is gone must not stand before them. `order` sorts."""
        super().__init__(parent)
        self._results = results
        self._files = files
        self._exports = exports
        self._order = order
        self._scans: deque[Ticket] = deque()

    @property
    def scanning(self) -> bool:
        """Whether folders are still being read."""
        return bool(self._scans)

    def add(
        self,
        paths: Sequence[Path],
        *,
        recursive: bool,
        on_found: Callable[[Sequence[FoundImage]], None] | None = None,
    ) -> None:
        """Look for pictures in files and folders; rows appear as they are found.

        `on_found` is told of all of them, also of those that are in the list already, before the rows appear.
        """
        if not paths:
            return
        job = partial(_scan, paths, recursive)
        on_value = self._on_scanned if on_found is None else partial(self._on_found, on_found)
        scan = self._files.start(job, on_value, self._on_scan_done)
        self._scans.append(scan)
        self.scan_begun.emit(scan.number, list(paths), recursive)
        self.scanning_changed.emit(True)

    def add_found(self, job: Job, on_done: Callable[[Outcome], None]) -> None:
        """Add what a job yields as ScanBatches; `on_done` is called when it has ended or was stopped."""
        scan = self._files.start(job, self._on_scanned, partial(self._on_adding_done, on_done))
        self._scans.append(scan)
        self.scanning_changed.emit(True)

    def take(self, found: Sequence[FoundImage]) -> None:
        """Add pictures that somebody else has found."""
        added = self._results.add(found)
        if added:
            self.found.emit(found)
            self.rows_added.emit(added)

    def stop_scans(self) -> None:
        """Stop reading folders; what was found stays in the list, and nothing more is added. Exports go on."""
        if not self._scans:
            return
        for scan in self._scans:
            self._files.forget(scan)
            self.scan_ended.emit(scan.number)
        self._scans.clear()
        self.scanning_changed.emit(False)

    def apply_order(self, spec: OrderSpec) -> None:
        """Sort and filter by `spec`; the rows change places in one step when it has been computed."""
        job = partial(_order, self._results.snapshot(), spec)
        self._order.start(job, self._on_ordered, self._on_order_done, supersede=True)

    def export(self, target: Path, installed: InstalledWeights, device: str, *, raw: bool) -> None:
        """Write the results of the active weights to a CSV file; `target` may be overwritten."""
        job = partial(_export, self._results.rows_snapshot(), target, installed, device, raw)
        self._exports.start(job, self._on_exported, self._on_export_done)

    def copy(self, rows: Slots) -> None:
        """Make a text of shown rows (intp); `copied` follows, for many rows from the export thread."""
        snapshot = self._results.rows_snapshot(rows)
        if len(rows) <= _COPIED_AT_ONCE:
            self.copied.emit(rows_as_text(snapshot.rows()))
        else:
            self._exports.start(partial(_as_text, snapshot), self._on_copied, self._report)

    def _on_copied(self, value: object) -> None:
        if isinstance(value, str):
            self.copied.emit(value)

    def _on_found(self, tell: Callable[[Sequence[FoundImage]], None], value: object) -> None:
        if isinstance(value, ScanBatch):
            tell(value.found)
        self._on_scanned(value)

    def _on_scanned(self, value: object) -> None:
        if isinstance(value, ScanBatch):
            self.take(value.found)
        elif isinstance(value, _Folders):
            self.folders_added.emit(value.folders)
        elif isinstance(value, ScanReport):
            self.scanned.emit(value)

    def _on_adding_done(self, tell: Callable[[Outcome], None], outcome: Outcome) -> None:
        self._on_scan_done(outcome)
        tell(outcome)

    def _on_scan_done(self, outcome: Outcome) -> None:
        scan = self._scans.popleft()  # they end in the order in which they were started
        self.scan_ended.emit(scan.number)
        self.scanning_changed.emit(self.scanning)
        self._report(outcome)

    def _on_ordered(self, value: object) -> None:
        from gui.results_sorting import Ordering

        if isinstance(value, Ordering):
            self._results.swap_order(value)

    def _on_order_done(self, outcome: Outcome) -> None:
        self._report(outcome)

    def _on_exported(self, value: object) -> None:
        if isinstance(value, ExportDone):
            self.exported.emit(value)

    def _on_export_done(self, outcome: Outcome) -> None:
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        if outcome.problem is not None:
            self.failed.emit(outcome.problem)


def _scan(paths: Sequence[Path], recursive: bool, cancel: CancelToken) -> Iterator[_Folders | ScanBatch | ScanReport]:
    """Find the pictures, and have numpy imported here: the rows are arrays, and the GUI thread has no time for it."""
    from gui import result_rows  # noqa: F401

    folders = tuple(path for path in paths if _is_folder(path))
    if folders:
        yield _Folders(folders)
    yield from find_images(paths, recursive=recursive, cancel=cancel)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _order(snapshot: OrderSnapshot, spec: OrderSpec, cancel: CancelToken) -> Iterator[Ordering]:
    from gui.results_sorting import compute_order

    return compute_order(snapshot, spec, cancel)


def _as_text(snapshot: RowsSnapshot, _cancel: CancelToken) -> Iterator[str]:
    yield rows_as_text(snapshot.rows())


def _export(
    snapshot: RowsSnapshot,
    target: Path,
    installed: InstalledWeights,
    device: str,
    raw: bool,
    cancel: CancelToken,
) -> Iterator[ExportProgress | ExportDone]:
    from model.export import CsvOptions, RunFacts, export_results

    # No list of all rows: destroying it would hold up the GUI thread for as long as that takes.
    results = current_results(snapshot.rows())
    root = common_folder({path.parent for path in snapshot.paths()})
    options = CsvOptions(bom=True, raw=raw, overwrite=True)
    return export_results(
        results, len(snapshot.slots), target, installed, root, options, RunFacts(device=device), cancel
    )
