"""What a user can do with the history of results: forget it, and say how large it may grow. Jobs, on any thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from model.cancel import CancelToken
from model.errors import HistoryError, first_line
from model.store import ResultStore


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


@contextmanager
def _opened(file: Path) -> Iterator[ResultStore]:
    try:
        with closing(ResultStore(file)) as store:
            yield store
    except (sqlite3.Error, OSError) as exc:
        raise HistoryError("history-unusable", reason=first_line(exc)) from exc
