"""Evaluations made up from verdicts, with figures computed in numpy; for tests of the window."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import numpy as np

from model.evaluation_types import (
    AverageFigures,
    ClassFigures,
    Estimate,
    Evaluation,
    JudgedImage,
    ReliabilityBin,
    UnsureFigures,
)
from model.types import Problem

WEATHER = ("cloudy", "rain", "shine", "sunrise")
ROOT = Path("/data/weather")


def wilson(right: int, count: int) -> Estimate:
    """Wilson's score interval at 95 %."""
    z, p = 1.959964, right / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))


def judged(
    path: Path | str,
    true: int,
    predicted: int,
    probability: float = 0.9,
    *,
    classes: int = len(WEATHER),
    unsure: bool | None = None,
) -> JudgedImage:
    """One verdict; the other classes share what is left in falling parts, the right one first."""
    others = sorted((index for index in range(classes) if index != predicted), key=lambda index: index != true)
    left = 1.0 - probability
    shares = {predicted: probability} | {other: left * 0.6 * 0.4**place for place, other in enumerate(others[:4])}
    top = tuple(sorted(shares, key=lambda index: -shares[index]))[:5]
    return JudgedImage(Path(path), true, top, tuple(shares[index] for index in top), shares.get(true, 0.0), unsure)


def evaluation_of(
    images: Sequence[JudgedImage],
    classes: Sequence[str] = WEATHER,
    *,
    bad: Sequence[tuple[Path, Problem]] = (),
    root: Path = ROOT,
    weights_id: str = "weather-lite2",
    trained_on_these: bool = False,
) -> Evaluation:
    """The evaluation that these verdicts amount to."""
    size = len(classes)
    confusion = np.zeros((size, size), np.int64)
    for image in images:
        confusion[image.true, image.predicted] += 1
    hits, support, taken = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = hits / np.maximum(1, taken), hits / np.maximum(1, support)
    f1 = 2 * precision * recall / np.maximum(1e-12, precision + recall)
    occurs = support > 0
    bins, error = _reliability(images)
    columns = (precision, recall, f1)
    sure = [image for image in images if image.unsure is False]
    known = any(image.unsure is not None for image in images)
    return Evaluation(
        weights_id=weights_id,
        weights_title=weights_id.title(),
        weights_sha256="0" * 64,
        root=root,
        labels=None,
        classes=tuple(classes),
        images=tuple(images),
        bad=tuple(bad),
        top_1=wilson(int(hits.sum()), len(images)),
        top_5=wilson(sum(image.true in image.top for image in images), len(images)) if size > 5 else None,
        per_class=tuple(
            ClassFigures(index, classes[index], *(float(v[index]) for v in columns), int(support[index]))
            for index in range(size)
        ),
        macro=AverageFigures(*(float(v[occurs].mean()) for v in columns)),
        weighted=AverageFigures(*(float(np.average(v, weights=support)) for v in columns)),
        confusion=confusion,
        reliability=bins,
        calibration_error=error,
        mean_loss=0.31,
        unsure=UnsureFigures(len(images) - len(sure), wilson(sum(i.right for i in sure), len(sure)) if sure else None)
        if known
        else None,
        temperature=1.2 if known else None,
        device="CPU",
        seconds=len(images) / 16.2,
        rate=16.2,
        trained_on_these=trained_on_these,
        finished=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def _reliability(images: Sequence[JudgedImage], bins: int = 15) -> tuple[tuple[ReliabilityBin, ...], float]:
    made, error = [], 0.0
    for place in range(bins):
        low, high = place / bins, (place + 1) / bins
        here = [image for image in images if low < image.probabilities[0] <= high]
        confidence = float(np.mean([image.probabilities[0] for image in here])) if here else 0.0
        accuracy = float(np.mean([image.right for image in here])) if here else 0.0
        error += len(here) / len(images) * abs(confidence - accuracy)
        made.append(ReliabilityBin(low, high, confidence, accuracy, len(here)))
    return tuple(made), error
