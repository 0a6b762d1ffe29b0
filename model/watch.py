"""watch(): the one generator by which window and command line hear of pictures that are added to folders."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from model.arrivals import Arrivals
from model.cancel import CancelToken
from model.errors import first_line
from model.names import display_name
from model.sources import absolute, find_images
from model.types import FoundImage, Notice, Problem, ScanBatch
from model.watch_source import TICK, ChangeSource, WatchMode, changes_in

log = logging.getLogger(__name__)

_BATCH = 256
_LISTING_SHARE = 50  # listing folders again may take one part in so many of the time


@dataclass(frozen=True, slots=True)
class WatchTimes:
    """Seconds: see Arrivals for `settle` and `patience`.

    Every `look` the watched folders themselves are looked at. Every `list_again` they are listed anew, for what the
    system did not tell of: on network drives that is everything. `poll` takes its place where the system tells nothing.
    A file that has not changed for `old` when the watch begins is whole.
    """

    settle: float = 2.0
    patience: float = 30.0
    look: float = 2.0
    list_again: float = 60.0
    poll: float = 5.0
    old: float = 60.0


@dataclass(frozen=True, slots=True)
class PicturesChanged:
    """Pictures that were there before have been written anew, and are whole."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class WatchState:
    """Which folders are watched now, and how; those that are gone are not among them until they are back."""

    folders: tuple[Path, ...]
    mode: WatchMode


WatchEvent = ScanBatch | PicturesChanged | WatchState | Notice


