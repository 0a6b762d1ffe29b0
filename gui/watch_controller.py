"""Watches folders for pictures that are added: a thread for each, made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.list_controller import ListController
from gui.worker import JobRunner, Outcome
from model.cancel import CancelToken
from model.types import Notice, ScanBatch

if TYPE_CHECKING:
    from model.watch import WatchEvent, WatchTimes


class WatchController(QObject):
    """Owned by the GUI thread. What is found goes into the list; nothing is watched after the window's end."""

    changed = Signal()
    """Other folders are watched now."""
    rewritten = Signal(object)
    """The files of these pictures (tuple of Path) have been changed by another program."""
    noticed = Signal(object, object)
    """Of a watched folder (Path) there is to be told a Problem."""
    failed = Signal(object)
    crashed = Signal(str)

    def __init__(
        self,
        lists: ListController,
        include_subfolders: Callable[[], bool],
        parent: QObject | None = None,
        *,
        times: WatchTimes | None = None,
    ) -> None:
        """Nothing is watched yet; `include_subfolders` is asked when a folder begins to be watched."""
        super().__init__(parent)
        self._lists = lists
        self._include_subfolders = include_subfolders
        self._times = times
        self._runners: dict[Path, JobRunner] = {}
        self._ending: list[JobRunner] = []
        self._added: dict[Path, None] = {}
        self._watches_added = False
        lists.folders_added.connect(self._on_folders_added)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The watched folders, in the order of asking."""
        return tuple(self._runners)

    @property
    def runners(self) -> tuple[JobRunner, ...]:
        """The threads, also those that are about to end."""
        return (*self._ending, *self._runners.values())

    @property
    def watches_added(self) -> bool:
        """Whether every folder that is added to the list is watched."""
        return self._watches_added

    def watch(self, folder: Path) -> None:
        """Watch a folder from now on; the pictures that are in it are added too. Harmless when it is watched."""
        if folder in self._runners:
            return
        runner = JobRunner(f"watch {len(self._runners) + 1}", self)
        runner.crashed.connect(self.crashed)
        self._runners[folder] = runner
        job = partial(_watch, folder, self._include_subfolders(), self._times)
        runner.start(job, partial(self._on_value, folder), partial(self._on_done, folder))
        self.changed.emit()

    def unwatch(self, folder: Path) -> None:
        """Watch a folder no more; its pictures stay in the list. Harmless when it is not watched."""
        runner = self._runners.pop(folder, None)
        if runner is not None:
            runner.shutdown()
            self._ending.append(runner)
            self._watches_added = self._watches_added and bool(self._runners)
            self.changed.emit()

    def unwatch_all(self) -> None:
        """Watch nothing any more."""
        self._watches_added = False
        for folder in self.folders:
            self.unwatch(folder)
        self.changed.emit()

    def watch_added(self, wanted: bool) -> None:
        """Watch the folders that were added to the list, and those that will be; or nothing any more."""
        if not wanted:
            self.unwatch_all()
            return
        self._watches_added = True
        for folder in self._added:
            self.watch(folder)
        self.changed.emit()

    def _on_folders_added(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            self._added[folder] = None
            if self._watches_added:
                self.watch(folder)

    def _on_value(self, folder: Path, value: object) -> None:
        if isinstance(value, ScanBatch):
            self._lists.take(value.found)
        elif isinstance(value, Notice):
            self.noticed.emit(folder, value.problem)
        else:
            from model.watch import PicturesChanged  # which the watching thread has imported

            if isinstance(value, PicturesChanged):
                self.rewritten.emit(value.paths)

    def _on_done(self, folder: Path, outcome: Outcome) -> None:
        """A watch ends by itself only when it fails."""
        self.unwatch(folder)
        if outcome.problem is not None:
            self.failed.emit(outcome.problem)


def _watch(folder: Path, recursive: bool, times: WatchTimes | None, cancel: CancelToken) -> Iterator[WatchEvent]:
    from gui import result_rows  # noqa: F401 - numpy is imported here, not when the first rows come to the GUI thread
    from model.watch import watch

    return watch([folder], recursive=recursive, cancel=cancel, times=times)
