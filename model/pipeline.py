"""classify_images(): the one generator that the window and the command line both iterate."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.classify_request import DEFAULT_TOP
from model.decode_pool import Decoded, DecodePool
from model.names import display_name
from model.stalls import STALLS_IN_A_ROW, StallGuard
from model.types import (
    BatchOutput,
    DecodeMode,
    EngineName,
    ImageResult,
    InstalledWeights,
    Notice,
    PictureFacts,
    Precision,
    Prediction,
    Problem,
    ResultBatch,
    RunPaused,
)

log = logging.getLogger(__name__)

# A part-batch waits this long, in seconds, for company before it is classified: results stream also from slow disks.
PATIENCE = 0.3
# How often, in seconds, a wait for decoding is left to look at the cancel token.
POLL = 0.1

Load = Callable[[Path, CancelToken], tuple[NDArray[np.uint8], PictureFacts]]
"""Path -> uint8 (S, S, 3) network input and what is known of the picture. Runs on decode threads.

Raises ImageError, or Recalled with a result that is known.
"""


class ImageClassifier(Protocol):
    """What the pipeline needs of a classifier; `model.classifier.Classifier` is the real one."""

    @property
    def installed(self) -> InstalledWeights:
        """The weights in use."""

    @property
    def batch_size(self) -> int:
        """How many pictures the device takes at a time; may shrink during a run."""

    @property
    def engine(self) -> EngineName:
        """What computes now."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        """Classify uint8 (N, S, S, 3); raises RuntimeError when the network fails."""


def classify_images(
    paths: Iterable[Path],
    classifier: ImageClassifier,
    load: Load,
    *,
    cancel: CancelToken,
    threads: int,
    top: int = DEFAULT_TOP,
    decode: DecodeMode = "exact",
    stall_seconds: float = 30.0,
    stalls_in_a_row: int = STALLS_IN_A_ROW,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ResultBatch | Notice | RunPaused]:
    """Classify pictures as they are decoded, in the order in which decoding finishes.

    Every path gives exactly one ImageResult unless the run is cancelled; then those under way are left out and the
    generator ends within one batch. Paths are pulled only as fast as they are used, so an endless iterable is fine.
    Batches grow 1, 2, 4 ... up to the device's size, so that the first result comes early. `decode` is how `load` makes
    pixels, for the results to tell.

    While `cancel` is paused nothing is decoded and nothing computed. After `stalls_in_a_row` pictures that could not be
    fetched the run pauses `cancel` itself, says so, and gives them no result: they are tried again when it is resumed.
    """
    maker = _ResultMaker(classifier, top, decode)
    stalls = StallGuard(paths, stalls_in_a_row)
    target = 1
    waiting: list[Decoded] = []
    waiting_since = 0.0
    exhausted = False
    with DecodePool(threads, load, stall_seconds=stall_seconds) as pool:
        while not cancel.cancelled:
            if cancel.paused:
                pool.hold()
                cancel.wait_while_paused()
                pool.go_on()
                continue
            ahead = 1 if stalls.probing else 2 * threads + 2 * classifier.batch_size
            while not exhausted and not cancel.cancelled and pool.in_flight + len(waiting) < ahead:
                following = stalls.following()
                if following is None:
                    exhausted = True
                else:
                    pool.submit(*following)
            if not pool.in_flight and not waiting:
                yield from maker.errors(stalls.blame())
                return
            decoded = pool.take(POLL) if pool.in_flight else None
            if decoded is not None and stalls.is_away(decoded):
                if stalls.hold(decoded):
                    yield from maker.errors(stalls.put_back(pool.restart()))
                    exhausted = False
                    if waiting:
                        yield from maker.classify(waiting)
                        waiting = []
                    cancel.pause()
                    yield RunPaused(stalls.problem())
                continue
            if decoded is not None:
                yield from maker.errors(stalls.blame())
            if decoded is not None and decoded.recalled is not None:
                yield ResultBatch((decoded.recalled,), recalled=True)
            elif decoded is not None and decoded.problem is not None:
                yield ResultBatch((maker.error(decoded),))
            elif decoded is not None:
                if not waiting:
                    waiting_since = clock()
                waiting.append(decoded)
            nothing_to_come = not pool.in_flight and (exhausted or stalls.probing)
            is_due = len(waiting) >= target or nothing_to_come or clock() - waiting_since > PATIENCE
            if waiting and is_due and not cancel.cancelled:
                batch, waiting = waiting, []
                yield from maker.classify(batch)
                target = min(2 * target, classifier.batch_size)


class _ResultMaker:
    """Turns decoded pictures into results; every result takes its path from the picture it was made of."""

    def __init__(self, classifier: ImageClassifier, top: int, decode: DecodeMode) -> None:
        self._decode = decode
        self._classifier = classifier
        self._top = top
        self._weights = classifier.installed.weights
        self._sha256 = classifier.installed.sha256

    def error(self, decoded: Decoded) -> ImageResult:
        return self._result(decoded, (), decoded.problem, decoded.seconds)

    def errors(self, failed: Sequence[Decoded]) -> Iterator[ResultBatch]:
        if failed:
            yield ResultBatch(tuple(map(self.error, failed)))

    def classify(self, batch: Sequence[Decoded]) -> Iterator[ResultBatch | Notice]:
        started = time.perf_counter()
        try:
            output = self._run(batch)
        except RuntimeError as exc:
            if len(batch) == 1:
                # A warning, not an error: the command line shows errors with their traceback, and this one has a row.
                log.warning("the network failed on %s", display_name(batch[0].path), exc_info=True)
                problem = Problem("image-network-failed", detail=str(exc))
                yield ResultBatch((self._result(batch[0], (), problem, batch[0].seconds),))
                return
            # One picture must not cost its neighbours their labels: find it by going one at a time.
            log.warning("a batch of %d failed, going one at a time: %s", len(batch), exc)
            for decoded in batch:
                yield from self.classify([decoded])
            return
        share = (time.perf_counter() - started) / len(batch)
        verdicts = output.unsure or (None,) * len(batch)
        for notice in output.notices:
            yield Notice(notice)
        yield ResultBatch(
            tuple(
                self._result(
                    decoded, predictions, None, decoded.seconds + share, unsure=unsure, precision=output.precision
                )
                for decoded, predictions, unsure in zip(batch, output.predictions, verdicts, strict=True)
            )
        )

    def _run(self, batch: Sequence[Decoded]) -> BatchOutput:
        pixels = [decoded.pixels for decoded in batch if decoded.pixels is not None]
        return self._classifier.classify(np.stack(pixels), self._top)

    def _result(
        self,
        decoded: Decoded,
        predictions: tuple[Prediction, ...],
        problem: Problem | None,
        seconds: float,
        *,
        unsure: bool | None = None,
        precision: Precision = "float32",
    ) -> ImageResult:
        return ImageResult(
            path=decoded.path,
            predictions=predictions,
            problem=problem,
            facts=decoded.facts,
            weights_id=self._weights.id,
            weights_sha256=self._sha256,
            seconds=seconds,
            classified_at=datetime.now(UTC),
            unsure=unsure,
            calibration=self._weights.calibration,
            engine=self._classifier.engine if problem is None else None,
            decode=self._decode,
            precision=precision,
        )
