"""The evaluation job: real pictures, folders and cards, with a fake network in the place of torch's."""

import errno
import os
import pickle
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluation_samples import colour_catalogue, colour_set
from fakes import COLOURS, ColourClassifier, write_picture
from numpy.typing import NDArray

from model import engine
from model.cancel import Cancelled, CancelToken
from model.classify_request import ClassifierWish
from model.errors import DatasetError, ImageError, WeightsError
from model.evaluate import EvaluationEvent, evaluate
from model.evaluation_types import EvaluateRequest, Evaluation, EvaluationProgress, EvaluationStarted
from model.pipeline import Load
from model.types import BatchOutput, Calibration, InstalledWeights, Notice, Problem
from model.weights import Catalogue

CALIBRATION = Calibration(temperature=1.5, score="probability", threshold=0.5, kept=0.95, on="a test")
Make = Callable[..., ColourClassifier]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[ColourClassifier]:
    """The classifiers that were loaded, in the order of loading."""
    return use(monkeypatch, ColourClassifier)


def use(monkeypatch: pytest.MonkeyPatch, make: Make) -> list[ColourClassifier]:
    loaded: list[ColourClassifier] = []

    def load(installed: InstalledWeights, wish: ClassifierWish) -> ColourClassifier:
        loaded.append(make(installed, wish.batch_size or 4))
        return loaded[-1]

    monkeypatch.setattr(engine, "load_classifier", load)
    return loaded


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Three pictures of each colour in its folder; one that is red lies with the blue ones."""
    root = tmp_path / "pictures"
    for name, colour in COLOURS.items():
        for number in range(3):
            write_picture(root / name / f"{number}.png", colour)
    write_picture(root / "blue" / "is red.png", COLOURS["red"])
    return root


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return colour_catalogue(tmp_path / "computer")


def run(root: Path, catalogue: Catalogue, **options: object) -> tuple[Evaluation, list[EvaluationEvent]]:
    request = EvaluateRequest(root, "colours", **options)  # type: ignore[arg-type]
    events = list(evaluate(request, catalogue, CancelToken()))
    last = events[-1]
    assert isinstance(last, Evaluation)
    return last, events


def test_figures_of_labelled_folders(colours: Path, catalogue: Catalogue, network: list[ColourClassifier]) -> None:
    evaluation, _ = run(colours, catalogue)
    assert len(evaluation.images) == 10
    assert evaluation.top_1.value == 0.9
    assert evaluation.top_5 is None
    assert evaluation.confusion.tolist() == [[3, 0, 0], [0, 3, 0], [1, 0, 3]]
    assert [image.path.name for image in evaluation.images if not image.right] == ["is red.png"]
    assert (evaluation.weights_id, evaluation.weights_title, evaluation.classes) == (
        "colours",
        "Colours",
        tuple(COLOURS),
    )
    assert evaluation.device == "fake device"
    assert evaluation.bad == ()
    assert evaluation.temperature is None
    assert evaluation.unsure is None
    assert len(network) == 1


@pytest.mark.usefixtures("network")
def test_each_verdict_is_that_of_its_own_picture(colours: Path, catalogue: Catalogue) -> None:
    evaluation, _ = run(colours, catalogue)
    paths = [image.path for image in evaluation.images]
    assert paths == sorted(paths)
    for image in evaluation.images:
        assert image.true == list(COLOURS).index(image.path.parent.name)
        shade = "red" if image.path.name == "is red.png" else image.path.parent.name
        assert image.predicted == list(COLOURS).index(shade)
        assert len(image.top) == 3
        assert image.probabilities[0] == max(image.probabilities)
        assert image.true_probability == image.probabilities[image.top.index(image.true)]


@pytest.mark.usefixtures("network")
def test_a_bad_picture_costs_no_neighbour_its_label(colours: Path, catalogue: Catalogue) -> None:
    (colours / "green" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (colours / "red" / "1.png").write_bytes(b"")
    evaluation, events = run(colours, catalogue)
    assert [path.relative_to(colours).as_posix() for path, _ in evaluation.bad] == ["green/0.png", "red/1.png"]
    assert evaluation.confusion.tolist() == [[2, 0, 0], [0, 2, 0], [1, 0, 3]]
    assert [figures.support for figures in evaluation.per_class] == [2, 2, 4]
    last = [event for event in events if isinstance(event, EvaluationProgress)][-1]
    assert (last.done, last.total, last.errors) == (10, 10, 2)


class FailingOnRed(ColourClassifier):
    """A network that fails on every batch with a red picture in it."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if (pixels[..., 0].mean(axis=(1, 2)) > 200).any():
            raise RuntimeError("no red, please")
        return super().classify(pixels, top)


