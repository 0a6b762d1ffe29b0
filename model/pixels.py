"""Any picture that Pillow has loaded -> upright RGB."""

import logging
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from model.decode_errors import READER_ERRORS

log = logging.getLogger(__name__)

# EXIF orientation -> the turn that undoes it (EXIF 2.32, tag 0x0112); 1, and what is not a valid value, need none.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
# Deep pictures are scaled in bands of about this many pixels, so that the temporary arrays stay small.
_BAND_PIXELS = 1 << 20
_TIFF_BITS_PER_SAMPLE = 258


def orientation(image: Image.Image) -> int:
    """Return the EXIF (or XMP) orientation, 1 to 8; 1 where there is none or the EXIF data are broken."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
        return int(value) if value in _TURNS else 1
    except READER_ERRORS as exc:
        log.debug("EXIF data cannot be read: %s", exc)
        return 1


def upright_size(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """Return the size (width, height) after undoing EXIF orientation `turn`."""
    return (size[1], size[0]) if turn in _SIDEWAYS else size


def to_upright_rgb(image: Image.Image, turn: int) -> Image.Image:
    """Return a loaded picture in mode RGB, with EXIF orientation `turn` undone.

    Plain pictures give exactly `image.convert("RGB")`. Transparency is shown on white. Grey with more than 8 bits is
    scaled to 0..255, not clipped.
    """
    if turn in _TURNS:
        image = image.transpose(_TURNS[turn])
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _scale_deep_grey(image).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image)
    return canvas


def _scale_deep_grey(image: Image.Image) -> Image.Image:
    """Return mode L from 16-bit, 32-bit or floating-point grey.

    The formats do not say what is white, so the values decide, in this order: 0..65535 for integers (the high byte,
    as Pillow does for 16-bit colour), 0..1 and 0..255 for floating point, otherwise from the lowest to the highest.
    """
    transparent = image.info.get("transparency")
    scaled = Image.new("L", image.size)
    values = np.asarray(image)
    low, high = _finite_range(values)
    for top, band in _bands(values):
        pixels = _to_bytes(band, low, high, _significant_bits(image))
        if isinstance(transparent, int):
            pixels = np.where(band == transparent, np.uint8(255), pixels)
        scaled.paste(Image.fromarray(pixels), (0, top))
    return scaled


def _to_bytes(band: NDArray[np.generic], low: float, high: float, bits: int) -> NDArray[np.uint8]:
    is_integer = band.dtype.kind in "iu"
    if is_integer and 0 <= low and high < 1 << bits:
        return (band.astype(np.uint32) >> (bits - 8)).astype(np.uint8)
    real = np.nan_to_num(band.astype(np.float64), nan=low, posinf=high, neginf=low)
    if not is_integer and low >= 0 and high <= 1:
        real *= 255
    elif is_integer or low < 0 or high > 255:
        real = (real - low) * (255 / max(high - low, np.finfo(np.float64).tiny))
    return np.rint(real).clip(0, 255).astype(np.uint8)


def _significant_bits(image: Image.Image) -> int:
    """Return how many bits integer grey has: 16, or what a TIFF of 9 to 15 bits says, which Pillow does not scale."""
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(_TIFF_BITS_PER_SAMPLE, (16,)) if tags is not None else (16,)
    first = bits[0] if isinstance(bits, tuple) and bits else 16
    return first if isinstance(first, int) and 8 < first < 16 else 16


def _finite_range(values: NDArray[np.generic]) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for _, band in _bands(values):
        finite = band if band.dtype.kind in "iu" else band[np.isfinite(band.astype(np.float64))]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _bands(values: NDArray[np.generic]) -> Iterator[tuple[int, NDArray[np.generic]]]:
    height, width = values.shape
    step = max(1, _BAND_PIXELS // width)
    for top in range(0, height, step):
        yield top, values[top : top + step]
