"""Pictures go into folders: nothing is overwritten, nothing is lost, and each that stays is told of in one line."""

import errno
import multiprocessing
import os
from pathlib import Path

import pytest
from sorting_desk import codes, end_of, give_file, item, names, plan, sort, tree, undo

from model import file_moves, picture_placing, sorting_plan
from model.cancel import CancelToken
from model.errors import SortError
from model.file_moves import give_name
from model.sorting import carry_out
from model.sorting_journal import journal_folder, runs
from model.sorting_types import SortAction, SortRequest, SortStep

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
both = pytest.mark.parametrize("action", ["copy", "move"])


@both
def test_pictures_go_into_their_folders(tmp_path: Path, action: SortAction) -> None:
    items = [
        item(give_file(tmp_path / "in" / "a.jpg", b"a"), "cat"),
        item(give_file(tmp_path / "in" / "deep" / "b.jpg", b"b"), "dog"),
        item(give_file(tmp_path / "in" / "c.jpg", b"c"), "dog", 0.1),
        item(give_file(tmp_path / "in" / "d.jpg", b"d"), None),
    ]
    (tmp_path / "in" / "a.jpg").chmod(0o640)
    before = tree(tmp_path / "in")
    done, failures = sort(items, tmp_path / "out", action, minimum=0.5)
    assert (done.done, done.failed, done.left, failures) == (3, 0, 0, [])
    assert names(tmp_path / "out") == ["cat/a.jpg", "dog/b.jpg", "unsure/c.jpg"]
    after = tree(tmp_path / "out")
    assert after["cat/a.jpg"] == before["a.jpg"], "bytes, times and permissions are kept"
    assert names(tmp_path / "in") == (["d.jpg"] if action == "move" else ["a.jpg", "c.jpg", "d.jpg", "deep/b.jpg"])


@both
def test_names_that_are_taken_get_a_number(tmp_path: Path, action: SortAction) -> None:
    give_file(tmp_path / "out" / "cat" / "a.jpg", b"was there")
    items = [item(give_file(tmp_path / place / "a.jpg", place.encode())) for place in ("1", "2")]
    sort(items, tmp_path / "out", action)
    contents = {path.name: path.read_bytes() for path in (tmp_path / "out" / "cat").iterdir()}
    assert contents == {"a.jpg": b"was there", "a (2).jpg": b"1", "a (3).jpg": b"2"}


@both
def test_a_name_taken_between_plan_and_deed_gets_a_number(tmp_path: Path, action: SortAction) -> None:
    made = plan([item(give_file(tmp_path / "in" / "a.jpg", b"mine"))], SortRequest(action, tmp_path / "out"))
    give_file(tmp_path / "out" / "cat" / "a.jpg", b"theirs")
    give_file(tmp_path / "out" / "cat" / "a (2).jpg", b"theirs too")
    done, _ = end_of(carry_out(made, CancelToken()))
    assert (tmp_path / "out" / "cat" / "a (3).jpg").read_bytes() == b"mine"
    undo(done.run)
    assert names(tmp_path / "out") == ["cat/a (2).jpg", "cat/a.jpg"]
    assert (tmp_path / "in" / "a.jpg").read_bytes() == b"mine"


def sort_in_process(folder: str, out: str, action: SortAction, ready: object) -> None:
    paths = sorted(Path(folder).rglob("*.jpg"))
    made = plan([item(path) for path in paths], SortRequest(action, Path(out)))
    ready.wait(30)  # type: ignore[attr-defined]
    for _event in carry_out(made, CancelToken()):
        pass