def test_a_picture_that_the_network_fails_on_is_bad_and_no_other(
    colours: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FailingOnRed)
    evaluation, _ = run(colours, catalogue)
    assert {problem.code for _, problem in evaluation.bad} == {"image-network-failed"}
    assert {path.name for path, _ in evaluation.bad if path.parent.name != "red"} == {"is red.png"}
    assert len(evaluation.bad) == 4
    assert evaluation.top_1.value == 1.0


@pytest.mark.usefixtures("network")
def test_missing_files_of_a_labels_file_are_bad_and_the_rest_is_evaluated(colours: Path, catalogue: Catalogue) -> None:
    labels = colours / "labels.tsv"
    labels.write_text("file\tclass_index\nred/0.png\t0\nabsent.png\t1\ngreen/1.png\t1\nlabels.tsv\t2\n")
    evaluation, _ = run(colours, catalogue, labels=labels)
    assert [image.path.name for image in evaluation.images] == ["0.png", "1.png"]
    assert {path.name: problem.code for path, problem in evaluation.bad} == {
        "absent.png": "image-missing",
        "labels.tsv": "image-unknown",
    }
    assert evaluation.labels == labels


@pytest.mark.usefixtures("network")
def test_nothing_readable_is_an_error_that_says_why(colours: Path, catalogue: Catalogue) -> None:
    labels = colours / "labels.csv"
    labels.write_text("file,label\nabsent.png,red\n")
    with pytest.raises(DatasetError) as caught:
        run(colours, catalogue, labels=labels)
    assert caught.value.problem.code == "evaluate-none-readable"
    assert "absent.png" in str(caught.value)


