"""Writes the list down as it changes, and offers the last one when the window starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.message_bar import MessageAction
from gui.percent import counted
from gui.results_order import OrderSpec, ResultFilter, SortKey, StatusFilter
from gui.worker import Outcome
from model.errors import WeightsError
from model.folders import sessions_dir
from model.session_file import Session, SessionWriter, forget_session, last_session
from model.types import ScanBatch, WeightsState

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from model.cancel import CancelToken
    from model.types import FoundImage

_OFFER = "last-session"
_ROWS_AT_ONCE = 2000


class SessionController(QObject):
    """Owned by the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        """Listen to the list of `window`; nothing is read or written yet."""
        super().__init__(window)
        self._window = window
        self._writer = SessionWriter(sessions_dir())
        self._offered: Session | None = None
        self._is_empty = True
        self._is_restoring = False
        self._is_adding = False
        lists, results = window.lists, window.results
        lists.scan_begun.connect(self._writer.scan_begun)
        lists.scan_ended.connect(self._writer.scan_ended)
        lists.found.connect(self._on_rows)
        lists.scanning_changed.connect(self._on_scanning_changed)
        results.removed.connect(self._writer.removed)
        results.relocated.connect(self._writer.moved)
        results.cleared.connect(self._on_cleared)
        results.spec_changed.connect(self._on_spec_changed)
        window.classify.active_changed.connect(self._on_weights_changed)
        window.classify.finished.connect(self._on_finished)

    def look_for_last(self) -> None:
        """Offer the list of the last window, if there is one: read on the I/O thread."""
        self._window.files.start(partial(last_session, sessions_dir()), self._on_found, lambda _outcome: None)

    def close(self) -> None:
        """Write what is left; to be called when the window closes."""
        self._writer.close()

    @property
    def is_adding(self) -> bool:
        """Whether a list is being brought back: its results are looked up once for all, when all rows are there."""
        return self._is_adding

    # --- writing ---

    @Slot(object)
    def _on_rows(self, found: Sequence[FoundImage]) -> None:
        if self._is_empty:  # until now it did not matter
            self._is_empty = False
            self._writer.weights(self._window.classify.weights_id)
            self._writer.view(_as_words(self._window.results.spec))
        self._writer.found(found)

    @Slot(bool)
    def _on_scanning_changed(self, scanning: bool) -> None:
        if not scanning:  # also when the user has stopped it: nobody tells then that it is done
            self._is_adding = False

    @Slot()
    def _on_cleared(self) -> None:
        self._is_empty = True
        self._writer.cleared()

    @Slot()
    def _on_spec_changed(self) -> None:
        if not self._is_empty:
            self._writer.view(_as_words(self._window.results.spec))

    @Slot(str)
    def _on_weights_changed(self, weights_id: str) -> None:
        if not self._is_empty:
            self._writer.weights(weights_id)

    # --- offering ---

    def _on_found(self, session: object) -> None:
        assert isinstance(session, Session)
        self._offered = session
        count = len(session.found)
        text = self.tr("Last time pictures were being added.")
        if count:
            one = self.tr("Last time the list had 1 picture.")
            text = counted(count, one, self.tr("Last time the list had {count} pictures."))
        actions = (
            MessageAction(self.tr("Show again"), self.restore),
            MessageAction(self.tr("No, thanks"), self.forget),
        )
        self._window.messages.show_message(_OFFER, text, actions=actions)

    @Slot()
    def restore(self) -> None:
        """Bring the offered list back: its rows, how they were sorted and filtered, its weights, its scans."""
        session, self._offered = self._offered, None
        if session is None:
            return
        window = self._window
        if session.weights_id and self._can_be_used(session.weights_id):
            window.classify.choose_weights(session.weights_id)
        if session.view:
            window.filter_bar.show_spec(_from_words(session.view))
            self._is_restoring = True
        self._is_adding = True
        window.lists.add_found(partial(_in_batches, session), partial(self._on_restored, session))

    def _on_restored(self, session: Session, outcome: Outcome) -> None:
        self._is_adding = False
        self._window.classify.classify_pending()
        for scan in session.scans:
            self._window.lists.add(scan.paths, recursive=scan.recursive)
        if not outcome.cancelled:
            self._forget(session)

    @Slot(object)
    def _on_finished(self, _summary: object) -> None:
        """Put the rows where they were: they came in the order of adding, without what they are sorted by."""
        if self._is_restoring:
            self._is_restoring = False
            self._window.filter_bar.apply_again()

    @Slot()
    def forget(self) -> None:
        """Decline the offered list: it is not offered again."""
        session, self._offered = self._offered, None
        if session is not None:
            self._forget(session)

    def _forget(self, session: Session) -> None:
        self._window.files.start(partial(_forget, session), lambda _value: None, lambda _outcome: None)

    def _can_be_used(self, weights_id: str) -> bool:
        try:
            state = self._window.catalogue.entry(weights_id).state
        except WeightsError:
            return False
        return state in (WeightsState.BUILT_IN, WeightsState.ON_COMPUTER)


def _as_words(spec: OrderSpec) -> dict[str, object]:
    chosen = spec.filter
    return {
        "sort": spec.key.value,
        "descending": spec.descending,
        "text": chosen.text,
        "minimum": chosen.minimum,
        "status": chosen.status.value,
    }


def _from_words(view: Mapping[str, object]) -> OrderSpec:
    """Return the spec; what makes no sense, or was written by another version, reads as its default."""
    try:
        chosen = ResultFilter(str(view["text"]), float(str(view["minimum"])), StatusFilter(view["status"]))
        return OrderSpec(SortKey(view["sort"]), view["descending"] is True, chosen)
    except (KeyError, ValueError):
        return OrderSpec()


def _forget(session: Session, _cancel: CancelToken) -> Iterator[None]:
    forget_session(session)
    yield None


def _in_batches(session: Session, cancel: CancelToken) -> Iterator[ScanBatch]:
    from gui import result_rows  # noqa: F401 - with numpy, for which the GUI thread has no time

    for start in range(0, len(session.found), _ROWS_AT_ONCE):
        cancel.raise_if_cancelled()
        yield ScanBatch(session.found[start : start + _ROWS_AT_ONCE])
