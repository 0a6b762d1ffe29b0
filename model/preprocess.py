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
# Where resizing makes the picture larger it is done in strips of about this many pixels, of 4 bytes each.
_STRIP_PIXELS = 1 << 22
# Up to this longer side of the resized picture, in pixels, `prepare` is exact.
_LONGEST_EXACT = 1 << 18


def prepare(image: Image.Image, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Resize the short side, crop the centre, and return uint8 (crop, crop, 3), RGB, C-contiguous.

    Where the resized picture is smaller than the crop, which needs a set whose resize is below its crop, the margin
    is black. A picture about a thousand times longer than wide may differ from torchvision's result by 1 of 255: it
    would grow to gigabytes on the way, so it is cropped before it is resized.
    """
    across, down = _axes(image.width, image.height, preprocess)
    image, left = _trim(image, across, preprocess)
    image, top = _trim(image, down, preprocess)
    # Pillow resizes all rows, rounds to 8 bits, then resizes all columns, each independent of its neighbours. So the
    # crop may come between the two steps, where it saves most of the second.
    image = _resize_whole(image, across, preprocess) if left is None else _resize_part(image, across, preprocess, left)
    image = _resize_whole(image, down, preprocess) if top is None else _resize_part(image, down, preprocess, top)
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

    is_horizontal: bool
    source: int
    resized: int
    start: int
    stop: int
    target: int

    def box(self, start: float, stop: float, breadth: int) -> tuple[float, float, float, float]:
        """Return a box that is limited along this axis."""
        return (start, 0, stop, breadth) if self.is_horizontal else (0, start, breadth, stop)

    def size(self, length: int, breadth: int) -> tuple[int, int]:
        """Return the size (width, height) of a picture with this length along this axis."""
        return (length, breadth) if self.is_horizontal else (breadth, length)

    def breadth(self, image: Image.Image) -> int:
        """Return the picture's length across this axis."""
        return image.height if self.is_horizontal else image.width


def _axes(width: int, height: int, preprocess: Preprocess) -> tuple[_Axis, _Axis]:
    """Return the horizontal and the vertical axis, rounded as torchvision's `resize` and `center_crop` do it."""
    longer = int(preprocess.resize * max(width, height) / min(width, height))
    size = (preprocess.resize, longer) if width <= height else (longer, preprocess.resize)
    return _axis(True, width, size[0], preprocess.crop), _axis(False, height, size[1], preprocess.crop)


def _axis(is_horizontal: bool, source: int, resized: int, crop: int) -> _Axis:
    if resized < crop:
        return _Axis(is_horizontal, source, resized, 0, resized, (crop - resized) // 2)
    start = round((resized - crop) / 2.0)
    return _Axis(is_horizontal, source, resized, start, start + crop, 0)


def _resize_whole(image: Image.Image, axis: _Axis, preprocess: Preprocess) -> Image.Image:
    """Resize the whole length of one axis, and return what is kept of it."""
    breadth = axis.breadth(image)
    step = max(1, _STRIP_PIXELS // axis.resized)
    if axis.resized <= axis.source or breadth <= step:
        return _resize_strip(image, axis, preprocess, breadth)
    kept = Image.new("RGB", axis.size(axis.stop - axis.start, breadth))
    for first in range(0, breadth, step):
        last = min(first + step, breadth)
        strip = image.crop((0, first, image.width, last) if axis.is_horizontal else (first, 0, last, image.height))
        kept.paste(_resize_strip(strip, axis, preprocess, last - first), axis.size(0, first))
    return kept


def _resize_strip(image: Image.Image, axis: _Axis, preprocess: Preprocess, breadth: int) -> Image.Image:
    if axis.resized != axis.source:
        image = image.resize(axis.size(axis.resized, breadth), _RESAMPLING[preprocess.interpolation])
    return image.crop(axis.box(axis.start, axis.stop, breadth))


def _trim(image: Image.Image, axis: _Axis, preprocess: Preprocess) -> tuple[Image.Image, int | None]:
    """Cut off what is not needed along an axis that becomes too long; return from where on it was kept, or None."""
    if axis.resized <= _LONGEST_EXACT:
        return image, None
    scale = axis.source / axis.resized
    margin = _REACH[preprocess.interpolation] * max(1.0, scale) + 1
    first = max(0, math.floor(axis.start * scale - margin))
    last = min(axis.source, math.ceil(axis.stop * scale + margin))
    return image.crop(axis.box(first, last, axis.breadth(image))), first


def _resize_part(image: Image.Image, axis: _Axis, preprocess: Preprocess, first: int) -> Image.Image:
    """Resize only what is kept of one axis, of a picture that was trimmed to begin at `first`.

    Not exact: Pillow holds the corners of such a region as 32-bit floats, so the weights differ a little.
    """
    scale = axis.source / axis.resized
    breadth = axis.breadth(image)
    length = image.width if axis.is_horizontal else image.height
    region = axis.box(axis.start * scale - first, min(axis.stop * scale - first, length), breadth)
    size = axis.size(axis.stop - axis.start, breadth)
    return image.resize(size, _RESAMPLING[preprocess.interpolation], region)
