"""Logits and probabilities of a batch -> labels and verdicts; numpy only, and the same for every engine."""

import numpy as np
from numpy.typing import NDArray

from model.calibration import is_unsure
from model.errors import WeightsError
from model.types import InstalledWeights, Prediction

Floats = NDArray[np.float32]


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Return each row's softmax after division by the temperature, float32 (N, classes)."""
    scaled = logits / np.float32(temperature)
    with np.errstate(invalid="ignore"):  # infinite logits become NaN, which `top_labels` refuses in words
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def top_labels(
    logits: Floats, probabilities: Floats, installed: InstalledWeights, top: int
) -> tuple[list[tuple[Prediction, ...]], list[bool]]:
    """Return for each picture its `top` likeliest labels, most likely first, and whether it is unsure.

    Both arrays are float32 (N, classes). The second list is empty where the set has no calibration. Raises WeightsError
    when a number is not finite.
    """
    weights = installed.weights
    if not np.isfinite(logits).all() or not np.isfinite(probabilities).all():
        raise WeightsError("weights-not-finite", id=weights.id)
    # A stable sort: of two equal probabilities the lower class index comes first, on every device.
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    rows = [
        tuple(Prediction(int(i), weights.classes[i], float(row[i])) for i in best)
        for row, best in zip(probabilities, order, strict=True)
    ]
    unsure = is_unsure(logits, weights.calibration).tolist() if weights.calibration is not None else []
    return rows, unsure
