"""A look at the folders before a training: classes with samples, copies, bad files, and what to be warned of."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.copies import find_copies, leaking, summarise
from model.dataset import Dataset, ReadProgress, read_dataset
from model.dataset_warnings import find_warnings
from model.decode import thumbnail
from model.decode_in_order import decode_in_order
from model.decode_limits import DecodeLimits
from model.survey_types import DatasetSurvey, SamplePicture, SurveyedClass
from model.types import PictureFacts

# Samples of all classes together: a window has room for no more, and each takes a moment to decode.
_MOST_SAMPLES = 240


def survey(
    root: Path,
    limits: DecodeLimits,
    cancel: CancelToken,
    *,
    samples_per_class: int = 6,
    side: int = 96,
    cache: Path | None = None,
) -> Iterator[ReadProgress | DatasetSurvey]:
    """Read the folders as a training does, and yield progress and, last, the DatasetSurvey.

    Samples have at most `side` pixels in length and width; where there are very many classes, each has fewer. What
    is read is kept in the folder `cache`, and a training that is given the same folder reads no picture again for it.
    Raises what `read_dataset` raises.
    """
    dataset: Dataset | None = None
    for event in read_dataset(root, limits, cancel, cache=cache):
        if isinstance(event, Dataset):
            dataset = event
        else:
            yield event
    assert dataset is not None
    groups = find_copies(dataset.images, cancel)
    leaks = leaking(dataset, groups)
    summary = summarise(dataset, groups)
    samples = _samples(dataset, samples_per_class, side, limits, cancel)
    yield DatasetSurvey(
        root=dataset.root,
        classes=tuple(
            SurveyedClass(name, count, part_counts(dataset, dataset.labels == index), samples[index])
            for index, (name, count) in enumerate(summary.counts)
        ),
        parts=part_counts(dataset, np.ones(len(dataset.images), dtype=np.bool_)),
        summary=summary,
        leaking=int(leaks.sum()),
        warnings=find_warnings(dataset, groups, summary),
    )


def part_counts(dataset: Dataset, of: NDArray[np.bool_]) -> tuple[int, int, int] | None:
    """Return how many of the pictures `of` (N,) are for training, validation and test; None without such folders."""
    if dataset.parts is None:
        return None
    training, validation, test = np.bincount(dataset.parts[of], minlength=3).tolist()
    return training, validation, test


def _samples(
    dataset: Dataset, per_class: int, side: int, limits: DecodeLimits, cancel: CancelToken
) -> list[tuple[SamplePicture, ...]]:
    """Return pictures of each class at even distances; one that can no longer be read is left out."""
    per_class = min(per_class, max(1, _MOST_SAMPLES // len(dataset.classes)))
    labels = dataset.labels
    chosen = [index for number in range(len(dataset.classes)) for index in _spread(labels == number, per_class)]

    def work(path: Path, token: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        small = thumbnail(path, side, limits=limits, cancel=token)
        return small.pixels, small.facts

    samples: list[list[SamplePicture]] = [[] for _ in dataset.classes]
    with closing(decode_in_order((dataset.images[index].path for index in chosen), work, cancel)) as decoded:
        for index, picture in zip(chosen, decoded, strict=True):
            if picture.pixels is not None:
                samples[labels[index]].append(SamplePicture(picture.path, picture.pixels))
    return [tuple(pictures) for pictures in samples]


def _spread(of: NDArray[np.bool_], count: int) -> list[int]:
    """Return up to `count` indices where `of` (N,) is true: the middles of equal stretches of those."""
    inside = np.flatnonzero(of)
    count = min(count, len(inside))
    positions = (2 * np.arange(count) + 1) * len(inside) // (2 * max(1, count))
    indices: list[int] = inside[positions].tolist()
    return indices
