"""What of a confusion matrix is shown, and in which order; pure functions over numpy arrays, no Qt.

Throughout, a row is the right class and a column the class that the picture was taken for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.evaluation_types import JudgedImage
from model.names import natural_key

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


class ClassOrder(Enum):
    """How classes are sorted: by name, or the one with most pictures first."""

    NAME = "name"
    FREQUENCY = "frequency"


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionTable:
    """The part of a confusion matrix that has anything in it.

    `rows` and `columns` are class indices: the classes with pictures, and those together with the ones that pictures
    were taken for. `counts` is int64 (rows, columns); `shares` float64 (rows, columns), of each row's pictures, 0..1.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    counts: Counts
    shares: Shares


def confusion_table(confusion: Counts, labels: Sequence[str], order: ClassOrder) -> ConfusionTable:
    """Return the classes of a matrix, int64 (classes, classes), that occur in it, sorted by `order`."""
    supports = confusion.sum(axis=1)
    taken = confusion.sum(axis=0)
    names = [natural_key(label) for label in labels]

    def place(index: int) -> tuple[int, int, str]:
        many = (-int(supports[index]), -int(taken[index])) if order is ClassOrder.FREQUENCY else (0, 0)
        return *many, names[index]

    columns = sorted(np.flatnonzero(supports + taken).tolist(), key=place)
    rows = [index for index in columns if supports[index]]
    counts = confusion[np.ix_(rows, columns)]
    return ConfusionTable(tuple(rows), tuple(columns), counts, counts / np.maximum(1, supports[rows])[:, None])


def squared(table: ConfusionTable) -> Counts:
    """Return the counts with the columns' classes as rows too, int64 (columns, columns): empty rows among them."""
    square = np.zeros((len(table.columns), len(table.columns)), np.int64)
    places = {index: place for place, index in enumerate(table.columns)}
    square[[places[index] for index in table.rows]] = table.counts
    return square


def pictures_of(images: Sequence[JudgedImage], true: int, predicted: int) -> list[Path]:
    """Return the pictures of one cell, in the order in which they were judged."""
    return [image.path for image in images if image.true == true and image.predicted == predicted]


def pooled(values: Shares, side: int) -> Shares:
    """Return float64 (n, n) made smaller to at most (side, side): each place has the largest of what falls on it."""
    size = len(values)
    if size <= side:
        return values
    starts = np.arange(side) * size // side
    rows = np.maximum.reduceat(values, starts, axis=0)
    smaller: Shares = np.maximum.reduceat(rows, starts, axis=1)
    return smaller
