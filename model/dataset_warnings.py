"""What a person should know of a data set before training on it; none of it hinders the training."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from model.copies import contradicting, leaking
from model.dataset import Dataset
from model.dataset_layout import PART_NAMES, TRAINING
from model.names import display_name
from model.training_types import DatasetSummary
from model.types import Problem

FEW_PICTURES = 20
"""A class with fewer pictures to train on is warned of."""
UNEVEN = 10
"""So is a class with so many times the pictures of another."""
MANY_COPIES = 0.1
"""So are copies that make up more than this share of all pictures."""

# More names than these would fill the window.
_MOST_NAMES = 5
_PART_TITLES = ("train", "val", "test")


def find_warnings(dataset: Dataset, groups: NDArray[np.intp], summary: DatasetSummary) -> tuple[Problem, ...]:
    """Return the warnings on a data set with groups of copies (N,), those that matter most first."""
    return tuple(
        (
            *_misread_folders(dataset),
            *_copies_between(dataset, groups),
            *_few_pictures(dataset),
            *_many_copies(dataset, summary),
            *_bad_files(dataset),
            *_absent_classes(dataset),
        )
    )


def _misread_folders(dataset: Dataset) -> Iterator[Problem]:
    if dataset.parts is None:
        for name in dataset.classes:
            if name.casefold() in PART_NAMES:
                yield Problem("survey-class-named-like-part", (("name", name),))
                return


def _copies_between(dataset: Dataset, groups: NDArray[np.intp]) -> Iterator[Problem]:
    """Copies in several classes, and in several parts."""
    affected = contradicting(dataset.labels, groups)
    if affected.any():
        yield Problem(
            "survey-contradicting", (("count", int(affected.sum())), ("name", _first_name(dataset, affected)))
        )
    affected = leaking(dataset, groups)
    if affected.any():
        yield Problem("survey-leaking", (("count", int(affected.sum())), ("name", _first_name(dataset, affected))))


def _few_pictures(dataset: Dataset) -> Iterator[Problem]:
    labels = dataset.labels if dataset.parts is None else dataset.labels[dataset.parts == TRAINING]
    counts = np.bincount(labels, minlength=len(dataset.classes))
    few = np.flatnonzero(counts < FEW_PICTURES)
    if len(few):
        names = _joined(f"{dataset.classes[index]} ({counts[index]})" for index in few)
        yield Problem("survey-few-pictures", (("minimum", FEW_PICTURES), ("names", names)))
    largest, smallest = int(counts.argmax()), int(counts.argmin())
    if counts[largest] > UNEVEN * counts[smallest]:
        yield Problem(
            "survey-uneven",
            (
                ("largest", dataset.classes[largest]),
                ("largest_count", int(counts[largest])),
                ("smallest", dataset.classes[smallest]),
                ("smallest_count", int(counts[smallest])),
            ),
        )


def _many_copies(dataset: Dataset, summary: DatasetSummary) -> Iterator[Problem]:
    if summary.copies > MANY_COPIES * len(dataset.images):
        yield Problem("survey-many-copies", (("copies", summary.copies), ("total", len(dataset.images))))


def _bad_files(dataset: Dataset) -> Iterator[Problem]:
    if dataset.bad:
        first = display_name(dataset.bad[0][0].relative_to(dataset.root).as_posix())
        yield Problem("survey-bad-files", (("count", len(dataset.bad)), ("name", first)))


def _absent_classes(dataset: Dataset) -> Iterator[Problem]:
    """Classes without a picture in a part that has some of others."""
    if dataset.parts is None:
        return
    for part, title in enumerate(_PART_TITLES):
        counts = np.bincount(dataset.labels[dataset.parts == part], minlength=len(dataset.classes))
        if counts.any() and not counts.all():
            names = _joined(dataset.classes[index] for index in np.flatnonzero(counts == 0))
            yield Problem("survey-class-without-part", (("part", title), ("names", names)))


def _first_name(dataset: Dataset, of: NDArray[np.bool_]) -> str:
    return display_name(dataset.images[int(of.argmax())].path.relative_to(dataset.root).as_posix())


def _joined(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join([*listed[:_MOST_NAMES], *(["…"] if len(listed) > _MOST_NAMES else [])])
