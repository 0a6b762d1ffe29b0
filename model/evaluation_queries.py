"""Questions that an evaluation answers: which errors are worst, which classes are mixed up. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.evaluation_types import ClassFigures, Evaluation, JudgedImage


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Pictures of class `true` that were taken for `predicted`: how many, and their share of the class's, 0..1."""

    true: int
    predicted: int
    count: int
    share: float


def worst_errors(images: Sequence[JudgedImage], count: int) -> list[JudgedImage]:
    """Return the `count` wrong pictures of which the network was surest, the surest first."""
    wrong = [image for image in images if not image.right]
    return sorted(wrong, key=lambda image: -image.probabilities[0])[:count]


def confused_pairs(confusion: NDArray[np.int64]) -> list[ConfusedPair]:
    """Return all pairs of classes with errors between them, the most frequent first, among equals the larger share.

    `confusion` is int64 (classes, classes), row true, column predicted.
    """
    support = confusion.sum(axis=1)
    pairs = [
        ConfusedPair(
            true, predicted, int(confusion[true, predicted]), float(confusion[true, predicted] / support[true])
        )
        for true, predicted in np.argwhere(confusion).tolist()
        if true != predicted
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, -pair.share, pair.true, pair.predicted))


def occurring_classes(evaluation: Evaluation) -> list[ClassFigures]:
    """Return the classes that have pictures or that pictures were taken for, in the order of their indices."""
    taken_for = evaluation.confusion.sum(axis=0)
    return [figures for figures in evaluation.per_class if figures.support or taken_for[figures.class_index]]


def unique_labels(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the labels, with the class index added to those that occur more than once."""
    seen: dict[str, int] = {}
    for label in classes:
        seen[label] = seen.get(label, 0) + 1
    return tuple(label if seen[label] == 1 else f"{label} ({index})" for index, label in enumerate(classes))


def shown_path(path: Path, root: Path) -> str:
    """Return `path` relative to `root` with `/`, or as it is where it lies elsewhere."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