@pytest.mark.usefixtures("network")
def test_a_drive_that_goes_away_is_an_error_in_place_of_figures(
    colours: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_load(*_arguments: object) -> Load:
        def away(_path: Path, _cancel: CancelToken) -> object:
            raise ImageError("image-io", reason=os.strerror(errno.EHOSTDOWN))

        return away  # type: ignore[return-value]

    monkeypatch.setattr(engine, "make_load", make_load)
    with pytest.raises(DatasetError, match="does not answer"):
        run(colours, catalogue)


def test_labels_are_checked_before_the_network_is_loaded(
    colours: Path, catalogue: Catalogue, network: list[ColourClassifier]
) -> None:
    write_picture(colours / "purple" / "1.png")
    with pytest.raises(DatasetError):
        run(colours, catalogue)
    with pytest.raises(WeightsError):
        list(evaluate(EvaluateRequest(colours, "nonsense"), catalogue, CancelToken()))
    assert network == []


def test_what_is_evaluated_is_said_first_and_progress_has_both_ends(
    colours: Path, catalogue: Catalogue, network: list[ColourClassifier]
) -> None:
    for name in COLOURS:
        (colours / name).rename(colours / f"{name}-away")
        (colours / "test").mkdir(exist_ok=True)
        (colours / f"{name}-away").rename(colours / "test" / name)
    ticks = iter(range(10_000))
    request = EvaluateRequest(colours, "colours", batch_size=2)
    # A clock by which every look takes a second lets every batch report.
    events = list(evaluate(request, catalogue, CancelToken(), clock=lambda: float(next(ticks))))
    assert events[0] == EvaluationStarted("colours", "Colours", 10, "test")
    assert events[1] == EvaluationProgress(0, 10, 0, 0.0)
    progress = [event for event in events if isinstance(event, EvaluationProgress)]
    assert len(progress) == 1 + len(network[0].batches)
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert (progress[-1].done, progress[-1].total) == (10, 10)
    assert isinstance(events[-1], Evaluation)
    assert events[-1].part == "test"
    assert events[-1].root == colours / "test"


@pytest.mark.usefixtures("network")
def test_progress_is_throttled(colours: Path, catalogue: Catalogue) -> None:
    request = EvaluateRequest(colours, "colours", batch_size=1)
    events = list(evaluate(request, catalogue, CancelToken(), clock=lambda: 7.0))  # no time passes
    assert [event.done for event in events if isinstance(event, EvaluationProgress)] == [0, 10]


def test_speed_leaves_loading_out(colours: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    class Slow(ColourClassifier):
        def __init__(self, installed: InstalledWeights, batch_size: int) -> None:
            super().__init__(installed, batch_size)
            now[0] += 1000  # the loading

        def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
            now[0] += len(pixels) * 0.5
            return super().classify(pixels, top)

    use(monkeypatch, Slow)
    *_, evaluation = evaluate(EvaluateRequest(colours, "colours"), catalogue, CancelToken(), clock=lambda: now[0])
    assert isinstance(evaluation, Evaluation)
    assert evaluation.seconds == 5.0
    assert evaluation.rate == 2.0


class Unsure(ColourClassifier):
    """Calls everything red unsure, and says that its batch was halved."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        output = super().classify(pixels, top)
        unsure = tuple(predictions[0].class_index == 0 for predictions in output.predictions)
        notice = Problem("device-batch-halved", (("batch", 1), ("device", "CPU")))
        return replace(output, unsure=unsure, notices=(notice,))


def test_verdicts_and_temperature_of_a_calibrated_set(
    colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Unsure)
    catalogue = colour_catalogue(tmp_path / "computer", colour_set(calibration=CALIBRATION))
    evaluation, events = run(colours, catalogue)
    assert evaluation.temperature == 1.5
    assert evaluation.unsure is not None
    assert evaluation.unsure.unsure == 4
    assert evaluation.unsure.accuracy_when_sure is not None
    assert evaluation.unsure.accuracy_when_sure.value == 1.0
    assert [image.unsure for image in evaluation.images if image.true == 0] == [True] * 3
    assert any(isinstance(event, Notice) for event in events)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("counts", "warned"),
    [
        ({"red": 3, "green": 3, "blue": 4}, True),
        ({"red": 3, "green": 3, "blue": 3}, False),
        ({"red": 3, "green": 3, "blue": 4, "black": 1}, False),
        ("many", False),
    ],
)
def test_pictures_that_the_set_learned_from_are_noticed(
    colours: Path, tmp_path: Path, counts: object, warned: bool
) -> None:
    card = colour_set(recipe={"pictures": counts})
    evaluation, _ = run(colours, colour_catalogue(tmp_path / "computer", card))
    assert evaluation.trained_on_these is warned


def test_without_a_recipe_nothing_is_said_of_training(
    colours: Path, catalogue: Catalogue, network: list[ColourClassifier]
) -> None:
    assert run(colours, catalogue)[0].trained_on_these is False


def test_cancelling_ends_within_a_batch(colours: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Semaphore(1)
    loaded = use(monkeypatch, lambda installed, batch_size: ColourClassifier(installed, 1, gate))
    cancel = CancelToken()
    job = evaluate(EvaluateRequest(colours, "colours"), catalogue, cancel)

    def cancel_in_second_batch() -> None:
        while not loaded:
            assert not cancel.wait(0.001)
        assert loaded[0].entered.acquire(timeout=20)
        assert loaded[0].entered.acquire(timeout=20)
        cancel.cancel()
        gate.release()

    helper = threading.Thread(target=cancel_in_second_batch)
    helper.start()
    with pytest.raises(Cancelled):
        list(job)
    helper.join(20)
    assert len(loaded[0].batches) == 2


@pytest.mark.usefixtures("network")
def test_values_can_go_from_one_process_to_another(colours: Path, catalogue: Catalogue) -> None:
    request = EvaluateRequest(colours, "colours")
    assert pickle.loads(pickle.dumps(request)).root == colours
    evaluation, events = run(colours, catalogue)
    for event in events[:-1]:
        assert pickle.loads(pickle.dumps(event)) == event
    copy = pickle.loads(pickle.dumps(evaluation))
    assert copy.images == evaluation.images
    assert np.array_equal(copy.confusion, evaluation.confusion)


def test_the_shipped_network_on_200_labelled_photographs(shared_data: Path) -> None:
    """The real network over every fifth picture: 40 of the 200, all but a few of them right."""
    from model.weights import default_catalogue

    lines = (shared_data / "imagenet" / "labels.tsv").read_text().splitlines()
    labels = Path(default_catalogue().data_dir) / "labels.tsv"
    labels.parent.mkdir(parents=True, exist_ok=True)
    labels.write_text("\n".join([lines[0], *lines[1::5]]))
    request = EvaluateRequest(shared_data / "imagenet", "imagenet-lite2", labels=labels, device="cpu")
    *_, evaluation = evaluate(request, default_catalogue(), CancelToken())
    assert isinstance(evaluation, Evaluation)
    assert len(evaluation.images) == 40
    assert evaluation.top_1.value >= 0.85
    assert evaluation.top_5 is not None
    assert evaluation.top_5.value >= 0.95
