"""Keeps the rows classified with the active weights: starts, supersedes and stops runs on the compute thread."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from gui.progress_bar import WorkClock
from gui.results_model import ResultsModel
from gui.settings import Settings
from gui.worker import JobRunner, Outcome, Ticket
from model.classify_request import ClassifierWish, ClassifyRequest
from model.decode_limits import DecodeLimits
from model.types import EngineReady, InstalledWeights, Notice, Problem, ResultBatch, RunPaused, WeightsOpened
from model.work_queue import WorkQueue

if TYPE_CHECKING:
    from gui.late_engine import LateEngine
    from model.engine import Engine
    from model.run_summary import RunTally

log = logging.getLogger(__name__)


_NetworkKey = tuple[str, ClassifierWish]
"""What decides which network is in memory: the weights, and how they are to be loaded."""


class ClassifyController(QObject):
    """Owned by the GUI thread; the engine is touched by jobs on the compute thread only."""

    engine_ready = Signal(object)
    loading = Signal(str)
    """A run has begun whose network is not known to be loaded."""
    active_changed = Signal(str)
    progressed = Signal(int)
    """More rows are finished; the number of pictures that went through the network in this piece of work."""
    running_changed = Signal(bool)
    paused_changed = Signal(bool)
    drive_away = Signal(object)
    """The run has paused itself, for this Problem."""
    noticed = Signal(object)
    failed = Signal(object)
    finished = Signal(object)
    """A run and those that followed it, for pictures added meanwhile, have ended: their RunSummary together."""

    def __init__(
        self,
        results: ResultsModel,
        engine: Engine | LateEngine,
        compute: JobRunner,
        settings: Settings,
        limits: DecodeLimits,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is loaded before the first picture comes."""
        super().__init__(parent)
        self._results = results
        self._engine = engine
        self._compute = compute
        self._settings = settings
        self._limits = limits
        self._weights_id = ""
        self._installed: InstalledWeights | None = None
        self._device_label = ""
        self._running = False
        self._opened: InstalledWeights | None = None
        self._begun_fresh = False
        self._tickets: list[Ticket] = []
        self._preferred: tuple[Path, ...] = ()
        self._queue = WorkQueue()
        self._begun_at = results.mark
        self._preload: Ticket | None = None
        self._loaded: _NetworkKey | None = None
        self._through_network = False
        self._paused = False
        self._restricted = False
        self._computed = self._delivered = 0
        self._tally: RunTally | None = None
        self._clock = WorkClock()

    @property
    def weights_id(self) -> str:
        """The id of the active weights, loaded or about to be."""
        return self._weights_id

    @property
    def installed(self) -> InstalledWeights | None:
        """The weights that make the current results; None before any were opened."""
        return self._opened or self._installed

    @property
    def last_good(self) -> InstalledWeights | None:
        """The weights whose network was loaded last; they come back when others cannot be loaded."""
        return self._installed

    @property
    def device_label(self) -> str:
        """The device that made the last results, in words; empty before the network was loaded."""
        return self._device_label

    @property
    def running(self) -> bool:
        """Whether pictures are being classified."""
        return self._running

    @property
    def paused(self) -> bool:
        """Whether the run under way waits for `resume`."""
        return self._paused

    def pause(self) -> None:
        """Have the run wait after the batch under way; it can be stopped and added to meanwhile."""
        if self._running and not self._paused:
            self._set_paused(True)

    def resume(self) -> None:
        """Let a paused run go on."""
        if self._paused:
            self._set_paused(False)
            self.prefer(self._preferred)  # for what was added meanwhile

    def set_initial_weights(self, weights_id: str) -> None:
        """Name the weights to begin with, without loading them."""
        self._weights_id = weights_id
        self.active_changed.emit(weights_id)

    def preload(self) -> None:
        """Load the network while nothing has been dropped yet; a run that starts meanwhile waits for it."""
        if self._weights_id and not self._running and not self._compute.busy:
            request = self._request(())
            job, on_value = partial(self._engine.preload, request), partial(self._on_preloaded, _network_key(request))
            self._preload = self._compute.start(job, on_value, self._on_preload_done)
            self._tickets.append(self._preload)

    def set_limits(self, limits: DecodeLimits) -> None:
        """Use other decoding limits from the next run on."""
        self._limits = limits

    def choose_weights(self, weights_id: str) -> None:
        """Swap: every row goes back to pending, keeps its place and is classified again with the chosen weights.

        Rows that already have a result of these weights take it back. When the weights cannot be loaded, the last
        good ones become active again with all their results.
        """
        if weights_id == self._weights_id:
            return
        self._supersede()
        self._weights_id = weights_id
        self.active_changed.emit(weights_id)
        self._results.set_active_weights("", None)
        self.classify_pending()

    def choose_device(self, key: str) -> None:
        """Use another device from now on; a run under way goes on there."""
        self._settings.device = key
        if self._running:
            paused = self._paused
            self._supersede()
            self.classify_pending()
            if paused:
                self.pause()

    def classify_pending(self) -> None:
        """Start a run over all pending rows, unless one is under way: it is followed by another for what came since."""
        if self._running or not self._weights_id:
            return
        if self._results.counts().pending:
            self._begin()

    def prefer(self, paths: Sequence[Path]) -> None:
        """Classify these before the others, in the run under way and in the next ones; O(len(paths)).

        Pictures that were added since the run began are not in it: for them it is begun anew.
        """
        self._preferred = tuple(paths)
        self._queue.prefer(self._preferred)
        if self._can_begin_anew() and self._results.has_newer(self._preferred, self._begun_at):
            self._forget_tickets()
            self._begin(fresh=self._begun_fresh)

    def _can_begin_anew(self) -> bool:
        """Return whether the run under way may make way for one with more pictures: not when it was stopped."""
        stopped = not self._tickets or self._tickets[-1].token.cancelled
        return self._running and not (self._paused or self._restricted or stopped)

    def rerun(self, paths: Sequence[Path] | None = None) -> None:
        """Classify these rows, or all of them, anew, whatever is remembered of them; then what else waits."""
        self._supersede()
        if paths is None:
            self._results.mark_all_pending()
        else:
            self._results.mark_pending(paths)
        if self._weights_id and self._results.counts().pending:
            self._begin(fresh=True, paths=paths)

    def retry_failed(self, paths: Sequence[Path] | None = None) -> int:
        """Classify those of these rows, or of all, anew that have an error; return how many they are."""
        failed = self._results.failed_paths(paths)
        if failed:
            self.rerun(failed)
        return len(failed)

    def classify_changed(self, paths: Sequence[Path]) -> None:
        """Classify rows whose files have changed, after the run under way."""
        self._results.mark_pending(paths)
        self.classify_pending()

    def stop(self) -> None:
        """Stop within one batch; what is finished stays, the rest stays pending."""
        if self._running:
            for ticket in self._tickets:
                ticket.token.cancel()

    def interrupt(self) -> None:
        """Make way on the compute thread; pending rows stay pending."""
        self._supersede()

    def _supersede(self) -> None:
        self._forget_tickets()
        self._set_running(False)

    def _forget_tickets(self) -> None:
        for ticket in self._tickets:  # and no others: somebody's import may be under way on the same thread
            self._compute.forget(ticket)
        self._tickets.clear()

    def _begin(self, *, fresh: bool = False, paths: Sequence[Path] | None = None) -> None:
        """Start a run over `paths`, else over all pending rows, taken out of a copy of the list on the run's thread.

        While a piece of work is paused, the run is too.
        """
        if self._preload is not None:
            self._preload.token.cancel()  # what it measures after loading must not keep the pictures waiting
            self._preload = None
        request = self._request(self._results.pending_snapshot().paths() if paths is None else paths, fresh=fresh)
        self._restricted = paths is not None
        self._begun_at, self._begun_fresh = self._results.mark, fresh
        self._queue = request.queue
        self._queue.prefer(self._preferred)
        network = _network_key(request)
        self._opened = None
        self._through_network = False
        self._delivered = 0
        if not self._running:
            from model.run_summary import RunTally  # which a start does without

            self._computed = 0
            self._tally = RunTally()
            self._clock.start()
        self._set_running(True)
        if network != self._loaded:
            self._loaded = None
            self.loading.emit(self._weights_id)
        on_value = partial(self._on_value, network)
        run = self._compute.start(partial(self._engine.run, request), on_value, self._on_done)
        if self._paused:
            run.token.pause()
        self._tickets.append(run)

    def _request(self, paths: Iterable[Path], *, fresh: bool = False) -> ClassifyRequest:
        return ClassifyRequest(
            paths=paths,
            weights_id=self._weights_id,
            device=self._settings.device,
            batch_size=self._settings.batch_size or None,
            limits=self._limits,
            fresh=fresh,
            engine=self._settings.engine,
            decode=self._settings.decode,
        )

    def _on_preloaded(self, network: _NetworkKey, value: object) -> None:
        if isinstance(value, EngineReady):
            self._note_ready(network, value)

    def _note_ready(self, network: _NetworkKey, ready: EngineReady) -> None:
        self._loaded = network
        self._installed = ready.installed
        self._device_label = ready.device
        self.engine_ready.emit(ready)

    def _on_preload_done(self, outcome: Outcome) -> None:
        log.debug("preloaded: %s", outcome)

    def _set_running(self, running: bool) -> None:
        if running != self._running:
            self._running = running
            if not running and self._paused:
                self._set_paused(False)
            self.running_changed.emit(running)

    def _set_paused(self, paused: bool) -> None:
        self._paused = paused
        for ticket in self._tickets:
            ticket.token.pause() if paused else ticket.token.resume()
        self._clock.pause() if paused else self._clock.resume()
        self.paused_changed.emit(paused)

    def _on_value(self, network: _NetworkKey, value: object) -> None:
        if isinstance(value, ResultBatch):
            self._results.apply(value.results)
            if self._tally is not None:
                self._tally.add(value)
            self._delivered += len(value.results)
            self._computed += len(value.results) if self._through_network else 0
            self.progressed.emit(self._computed)
        elif isinstance(value, WeightsOpened):
            self._opened = value.installed
            self._results.set_active_weights(value.installed.sha256, value.installed.weights.calibration)
        elif isinstance(value, EngineReady):
            self._through_network = True
            self._note_ready(network, value)
        elif isinstance(value, Notice):
            self.noticed.emit(value.problem)
        elif isinstance(value, RunPaused):
            self.pause()
            self.drive_away.emit(value.problem)

    def _on_done(self, outcome: Outcome) -> None:
        self._tickets.clear()
        if outcome.problem is not None or outcome.traceback:
            self._set_running(False)
            self._recover(outcome.problem)
            return
        self._installed = self._opened or self._installed
        if self._delivered and not outcome.cancelled and self._results.counts().pending:
            self._begin()  # for what came since
            return
        if self._tally is not None:
            self.finished.emit(self._tally.summary(self._clock.seconds(), cancelled=outcome.cancelled))
        self._set_running(False)

    def _recover(self, problem: Problem | None) -> None:
        """After a failure: weights that never loaded give way to the last good ones."""
        failed_id = self._weights_id
        good = self._installed
        if good is not None and good is not self._opened:
            self._weights_id = good.weights.id
            self._results.set_active_weights(good.sha256, good.weights.calibration)
            self._opened = None
        self.active_changed.emit(self._weights_id)
        if problem is not None:
            self.failed.emit(problem)
        if self._weights_id != failed_id:
            self.classify_pending()


def _network_key(request: ClassifyRequest) -> _NetworkKey:
    return request.weights_id, request.wish
