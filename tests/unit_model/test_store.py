"""The store gives back what was put in, for the same file and the same weights only."""

import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import make_result, make_weights, write_picture
from hypothesis import given
from hypothesis import strategies as st
from store_samples import WEIGHTS, identities_of, known, put_in

from model import store_schema as module
from model.cancel import CancelToken
from model.recall import ResultMemory
from model.store import ResultStore
from model.store_rows import Lookup
from model.types import ImageResult, ResultBatch


def keep(memory: ResultMemory, path: Path) -> ImageResult:
    result = make_result(path, WEIGHTS, 0.7, 0.2, 0.1)
    memory.keep([result], WEIGHTS, identities_of(path) if path.exists() else {})
    return result


def test_a_result_comes_back_equal(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    store.close()
    reopened = ResultStore(tmp_path / "s.sqlite3")
    assert known(reopened, picture) == result
    reopened.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows names are text")
def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    write_picture(picture)
    result = put_in(store, picture)
    assert known(store, picture) == result
    store.close()


def test_other_weights_and_other_preprocessing_do_not_share_results(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    put_in(store, picture)
    assert known(store, picture, weights=make_weights("other")) is None
    preprocess = replace(WEIGHTS.weights.preprocess, resize=9)
    other = replace(WEIGHTS, weights=replace(WEIGHTS.weights, preprocess=preprocess))
    assert known(store, picture, weights=other) is None
    store.close()


def test_an_edited_or_vanished_file_is_classified_anew(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    put_in(store, picture)
    write_picture(picture, size=(40, 30))
    assert known(store, picture) is None
    put_in(store, picture)
    picture.unlink()
    assert known(store, picture) is None
    store.close()


def test_a_damaged_store_is_set_aside_and_a_new_one_made(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    file.write_bytes(b"this is no database" * 100)
    store = ResultStore(file)
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    assert known(store, picture) == result
    assert (tmp_path / "s.sqlite3.damaged").read_bytes().startswith(b"this is no database")
    store.close()


def test_memory_recalls_in_batches_and_names_what_it_does_not_know(tmp_path: Path) -> None:
    memory = ResultMemory(tmp_path / "s.sqlite3")
    kept, unknown = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png")
    result = keep(memory, kept)
    recalled = list(memory.recall([unknown, kept], Lookup(WEIGHTS, 3)))
    assert recalled == [unknown, ResultBatch((result,), recalled=True)]
    memory.close()


def test_a_store_that_cannot_be_opened_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = ResultMemory(tmp_path / "file" / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    keep(memory, picture)
    assert list(memory.recall([picture], Lookup(WEIGHTS, 3))) == [picture]
    memory.close()


def test_without_a_file_nothing_is_remembered(tmp_path: Path) -> None:
    memory = ResultMemory(None)
    picture = write_picture(tmp_path / "a.png")
    keep(memory, picture)
    assert list(memory.recall([picture], Lookup(WEIGHTS, 3))) == [picture]


def test_a_picture_that_was_edited_while_it_was_classified_is_not_taken_for_known(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    before = identities_of(picture)
    write_picture(picture, size=(40, 30))
    store.record([make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)], WEIGHTS, before)
    assert known(store, picture) is None
    store.record([make_result(picture, WEIGHTS, 0.7, 0.2, 0.1)], WEIGHTS, {})
    assert known(store, picture) is None
    store.close()


def test_results_of_other_weights_are_never_recorded_as_these(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    other = make_weights("other")
    store.record([make_result(picture, other, 0.7, 0.2, 0.1)], WEIGHTS, identities_of(picture))
    assert known(store, picture) is None
    assert known(store, picture, weights=other) is None
    store.close()


def test_more_labels_than_were_stored_need_a_new_run_and_fewer_do_not(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "s.sqlite3")
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture, 0.7, 0.2)
    assert known(store, picture, top=3) is None
    assert known(store, picture, top=2) == result
    one = known(store, picture, top=1)
    assert one is not None
    assert one.predictions == result.predictions[:1]
    put_in(store, picture, 0.7, 0.2, 0.1)
    assert known(store, picture, top=99) is not None, "all the classes there are"
    store.close()


@pytest.mark.parametrize(
    "stored",
    ["[[3, 0.5], [0, 0.2], [1, 0.1]]", "[[-1, 0.5], [0, 0.2], [1, 0.1]]", "[]", "null", "[[0]]", "{", '[["x", 0.5]]'],
)
def test_a_row_that_does_not_fit_the_card_is_no_result(tmp_path: Path, stored: str) -> None:
    file = tmp_path / "s.sqlite3"
    store = ResultStore(file)
    bad, good = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png", size=(40, 30))
    put_in(store, bad)
    result = put_in(store, good)
    with closing(sqlite3.connect(file)) as connection, connection:
        where = "digest = (SELECT digest FROM pictures WHERE path = ?)"
        connection.execute(f"UPDATE results SET predictions = ? WHERE {where}", [stored, os.fsencode(bad)])
    assert list(store.known([bad, good], Lookup(WEIGHTS, 3))) == [(bad, None), (good, result)]
    store.close()


@pytest.mark.parametrize("name", ["nul\0.png", "half \ud800 pair.png"])
def test_a_name_that_no_file_can_have_is_only_unknown(tmp_path: Path, name: str) -> None:
    memory = ResultMemory(tmp_path / "s.sqlite3")
    odd, picture = tmp_path / name, write_picture(tmp_path / "a.png")
    result = keep(memory, picture)
    memory.keep([make_result(odd, WEIGHTS, error="image-missing")], WEIGHTS, {})
    assert list(memory.recall([odd, picture], Lookup(WEIGHTS, 3))) == [odd, ResultBatch((result,), recalled=True)]
    memory.close()


def test_a_store_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    ResultStore(file).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {module.SCHEMA_VERSION + 1}")
    before = file.read_bytes()
    memory = ResultMemory(file)
    picture = write_picture(tmp_path / "a.png")
    keep(memory, picture)
    assert list(memory.recall([picture], Lookup(WEIGHTS, 3))) == [picture]
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*damaged*")] == []


def test_a_damaged_store_takes_its_companions_along(tmp_path: Path) -> None:
    """SQLite would take the old write-ahead log for that of the new file."""
    for name in ("s.sqlite3", "s.sqlite3-wal", "s.sqlite3-shm"):
        (tmp_path / name).write_text(name)
    module.set_aside(tmp_path / "s.sqlite3")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "s.sqlite3.damaged": "s.sqlite3",
        "s.sqlite3.damaged-wal": "s.sqlite3-wal",
        "s.sqlite3.damaged-shm": "s.sqlite3-shm",
    }
    (tmp_path / "s.sqlite3").write_text("another")
    module.set_aside(tmp_path / "s.sqlite3")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"s.sqlite3.damaged": "another"}


def test_damage_that_shows_later_is_set_aside_for_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    pictures = [write_picture(tmp_path / f"{number}.png") for number in range(400)]
    memory = ResultMemory(file)
    memory.keep([make_result(path, WEIGHTS, 0.7, 0.2, 0.1) for path in pictures], WEIGHTS, identities_of(*pictures))
    memory.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    assert list(ResultMemory(file).recall(pictures, Lookup(WEIGHTS, 3))) == pictures
    assert (tmp_path / "s.sqlite3.damaged").exists()
    again = ResultMemory(file)
    result = keep(again, pictures[0])
    assert list(again.recall(pictures[:1], Lookup(WEIGHTS, 3))) == [ResultBatch((result,), recalled=True)]
    again.close()


def test_a_store_that_another_program_has_locked_costs_only_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.01)
    file = tmp_path / "s.sqlite3"
    ResultStore(file).close()
    picture = write_picture(tmp_path / "a.png")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        memory = ResultMemory(file)
        keep(memory, picture)
        assert list(memory.recall([picture], Lookup(WEIGHTS, 3))) == [picture]
        other.execute("ROLLBACK")
    assert [path.name for path in tmp_path.glob("*damaged*")] == []


class BreakingStore(ResultStore):
    """Knows the paths in `good`, and fails at the path number `breaks_at`."""

    def __init__(self, good: set[Path], breaks_at: int) -> None:
        self.good = good
        self.breaks_at = breaks_at
        self.closed = False

    def known(
        self, paths: Sequence[Path], lookup: Lookup, cancel: CancelToken | None = None
    ) -> Iterator[tuple[Path, ImageResult | None]]:
        for number, path in enumerate(paths):
            if number == self.breaks_at:
                raise sqlite3.OperationalError("disk I/O error")
            yield path, make_result(path, lookup.installed, 0.7, 0.2, 0.1) if path in self.good else None

    def close(self) -> None:
        self.closed = True


@given(st.lists(st.booleans(), max_size=700), st.integers(0, 700))
def test_every_path_is_recalled_or_named_exactly_once_wherever_the_store_fails(good: list[bool], at: int) -> None:
    paths = [Path(f"{number}.png") for number in range(len(good))]
    store = BreakingStore({path for path, is_good in zip(paths, good, strict=True) if is_good}, at)
    memory = ResultMemory(Path("unused"))
    memory._store = store
    seen: list[Path] = []
    for item in memory.recall(paths, Lookup(WEIGHTS, 3)):
        seen += [result.path for result in item.results] if isinstance(item, ResultBatch) else [item]
    assert sorted(seen) == sorted(paths)
    assert store.closed is (at < len(paths))


def test_what_is_stored_is_what_the_card_needs_and_no_more(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    store = ResultStore(file)
    put_in(store, write_picture(tmp_path / "a.png"))
    store.close()
    with closing(sqlite3.connect(file)) as connection:
        (stored,) = connection.execute("SELECT predictions FROM results").fetchone()
    assert stored == struct.pack("<3I3d", 0, 1, 2, 0.7, 0.2, 0.1)
