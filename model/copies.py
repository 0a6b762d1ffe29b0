"""Copies among the pictures of a data set, found or read from a file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.dataset import LabelledImage
from model.errors import DatasetError
from model.names import display_name

# Correlation of 16x16 grey thumbnails from which two pictures count as copies of one another.
COPY_CORRELATION = 0.99
# Correlations are computed for this many pictures at a time, to bound memory at 4 * 1024 * N bytes.
_CHUNK = 1024


def find_copies(images: Sequence[LabelledImage]) -> NDArray[np.intp]:
    """Return a group number for each picture, (N,), equal for copies: same bytes, or nearly the same thumbnail.

    Near copies are those whose thumbnails correlate by at least 0.99; being a copy is transitive.
    """
    groups = _Groups(len(images))
    first_with: dict[str, int] = {}
    for index, image in enumerate(images):
        groups.join(index, first_with.setdefault(image.sha256, index))
    thumbnails = np.stack([image.thumbnail for image in images])
    for start in range(0, len(images), _CHUNK):
        correlation = thumbnails[start : start + _CHUNK] @ thumbnails.T
        for row, column in np.argwhere(correlation >= COPY_CORRELATION):
            groups.join(start + int(row), int(column))
    return groups.numbers()


def read_groups(file: Path, root: Path, images: Sequence[LabelledImage]) -> NDArray[np.intp]:
    """Return a group number for each picture, (N,), from a text file: on each line the copies of one picture.

    Names are relative to `root`, separated by spaces. Raises DatasetError when the file cannot be read or names a
    picture that is not in the data set.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DatasetError("train-groups-unreadable", file=display_name(file), detail=str(exc)) from exc
    position = {image.path.relative_to(root).as_posix(): index for index, image in enumerate(images)}
    groups = _Groups(len(images))
    for line in lines:
        names = line.split()
        unknown = [name for name in names if name not in position]
        if unknown:
            raise DatasetError("train-groups-unknown", file=display_name(file), name=unknown[0])
        for name in names[1:]:
            groups.join(position[names[0]], position[name])
    return groups.numbers()


class _Groups:
    """Disjoint sets over 0..n-1."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def join(self, a: int, b: int) -> None:
        self._parent[self._root(a)] = self._root(b)

    def _root(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def numbers(self) -> NDArray[np.intp]:
        roots = [self._root(item) for item in range(len(self._parent))]
        return np.unique(roots, return_inverse=True)[1].astype(np.intp)
