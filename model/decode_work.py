"""What decoding a picture will cost in memory and time, known from its header: hostile files look cheap."""

import math
import os
import struct
from typing import BinaryIO

from PIL import Image

from model.image_formats import ImageFormat

# Peak memory while decoding, in units of the 4 bytes a pixel that baseline JPEG and PNG take in Pillow: measured on
# 30-megapixel pictures with Pillow 13 and pi_heif 1.4, rounded up.
_MEMORY_WEIGHT = {"JPEG2000": 5, "WEBP": 4, "HEIF": 3, "AVIF": 3, "TIFF": 2}
# Readers that are written in Python hold the picture as a bytearray and as bytes beside Pillow's own.
_PYTHON_WEIGHT = 3
_MODE_WEIGHT = {"RGB": 0, "LA": 2, "PA": 2, "La": 2}
_TIFF_TILE_WIDTH, _TIFF_TILE_LENGTH = 322, 323

# Strips and tiles have one number each, and a picture of the largest size has at most a million of them.
MOST_TIFF_NUMBERS = 1_000_000
_TIFF_NUMBER_TYPES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_MOST_TAGS = 4096

# Each scan of a JPEG of several visits all of its pixels, however few bytes it has: 10 gigapixels take some 7 s.
MOST_SCANNED_PIXELS = 10_000_000_000
_SCAN = b"\xff\xda"
_CHUNK = 1 << 20

MOST_PYTHON_STEPS = 12_000_000
"""Of `python_steps`: some 12 s."""


def most_pixels(image: Image.Image) -> int:
    """Return how many pixels are decoded in one piece: a TIFF's tile may be far larger than its picture."""
    tags = getattr(image, "tag_v2", None)
    tile = (tags.get(_TIFF_TILE_WIDTH, 0), tags.get(_TIFF_TILE_LENGTH, 0)) if tags is not None else (0, 0)
    tile_pixels = math.prod(tile) if all(isinstance(length, int) for length in tile) else 0
    return max(image.width * image.height, tile_pixels)


def memory_cost(image: Image.Image, whole: int) -> int:
    """Return the picture's share of the budget: its pixels, more often where decoding needs several copies of them.

    A progressive file's coefficients are held for all of its `whole` pixels, also where a reduced picture is made.
    """
    weight = _MEMORY_WEIGHT.get(image.format or "", 1) + _mode_weight(image.mode)
    if _python_decoder(image):
        weight += _PYTHON_WEIGHT - 1
    return most_pixels(image) * weight + (whole if "progressive" in image.info else 0)


def tiff_numbers(file: BinaryIO) -> int:
    """Return how many numbers the first directory of a TIFF holds in its tags, as far as the file can hold them.

    Pillow makes a Python object of each, and of those of the strips several.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    start = file.read(16)
    order = "<" if start.startswith(b"I") else ">"
    is_big = start[2:4] in (b"+\0", b"\0+")
    entry = struct.Struct(f"{order}HHQ8x" if is_big else f"{order}HHI4x")
    count = struct.Struct(f"{order}Q" if is_big else f"{order}H")
    offset = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", start.ljust(16, b"\0"), 8 if is_big else 4)[0]
    if offset >= size:
        return 0
    file.seek(offset)
    tags = min(_MOST_TAGS, count.unpack(file.read(count.size).ljust(count.size, b"\0"))[0])
    entries = file.read(tags * entry.size)
    total = 0
    for _, kind, numbers in entry.iter_unpack(entries[: len(entries) - len(entries) % entry.size]):
        width = _TIFF_NUMBER_TYPES.get(kind)
        if width is not None and numbers * width <= size:
            total += numbers
    return int(total)


def scanned_pixels(image: Image.Image, file: BinaryIO, known: ImageFormat | None) -> int:
    """Return how many pixels a JPEG's decoder visits: all of them once for each scan.

    The whole file is searched for scans, unless its first scan holds all colours, which makes it the only one.
    """
    pixels = image.width * image.height
    if known is None or known.pillow != "JPEG" or _is_one_scan(image, file):
        return pixels
    file.seek(0)
    scans, last = 0, b""
    while chunk := file.read(_CHUNK):
        scans += (last + chunk).count(_SCAN)
        last = chunk[-1:] if chunk.endswith(b"\xff") else b""
    return pixels * scans


def python_steps(image: Image.Image, file: BinaryIO) -> int:
    """Return how many microseconds a reader written in Python takes at the most, roughly; 0 for readers in C.

    Measured with Pillow 13 and Python 3.11 on a processor of 2022.
    """
    decoder = _python_decoder(image)
    pixels = image.width * image.height
    samples = pixels * len(image.getbands())
    size = os.fstat(file.fileno()).st_size
    if decoder == "qoi":  # a step for a byte, or for 62 pixels; the slowest takes two bytes
        return min(size + pixels // 62, pixels) * 9 // 4
    if decoder == "bmp_rle":  # a step for each two bytes, and one for each pixel that the end of a line leaves out
        return size // 2 + pixels // 12
    if decoder == "ppm_plain":
        return min(size // 2, samples) // 4
    if decoder == "ppm":
        return min(size, samples) // 2
    return 0


def _python_decoder(image: Image.Image) -> str | None:
    tiles = getattr(image, "tile", None)
    name = tiles[0][0] if tiles else None
    return name if name in ("qoi", "bmp_rle", "ppm_plain", "ppm") else None


def _mode_weight(mode: str) -> int:
    if mode in ("I", "F") or mode.startswith("I;16"):
        return 3  # scaled as an array beside the picture
    return _MODE_WEIGHT.get(mode, 1)


def _is_one_scan(image: Image.Image, file: BinaryIO) -> bool:
    """Look at the first scan's header, which Pillow has just read: how many of the picture's components it holds."""
    layers = getattr(image, "layers", 0)
    length = 6 + 2 * layers
    position = file.tell()
    if "progressive" in image.info or position < length + 2:
        return False
    file.seek(position - length - 2)
    header = file.read(5)
    file.seek(position)
    return header == _SCAN + struct.pack(">HB", length, layers)
