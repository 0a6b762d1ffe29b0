"""Sorting in the window: opens the dialog, runs its jobs on the I/O thread, and has the table's rows follow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.message_bar import MessageAction, Severity
from gui.sort_dialog import SortDialog
from gui.sort_job import Relocated, last_run_job, plan_job, sort_job, undo_job
from gui.sort_texts import done_text, undo_text
from gui.worker import Outcome, Ticket
from model.sorting_types import PlanProgress, SortDone, SortPlan, SortRun, SortStep, UndoDone
from model.types import Job

if TYPE_CHECKING:
    from gui.main_window import MainWindow

_SORT = "sort"


class SortController(QObject):
    """Owned by the GUI thread; one dialog, and at most one sorting or undo at a time."""

    def __init__(self, window: MainWindow) -> None:
        """Take the window whose pictures are sorted."""
        super().__init__(window)
        self._window = window
        self.dialog = SortDialog(window)
        self._planning: Ticket | None = None
        self._working: Ticket | None = None
        self._run: SortRun | None = None
        self._target: Path | None = None
        self._pending = 0
        setup, page = self.dialog.setup, self.dialog.page
        setup.plan_requested.connect(self._plan)
        setup.start_requested.connect(self.start)
        page.stop_requested.connect(self.stop)
        page.undo_requested.connect(self.undo)
        page.reveal_requested.connect(self._reveal)
        window.results.counts_changed.connect(self._on_results_changed)

    @property
    def working(self) -> bool:
        """Whether a sorting or an undo is under way."""
        return self._working is not None

    @Slot()
    def open(self) -> None:
        """Show the dialog: with what is under way, or with the choices."""
        if not self.working:
            if self.dialog.setup.folder.path is None:
                self._propose_folder()
            self.dialog.show_setup()
        self._raise()

    @Slot()
    def open_undo(self) -> None:
        """Show the last run, also one of an earlier start, with a button that undoes it."""
        if self.working:
            self._raise()
        else:
            self._window.files.start(last_run_job, self._on_last_run, self._on_looked)

    @Slot(object)
    def start(self, plan: SortPlan) -> None:
        """Carry out a plan."""
        if self.working:
            return
        self._forget_plan()
        self._run, self._target = None, plan.request.target
        self.dialog.show_result()
        self.dialog.page.begin(undo=False)
        self._start_work(partial(sort_job, plan))

    @Slot()
    def undo(self) -> None:
        """Take back the run that is shown."""
        if self.working or self._run is None:
            return
        self._window.messages.dismiss(_SORT)
        self.dialog.show_result(undo=True)
        self.dialog.page.begin(undo=True)
        self._start_work(partial(undo_job, self._run))

    @Slot()
    def stop(self) -> None:
        """Stop what is under way after the current picture; what was done stays, and can be undone."""
        if self._working is not None:
            self._working.token.cancel()
            self.dialog.page.show_stopping()

    # --- the preview ---

    @Slot()
    def _plan(self) -> None:
        self._forget_plan()
        window, setup = self._window, self.dialog.setup
        request, installed = setup.request(), window.classify.installed
        if request is None or installed is None or self.working:
            return
        setup.show_waiting()
        self._pending = window.results.counts().pending
        job = partial(plan_job, window.results.rows_snapshot(), installed.weights.classes, request)
        self._planning = window.files.start(job, self._on_planned, self._on_plan_done)

    def _forget_plan(self) -> None:
        if self._planning is not None:
            self._window.files.forget(self._planning)
            self._planning = None

    def _on_planned(self, value: object) -> None:
        if isinstance(value, SortPlan):
            self.dialog.setup.show_plan(value, self._pending)
        else:
            assert isinstance(value, PlanProgress)

    def _on_plan_done(self, outcome: Outcome) -> None:
        self._planning = None
        if outcome.problem is not None:
            self.dialog.setup.show_problem(outcome.problem)

    @Slot()
    def _on_results_changed(self) -> None:
        if self.dialog.isVisible() and self.dialog.showing_setup:
            self.dialog.setup.refresh()

    # --- the work ---

    def _start_work(self, job: Job) -> None:
        self._working = self._window.files.start(job, self._on_event, self._on_work_done)

    def _on_event(self, value: object) -> None:
        page = self.dialog.page
        if isinstance(value, Relocated):
            self._window.results.relocate(value.moved)
        elif isinstance(value, SortStep):
            page.show_step(value)
        elif isinstance(value, SortDone):
            self._on_sorted(value)
        elif isinstance(value, UndoDone):
            if not value.cancelled:
                self._run = None
            page.show_undone(value)
            self._tell(undo_text(value), warn=value.kept > 0)

    def _on_sorted(self, done: SortDone) -> None:
        can_undo = bool(done.run and done.done)
        if can_undo:
            self._run = SortRun(done.run, "", done.action, done.target, done.done)
        self.dialog.page.show_done(done, can_undo=can_undo)
        self._tell(done_text(done), warn=done.failed > 0 or done.stopped is not None, can_undo=can_undo)

    def _on_work_done(self, outcome: Outcome) -> None:
        self._working = None
        if outcome.problem is not None:
            self.dialog.page.show_problem(outcome.problem)
            if not self.dialog.isVisible():
                self._window.reports.tell(outcome.problem, Severity.ERROR, key=_SORT)
        elif outcome.traceback:
            self.dialog.page.show_crash()

    def _tell(self, text: str, *, warn: bool = False, can_undo: bool = False) -> None:
        """Tell in the window what the dialog, which was closed meanwhile, cannot."""
        if self.dialog.isVisible():
            return
        actions = [MessageAction(self.tr("Undo"), self.undo)] if can_undo else []
        actions.append(MessageAction(self.tr("Show"), self._raise))
        severity = Severity.WARNING if warn else Severity.INFO
        self._window.messages.show_message(_SORT, text, actions=actions, severity=severity)

    # --- the last run ---

    def _on_last_run(self, value: object) -> None:
        if isinstance(value, SortRun) and not self.working:
            self._run, self._target = value, value.target
            self.dialog.show_result(undo=True)
            self.dialog.page.show_earlier(value)
            self._raise()

    def _on_looked(self, outcome: Outcome) -> None:
        if outcome.problem is not None:
            self._window.reports.tell(outcome.problem, Severity.INFO, key=_SORT)

    # --- the rest ---

    def _propose_folder(self) -> None:
        last = self._window.settings.last_export_folder
        if last:
            self.dialog.setup.folder.set_path(Path(last) / self.tr("Sorted"))

    @Slot()
    def _reveal(self) -> None:
        if self._target is not None:
            from gui.desktop import open_in_viewer

            open_in_viewer(self._target)

    @Slot()
    def _raise(self) -> None:
        self._window.messages.dismiss(_SORT)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
