"""Looking results up asks the drives of the pictures; one that does not answer holds nothing up for long."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes import write_picture
from store_samples import WEIGHTS, put_in

from model import store as store_module
from model import store_lookup
from model.cancel import Cancelled, CancelToken
from model.store import ResultStore
from model.store_lookup import LookupPatience, look_up
from model.store_rows import Lookup
from model.types import ImageResult

LOOKUP = Lookup(WEIGHTS, 3)


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A drive that is away until the event: it does not answer for pictures in a folder `share`."""
    back, stat = threading.Event(), os.stat

    def gated(path: Any, **wishes: Any) -> os.stat_result:
        if isinstance(path, bytes) and b"/share/" in path and threading.current_thread().name == "lookup":
            back.wait(30)
        return stat(path, **wishes)

    monkeypatch.setattr(os, "stat", gated)
    monkeypatch.setattr(store_lookup, "_SENT_EVERY", 0.0)
    yield back
    back.set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    with closing(ResultStore(tmp_path / "s.sqlite3")) as opened:
        yield opened


def filled(store: ResultStore, tmp_path: Path) -> list[ImageResult]:
    """Results of two pictures that lie here and two on the share."""
    places = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "share" / "c.png", tmp_path / "share" / "d.png"]
    return [put_in(store, write_picture(path, size=(10, 10 + number))) for number, path in enumerate(places)]


def test_what_a_share_that_is_away_does_not_tell_is_unknown(
    store: ResultStore, tmp_path: Path, share: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = filled(store, tmp_path)
    monkeypatch.setattr(store_lookup, "STALL_SECONDS", 0.3)
    began = time.monotonic()
    found = list(store.known([result.path for result in results], LOOKUP))
    assert [result for _, result in found] == [*results[:2], None, None]
    assert time.monotonic() - began < 5
    share.set()
    assert [result for _, result in store.known([result.path for result in results], LOOKUP)] == results


def test_cancelling_is_heard_while_a_share_does_not_answer(
    store: ResultStore, tmp_path: Path, share: threading.Event
) -> None:
    results = filled(store, tmp_path)
    cancel = CancelToken()
    threading.Timer(0.3, cancel.cancel).start()
    began = time.monotonic()
    assert len(list(store.known([result.path for result in results], LOOKUP, cancel))) == 4
    assert time.monotonic() - began < 5
    assert not share.is_set()


def test_time_in_which_nobody_asked_for_the_next_does_not_count(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = filled(store, tmp_path)
    monkeypatch.setattr(store_lookup, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(store_lookup, "_SENT_EVERY", 0.0)
    found = []
    for _, result in store.known([result.path for result in results], LOOKUP):
        found.append(result)
        time.sleep(0.5)  # as while a run is paused
    assert found == results


def test_a_child_that_hears_nothing_from_a_drive_leaves_the_rest_unknown(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = filled(store, tmp_path)

    def hanging(
        _target: str, arguments: tuple[Path, list[bytes], list[int]], cancel: CancelToken, *, abandon: LookupPatience
    ) -> Iterator[object]:
        file, keys, ids = arguments
        yield from look_up(file, keys[:2], ids, cancel)
        while not abandon.cancelled:
            time.sleep(0.01)
        raise Cancelled

    monkeypatch.setattr("model.child_process.run_in_child", hanging)
    monkeypatch.setattr(store_module, "MANY", 4)
    monkeypatch.setattr(store_lookup, "STALL_SECONDS", 0.3)
    found = [result for _, result in store.known([result.path for result in results], LOOKUP)]
    assert found == [*results[:2], None, None]
