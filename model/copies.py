"""Copies among the pictures of a data set: found, or read from a file; and what they mean for its parts."""

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.dataset import Dataset, LabelledImage
from model.dataset_layout import TEST, TRAINING, VALIDATION
from model.errors import DatasetError
from model.names import display_name
from model.safe_files import read_bounded
from model.training_types import DatasetSummary

# Correlation of 16x16 grey thumbnails from which two pictures count as copies of one another.
COPY_CORRELATION = 0.99
# Correlations are computed for this many pictures against as many others at a time: 16 MB, however many there are.
_TILE = 2048
_MOST_BYTES = 256 << 20


def find_copies(images: Sequence[LabelledImage], cancel: CancelToken | None = None) -> NDArray[np.intp]:
    """Return a group number for each picture, (N,), equal for copies: same bytes, or nearly the same thumbnail.

    Near copies are those whose thumbnails correlate by at least 0.99; being a copy is transitive. A picture of one
    grey has copies of the same bytes only, for its thumbnail says nothing. Time grows with N^2: seconds for 20,000
    pictures. Raises Cancelled.
    """
    groups = _Groups(len(images))
    first_with: dict[str, int] = {}
    for index, image in enumerate(images):
        first = first_with.setdefault(image.sha256, index)
        if first != index:
            groups.join(index, [first])
    thumbnails = np.stack([image.thumbnail for image in images])
    for top in range(0, len(images), _TILE):
        for left in range(top, len(images), _TILE):
            if cancel is not None:
                cancel.raise_if_cancelled()
            _join_near(groups, thumbnails, top, left)
    return groups.numbers()


def _join_near(groups: "_Groups", thumbnails: NDArray[np.float32], top: int, left: int) -> None:
    """Join the near copies between one stretch of pictures and another (or itself)."""
    near = thumbnails[top : top + _TILE] @ thumbnails[left : left + _TILE].T >= COPY_CORRELATION
    if top == left:
        near = np.triu(near, 1)
    if not near.any():
        return
    # Thousands of frames of one film are all near one another: what is joined already need not be looked at again.
    near &= groups.labels[top : top + _TILE, None] != groups.labels[None, left : left + _TILE]
    for row in np.flatnonzero(near.any(axis=1)):
        groups.join(top + int(row), left + np.flatnonzero(near[row]))


class _Groups:
    """Disjoint sets over 0..n-1. `labels` is (n,): members of one set have the same label, which is one of them."""

    def __init__(self, count: int) -> None:
        self.labels: NDArray[np.intp] = np.arange(count, dtype=np.intp)

    def join(self, item: int, others: Sequence[int] | NDArray[np.intp]) -> None:
        """Unite the set of `item` with those of `others`; the last set that is met gives its label to all."""
        labels = self.labels[others]
        labels = labels[labels != self.labels[item]]
        if len(labels):
            met, positions = np.unique(labels, return_index=True)
            last = met[positions.argmax()]
            self.labels[np.isin(self.labels, [self.labels[item], *met])] = last

    def numbers(self) -> NDArray[np.intp]:
        """Return the number of each item's set, 0, 1, ..."""
        return np.unique(self.labels, return_inverse=True)[1].astype(np.intp)


def read_groups(file: Path, root: Path, images: Sequence[LabelledImage]) -> NDArray[np.intp]:
    """Return a group number for each picture, (N,), from a text file: on each line the copies of one picture.

    Names are relative to `root` and separated by spaces; a name that has spaces stands in quotation marks, single or
    double. Files that are there but were left out of the data set may be named. Raises DatasetError when the file
    cannot be read or names a picture that is not there.
    """
    try:
        lines = read_bounded(file, _MOST_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DatasetError("train-groups-unreadable", file=display_name(file), detail=str(exc)) from exc
    position = {image.path.relative_to(root).as_posix(): index for index, image in enumerate(images)}
    groups = _Groups(len(images))
    for number, line in enumerate(lines, start=1):
        try:
            names = [PurePath(name).as_posix() for name in _names_in(line)]
        except ValueError as exc:
            raise DatasetError("train-groups-quotes", file=display_name(file), line=number) from exc
        for name in names:
            if name not in position and not (root / name).is_file():
                raise DatasetError("train-groups-unknown", file=display_name(file), name=display_name(name))
        members = [position[name] for name in names if name in position]
        for member in members[1:]:
            groups.join(members[0], [member])
    return groups.numbers()


def _names_in(line: str) -> list[str]:
    """Divide a line as a shell does, except that a backslash is a letter like others; raises ValueError."""
    words = shlex.shlex(line, posix=True)
    words.whitespace_split = True
    words.escape = ""
    words.commenters = ""
    return list(words)


def summarise(dataset: Dataset, groups: NDArray[np.intp]) -> DatasetSummary:
    """Return how many pictures each class has, and how many have copies; `groups` is (N,)."""
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    sizes = np.bincount(groups)
    return DatasetSummary(
        counts=tuple((name, int(count)) for name, count in zip(dataset.classes, counts, strict=True)),
        bad=dataset.bad,
        copies=int(sizes[sizes > 1].sum()),
        copy_groups=int((sizes > 1).sum()),
        largest_group=int(sizes.max()),
    )


def leaking(dataset: Dataset, groups: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which pictures would tell a network of pictures that it is judged by, (N,): those are to be left out.

    These are the training pictures that have a copy in another part, and the validation pictures that have one in the
    test part. There are none where the folders do not name parts.
    """
    if dataset.parts is None:
        return np.zeros(len(dataset.images), dtype=np.bool_)
    has = np.zeros((3, int(groups.max()) + 1), dtype=np.bool_)
    has[dataset.parts, groups] = True
    later = has[VALIDATION] | has[TEST]
    result: NDArray[np.bool_] = ((dataset.parts == TRAINING) & later[groups]) | (
        (dataset.parts == VALIDATION) & has[TEST][groups]
    )
    return result


def contradicting(labels: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which pictures have a copy in another class, (N,): at least one of the two is in the wrong folder."""
    lowest = np.full(int(groups.max()) + 1, np.iinfo(np.intp).max, dtype=np.intp)
    highest = np.full_like(lowest, -1)
    np.minimum.at(lowest, groups, labels)
    np.maximum.at(highest, groups, labels)
    result: NDArray[np.bool_] = (lowest != highest)[groups]
    return result
