"""The thread split: measured once, kept for this computer, and changed only for a clear gain."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import ColourClassifier, make_weights, write_picture
from numpy.typing import NDArray

from model import engine as engine_module
from model import machine_notes, thread_split, thread_trial
from model.cancel import CancelToken
from model.classify_request import ClassifierWish, ClassifyRequest
from model.engine import WORTH_A_TRIAL, Engine
from model.machine_notes import add_notes, cpu_name, read_notes
from model.thread_split import ThreadSplit, default_split, keep_split, known_split
from model.thread_trial import measure_split
from model.types import BatchOutput, InstalledWeights, Preprocess
from model.weights import Catalogue

SQUARE = Preprocess(resize=32, crop=32, interpolation="bilinear", mean=(0.0,) * 3, std=(1.0,) * 3)


@pytest.fixture(autouse=True)
def four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)


class Clock:
    """Time passes only as batches are classified."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def maker(clock: Clock, seconds_of: Callable[[int], float], wishes: list[ClassifierWish]) -> object:
    """Classifiers that take `seconds_of(threads)` a picture by the clock; what was asked for goes to `wishes`."""

    def make(wish: ClassifierWish) -> ColourClassifier:
        wishes.append(wish)

        class Timed(ColourClassifier):
            def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
                clock.now += seconds_of(wish.threads or 0) * len(pixels)
                return super().classify(pixels, top)

        weights = make_weights()
        return Timed(replace(weights, weights=replace(weights.weights, preprocess=SQUARE)))

    return make


def measure(seconds_of: Callable[[int], float], cancel: CancelToken | None = None) -> ThreadSplit | None:
    clock = Clock()
    wishes: list[ClassifierWish] = []
    make = maker(clock, seconds_of, wishes)
    best = measure_split(make, ClassifierWish("cpu"), cancel or CancelToken(), clock=clock)  # type: ignore[arg-type]
    assert {wish.device for wish in wishes} == {"cpu"}
    assert [wish.threads for wish in wishes] == [4, 2][: len(wishes)]
    return best


def test_until_it_is_measured_there_is_one_thread_of_each_kind_for_each_processor() -> None:
    assert default_split() == ThreadSplit(4, 4)
    assert known_split("torch") is None


def test_what_is_clearly_faster_is_kept_for_its_engine_alone() -> None:
    best = measure(lambda threads: {4: 0.02, 2: 0.01}[threads])
    assert best is not None
    assert best.compute == 2
    assert known_split("torch") == best
    assert known_split("onnx") is None


def test_a_gain_by_chance_changes_nothing() -> None:
    assert measure(lambda threads: {4: 0.0105, 2: 0.01}[threads]) == default_split()
    assert known_split("torch") == default_split()


def test_the_trial_ends_by_the_clock() -> None:
    clock = Clock()
    make = maker(clock, lambda _threads: 0.01, [])
    measure_split(make, ClassifierWish(), CancelToken(), seconds=0.4, clock=clock)  # type: ignore[arg-type]
    assert 0.4 <= clock.now < 1.2


def test_a_cancelled_trial_keeps_nothing() -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert measure(lambda _threads: 0.01, cancel) is None
    assert read_notes() == {}


def test_notes_of_another_processor_or_version_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_split("onnx", ThreadSplit(1, 3))
    assert known_split("onnx") == ThreadSplit(1, 3)
    monkeypatch.setattr(machine_notes, "cpu_name", lambda: "another one")
    assert known_split("onnx") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": 1}', "\x00" * 9, "[" * 5000])
def test_damaged_notes_are_none_and_are_replaced(own_data_dir: Path, text: str) -> None:
    (own_data_dir / "machine.json").write_text(text)
    assert read_notes() == {}
    add_notes({"a": 1})
    add_notes({"b": [2]})
    assert read_notes() == {"a": 1, "b": [2]}


@pytest.mark.parametrize("value", [None, [0, 2], [2], [2, 100_000], ["2", 2], {"decode": 2}])
def test_a_split_that_makes_no_sense_is_none(value: object) -> None:
    add_notes({"threads-onnx": value})
    assert known_split("onnx") is None


def test_a_data_folder_that_cannot_be_written_costs_only_the_notes(own_data_dir: Path) -> None:
    (own_data_dir / "machine.json").mkdir()
    add_notes({"a": 1})
    assert read_notes() == {}


def test_the_processor_has_a_name() -> None:
    assert cpu_name()


class Sets(Catalogue):
    def __init__(self) -> None:
        pass

    def open(self, weights_id: str) -> InstalledWeights:
        return make_weights(weights_id)


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[ClassifierWish]:
    """The wishes that trials were made with; each finds that one thread computes best."""
    made: list[ClassifierWish] = []

    def measure(_make: object, wish: ClassifierWish, _cancel: CancelToken) -> ThreadSplit:
        made.append(wish)
        keep_split("torch", ThreadSplit(2, 1))
        return ThreadSplit(2, 1)

    monkeypatch.setattr(thread_trial, "measure_split", measure)
    return made


@pytest.fixture
def loads() -> list[ClassifierWish]:
    return []


@pytest.fixture
def tuned(loads: list[ClassifierWish]) -> Engine:
    def load(installed: InstalledWeights, wish: ClassifierWish) -> ColourClassifier:
        loads.append(wish)
        return ColourClassifier(installed)

    return Engine(Sets(), load, tune=True)


def test_loading_ahead_measures_once_and_loads_as_found(
    tuned: Engine, trials: list[ClassifierWish], loads: list[ClassifierWish]
) -> None:
    events = list(tuned.preload(ClassifyRequest((), "colours"), CancelToken()))
    assert len(events) == 1
    list(tuned.preload(ClassifyRequest((), "colours"), CancelToken()))
    assert len(trials) == 1
    assert len(loads) == 2


def test_only_a_long_run_begins_with_a_trial(tuned: Engine, trials: list[ClassifierWish], tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    few, many = [picture] * (WORTH_A_TRIAL - 1), [tmp_path / f"{number}.png" for number in range(WORTH_A_TRIAL)]
    list(tuned.run(ClassifyRequest(few[:3], "colours"), CancelToken()))
    assert trials == []
    list(tuned.run(ClassifyRequest(many, "colours"), CancelToken()))
    assert len(trials) == 1


def test_an_engine_that_is_not_told_to_tune_never_tries(trials: list[ClassifierWish]) -> None:
    plain = Engine(Sets(), lambda installed, _wish: ColourClassifier(installed))
    list(plain.preload(ClassifyRequest((), "colours"), CancelToken()))
    assert trials == []


def test_on_a_gpu_nothing_is_tried(trials: list[ClassifierWish]) -> None:
    def load(installed: InstalledWeights, _wish: ClassifierWish) -> ColourClassifier:
        made = ColourClassifier(installed)
        made.device_key = "cuda"
        return made

    list(Engine(Sets(), load, tune=True).preload(ClassifyRequest((), "colours"), CancelToken()))
    assert trials == []


def test_a_run_decodes_with_the_measured_threads(
    tuned: Engine, trials: list[ClassifierWish], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    real = engine_module.classify_images

    def noting(*arguments: object, threads: int, **options: object) -> object:
        used.append(threads)
        return real(*arguments, threads=threads, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_module, "classify_images", noting)
    picture = write_picture(tmp_path / "a.png")
    list(tuned.run(ClassifyRequest([picture], "colours"), CancelToken()))
    keep_split("torch", ThreadSplit(3, 4))
    list(tuned.run(ClassifyRequest([picture], "colours"), CancelToken()))
    assert used == [4, 3]
    assert thread_split.known_split("torch") == ThreadSplit(3, 4)
