"""The sort dialog's pages, each by itself."""

from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from pytestqt.qtbot import QtBot

from gui.sort_dialog import SortDialog
from gui.sort_result_page import MOST_LISTED, ResultState, SortResultPage
from gui.sort_setup_page import SortSetupPage
from model.sorting_types import (
    PlannedFile,
    PlannedFolder,
    SortDone,
    SortFailure,
    SortPlan,
    SortRequest,
    SortRun,
    SortStep,
    UndoDone,
)
from model.types import Problem

TARGET = Path("/pictures/Sorted")
GONE = Problem("sort-file-gone", (("name", "a.jpg"),))


def plan(action: str = "copy", count: int = 3, **left: int) -> SortPlan:
    files = tuple(PlannedFile(Path(f"/in/{number}.jpg"), "cat", f"{number}.jpg") for number in range(count))
    folders = (PlannedFolder("cat", "cat", count, renumbered=1),) if count else ()
    target = None if action == "xmp" else TARGET
    return SortPlan(SortRequest(action, target), files, folders, **left)  # type: ignore[arg-type]


@pytest.fixture
def page(qtbot: QtBot) -> SortSetupPage:
    made = SortSetupPage()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def result(qtbot: QtBot) -> SortResultPage:
    made = SortResultPage()
    qtbot.addWidget(made)
    made.show()
    return made


class TestSetup:
    def test_without_a_folder_there_is_nothing_to_start(self, page: SortSetupPage) -> None:
        assert page.request() is None
        assert not page.ready
        assert "Choose a folder" in page.preview.text

    def test_choices_make_a_request_and_ask_for_a_plan(self, qtbot: QtBot, page: SortSetupPage) -> None:
        with qtbot.waitSignal(page.plan_requested):
            page.folder.set_path(TARGET)
        with qtbot.waitSignal(page.plan_requested):
            page.choose_action("move")
            page.choose_minimum(80)
            page.choose_unsure("leave")
        assert page.request() == SortRequest("move", TARGET, 0.8, "leave")

    def test_keywords_need_no_folder(self, page: SortSetupPage) -> None:
        page.choose_action("xmp")
        assert page.request() == SortRequest("xmp")
        assert not page.folder.isVisible()

    def test_a_relative_folder_is_below_the_home_folder(self, page: SortSetupPage) -> None:
        page.folder.edit.setText("Sorted")
        request = page.request()
        assert request is not None
        assert request.target == Path.home() / "Sorted"

    def test_a_plan_is_shown_as_a_tree_with_counts(self, qtbot: QtBot, page: SortSetupPage) -> None:
        shown = plan(errors=2, unsure_left=1, in_place=1, already_there=4)
        page.show_plan(shown, 1)
        assert page.preview.rows == [
            (str(TARGET), "3", ""),
            ("cat", "3", "1 renamed: name taken"),
        ]
        assert page.notes == (
            "1 unsure picture stays. 1 lies in its folder already. 4 were copied there before. "
            "2 could not be read and stay. 1 still waits for its label and stays."
        )
        assert page.ready
        with qtbot.waitSignal(page.start_requested) as started:
            page._start.click()
        assert started.args == [shown]

    def test_what_the_button_says(self, page: SortSetupPage) -> None:
        for action, words in (("copy", "Copy"), ("move", "Move"), ("xmp", "Write keywords of")):
            page.show_plan(plan(action, 1), 0)
            assert page._start.accessibleName().startswith(f"{words} 1 picture")

    def test_a_changed_choice_needs_a_new_plan(self, page: SortSetupPage) -> None:
        page.show_plan(plan(), 0)
        page.choose_minimum(10)
        assert not page.ready

    def test_while_a_plan_is_made_the_old_tree_stays_and_cannot_be_started(self, page: SortSetupPage) -> None:
        page.show_plan(plan(), 0)
        page.show_waiting()
        assert len(page.preview.rows) == 2
        assert not page.ready

    def test_a_plan_of_nothing(self, page: SortSetupPage) -> None:
        page.show_plan(plan(count=0, errors=1), 0)
        assert "nothing to do" in page.preview.text
        assert not page.ready

    def test_too_little_room_is_told_before(self, page: SortSetupPage) -> None:
        page.show_plan(plan(bytes_needed=5_000_000, bytes_free=1_000_000), 0)
        assert "only 1 MB" in page.notes
        assert not page.ready

    def test_a_folder_that_will_not_do_is_told_beside_its_field(self, page: SortSetupPage) -> None:
        page.show_plan(plan(), 0)
        page.show_problem(Problem("sort-target-not-folder", (("folder", "x"),)))
        assert page.folder.at_fault
        assert "is a file" in page.folder.note
        assert not page.ready


