"""Results and errors as rows of the store's tables, and back."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

from model.picture_identity import file_version
from model.types import (
    DecodeMode,
    EngineName,
    ImageResult,
    InstalledWeights,
    PictureFacts,
    Precision,
    Prediction,
    Problem,
    WeightSet,
)

log = logging.getLogger(__name__)

RESULT_COLUMNS = (
    *("digest", "made_with", "predictions", "format", "width", "height", "seconds", "classified_at"),
    *("unsure", "engine", "batch"),
)
ERROR_COLUMNS = ("path", "made_with", "size", "mtime_ns", "problem", "seconds", "classified_at", "program", "batch")

Row = sqlite3.Row | Mapping[str, Any]
"""A row of a table, as SQLite gives it or as it came from another process."""
_ENGINES, _PRECISIONS = frozenset(get_args(EngineName)), frozenset(get_args(Precision))

CRASHED = "image-crashed"
"""The code of the error of a picture that killed the process."""

LASTING = frozenset(
    (
        *("image-empty", "image-unknown", "image-format-unread", "image-truncated", "image-damaged"),
        CRASHED,
    )
)
"""Errors that lie in the file's bytes: they come again each time, for as long as the file and the program stay.

Not what the limits forbid, which the user can raise: a file's header tells it again at once.
"""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a stored result must have been made with to be taken: the weights, `top` labels, the way of decoding.

    With `exact_only` results of half precision, as GPUs make them, are not taken; with an `engine`, only what it made.
    """

    installed: InstalledWeights
    top: int
    decode: DecodeMode = "exact"
    exact_only: bool = False
    engine: EngineName | None = None


def key_of(path: Path) -> bytes:
    """Return the path's bytes; a name that no file can have becomes one that no file has."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return b""


def preprocess_key(weights: WeightSet, decode: DecodeMode) -> str:
    """Return what shapes results beside the weights: preprocessing, decoding, and the numbers of a calibration.

    A set that is calibrated anew thus shares no row with what it was; where its figures were fitted does not matter.
    """
    key = repr(weights.preprocess)
    if decode != "exact":
        key = f"{key} {decode}"
    if weights.calibration is None:
        return key
    fitted = weights.calibration
    return f"{key} {(fitted.temperature, fitted.score, fitted.threshold)!r}"


@cache
def program_version() -> str:
    """Return what decides whether a file can be read: the versions of this program and of its readers."""
    import importlib.metadata

    found = []
    for name in ("photospotter", "pillow", "pi-heif"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def result_row(result: ImageResult, digest: bytes, made_with: int, batch: int) -> tuple[object, ...]:
    """Return the row of a result that has predictions, in the order of RESULT_COLUMNS."""
    assert result.facts is not None
    return (
        digest,
        made_with,
        _packed(result.predictions),
        result.facts.format,
        result.facts.width,
        result.facts.height,
        result.seconds,
        result.classified_at.isoformat(),
        result.unsure,
        result.engine,
        batch,
    )


def error_row(result: ImageResult, made_with: int, batch: int) -> tuple[object, ...]:
    """Return the row of a failure, in the order of ERROR_COLUMNS; of a lasting one the file's version is in it."""
    problem = result.problem
    assert problem is not None
    # Others are no reason to ask for the file again: its drive may be what is away.
    version = file_version(result.path) if problem.code in LASTING else None
    return (
        key_of(result.path),
        made_with,
        None if version is None else version.size,
        None if version is None else version.mtime_ns,
        json.dumps([problem.code, problem.params, problem.detail]),
        result.seconds,
        result.classified_at.isoformat(),
        program_version(),
        batch,
    )


def _packed(predictions: Sequence[Prediction]) -> bytes:
    """Return class indices (uint32) and probabilities (float64): a third of the space of JSON, and read far sooner."""
    numbers = [one.class_index for one in predictions], [one.probability for one in predictions]
    return struct.pack(f"<{len(predictions)}I{len(predictions)}d", *numbers[0], *numbers[1])


def _unpacked(predictions: bytes) -> list[tuple[int, float]]:
    """Return what was packed: class indices and probabilities; raises struct.error."""
    count = len(predictions) // 12
    numbers = struct.unpack(f"<{count}I{count}d", predictions)
    return list(zip(numbers[:count], numbers[count:], strict=True))


def outcome_of(path: Path, row: Row, lookup: Lookup) -> ImageResult | None:
    """Return the stored result or failure of a row of either table; None when it does not fit."""
    return error_of(path, row, lookup) if "problem" in row.keys() else result_of(path, row, lookup)


def result_of(path: Path, row: Row, lookup: Lookup) -> ImageResult | None:
    """Return the stored result, or None when it does not fit the card or what is looked up."""
    installed = lookup.installed
    weights = installed.weights
    if lookup.engine is not None and row["engine"] != lookup.engine:
        return None
    try:
        predicted = row["predictions"]
        # Up to version 4 of the store predictions were JSON.
        stored = _unpacked(predicted) if isinstance(predicted, bytes) else json.loads(predicted)
        moment = datetime.fromisoformat(row["classified_at"])
        wanted = min(lookup.top, len(weights.classes))
        if len(stored) < wanted or min(index for index, _ in stored) < 0:
            return None
        classes = weights.classes
        predictions = tuple([Prediction(index, classes[index], float(value)) for index, value in stored[:wanted]])
    except IndexError:  # of another card with the same file
        return None
    except (ValueError, TypeError, struct.error) as exc:
        log.warning("a damaged row of the store is passed over: %s", exc)
        return None
    if weights.calibration is not None and row["unsure"] is None:
        return None
    return ImageResult(
        path=path,
        predictions=predictions,
        problem=None,
        facts=PictureFacts(row["format"], row["width"], row["height"]),
        weights_id=weights.id,
        weights_sha256=installed.sha256,
        seconds=row["seconds"],
        classified_at=moment,
        unsure=None if weights.calibration is None else bool(row["unsure"]),
        calibration=weights.calibration,
        engine=row["engine"] if row["engine"] in _ENGINES else None,
        decode=lookup.decode,
        precision=row["precision"] if row["precision"] in _PRECISIONS else "float32",
    )


def is_lasting(row: Row) -> bool:
    """Return whether a stored error would come again if the file has not changed."""
    return row["program"] == program_version() and _problem(row) is not None


def error_of(path: Path, row: Row, lookup: Lookup) -> ImageResult | None:
    """Return the stored failure; None where the row is damaged."""
    installed = lookup.installed
    problem = _problem(row)
    try:
        moment = datetime.fromisoformat(row["classified_at"])
    except (ValueError, TypeError):
        return None
    return ImageResult(
        path=path,
        predictions=(),
        problem=problem,
        facts=None,
        weights_id=installed.weights.id,
        weights_sha256=installed.sha256,
        seconds=row["seconds"],
        classified_at=moment,
        calibration=installed.weights.calibration,
        decode=lookup.decode,
    )


def _problem(row: Row) -> Problem | None:
    """Return the stored problem if it is a lasting one, with a text that this version has."""
    try:
        code, params, detail = json.loads(row["problem"])
        if code not in LASTING:
            return None
        return Problem(str(code), tuple((str(name), value) for name, value in params), str(detail))
    except (ValueError, TypeError) as exc:
        log.warning("a damaged row of the store is passed over: %s", exc)
        return None
