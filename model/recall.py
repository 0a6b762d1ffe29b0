"""What earlier runs found out, offered to a new run; a store that fails costs the run nothing but its memory."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model.cancel import CancelToken
from model.picture_identity import PictureIdentity
from model.store import Recogniser, ResultStore
from model.store_rows import Lookup
from model.store_schema import is_busy, is_damage, is_full, set_aside
from model.types import ImageResult, InstalledWeights, Problem, ResultBatch

log = logging.getLogger(__name__)

_BATCH = 2000
# Results that could not be written wait for the next batch, up to so many.
_MOST_WAITING = 20_000
# After a store was found locked it is left alone for so long.
_LOCKED_SECONDS = 10.0
# After so many results it is looked whether the store has outgrown its size.
_PRUNE_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    results: tuple[ImageResult, ...]
    installed: InstalledWeights
    identities: Mapping[Path, PictureIdentity]


class ResultMemory:
    """Opens the store at first use, on the thread that uses it; after a failure it is left alone until next time.

    A store that another process has locked, or a disk that is full, is no such failure: what could not be written is
    kept in memory and written with a later batch. Owned by the compute thread.
    """

    def __init__(self, file: Path | None) -> None:
        """With None it remembers nothing."""
        self._file = file
        self._store: ResultStore | None = None
        self._waiting: list[_Waiting] = []
        self._problems: list[Problem] = []
        self._told: set[str] = set()
        self._retry_at = 0.0
        self._since_pruned = _PRUNE_EVERY  # the first batch of a process looks too

    def take_problems(self) -> list[Problem]:
        """Return what the user should hear of and has not heard yet."""
        found, self._problems = self._problems, []
        return found

    def recall(
        self, paths: Iterable[Path], lookup: Lookup, cancel: CancelToken | None = None
    ) -> Iterator[Path | ResultBatch]:
        """Yield known results in batches, and each path that has none: every path exactly once.

        When `cancel` is set, what has not been looked up yet has none.
        """
        store = self._open()
        if store is None:
            yield from paths
            return
        remaining = list(paths)
        batch: list[ImageResult] = []
        position = 0
        try:
            for path, result in store.known(remaining, lookup, cancel):
                position += 1
                if result is None:
                    yield path
                    continue
                batch.append(result)
                if len(batch) == _BATCH:
                    yield ResultBatch(tuple(batch), recalled=True)
                    batch = []
        except (sqlite3.Error, OSError) as exc:
            self._fail(exc)
        if batch:
            yield ResultBatch(tuple(batch), recalled=True)
        yield from remaining[position:]

    def failed(self, paths: Iterable[Path], lookup: Lookup) -> list[Path]:
        """Return those of the paths whose last outcome was an error; none when the store cannot be read."""
        store = self._open()
        try:
            return [] if store is None else list(store.failed(list(paths), lookup))
        except (sqlite3.Error, OSError) as exc:
            self._fail(exc)
            return []

    def crashed(self, lookup: Lookup) -> frozenset[bytes]:
        """Return the keys of pictures that killed the process that decoded them."""
        store = self._open()
        try:
            return frozenset() if store is None else store.crashed(lookup)
        except (sqlite3.Error, OSError) as exc:
            self._fail(exc)
            return frozenset()

    def recogniser(self, lookup: Lookup) -> Recogniser | None:
        """Return what finds results by the pictures' bytes, on decode threads; None when there is nothing to find."""
        store = self._open()
        try:
            if store is None or not store.has_results(lookup):
                return None
            return Recogniser(store.file, lookup)
        except (sqlite3.Error, OSError) as exc:
            self._fail(exc)
            return None

    def keep(
        self,
        results: Sequence[ImageResult],
        installed: InstalledWeights,
        identities: Mapping[Path, PictureIdentity],
    ) -> None:
        """Commit one batch, and those that wait; `identities` are those of the files as they were read."""
        if self._file is None:
            return
        self._waiting.append(_Waiting(tuple(results), installed, identities))
        self._since_pruned += len(results)
        if self._open() is not None:
            self._write()
        else:
            self._bound()

    def settle(self) -> None:
        """Try once more to write what waits: at the end of a run. The user is told when it goes on waiting."""
        self._retry_at = 0.0
        if self._waiting and self._open() is not None:
            self._write()
        if self._waiting:
            self._tell_of_waiting()

    @property
    def works(self) -> bool:
        """Whether results are being kept."""
        return self._open() is not None

    def close(self) -> None:
        """Write what waits and close the store; harmless when it was never opened."""
        self._retry_at = 0.0
        if self._waiting and self._open() is not None:
            self._write()
        if self._waiting:
            log.warning("%d results are not in the history", sum(len(one.results) for one in self._waiting))
        if self._store is not None:
            self._shut()

    def _write(self) -> None:
        assert self._store is not None
        try:
            while self._waiting:
                first = self._waiting[0]
                self._store.record(first.results, first.installed, first.identities)
                del self._waiting[0]
            if self._since_pruned >= _PRUNE_EVERY:
                self._since_pruned = 0
                if forgotten := self._store.prune():
                    log.info("the store was full: its %d oldest results are forgotten", forgotten)
        except (sqlite3.Error, OSError) as exc:
            self._fail(exc)

    def _open(self) -> ResultStore | None:
        if self._store is None and self._file is not None and time.monotonic() >= self._retry_at:
            try:
                self._store = ResultStore(self._file)
            except (sqlite3.Error, OSError) as exc:
                if is_busy(exc):  # for longer than anybody should: what comes now waits, and not seconds at each batch
                    log.warning("the store is locked: %s", exc)
                    self._retry_at = time.monotonic() + _LOCKED_SECONDS
                else:
                    self._fail(exc)
                return None
            if self._store.set_aside is not None:
                self._tell("store-damaged", file=self._store.set_aside.name)
        return self._store

    def _fail(self, reason: Exception) -> None:
        """Tell the user once, and go on without the store unless it is sound and may take results later."""
        if is_busy(reason) or is_full(reason):
            self._bound()
            log.warning("results wait in memory, the store takes none now: %s", reason)
            if is_full(reason):
                self._tell("store-full", folder=str(self._file.parent) if self._file else "")
            return
        log.warning("results are not kept from here on, the store fails: %s", reason)
        self._waiting.clear()
        self._shut()
        if self._file is not None and is_damage(reason):
            with suppress(OSError):  # the next start then makes a new one
                self._tell("store-damaged", file=set_aside(self._file).name)
        elif isinstance(reason, sqlite3.NotSupportedError):
            self._tell("store-newer")
        else:
            self._tell("store-fails", reason=str(reason))
        self._file = None

    def _bound(self) -> None:
        """Give up the oldest of what waits when it is too much, and say so."""
        while sum(len(one.results) for one in self._waiting) > _MOST_WAITING:
            del self._waiting[0]
            self._tell_of_waiting()

    def _tell_of_waiting(self) -> None:
        if "store-full" not in self._told:
            self._tell("store-locked")

    def _tell(self, code: str, **params: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._problems.append(Problem(code, tuple(sorted(params.items()))))

    def _shut(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
