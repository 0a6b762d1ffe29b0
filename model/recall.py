"""What earlier runs found out, offered to a new run; a store that fails costs the run nothing but its memory."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from model.store import FileVersion, ResultStore, is_damage, set_aside
from model.types import DecodeMode, ImageResult, InstalledWeights, ResultBatch

log = logging.getLogger(__name__)

_BATCH = 256


class ResultMemory:
    """Opens the store at first use, on the thread that uses it; after a failure it is left alone until next time."""

    def __init__(self, file: Path | None) -> None:
        """With None it remembers nothing."""
        self._file = file
        self._store: ResultStore | None = None

    def recall(
        self, paths: Iterable[Path], installed: InstalledWeights, top: int, decode: DecodeMode = "exact"
    ) -> Iterator[Path | ResultBatch]:
        """Yield known results with `top` labels in batches, and each path that has none: every path exactly once."""
        store = self._open()
        if store is None:
            yield from paths
            return
        remaining = list(paths)
        batch: list[ImageResult] = []
        position = 0
        try:
            for path, result in store.known(remaining, installed, top, decode):
                position += 1
                if result is None:
                    yield path
                    continue
                batch.append(result)
                if len(batch) == _BATCH:
                    yield ResultBatch(tuple(batch))
                    batch = []
        except (sqlite3.Error, OSError) as exc:
            self._give_up(exc)
        if batch:
            yield ResultBatch(tuple(batch))
        yield from remaining[position:]

    def keep(
        self, results: Sequence[ImageResult], installed: InstalledWeights, versions: Mapping[Path, FileVersion]
    ) -> None:
        """Commit one batch; `versions` are those of the files before they were read."""
        store = self._open()
        if store is None:
            return
        try:
            store.record(results, installed, versions)
        except (sqlite3.Error, OSError) as exc:
            self._give_up(exc)

    def close(self) -> None:
        """Close the store; harmless when it was never opened."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _open(self) -> ResultStore | None:
        if self._store is None and self._file is not None:
            try:
                self._store = ResultStore(self._file)
            except (sqlite3.Error, OSError) as exc:
                self._give_up(exc)
        return self._store

    def _give_up(self, reason: Exception) -> None:
        log.warning("results are not kept from here on, the store fails: %s", reason)
        self.close()
        if self._file is not None and is_damage(reason):
            with suppress(OSError):  # the next start then makes a new one
                set_aside(self._file)
        self._file = None