def watch(
    folders: Sequence[Path],
    *,
    recursive: bool,
    cancel: CancelToken,
    listed: AbstractSet[str] = frozenset(),
    times: WatchTimes | None = None,
    changes: ChangeSource = changes_in,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[WatchEvent]:
    """Yield the pictures of `folders` that are not `listed` (identities), and then those that are added, without end.

    A picture is given once it has been written to its end. A folder that is moved or deleted, or may not be read any
    more, is told of by a Notice, and watched again when it is back. Where the system cannot watch, which on Linux has
    a limit, the folders are looked through every few seconds, which is told of too. Reads disks on the calling thread.

    Raises:
        Cancelled: when `cancel` was set, unless the generator just ends.
    """
    chosen = times or WatchTimes()
    return _Watch([absolute(folder) for folder in folders], recursive, cancel, listed, chosen, changes, clock).run()


class _Watch:
    """One watch; belongs to the thread that iterates it."""

    def __init__(
        self,
        folders: Sequence[Path],
        recursive: bool,
        cancel: CancelToken,
        listed: AbstractSet[str],
        times: WatchTimes,
        changes: ChangeSource,
        clock: Callable[[], float],
    ) -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._recursive = recursive
        self._cancel = cancel
        self._times = times
        self._changes = changes
        self._clock = clock
        self._arrivals = Arrivals(times.settle, times.patience, clock)
        self._seen = set(listed)
        self._mode = WatchMode.NATIVE
        self._there: dict[Path, tuple[int, int]] = {}  # device and number of each folder that is watched
        self._missing: set[Path] = set()
        self._to_list: set[str] = set()
        self._told: set[Problem] = set()
        self._look_at = clock()
        self._list_at = clock()
        self._first = True

    def run(self) -> Iterator[WatchEvent]:
        yield from self._look()
        while not self._cancel.cancelled:
            there = dict(self._there)
            yield WatchState(tuple(there), self._mode)
            mode = self._mode if there else WatchMode.LISTING
            try:
                for changed in self._changes(tuple(there), self._recursive, mode, self._times.poll, self._cancel):
                    for name in changed:
                        self._note(name)
                    yield from self._tick()
                    if self._there != there:
                        break
            except FileNotFoundError:  # a folder went away just now
                self._cancel.wait(TICK)
                self._look_at = self._clock()
                yield from self._look()
            except (OSError, RuntimeError, UnicodeError) as exc:
                yield from self._fall_back(exc)

    def _fall_back(self, reason: Exception) -> Iterator[WatchEvent]:
        log.warning("watching by %s fails: %s", self._mode.value, reason)
        if self._mode is WatchMode.NATIVE:
            self._mode = WatchMode.POLLING
            yield Notice(Problem("watch-polls", (("seconds", round(self._times.poll)),), first_line(reason)))
        elif self._mode is WatchMode.POLLING:
            self._mode = WatchMode.LISTING
        else:
            raise reason
        self._list_at = self._clock()  # for what has come meanwhile

    def _tick(self) -> Iterator[WatchEvent]:
        yield from self._look()
        if self._clock() >= self._list_at:
            yield from self._list()
        elif self._to_list:
            yield from self._find(sorted(self._to_list))
            self._to_list.clear()
        yield from self._give(self._arrivals.take())

    # --- the folders themselves ---

    def _look(self) -> Iterator[WatchEvent]:
        """Tell which folders have gone and which are back."""
        if self._clock() < self._look_at:
            return
        self._look_at = self._clock() + self._times.look
        for folder in self._folders:
            try:
                status = folder.stat()
                with os.scandir(folder):
                    pass
            except OSError as error:
                self._there.pop(folder, None)
                if folder not in self._missing:
                    self._missing.add(folder)
                    yield Notice(_gone(folder, error))
                continue
            number = (status.st_dev, status.st_ino)
            if folder in self._missing:
                self._missing.discard(folder)
                yield Notice(Problem("watch-folder-back", (("folder", display_name(folder)),)))
            if self._there.get(folder) != number:
                # By another number it is another folder of that name, of which the system tells nothing yet.
                self._there[folder] = number
                self._list_at = self._clock()

    # --- finding ---

    def _note(self, name: str) -> None:
        """Take in the name of something that has appeared or changed."""
        if self._is_hidden(name):
            return
        if os.path.isdir(name):  # noqa: PTH112 - a Path a file is slow
            # Files were perhaps put into a new folder before the system was asked to tell of it.
            if self._recursive and not any(str(folder) == name for folder in self._there):
                self._to_list.add(name)
        else:
            self._arrivals.note(name)

    def _is_hidden(self, name: str) -> bool:
        root = next((str(folder) for folder in self._there if name.startswith(str(folder))), "")
        return any(part.startswith(".") for part in Path(name[len(root) :]).parts)

    def _list(self) -> Iterator[WatchEvent]:
        """Look through all folders, and say when to do so again."""
        began = self._clock()
        self._to_list.clear()
        yield from self._find(map(str, self._there))
        self._first = not self._there
        every = self._times.list_again if self._mode is WatchMode.NATIVE else self._times.poll
        self._list_at = self._clock() + max(every, _LISTING_SHARE * (self._clock() - began))

    def _find(self, folders: Iterable[str]) -> Iterator[WatchEvent]:
        """Find what is new in folders. What was old when the watch began is whole, anything else has to settle."""
        oldest = time.time() - self._times.old if self._first else 0.0
        paths = map(Path, folders)
        for event in find_images(paths, recursive=self._recursive, cancel=self._cancel, listed=self._seen):
            if isinstance(event, ScanBatch):
                whole = [found for found in event.found if self._first and _changed_before(found.path, oldest)]
                self._seen.update(found.identity for found in whole)
                for found in event.found:
                    if found.identity not in self._seen:
                        self._arrivals.note(str(found.path))
                if whole:
                    yield ScanBatch(tuple(whole))
                continue
            for problem in event.unreadable:
                if problem not in self._told:
                    self._told.add(problem)
                    yield Notice(problem)

    def _give(self, names: Sequence[str]) -> Iterator[WatchEvent]:
        new, changed = [], []
        for name in names:
            identity = os.path.realpath(name)
            if identity in self._seen:
                changed.append(Path(name))
            else:
                self._seen.add(identity)
                new.append(FoundImage(Path(name), identity))
        for start in range(0, len(new), _BATCH):
            yield ScanBatch(tuple(new[start : start + _BATCH]))
        if changed:
            yield PicturesChanged(tuple(changed))


def _changed_before(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except OSError:
        return False


def _gone(folder: Path, error: OSError) -> Problem:
    name = display_name(folder)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Problem("watch-folder-gone", (("folder", name),), str(error))
    reason = error.strerror or type(error).__name__
    return Problem("watch-folder-unreadable", (("folder", name), ("reason", reason)), str(error))
