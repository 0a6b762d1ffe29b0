"""What the window tells of weight sets, and what its weights panel asks for."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from gui.message_bar import MessageAction, Severity
from gui.percent import format_size
from gui.run_status import engine_text
from gui.weights_texts import files_to_fetch, total_size
from gui.weights_transfers import WeightsTransfers, installed_key
from model.errors import PhotospotterError
from model.types import CatalogueEntry, EngineReady, Problem, WeightsState

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.window_reports import WindowReports

log = logging.getLogger(__name__)

PREFERRED_ID = "imagenet-resnet50-v2"
_WELCOME, _SWAP_FAILED = "welcome", "swap-failed"


class WeightsReports(QObject):
    """Owned by the GUI thread."""

    def __init__(self, window: MainWindow, reports: WindowReports) -> None:
        """Take the window whose panel is written to, and the reports that show messages."""
        super().__init__(reports)
        self._window = window
        self._reports = reports
        self._entries: dict[str, CatalogueEntry] = {}
        self._faults: set[Problem] = set()
        self._welcomed = ""
        self._transfers = WeightsTransfers(window, reports, self.title_of, self)

    def connect_all(self) -> None:
        """Listen to controllers and panel."""
        classify, weights, panel = self._window.classify, self._window.weights, self._window.weights_panel
        classify.loading.connect(panel.set_loading)
        classify.engine_ready.connect(self._on_engine_ready)
        classify.running_changed.connect(self._on_running_changed)
        classify.active_changed.connect(self._on_active_changed)
        classify.failed.connect(self._on_classify_failed)
        weights.changed.connect(self.refresh)
        weights.progressed.connect(panel.show_progress)
        weights.ended.connect(panel.clear_progress)
        weights.installed.connect(self._on_installed)
        weights.fetch_failed.connect(self._on_fetch_failed)
        self._transfers.connect_all()
        panel.weights_chosen.connect(classify.choose_weights)
        panel.device_chosen.connect(classify.choose_device)
        panel.fetch_requested.connect(self.fetch)
        panel.cancel_fetch_requested.connect(weights.cancel_fetch)
        panel.import_file_requested.connect(self.import_known_file)
        panel.inspect_requested.connect(self.inspect)
        panel.reveal_requested.connect(self.reveal)
        panel.remove_requested.connect(self.remove)

    def title_of(self, weights_id: str) -> str:
        """Return a set's title, or its id when it is not in the catalogue."""
        entry = self._entries.get(weights_id)
        return entry.weights.title if entry is not None else weights_id

    @Slot()
    def refresh(self) -> None:
        """Read the catalogue again and show it; a card that cannot be used is told of once, until it is mended."""
        entries, faults = self._window.catalogue.read()
        self._entries = {entry.weights.id: entry for entry in entries}
        self._window.weights_panel.set_entries(entries)
        self._window.weights_panel.set_active(self._window.classify.weights_id)
        for mended in self._faults.difference(faults):
            self._window.messages.dismiss(_card_key(mended))
        for fault in faults:
            if fault not in self._faults:
                self._reports.tell(fault, Severity.WARNING, key=_card_key(fault))
        self._faults = set(faults)

    def welcome(self) -> None:
        """Tell once, at the first start, which weights are in use, and offer the network that is not here yet."""
        entry = self._entries.get(self._window.classify.weights_id)
        preferred = self._entries.get(PREFERRED_ID)
        if entry is None:
            return
        self._welcomed = entry.weights.id
        text = self.tr("Pictures are classified with {title}, on this computer.").format(title=entry.weights.title)
        actions: tuple[MessageAction, ...] = ()
        if preferred is not None and preferred.state is WeightsState.TO_BE_FETCHED:
            size = format_size(total_size(files_to_fetch(preferred)))
            text += " " + self.tr("{title} is more accurate.").format(title=preferred.weights.title)
            actions = (MessageAction(self.tr("Fetch {size}").format(size=size), partial(self.fetch, PREFERRED_ID)),)
        self._window.messages.show_message(_WELCOME, text, actions=actions)

    # --- fetching, importing, removing ---

    @Slot(str)
    def fetch(self, weights_id: str) -> None:
        """Fetch a set's file."""
        self._forget_fetch(weights_id)
        self._window.weights.fetch(self._entries[weights_id])

    @Slot(str)
    def import_known_file(self, weights_id: str) -> None:
        """Ask for the file of a set that would otherwise be fetched."""
        entry = self._entries[weights_id]
        wanted = next((file.name for file in entry.weights.files if file.place == "download"), "")
        name, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Choose {name}").format(name=wanted), "", self.tr("Weights (*.pth);;All files (*)")
        )
        if name:
            self._forget_fetch(weights_id)
            self._window.weights.import_known_file(entry, Path(name))

    def _forget_fetch(self, weights_id: str) -> None:
        self._window.messages.dismiss(_fetch_key(weights_id))
        if weights_id == PREFERRED_ID:
            self._window.messages.dismiss(_WELCOME)

    @Slot(str, object)
    def _on_fetch_failed(self, weights_id: str, problem: Problem) -> None:
        entry = self._entries.get(weights_id)
        actions: tuple[MessageAction, ...] = ()
        if entry is not None and files_to_fetch(entry):
            again = MessageAction(self.tr("Fetch it"), partial(self.fetch, weights_id))
            choose = self.tr("Choose its file\u2026")
            actions = (again, MessageAction(choose, partial(self.import_known_file, weights_id)))
        self._reports.tell(problem, Severity.ERROR, key=_fetch_key(weights_id), actions=actions)

    @Slot(object)
    def _on_installed(self, entry: CatalogueEntry) -> None:
        weights_id = entry.weights.id
        text = self.tr("{title} is on this computer now.").format(title=entry.weights.title)
        actions: tuple[MessageAction, ...] = ()
        if weights_id == self._window.classify.weights_id:  # its file had gone, or was damaged
            self._window.messages.dismiss(_SWAP_FAILED)
            self._window.classify.classify_pending()
        else:
            actions = (self._transfers.use_action(weights_id),)
        self._window.messages.show_message(installed_key(weights_id), text, actions=actions)

    @Slot(str)
    def remove(self, weights_id: str) -> None:
        """Delete a set's files from the user's data folder; one that is in use, or on its way, is left there."""
        title = self.title_of(weights_id)
        if self._is_in_use(weights_id):
            text = self.tr("{title} is in use. Choose other weights first, then remove it.")
            self._reports.say(text.format(title=title))
            return
        if self._window.weights.is_fetching(weights_id):
            self._reports.say(self.tr("{title} is being fetched. Stop that first, then remove it.").format(title=title))
            return
        try:
            self._window.weights.remove(weights_id)
        except PhotospotterError as exc:
            self._reports.show_problem(exc.problem)
        else:
            self._window.messages.dismiss(installed_key(weights_id))

    def _is_in_use(self, weights_id: str) -> bool:
        classify = self._window.classify
        # While another set is being loaded, the last good one has to be there: it comes back if that fails.
        fallback = classify.last_good if classify.running else None
        return weights_id in {classify.weights_id, fallback.weights.id if fallback is not None else ""}

    # --- looking at them ---

    @Slot(str)
    def inspect(self, weights_id: str) -> None:
        """Show everything that a set's card says."""
        from gui.card_dialog import CardDialog

        CardDialog(self._entries[weights_id], self._window).show()

    @Slot(str)
    def reveal(self, weights_id: str) -> None:
        """Show a set's file in the file manager."""
        path = next((path for path in self._entries[weights_id].paths if path is not None), None)
        if path is not None:
            self._window.commands.reveal_path(path)

    # --- the active set ---

    @Slot(object)
    def _on_engine_ready(self, ready: EngineReady) -> None:
        self._window.weights_panel.set_loading(None)
        self._window.weights_panel.set_device_in_use(engine_text(ready))

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        if not running:
            self._window.weights_panel.set_loading(None)

    @Slot(str)
    def _on_active_changed(self, weights_id: str) -> None:
        self._window.weights_panel.set_active(weights_id)
        line = self.tr("Labels come from {title}.").format(title=self.title_of(weights_id))
        self._window.empty.set_weights_line(line)
        self._window.messages.dismiss(installed_key(weights_id))
        self._window.messages.dismiss(_SWAP_FAILED)
        if weights_id != self._welcomed:
            self._window.messages.dismiss(_WELCOME)

    @Slot(object)
    def _on_classify_failed(self, problem: Problem) -> None:
        self.refresh()  # a damaged file may have been found on the way
        self._reports.tell(problem, Severity.ERROR, key=_SWAP_FAILED)


def _fetch_key(weights_id: str) -> str:
    return f"fetch-{weights_id}"


def _card_key(fault: Problem) -> str:
    return f"card-{fault.code}-{fault.params}"
