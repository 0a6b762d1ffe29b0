"""The bytes of pictures that no program would write: built by hand, piece by piece, so that a few bytes claim much."""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator

from PIL import Image

_BYTE, _SHORT, _LONG = 1, 3, 4


def encoded(kind: str, size: tuple[int, int] = (8, 8), mode: str = "RGB", **options: object) -> bytes:
    """Return a plain picture that Pillow has written."""
    buffer = io.BytesIO()
    Image.new(mode, size, 90 if mode in ("L", "P") else (200, 90, 30)).save(buffer, kind, **options)
    return buffer.getvalue()


# --- PNG ---


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk with its check sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deflated_zeros(size: int, row: bytes = bytes(1 << 20)) -> bytes:
    """Return `size` bytes of zeros, compressed: a thousandth of them."""
    packer = zlib.compressobj(9)
    pieces = [packer.compress(row[: min(len(row), size - done)]) for done in range(0, size, len(row))]
    return b"".join([*pieces, packer.flush()])


def png(
    width: int,
    height: int,
    pixels: bytes | None = None,
    *,
    before: Iterable[bytes] = (),
    after: Iterable[bytes] = (),
    colour: int = 2,
) -> bytes:
    """Return a PNG of 8 bits a channel; `pixels` are deflated rows (None: black), the rest whole chunks."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    data = deflated_zeros(height * (1 + channels * width)) if pixels is None else pixels
    chunks = [png_chunk(b"IHDR", header), *before, png_chunk(b"IDAT", data), *after, png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def apng(frames: int) -> bytes:
    """Return an animation of single pixels."""
    pixel = zlib.compress(b"\0\1\2\3")

    def control(number: int) -> bytes:
        return png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 1, 1, 0, 0, 1, 100, 0, 0))

    later = (
        chunk
        for frame in range(1, frames)
        for chunk in (control(2 * frame - 1), png_chunk(b"fdAT", struct.pack(">I", 2 * frame) + pixel))
    )
    return png(1, 1, pixel, before=[png_chunk(b"acTL", struct.pack(">II", frames, 0)), control(0)], after=later)


# --- TIFF and EXIF ---


def tiff(tags: Iterable[tuple[int, int, int, int]], *, data: bytes = b"", following: int = 0) -> bytes:
    """Return a TIFF: `data` at byte 8, then a directory of (tag, type, count, value or offset), then where the next is.

    `following` -1 stands for this directory itself.
    """
    entries = sorted(tags)
    padded = data + bytes(len(data) % 2)
    place = 8 + len(padded)
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    following = place if following == -1 else following
    return (
        struct.pack("<2sHI", b"II", 42, place)
        + padded
        + struct.pack("<H", len(entries))
        + directory
        + struct.pack("<I", following)
    )


def grey_tags(width: int = 2, height: int = 1, **more: int) -> dict[int, tuple[int, int, int, int]]:
    """Return the tags of a grey TIFF whose pixels begin at byte 8, by number."""
    size = more.get("size", width * height)
    values = {256: width, 257: height, 258: 8, 259: more.get("compression", 1), 262: 1, 273: 8, 277: 1}
    values |= {278: height, 279: size}
    return {tag: (tag, _LONG, 1, value) for tag, value in values.items()}


def overlapping_tags(tags: int, size: int) -> bytes:
    """Return EXIF data whose tags all claim the same `size` bytes: together they are far more than the data."""
    return tiff(((300 + number, _BYTE, size, 8) for number in range(tags)), data=bytes(size))


# --- JPEG ---


def jpeg_segment(marker: int, data: bytes) -> bytes:
    """Return a segment of at most 65,533 bytes."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def with_segments(jpeg: bytes, segments: Iterable[bytes]) -> bytes:
    """Return the JPEG with more behind its first marker."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def exif_segments(exif: bytes) -> Iterator[bytes]:
    """Divide EXIF data into segments; readers join them."""
    step = 65_527
    for place in range(0, len(exif), step):
        yield jpeg_segment(0xE1, b"Exif\0\0" + exif[place : place + step])


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Return the JPEG with another size in its header."""
    place = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: place + 5] + struct.pack(">HH", height, width) + jpeg[place + 9 :]


def with_scans(jpeg: bytes, copies: int) -> bytes:
    """Return a progressive JPEG with its last scan that many times more: each visits every pixel."""
    place = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[place:-2] * copies + jpeg[-2:]


# --- WebP ---


def riff(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a RIFF file of chunks."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + kind + body


def vp8l(width: int, height: int) -> bytes:
    """Return a lossless picture of one colour: with one symbol in each code a pixel takes no bit at all."""
    bits = width - 1 | height - 1 << 14  # then no alpha, version 0, no transform, no cache, one group of codes
    place = 14 + 14 + 1 + 3 + 1 + 1 + 1
    for _ in range(5):
        bits |= 1 << place  # a simple code, one symbol, of one bit, which is 0
        place += 4
    return b"\x2f" + bits.to_bytes((place + 7) // 8, "little") + bytes(8)


def webp(width: int, height: int, *more: tuple[bytes, bytes], flags: int = 0) -> bytes:
    """Return a lossless WebP of one colour, with an extended header where there are more chunks."""
    pixels = (b"VP8L", vp8l(width, height))
    if not more:
        return riff(b"WEBP", pixels)
    header = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff(b"WEBP", (b"VP8X", header), pixels, *more)


def animated_webp(frames: int) -> bytes:
    """Return an animation of single pixels."""
    pixels = vp8l(1, 1)
    inner = b"VP8L" + struct.pack("<I", len(pixels)) + pixels + bytes(len(pixels) % 2)
    frame = (b"ANMF", bytes(12) + b"\x64\0\0\0" + inner)
    header = struct.pack("<I", 2) + bytes(6)
    return riff(b"WEBP", (b"VP8X", header), (b"ANIM", bytes(6)), *(frame for _ in range(frames)))


# --- GIF, BMP, QOI ---


def gif(width: int, height: int, frames: int = 1, extensions: bytes = b"") -> bytes:
    """Return a GIF of single pixels on a screen of that size."""
    pixel = struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + extensions + pixel * frames + b";"


def gif_comment(size: int) -> bytes:
    """Return one comment of about `size` bytes, in blocks of 255."""
    return b"\x21\xfe" + (b"\xff" + b"x" * 255) * (size // 256) + b"\0"


def bmp_runs(width: int, height: int, data: bytes) -> bytes:
    """Return a BMP with a palette and run lengths."""
    palette = bytes(1024)
    offset = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset) + header + palette + data


def qoi(width: int, height: int, data: bytes) -> bytes:
    """Return a QOI of three channels."""
    return b"qoif" + struct.pack(">IIBB", width, height, 3, 0) + data + bytes(7) + b"\1"
