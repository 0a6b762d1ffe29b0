"""Whose result it is: pictures that are moved, copied, edited or touched; errors; and what is forgotten."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import make_result, make_weights, write_picture
from store_samples import WEIGHTS, identities_of, known, put_in

from model import store as store_module
from model import store_rows
from model.cancel import CancelToken
from model.child_process import run_in_child
from model.errors import PhotospotterError
from model.store import DEFAULT_MOST_BYTES, Recogniser, ResultStore
from model.store_lookup import look_up
from model.store_rows import Lookup
from model.types import EngineName, ImageResult

LOOKUP = Lookup(WEIGHTS, 3)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "s.sqlite3")


def recognised(store: ResultStore, path: Path, lookup: Lookup = LOOKUP) -> ImageResult | None:
    with closing(Recogniser(store.file, lookup)) as recognise:
        return recognise(path, identities_of(path)[path].digest)


def test_a_moved_a_renamed_and_a_copied_picture_are_recognised_by_their_bytes(
    store: ResultStore, tmp_path: Path
) -> None:
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    (tmp_path / "elsewhere").mkdir()
    moved = picture.rename(tmp_path / "elsewhere" / "b.png")
    assert known(store, moved) is None, "not without reading it"
    assert recognised(store, moved) == replace(result, path=moved)
    store.record([replace(result, path=moved)], WEIGHTS, identities_of(moved))
    assert known(store, moved) == replace(result, path=moved), "and after that without reading it"
    copied = Path(shutil.copy(moved, tmp_path / "c.png"))
    assert recognised(store, copied) == replace(result, path=copied)
    store.close()


def test_an_edited_picture_is_not_recognised_and_a_touched_one_is(store: ResultStore, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    result = put_in(store, picture)
    os.utime(picture, ns=(0, 1_000_000_000))
    assert known(store, picture) is None
    assert recognised(store, picture) == result
    write_picture(picture, (30, 30, 220))
    assert recognised(store, picture) is None
    store.close()


def test_an_edit_that_keeps_size_and_time_goes_unnoticed_as_the_docs_say(store: ResultStore, tmp_path: Path) -> None:
    picture = tmp_path / "a.bmp"
    write_picture(picture)
    result = put_in(store, picture)
    times = picture.stat()
    write_picture(picture, (30, 30, 220))
    os.utime(picture, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert known(store, picture) == result
    store.close()


def test_a_clock_moved_back_confuses_nobody(store: ResultStore, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    future = replace(make_result(picture, WEIGHTS, 0.7, 0.2, 0.1), classified_at=datetime(2099, 1, 1, tzinfo=UTC))
    store.record([future], WEIGHTS, identities_of(picture))
    assert known(store, picture) == future
    now = replace(make_result(picture, WEIGHTS, 0.6, 0.3, 0.1), classified_at=datetime(1999, 1, 1, tzinfo=UTC))
    store.record([now], WEIGHTS, identities_of(picture))
    assert known(store, picture) == now, "the later word counts, whatever its clock said"
    store.close()


@pytest.mark.parametrize("exact_only", [False, True])
def test_half_precision_is_not_taken_where_the_cpu_computes(
    store: ResultStore, tmp_path: Path, exact_only: bool
) -> None:
    picture = write_picture(tmp_path / "a.png")
    half = replace(make_result(picture, WEIGHTS, 0.69, 0.21, 0.1), precision="float16")
    store.record([half], WEIGHTS, identities_of(picture))
    lookup = replace(LOOKUP, exact_only=exact_only)
    expected = None if exact_only else half
    assert list(store.known([picture], lookup)) == [(picture, expected)]
    assert recognised(store, picture, lookup) == expected
    full = put_in(store, picture)
    assert list(store.known([picture], lookup)) == [(picture, full)], "full precision is preferred"
    assert recognised(store, picture, lookup) == full
    store.close()


def error(path: Path, code: str = "image-damaged") -> ImageResult:
    return make_result(path, WEIGHTS, error=code)


@pytest.mark.parametrize("code", sorted(store_rows.LASTING))
def test_an_error_that_lies_in_the_file_is_known_until_the_file_changes(
    store: ResultStore, tmp_path: Path, code: str
) -> None:
    picture = write_picture(tmp_path / "a.png")
    store.record([error(picture, code)], WEIGHTS, {})
    assert known(store, picture) == error(picture, code)
    assert list(store.failed([picture], LOOKUP)) == [picture]
    write_picture(picture, size=(40, 30))
    assert known(store, picture) is None
    store.close()


@pytest.mark.parametrize("code", ["image-missing", "image-no-permission", "image-io", "image-stalled"])
def test_an_error_that_may_pass_is_tried_again_but_listed_as_failed(
    store: ResultStore, tmp_path: Path, code: str
) -> None:
    pictures = [write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png")]
    store.record([error(pictures[1], code)], WEIGHTS, {})
    assert known(store, pictures[1]) is None
    assert list(store.failed(pictures, LOOKUP)) == pictures[1:]
    put_in(store, pictures[1])
    assert list(store.failed(pictures, LOOKUP)) == [], "it went well since"
    store.close()


def test_another_version_of_the_program_tries_what_could_not_be_read(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = write_picture(tmp_path / "a.png")
    store.record([error(picture)], WEIGHTS, {})
    monkeypatch.setattr(store_rows, "program_version", lambda: "a later one")
    assert known(store, picture) is None
    store.close()


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", "null", '["image-damaged"]', '["image-damaged", 3, ""]', "[[], [], 0]"]
)
def test_a_damaged_row_of_an_error_is_passed_over(store: ResultStore, tmp_path: Path, stored: str) -> None:
    picture = write_picture(tmp_path / "a.png")
    store.record([error(picture)], WEIGHTS, {})
    with closing(sqlite3.connect(store.file)) as connection, connection:
        connection.execute("UPDATE errors SET problem = ?", (stored,))
    assert known(store, picture) is None
    store.close()


def test_what_crashed_is_listed_by_path(store: ResultStore, tmp_path: Path) -> None:
    guilty, damaged = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png")
    store.record([error(guilty, store_rows.CRASHED), error(damaged)], WEIGHTS, {})
    assert store.crashed(LOOKUP) == {os.fsencode(guilty)}
    store.close()


def fill(store: ResultStore, folder: Path, count: int) -> list[ImageResult]:
    pictures = [write_picture(folder / f"{number}.png", (number % 256, number // 256, 0)) for number in range(count)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    results = [
        replace(make_result(path, WEIGHTS, 0.7, 0.2, 0.1), classified_at=start + timedelta(seconds=number))
        for number, path in enumerate(pictures)
    ]
    store.record(results, WEIGHTS, identities_of(*pictures))
    return results


def on_disk(store: ResultStore) -> bytes:
    parts = sorted(store.file.parent.glob(f"{store.file.name}*"))
    return b"".join(part.read_bytes() for part in parts if not part.name.endswith("-shm"))


def test_the_oldest_results_go_when_the_store_is_full(store: ResultStore, tmp_path: Path) -> None:
    results = fill(store, tmp_path, 600)
    assert store.prune() == 0, "far from the size that it may have"
    assert store.most_bytes == DEFAULT_MOST_BYTES
    store.most_bytes = store.bytes_used() // 2
    forgotten = store.prune()
    assert store.bytes_used() <= store.most_bytes
    left = [result for _, result in store.known([result.path for result in results], LOOKUP)]
    assert 0 < forgotten < 600
    assert left == [None] * forgotten + results[forgotten:], "the youngest were kept, whole"
    store.close()
    reopened = ResultStore(store.file)
    assert reopened.most_bytes < DEFAULT_MOST_BYTES, "the size is kept in the store"
    reopened.close()


def test_what_was_kept_last_stays_also_when_the_clock_was_moved_back(store: ResultStore, tmp_path: Path) -> None:
    older = fill(store, tmp_path / "old", 400)
    broken = write_picture(tmp_path / "broken.png", size=(3, 3))
    pictures = [write_picture(tmp_path / "new" / f"{number}.png", (number, 0, 9)) for number in range(200)]
    past = datetime(2001, 1, 1, tzinfo=UTC)
    newer = [replace(make_result(path, WEIGHTS, 0.7, 0.2, 0.1), classified_at=past) for path in pictures]
    store.record([*newer, replace(error(broken), classified_at=past)], WEIGHTS, identities_of(*pictures))
    store.most_bytes = store.bytes_used() * 3 // 4
    assert store.prune() > 0
    assert [result for _, result in store.known(pictures, LOOKUP)] == newer
    assert [result for _, result in store.known([one.path for one in older[:10]], LOOKUP)] == [None] * 10
    assert known(store, broken) is not None
    store.close()


def test_a_cleared_history_is_gone_from_the_disk(store: ResultStore, tmp_path: Path) -> None:
    results = fill(store, tmp_path, 600)
    store.record([error(results[0].path)], WEIGHTS, {})
    before = on_disk(store)
    store.clear()
    assert known(store, results[0].path) is None
    assert list(store.failed([results[0].path], LOOKUP)) == []
    assert len(on_disk(store)) < len(before) / 2
    assert b".png" in before
    assert b".png" not in on_disk(store)
    assert put_in(store, results[0].path) == known(store, results[0].path), "it goes on being kept"
    store.close()


def test_windows_and_a_command_line_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    faults: list[Exception] = []

    def write(number: int) -> None:
        try:
            with closing(ResultStore(file)) as store:
                for index in range(40):
                    put_in(store, write_picture(tmp_path / str(number) / f"{index}.png", (number, index, 0)))
        except (sqlite3.Error, OSError) as exc:
            faults.append(exc)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    assert faults == []
    with closing(ResultStore(file)) as store:
        assert all(known(store, tmp_path / str(n) / f"{i}.png") is not None for n in range(3) for i in range(40))


def test_weights_used_before_find_their_results_again(store: ResultStore, tmp_path: Path) -> None:
    picture, other = write_picture(tmp_path / "a.png"), make_weights("other")
    first = put_in(store, picture)
    second = make_result(picture, other, 0.5, 0.3, 0.2)
    store.record([second], other, identities_of(picture))
    assert (known(store, picture), known(store, picture, weights=other)) == (first, second)
    store.close()


def test_an_engine_that_is_asked_for_by_name_gets_only_its_own(store: ResultStore, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    result = replace(make_result(picture, WEIGHTS, 0.7, 0.2, 0.1), engine="torch")
    store.record([result], WEIGHTS, identities_of(picture))
    expected: dict[EngineName | None, ImageResult | None] = {None: result, "torch": result, "onnx": None}
    for engine, outcome in expected.items():
        lookup = replace(LOOKUP, engine=engine)
        assert list(store.known([picture], lookup)) == [(picture, outcome)]
        assert recognised(store, picture, lookup) == outcome
    store.close()


def test_many_pictures_are_looked_up_in_a_child_process_with_the_same_outcome(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = fill(store, tmp_path, 1500)
    paths = [result.path for result in results]
    store.record([error(paths[3]), error(paths[4], "image-io")], WEIGHTS, {})
    write_picture(paths[5], size=(40, 30))
    paths[6].unlink()
    paths.append(tmp_path / "half \ud800 pair.png")
    with closing(sqlite3.connect(store.file)) as connection, connection:
        for path, stored in zip(paths[7:11], ["{", "[[-1, 0.5]]", b"odd", b"\xff" * 36], strict=True):
            digest = "(SELECT digest FROM pictures WHERE path = ?)"
            key = store_rows.key_of(path)
            connection.execute(f"UPDATE results SET predictions = ? WHERE digest = {digest}", (stored, key))
    here = list(store.known(paths, LOOKUP))
    children: list[str] = []

    def counted(target: str, *arguments: object, **wishes: object) -> Iterator[object]:
        children.append(target)
        return run_in_child(target, *arguments, **wishes)  # type: ignore[arg-type]

    monkeypatch.setattr("model.child_process.run_in_child", counted)
    monkeypatch.setattr(store_module, "MANY", 100)
    assert list(store.known(paths, LOOKUP)) == here
    assert children == ["model.store_lookup:look_up"]
    assert sum(result is not None for _, result in here) == 1494
    store.close()


def test_a_child_that_fails_leaves_the_rest_to_this_process(
    store: ResultStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = fill(store, tmp_path, 300)
    paths = [result.path for result in results]

    def dying(
        _target: str, arguments: tuple[Path, list[bytes], list[int]], cancel: CancelToken, **_: object
    ) -> Iterator[object]:
        file, keys, ids = arguments
        yield from look_up(file, keys[:120], ids, cancel)
        raise PhotospotterError("child-died")

    monkeypatch.setattr("model.child_process.run_in_child", dying)
    monkeypatch.setattr(store_module, "MANY", 100)
    assert [result for _, result in store.known(paths, LOOKUP)] == results
    store.close()
