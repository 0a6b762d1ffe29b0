"""The classifier that is loaded now, and the job that runs it; window and command line start every run here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from model.cancel import CancelToken
from model.classify_request import ClassifierWish, ClassifyRequest
from model.early_decode import EarlyDecode
from model.engine_choice import ClassifierFactory, load_classifier, runs_on_cpu
from model.errors import PhotospotterError
from model.lane import Exporter, Lane
from model.load_picture import make_load
from model.picture_notes import PictureNotes
from model.pipeline import classify_images
from model.recall import ResultMemory
from model.store_rows import CRASHED, Lookup, key_of
from model.suspects import SuspectLoad, Tried, try_in_child
from model.thread_split import default_split, known_split
from model.types import (
    EngineReady,
    InstalledWeights,
    Notice,
    ResultBatch,
    RunPaused,
    WeightsOpened,
)

if TYPE_CHECKING:
    from model.in_flight import InFlight
    from model.weights import Catalogue

log = logging.getLogger(__name__)

WORTH_A_TRIAL = 200
"""A run of so many pictures begins with measuring the thread split, which takes a second."""

RunEvent = WeightsOpened | EngineReady | ResultBatch | Notice | RunPaused


class Engine:
    """Keeps one classifier loaded between runs. Owned by the compute thread, which makes every call.

    A run with other weights loads them first; when that fails the classifier loaded before stays in place. A network
    that torch runs on the CPU is exported to ONNX by `exporter`, and the run goes on with ONNX Runtime from then on.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        factory: ClassifierFactory | None = None,
        *,
        store_file: Path | None = None,
        in_flight: InFlight | None = None,
        exporter: Exporter | None = None,
        tune: bool = False,
    ) -> None:
        """Nothing is loaded, and torch is not imported, before the first run. Without `store_file` nothing is kept.

        `in_flight` tells after a crash which pictures were in a decoder; these are then decoded in a child process.
        With `tune` the thread split is measured where that was not done yet: when there is time, or much to do.
        """
        self._catalogue = catalogue
        self._memory = ResultMemory(store_file)
        self._in_flight = in_flight
        self._factory = factory or load_classifier
        self._lane = Lane(self._factory, exporter)
        self._tune = tune

    def run(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[RunEvent]:
        """Recall what is known, load what the request names unless it is loaded, and classify the rest.

        Raises WeightsError or DeviceError before the first result when the weights cannot be used. When the drive of
        the pictures goes away, the run yields RunPaused and waits for `cancel` to be resumed.
        """
        installed = self._catalogue.open(request.weights_id)
        yield WeightsOpened(installed)
        lookup = _lookup(request, installed)
        unknown: list[Path] = []
        for item in self._recalled(request, lookup, cancel):
            cancel.wait_while_paused()
            if cancel.cancelled:
                return
            if isinstance(item, ResultBatch):
                yield item
            else:
                unknown.append(item)
        yield from self._notices()
        if unknown:
            yield from self._classify(unknown, request, lookup, cancel)
            self._memory.settle()
            yield from self._notices()

    def failed(self, request: ClassifyRequest) -> list[Path]:
        """Return those of the request's pictures whose last outcome was an error, in order; raises WeightsError."""
        return self._memory.failed(request.paths, _lookup(request, self._catalogue.open(request.weights_id)))

    def _classify(
        self, unknown: list[Path], request: ClassifyRequest, lookup: Lookup, cancel: CancelToken
    ) -> Iterator[RunEvent]:
        installed = lookup.installed
        is_worth_a_trial = len(unknown) >= WORTH_A_TRIAL
        request.queue.fill(unknown)
        load = make_load(installed.weights.preprocess, request.limits, request.decode)
        recogniser = None if request.fresh else self._memory.recogniser(lookup)
        notes = PictureNotes(load, recogniser, self._in_flight)
        careful = SuspectLoad(notes, self._try_suspects(unknown, request, lookup, cancel))
        with ExitStack() as stack:
            if recogniser is not None:
                stack.enter_context(closing(recogniser))
            early = stack.enter_context(closing(EarlyDecode(careful, unknown[0])))
            del unknown
            ready = self._lane.load(installed, request.wish, cancel)
            yield ready
            if is_worth_a_trial:
                self._measure_threads(installed, request.wish, cancel)
            for event in classify_images(
                request.queue,
                self._lane,
                early,
                cancel=cancel,
                threads=(known_split(self._lane.engine) or default_split()).decode,
                top=request.top,
                decode=request.decode,
            ):
                if isinstance(event, ResultBatch):
                    self._keep(event, installed, notes)
                if (now := self._lane.ready()) != ready:
                    ready = now
                    yield ready
                yield event
                yield from self._notices()

    def preload(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[EngineReady]:
        """Load the network before the first picture comes, so that its label comes at once; yields when it is done.

        Whatever fails is only logged here; the first run will meet it again and tell the user.
        """
        try:
            installed = self._catalogue.open(request.weights_id)
            cancel.raise_if_cancelled()
            yield self._lane.load(installed, request.wish, cancel)
            self._measure_threads(installed, request.wish, cancel)
        except PhotospotterError as exc:
            log.warning("could not load ahead: %s", exc)

    def close(self) -> None:
        """Close the store and end an export; to be called on the compute thread, as its last act."""
        self._lane.close()
        self._memory.close()
        if self._in_flight is not None:
            self._in_flight.close()

    def _keep(self, batch: ResultBatch, installed: InstalledWeights, notes: PictureNotes) -> None:
        identities = {result.path: identity for result in batch.results if (identity := notes.take(result.path))}
        self._memory.keep(batch.results, installed, identities)
        for result in batch.results:
            # Only now that the store knows it: else the next run would decode it, and crash.
            is_convicted = result.problem is not None and result.problem.code == CRASHED
            if is_convicted and self._in_flight is not None and self._memory.works:
                self._in_flight.finish(result.path)

    def _notices(self) -> Iterator[Notice]:
        return map(Notice, self._memory.take_problems())

    def _try_suspects(
        self, unknown: Sequence[Path], request: ClassifyRequest, lookup: Lookup, cancel: CancelToken
    ) -> Iterator[Tried]:
        """Decode in a child process what was in a decoder when a process died, and what has killed one before."""
        if self._in_flight is None:
            return
        suspects = self._in_flight.suspects()
        if request.fresh:
            suspects |= self._memory.crashed(lookup)
        found = [path for path in unknown if key_of(path) in suspects] if suspects else []
        if not found:
            return  # as nearly always: without importing what starts processes
        for tried in try_in_child(found, lookup.installed.weights.preprocess, request.limits, request.decode, cancel):
            if tried.problem is None or tried.problem.code != CRASHED:
                self._in_flight.finish(tried.path)
            yield tried

    def _measure_threads(self, installed: InstalledWeights, wish: ClassifierWish, cancel: CancelToken) -> None:
        """Find the best thread split for the engine that is loaded, unless it is known, and load it that way."""
        if not self._tune or self._lane.device_key != "cpu" or known_split(self._lane.engine) is not None:
            return
        from model.thread_trial import measure_split

        best = measure_split(partial(self._factory, installed), wish, cancel)
        if best is not None and best.compute != default_split().compute:
            self._lane.reload(installed, wish)

    def _recalled(self, request: ClassifyRequest, lookup: Lookup, cancel: CancelToken) -> Iterator[Path | ResultBatch]:
        return iter(request.paths) if request.fresh else self._memory.recall(request.paths, lookup, cancel)


def _lookup(request: ClassifyRequest, installed: InstalledWeights) -> Lookup:
    engine = None if request.engine == "auto" else request.engine
    return Lookup(installed, request.top, request.decode, runs_on_cpu(request.wish), engine)
