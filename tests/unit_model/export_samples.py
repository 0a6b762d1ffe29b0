"""Weights and results for the tests of exports, and readers of what was written."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model.export import run_file_of
from model.types import (
    ImageResult,
    InstalledWeights,
    PictureFacts,
    Prediction,
    Preprocess,
    Problem,
    WeightSet,
    WeightsFile,
)

SHA = "ab" * 32
WHEN = datetime(2026, 11, 24, 18, 3, 55, 123000, UTC)
WEATHER = ("cloudy", "rain", "shine", "sunrise")


def installed(classes: tuple[str, ...] = WEATHER) -> InstalledWeights:
    file = WeightsFile("network", "weather.safetensors", "resources", 1234, sha256=SHA)
    weights = WeightSet(
        id="weather-lite2",
        title="Weather",
        family="weather",
        architecture="timm:tf_efficientnet_lite2",
        layout="timm",
        classes=classes,
        preprocess=Preprocess(292, 260, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        files=(file,),
        licence="Apache-2.0",
        source="this project",
    )
    return InstalledWeights(weights, {}, SHA)


def ok(path: Path, *probabilities: float, labels: tuple[str, ...] = WEATHER, sha: str = SHA) -> ImageResult:
    ranked = tuple(
        Prediction(index, label, value) for index, (label, value) in enumerate(zip(labels, probabilities, strict=False))
    )
    return ImageResult(path, ranked, None, PictureFacts("JPEG", 640, 480), "weather-lite2", sha, 0.1, WHEN)


def failed(path: Path) -> ImageResult:
    problem = Problem("scan-folder-unreadable", (("folder", "=x"), ("reason", "gone")))
    return ImageResult(path, (), problem, None, "weather-lite2", SHA, 0.1, WHEN)


def read_csv(target: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with target.open(encoding=encoding, newline="") as stream:
        rows = list(csv.reader(stream))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def read_run(target: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(run_file_of(target).read_text(encoding="utf-8"))
    return report
