"""Labelled folders for training: one folder a class."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.decode import DecodeLimits, decoding
from model.errors import DatasetError, ImageError
from model.names import display_name
from model.safe_files import file_sha256
from model.sources import absolute, find_images
from model.types import Problem, ScanBatch

log = logging.getLogger(__name__)

MINIMUM_PER_CLASS = 2
THUMBNAIL_SIDE = 16


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """A picture, its class, the SHA-256 of its bytes and its thumbnail, float32 (256,), mean 0 and norm 1."""

    path: Path
    class_index: int
    sha256: str
    thumbnail: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Readable pictures in natural order, and the problems of those left out with their paths."""

    root: Path
    classes: tuple[str, ...]
    images: tuple[LabelledImage, ...]
    bad: tuple[tuple[Path, Problem], ...]

    @property
    def labels(self) -> NDArray[np.intp]:
        """The class index of each picture, (N,)."""
        return np.array([image.class_index for image in self.images], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """Pictures read so far, of how many."""

    done: int
    total: int


def read_dataset(root: Path, limits: DecodeLimits, cancel: CancelToken) -> Iterator[ReadProgress | Dataset]:
    """Read `root/<class>/**`; the last value is the Dataset.

    Unreadable pictures and folders are listed and left out. Raises DatasetError when there is no folder, fewer than
    two classes, or a class with fewer than two readable pictures.
    """
    root = absolute(root)
    folders = _class_folders(root)
    if len(folders) < 2:
        raise DatasetError("train-few-classes", folder=display_name(root), count=len(folders))
    bad: list[tuple[Path, Problem]] = []
    listed = [(path, index) for index, folder in enumerate(folders) for path in _pictures_in(folder, bad, cancel)]
    images: list[LabelledImage] = []
    for done, (path, index) in enumerate(listed, start=1):
        cancel.raise_if_cancelled()
        try:
            images.append(_read(path, index, limits, cancel))
        except ImageError as exc:
            log.warning("left out %s: %s", display_name(path), exc)
            bad.append((path, exc.problem))
        yield ReadProgress(done, len(listed))
    classes = tuple(display_name(folder.name) for folder in folders)
    for index, name in enumerate(classes):
        count = sum(image.class_index == index for image in images)
        if count < MINIMUM_PER_CLASS:
            raise DatasetError("train-small-class", name=name, count=count)
    yield Dataset(root, classes, tuple(images), tuple(bad))


def _class_folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise DatasetError("train-no-folder", folder=display_name(root))
    try:
        return sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DatasetError("scan-folder-unreadable", folder=display_name(root), reason=reason) from exc


def _pictures_in(folder: Path, bad: list[tuple[Path, Problem]], cancel: CancelToken) -> Iterator[Path]:
    for event in find_images([folder], recursive=True, cancel=cancel):
        if isinstance(event, ScanBatch):
            yield from (found.path for found in event.found)
        else:
            bad.extend((folder, problem) for problem in event.unreadable)


def _read(path: Path, class_index: int, limits: DecodeLimits, cancel: CancelToken) -> LabelledImage:
    with decoding(path, limits=limits, cancel=cancel) as decoded:
        grey = decoded.image.convert("L").resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(grey, dtype=np.float32).ravel()
    pixels -= pixels.mean()
    norm = float(np.linalg.norm(pixels))
    try:
        digest = file_sha256(path)
    except OSError as exc:
        raise ImageError("image-io", reason=exc.strerror or type(exc).__name__) from exc
    return LabelledImage(path, class_index, digest, pixels / norm if norm else pixels)


def fingerprint(root: Path, images: Iterable[LabelledImage]) -> str:
    """Return the SHA-256 over names and content of the pictures, by which a card names its data set."""
    digest = hashlib.sha256()
    for name, content in sorted((image.path.relative_to(root).as_posix(), image.sha256) for image in images):
        digest.update(f"{name}\0{content}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
