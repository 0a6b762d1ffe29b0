"""Fetches, imports, saves and removes weight sets; the active set is never touched by any of it."""

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gui.import_request import ImportRequest, run_import
from gui.settings import Settings
from gui.worker import JobRunner, Outcome, Ticket
from model.cancel import CancelToken
from model.types import ArchiveSaved, CatalogueEntry, DownloadProgress, WeightsInstalled
from model.weights import Catalogue

log = logging.getLogger(__name__)


class WeightsController(QObject):
    """Owned by the GUI thread. One fetch at a time, on a thread of its own so that drops are read meanwhile."""

    changed = Signal()
    """The sets, or what is known of them, may be others than before."""
    progressed = Signal(str, object)
    """A set's id and its DownloadProgress; the first comes when the fetch is asked for."""
    ended = Signal(str)
    installed = Signal(object)
    """The CatalogueEntry of a set that is on this computer now."""
    already_there = Signal(object)
    """The CatalogueEntry of a set whose archive was imported although the very same set is here."""
    fetch_failed = Signal(str, object)
    """A set's id and the Problem with which its fetch, or the copying of its file, ended."""
    import_ended = Signal()
    import_failed = Signal(object)
    archive_ended = Signal(str)
    archive_saved = Signal(object)
    """The ArchiveSaved with which saving a set ended."""
    archive_failed = Signal(str, object)
    """A set's id and the Problem with which saving it ended."""
    compute_wanted = Signal()
    """An import is about to be queued on the compute thread, where classifying has to make way for it."""
    compute_queued = Signal()
    """The import has its place in the queue; classifying may go on behind it."""

    def __init__(
        self,
        catalogue: Catalogue,
        fetches: JobRunner,
        compute: JobRunner,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        """`fetches` runs downloads and copies; `compute` reads checkpoints, which takes torch."""
        super().__init__(parent)
        self._catalogue = catalogue
        self._fetches = fetches
        self._compute = compute
        self._settings = settings
        self._fetching: dict[str, Ticket] = {}
        self._imports = 0

    @property
    def importing(self) -> bool:
        """Whether a person's own network is being imported."""
        return self._imports > 0

    def is_fetching(self, weights_id: str) -> bool:
        """Return whether a set's file is being fetched or copied, or waits for that."""
        return weights_id in self._fetching

    def fetch(self, entry: CatalogueEntry) -> None:
        """Fetch a set's file from its publisher or the mirror; nothing is fetched unasked."""
        mirror = self._settings.mirror_url or None
        self._start(entry, partial(_fetch, self._catalogue, entry, mirror))

    def import_known_file(self, entry: CatalogueEntry, file: Path) -> None:
        """Take a set's file from elsewhere on this computer, checked as a download is."""
        self._start(entry, partial(_import_known, self._catalogue, entry, file))

    def cancel_fetch(self, weights_id: str) -> None:
        """Stop a fetch; what has come is kept, and the next fetch goes on from there."""
        ticket = self._fetching.get(weights_id)
        if ticket is None:
            return
        if weights_id == next(iter(self._fetching)):
            ticket.token.cancel()
        else:  # it still waits for another fetch, which may take long
            self._fetches.forget(ticket)
            self._on_done(weights_id, Outcome(cancelled=True))

    def import_own(self, request: ImportRequest) -> None:
        """Import a person's own network or an archive; classifying makes way for it and goes on after."""
        self._imports += 1
        self.compute_wanted.emit()
        job = partial(_import_own, request, self._catalogue)
        self._compute.start(job, self._on_own_value, self._on_own_done)
        self.compute_queued.emit()

    def save_archive(self, weights_id: str, target: Path) -> None:
        """Save a set as an archive, replacing a file that is there; the file chooser has asked about that."""
        job = partial(_save_archive, self._catalogue, weights_id, target)
        self._fetches.start(job, self._on_archive_value, partial(self._on_archive_done, weights_id))

    def remove(self, weights_id: str) -> None:
        """Delete a set's files from the user's data folder; raises WeightsError when that cannot be done."""
        self._catalogue.remove(weights_id)
        self.changed.emit()

    def _start(self, entry: CatalogueEntry, job: partial[Iterator[object]]) -> None:
        weights_id = entry.weights.id
        if weights_id in self._fetching:
            return
        on_value = partial(self._on_value, weights_id)
        on_done = partial(self._on_done, weights_id)
        self._fetching[weights_id] = self._fetches.start(job, on_value, on_done)
        # The server may take its time to answer, and until then there is something to show and to stop already.
        self.progressed.emit(weights_id, DownloadProgress(0, None, None))

    def _on_value(self, weights_id: str, value: object) -> None:
        if isinstance(value, DownloadProgress):
            self.progressed.emit(weights_id, value)
        elif isinstance(value, WeightsInstalled):
            self._note_installed(value)

    def _on_done(self, weights_id: str, outcome: Outcome) -> None:
        del self._fetching[weights_id]
        self.ended.emit(weights_id)
        if outcome.problem is not None:
            self.changed.emit()  # a damaged file may have been found on the way
            self.fetch_failed.emit(weights_id, outcome.problem)

    def _on_own_value(self, value: object) -> None:
        if isinstance(value, WeightsInstalled) and value.was_there:
            self.already_there.emit(value.entry)
        elif isinstance(value, WeightsInstalled):
            self._note_installed(value)

    def _on_own_done(self, outcome: Outcome) -> None:
        self._imports -= 1
        self.import_ended.emit()
        if outcome.problem is not None:
            self.import_failed.emit(outcome.problem)

    def _on_archive_value(self, value: object) -> None:
        if isinstance(value, ArchiveSaved):
            self.archive_saved.emit(value)

    def _on_archive_done(self, weights_id: str, outcome: Outcome) -> None:
        self.archive_ended.emit(weights_id)
        if outcome.problem is not None:
            self.changed.emit()  # a damaged file may have been found on the way
            self.archive_failed.emit(weights_id, outcome.problem)

    def _note_installed(self, value: WeightsInstalled) -> None:
        self.changed.emit()
        self.installed.emit(value.entry)


def _fetch(catalogue: Catalogue, entry: CatalogueEntry, mirror: str | None, cancel: CancelToken) -> Iterator[object]:
    from model.download import fetch_weights

    return fetch_weights(entry, catalogue, mirror=mirror, cancel=cancel)


def _import_known(catalogue: Catalogue, entry: CatalogueEntry, file: Path, cancel: CancelToken) -> Iterator[object]:
    from model.download import import_file

    return import_file(entry, file, catalogue, cancel=cancel)


def _import_own(request: ImportRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    return run_import(request, catalogue, cancel)


def _save_archive(catalogue: Catalogue, weights_id: str, target: Path, cancel: CancelToken) -> Iterator[object]:
    from model.weight_archive import export_archive

    return export_archive(catalogue, weights_id, target, cancel=cancel, overwrite=True)
