"""Weights that come into the window from a file, and go out as an archive: what is asked, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from gui.message_bar import MessageAction, Severity
from gui.percent import format_size
from model.names import shown_name
from model.types import ArchiveSaved, CatalogueEntry, Problem

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.window_reports import WindowReports

_IMPORT = "import"


def installed_key(weights_id: str) -> str:
    """Return the key of the message that a set is on this computer."""
    return f"installed-{weights_id}"


class WeightsTransfers(QObject):
    """Owned by the GUI thread."""

    def __init__(
        self, window: MainWindow, reports: WindowReports, title_of: Callable[[str], str], parent: QObject
    ) -> None:
        """Take the window whose panel asks, the reports that show messages, and what knows a set's title by its id."""
        super().__init__(parent)
        self._window = window
        self._reports = reports
        self._title_of = title_of
        self._made_way = False

    def connect_all(self) -> None:
        """Listen to controller and panel."""
        weights, panel = self._window.weights, self._window.weights_panel
        weights.import_ended.connect(self._on_import_ended)
        weights.import_failed.connect(self._on_import_failed)
        weights.already_there.connect(self._on_already_there)
        weights.archive_ended.connect(self._on_archive_ended)
        weights.archive_saved.connect(self._on_archive_saved)
        weights.archive_failed.connect(self._on_archive_failed)
        weights.compute_wanted.connect(self._make_way)
        weights.compute_queued.connect(self._go_on)
        panel.import_requested.connect(self.import_own)
        panel.save_requested.connect(self.save_archive)

    def use_action(self, weights_id: str) -> MessageAction:
        """Return the button that puts a set to use."""
        return MessageAction(self.tr("Use it"), partial(self._window.classify.choose_weights, weights_id))

    # --- in ---

    @Slot()
    def import_own(self) -> None:
        """Ask for a person's own network or an archive, and import it."""
        from gui.import_dialog import ImportDialog

        dialog = ImportDialog(self._window)
        if dialog.exec():
            request = dialog.request()
            name = request.name or shown_name(request.file.name)
            self._window.messages.show_message(_IMPORT, self.tr("Importing {name}\u2026").format(name=name))
            self._window.weights.import_own(request)
        dialog.deleteLater()

    @Slot()
    def _on_import_ended(self) -> None:
        if not self._window.weights.importing:
            self._window.messages.dismiss(_IMPORT)

    @Slot(object)
    def _on_import_failed(self, problem: Problem) -> None:
        again = MessageAction(self.tr("Import again\u2026"), self.import_own)
        self._reports.tell(problem, Severity.ERROR, actions=(again,))

    @Slot(object)
    def _on_already_there(self, entry: CatalogueEntry) -> None:
        weights_id = entry.weights.id
        text = self.tr("{title} was on this computer already; nothing was changed.").format(title=entry.weights.title)
        in_use = weights_id == self._window.classify.weights_id
        actions = () if in_use else (self.use_action(weights_id),)
        self._window.messages.show_message(installed_key(weights_id), text, actions=actions)

    @Slot()
    def _make_way(self) -> None:
        self._made_way = self._window.classify.running
        self._window.classify.interrupt()

    @Slot()
    def _go_on(self) -> None:
        if self._made_way:  # what the user has stopped stays so
            self._window.classify.classify_pending()

    # --- out ---

    @Slot(str)
    def save_archive(self, weights_id: str) -> None:
        """Ask where to, and save a set as an archive."""
        from model.weight_archive import SUFFIX

        proposed = str(Path(self._window.settings.last_export_folder) / f"{weights_id}{SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save as archive"), proposed, self.tr("Archives of weights (*.zip)")
        )
        if not name:
            return
        target = Path(name)
        if target.suffix.lower() != SUFFIX:
            target = target.with_name(f"{target.name}{SUFFIX}")
            if target.exists():  # the chooser has asked about the name without the ending
                text = self.tr("{file} exists already. Choose another name.").format(file=shown_name(target.name))
                self._reports.say(text)
                return
        self._window.settings.last_export_folder = str(target.parent)
        text = self.tr("Saving {title}\u2026").format(title=self._title_of(weights_id))
        self._window.messages.dismiss(_saved_key(weights_id))
        self._window.messages.show_message(_saving_key(weights_id), text)
        self._window.weights.save_archive(weights_id, target)

    @Slot(str)
    def _on_archive_ended(self, weights_id: str) -> None:
        self._window.messages.dismiss(_saving_key(weights_id))

    @Slot(object)
    def _on_archive_saved(self, saved: ArchiveSaved) -> None:
        text = self.tr("{title} saved to {file} ({size}). Import it on another computer as it is.").format(
            title=saved.weights.title, file=shown_name(saved.target.name), size=format_size(saved.size)
        )
        show = MessageAction(self.tr("Show file"), partial(self._window.commands.reveal_path, saved.target))
        self._window.messages.show_message(_saved_key(saved.weights.id), text, actions=(show,))

    @Slot(str, object)
    def _on_archive_failed(self, weights_id: str, problem: Problem) -> None:
        again = MessageAction(self.tr("Save again\u2026"), partial(self.save_archive, weights_id))
        self._reports.tell(problem, Severity.ERROR, key=_saved_key(weights_id), actions=(again,))


def _saving_key(weights_id: str) -> str:
    return f"saving-{weights_id}"


def _saved_key(weights_id: str) -> str:
    return f"saved-{weights_id}"