class TestResult:
    def test_progress(self, result: SortResultPage) -> None:
        result.begin(undo=False)
        assert result.state is ResultState.SORTING
        result.show_step(SortStep(3, 10, (), (SortFailure(Path("a.jpg"), GONE),)))
        assert result._text.text().startswith("3 of 10")
        assert result.lines == ["“a.jpg” is no longer there."]
        assert not result.can_undo
        result.show_stopping()
        assert not result._stop.isEnabled()

    def test_the_end_of_a_run(self, result: SortResultPage) -> None:
        result.begin(undo=False)
        result.show_done(SortDone("000001", "move", TARGET, 8, 1, 2), can_undo=True)
        assert result.headline == (
            "8 pictures moved into “Sorted”. 1 picture stays where it was. Stopped; 2 pictures were not come to."
        )
        assert result.can_undo
        assert result._reveal.isVisible()
        assert not result._stop.isVisible()

    def test_why_a_run_stopped_is_told(self, result: SortResultPage) -> None:
        stopped = Problem("sort-disk-full", (("folder", "Sorted"),))
        result.show_done(SortDone("000001", "copy", TARGET, 8, 0, 2, stopped=stopped), can_undo=True)
        assert "There is no room left in “Sorted”." in result._text.text()

    def test_an_earlier_run_can_be_undone(self, qtbot: QtBot, result: SortResultPage) -> None:
        result.show_earlier(SortRun("000001", "2026-11-24T18:03:55+00:00", "copy", TARGET, 1234))
        assert result.state is ResultState.EARLIER
        assert f"{QLocale().toString(1234)} pictures copied into “Sorted”." in result.headline
        assert "T18:03" not in result.headline, "the time is shown as people write it"
        with qtbot.waitSignal(result.undo_requested):
            result._undo.click()

    def test_the_end_of_an_undo(self, result: SortResultPage) -> None:
        run = SortRun("000001", "", "copy", TARGET, 3)
        result.begin(undo=True)
        result.show_undone(UndoDone(run, 2, 1))
        assert result.headline == "2 copies were removed again. 1 was kept."
        assert not result.can_undo
        result.show_undone(UndoDone(run, 2, 0, cancelled=True))
        assert result.can_undo, "it can go on"

    def test_not_every_failure_is_listed(self, result: SortResultPage) -> None:
        result.begin(undo=False)
        result.show_step(SortStep(1, 1, (), (SortFailure(Path("a.jpg"), GONE),) * (MOST_LISTED + 5)))
        assert len(result.lines) == MOST_LISTED
        assert result._more.text() == "5 more lines are not shown."

    def test_faults(self, result: SortResultPage) -> None:
        result.show_problem(Problem("sort-run-busy", (("run", "000001"),)))
        assert result.state is ResultState.FAULT
        assert "000001" in result.headline
        result.show_crash()
        assert "Undo last sort" in result._text.text()


def test_the_dialog_changes_pages(qtbot: QtBot) -> None:
    dialog = SortDialog()
    qtbot.addWidget(dialog)
    assert dialog.showing_setup
    dialog.show_result(undo=True)
    assert not dialog.showing_setup
    assert dialog.windowTitle() == "Undo last sort"
    with qtbot.waitSignal(dialog.setup.plan_requested):
        dialog.page.again_requested.emit()
    assert dialog.showing_setup
