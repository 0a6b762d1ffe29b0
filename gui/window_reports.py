"""What the window tells: status line, messages and the panels' states. It listens to the controllers, no more."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from gui.card_dialog import CardDialog
from gui.classify_controller import RunSummary
from gui.desktop import reveal
from gui.durations import time_taken_text
from gui.error_texts import problem_remedy, problem_text
from gui.import_dialog import ImportDialog
from gui.message_bar import MessageAction, Severity
from gui.percent import counted, format_size
from gui.progress_bar import RateMeter
from model.errors import PhotospotterError
from model.names import display_name
from model.types import CatalogueEntry, DownloadProgress, EngineReady, ExportDone, Problem, ScanReport, WeightsState

if TYPE_CHECKING:
    from gui.main_window import MainWindow

log = logging.getLogger(__name__)

PREFERRED_ID = "imagenet-resnet50-v2"


class WindowReports(QObject):
    """Owned by the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        """Take the window whose parts are written to."""
        super().__init__(window)
        self._window = window
        self._rate = RateMeter()
        self._entries: dict[str, CatalogueEntry] = {}
        self._last_export: Path | None = None

    def connect_all(self) -> None:
        """Listen to the controllers and panels."""
        window = self._window
        classify, lists, weights, panel = window.classify, window.lists, window.weights, window.weights_panel
        classify.engine_ready.connect(self._on_engine_ready)
        classify.loading.connect(self._on_loading)
        classify.active_changed.connect(self._on_active_changed)
        classify.progressed.connect(self._on_progress)
        classify.running_changed.connect(self._on_running_changed)
        classify.noticed.connect(self.show_notice)
        classify.failed.connect(self._on_classify_failed)
        classify.finished.connect(self._on_finished)
        lists.scanned.connect(self._on_scanned)
        lists.exported.connect(self._on_exported)
        lists.failed.connect(self.show_problem)
        weights.changed.connect(self.refresh_weights)
        weights.progressed.connect(self._on_fetch_progress)
        weights.ended.connect(panel.clear_progress)
        weights.installed.connect(self._on_installed)
        weights.failed.connect(self.show_problem)
        weights.compute_wanted.connect(classify.interrupt)
        weights.compute_released.connect(classify.classify_pending)
        panel.weights_chosen.connect(classify.choose_weights)
        panel.device_chosen.connect(classify.choose_device)
        panel.fetch_requested.connect(self.fetch)
        panel.cancel_fetch_requested.connect(weights.cancel_fetch)
        panel.import_requested.connect(self.import_own)
        panel.import_file_requested.connect(self.import_known_file)
        panel.inspect_requested.connect(self.inspect)
        panel.reveal_requested.connect(self.reveal_weights)
        panel.remove_requested.connect(self.remove_weights)
        window.view.current_path_changed.connect(self._show_detail)
        window.results.counts_changed.connect(self._on_counts_changed)

    # --- messages ---

    def say(self, text: str) -> None:
        """Tell something that needs no remedy."""
        self._window.messages.show_message("info", text, severity=Severity.INFO)

    @Slot(object)
    def show_problem(self, problem: Problem) -> None:
        """Tell of an error, with its remedy."""
        self._show(problem, Severity.ERROR)

    @Slot(object)
    def show_notice(self, problem: Problem) -> None:
        """Tell of something although work goes on."""
        self._show(problem, Severity.WARNING)

    def _show(self, problem: Problem, severity: Severity) -> None:
        self._window.messages.show_message(
            problem.code,
            problem_text(problem),
            remedy=problem_remedy(problem),
            severity=severity,
            detail=problem.detail,
        )

    def welcome(self) -> None:
        """Tell once, at the first start, which weights are in use, and offer the network that is not here yet."""
        entry = self._entries.get(self._window.classify.weights_id)
        preferred = self._entries.get(PREFERRED_ID)
        if entry is None:
            return
        text = self.tr("Pictures are classified with {title}, on this computer.").format(title=entry.weights.title)
        actions: tuple[MessageAction, ...] = ()
        if preferred is not None and preferred.state is WeightsState.TO_BE_FETCHED:
            size = format_size(preferred.weights.files[0].size)
            text += " " + self.tr("{title} is more accurate.").format(title=preferred.weights.title)
            actions = (MessageAction(self.tr("Fetch {size}").format(size=size), self.fetch_preferred),)
        self._window.messages.show_message("welcome", text, severity=Severity.INFO, actions=actions)

    # --- weights ---

    @Slot()
    def refresh_weights(self) -> None:
        """Read the catalogue again and show it."""
        entries = self._window.catalogue.entries()
        self._entries = {entry.weights.id: entry for entry in entries}
        self._window.weights_panel.set_entries(entries)
        self._window.weights_panel.set_active(self._window.classify.weights_id)
        for problem in self._window.catalogue.problems():
            self.show_problem(problem)

    @Slot()
    def fetch_preferred(self) -> None:
        """Fetch the network that the first start offers."""
        self.fetch(PREFERRED_ID)

    @Slot(str)
    def fetch(self, weights_id: str) -> None:
        """Fetch a set's file."""
        self._window.weights.fetch(self._entries[weights_id])

    @Slot(str, object)
    def _on_fetch_progress(self, weights_id: str, progress: DownloadProgress) -> None:
        self._window.weights_panel.show_progress(weights_id, progress)

    @Slot(object)
    def _on_installed(self, entry: CatalogueEntry) -> None:
        weights_id = entry.weights.id

        text = self.tr("{title} is on this computer now.").format(title=entry.weights.title)
        use = MessageAction(self.tr("Use it"), _Choice(self, weights_id).choose)
        self._window.messages.show_message(f"installed-{weights_id}", text, severity=Severity.INFO, actions=(use,))

    def choose(self, weights_id: str) -> None:
        """Make a set the active one."""
        self._window.messages.dismiss(f"installed-{weights_id}")
        self._window.classify.choose_weights(weights_id)

    @Slot()
    def import_own(self) -> None:
        """Ask for a person's own network and import it."""
        dialog = ImportDialog(self._window)
        if dialog.exec():
            request = dialog.request()
            self.say(self.tr("Importing {name}...").format(name=request.name))
            self._window.weights.import_own(request.file, request.labels, request.name, request.preprocess)

    @Slot(str)
    def import_known_file(self, weights_id: str) -> None:
        """Ask for the file of a set that would otherwise be fetched."""
        entry = self._entries[weights_id]
        wanted = entry.weights.files[0].name
        name, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Choose {name}").format(name=wanted), "", self.tr("Weights (*.pth);;All files (*)")
        )
        if name:
            self._window.weights.import_known_file(entry, Path(name))

    @Slot(str)
    def inspect(self, weights_id: str) -> None:
        """Show everything that a set's card says."""
        dialog = CardDialog(self._entries[weights_id], self._window)
        dialog.show()

    @Slot(str)
    def reveal_weights(self, weights_id: str) -> None:
        """Show a set's file in the file manager."""
        path = next((path for path in self._entries[weights_id].paths if path is not None), None)
        if path is not None:
            reveal(path)

    @Slot(str)
    def remove_weights(self, weights_id: str) -> None:
        """Delete a set's files from the user's data folder."""
        try:
            self._window.weights.remove(weights_id)
        except PhotospotterError as exc:
            self.show_problem(exc.problem)

    # --- runs ---

    @Slot(str)
    def _on_loading(self, weights_id: str) -> None:
        self._window.weights_panel.set_loading(weights_id)
        self._rate = RateMeter()
        self._window.status.set_busy(self.tr("Loading {title}...").format(title=self._title(weights_id)))

    @Slot(object)
    def _on_engine_ready(self, ready: EngineReady) -> None:
        self._window.weights_panel.set_loading(None)
        self._window.weights_panel.set_device_in_use(ready.device)
        self._window.status.set_device(ready.device)

    @Slot(str)
    def _on_active_changed(self, weights_id: str) -> None:
        self._window.weights_panel.set_active(weights_id)
        title = self._title(weights_id)
        self._window.empty.set_weights_line(self.tr("Labels come from {title}.").format(title=title))

    @Slot(int, int)
    def _on_progress(self, done: int, total: int) -> None:
        rate = self._rate.update(done)
        left = (total - done) / rate if rate else None
        self._window.status.update_progress(done, total, rate, left)
        self._refresh_detail()

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        self._window.actions_by_name["stop"].setEnabled(running or self._window.lists.scanning)
        if not running:
            self._window.weights_panel.set_loading(None)

    @Slot(object)
    def _on_classify_failed(self, problem: Problem) -> None:
        self.show_idle()
        self.show_problem(problem)

    @Slot(object)
    def _on_finished(self, summary: RunSummary) -> None:
        self._refresh_detail()
        classified = summary.done - summary.errors
        done = counted(classified, self.tr("1 picture classified"), self.tr("{count} pictures classified"))
        if summary.errors:
            done += ", " + counted(summary.errors, self.tr("1 could not be read"), self.tr("{count} could not be read"))
        text = self.tr("Stopped: {done}.") if summary.cancelled else self.tr("{done} in {time}.")
        self._window.status.set_idle(text.format(done=done, time=time_taken_text(summary.seconds)))

    def show_idle(self) -> None:
        """Show in the status line that nothing is going on."""
        self._window.status.set_idle("")

    @Slot(object)
    def _on_scanned(self, report: ScanReport) -> None:
        parts = []
        if report.other_files:
            one, many = self.tr("1 other file left out."), self.tr("{count} other files left out.")
            parts.append(counted(report.other_files, one, many))
        if report.unreadable:
            parts += [problem_text(problem) for problem in report.unreadable[:3]]
            more = len(report.unreadable) - 3
            if more > 0:
                one, many = self.tr("1 more folder likewise."), self.tr("{count} more folders likewise.")
                parts.append(counted(more, one, many))
        if report.images == 0 and not report.repeats:
            parts.insert(0, self.tr("No pictures were found."))
        elif report.repeats and not report.images:
            parts.insert(0, self.tr("Everything there is in the list already."))
        if parts:
            severity = Severity.WARNING if report.unreadable else Severity.INFO
            self._window.messages.show_message("scan", " ".join(parts), severity=severity)

    @Slot(object)
    def _on_exported(self, done: ExportDone) -> None:
        self._last_export = done.target
        rows = counted(done.rows, self.tr("1 row"), self.tr("{count} rows"))
        text = self.tr("{rows} saved to {file}.").format(rows=rows, file=display_name(done.target.name))
        if done.pending:
            one = self.tr("1 picture that still waits is not in it.")
            many = self.tr("{count} pictures that still wait are not in it.")
            text += " " + counted(done.pending, one, many)
        show = MessageAction(self.tr("Show file"), self._reveal_export)
        self._window.messages.show_message("export", text, severity=Severity.INFO, actions=(show,))

    @Slot()
    def _reveal_export(self) -> None:
        if self._last_export is not None:
            reveal(self._last_export)

    # --- the chosen picture ---

    @Slot(object)
    def _show_detail(self, path: Path | None) -> None:
        row = None if path is None else self._window.results.row_of(path)
        if path is None or row is None:
            self._window.detail.show_nothing()
            return
        shown = self._window.results.shown_row(row)
        installed = self._window.classify.installed
        weights = installed.weights if installed is not None else None
        self._window.detail.show_row(path, shown.result, shown.stale, weights)

    def _refresh_detail(self) -> None:
        self._show_detail(self._window.view.current_path())

    @Slot()
    def _on_counts_changed(self) -> None:
        counts = self._window.results.counts()
        for name in ("export", "rerun", "clear", "remove", "copy", "select_all"):
            self._window.actions_by_name[name].setEnabled(counts.total > 0)
        self._window.filter_bar.set_counts(counts.visible, counts.total)

    def _title(self, weights_id: str) -> str:
        entry = self._entries.get(weights_id)
        return entry.weights.title if entry is not None else weights_id


class _Choice(QObject):
    """A choice of weights as a bound method, for a message's button."""

    def __init__(self, reports: WindowReports, weights_id: str) -> None:
        super().__init__(reports)
        self._reports = reports
        self._weights_id = weights_id

    @Slot()
    def choose(self) -> None:
        self._reports.choose(self._weights_id)
