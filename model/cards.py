"""Cards: JSON <-> WeightSet, with every field checked, and the digest that names a set."""

import importlib.resources
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal, cast, get_args

from model.card_fields import JsonObject
from model.errors import WeightsError
from model.names import display_name
from model.safe_files import read_bounded
from model.types import (
    Accuracy,
    Calibration,
    FilePlace,
    FileRole,
    Interpolation,
    Preprocess,
    StateDictLayout,
    WeightSet,
    WeightsFile,
)

SCHEMA = 1
CARD_NAME = "card.json"
MOST_CARD_BYTES = 8 * 2**20
"""ImageNet-21k's 21,843 labels take 0.7 MB."""
FAMILIES = ("imagenet", "weather", "custom")
TOP_1 = "top-1"
TOP_5 = "top-5"
TEMPERATURES = (0.01, 100.0)
"""The temperatures that a calibration may have."""
ENERGIES = (-1e6, 1e6)
"""The thresholds that a calibration by energy may have; by probability it is 0 to 1."""

_OWN_PLACES = ("user", "resources")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_ARCHITECTURE = re.compile(r"(torchvision|timm):[A-Za-z0-9_.]+")
_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# torch hub names files with the first 8 digits; a shorter prefix would prove too little.
_DIGEST_PREFIX = re.compile(r"[0-9a-f]{8,64}")
_LARGEST_SIDE = 8192
_LARGEST_FILE = 2**40


def is_id(text: str) -> bool:
    """Return whether a weight set, and so its folder, may be called this."""
    return _ID.fullmatch(text) is not None


def set_digest(digests: Sequence[str]) -> str:
    """Return the SHA-256 that names a set, from its files' hexadecimal digests in card order.

    One file: its digest. Several: the SHA-256 of the hexadecimal digests joined without a separator.
    """
    if len(digests) == 1:
        return digests[0]
    import hashlib  # with OpenSSL, which the window does without until something is loaded

    return hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def is_savable(weights: WeightSet) -> bool:
    """Return whether a set has files of its own that an archive can carry."""
    return any(map(is_own, weights.files)) and not any(file.place == "download" for file in weights.files)


def is_own(file: WeightsFile) -> bool:
    """Return whether an archive carries the file: it lies in the user's folder, or among this program's resources."""
    return file.place in _OWN_PLACES


def read_card(path: Path) -> WeightSet:
    """Return the card of a JSON file; raises WeightsError that names the file, and the field at fault."""
    where = display_name(path)
    return parse_card(read_json(path, where), where)