@both
def test_two_processes_that_race_overwrite_nothing(tmp_path: Path, action: SortAction) -> None:
    contents = set()
    for place in ("1", "2"):
        for number in range(60):
            contents.add(data := f"{place} {number}".encode())
            give_file(tmp_path / place / str(number) / f"IMG_{number % 7}.jpg", data)
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    out = str(tmp_path / "out")
    processes = [
        context.Process(target=sort_in_process, args=(str(tmp_path / place), out, action, ready))
        for place in ("1", "2")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    found = [path.read_bytes() for path in (tmp_path / "out" / "cat").iterdir()]
    assert len(found) == 120
    assert set(found) == contents
    before = {f"{place}/{number}" for place in ("1", "2") for number in range(60)}
    for run in runs():
        assert undo(run.run)[0].kept == 0
    assert names(tmp_path / "out") == [], "only a folder may stay: the run that made it was undone while it was in use"
    left = {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg")}
    assert left == before


# --- what goes wrong ---


@both
def test_a_vanished_picture_is_one_line(tmp_path: Path, action: SortAction) -> None:
    items = [item(give_file(tmp_path / f"{number}.jpg")) for number in range(3)]
    made = plan(items, SortRequest(action, tmp_path / "out"))
    (tmp_path / "1.jpg").unlink()
    done, failures = end_of(carry_out(made, CancelToken()))
    assert (done.done, done.failed, codes(failures)) == (2, 1, ["sort-file-gone"])


@both
def test_a_picture_that_may_not_be_touched_is_one_line(
    tmp_path: Path, action: SortAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [item(give_file(tmp_path / f"{number}.jpg")) for number in range(3)]

    def refuse(path: Path, *arguments: object, **wishes: object) -> object:
        if path.name == "1.jpg":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **wishes)  # type: ignore[arg-type]

    name = "copy_aside" if action == "copy" else "give_name"
    real = getattr(picture_placing, name)
    monkeypatch.setattr(picture_placing, name, refuse)
    done, failures = sort(items, tmp_path / "out", action)
    assert (done.done, done.failed, codes(failures)) == (2, 1, ["sort-file-failed"])
    assert (tmp_path / "1.jpg").exists()


@both
def test_a_full_disk_stops_the_run_and_nothing_is_lost(
    tmp_path: Path, action: SortAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [item(give_file(tmp_path / "in" / f"{number}.jpg", str(number).encode())) for number in range(5)]
    before = tree(tmp_path / "in")
    name = "copy_aside" if action == "copy" else "give_name"
    real = getattr(picture_placing, name)

    def fill(path: Path, *arguments: object, **wishes: object) -> object:
        if path.name == "2.jpg":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *arguments, **wishes)

    monkeypatch.setattr(picture_placing, name, fill)
    done, _ = sort(items, tmp_path / "out", action)
    assert (done.done, done.left) == (2, 3)
    assert done.stopped is not None
    assert done.stopped.code == "sort-disk-full"
    monkeypatch.setattr(picture_placing, name, real)
    assert undo(done.run)[0].kept == 0
    assert tree(tmp_path / "in") == before
    assert not (tmp_path / "out").exists()


def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting_plan, "_free_bytes", lambda _folder: 10)
    made = plan([item(give_file(tmp_path / "a.jpg", b"x" * 11))], SortRequest("copy", tmp_path / "out"))
    with pytest.raises(SortError) as caught:
        end_of(carry_out(made, CancelToken()))
    assert caught.value.problem.code == "sort-no-room"
    assert not (tmp_path / "out").exists()
    assert runs() == ()


def test_without_a_journal_nothing_is_begun(tmp_path: Path) -> None:
    give_file(journal_folder(), b"a file where the folder should be")
    made = plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("move", tmp_path / "out"))
    with pytest.raises(SortError) as caught:
        end_of(carry_out(made, CancelToken()))
    assert caught.value.problem.code == "sort-journal-failed"
    assert names(tmp_path) == ["a.jpg"]


def test_a_journal_that_fails_later_stops_before_the_next_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model.sorting_journal import JournalWriter

    items = [item(give_file(tmp_path / "in" / f"{number:03}.jpg", str(number).encode())) for number in range(70)]
    before = tree(tmp_path / "in")
    real, times = JournalWriter.note_acts, []

    def note(writer: JournalWriter, acts: object) -> None:
        times.append(1)
        if len(times) == 2:
            raise SortError("sort-journal-failed", folder="x", reason="full")
        real(writer, acts)  # type: ignore[arg-type]

    monkeypatch.setattr(JournalWriter, "note_acts", note)
    done, _ = sort(items, tmp_path / "out")
    assert (done.done, done.left) == (32, 38)
    assert done.stopped is not None
    assert undo(done.run)[0].undone == 32
    assert tree(tmp_path / "in") == before


