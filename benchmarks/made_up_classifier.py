"""A network that makes its answers up in no time, for measuring all that is around it."""

import numpy as np
from numpy.typing import NDArray

from model.classify_request import ClassifierWish
from model.types import BatchOutput, EngineName, InstalledWeights, Prediction

LABELS = 5


class MadeUpClassifier:
    """Names labels by the mean of the pixels; a LoadedClassifier."""

    def __init__(self, installed: InstalledWeights, _wish: ClassifierWish) -> None:
        """Load nothing."""
        self.installed = installed
        self.batch_size = 32
        self.engine: EngineName = "onnx"
        self.device_label = "made up"
        self.device_key = "cpu"

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        """Return the same answer for the same uint8 (N, S, S, 3) pixels."""
        classes = self.installed.weights.classes
        firsts = pixels[:, ::16, ::16].reshape(len(pixels), -1).sum(axis=1) % len(classes)
        rows = tuple(
            tuple(
                Prediction((first + place) % len(classes), classes[(first + place) % len(classes)], 0.5 / 2**place)
                for place in range(min(top, LABELS))
            )
            for first in firsts.tolist()
        )
        calibrated = self.installed.weights.calibration is not None
        return BatchOutput(rows, unsure=tuple(first % 10 == 0 for first in firsts.tolist()) if calibrated else ())
