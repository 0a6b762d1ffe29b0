"""The figures of an evaluation, all computed from the verdicts on single pictures.

So every figure can be traced to its pictures. Confusion matrix, precision, recall, F1 and calibration error are
torchmetrics'. Averages over classes are taken here, because torchmetrics (like scikit-learn) lets a class that occurs
only among the predictions count as a class with F1 0; with 200 of ImageNet's 1,000 classes in a folder that would
pull every macro figure down by as many such classes as there are different errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_precision,
    multiclass_recall,
)

from model.evaluation_types import (
    AverageFigures,
    ClassFigures,
    Estimate,
    JudgedImage,
    ReliabilityBin,
    UnsureFigures,
)
from model.intervals import wilson

BINS = 15
"""Equally wide bins of confidence, as many as in Guo et al., "On Calibration of Modern Neural Networks", 2017."""

TOP = 5
# torchmetrics divides in float32; what lies beyond its seven digits is noise.
_DIGITS = 7
# A probability that underflowed to 0 would make the mean loss infinite; this is the smallest normal float32.
_TINY = float(np.finfo(np.float32).tiny)
_JUST_BELOW_1 = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What `measure` finds out; the fields are those of Evaluation."""

    top_1: Estimate
    top_5: Estimate | None
    per_class: tuple[ClassFigures, ...]
    macro: AverageFigures
    weighted: AverageFigures
    confusion: NDArray[np.int64]
    reliability: tuple[ReliabilityBin, ...]
    calibration_error: float
    mean_loss: float
    unsure: UnsureFigures | None


def measure(images: Sequence[JudgedImage], classes: Sequence[str]) -> Figures:
    """Return all figures of at least one judged picture.

    Top-5 is None for five classes or fewer. Macro and weighted averages are over the classes that have pictures.
    """
    if not images:
        raise ValueError("no pictures, no figures")
    true = torch.tensor([image.true for image in images])
    predicted = torch.tensor([image.predicted for image in images])
    # torchmetrics knows no single class; a second one without pictures changes nothing.
    count = max(2, len(classes))
    matrix = multiclass_confusion_matrix(predicted, true, num_classes=count)
    confusion: NDArray[np.int64] = matrix.numpy().astype(np.int64)[: len(classes), : len(classes)]
    columns = [
        score(predicted, true, num_classes=count, average="none")[: len(classes)].double().numpy()
        for score in (multiclass_precision, multiclass_recall, multiclass_f1_score)
    ]
    table = np.stack(columns, axis=1).round(_DIGITS)
    support = confusion.sum(axis=1)
    confidences = torch.tensor([image.probabilities[0] for image in images], dtype=torch.float64)
    return Figures(
        top_1=wilson(sum(image.right for image in images), len(images)),
        top_5=None if len(classes) <= TOP else wilson(sum(i.true in i.top[:TOP] for i in images), len(images)),
        per_class=tuple(
            ClassFigures(index, name, float(precision), float(recall), float(f1), int(support[index]))
            for index, (name, (precision, recall, f1)) in enumerate(zip(classes, table, strict=True))
        ),
        macro=_average(table, (support > 0).astype(np.float64)),
        weighted=_average(table, support.astype(np.float64)),
        confusion=confusion,
        reliability=_reliability(confidences, predicted == true),
        calibration_error=_calibration_error(confidences, predicted == true),
        mean_loss=float(-np.log([max(image.true_probability, _TINY) for image in images]).mean()),
        unsure=_unsure(images),
    )


def _average(table: NDArray[np.float64], weights: NDArray[np.float64]) -> AverageFigures:
    precision, recall, f1 = (float(value) for value in np.average(table, axis=0, weights=weights))
    return AverageFigures(precision, recall, f1)


def _inside(confidences: torch.Tensor) -> torch.Tensor:
    """Bring a confidence of exactly 1 into the last bin; torchmetrics would give it a sixteenth of its own."""
    return confidences.clamp(max=_JUST_BELOW_1)


def _calibration_error(confidences: torch.Tensor, right: torch.Tensor) -> float:
    """Return the expected calibration error, 0..1: of the likeliest labels, which makes it a question of yes or no."""
    return float(binary_calibration_error(_inside(confidences), right.long(), n_bins=BINS, norm="l1"))


def _reliability(confidences: torch.Tensor, right: torch.Tensor) -> tuple[ReliabilityBin, ...]:
    """Return the bins low <= confidence < high, as torchmetrics divides them, empty ones too (with zeros)."""
    edges = torch.linspace(0, 1, BINS + 1, dtype=torch.float64)
    numbers = torch.bucketize(_inside(confidences), edges, right=True) - 1
    bins = []
    for number in range(BINS):
        inside = numbers == number
        some = bool(inside.any())
        bins.append(
            ReliabilityBin(
                low=number / BINS,
                high=(number + 1) / BINS,
                confidence=float(confidences[inside].mean()) if some else 0.0,
                accuracy=float(right[inside].double().mean()) if some else 0.0,
                count=int(inside.sum()),
            )
        )
    return tuple(bins)


def _unsure(images: Sequence[JudgedImage]) -> UnsureFigures | None:
    judged = [image for image in images if image.unsure is not None]
    if not judged:
        return None
    sure = [image for image in judged if not image.unsure]
    return UnsureFigures(
        unsure=len(judged) - len(sure),
        accuracy_when_sure=wilson(sum(image.right for image in sure), len(sure)) if sure else None,
    )
