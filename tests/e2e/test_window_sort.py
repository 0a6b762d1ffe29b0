"""Sorting in the window: the preview follows, rows follow their pictures, and all of it can be undone."""

import os
import threading
import zipfile
from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from pytestqt.qtbot import QtBot
from sorting_desk import names, tree
from window_desk import FakeFactory, MakeWindow, drop, wait_done

from gui.main_window import MainWindow
from gui.sort_controller import SortController
from gui.sort_result_page import ResultState
from model import picture_placing
from model.sorting_journal import runs


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [write_picture(tmp_path / "in" / f"{name}.png", colour) for name, colour in COLOURS.items()]


def wait_plan(qtbot: QtBot, sorting: SortController, *rows: tuple[str, str]) -> None:
    """Wait until the preview shows these folders with these counts, and the plan can be started."""

    def shown() -> bool:
        found = [(name, count) for name, count, _note in sorting.dialog.setup.preview.rows[1:]]
        return sorting.dialog.setup.ready and found == list(rows)

    qtbot.waitUntil(shown, timeout=10_000)


def open_sorting(qtbot: QtBot, window: MainWindow, pictures: list[Path], action: str, out: Path) -> SortController:
    drop(window, pictures)
    wait_done(qtbot, window, len(pictures))
    window.actions_by_name["sort"].trigger()
    sorting = window.commands.sorting
    sorting.dialog.setup.folder.set_path(out)
    sorting.dialog.setup.choose_action(action)
    return sorting


def start(qtbot: QtBot, sorting: SortController) -> None:
    sorting.dialog.setup._start.click()
    qtbot.waitUntil(lambda: not sorting.working, timeout=10_000)


def undo(qtbot: QtBot, sorting: SortController) -> None:
    sorting.dialog.page._undo.click()
    qtbot.waitUntil(lambda: not sorting.working, timeout=10_000)


def paths_in(window: MainWindow) -> list[Path]:
    return sorted(window.results.paths())


ALL = (("blue", "1"), ("green", "1"), ("red", "1"))


