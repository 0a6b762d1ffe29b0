"""Which stored rows are those of the files as they are now: by path, size and time of change."""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from model.cancel import Cancelled, CancelToken
from model.store_rows import Lookup, Row, is_lasting, preprocess_key
from model.store_schema import open_for_reading
from model.types import Precision

_CHUNK = 256
# Each read from the pipe gives the interpreter lock away, and the GUI thread may take 5 ms to give it back.
_SENT_AT_ONCE = 8192
_SENT_EVERY = 1.0
_TICK = 0.1
STALL_SECONDS = 30.0
"""After so long without an answer the rest counts as unknown; decoding then finds out what is wrong."""
_NOT_SENT = frozenset(("path", "size", "mtime_ns"))
MADE_WITH = "SELECT id FROM made_with WHERE (weights_sha256, preprocess, precision) = (?, ?, ?)"
# Full precision first: it is taken where there are both.
_PRECISIONS: dict[bool, tuple[Precision, ...]] = {True: ("float32",), False: ("float32", "float16")}


def made_with_ids(connection: sqlite3.Connection, lookup: Lookup) -> list[int]:
    """Return the ids of what fits, best first."""
    ids: list[int] = []
    preprocess = preprocess_key(lookup.installed.weights, lookup.decode)
    for precision in _PRECISIONS[lookup.exact_only]:
        key = (lookup.installed.sha256, preprocess, precision)
        ids.extend(row[0] for row in connection.execute(MADE_WITH, key))
    return ids


def marks(values: Sequence[object]) -> str:
    """Return as many question marks as there are values, for SQL."""
    return ",".join("?" * len(values))


def current_rows(connection: sqlite3.Connection, keys: Sequence[bytes], ids: Sequence[int]) -> Iterator[Row | None]:
    """For each path, as bytes and in order, yield the row of its result or lasting error; None if there is none.

    A row counts when the file has the size and time of change that are in it.
    """
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        results, errors = _results(connection, chunk, ids), errors_by_path(connection, chunk, ids)
        for key in chunk:
            yield _current(key, results.get(key), errors.get(key))


def errors_by_path(
    connection: sqlite3.Connection, keys: Sequence[bytes], ids: Sequence[int]
) -> dict[bytes, sqlite3.Row]:
    """Return the stored errors of any kind of these paths."""
    query = f"SELECT * FROM errors WHERE made_with IN ({marks(ids)}) AND path IN ({marks(keys)})"
    rows = connection.execute(query, [*ids, *keys]) if ids else ()
    return {row["path"]: row for row in rows}


def look_up(file: Path, keys: Sequence[bytes], ids: Sequence[int], cancel: CancelToken) -> Iterator[list[Row | None]]:
    """Yield what `current_rows` does, in lists: the job of a child process.

    In a window's own process each row and each file costs a wait for the interpreter lock that the GUI thread holds.
    Lists that take long, because the files' drive does, are not waited for until they are long.
    """
    with closing(open_for_reading(file)) as connection:
        batch: list[Row | None] = []
        sent = time.monotonic()
        for row in current_rows(connection, keys, ids):
            batch.append(None if row is None else {name: row[name] for name in row.keys() if name not in _NOT_SENT})
            if len(batch) == _SENT_AT_ONCE or time.monotonic() - sent > _SENT_EVERY:
                cancel.raise_if_cancelled()
                yield batch
                batch, sent = [], time.monotonic()
        yield batch


class LookupPatience(CancelToken):
    """Cancelled when `cancel` is, or when nothing was heard for too long: a share that is gone answers no question."""

    def __init__(self, cancel: CancelToken | None) -> None:
        """Begin to wait."""
        super().__init__()
        self._cancel = cancel
        self.heard()

    def heard(self) -> None:
        """Begin to wait anew."""
        self._until = time.monotonic() + STALL_SECONDS

    @property
    def cancelled(self) -> bool:
        """Whether to wait no longer."""
        return (self._cancel is not None and self._cancel.cancelled) or time.monotonic() > self._until


def look_up_beside(
    file: Path, keys: Sequence[bytes], ids: Sequence[int], patience: LookupPatience
) -> Iterator[list[Row | None]]:
    """Yield what `look_up` does, done by a thread that is left behind where it hangs: raises Cancelled then."""
    told: queue.SimpleQueue[list[Row | None] | BaseException | None] = queue.SimpleQueue()
    given_up = CancelToken()

    def work() -> None:
        try:
            for batch in look_up(file, keys, ids, given_up):
                told.put(batch)
            told.put(None)
        except BaseException as exc:  # noqa: BLE001 - raised again where it is waited for
            told.put(exc)

    threading.Thread(target=work, name="lookup", daemon=True).start()
    while True:
        try:
            item = told.get(timeout=_TICK)
        except queue.Empty:
            if patience.cancelled:
                given_up.cancel()
                raise Cancelled from None
            continue
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item
        yield item


def _results(connection: sqlite3.Connection, keys: Sequence[bytes], ids: Sequence[int]) -> dict[bytes, sqlite3.Row]:
    query = (
        "SELECT path, size, mtime_ns, predictions, format, width, height, seconds, classified_at, unsure, engine, "
        "precision FROM pictures JOIN results USING (digest) JOIN made_with ON made_with.id = made_with "
        f"WHERE made_with IN ({marks(ids)}) AND path IN ({marks(keys)}) ORDER BY made_with = ?"
    )
    # The last row of a path is the one that is kept.
    rows = connection.execute(query, [*ids, *keys, *ids[:1]]) if ids else ()
    return {row["path"]: row for row in rows}


def _current(key: bytes, result: sqlite3.Row | None, error: sqlite3.Row | None) -> sqlite3.Row | None:
    if error is not None and not is_lasting(error):
        error = None
    if result is None and error is None:
        return None
    try:
        status = os.stat(key)  # noqa: PTH116 - paths are bytes here
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None
    for row in (result, error):
        if row is not None and (row["size"], row["mtime_ns"]) == (status.st_size, status.st_mtime_ns):
            return row
    return None
