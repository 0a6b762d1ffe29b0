"""An RGB picture -> the square of pixels that a network sees.

`prepare` gives to the last bit what torchvision's evaluation transforms (`transforms/_presets.py`,
`ImageClassification`) give before they normalise, and so do timm's with a centre crop, which are built on them.
`prepare_fast` gives nearly the same in less time.
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
# Fast preprocessing first averages whole blocks of pixels, as long as what is left is this many times the result.
_REDUCING_GAP = 3.0


def prepare(image: Image.Image, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Resize the short side, crop the centre, and return uint8 (crop, crop, 3), RGB, C-contiguous.

    Where the resized picture is smaller than the crop, which needs a set whose resize is below its crop, the margin
    is black. Pictures about two hundred times longer than wide are cropped before they are resized, for whole they
    would grow to gigabytes on the way; their pixels may differ a little from torchvision's.
    """
    across, down = _axes(image.width, image.height, preprocess)
    if across.resized * down.resized > _MOST_RESIZED_PIXELS:
        return _placed(_resized_region(image, across, down, preprocess), across, down, preprocess)
    # Always the whole picture in one call: with a region Pillow rounds its corners to 32-bit floats, and the
    # order in which it resizes rows and columns depends on its version and on both sizes (Pillow 13).
    if image.size != (across.resized, down.resized):
        image = image.resize((across.resized, down.resized), _RESAMPLING[preprocess.interpolation])
    image = image.crop((across.start, down.start, across.stop, down.stop))
    return _placed(image, across, down, preprocess)


def prepare_fast(
    image: Image.Image, preprocess: Preprocess, whole: tuple[int, int], reduction: int = 1
) -> NDArray[np.uint8]:
    """Return what `prepare` returns, but resize the crop's part of the picture alone; the pixels differ a little.

    `image` may have been decoded at 1/`reduction` of the `whole` picture's width and height, which say what is seen.
    """
    across, down = _axes(*whole, preprocess, reduction)
    return _placed(_resized_region(image, across, down, preprocess, _REDUCING_GAP), across, down, preprocess)


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
    """One direction: `source` pixels become `resized`, of which start:stop are kept and put at `target`.

    In a picture that was decoded smaller the last of the source's pixels may count in part.
    """

    source: float
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
        return max(0, first), min(math.ceil(self.source), last)

    def region(self, first: int, last: int) -> tuple[float, float]:
        """Return where the kept part lies in a source that was cropped to first:last."""
        return self.start * self.scale - first, min(self.stop * self.scale, last) - first


def _axes(width: int, height: int, preprocess: Preprocess, reduction: int = 1) -> tuple[_Axis, _Axis]:
    """Return the horizontal and the vertical axis, rounded as torchvision's `resize` and `center_crop` do it."""
    longer = int(preprocess.resize * max(width, height) / min(width, height))
    size = (preprocess.resize, longer) if width <= height else (longer, preprocess.resize)
    crop = preprocess.crop
    return _axis(width / reduction, size[0], crop), _axis(height / reduction, size[1], crop)


def _axis(source: float, resized: int, crop: int) -> _Axis:
    if resized < crop:
        return _Axis(source, resized, 0, resized, (crop - resized) // 2)
    start = round((resized - crop) / 2.0)
    return _Axis(source, resized, start, start + crop, 0)


def _resized_region(
    image: Image.Image, across: _Axis, down: _Axis, preprocess: Preprocess, reducing_gap: float | None = None
) -> Image.Image:
    """Return the kept part of the resized picture, made from the part of the picture that bears on it."""
    left, right, top, bottom = 0, image.width, 0, image.height
    if across.resized * down.resized > _MOST_RESIZED_PIXELS:
        # Pillow 13 may resize the columns first, and then it makes all of them.
        (left, right), (top, bottom) = across.needed(preprocess), down.needed(preprocess)
        image = image.crop((left, top, right, bottom))
    (x1, x2), (y1, y2) = across.region(left, right), down.region(top, bottom)
    size = (across.stop - across.start, down.stop - down.start)
    return image.resize(size, _RESAMPLING[preprocess.interpolation], (x1, y1, x2, y2), reducing_gap)


def _placed(image: Image.Image, across: _Axis, down: _Axis, preprocess: Preprocess) -> NDArray[np.uint8]:
    result = np.zeros((preprocess.crop, preprocess.crop, 3), dtype=np.uint8)
    result[down.target : down.target + image.height, across.target : across.target + image.width] = np.asarray(image)
    return result
