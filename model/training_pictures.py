"""The pictures of a training, decoded once and kept small in memory, as far as that goes. Imports torch."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.decode import decoding
from model.decode_in_order import decode_in_order
from model.decode_limits import DecodeLimits
from model.errors import DatasetError, ImageError, describe
from model.load_picture import make_load
from model.names import display_name
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
        path = self._paths[index]
        try:
            with decoding(path, limits=self._limits, cancel=cancel) as decoded:
                return self._reduced(decoded.image)
        except ImageError as exc:
            raise _gone(path, str(exc)) from exc

    def _reduced(self, image: Image.Image) -> torch.Tensor:
        scale = self._short_side / min(image.size)
        if scale < 1:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def read_prepared(
    paths: Sequence[Path], preprocess: Preprocess, limits: DecodeLimits, cancel: CancelToken
) -> Generator[NDArray[np.uint8], None, None]:
    """Yield each picture as the network sees it in use, in the order of `paths`: uint8 (S, S, 3), RGB.

    Several threads decode. Raises DatasetError when a picture can no longer be read, Cancelled.
    """
    with closing(decode_in_order(paths, make_load(preprocess, limits), cancel)) as pictures:
        for decoded in pictures:
            if decoded.pixels is None:
                assert decoded.problem is not None
                raise _gone(decoded.path, describe(decoded.problem))
            yield decoded.pixels


def prepare_all(
    paths: Sequence[Path], preprocess: Preprocess, limits: DecodeLimits, cancel: CancelToken
) -> Iterator[FeatureProgress | NDArray[np.uint8]]:
    """Yield progress and, last, what `read_prepared` gives, in one array: uint8 (N, S, S, 3)."""
    pixels = np.empty((len(paths), preprocess.crop, preprocess.crop, 3), dtype=np.uint8)
    for index, picture in enumerate(read_prepared(paths, preprocess, limits, cancel)):
        pixels[index] = picture
        yield FeatureProgress(index + 1, len(paths))
    yield pixels


def _gone(path: Path, reason: str) -> DatasetError:
    """What was no fault of the data set when it was read first is one now."""
    return DatasetError("train-picture-changed", name=display_name(path), reason=reason)