@posix_only
def test_links_are_copied_as_pictures_and_never_moved(tmp_path: Path) -> None:
    give_file(tmp_path / "real.jpg", b"picture")
    (tmp_path / "link.jpg").symlink_to("real.jpg")
    _, failures = sort([item(tmp_path / "link.jpg")], tmp_path / "out", "move")
    assert codes(failures) == ["sort-file-is-link"]
    sort([item(tmp_path / "link.jpg")], tmp_path / "out", "copy")
    copy = tmp_path / "out" / "cat" / "link.jpg"
    assert not copy.is_symlink()
    assert copy.read_bytes() == b"picture"


@posix_only
@both
def test_hostile_names_survive(tmp_path: Path, action: SortAction) -> None:
    hostile = [b"\xff\xfe.jpg", b"new\nline.jpg", b"quote'\".jpg", "\u202egpj.exe".encode(), b"x" * 251 + b".jpg"]
    items = []
    for place in ("1", "2"):
        for name in hostile:
            items.append(item(give_file(tmp_path / "in" / place / os.fsdecode(name), place.encode() + name)))
    before = tree(tmp_path / "in")
    done, failures = sort(items, tmp_path / "out", action)
    assert (done.done, failures) == (10, [])
    found = {path.read_bytes() for path in (tmp_path / "out" / "cat").iterdir()}
    assert found == {place + name for place in (b"1", b"2") for name in hostile}
    assert undo(done.run)[0].kept == 0
    assert tree(tmp_path / "in") == before


@posix_only
def test_a_fifo_in_a_pictures_place_is_one_line(tmp_path: Path) -> None:
    made = plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("copy", tmp_path / "out"))
    (tmp_path / "a.jpg").unlink()
    os.mkfifo(tmp_path / "a.jpg")
    assert codes(end_of(carry_out(made, CancelToken()))[1]) == ["sort-file-failed"]


def test_when_no_name_is_free_the_picture_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_placing, "_MOST_NAMES", 2)
    made = plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("move", tmp_path / "out"))
    give_file(tmp_path / "out" / "cat" / "a.jpg")
    give_file(tmp_path / "out" / "cat" / "a (2).jpg")
    assert codes(end_of(carry_out(made, CancelToken()))[1]) == ["sort-no-free-name"]


# --- progress, cancelling ---


def test_cancelling_leaves_a_run_that_can_be_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [item(give_file(tmp_path / "in" / f"{number}.jpg", str(number).encode())) for number in range(50)]
    before = tree(tmp_path / "in")
    monkeypatch.setattr("model.sorting._STEP_SECONDS", 0.0)
    cancel = CancelToken()
    steps = carry_out(plan(items, SortRequest("move", tmp_path / "out")), cancel)
    told = []
    for event in steps:
        if isinstance(event, SortStep):
            told += [new for _old, new in event.placed]
            if len(told) == 10:
                cancel.cancel()
    assert event.cancelled  # type: ignore[union-attr]
    assert (event.done, event.left) == (10, 40)  # type: ignore[union-attr]
    assert sorted(told) == sorted((tmp_path / "out" / "cat").iterdir())
    assert undo(event.run)[0].undone == 10  # type: ignore[union-attr]
    assert tree(tmp_path / "in") == before


def test_nothing_to_do_leaves_no_journal(tmp_path: Path) -> None:
    done, _ = sort([item(tmp_path / "a.jpg", None)], tmp_path / "out")
    assert (done.run, done.done, runs()) == ("", 0, ())
    assert not (tmp_path / "out").exists()


def test_what_the_disk_is_told_comes_before_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real_sync, real_name = file_moves.sync, give_name

    def sync(descriptor: int) -> None:
        order.append("sync")
        real_sync(descriptor)

    def name(path: Path, new: Path) -> None:
        order.append("act")
        real_name(path, new)

    monkeypatch.setattr("model.sorting_journal.sync", sync)
    monkeypatch.setattr(picture_placing, "give_name", name)
    items = [item(give_file(tmp_path / f"{number}.jpg")) for number in range(40)]
    sort(items, tmp_path / "out")
    assert order.count("act") == 40
    assert order.index("act") > order.index("sync")
    before_last = order[: len(order) - 1 - order[::-1].index("act")]
    assert before_last.count("sync") >= 2, "each batch is noted before its first act"
