"""The pictures of a training, decoded once and kept small in memory, as far as that goes. Imports torch."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.decode import DecodeLimits, decoding
from model.errors import DatasetError, ImageError
from model.names import display_name
from model.preprocess import prepare
from model.training_types import FeatureProgress
from model.types import Preprocess

# Pictures are kept with a short side this much longer than the largest training crop: a crop that shows the smallest
# share of the area is enlarged a little, all others are reduced.
_SPARE = 1.4
# Pictures beyond this are decoded anew in every epoch.
MEMORY_BYTES = 4 << 30


class TrainingPictures:
    """Pictures by index, reduced to what training crops of `largest_crop` pixels need. Used by one thread."""

    def __init__(
        self, paths: Sequence[Path], largest_crop: int, limits: DecodeLimits, *, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        """Nothing is read yet; `memory_bytes` bounds what is kept."""
        self._paths = paths
        self._short_side = round(_SPARE * largest_crop)
        self._limits = limits
        self._free = memory_bytes
        self._kept: dict[int, torch.Tensor] = {}

    def get(self, index: int, cancel: CancelToken) -> torch.Tensor:
        """Return uint8 (3, H, W), RGB. Raises DatasetError when the picture can no longer be read."""
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        picture = self._read(index, cancel)
        if picture.nbytes <= self._free:
            self._free -= picture.nbytes
            self._kept[index] = picture
        return picture

    def _read(self, index: int, cancel: CancelToken) -> torch.Tensor:
        with _readable(self._paths[index]), decoding(self._paths[index], limits=self._limits, cancel=cancel) as decoded:
            image = decoded.image
            scale = self._short_side / min(image.size)
            if scale < 1:
                size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
                image = image.resize(size, Image.Resampling.BICUBIC)
            return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def prepare_all(
    paths: Sequence[Path], preprocess: Preprocess, limits: DecodeLimits, cancel: CancelToken
) -> Iterator[FeatureProgress | NDArray[np.uint8]]:
    """Yield progress and, last, the pictures as the network sees them in use: uint8 (N, S, S, 3), RGB.

    Raises DatasetError when one can no longer be read.
    """
    pixels = np.empty((len(paths), preprocess.crop, preprocess.crop, 3), dtype=np.uint8)

    def read(index: int) -> None:
        with _readable(paths[index]), decoding(paths[index], limits=limits, cancel=cancel) as decoded:
            pixels[index] = prepare(decoded.image, preprocess)

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        try:
            for done, _ in enumerate(pool.map(read, range(len(paths))), start=1):
                cancel.raise_if_cancelled()
                yield FeatureProgress(done, len(paths))
        finally:
            pool.shutdown(cancel_futures=True)
    yield pixels


class _readable:  # noqa: N801 - a context manager in the manner of contextlib's
    """Turns ImageError, which was no fault of the data set when it was read first, into DatasetError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ImageError):
            raise DatasetError("train-picture-changed", name=display_name(self._path), reason=str(error)) from error
