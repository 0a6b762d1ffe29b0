"""What the window's actions do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from gui.desktop import open_in_viewer, reveal
from gui.mime import image_from, paths_from
from gui.paste import save_pasted
from gui.worker import Outcome
from model.decode_limits import DecodeLimits
from model.folders import data_dir, store_file
from model.image_formats import READABLE_EXTENSIONS

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.sort_controller import SortController
    from model.cancel import CancelToken

log = logging.getLogger(__name__)


class WindowCommands(QObject):
    """Handlers of the window's actions; owned by the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        """Take the window whose parts the commands work on."""
        super().__init__(window)
        self._window = window
        self._sorting: SortController | None = None
        view = window.view
        view.remove_requested.connect(self.remove_paths)
        view.open_requested.connect(self.open_path)
        view.reveal_requested.connect(self.reveal_path)
        view.large_view_requested.connect(self.show_large)
        view.copy_requested.connect(self.copy)
        view.retry_requested.connect(self.retry)
        view.retry_failed_requested.connect(self.retry_failed_of)
        window.detail.step_requested.connect(self.step)
        window.lists.copied.connect(self._on_copied)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """Return the handler of each action by its name."""
        return {
            "open_images": self.open_images,
            "open_folder": self.open_folder,
            "paste": self.paste,
            "export": self.export,
            "sort": self.sort,
            "undo_sort": self.undo_sort,
            "quit": self.quit,
            "copy": self.copy,
            "select_all": self.select_all,
            "remove": self.remove,
            "clear": self.clear,
            "find": self.find,
            "stop": self.stop,
            "rerun": self.rerun,
            "pause": self.pause,
            "retry_failed": self.retry_failed,
            "watch_added": self.watch_added,
            "open_viewer": self.open_viewer,
            "reveal": self.reveal,
            "train": self.train,
            "evaluate": self.evaluate,
            "settings": self.edit_settings,
            "diagnose": self.diagnose,
            "about": self.about,
        }

    @Slot()
    def open_images(self) -> None:
        """Let the user choose pictures."""
        patterns = " ".join(f"*{extension}" for extension in READABLE_EXTENSIONS)
        filters = ";;".join([self.tr("Pictures ({patterns})").format(patterns=patterns), self.tr("All files (*)")])
        names, _ = QFileDialog.getOpenFileNames(
            self._window, self.tr("Open images"), self._window.settings.last_folder, filters
        )
        if names:
            self._window.settings.last_folder = str(Path(names[0]).parent)
            self._window.add_paths([Path(name) for name in names])

    @Slot()
    def open_folder(self) -> None:
        """Let the user choose a folder."""
        name = QFileDialog.getExistingDirectory(self._window, self.tr("Open folder"), self._window.settings.last_folder)
        if name:
            self._window.settings.last_folder = name
            self._window.add_paths([Path(name)])

    @Slot()
    def paste(self) -> None:
        """Add what is on the clipboard: files, a copied picture, or paths as text."""
        self.add_mime(QGuiApplication.clipboard().mimeData())

    def add_mime(self, mime: QMimeData) -> None:
        """Add files, or a picture without a file, from a drop or from the clipboard."""
        paths = paths_from(mime)
        image = None if paths else image_from(mime)
        if paths:
            self._window.add_paths(paths)
        elif image is not None:
            job = partial(save_pasted, image, data_dir() / "pasted")
            self._window.files.start(job, self._on_pasted, self._on_paste_done)
        else:
            self._window.reports.say(self.tr("There is no picture, file or path on the clipboard."))

    def _on_pasted(self, path: object) -> None:
        if isinstance(path, Path):
            self._window.add_paths([path])

    def _on_paste_done(self, outcome: Outcome) -> None:
        if outcome.problem is not None:
            self._window.reports.show_problem(outcome.problem)

    @Slot()
    def export(self) -> None:
        """Ask where to, and write the results of the active weights as CSV or as an Excel workbook."""
        window = self._window
        installed = window.classify.installed
        if installed is None or not window.results.counts().finished:
            window.reports.say(self.tr("There are no results to export yet."))
            return
        proposed = str(Path(window.settings.last_export_folder) / self.tr("photospotter.csv"))
        name, chosen = QFileDialog.getSaveFileName(
            window,
            self.tr("Export table"),
            proposed,
            ";;".join([self.tr("Comma-separated values (*.csv)"), self.tr("Excel workbook (*.xlsx)")]),
        )
        if name:
            target = Path(name)
            self.export_to(target if target.suffix or "*.xlsx" not in chosen else target.with_suffix(".xlsx"))

    def export_to(self, target: Path) -> None:
        """Write the table to `target`, a workbook where its suffix says so, else CSV.

        Replaces a file that is there; the file chooser has asked about that.
        """
        window = self._window
        installed = window.classify.installed
        if installed is None:
            return
        if not target.suffix:
            target = target.with_suffix(".csv")
        window.settings.last_export_folder = str(target.parent)
        window.lists.export(target, installed, window.classify.device_label, raw=window.settings.csv_raw)

    @property
    def sorting(self) -> SortController:
        """What sorts; it and its dialog are made when they are first asked for."""
        if self._sorting is None:
            from gui.sort_controller import SortController

            self._sorting = SortController(self._window)
        return self._sorting

    @Slot()
    def sort(self) -> None:
        """Let the user copy or move the pictures into folders, or write keywords beside them."""
        if self._window.classify.installed is None or not self._window.results.counts().finished:
            self._window.reports.say(self.tr("There are no results to sort by yet."))
            return
        self.sorting.open()

    @Slot()
    def undo_sort(self) -> None:
        """Show the last sorting, and let the user undo it."""
        self.sorting.open_undo()

    @Slot()
    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    @Slot()
    def copy(self) -> None:
        """Copy the chosen rows as tab-separated text."""
        rows = self._window.view.selected_rows()
        if len(rows):
            self._window.lists.copy(rows)

    @Slot(object)
    def _on_copied(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)

    @Slot()
    def select_all(self) -> None:
        """Choose all rows shown."""
        self._window.view.selectAll()

    @Slot()
    def remove(self) -> None:
        """Take the chosen rows off the list."""
        self._window.results.remove_rows(self._window.view.selected_rows())

    @Slot(object)
    def remove_paths(self, paths: Sequence[Path]) -> None:
        """Take rows off the list; the files stay."""
        self._window.results.remove(paths)

    @Slot()
    def clear(self) -> None:
        """Take everything off the list and stop."""
        self._window.classify.interrupt()
        self._window.lists.stop_scans()
        self._window.results.clear()

    @Slot()
    def find(self) -> None:
        """Put the cursor into the filter."""
        self._window.filter_bar.focus_filter()

    @Slot()
    def stop(self) -> None:
        """Stop classifying and scanning."""
        self._window.lists.stop_scans()
        self._window.classify.stop()

    @Slot()
    def rerun(self) -> None:
        """Classify everything anew, from files that may have changed."""
        self._window.thumbnails.forget_all()
        self._window.classify.rerun()

    @Slot(object)
    def retry(self, paths: Sequence[Path]) -> None:
        """Classify these anew."""
        self._window.thumbnails.forget(paths)
        self._window.classify.rerun(paths)

    @Slot()
    def pause(self) -> None:
        """Have the run wait, or go on."""
        classify = self._window.classify
        classify.resume() if classify.paused else classify.pause()

    @Slot()
    def retry_failed(self) -> None:
        """Classify all pictures with an error anew, also those that the filter hides."""
        self._retry_failed(None)

    @Slot(object)
    def retry_failed_of(self, paths: Sequence[Path]) -> None:
        """Classify those of these anew that have an error."""
        self._retry_failed(paths)

    def _retry_failed(self, paths: Sequence[Path] | None) -> None:
        self._window.thumbnails.forget(self._window.results.failed_paths(paths))
        if not self._window.classify.retry_failed(paths):
            self._window.reports.say(self.tr("No picture has an error."))

    @Slot(object)
    def take_rewritten(self, paths: Sequence[Path]) -> None:
        """Classify pictures anew whose files another program has changed."""
        self._window.thumbnails.forget(paths)
        self._window.classify.classify_changed(paths)

    @Slot()
    def watch_added(self) -> None:
        """Watch the folders that were added to the list, and those that will be; or none any more."""
        self._window.watching.watch_added(self._window.actions_by_name["watch_added"].isChecked())

    @Slot()
    def open_viewer(self) -> None:
        """Open the current picture in the system's viewer."""
        path = self._window.view.current_path()
        if path is not None:
            self.open_path(path)

    @Slot(object)
    def open_path(self, path: Path) -> None:
        """Open a picture in the system's viewer."""
        if not open_in_viewer(path):
            self._window.reports.say(self.tr("No program is set up on this computer for viewing this picture."))

    @Slot()
    def reveal(self) -> None:
        """Show the current picture in the file manager."""
        path = self._window.view.current_path()
        if path is not None:
            self.reveal_path(path)

    @Slot(object)
    def reveal_path(self, path: Path) -> None:
        """Show a file in the file manager."""
        if not reveal(path):
            self._window.reports.say(self.tr("No file manager was found on this computer."))

    @Slot(object)
    def show_large(self, _path: Path) -> None:
        """Show the current picture large."""
        self._window.detail.show_large()

    @Slot(int)
    def step(self, rows: int) -> None:
        """Go some rows down (or up) while a picture is shown large."""
        view = self._window.view
        row = view.currentIndex().row() + rows
        if 0 <= row < self._window.results.rowCount():
            view.select_path(self._window.results.path_at(row))

    @Slot()
    def train(self) -> None:
        """Let the user train weights of their own, or show the training that is under way."""
        self._window.training_reports.open()

    @Slot()
    def evaluate(self) -> None:
        """Let the user see how good weights are."""
        self._window.evaluation.open()

    @Slot()
    def edit_settings(self) -> None:
        """Let the user change settings; they count from the next run on."""
        from gui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self._window.settings, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self.apply_settings)
        dialog.clear_thumbnails.connect(self.clear_thumbnails)
        dialog.clear_history.connect(self.clear_history)
        dialog.show()

    @Slot()
    def apply_settings(self) -> None:
        """Decode by the settings as they are now; what was too large before can be tried again."""
        window = self._window
        window.limits = DecodeLimits(pixels=window.settings.pixel_limit)
        window.classify.set_limits(window.limits)
        window.pictures.limits = window.limits
        window.thumbnails.set_load(window.pictures.load)
        job = partial(_limit_history, window.settings.history_megabytes << 20)
        window.files.start(job, lambda _nothing: None, self._on_history_done)

    @Slot()
    def clear_thumbnails(self) -> None:
        """Remove the thumbnails that are kept on the disk."""
        self._window.files.start(self._window.pictures.clear, self._on_thumbnails_cleared, lambda _outcome: None)

    def _on_thumbnails_cleared(self, _nothing: object) -> None:
        self._window.reports.say(self.tr("The stored thumbnails were removed."))

    @Slot()
    def clear_history(self) -> None:
        """Forget the results that are kept on the disk; those in the list stay."""
        self._window.files.start(_clear_history, self._on_history_cleared, self._on_history_done)

    def _on_history_cleared(self, _nothing: object) -> None:
        self._window.reports.say(self.tr("The history of results was cleared. The list keeps its results."))

    def _on_history_done(self, outcome: Outcome) -> None:
        if outcome.problem is not None:
            self._window.reports.show_problem(outcome.problem)

    @Slot()
    def diagnose(self) -> None:
        """Show what this computer has, and measure how fast it classifies with the settings as they are."""
        from gui.doctor_dialog import DoctorDialog
        from gui.doctor_job import doctor_job

        window = self._window
        open_one = window.findChild(DoctorDialog)
        if open_one is not None and open_one.isVisible():
            open_one.raise_()
            open_one.activateWindow()
            return
        job = doctor_job(window.catalogue, window.classify.weights_id, window.settings)
        dialog = DoctorDialog(window.diagnoses, job, lambda: window.classify.running, window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    @Slot()
    def about(self) -> None:
        """Show version, licences and credits."""
        from gui.about_dialog import AboutDialog

        dialog = AboutDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()


def _limit_history(most_bytes: int, cancel: CancelToken) -> Iterator[None]:
    from model.history import limit_history  # with SQLite, which a start does without

    return limit_history(store_file(), most_bytes, cancel)


def _clear_history(cancel: CancelToken) -> Iterator[None]:
    from model.history import clear_history

    return clear_history(store_file(), cancel)
