"""Typed stand-ins that count their calls."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.types import (
    BatchOutput,
    Calibration,
    EngineName,
    ImageResult,
    InstalledWeights,
    PictureFacts,
    Prediction,
    Preprocess,
    Problem,
    WeightSet,
)

SMALL = Preprocess(resize=8, crop=8, interpolation="bilinear", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}


def make_weights(
    weights_id: str = "colours", classes: tuple[str, ...] = tuple(COLOURS), calibration: Calibration | None = None
) -> InstalledWeights:
    """A weight set without files; its digest is made from its id."""
    card = WeightSet(
        id=weights_id,
        title=weights_id.title(),
        family="custom",
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=classes,
        preprocess=SMALL,
        files=(),
        licence="test",
        source="test",
        calibration=calibration,
    )
    return InstalledWeights(card, {}, sha256=f"{weights_id:0<64}")


def make_result(
    path: Path, installed: InstalledWeights, *probabilities: float, error: str = "", unsure: bool | None = None
) -> ImageResult:
    """A result with these probabilities for classes 0, 1, ..., or an error."""
    classes = installed.weights.classes
    predictions = tuple(Prediction(i, classes[i], p) for i, p in enumerate(probabilities))
    return ImageResult(
        path=path,
        predictions=() if error else predictions,
        problem=Problem(error) if error else None,
        facts=None if error else PictureFacts("PNG", 16, 12),
        weights_id=installed.weights.id,
        weights_sha256=installed.sha256,
        seconds=0.01,
        classified_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        unsure=unsure,
        calibration=installed.weights.calibration,
    )


def write_picture(path: Path, colour: tuple[int, int, int] = (220, 30, 30), size: tuple[int, int] = (16, 12)) -> Path:
    """Save a picture of one colour; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


class ColourClassifier:
    """Names the strongest colour channel, with its share as probability; deterministic and fast.

    With a calibrated set, shares below its threshold are unsure.

    `gate` None lets everything through; otherwise each batch waits for it and reports in `entered` that it does.
    """

    def __init__(
        self, installed: InstalledWeights, batch_size: int = 4, gate: threading.Semaphore | None = None
    ) -> None:
        self.installed = installed
        self.batch_size = batch_size
        self.device_label = "fake device"
        self.device_key = "cpu"
        self.engine: EngineName = "torch"
        self.gate = gate
        self.entered = threading.Semaphore(0)
        self.batches: list[int] = []

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        self.entered.release()
        if self.gate is not None:
            assert self.gate.acquire(timeout=20), "the test never opened the gate"
        self.batches.append(len(pixels))
        classes = self.installed.weights.classes
        rows = []
        for picture in pixels:
            mean = picture.reshape(-1, 3).astype(np.float64).mean(axis=0) + 1
            shares = np.resize(mean / mean.sum(), len(classes))
            shares /= shares.sum()
            order = np.argsort(-shares, kind="stable")[:top]
            rows.append(tuple(Prediction(int(i), classes[i], float(shares[i])) for i in order))
        fitted = self.installed.weights.calibration
        unsure = () if fitted is None else tuple(row[0].probability < fitted.threshold for row in rows)
        return BatchOutput(tuple(rows), unsure=unsure)
