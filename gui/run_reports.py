"""What the window tells of a long run: paused, its drive away, ended, and which folders are watched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.error_texts import problem_text
from gui.message_bar import MessageAction, Severity
from gui.results_order import StatusFilter
from gui.run_status import RunStatus
from model.types import Problem

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.summary_panel import SummaryPanel
    from gui.window_reports import WindowReports
    from model.run_summary import RunSummary

LONG_RUN = 10.0
"""Seconds of work from which on the desktop is told that it has ended."""

_DRIVE = "drive"


class RunReports(QObject):
    """Owned by the GUI thread."""

    def __init__(self, window: MainWindow, status: RunStatus, reports: WindowReports) -> None:
        """Take the window whose parts are written to; `connect_all` begins to listen."""
        super().__init__(reports)
        self._window = window
        self._status = status
        self._reports = reports
        self._summary: RunSummary | None = None
        self._panel: SummaryPanel | None = None

    def connect_all(self) -> None:
        """Listen to the controllers."""
        window = self._window
        window.classify.paused_changed.connect(self._on_paused_changed)
        window.classify.drive_away.connect(self._on_drive_away)
        window.status.details_requested.connect(self.show_details)
        self._status.summarised.connect(self._on_summarised)
        self._status.ended.connect(self._on_ended)
        window.watching.changed.connect(self._on_watching_changed)
        window.watching.noticed.connect(self._on_watch_noticed)
        window.watching.failed.connect(self._reports.show_problem)
        window.watch_line.unwatch_requested.connect(window.watching.unwatch)
        window.watch_line.unwatch_all_requested.connect(window.watching.unwatch_all)
        window.folders.watch_requested.connect(self._on_watch_requested)

    @property
    def panel(self) -> SummaryPanel | None:
        """The summary in detail; None before it was first asked for."""
        return self._panel

    @Slot()
    def show_details(self) -> None:
        """Show the summary of the last run in detail, or take it away."""
        if self._summary is None:
            return
        if self._panel is None:
            from gui.summary_panel import SummaryPanel

            self._panel = SummaryPanel(self._window)
            self._window.foot.insertWidget(self._window.foot.indexOf(self._window.messages), self._panel)
            self._panel.show_failed.connect(self._show_failed)
            self._panel.show_unsure.connect(self._show_unsure)
            self._panel.retry_failed.connect(self._window.commands.retry_failed)
        self._panel.set_summary(self._summary)
        self._panel.setVisible(self._panel.isHidden())

    @Slot(bool)
    def _on_paused_changed(self, paused: bool) -> None:
        self._window.actions_by_name.show_paused(paused)
        if not paused:
            self._window.messages.dismiss(_DRIVE)

    @Slot(object)
    def _on_drive_away(self, problem: Problem) -> None:
        go_on = MessageAction(self.tr("Resume"), self._window.classify.resume)
        self._reports.tell(problem, Severity.WARNING, key=_DRIVE, actions=(go_on,))
        self._notify(self.tr("Photospotter is paused"), problem_text(problem))

    @Slot(object)
    def _on_summarised(self, summary: RunSummary | None) -> None:
        self._summary = summary
        if self._panel is not None and summary is None:
            self._panel.hide()
        elif self._panel is not None and summary is not None:
            self._panel.set_summary(summary)

    @Slot(object)
    def _on_ended(self, summary: RunSummary) -> None:
        if summary.seconds >= LONG_RUN:
            from gui.summary_texts import summary_text

            self._notify(self.tr("Photospotter has ended its work"), summary_text(summary))

    def _notify(self, title: str, text: str) -> None:
        from PySide6.QtWidgets import QApplication

        if self._window.settings.notify and QApplication.activeWindow() is None and self._window.isVisible():
            from gui.notifications import notify

            notify(title, text, self._window)

    @Slot()
    def _show_failed(self) -> None:
        self._window.filter_bar.show_status(StatusFilter.ERROR)

    @Slot()
    def _show_unsure(self) -> None:
        self._window.filter_bar.show_status(StatusFilter.UNSURE)

    # --- watched folders ---

    @Slot(object, bool)
    def _on_watch_requested(self, folder: Path, wanted: bool) -> None:
        self._window.watching.watch(folder) if wanted else self._window.watching.unwatch(folder)

    @Slot()
    def _on_watching_changed(self) -> None:
        watching = self._window.watching
        self._window.watch_line.show_folders(watching.folders)
        self._window.folders.set_watched(watching.folders)
        self._window.actions_by_name["watch_added"].setChecked(watching.watches_added)

    @Slot(object, object)
    def _on_watch_noticed(self, folder: Path, problem: Problem) -> None:
        is_back = problem.code == "watch-folder-back"
        self._reports.tell(problem, Severity.INFO if is_back else Severity.WARNING, key=f"watch {folder}")
