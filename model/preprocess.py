"""An RGB picture -> the square of pixels that a network sees.

`prepare` gives to the last bit what torchvision's evaluation transforms (`transforms/_presets.py`,
`ImageClassification`) give before they normalise, and so do timm's with a centre crop, which are built on them.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.types import Preprocess

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# How far the filters reach to each side, in pixels of the coarser of the two pictures.
_REACH = {"bilinear": 1, "bicubic": 2}
# The most pixels, of 4 bytes each, that a whole resized picture may have. With a short side of 292 pixels that is
# reached when a picture is 197 times longer than wide.
_MOST_RESIZED_PIXELS = 1 << 24


def prepare(image: Image.Image, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Resize the short side, crop the centre, and return uint8 (crop, crop, 3), RGB, C-contiguous.

    Where the resized picture is smaller than the crop, which needs a set whose resize is below its crop, the margin
    is black. Pictures about two hundred times longer than wide are cropped before they are resized, for whole they
    would grow to gigabytes on the way; their pixels may differ a little from torchvision's.
    """
    across, down = _axes(image.width, image.height, preprocess)
    resample = _RESAMPLING[preprocess.interpolation]
    if across.resized * down.resized <= _MOST_RESIZED_PIXELS:
        # Always the whole picture in one call: with a region Pillow rounds its corners to 32-bit floats, and the
        # order in which it resizes rows and columns depends on its version and on both sizes (Pillow 13).
        if image.size != (across.resized, down.resized):
            image = image.resize((across.resized, down.resized), resample)
        image = image.crop((across.start, down.start, across.stop, down.stop))
    else:
        (left, right), (top, bottom) = across.needed(preprocess), down.needed(preprocess)
        (x1, x2), (y1, y2) = across.region(left, right), down.region(top, bottom)
        size = (across.stop - across.start, down.stop - down.start)
        image = image.crop((left, top, right, bottom)).resize(size, resample, (x1, y1, x2, y2))
    result = np.zeros((preprocess.crop, preprocess.crop, 3), dtype=np.uint8)
    result[down.target : down.target + image.height, across.target : across.target + image.width] = np.asarray(image)
    return result


def crop_box(width: int, height: int, preprocess: Preprocess) -> tuple[float, float, float, float]:
    """Return what the network sees of a picture of this size: left, top, right, bottom in its own (upright) pixels."""
    across, down = _axes(width, height, preprocess)
    return (
        across.start * width / across.resized,
        down.start * height / down.resized,
        across.stop * width / across.resized,
        down.stop * height / down.resized,
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction: `source` pixels become `resized`, of which start:stop are kept and put at `target`."""

    source: int
    resized: int
    start: int
    stop: int
    target: int

    @property
    def scale(self) -> float:
        """How many pixels of the source make one of the resized picture."""
        return self.source / self.resized

    def needed(self, preprocess: Preprocess) -> tuple[int, int]:
        """Return the first of the source's pixels that bear on what is kept, and the one after the last."""
        margin = _REACH[preprocess.interpolation] * max(1.0, self.scale) + 1
        first = math.floor(self.start * self.scale - margin)
        last = math.ceil(self.stop * self.scale + margin)
        return max(0, first), min(self.source, last)

    def region(self, first: int, last: int) -> tuple[float, float]:
        """Return where the kept part lies in a source that was cropped to first:last."""
        return self.start * self.scale - first, min(self.stop * self.scale, last) - first


def _axes(width: int, height: int, preprocess: Preprocess) -> tuple[_Axis, _Axis]:
    """Return the horizontal and the vertical axis, rounded as torchvision's `resize` and `center_crop` do it."""
    longer = int(preprocess.resize * max(width, height) / min(width, height))
    size = (preprocess.resize, longer) if width <= height else (longer, preprocess.resize)
    return _axis(width, size[0], preprocess.crop), _axis(height, size[1], preprocess.crop)


def _axis(source: int, resized: int, crop: int) -> _Axis:
    if resized < crop:
        return _Axis(source, resized, 0, resized, (crop - resized) // 2)
    start = round((resized - crop) / 2.0)
    return _Axis(source, resized, start, start + crop, 0)
