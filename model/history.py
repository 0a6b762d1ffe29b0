"""What a user can do with the history of results: forget it, and say how large it may grow. Jobs, on any thread."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from model.cancel import CancelToken
from model.errors import HistoryError, first_line
from model.store import ResultStore
from model.store_rows import CRASHED, key_of
from model.store_schema import open_for_reading

log = logging.getLogger(__name__)


def clear_history(file: Path, cancel: CancelToken) -> Iterator[None]:
    """Forget all stored results, also while a run adds to them; raises HistoryError."""
    cancel.raise_if_cancelled()
    with _opened(file) as store:
        store.clear()
    yield None


def limit_history(file: Path, most_bytes: int, cancel: CancelToken) -> Iterator[None]:
    """Let the store grow to so many bytes from now on, forgetting the oldest results at once; raises HistoryError."""
    cancel.raise_if_cancelled()
    with _opened(file) as store:
        store.most_bytes = most_bytes
        store.prune()
    yield None


def has_crashed(file: Path, path: Path) -> bool:
    """Return whether the history says of a picture that it killed the process that decoded it; never raises."""
    if not file.exists():
        return False
    try:
        with closing(open_for_reading(file)) as connection:
            query = "SELECT 1 FROM errors WHERE path = ? AND problem LIKE ?"
            return connection.execute(query, (key_of(path), f'["{CRASHED}"%')).fetchone() is not None
    except sqlite3.Error as exc:
        log.warning("the history is not asked whether a picture has crashed a decoder: %s", exc)
        return False


@contextmanager
def _opened(file: Path) -> Iterator[ResultStore]:
    try:
        with closing(ResultStore(file)) as store:
            yield store
    except (sqlite3.Error, OSError) as exc:
        raise HistoryError("history-unusable", reason=first_line(exc)) from exc
