"""evaluate(): how good a weight set is on pictures whose right labels are known.

The pictures go through the engine that window and command line classify with, so what is measured is what users get:
the same decoding, batches, calibrated probabilities and verdicts. Each result names its picture, and by that its right
label; nothing is paired by position.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from model.cancel import CancelToken
from model.classify_request import ClassifyRequest
from model.engine import Engine
from model.errors import DatasetError, describe
from model.evaluation_types import (
    EvaluateRequest,
    Evaluation,
    EvaluationProgress,
    EvaluationStarted,
    JudgedImage,
)
from model.labelled_files import LabelledFiles, read_labelled_files
from model.names import display_name
from model.types import (
    EngineReady,
    ImageResult,
    InstalledWeights,
    Notice,
    Problem,
    ResultBatch,
    RunPaused,
    WeightSet,
    WeightsOpened,
)
from model.weights import Catalogue

log = logging.getLogger(__name__)

TOP_KEPT = 5
"""So many of the likeliest classes stay with each verdict."""

# Between two progress values, in seconds: ten a second are as many as anybody can read.
_PACE = 0.1

EvaluationEvent = EvaluationStarted | EvaluationProgress | Notice | Evaluation


def evaluate(
    request: EvaluateRequest,
    catalogue: Catalogue,
    cancel: CancelToken,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[EvaluationEvent]:
    """Yield what will be evaluated, progress (about ten a second, the first and the last always), and the Evaluation.

    Labels are checked before the network is loaded. A picture that cannot be read goes to `bad` and has no part in
    any figure. Figures are those of calibrated probabilities where the set is calibrated. Speed is measured from the
    moment when the network is loaded. `clock` gives seconds.

    Raises:
        DatasetError: the folders or the labels do not go with the weights, or no picture can be read, or their drive is
            gone.
        UsageError: there is no picture.
        WeightsError, DeviceError: the weights or the device cannot be used.
        Cancelled: when `cancel` was set.
    """
    weights = catalogue.entry(catalogue.resolve(request.weights)).weights
    labelled = read_labelled_files(request.root, request.labels, weights, cancel)
    yield EvaluationStarted(weights.id, weights.title, len(labelled.files), labelled.part)
    tally = _Tally(labelled, clock)
    yield tally.progress()
    engine = Engine(catalogue)
    try:
        for event in engine.run(_classify_request(request, weights.id, labelled, len(weights.classes)), cancel):
            if isinstance(event, ResultBatch):
                tally.add(event.results)
                if tally.is_progress_due():
                    yield tally.progress()
            elif isinstance(event, Notice):
                yield event
            elif isinstance(event, RunPaused):
                raise DatasetError("evaluate-drive-away")
            else:
                tally.note(event)
    finally:
        engine.close()
    cancel.raise_if_cancelled()
    yield tally.evaluation(request)


def _classify_request(
    request: EvaluateRequest, weights_id: str, labelled: LabelledFiles, classes: int
) -> ClassifyRequest:
    return ClassifyRequest(
        paths=[file.path for file in labelled.files],
        weights_id=weights_id,
        device=request.device,
        batch_size=request.batch_size,
        top=classes,  # the right label's probability is wanted wherever it ranks
        limits=request.limits,
        fresh=True,
    )


class _Tally:
    """The verdicts so far, and the time they took."""

    def __init__(self, labelled: LabelledFiles, clock: Callable[[], float]) -> None:
        self._labelled = labelled
        self._right = {file.path: file.class_index for file in labelled.files}
        self._judged: dict[Path, JudgedImage] = {}
        self._bad: dict[Path, Problem] = {}
        self._installed: InstalledWeights | None = None
        self._device = ""
        self._clock = clock
        self._started = self._told = clock()
        self._seconds = 0.0

    def note(self, event: WeightsOpened | EngineReady) -> None:
        self._installed = event.installed
        if isinstance(event, EngineReady):
            self._device = event.device
            self._started = self._clock()

    def add(self, results: Sequence[ImageResult]) -> None:
        for result in results:
            if result.problem is not None:
                self._bad[result.path] = result.problem
            else:
                self._judged[result.path] = _judge(result, self._right[result.path])
        self._seconds = self._clock() - self._started

    def is_progress_due(self) -> bool:
        return self._done == len(self._right) or self._clock() - self._told >= _PACE

    def progress(self) -> EvaluationProgress:
        self._told = self._clock()
        errors = len(self._bad) + len(self._labelled.bad)
        return EvaluationProgress(self._done, len(self._right), errors, self._rate)

    def evaluation(self, request: EvaluateRequest) -> Evaluation:
        from model.metrics import measure

        if not self._judged:
            path, problem = next(iter(self._bad.items()))
            raise DatasetError(
                "evaluate-none-readable", count=len(self._bad), name=display_name(path.name), reason=describe(problem)
            )
        assert self._installed is not None, "the engine opens the weights before the first result"
        weights = self._installed.weights
        paths = [file.path for file in self._labelled.files]
        images = tuple(self._judged[path] for path in paths if path in self._judged)
        unreadable = tuple((path, self._bad[path]) for path in paths if path in self._bad)
        figures = measure(images, weights.classes)
        return Evaluation(
            weights_id=weights.id,
            weights_title=weights.title,
            weights_sha256=self._installed.sha256,
            root=self._labelled.root,
            labels=request.labels,
            classes=weights.classes,
            images=images,
            bad=(*self._labelled.bad, *unreadable),
            top_1=figures.top_1,
            top_5=figures.top_5,
            per_class=figures.per_class,
            macro=figures.macro,
            weighted=figures.weighted,
            confusion=figures.confusion,
            reliability=figures.reliability,
            calibration_error=figures.calibration_error,
            mean_loss=figures.mean_loss,
            unsure=figures.unsure,
            temperature=None if weights.calibration is None else weights.calibration.temperature,
            device=self._device,
            seconds=self._seconds,
            rate=self._rate,
            part=self._labelled.part,
            trained_on_these=_seems_trained_on(weights, images),
        )

    @property
    def _done(self) -> int:
        return len(self._judged) + len(self._bad)

    @property
    def _rate(self) -> float:
        return len(self._judged) / self._seconds if self._seconds > 0 else 0.0


def _judge(result: ImageResult, true: int) -> JudgedImage:
    best = result.predictions[:TOP_KEPT]
    return JudgedImage(
        path=result.path,
        true=true,
        top=tuple(prediction.class_index for prediction in best),
        probabilities=tuple(prediction.probability for prediction in best),
        true_probability=next(one.probability for one in result.predictions if one.class_index == true),
        unsure=result.unsure,
    )


def _seems_trained_on(weights: WeightSet, images: Sequence[JudgedImage]) -> bool:
    """Return whether the card counts exactly as many training pictures of every class as there are here.

    Comparing every byte with the card's fingerprint would read the whole folder once more, to say the same.
    """
    counts = Counter(weights.classes[image.true] for image in images)
    return weights.recipe.get("pictures") == dict(counts)
