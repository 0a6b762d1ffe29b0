"""The engine: what is loaded, what stays loaded, and what is recalled instead of being classified again."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import COLOURS, ColourClassifier, make_weights, write_picture
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.classify_request import ClassifierWish, ClassifyRequest
from model.engine import Engine, RunEvent
from model.errors import WeightsError
from model.load_picture import make_load
from model.pipeline import Load
from model.types import (
    BatchOutput,
    EngineReady,
    ImageResult,
    InstalledWeights,
    PictureFacts,
    ResultBatch,
    WeightsOpened,
)
from model.weights import Catalogue


class Sets(Catalogue):
    """A catalogue of sets without files."""

    def __init__(self, *sets: InstalledWeights) -> None:
        self.sets = {one.weights.id: one for one in sets}

    def open(self, weights_id: str) -> InstalledWeights:
        return self.sets[weights_id]


class Factory:
    """Makes ColourClassifiers and counts them; refuses the sets in `broken`."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.made: list[ColourClassifier] = []

    def __call__(self, installed: InstalledWeights, wish: ClassifierWish, /) -> ColourClassifier:
        if installed.weights.id in self.broken:
            raise WeightsError("weights-network-fails", id=installed.weights.id)
        self.made.append(ColourClassifier(installed))
        return self.made[-1]


FIRST, SECOND = make_weights("first"), make_weights("second")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [write_picture(tmp_path / f"{name}.png", colour) for name, colour in COLOURS.items()]


def run(engine: Engine, paths: list[Path], weights_id: str = "first", **settings: object) -> list[RunEvent]:
    return list(engine.run(ClassifyRequest(paths, weights_id, **settings), CancelToken()))  # type: ignore[arg-type]


def results_of(events: list[RunEvent]) -> dict[str, ImageResult]:
    return {result.path.stem: result for event in events if isinstance(event, ResultBatch) for result in event.results}


def labels(events: list[RunEvent]) -> dict[str, str]:
    return {name: result.predictions[0].label for name, result in results_of(events).items()}


def test_a_run_opens_loads_and_classifies_in_this_order(pictures: list[Path]) -> None:
    events = run(Engine(Sets(FIRST), Factory()), pictures)
    assert isinstance(events[0], WeightsOpened)
    assert isinstance(events[1], EngineReady)
    assert labels(events) == {"red": "red", "green": "green", "blue": "blue"}


def test_the_first_picture_is_decoded_while_the_network_is_loaded(
    pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    decoded: list[Path] = []

    def make_noting_load(*arguments: object) -> Load:
        load = make_load(*arguments)  # type: ignore[arg-type]

        def noting(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
            decoded.append(path)
            begun.set()
            return load(path, cancel)

        return noting

    def slow_factory(installed: InstalledWeights, _wish: ClassifierWish, /) -> ColourClassifier:
        assert begun.wait(60), "nothing is decoded before the network is there"
        return ColourClassifier(installed)

    monkeypatch.setattr("model.engine.make_load", make_noting_load)
    found = results_of(run(Engine(Sets(FIRST), slow_factory), pictures))
    assert {name: result.predictions[0].label for name, result in found.items()} == {name: name for name in COLOURS}
    assert sorted(decoded) == sorted(pictures), "each is decoded once"


def test_the_network_is_loaded_once_until_something_else_is_wanted(pictures: list[Path]) -> None:
    factory = Factory()
    engine = Engine(Sets(FIRST, SECOND), factory)
    for wish in ({}, {}, {"device": "cpu"}, {"device": "cpu", "batch_size": 2}, {"weights_id": "second"}):
        run(engine, pictures, **wish)  # type: ignore[arg-type]
    assert len(factory.made) == 4


def test_one_file_imported_twice_with_other_labels_gives_the_other_labels(pictures: list[Path], tmp_path: Path) -> None:
    other = make_weights("second", classes=("rot", "gruen", "blau"))
    twin = replace(other, sha256=FIRST.sha256)
    engine = Engine(Sets(FIRST, twin), Factory(), store_file=tmp_path / "s.sqlite3")
    assert labels(run(engine, pictures)) == {"red": "red", "green": "green", "blue": "blue"}
    for fresh in (True, False):
        events = run(engine, pictures, "second", fresh=fresh)
        assert labels(events) == {"red": "rot", "green": "gruen", "blue": "blau"}
        assert {result.weights_id for result in results_of(events).values()} == {"second"}


def test_when_loading_fails_the_set_loaded_before_stays(pictures: list[Path]) -> None:
    factory = Factory("second")
    engine = Engine(Sets(FIRST, SECOND), factory)
    run(engine, pictures)
    with pytest.raises(WeightsError, match="could not be built"):
        run(engine, pictures, "second")
    run(engine, pictures)
    assert len(factory.made) == 1


def test_known_pictures_come_back_without_loading_anything(pictures: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite3"
    first = run(Engine(Sets(FIRST), Factory(), store_file=store), pictures)
    factory = Factory()
    engine = Engine(Sets(FIRST), factory, store_file=store)
    again = run(engine, pictures)
    assert results_of(again) == results_of(first)
    assert factory.made == []
    run(engine, pictures, fresh=True)
    assert sum(factory.made[0].batches) == 3
    new = write_picture(tmp_path / "new.png", COLOURS["blue"], size=(40, 30))
    assert labels(run(engine, [*pictures, new]))["new"] == "blue"
    assert sum(factory.made[0].batches) == 4


def test_a_picture_that_changes_while_it_is_classified_is_classified_again(
    pictures: list[Path], tmp_path: Path
) -> None:
    class Meddling(ColourClassifier):
        def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
            if not self.batches:
                write_picture(pictures[0], COLOURS["blue"], size=(40, 30))
            return super().classify(pixels, top)

    store = tmp_path / "s.sqlite3"
    meddler = Meddling(FIRST)
    run(Engine(Sets(FIRST), lambda *_arguments: meddler, store_file=store), pictures[:1])
    assert labels(run(Engine(Sets(FIRST), Factory(), store_file=store), pictures[:1])) == {"red": "blue"}


def test_a_run_cancelled_while_it_recalls_ends(pictures: list[Path]) -> None:
    cancel = CancelToken()
    factory = Factory()

    def paths() -> Iterator[Path]:
        cancel.cancel()
        yield from pictures

    events = list(Engine(Sets(FIRST), factory).run(ClassifyRequest(paths(), "first"), cancel))
    assert [type(event) for event in events] == [WeightsOpened]
    assert factory.made == []


def test_loading_ahead_fails_quietly_and_the_run_tells_why(pictures: list[Path]) -> None:
    engine = Engine(Sets(SECOND), Factory("second"))
    assert list(engine.preload(ClassifyRequest((), "second"), CancelToken())) == []
    with pytest.raises(WeightsError):
        run(engine, pictures, "second")


def test_what_was_loaded_ahead_is_what_the_run_uses(pictures: list[Path]) -> None:
    factory = Factory()
    engine = Engine(Sets(FIRST), factory)
    (ready,) = engine.preload(ClassifyRequest((), "first"), CancelToken())
    assert ready.device == "fake device"
    run(engine, pictures)
    assert len(factory.made) == 1
