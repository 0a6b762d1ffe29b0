"""What the window tells: messages, the chosen picture, and which actions make sense. It listens, no more."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.error_texts import problem_remedy, problem_text
from gui.message_bar import MessageAction, Severity
from gui.percent import counted
from gui.run_reports import RunReports
from gui.run_status import RunStatus
from gui.weights_reports import WeightsReports
from model.names import shown_name
from model.types import ExportDone, Problem, ScanReport

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from model.run_summary import RunSummary

log = logging.getLogger(__name__)

_MOST_FOLDERS_NAMED = 3
_SCAN, _STOPPED, _EXPORT = "scan", "stopped", "export"


class WindowReports(QObject):
    """Owned by the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        """Take the window whose parts are written to."""
        super().__init__(window)
        self._window = window
        self._weights = WeightsReports(window, self)
        self._status = RunStatus(
            window.classify, window.lists, window.results, window.status, self._weights.title_of, self
        )
        self.runs = RunReports(window, self._status, self)
        self._scans: list[ScanReport] = []
        self._added = 0

    def connect_all(self) -> None:
        """Listen to the controllers and panels, and show the state in which nothing is going on."""
        window = self._window
        self._weights.connect_all()
        self.runs.connect_all()
        window.classify.noticed.connect(self.show_notice)
        window.classify.running_changed.connect(self._on_running_changed)
        window.classify.paused_changed.connect(self._update_actions)
        window.classify.finished.connect(self._on_finished)
        window.lists.rows_added.connect(self._on_rows_added)
        window.lists.scanned.connect(self._on_scanned)
        window.lists.scanning_changed.connect(self._on_scanning_changed)
        window.lists.exported.connect(self._on_exported)
        window.lists.failed.connect(self.show_problem)
        window.view.current_path_changed.connect(self._on_current_changed)
        window.view.selectionModel().selectionChanged.connect(self._update_actions)
        window.results.counts_changed.connect(self._on_counts_changed)
        self._on_counts_changed()

    @Slot()
    def refresh_weights(self) -> None:
        """Read the catalogue again and show it."""
        self._weights.refresh()

    def welcome(self) -> None:
        """Tell at the first start which weights are in use."""
        self._weights.welcome()

    def show_idle(self) -> None:
        """Show in the status line what is going on, which at first is nothing."""
        self._status.refresh()

    # --- messages ---

    def say(self, text: str) -> None:
        """Tell something that needs no remedy."""
        self._window.messages.show_message("info", text)

    @Slot(object)
    def show_problem(self, problem: Problem) -> None:
        """Tell of an error, with its remedy."""
        self.tell(problem, Severity.ERROR)

    @Slot(object)
    def show_notice(self, problem: Problem) -> None:
        """Tell of something although work goes on."""
        self.tell(problem, Severity.WARNING)

    def tell(
        self, problem: Problem, severity: Severity, *, key: str = "", actions: Sequence[MessageAction] = ()
    ) -> None:
        """Tell of a problem in place of an earlier message with the same `key`, which is the code by default."""
        self._window.messages.show_message(
            key or problem.code,
            problem_text(problem),
            problem_remedy(problem),
            severity=severity,
            actions=actions,
            detail=problem.detail,
        )

    # --- what goes on ---

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        self._update_actions()
        if running:
            self._window.messages.dismiss(_STOPPED)

    @Slot(object)
    def _on_finished(self, summary: RunSummary) -> None:
        waiting = self._window.results.counts().pending
        if summary.cancelled and waiting:
            text = counted(waiting, self.tr("1 picture still waits."), self.tr("{count} pictures still wait."))
            go_on = MessageAction(self.tr("Go on"), self._window.classify.classify_pending)
            self._window.messages.show_message(_STOPPED, text, actions=(go_on,))

    @Slot(int)
    def _on_rows_added(self, count: int) -> None:
        if self._window.lists.scanning:  # else a watched folder has brought them
            self._added += count

    @Slot(object)
    def _on_scanned(self, report: ScanReport) -> None:
        self._scans.append(report)

    @Slot(bool)
    def _on_scanning_changed(self, scanning: bool) -> None:
        """Tell what the scans left out once the last of those queued has ended, so that many tell it together."""
        self._update_actions()
        if scanning:
            return
        if self._scans:
            self._tell_of_scans(self._scans, self._added)
        self._scans, self._added = [], 0

    def _tell_of_scans(self, scans: Sequence[ScanReport], added: int) -> None:
        parts = []
        if not any(report.images for report in scans):
            parts.append(self.tr("No pictures were found."))
        elif not added:
            parts.append(self.tr("Everything there is in the list already."))
        others = sum(report.other_files for report in scans)
        if others:
            one, many = self.tr("1 other file left out."), self.tr("{count} other files left out.")
            parts.append(counted(others, one, many))
        unreadable = list(dict.fromkeys(problem for report in scans for problem in report.unreadable))
        parts += [problem_text(problem) for problem in unreadable[:_MOST_FOLDERS_NAMED]]
        more = len(unreadable) - _MOST_FOLDERS_NAMED
        if more > 0:
            one, many = self.tr("1 more folder likewise."), self.tr("{count} more folders likewise.")
            parts.append(counted(more, one, many))
        if parts:
            severity = Severity.WARNING if unreadable else Severity.INFO
            self._window.messages.show_message(_SCAN, " ".join(parts), severity=severity)
        else:
            self._window.messages.dismiss(_SCAN)

    @Slot(object)
    def _on_exported(self, done: ExportDone) -> None:
        rows = counted(done.rows, self.tr("1 row"), self.tr("{count} rows"))
        text = self.tr("{rows} saved to {file}.").format(rows=rows, file=shown_name(done.target.name))
        if done.pending:
            one = self.tr("1 picture that still waits is not in it.")
            many = self.tr("{count} pictures that still wait are not in it.")
            text += " " + counted(done.pending, one, many)
        show = MessageAction(self.tr("Show file"), partial(self._window.commands.reveal_path, done.target))
        self._window.messages.show_message(_EXPORT, text, actions=(show,))

    # --- the list and the chosen picture ---

    @Slot()
    def _on_counts_changed(self) -> None:
        counts = self._window.results.counts()
        self._window.filter_bar.set_counts(counts.visible, counts.total)
        self._update_actions()
        self._show_detail(self._window.view.current_path())
        if not counts.total:
            for key in (_SCAN, _STOPPED):
                self._window.messages.dismiss(key)
            self._status.forget()

    @Slot()
    def _update_actions(self) -> None:
        window = self._window
        counts = window.results.counts()
        chosen = window.view.selectionModel().hasSelection()
        current = window.view.current_path() is not None
        possible = {
            "stop": window.classify.running or window.lists.scanning,
            "pause": window.classify.running,
            "retry_failed": counts.errors > 0,
            "export": counts.finished > 0,
            "sort": counts.finished > 0,
            "rerun": counts.total > 0,
            "clear": counts.total > 0,
            "select_all": counts.visible > 0,
            "copy": chosen,
            "remove": chosen,
            "open_viewer": current,
            "reveal": current,
        }
        for name, enabled in possible.items():
            window.actions_by_name[name].setEnabled(enabled)

    @Slot(object)
    def _on_current_changed(self, path: Path | None) -> None:
        self._update_actions()
        self._show_detail(path)

    def _show_detail(self, path: Path | None) -> None:
        """Show the chosen picture as it is now; the panel itself leaves alone what has not changed."""
        row = None if path is None else self._window.results.row_of(path)
        if path is None or row is None:
            self._window.detail.show_nothing()
            return
        shown = self._window.results.shown_row(row)
        installed = self._window.classify.installed
        weights = installed.weights if installed is not None else None
        self._window.detail.show_row(path, shown.result, shown.stale, weights)
