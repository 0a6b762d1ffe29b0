"""Surveys and trainings made up for the tests of the window: typed fakes that wait at gates and count their calls."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from model.cancel import CancelToken
from model.dataset import ReadProgress
from model.decode_limits import DecodeLimits
from model.survey_types import DatasetSurvey, SamplePicture, SurveyedClass
from model.training_types import (
    DatasetSummary,
    EpochDone,
    FeatureProgress,
    FoldScore,
    Recipe,
    RunStarted,
    StepProgress,
    TestScore,
    Trained,
    TrainRequest,
)
from model.types import CatalogueEntry as Entry
from model.types import Preprocess, Problem, WeightSet, WeightsState
from model.weights import Catalogue

COUNTS = (("disc", 30), ("square", 12))
SUMMARY = DatasetSummary(COUNTS, (), 2, 1, 2)
PREPROCESS = Preprocess(8, 8, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def make_survey(
    root: Path,
    *,
    warnings: tuple[Problem, ...] = (),
    bad: tuple[tuple[Path, Problem], ...] = (),
    parts: tuple[int, int, int] | None = None,
) -> DatasetSurvey:
    sample = SamplePicture(Path("sample.png"), np.full((6, 9, 3), (200, 20, 20), dtype=np.uint8))
    classes = tuple(SurveyedClass(name, count, parts, (sample, sample)) for name, count in COUNTS)
    return DatasetSurvey(root, classes, parts, DatasetSummary(COUNTS, bad, 2, 1, 2), 0, warnings)


def make_request(out: str = "shapes", *, epochs: int = 0, folds: int = 5, root: Path = Path("/shapes")) -> TrainRequest:
    return TrainRequest(root, out, recipe=Recipe(epochs=epochs), folds=folds, seeds=1, title=out.title())


def make_epoch(epoch: int, epochs: int = 4, *, best: bool = True, validation: float | None = 0.9) -> EpochDone:
    """Training is one point behind; each epoch is better by a twentieth."""
    gain = epoch / 20
    return EpochDone(
        fold=None,
        epoch=epoch,
        epochs=epochs,
        size=64,
        train_loss=1.0 - gain,
        train_accuracy=0.5 + gain,
        validation_loss=None if validation is None else 0.9 - gain,
        validation_accuracy=None if validation is None else 0.6 + gain,
        learning_rate=1e-3,
        seconds=1.0,
        best=best,
    )


def make_entry(weights_id: str, title: str = "", classes: Sequence[str] = ("disc", "square")) -> Entry:
    weights = WeightSet(
        id=weights_id,
        title=title or weights_id.title(),
        family="custom",
        architecture="timm:tf_efficientnet_lite2",
        layout="timm",
        classes=tuple(classes),
        preprocess=PREPROCESS,
        files=(),
        licence="test",
        source="test",
    )
    return Entry(weights, WeightsState.ON_COMPUTER, ())


class FakeSurvey:
    """Reports half of the reading, waits for the gate, and then yields `result`, or raises it."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.asked: list[Path] = []
        self.result: DatasetSurvey | Exception | None = None

    def __call__(
        self, root: Path, _limits: DecodeLimits, _catalogue: Catalogue, cancel: CancelToken
    ) -> Iterator[object]:
        self.asked.append(root)
        yield ReadProgress(21, 42)
        assert self.gate.acquire(timeout=20), "the test never opened the gate"
        cancel.raise_if_cancelled()
        if isinstance(self.result, Exception):
            raise self.result
        yield self.result or make_survey(root)


class FakeTraining:
    """Trains at the test's word: each event that is `give`n is yielded; None ends it, an exception is raised.

    When it is cancelled, it yields what `at_stop` holds and ends.
    """

    def __init__(self) -> None:
        self.requests: list[TrainRequest] = []
        self.at_stop: list[object] = []
        self.abandoned = False
        self._events: list[object] = []
        self._changed = threading.Condition()

    def give(self, *events: object) -> None:
        with self._changed:
            self._events.extend(events)
            self._changed.notify_all()

    def __call__(
        self, request: TrainRequest, _catalogue: Catalogue, abandon: CancelToken, cancel: CancelToken
    ) -> Iterator[object]:
        self.requests.append(request)
        while True:
            event = self._next(cancel)
            if cancel.cancelled:
                self.abandoned = abandon.cancelled
                yield from self.at_stop
                cancel.raise_if_cancelled()
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event

    def _next(self, cancel: CancelToken) -> object:
        """Wait for an event; a cancelled token is noticed soon, as `run_in_child` notices it."""
        with self._changed:
            for _ in range(2000):
                if self._events or cancel.cancelled:
                    return self._events.pop(0) if self._events else None
                self._changed.wait(0.01)
        raise AssertionError("the test never gave an event")


def fine_tuning_events(epochs: int = 4, done: int = 2) -> list[object]:
    """A training with hold-out parts, in the middle of an epoch."""
    return [
        ReadProgress(42, 42),
        SUMMARY,
        FeatureProgress(42, 42),
        RunStarted(None, 30, 6, 6, epochs, "CPU", "fp32"),
        *(make_epoch(epoch, epochs) for epoch in range(1, done + 1)),
        StepProgress(None, done + 1, epochs, 15, 30, 61.0),
    ]


def measured(accuracy: float, count: int = 40) -> object:
    """A TestScore, which pytest would take for a class of tests where it is imported."""
    return TestScore(accuracy, count)


def ending_events(weights_id: str = "shapes") -> list[object]:
    return [TestScore(0.9, 40), Trained(make_entry(weights_id), (), 0.0), None]


def quick_events(weights_id: str = "shapes") -> list[object]:
    """A linear head, measured by five folds."""
    scores = [FoldScore(0, fold, accuracy, 1e-3, 8) for fold, accuracy in enumerate((0.9, 1.0, 1.0, 0.9, 1.0))]
    return [
        ReadProgress(42, 42),
        SUMMARY,
        FeatureProgress(42, 42),
        *scores,
        Trained(make_entry(weights_id), tuple(scores), 1e-3),
        None,
    ]