def read_json(path: Path, where: str) -> object:
    """Return what a JSON file holds; raises WeightsError (`where` names the file in it) if it holds none."""
    try:
        return json.loads(read_bounded(path, MOST_CARD_BYTES).decode("utf-8-sig"))
    except OSError as exc:
        raise WeightsError("weights-card-unreadable", where=where, reason=exc.strerror or str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise WeightsError("weights-card-not-json", where=where, detail=str(exc)) from exc


def parse_card(data: object, where: str) -> WeightSet:
    """Return the weight set that parsed JSON describes.

    `where` is the card's file name for error messages. Raises WeightsError naming file, field and fault for anything
    missing, surplus, of the wrong type or out of range.
    """
    card = JsonObject(data, where)
    if card.integer("schema", 1, 2**31) != SCHEMA:
        card.refuse("schema", f"is not {SCHEMA}; the card was made for another version of Photospotter")
    weights = WeightSet(
        id=card.matching("id", _ID, "may hold only a-z, 0-9, '.', '_' and '-', and starts with a letter or digit"),
        title=card.text("title"),
        family=card.choice("family", FAMILIES),
        architecture=card.matching("architecture", _ARCHITECTURE, "is not torchvision:NAME or timm:NAME"),
        layout=cast(StateDictLayout, card.choice("layout", get_args(StateDictLayout))),
        classes=_parse_classes(card),
        preprocess=_parse_preprocess(card.child("preprocess")),
        files=tuple(_parse_file(item) for item in card.children("files")),
        licence=card.text("licence"),
        source=card.text("source"),
        accuracy=tuple(_parse_accuracy(item) for item in card.children("accuracy", needed=False)),
        preprocess_assumed=card.flag("preprocess_assumed", default=False),
        calibration=_parse_calibration(card.child("calibration")) if card.has("calibration") else None,
        notes=card.text("notes", needed=False),
        recipe=card.mapping("recipe"),
    )
    card.finish()
    if [file.role for file in weights.files] not in (["network"], ["backbone", "head"]):
        card.refuse("files", "must be one with role network, or two with roles backbone and head")
    names = [CARD_NAME, *(file.name for file in weights.files)]
    if len(set(names)) != len(names):
        card.refuse("files", f"name the same file twice, or {CARD_NAME}")
    return weights


def parse_preprocess(data: object, where: str) -> Preprocess:
    """Return the preprocessing that parsed JSON describes, as strict as `parse_card`."""
    return _parse_preprocess(JsonObject(data, where))


def card_to_json(weights: WeightSet) -> dict[str, object]:
    """Return the card as JSON data that `parse_card` turns into an equal WeightSet."""
    preprocess = weights.preprocess
    card: dict[str, object] = {
        "schema": SCHEMA,
        "id": weights.id,
        "title": weights.title,
        "family": weights.family,
        "architecture": weights.architecture,
        "layout": weights.layout,
        "classes": list(weights.classes),
        "preprocess": {
            "resize": preprocess.resize,
            "crop": preprocess.crop,
            "interpolation": preprocess.interpolation,
            "mean": list(preprocess.mean),
            "std": list(preprocess.std),
        },
        "files": [_without_none({key: getattr(file, key) for key in file.__slots__}) for file in weights.files],
        "licence": weights.licence,
        "source": weights.source,
        "accuracy": [
            _without_none({key: getattr(figure, key) for key in figure.__slots__}) for figure in weights.accuracy
        ],
        "preprocess_assumed": weights.preprocess_assumed,
        "calibration": None if weights.calibration is None else asdict(weights.calibration),
        "notes": weights.notes,
        "recipe": dict(weights.recipe),
    }
    return _without_none(card)


def card_bytes(weights: WeightSet) -> bytes:
    """Return the card as the bytes of a JSON file."""
    return (json.dumps(card_to_json(weights), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _without_none(values: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _parse_classes(card: JsonObject) -> tuple[str, ...]:
    if card.has("labels") == card.has("classes"):
        card.refuse("classes", "or labels must be given, and not both")
    if card.has("classes"):
        return card.texts("classes")
    name = card.file_name("labels")
    try:
        text = importlib.resources.files("resources").joinpath("labels", name).read_text(encoding="utf-8")
    except OSError:
        card.refuse("labels", f"names {name}, which Photospotter does not have")
    return tuple(text.splitlines())


def _parse_preprocess(item: JsonObject) -> Preprocess:
    resize = item.integer("resize", 1, _LARGEST_SIDE)
    crop = item.integer("crop", 1, _LARGEST_SIDE)
    if crop > resize:
        item.refuse("crop", "is larger than resize")
    interpolation = cast(Interpolation, item.choice("interpolation", get_args(Interpolation)))
    mean = item.triple("mean", 0, 1)
    std = item.triple("std", 0, 1)
    if 0 in std:
        item.refuse("std", "must not be 0")
    item.finish()
    return Preprocess(resize, crop, interpolation, mean, std)


def _parse_file(item: JsonObject) -> WeightsFile:
    place = cast(FilePlace, item.choice("place", get_args(FilePlace)))
    digest = item.matching("sha256", _DIGEST, "is not 64 hexadecimal digits") if item.has("sha256") else None
    prefix = None
    if item.has("sha256_prefix"):
        prefix = item.matching("sha256_prefix", _DIGEST_PREFIX, "is not 8 to 64 hexadecimal digits")
    if digest is None and prefix is None:
        item.refuse("sha256", "or sha256_prefix is needed")
    if digest is not None and not digest.startswith(prefix or ""):
        item.refuse("sha256", "does not begin with sha256_prefix")
    if item.has("url") != (place == "download"):
        item.refuse("url", "goes with place download, and only with that")
    if item.has("package") != (place == "package"):
        item.refuse("package", "goes with place package, and only with that")
    url = item.text("url") if place == "download" else None
    if url is not None and not url.startswith("https://"):
        item.refuse("url", "must begin with https://")
    package = None
    if place == "package":
        package = item.matching("package", _PACKAGE, "is not the name of a Python package")
    file = WeightsFile(
        role=cast(FileRole, item.choice("role", get_args(FileRole))),
        name=item.file_name("name"),
        place=place,
        size=item.integer("size", 1, _LARGEST_FILE),
        sha256=digest,
        sha256_prefix=prefix,
        url=url,
        package=package,
    )
    item.finish()
    return file


def _parse_calibration(item: JsonObject) -> Calibration:
    score = cast(Literal["probability", "energy"], item.choice("score", ("probability", "energy")))
    calibration = Calibration(
        temperature=item.number("temperature", *TEMPERATURES),
        score=score,
        threshold=item.number("threshold", *((0, 1) if score == "probability" else ENERGIES)),
        kept=item.number("kept", 0, 1),
        on=item.text("on"),
    )
    item.finish()
    return calibration


def _parse_accuracy(item: JsonObject) -> Accuracy:
    figure = Accuracy(
        metric=item.text("metric"),
        value=item.number("value", 0, 1),
        on=item.text("on"),
        published=item.flag("published"),
        spread=item.number("spread", 0, 1) if item.has("spread") else None,
    )
    item.finish()
    return figure
