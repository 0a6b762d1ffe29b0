"""Verdicts and evaluations made by hand, and a weight set of colours that the fake network can be run with."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from fakes import COLOURS, SMALL
from weights_samples import file_of, sha256

from model.cards import card_bytes
from model.evaluation_types import Evaluation, JudgedImage
from model.metrics import measure
from model.types import Calibration, Problem, WeightSet
from model.weights import Catalogue

COLOUR_FILE = b"a network that knows colours"
WHEN = datetime(2026, 11, 24, 18, 3, 55, 123000, UTC)
WEATHER = ("cloudy", "rain", "shine")


def judged(
    true: int, probabilities: Sequence[float], path: Path = Path("a.jpg"), *, unsure: bool | None = None
) -> JudgedImage:
    """A verdict from the probabilities of all classes."""
    order = np.argsort(-np.asarray(probabilities), kind="stable")[:5]
    return JudgedImage(
        path=path,
        true=true,
        top=tuple(int(index) for index in order),
        probabilities=tuple(float(probabilities[index]) for index in order),
        true_probability=float(probabilities[true]),
        unsure=unsure,
    )


def evaluation_of(
    images: Sequence[JudgedImage],
    classes: tuple[str, ...] = WEATHER,
    *,
    root: Path = Path("/data/weather"),
    bad: tuple[tuple[Path, Problem], ...] = (),
    **changes: object,
) -> Evaluation:
    """An evaluation whose figures are those of `images`."""
    figures = measure(images, classes)
    made = Evaluation(
        weights_id="weather-lite2",
        weights_title="Weather, small",
        weights_sha256="ab" * 32,
        root=root,
        labels=None,
        classes=classes,
        images=tuple(images),
        bad=bad,
        temperature=None,
        device="CPU",
        seconds=2.0,
        rate=len(images) / 2,
        finished=WHEN,
        **{field.name: getattr(figures, field.name) for field in dataclasses.fields(figures)},
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def colour_set(
    *, calibration: Calibration | None = None, recipe: Mapping[str, object] | None = None, family: str = "custom"
) -> WeightSet:
    """The card of a set that tells red, green and blue apart."""
    return WeightSet(
        id="colours",
        title="Colours",
        family=family,
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=tuple(COLOURS),
        preprocess=SMALL,
        files=(file_of(COLOUR_FILE, place="user", name="colours.safetensors"),),
        licence="none",
        source="a test",
        calibration=calibration,
        recipe=recipe or {},
    )


def colour_catalogue(root: Path, card: WeightSet | None = None) -> Catalogue:
    """A catalogue whose only set is that of colours, with a file of the right digest."""
    card = card or colour_set()
    folder = root / "user" / "weights" / card.id
    folder.mkdir(parents=True)
    (folder / "card.json").write_bytes(card_bytes(card))
    (folder / "colours.safetensors").write_bytes(COLOUR_FILE)
    shipped = root / "shipped"
    shipped.mkdir()
    assert card.files[0].sha256 == sha256(COLOUR_FILE)
    return Catalogue(root / "user", root / "hub", shipped_dir=shipped)
