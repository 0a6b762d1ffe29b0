"""Undoing a run: everything goes back, nothing is overwritten, and what cannot go back is told with its reason."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sorting_desk import codes, end_of, give_file, item, names, plan, sort, tree, undo

from model import sorting_journal
from model.cancel import CancelToken
from model.errors import SortError
from model.file_moves import copy_aside, look_at
from model.sorting import carry_out
from model.sorting_journal import begin_journal, hold, journal_folder, last_run, read_journal, runs
from model.sorting_types import SortAction, SortRequest, UndoDone
from model.sorting_undo import undo_sorting

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
both = pytest.mark.parametrize("action", ["copy", "move"])


def give_pictures(folder: Path, count: int = 3) -> list[Path]:
    return [give_file(folder / f"{number}.jpg", str(number).encode()) for number in range(count)]


@both
def test_a_run_is_taken_back_whole_and_forgotten(tmp_path: Path, action: SortAction) -> None:
    items = [item(picture) for picture in give_pictures(tmp_path / "in" / "deep")]
    before = tree(tmp_path)
    done, _ = sort(items, tmp_path / "new" / "out", action)
    end, failures = undo(done.run)
    assert (end.undone, end.kept, failures) == (3, 0, [])
    assert tree(tmp_path) == before, "the folders that were made are gone too"
    assert runs() == ()
    with pytest.raises(SortError) as caught:
        undo(done.run)
    assert caught.value.problem.code == "sort-run-unknown"


def test_runs_are_taken_back_the_last_one_first(tmp_path: Path) -> None:
    with pytest.raises(SortError) as caught:
        last_run()
    assert caught.value.problem.code == "sort-no-runs"
    first, second = (sort([item(picture)], tmp_path / "out")[0] for picture in give_pictures(tmp_path / "in", 2))
    assert [run.run for run in runs()] == [second.run, first.run]
    assert last_run().run == second.run
    assert (last_run().action, last_run().target, last_run().total) == ("move", tmp_path / "out", 1)
    undo(second.run)
    assert last_run().run == first.run


def test_a_folder_that_is_gone_is_made_again(tmp_path: Path) -> None:
    (picture,) = give_pictures(tmp_path / "in" / "deep", 1)
    done, _ = sort([item(picture)], tmp_path / "out")
    picture.parent.rmdir()
    assert undo(done.run)[0].undone == 1
    assert picture.exists()


def test_folders_with_something_in_them_stay(tmp_path: Path) -> None:
    done, _ = sort([item(give_pictures(tmp_path / "in", 1)[0])], tmp_path / "out")
    give_file(tmp_path / "out" / "cat" / "mine.txt")
    undo(done.run)
    assert names(tmp_path / "out") == ["cat/mine.txt"]


# --- what is kept ---


@pytest.mark.parametrize("same_time", [False, True])
def test_a_copy_edited_since_is_kept(tmp_path: Path, same_time: bool) -> None:
    done, _ = sort([item(picture) for picture in give_pictures(tmp_path / "in")], tmp_path / "out", "copy")
    edited = tmp_path / "out" / "cat" / "1.jpg"
    status = edited.stat()
    edited.write_bytes(b"!")
    if same_time:
        os.utime(edited, ns=(status.st_atime_ns, status.st_mtime_ns))
    end, failures = undo(done.run)
    assert (end.undone, end.kept, codes(failures)) == (2, 1, ["sort-undo-edited"])
    assert names(tmp_path / "out") == ["cat/1.jpg"]


def test_a_copy_whose_properties_changed_alone_is_removed(tmp_path: Path) -> None:
    done, _ = sort([item(picture) for picture in give_pictures(tmp_path / "in")], tmp_path / "out", "copy")
    copy = tmp_path / "out" / "cat" / "1.jpg"
    copy.chmod(0o600)
    os.utime(copy)
    assert undo(done.run)[0].kept == 0
    assert not (tmp_path / "out").exists()


def test_a_copy_that_is_the_only_one_left_is_kept(tmp_path: Path) -> None:
    pictures = give_pictures(tmp_path / "in")
    done, _ = sort([item(picture) for picture in pictures], tmp_path / "out", "copy")
    pictures[0].unlink()
    end, failures = undo(done.run)
    assert (end.undone, codes(failures)) == (2, ["sort-undo-only-one"])
    assert names(tmp_path / "out") == ["cat/0.jpg"]


def test_a_place_taken_since_is_not_overwritten(tmp_path: Path) -> None:
    pictures = give_pictures(tmp_path / "in")
    done, _ = sort([item(picture) for picture in pictures], tmp_path / "out")
    give_file(pictures[1], b"another")
    end, failures = undo(done.run)
    assert (end.undone, codes(failures)) == (2, ["sort-undo-taken"])
    assert pictures[1].read_bytes() == b"another"
    assert names(tmp_path / "out") == ["cat/1.jpg"]


def test_a_moved_picture_that_is_gone_is_told(tmp_path: Path) -> None:
    done, _ = sort([item(picture) for picture in give_pictures(tmp_path / "in")], tmp_path / "out")
    (tmp_path / "out" / "cat" / "2.jpg").unlink()
    end, failures = undo(done.run)
    assert (end.undone, codes(failures)) == (2, ["sort-undo-gone"])


def test_a_moved_picture_edited_since_goes_back(tmp_path: Path) -> None:
    (picture,) = give_pictures(tmp_path / "in", 1)
    done, _ = sort([item(picture)], tmp_path / "out")
    (tmp_path / "out" / "cat" / "0.jpg").write_bytes(b"edited")
    assert undo(done.run)[0].kept == 0
    assert picture.read_bytes() == b"edited"


def test_what_was_kept_can_be_tried_again_by_name_and_is_no_longer_the_last_run(tmp_path: Path) -> None:
    first, _ = sort([item(give_file(tmp_path / "in" / "first.jpg"))], tmp_path / "out")
    pictures = give_pictures(tmp_path / "in")
    second, _ = sort([item(picture) for picture in pictures], tmp_path / "out")
    give_file(pictures[1], b"another")
    undo(second.run)
    assert last_run().run == first.run
    assert [(run.run, run.tried) for run in runs()] == [(second.run, True), (first.run, False)]
    pictures[1].unlink()
    assert undo(second.run)[0] == UndoDone(runs_of(second.run, tried=True), 1, 0)
    assert pictures[1].read_bytes() == b"1"
    assert [run.run for run in runs()] == [first.run]


def runs_of(run: str, *, tried: bool) -> object:
    from dataclasses import replace

    return replace(last_run(), run=run, total=3, started=last_run().started, tried=tried)


# --- broken off ---


def copies_left(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def noted(action: SortAction, source: Path, target: Path, *, name: bool = False) -> str:
    """A run whose journal ends after one act was noted, as after a crash; with `name`, just before it is named."""
    from model.sorting_journal import Act

    with begin_journal(action, target.parent.parent, 1) as (run, writer):
        act = Act(0, action, source, target, target.with_name(".photospotter-1.part"), look_at(source))
        writer.note_acts([act])
        if name:
            assert act.aside is not None
            act.digest = copy_aside(source, act.aside, CancelToken(), durable=True)
            act.named = look_at(act.aside)
            writer.note_naming(act)
    return run


@both
def test_a_crash_before_the_act(tmp_path: Path, action: SortAction) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    run = noted(action, source, target)
    give_file(target, b"another's, come since")
    assert undo(run)[0].kept == 0
    assert (source.read_bytes(), target.read_bytes()) == (b"picture", b"another's, come since")


@both
def test_a_crash_while_copying(tmp_path: Path, action: SortAction) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    run = noted(action, source, target)
    give_file(target.with_name(".photospotter-1.part"), b"pict")
    assert undo(run)[0].kept == 0
    assert copies_left(tmp_path) == ["a.jpg"]


@both
def test_a_crash_between_name_and_note(tmp_path: Path, action: SortAction) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    target.parent.mkdir(parents=True)
    run = noted(action, source, target, name=True)
    target.with_name(".photospotter-1.part").rename(target)
    assert undo(run)[0].undone == 1
    assert copies_left(tmp_path) == ["a.jpg"]
    assert source.exists()


def test_a_crash_after_the_move_and_before_its_note(tmp_path: Path) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    run = noted("move", source, target)
    target.parent.mkdir(parents=True)
    source.rename(target)
    assert undo(run)[0].undone == 1
    assert source.read_bytes() == b"picture"


@posix_only
def test_a_crash_between_link_and_unlink(tmp_path: Path) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    run = noted("move", source, target)
    target.parent.mkdir(parents=True)
    os.link(source, target)
    assert undo(run)[0].undone == 1
    assert copies_left(tmp_path) == ["a.jpg"]


def test_a_crash_after_the_copy_of_a_move_lost_its_notes(tmp_path: Path) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    run = noted("move", source, target)
    copy = give_file(target)  # the same bytes and times, another file
    source.unlink()
    assert undo(run)[0].undone == 1
    assert source.read_bytes() == b"picture"
    assert not copy.exists()


def test_an_empty_file_that_held_a_name_goes(tmp_path: Path) -> None:
    source, target = give_file(tmp_path / "a.jpg"), tmp_path / "out" / "cat" / "a.jpg"
    run = noted("move", source, target)
    give_file(target, b"")
    undo(run)
    assert copies_left(tmp_path) == ["a.jpg"]


def test_a_line_that_was_cut_off_is_left_out_and_mended(tmp_path: Path) -> None:
    pictures = give_pictures(tmp_path / "in")
    before = tree(tmp_path / "in")
    done, _ = sort([item(picture) for picture in pictures], tmp_path / "out")
    file = journal_folder() / f"{done.run}.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-2]) + lines[-2][:7])
    give_file(pictures[0], b"in the way")
    end, _ = undo(done.run)
    assert (end.undone, end.kept) == (2, 1)
    pictures[0].unlink()
    assert undo(done.run)[0].undone == 1, "the notes after the cut line were read"
    assert tree(tmp_path / "in") == before


@pytest.mark.parametrize("head", [b"", b"\0\0", b"{}\n", b'{"version": 99}\n', b'{"version":1,"action":"eat"}\n'])
def test_a_journal_that_makes_no_sense_is_left_out(head: bytes) -> None:
    give_file(journal_folder() / "000007.jsonl", head)
    assert runs() == ()
    with pytest.raises(SortError):
        undo("000007")


@pytest.mark.parametrize("name", ["../000001", "", "1", "/etc/passwd", "000001.jsonl", "\udcff"])
def test_a_run_is_named_by_its_number_alone(name: str, tmp_path: Path) -> None:
    sort([item(give_file(tmp_path / "a.jpg"))], tmp_path / "out")
    with pytest.raises(SortError) as caught:
        undo(name)
    assert caught.value.problem.code == "sort-run-unknown"


def test_an_undo_that_was_cancelled_goes_on(tmp_path: Path) -> None:
    pictures = give_pictures(tmp_path / "in", 5)
    before = tree(tmp_path / "in")
    done, _ = sort([item(picture) for picture in pictures], tmp_path / "out")
    cancel = CancelToken()
    cancel.cancel()
    *_, last = undo_sorting(done.run, cancel)
    assert isinstance(last, UndoDone)
    assert last.cancelled
    assert last_run().run == done.run
    assert undo(done.run)[0].undone == 5
    assert tree(tmp_path / "in") == before


HOLD = """
import sys
from model.sorting_journal import hold
with hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_under_way_in_another_process_is_not_undone(tmp_path: Path) -> None:
    done, _ = sort([item(give_file(tmp_path / "a.jpg"))], tmp_path / "out")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, done.run],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(SortError) as caught:
            undo(done.run)
        assert caught.value.problem.code == "sort-run-busy"
        other.communicate("")
    assert undo(done.run)[0].undone == 1, "the lock ends with the process"


def test_only_so_many_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting_journal, "MOST_RUNS", 2)
    for picture in give_pictures(tmp_path / "in", 4):
        last, _ = sort([item(picture)], tmp_path / "out")
    assert [run.run for run in runs()] == ["000004", "000003"]
    assert last.run == "000004"


def test_a_journal_is_lines_of_json_that_only_its_owner_reads(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\n.jpg") if os.name == "posix" else "a.jpg"
    done, _ = sort([item(give_file(tmp_path / "in" / name))], tmp_path / "out")
    file = journal_folder() / f"{done.run}.jsonl"
    notes = [json.loads(line) for line in file.read_text("ascii").splitlines()]
    assert [next(iter(note)) for note in notes] == ["version", "act", "folder", "folder", "done", "end"]
    assert read_journal(done.run).acts[0].source == tmp_path / "in" / name
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_journal_that_cannot_be_held_is_told(tmp_path: Path) -> None:
    with pytest.raises(SortError), hold("000042"):
        pytest.fail("there is none")
    assert plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("move", tmp_path / "out")).files
    assert end_of(carry_out(plan([], SortRequest("move", tmp_path / "out")), CancelToken()))[0].run == ""
