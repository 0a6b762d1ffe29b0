"""Labelled folders for training are read: every picture's class, part, hash and thumbnail; what is bad is left out."""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.dataset_layout import TRAINING, ClassFolder, find_layout
from model.decode_limits import DecodeLimits
from model.errors import DatasetError, describe
from model.names import display_name
from model.signature_cache import SignatureCache
from model.signatures import normalised_thumbnail, read_signatures
from model.sources import absolute, find_images
from model.types import Problem, ScanBatch

log = logging.getLogger(__name__)

MINIMUM_PER_CLASS = 2


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImage:
    """A picture, its class, the SHA-256 of its bytes, its thumbnail, and its size in bytes.

    The thumbnail is 16 x 16 grey, float32 (256,), mean 0 and norm 1; of a picture of one grey it is all 0.
    """

    path: Path
    class_index: int
    sha256: str
    thumbnail: NDArray[np.float32]
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Readable pictures by part, class and natural order, and the problems of those left out with their paths.

    `parts` is (N,): 0 training, 1 validation, 2 test, as the folders say; None where they name classes alone.
    """

    root: Path
    classes: tuple[str, ...]
    images: tuple[LabelledImage, ...]
    bad: tuple[tuple[Path, Problem], ...]
    parts: NDArray[np.int8] | None = None

    @property
    def labels(self) -> NDArray[np.intp]:
        """The class index of each picture, (N,)."""
        return np.array([image.class_index for image in self.images], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """Pictures read so far, of how many."""

    done: int
    total: int


def read_dataset(
    root: Path, limits: DecodeLimits, cancel: CancelToken, *, cache: Path | None = None
) -> Iterator[ReadProgress | Dataset]:
    """Read `root/<class>/**` or `root/train|val|test/<class>/**`; the last value is the Dataset.

    Several threads decode; the order of the pictures does not depend on them. Unreadable pictures and folders are
    listed and left out. Pictures that were read before with the same folder `cache` and have not changed since are
    not opened again, also when that reading was cancelled. Raises what `find_layout` raises, DatasetError when a class
    has fewer than two readable pictures to train on, and Cancelled.
    """
    root = absolute(root)
    layout = find_layout(root)
    bad = list(layout.left_out)
    listed = [(path, folder) for folder in layout.folders for path in _pictures_in(folder.path, bad, cancel)]
    images: list[LabelledImage] = []
    parts: list[int] = []
    known = SignatureCache(cache, root, limits)
    complete = False
    try:
        with closing(read_signatures([path for path, _ in listed], known, limits, cancel)) as signatures:
            for done, ((path, folder), signature) in enumerate(zip(listed, signatures, strict=True), start=1):
                if isinstance(signature, Problem):
                    log.warning("left out %s: %s", display_name(path), describe(signature))
                    bad.append((path, signature))
                else:
                    images.append(_labelled(path, folder, signature))
                    parts.append(folder.part)
                yield ReadProgress(done, len(listed))
        complete = True
    finally:
        known.save(complete=complete)
    _require_pictures(layout.classes, layout.folders, images, parts, bad)
    yield Dataset(
        root,
        layout.classes,
        tuple(images),
        tuple(bad),
        np.array(parts, dtype=np.int8) if layout.in_parts else None,
    )


def _pictures_in(folder: Path, bad: list[tuple[Path, Problem]], cancel: CancelToken) -> Iterator[Path]:
    for event in find_images([folder], recursive=True, cancel=cancel):
        if isinstance(event, ScanBatch):
            yield from (found.path for found in event.found)
        else:
            bad.extend((folder, problem) for problem in event.unreadable)


def _labelled(path: Path, folder: ClassFolder, signature: np.void) -> LabelledImage:
    digest = signature["sha256"].tobytes().hex()
    return LabelledImage(path, folder.class_index, digest, normalised_thumbnail(signature), int(signature["size"]))


def _require_pictures(
    classes: tuple[str, ...],
    folders: tuple[ClassFolder, ...],
    images: list[LabelledImage],
    parts: list[int],
    bad: list[tuple[Path, Problem]],
) -> None:
    """Raise DatasetError for a class with too few pictures to train on; where its folder is to blame, say that."""
    training = [image.class_index for image, part in zip(images, parts, strict=True) if part == TRAINING]
    counts = np.bincount(np.array(training, dtype=np.intp), minlength=len(classes))
    for index, name in enumerate(classes):
        if counts[index] >= MINIMUM_PER_CLASS:
            continue
        own = {folder.path for folder in folders if folder.class_index == index}
        for path, problem in bad:
            if path in own:
                raise DatasetError(problem.code, detail=problem.detail, **dict(problem.params))
        raise DatasetError("train-small-class", name=name, count=int(counts[index]))


def fingerprint(root: Path, images: Iterable[LabelledImage]) -> str:
    """Return the SHA-256 over names, sizes and content of the pictures, by which a card names its data set."""
    digest = hashlib.sha256()
    entries = sorted((image.path.relative_to(root).as_posix(), image.size, image.sha256) for image in images)
    for name, size, content in entries:
        digest.update(os.fsencode(f"{name}\0{size}\0{content}\n"))
    return digest.hexdigest()