def test_the_preview_follows_the_choices(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path
) -> None:
    sorting = open_sorting(qtbot, window, pictures, "copy", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    sorting.dialog.setup.choose_minimum(78)
    wait_plan(qtbot, sorting, ("blue", "1"), ("red", "1"), ("unsure", "1"))
    sorting.dialog.setup.choose_unsure("leave")
    wait_plan(qtbot, sorting, ("blue", "1"), ("red", "1"))
    assert "1 unsure picture stays." in sorting.dialog.setup.notes
    sorting.dialog.setup.folder.set_path(pictures[0])
    qtbot.waitUntil(lambda: sorting.dialog.setup.folder.at_fault)
    assert not sorting.dialog.setup.ready
    assert not (tmp_path / "out").exists(), "a preview changes nothing"


def test_new_results_are_in_the_preview(qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path) -> None:
    sorting = open_sorting(qtbot, window, pictures, "copy", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    drop(window, [write_picture(tmp_path / "more" / "second.png", COLOURS["red"])])
    wait_plan(qtbot, sorting, ("blue", "1"), ("green", "1"), ("red", "2"))


def test_copies_are_made_and_removed_again(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path
) -> None:
    sorting = open_sorting(qtbot, window, pictures, "copy", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    start(qtbot, sorting)
    assert names(tmp_path / "out") == ["blue/blue.png", "green/green.png", "red/red.png"]
    assert sorting.dialog.page.headline == "3 pictures copied into “out”."
    assert paths_in(window) == sorted(pictures)
    undo(qtbot, sorting)
    assert sorting.dialog.page.headline == "3 copies were removed again."
    assert not (tmp_path / "out").exists()


def test_rows_follow_moved_pictures_with_their_results(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path], tmp_path: Path
) -> None:
    sorting = open_sorting(qtbot, window, pictures, "move", tmp_path / "out")
    before, classified = tree(tmp_path / "in"), factory.pictures
    order = [path.name for path in window.results.paths()]
    chosen = window.view.current_path()
    assert chosen is not None
    wait_plan(qtbot, sorting, *ALL)
    start(qtbot, sorting)
    moved = [tmp_path / "out" / name / f"{name}.png" for name in sorted(COLOURS)]
    assert paths_in(window) == moved
    counts = window.results.counts()
    assert (counts.done, counts.pending) == (3, 0)
    assert [path.name for path in window.results.paths()] == order, "rows keep their places"
    assert window.view.current_path() == tmp_path / "out" / chosen.stem / chosen.name
    row = window.results.row_of(moved[2])
    assert row is not None
    result = window.results.result_at(row)
    assert result is not None
    assert result.predictions[0].label == "red"
    undo(qtbot, sorting)
    assert paths_in(window) == sorted(pictures)
    assert window.results.counts().pending == 0
    assert [path.name for path in window.results.paths()] == order
    assert window.view.current_path() == chosen
    assert tree(tmp_path / "in") == before
    assert factory.pictures == classified, "nothing was classified anew"


def test_keywords_are_written_beside_pictures(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    sorting = open_sorting(qtbot, window, pictures, "xmp", Path("not asked for"))
    wait_plan(qtbot, sorting, *ALL)
    start(qtbot, sorting)
    assert sorting.dialog.page.headline == "Keywords written beside 3 pictures."
    assert len(names(pictures[0].parent)) == 6
    undo(qtbot, sorting)
    assert len(names(pictures[0].parent)) == 3


def test_the_last_sort_is_undone_after_a_restart(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path], tmp_path: Path
) -> None:
    first = make_window()
    before = tree(tmp_path / "in")
    sorting = open_sorting(qtbot, first, pictures, "move", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    start(qtbot, sorting)
    first.close()
    second = make_window()
    second.actions_by_name["undo_sort"].trigger()
    sorting = second.commands.sorting
    qtbot.waitUntil(lambda: sorting.dialog.isVisible())
    assert sorting.dialog.page.state is ResultState.EARLIER
    assert "3 pictures moved into “out”." in sorting.dialog.page.headline
    undo(qtbot, sorting)
    assert tree(tmp_path / "in") == before
    second.actions_by_name["undo_sort"].trigger()
    said = "There is no sorting to undo."  # the list of last time is offered, too
    qtbot.waitUntil(lambda: said in [message.text for message in second.messages.messages])


def test_work_goes_on_beside_a_closed_dialog_and_is_told_of(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, threads = threading.Event(), set[str]()
    real = picture_placing.copy_aside

    def wait_and_copy(*arguments: object, **wishes: object) -> str:
        threads.add(threading.current_thread().name)
        assert gate.wait(20)
        return real(*arguments, **wishes)  # type: ignore[arg-type]

    monkeypatch.setattr(picture_placing, "copy_aside", wait_and_copy)
    sorting = open_sorting(qtbot, window, pictures, "copy", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    sorting.dialog.setup._start.click()
    qtbot.waitUntil(lambda: bool(threads))
    assert threading.main_thread().name not in threads, "never on the GUI thread"
    sorting.dialog.close()
    gate.set()
    qtbot.waitUntil(lambda: not sorting.working)
    assert window.messages.shown is not None
    assert window.messages.shown.text == "3 pictures copied into “out”."
    undo_it, _show = window.messages.shown.actions
    undo_it.callback()
    qtbot.waitUntil(lambda: not sorting.working)
    assert not (tmp_path / "out").exists()


def test_stopping_keeps_what_was_done_and_can_be_undone(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Semaphore(1), threading.Event()
    real = picture_placing.copy_aside

    def wait_and_copy(*arguments: object, **wishes: object) -> str:
        if not gate.acquire(blocking=False):
            entered.set()
            assert gate.acquire(timeout=20)
        return real(*arguments, **wishes)  # type: ignore[arg-type]

    monkeypatch.setattr(picture_placing, "copy_aside", wait_and_copy)
    sorting = open_sorting(qtbot, window, pictures, "copy", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    sorting.dialog.setup._start.click()
    qtbot.waitUntil(entered.is_set)
    sorting.dialog.page._stop.click()
    gate.release(10)
    qtbot.waitUntil(lambda: not sorting.working)
    assert len(names(tmp_path / "out")) == 1
    assert "Stopped; 2 pictures were not come to." in sorting.dialog.page.headline
    undo(qtbot, sorting)
    assert not (tmp_path / "out").exists()


def test_failures_are_listed(qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path) -> None:
    sorting = open_sorting(qtbot, window, pictures, "move", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    pictures[1].unlink()
    start(qtbot, sorting)
    assert sorting.dialog.page.lines == ["“green.png” is no longer there."]
    assert "1 picture stays where it was." in sorting.dialog.page.headline
    assert paths_in(window) == sorted([tmp_path / "out/blue/blue.png", pictures[1], tmp_path / "out/red/red.png"])


def test_a_window_closed_while_sorting_leaves_a_run_to_undo(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Event(), threading.Event()
    real = picture_placing.give_name

    def name(path: Path, new: Path) -> None:
        real(path, new)
        entered.set()
        assert gate.wait(20)

    monkeypatch.setattr(picture_placing, "give_name", name)
    window = make_window()
    before = tree(tmp_path / "in")
    sorting = open_sorting(qtbot, window, pictures, "move", tmp_path / "out")
    wait_plan(qtbot, sorting, *ALL)
    sorting.dialog.setup._start.click()
    qtbot.waitUntil(entered.is_set)
    window.close()
    gate.set()
    qtbot.waitUntil(lambda: window.files.wait(0))
    assert len(names(tmp_path / "in")) == 2
    second = make_window()
    second.actions_by_name["undo_sort"].trigger()
    qtbot.waitUntil(lambda: second.commands.sorting.dialog.isVisible())
    undo(qtbot, second.commands.sorting)
    assert tree(tmp_path / "in") == before
    assert runs() == ()


def test_without_results_there_is_nothing_to_sort(window: MainWindow) -> None:
    assert not window.actions_by_name["sort"].isEnabled()
    assert window.actions_by_name["undo_sort"].isEnabled(), "a run of an earlier start may be there"
    window.commands.sort()
    assert window.messages.shown is not None


@pytest.mark.skipif(os.name != "posix", reason="needs names that are not UTF-8")
def test_names_that_are_not_text_are_sorted(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "in" / "red.png")
    odd = picture.rename(picture.with_name(os.fsdecode(b"\xff.png")))
    window.add_paths([odd])
    wait_done(qtbot, window, 1)
    window.commands.sort()
    sorting = window.commands.sorting
    sorting.dialog.setup.folder.set_path(tmp_path / "out")
    sorting.dialog.setup.choose_action("move")
    wait_plan(qtbot, sorting, ("red", "1"))
    start(qtbot, sorting)
    assert (tmp_path / "out" / "red" / os.fsdecode(b"\xff.png")).exists()


def test_the_table_is_exported_as_a_workbook(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    with qtbot.waitSignal(window.lists.exported, timeout=10_000) as exported:
        window.commands.export_to(tmp_path / "out.xlsx")
    assert exported.args[0].rows == 3
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        assert b"green.png" in book.read("xl/worksheets/sheet1.xml")
