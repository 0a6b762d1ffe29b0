"""classify_images: every picture gets its own result, in batches that grow, and the run stops when asked."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import SMALL, ColourClassifier, make_weights
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.errors import ImageError, WeightsError
from model.pipeline import classify_images
from model.types import BatchOutput, Calibration, ImageResult, Notice, PictureFacts, Prediction, Problem, ResultBatch

FACTS = PictureFacts("PNG", 8, 8)


def load_by_name(path: Path, _cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
    """A picture whose red value is the number in its name; names with `bad` cannot be read."""
    if "bad" in path.name:
        raise ImageError("image-empty")
    pixels = np.zeros((SMALL.crop, SMALL.crop, 3), np.uint8)
    pixels[..., 0] = int(path.stem) % 256
    return pixels, FACTS


class NumberClassifier(ColourClassifier):
    """Its only probability is the picture's red value / 255, so that a mixed-up row is seen."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        self.batches.append(len(pixels))
        rows = tuple((Prediction(0, "red", float(picture[0, 0, 0]) / 255),) for picture in pixels)
        return BatchOutput(rows)


def run(
    paths: list[Path], classifier: ColourClassifier | None = None, cancel: CancelToken | None = None
) -> Iterator[ResultBatch | Notice]:
    chosen = classifier or NumberClassifier(make_weights())
    return classify_images(paths, chosen, load_by_name, cancel=cancel or CancelToken(), threads=2)


def results_of(events: Iterator[ResultBatch | Notice]) -> list[ImageResult]:
    return [result for event in events if isinstance(event, ResultBatch) for result in event.results]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9))
def test_each_picture_keeps_its_own_label_whatever_fails_beside_it(bad: list[bool], batch_size: int) -> None:
    paths = [Path(f"{'bad' if is_bad else ''}{i}.png") for i, is_bad in enumerate(bad)]
    results = results_of(run(paths, NumberClassifier(make_weights(), batch_size)))
    assert sorted(result.path for result in results) == sorted(paths)
    for result in results:
        if "bad" in result.path.name:
            assert result.problem is not None
            assert result.predictions == ()
        else:
            assert result.problem is None
            assert result.predictions[0].probability == pytest.approx(int(result.path.stem) % 256 / 255)


