"""The classifier that moves in mid-run: from torch to ONNX Runtime, and only where that was not chosen otherwise."""

from pathlib import Path

import numpy as np
import pytest
from fakes import ColourClassifier, make_weights, write_picture
from numpy.typing import NDArray

from model.cancel import Cancelled, CancelToken
from model.classify_request import ClassifierWish, ClassifyRequest
from model.engine import Engine
from model.engine_choice import NOT_EXPORTED
from model.errors import DeviceError, ExportError, WeightsError
from model.lane import Lane
from model.types import BatchOutput, EngineName, EngineReady, InstalledWeights, ResultBatch
from model.weights import Catalogue

WEIGHTS, OTHER = make_weights(), make_weights("other")
PIXELS = np.zeros((1, 8, 8, 3), np.uint8)
AUTO = ClassifierWish()


class FakeExporter:
    """Exports in no time: what was started is there when `arrives` says so."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.wanted = True
        self.arrives = False
        self.error: Exception | None = None

    def is_wanted(self, installed: InstalledWeights) -> bool:
        return self.wanted

    def start(self, installed: InstalledWeights) -> None:
        self.calls.append(f"start {installed.weights.id}")
        self.wanted = False

    def has_made(self, installed: InstalledWeights) -> bool:
        arrived, self.arrives = self.arrives, False
        return arrived

    def export_now(self, installed: InstalledWeights, cancel: CancelToken) -> None:
        self.calls.append(f"now {installed.weights.id}")
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.calls.append("close")


class Factory:
    """Loads torch, or what `gives` says; `error` is raised instead where it is set, `error_once` only once."""

    def __init__(self) -> None:
        self.gives: EngineName = "torch"
        self.device = "cpu"
        self.error: Exception | None = None
        self.error_once: Exception | None = None
        self.wishes: list[ClassifierWish] = []
        self.made: list[ColourClassifier] = []

    def __call__(self, installed: InstalledWeights, wish: ClassifierWish, /) -> ColourClassifier:
        self.wishes.append(wish)
        once, self.error_once = self.error_once, None
        if (error := once or self.error) is not None:
            raise error
        made = ColourClassifier(installed)
        made.engine, made.device_key = self.gives, self.device
        self.made.append(made)
        return made


@pytest.fixture
def factory() -> Factory:
    return Factory()


@pytest.fixture
def exporter() -> FakeExporter:
    return FakeExporter()


@pytest.fixture
def lane(factory: Factory, exporter: FakeExporter) -> Lane:
    return Lane(factory, exporter)


def load(lane: Lane, wish: ClassifierWish = AUTO, installed: InstalledWeights = WEIGHTS) -> EngineReady:
    return lane.load(installed, wish, CancelToken())


def test_the_export_begins_after_the_first_answer_and_once(lane: Lane, exporter: FakeExporter) -> None:
    load(lane)
    assert exporter.calls == [], "it takes the processor from the first answer"
    lane.classify(PIXELS, 3)
    assert exporter.calls == ["start colours"]
    lane.classify(PIXELS, 3)
    assert exporter.calls == ["start colours"]


def test_the_run_moves_as_soon_as_the_export_is_there(lane: Lane, factory: Factory, exporter: FakeExporter) -> None:
    assert load(lane).engine == "torch"
    lane.classify(PIXELS, 3)
    factory.gives, exporter.arrives = "onnx", True
    lane.classify(PIXELS, 3)
    assert lane.engine == lane.ready().engine == "onnx"
    assert [made.batches for made in factory.made] == [[1], [1]]
    exporter.arrives = True
    lane.classify(PIXELS, 3)
    assert len(factory.made) == 2, "it loads again although it has moved"


def test_an_export_that_came_between_two_runs_is_used_by_the_second(
    lane: Lane, factory: Factory, exporter: FakeExporter
) -> None:
    load(lane)
    lane.classify(PIXELS, 3)
    factory.gives, exporter.arrives = "onnx", True
    assert load(lane).engine == "onnx"


def test_when_the_export_cannot_be_loaded_torch_goes_on(
    lane: Lane, factory: Factory, exporter: FakeExporter, caplog: pytest.LogCaptureFixture
) -> None:
    load(lane)
    factory.error, exporter.arrives = WeightsError("onnx-not-loaded", id="x", reason="Fail"), True
    assert lane.classify(PIXELS, 3).predictions
    assert lane.engine == "torch"
    assert "the run goes on with torch" in caplog.text


@pytest.mark.parametrize(
    ("wish", "device", "gives"),
    [
        (ClassifierWish(engine="torch"), "cpu", "torch"),
        (AUTO, "cuda", "torch"),
        (AUTO, "mps", "torch"),
        (AUTO, "cpu", "onnx"),
    ],
)
def test_what_was_chosen_or_is_best_already_stays(
    lane: Lane, factory: Factory, exporter: FakeExporter, wish: ClassifierWish, device: str, gives: EngineName
) -> None:
    factory.device, factory.gives = device, gives
    load(lane, wish)
    exporter.arrives = True
    for _ in range(3):
        lane.classify(PIXELS, 3)
    load(lane, wish)
    assert len(factory.made) == 1
    assert exporter.calls == []


def test_nothing_is_exported_that_is_not_wanted(lane: Lane, exporter: FakeExporter) -> None:
    exporter.wanted = False
    load(lane)
    lane.classify(PIXELS, 3)
    assert exporter.calls == []


def test_without_an_exporter_the_lane_stays(factory: Factory) -> None:
    lane = Lane(factory)
    for wish in (AUTO, ClassifierWish(engine="onnx")):
        load(lane, wish)
        lane.classify(PIXELS, 3)
    assert len(factory.made) == 2
    lane.close()


NOT_YET = WeightsError(NOT_EXPORTED, id="colours")
ONNX = ClassifierWish(engine="onnx")


def test_a_choice_of_onnx_exports_what_was_not_exported_yet(
    lane: Lane, factory: Factory, exporter: FakeExporter
) -> None:
    factory.gives, factory.error_once = "onnx", NOT_YET
    assert load(lane, ONNX).engine == "onnx"
    assert exporter.calls == ["now colours"]
    assert factory.wishes == [ONNX, ONNX]
    load(lane, ONNX)
    assert exporter.calls == ["now colours"], "it is loaded already"


def test_a_choice_of_onnx_takes_the_export_that_is_there(lane: Lane, factory: Factory, exporter: FakeExporter) -> None:
    factory.gives = "onnx"
    assert load(lane, ONNX).engine == "onnx"
    assert (exporter.calls, factory.wishes) == ([], [ONNX])


def test_an_export_that_cannot_be_used_is_not_made_again(lane: Lane, factory: Factory, exporter: FakeExporter) -> None:
    factory.error = WeightsError("onnx-rejected", id="colours", reason="a probability differs by 0.2")
    with pytest.raises(WeightsError, match=r"differs by 0\.2"):
        load(lane, ONNX)
    assert exporter.calls == []


def test_without_an_exporter_what_was_not_exported_is_told(factory: Factory) -> None:
    factory.error = NOT_YET
    with pytest.raises(WeightsError) as caught:
        load(Lane(factory), ONNX)
    assert caught.value.problem.code == NOT_EXPORTED


@pytest.mark.parametrize(
    "error",
    [ExportError("onnx-check-failed", id="x", reason="differs"), DeviceError("onnx-runtime-absent", reason="x")],
)
def test_when_exporting_fails_what_was_loaded_stays(
    lane: Lane, factory: Factory, exporter: FakeExporter, error: Exception
) -> None:
    load(lane)
    factory.error_once, exporter.error = NOT_YET, error
    with pytest.raises(type(error)):
        load(lane, ONNX)
    assert lane.installed == WEIGHTS
    assert len(factory.made) == 1
    load(lane)
    assert len(factory.made) == 1


def test_cancelling_reaches_the_export(lane: Lane, factory: Factory, exporter: FakeExporter) -> None:
    factory.error_once, exporter.error = NOT_YET, Cancelled()
    with pytest.raises(Cancelled):
        load(lane, ONNX)


def test_other_weights_and_another_wish_load_anew(lane: Lane, factory: Factory, exporter: FakeExporter) -> None:
    load(lane)
    load(lane, installed=OTHER)
    load(lane, ClassifierWish(engine="torch"), OTHER)
    load(lane, ClassifierWish(engine="torch"), OTHER)
    assert [made.installed for made in factory.made] == [WEIGHTS, OTHER, OTHER]


def test_before_anything_is_loaded_there_is_nothing(lane: Lane) -> None:
    with pytest.raises(RuntimeError, match="nothing is loaded"):
        lane.classify(PIXELS, 3)


def test_closing_ends_an_export(lane: Lane, exporter: FakeExporter) -> None:
    lane.close()
    assert exporter.calls == ["close"]


# --- in a run ---


class OneSet(Catalogue):
    def __init__(self) -> None:
        pass

    def open(self, weights_id: str) -> InstalledWeights:
        return WEIGHTS


class Arriving(ColourClassifier):
    """Lets the export arrive while it classifies its second batch."""

    def __init__(self, exporter: FakeExporter, factory: Factory) -> None:
        super().__init__(WEIGHTS, batch_size=2)
        self.exporter = exporter
        self.factory = factory

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if len(self.batches) == 1:
            self.exporter.arrives = True
            self.factory.gives = "onnx"
        return super().classify(pixels, top)


def test_a_run_says_that_it_moves_and_each_result_which_engine_made_it(
    tmp_path: Path, factory: Factory, exporter: FakeExporter
) -> None:
    first = Arriving(exporter, factory)

    def load_first(installed: InstalledWeights, wish: ClassifierWish, /) -> ColourClassifier:
        return factory(installed, wish) if first.batches else first

    pictures = [write_picture(tmp_path / f"{number}.png", (200 + number, 0, 0)) for number in range(9)]
    store = tmp_path / "s.sqlite3"
    engine = Engine(OneSet(), load_first, store_file=store, exporter=exporter)
    events = list(engine.run(ClassifyRequest(pictures, "colours"), CancelToken()))
    told: list[str] = []
    for event in events:
        if isinstance(event, EngineReady):
            told.append(event.engine)
        elif isinstance(event, ResultBatch):
            assert {result.engine for result in event.results} == {told[-1]}, "told after its first results, or wrongly"
    assert told == ["torch", "onnx"]
    made = {
        result.path: result.engine for event in events if isinstance(event, ResultBatch) for result in event.results
    }
    assert sum(engine == "torch" for engine in made.values()) == sum(first.batches)
    assert sum(engine == "onnx" for engine in made.values()) == 9 - sum(first.batches) > 0
    again = list(engine.run(ClassifyRequest(pictures, "colours"), CancelToken()))
    kept = {result.path: result.engine for event in again if isinstance(event, ResultBatch) for result in event.results}
    assert kept == made, "the store does not tell which engine it was"
    engine.close()
    assert exporter.calls == ["start colours", "close"]
