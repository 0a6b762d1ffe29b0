"""How well the answers of another engine agree with the reference's, and with what the pictures really show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.calibration import is_unsure
from model.evaluation_types import Estimate
from model.intervals import wilson
from model.top_labels import softmax
from model.types import WeightSet

Floats = NDArray[np.float32]
_TOP = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """Counts of pictures, of `pictures` in all. `largest_difference` is that of any probability of any picture.

    `unsure_changed` are the pictures whose verdict "unsure" is another; None where the set gives none. `right` and
    `top_5_right` are those of the candidate.
    """

    pictures: int
    top_1_same: int
    top_5_same: int
    right: int
    reference_right: int
    largest_difference: float
    largest_top_difference: float
    unsure_changed: int | None
    top_1_same_interval: Estimate


def compare(logits: Floats, reference: Floats, answers: NDArray[np.integer], weights: WeightSet) -> Agreement:
    """Compare logits, float32 (N, classes), with the reference's; `answers` are the right classes, (N,).

    Top-5 is the same when it is the same set of labels, in whatever order.
    """
    calibration = weights.calibration
    temperature = 1.0 if calibration is None else calibration.temperature
    ours, theirs = softmax(logits, temperature), softmax(reference, temperature)
    top, reference_top = logits.argmax(axis=1), reference.argmax(axis=1)
    rows = np.arange(len(logits))
    same = int((top == reference_top).sum())
    difference = np.abs(ours - theirs)
    changed = None
    if calibration is not None:
        changed = int((is_unsure(logits, calibration) != is_unsure(reference, calibration)).sum())
    return Agreement(
        pictures=len(logits),
        top_1_same=same,
        top_5_same=int((_top_sets(logits) == _top_sets(reference)).all(axis=1).sum()),
        right=int((top == answers).sum()),
        reference_right=int((reference_top == answers).sum()),
        largest_difference=float(difference.max()),
        largest_top_difference=float(difference[rows, reference_top].max()),
        unsure_changed=changed,
        top_1_same_interval=wilson(same, len(logits)),
    )


def _top_sets(logits: Floats) -> NDArray[np.intp]:
    top = min(_TOP, logits.shape[1])
    return np.sort(np.argsort(-logits, axis=1, kind="stable")[:, :top], axis=1)
