"""Small picture files of every kind, whole and damaged, and what decoding them gives."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.decode import decode, thumbnail
from model.decode_limits import DecodeLimits
from model.errors import ImageError

LIMITS = DecodeLimits()
WRITABLE = {
    "JPEG": {},
    "PNG": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "BMP": {},
    "DIB": {},
    "TIFF": {"compression": "tiff_lzw"},
    "AVIF": {},
    "PPM": {},
    "JPEG2000": {},
    "ICO": {},
    "PCX": {},
    "SGI": {},
    "QOI": {},
    "TGA": {},
    "MPO": {},
}


def pattern(width: int = 48, height: int = 32) -> Image.Image:
    """A picture with different corners and smooth enough for lossy formats."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    kind = str(options.pop("kind", "PNG"))
    image.save(path, format=kind, **options)
    return path


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    image = pattern().convert("P") if kind == "GIF" else pattern()
    image.save(buffer, format=kind, **WRITABLE[kind])
    return buffer.getvalue()


def pixels_of(path: Path) -> NDArray[np.uint8]:
    decoded = decode(path, limits=LIMITS)
    assert decoded.image.mode == "RGB"
    assert decoded.image.size == (decoded.facts.width, decoded.facts.height)
    return np.asarray(decoded.image)


def problem_code(path: Path, limits: DecodeLimits = LIMITS) -> str:
    with pytest.raises(ImageError) as caught:
        decode(path, limits=limits)
    with pytest.raises(ImageError) as again:
        thumbnail(path, 64, limits=limits)
    assert again.value.problem.code == caught.value.problem.code
    return caught.value.problem.code


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def tiny_tiff(data: bytes, tags: dict[int, int]) -> bytes:
    """A grey TIFF of 2 x 1 pixels, its data at byte 8, with more tags or other values."""
    values = {256: 2, 257: 1, 258: 8, 259: 1, 262: 1, 277: 1} | tags
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(values.items()))
    padded = data.ljust(len(data) + len(data) % 2, b"\0")
    return b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + struct.pack("<H", len(values)) + entries + bytes(4)
