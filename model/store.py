"""Results that survive the program's end, in SQLite: what was classified before is shown again at once.

A picture is known by the BLAKE2b digest of its bytes, so that a moved or renamed one is recognised and an edited one is
not. To spare reading, a file that lies where it was in the size and with the modification time that it had is taken for
the same: an edit that keeps all three goes unnoticed. Paths are kept as bytes because names need not be valid text.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from model.cancel import Cancelled, CancelToken
from model.errors import PhotospotterError
from model.names import display_name
from model.picture_identity import PictureIdentity
from model.store_lookup import MADE_WITH, LookupPatience, errors_by_path, look_up_beside, made_with_ids, marks
from model.store_rows import (
    CRASHED,
    ERROR_COLUMNS,
    RESULT_COLUMNS,
    Lookup,
    Row,
    error_row,
    key_of,
    outcome_of,
    preprocess_key,
    result_of,
    result_row,
)
from model.store_schema import is_damage, open_for_reading, open_store, set_aside, stand_in
from model.types import ImageResult, InstalledWeights

log = logging.getLogger(__name__)

MANY = 5000
"""So many paths are looked up by a child process."""
_LOOK_UP = "model.store_lookup:look_up"
_LOOKUP_CHUNK = 256
_MAKE = "INSERT OR IGNORE INTO made_with (weights_sha256, preprocess, precision) VALUES (?, ?, ?)"
_PICTURE = "INSERT OR REPLACE INTO pictures (path, size, mtime_ns, digest) VALUES (?, ?, ?, ?)"
# With names, since by number SQLite would not notice that another window has added a column meanwhile.
_RESULT = f"INSERT OR REPLACE INTO results ({','.join(RESULT_COLUMNS)}) VALUES ({','.join('?' * len(RESULT_COLUMNS))})"
_ERROR = f"INSERT OR REPLACE INTO errors ({','.join(ERROR_COLUMNS)}) VALUES ({','.join('?' * len(ERROR_COLUMNS))})"
DEFAULT_MOST_BYTES = 1 << 30
"""How large the store may grow when the user has not said otherwise: some two million results."""
# So much of the oldest goes at a time when the store is full, so that it is not pruned again at each batch.
_PRUNED_SHARE = 0.1


class ResultStore:
    """One connection; owned by the thread that opens it. Raises sqlite3.Error and OSError when the disk does."""

    def __init__(self, file: Path) -> None:
        """Open or make the store; a damaged file is set aside under another name and a new one made.

        `set_aside` then names the damaged file. A store of a later version of the program is left alone:
        sqlite3.NotSupportedError.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self.set_aside: Path | None = None
        try:
            self._connection = open_store(file)
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
            self.set_aside = set_aside(file)
            self._connection = open_store(file)
        self._made_with: dict[tuple[str, str, str], int] = {}

    def record(
        self,
        results: Sequence[ImageResult],
        installed: InstalledWeights,
        identities: Mapping[Path, PictureIdentity],
    ) -> None:
        """Commit one batch in one transaction: pictures, results, and errors.

        `identities` are those of the files as they were read. A result without one is not kept: the file was edited
        meanwhile. Nor are results of other weights or another calibration.
        """
        own = [result for result in results if _is_of(result, installed)]
        good = [result for result in own if result.predictions and result.facts is not None]
        failed = [result for result in own if result.problem is not None]
        with self._connection:
            try:
                batch = self._next_batch()
                self._record_good(good, installed, identities, batch)
                self._record_failed(failed, installed, batch)
            except sqlite3.Error:
                self._made_with.clear()  # what was inserted is taken back
                raise

    def known(
        self, paths: Sequence[Path], lookup: Lookup, cancel: CancelToken | None = None
    ) -> Iterator[tuple[Path, ImageResult | None]]:
        """For each path, in order, its result, which may be a lasting error; None when there is none.

        None also when the result has fewer labels than the weights can give, or when the file has changed. An error is
        lasting when it lies in the file's bytes; others, such as a share that is away, are worth another try. Many
        paths are looked up in a child process. All that is left is unknown when `cancel` is set, or when the files'
        drive does not answer for STALL_SECONDS.
        """
        ids = made_with_ids(self._connection, lookup)
        rows = self._rows([key_of(path) for path in paths], ids, LookupPatience(cancel))
        for path, row in zip(paths, rows, strict=True):
            yield path, None if row is None else outcome_of(path, row, lookup)

    def failed(self, paths: Sequence[Path], lookup: Lookup) -> Iterator[Path]:
        """Yield those of the paths whose last outcome was an error of any kind, in order."""
        ids = made_with_ids(self._connection, lookup)
        for start in range(0, len(paths), _LOOKUP_CHUNK):
            chunk = paths[start : start + _LOOKUP_CHUNK]
            errors = errors_by_path(self._connection, [key_of(path) for path in chunk], ids)
            yield from (path for path in chunk if key_of(path) in errors)

    def crashed(self, lookup: Lookup) -> frozenset[bytes]:
        """Return the keys of pictures that killed the process that decoded them."""
        ids = made_with_ids(self._connection, lookup)
        query = f"SELECT path FROM errors WHERE made_with IN ({marks(ids)}) AND problem LIKE ?"
        return frozenset(row[0] for row in self._connection.execute(query, [*ids, f'["{CRASHED}"%']))

    def has_results(self, lookup: Lookup) -> bool:
        """Return whether there may be any result to find."""
        return bool(made_with_ids(self._connection, lookup))

    def bytes_used(self) -> int:
        """Return how many bytes of the file are in use."""
        pages, free, size = (
            int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    @property
    def most_bytes(self) -> int:
        """How large the store may grow; kept in it, so that window and command line agree."""
        row = self._connection.execute("SELECT value FROM limits WHERE name = 'bytes'").fetchone()
        return DEFAULT_MOST_BYTES if row is None else int(row[0])

    @most_bytes.setter
    def most_bytes(self, value: int) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO limits VALUES ('bytes', ?)", (value,))

    def prune(self) -> int:
        """Forget results, oldest first, until at most `most_bytes` are in use; return how many were forgotten."""
        forgotten = 0
        most_bytes = self.most_bytes
        while self.bytes_used() > most_bytes:
            (total,) = self._connection.execute("SELECT count(*) FROM results").fetchone()
            if not total:
                break
            with self._connection:
                done = self._connection.execute(
                    "DELETE FROM results WHERE (digest, made_with) IN "
                    "(SELECT digest, made_with FROM results ORDER BY batch, classified_at LIMIT ?)",
                    (max(1, int(total * _PRUNED_SHARE)),),
                )
                forgotten += done.rowcount
                self._connection.execute("DELETE FROM pictures WHERE digest NOT IN (SELECT digest FROM results)")
                kept = "EXISTS (SELECT 1 FROM results) AND batch >= (SELECT min(batch) FROM results)"
                self._connection.execute(f"DELETE FROM errors WHERE NOT ({kept})")
        return forgotten

    def clear(self) -> None:
        """Forget everything, and give the space back to the disk."""
        with self._connection:
            # What they were made with stays: other connections, in mid-run, know it by its number.
            for table in ("results", "pictures", "errors"):
                self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _next_batch(self) -> int:
        """Return a number above those of all batches, of other processes too: a clock may be moved back, it is not."""
        query = "INSERT INTO limits VALUES ('batch', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
        self._connection.execute(query)
        return int(self._connection.execute("SELECT value FROM limits WHERE name = 'batch'").fetchone()[0])

    def _record_good(
        self,
        results: Sequence[ImageResult],
        installed: InstalledWeights,
        identities: Mapping[Path, PictureIdentity],
        batch: int,
    ) -> None:
        named = [(result, identities[result.path]) for result in results if result.path in identities]
        pictures = [
            (key_of(result.path), identity.version.size, identity.version.mtime_ns, identity.digest)
            for result, identity in named
        ]
        for picture in pictures:
            self._adopt(*picture)
        self._connection.executemany(_PICTURE, pictures)
        rows = [result_row(result, identity.digest, self._make(result, installed), batch) for result, identity in named]
        self._connection.executemany(_RESULT, rows)
        gone = [(key_of(result.path),) for result, _ in named]
        self._connection.executemany("DELETE FROM errors WHERE path = ?", gone)

    def _adopt(self, path: bytes, size: int, mtime_ns: int, digest: bytes) -> None:
        """Give results that an older version kept by path, without a digest, the one that is known now."""
        old = stand_in(path, size, mtime_ns)
        query = "SELECT 1 FROM pictures WHERE (path, digest) = (?, ?)"
        if self._connection.execute(query, (path, old)).fetchone() is not None:
            self._connection.execute("UPDATE OR REPLACE results SET digest = ? WHERE digest = ?", (digest, old))

    def _record_failed(self, results: Sequence[ImageResult], installed: InstalledWeights, batch: int) -> None:
        rows = [error_row(result, self._make(result, installed), batch) for result in results]
        self._connection.executemany(_ERROR, rows)

    def _make(self, result: ImageResult, installed: InstalledWeights) -> int:
        key = (installed.sha256, preprocess_key(installed.weights, result.decode), result.precision)
        if key not in self._made_with:
            self._connection.execute(_MAKE, key)
            self._made_with[key] = int(self._connection.execute(MADE_WITH, key).fetchone()[0])
        return self._made_with[key]

    def _rows(self, keys: Sequence[bytes], ids: Sequence[int], patience: LookupPatience) -> Iterator[Row | None]:
        done = 0
        if len(keys) >= MANY and ids:
            from model.child_process import run_in_child  # with multiprocessing, which most starts do without

            try:
                for batch in run_in_child(_LOOK_UP, (self.file, keys, ids), CancelToken(), abandon=patience):
                    assert isinstance(batch, list)
                    yield from batch
                    done += len(batch)
                    patience.heard()
            except PhotospotterError as exc:
                log.warning("the store is read in this process, the child failed: %s", exc)
            except Cancelled:
                yield from [None] * (len(keys) - done)
                return
        try:
            for batch in look_up_beside(self.file, keys[done:], ids, patience) if ids else ():
                yield from batch
                done += len(batch)
                patience.heard()
        except Cancelled:
            log.warning("%d pictures are not looked up in the store", len(keys) - done)
        yield from [None] * (len(keys) - done)


class Recogniser:
    """Finds results by the bytes of pictures, with a connection of its own; any thread may call it.

    Never raises: a picture that cannot be looked up is classified.
    """

    def __init__(self, file: Path, lookup: Lookup) -> None:
        """Read from the store `file`, which is open elsewhere; raises sqlite3.Error."""
        self._lookup = lookup
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = open_for_reading(file)

    def __call__(self, path: Path, digest: bytes) -> ImageResult | None:
        """Return the result of a picture with these bytes as one of `path`; None when there is none."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                ids = made_with_ids(self._connection, self._lookup)
                query = (
                    "SELECT * FROM results JOIN made_with ON made_with.id = made_with "
                    f"WHERE digest = ? AND made_with IN ({marks(ids)}) ORDER BY made_with = ? DESC"
                )
                row = self._connection.execute(query, [digest, *ids, *ids[:1]]).fetchone() if ids else None
            except sqlite3.Error as exc:
                log.warning("%s is not looked up in the store: %s", display_name(path), exc)
                return None
        if row is None:
            return None
        return result_of(path, row, self._lookup)

    def close(self) -> None:
        """Close the connection; what is asked afterwards is not known."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _is_of(result: ImageResult, installed: InstalledWeights) -> bool:
    return result.weights_sha256 == installed.sha256 and result.calibration == installed.weights.calibration