def test_batches_grow_so_that_the_first_result_comes_early() -> None:
    classifier = NumberClassifier(make_weights(), batch_size=8)
    ready = threading.Semaphore(0)

    def load(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        ready.release()
        return load_by_name(path, cancel)

    paths = [Path(f"{i}.png") for i in range(40)]
    events = classify_images(paths, classifier, load, cancel=CancelToken(), threads=2)
    results = results_of(events)
    assert len(results) == 40
    assert classifier.batches[0] == 1
    assert max(classifier.batches) <= 8
    assert all(size <= 2**i for i, size in enumerate(classifier.batches))
    assert sum(classifier.batches) == 40


def test_cancelling_stops_within_one_batch_and_keeps_what_is_finished() -> None:
    cancel = CancelToken()
    classifier = NumberClassifier(make_weights(), batch_size=4)
    events = run([Path(f"{i}.png") for i in range(1000)], classifier, cancel)
    first = next(events)
    assert isinstance(first, ResultBatch)
    batches = len(classifier.batches)
    cancel.cancel()
    assert list(events) == []
    assert len(classifier.batches) == batches


def test_paths_are_pulled_only_as_they_are_used() -> None:
    pulled = 0

    def endless() -> Iterator[Path]:
        nonlocal pulled
        for i in itertools.count():
            pulled += 1
            yield Path(f"{i}.png")

    classifier = NumberClassifier(make_weights(), batch_size=4)
    events = classify_images(endless(), classifier, load_by_name, cancel=CancelToken(), threads=2)
    for _ in range(5):
        next(events)
    events.close()
    done = sum(classifier.batches)
    assert pulled <= done + 2 * 2 + 2 * 4 + 1


class FailsOn(NumberClassifier):
    """Fails for any batch that has the picture number 3 in it."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if any(picture[0, 0, 0] == 3 for picture in pixels):
            raise RuntimeError("the kernel does not like this picture")
        return super().classify(pixels, top)


def test_a_batch_that_fails_is_taken_apart_and_only_the_culprit_gets_an_error() -> None:
    results = results_of(run([Path(f"{i}.png") for i in range(20)], FailsOn(make_weights(), 8)))
    failed = [result for result in results if result.problem is not None]
    assert [result.path.name for result in failed] == ["3.png"]
    assert failed[0].problem == Problem("image-network-failed", (), "the kernel does not like this picture")
    assert len(results) == 20


class Unusable(NumberClassifier):
    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        raise WeightsError("weights-not-finite", id="x")


def test_unusable_weights_end_the_run_with_their_error() -> None:
    with pytest.raises(WeightsError):
        list(run([Path("1.png")], Unusable(make_weights())))


class UnusableSoon(NumberClassifier):
    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if len(self.batches) == 3:
            raise WeightsError("weights-not-finite", id="x")
        return super().classify(pixels, top)


def test_what_was_finished_before_the_weights_failed_has_been_handed_out() -> None:
    classifier = UnusableSoon(make_weights(), batch_size=4)
    events = run([Path(f"{i}.png") for i in range(40)], classifier)
    finished: list[ResultBatch | Notice] = []
    with pytest.raises(WeightsError):
        finished.extend(events)
    assert sum(len(event.results) for event in finished if isinstance(event, ResultBatch)) == sum(classifier.batches)


class Miscounting(NumberClassifier):
    """Gives one row too few or too many."""

    def __init__(self, surplus: int) -> None:
        super().__init__(make_weights(), batch_size=4)
        self.surplus = surplus

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        rows = super().classify(pixels, top).predictions
        return BatchOutput(rows[: len(rows) - 1] if self.surplus < 0 else (*rows, rows[0]))


@pytest.mark.parametrize("surplus", [-1, 1])
def test_an_output_of_another_length_is_never_paired_with_pictures(surplus: int) -> None:
    finished: list[ResultBatch | Notice] = []
    with pytest.raises(ValueError, match=r"zip\(\)"):
        finished.extend(run([Path("1.png"), Path("2.png")], Miscounting(surplus)))
    assert finished == []


def test_cancelling_does_not_wait_for_a_picture_that_hangs() -> None:
    gate, cancel = threading.Event(), CancelToken()

    def load(path: Path, token: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        cancel.cancel()
        gate.wait(20)
        return load_by_name(path, token)

    classifier = NumberClassifier(make_weights())
    started = time.monotonic()
    try:
        events = classify_images([Path("1.png")], classifier, load, cancel=cancel, threads=1)
        assert list(events) == []
    finally:
        gate.set()
    assert time.monotonic() - started < 5
    assert classifier.batches == []


def test_a_network_that_fails_prints_no_traceback_on_the_command_line(caplog: pytest.LogCaptureFixture) -> None:
    """The command line shows what is logged as an error."""
    list(run([Path("3.png")], FailsOn(make_weights())))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].exc_info is not None


class Shrinking(NumberClassifier):
    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        output = super().classify(pixels, top)
        return BatchOutput(output.predictions, (Problem("device-batch-halved", (("batch", 2), ("device", "fake"))),))


def test_what_the_classifier_notices_is_passed_on() -> None:
    events = list(run([Path("1.png")], Shrinking(make_weights())))
    assert any(isinstance(event, Notice) and event.problem.code == "device-batch-halved" for event in events)


def test_a_stalled_picture_becomes_an_error_and_the_others_go_on() -> None:
    gate = threading.Event()
    now = itertools.count(step=20)

    def load(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        if path.name == "0.png":
            gate.wait(20)
        return load_by_name(path, cancel)

    try:
        events = classify_images(
            [Path(f"{i}.png") for i in range(6)],
            NumberClassifier(make_weights()),
            load,
            cancel=CancelToken(),
            threads=1,
            stall_seconds=0.05,
            clock=lambda: float(next(now)),
        )
        results = {result.path.name: result for result in results_of(events)}
    finally:
        gate.set()
    assert len(results) == 6
    stalled = results["0.png"].problem
    assert stalled is not None
    assert stalled.code == "image-stalled"
    assert [name for name, result in results.items() if result.problem is not None] == ["0.png"]


CALIBRATION = Calibration(1.5, "energy", 0.5, 0.95, "a test")


class Judging(NumberClassifier):
    """Unsure of every picture whose red value is odd; `surplus` verdicts too many."""

    def __init__(self, surplus: int = 0) -> None:
        super().__init__(make_weights(calibration=CALIBRATION))
        self.surplus = surplus

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        unsure = tuple(bool(picture[0, 0, 0] % 2) for picture in pixels)
        return replace(super().classify(pixels, top), unsure=unsure + (True,) * self.surplus)


def test_each_picture_keeps_its_own_verdict() -> None:
    paths = [Path(f"{number}.png") for number in range(20)] + [Path("bad1.png")]
    results = results_of(run(paths, Judging()))
    assert len(results) == 21
    for result in results:
        expected = None if result.problem else int(result.path.stem) % 2 == 1
        assert result.unsure is expected
        assert result.calibration == CALIBRATION


def test_a_surplus_verdict_is_never_paired_with_pictures() -> None:
    with pytest.raises(ValueError, match=r"zip\(\)"):
        list(run([Path("1.png")], Judging(surplus=1)))


def test_a_set_without_calibration_has_no_verdicts() -> None:
    (result,) = results_of(run([Path("10.png")], NumberClassifier(make_weights())))
    assert (result.unsure, result.calibration) == (None, None)
