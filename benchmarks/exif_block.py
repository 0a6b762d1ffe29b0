"""The EXIF block that a camera puts before its picture, with a thumbnail in it."""

import io
import struct

from PIL import Image

_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_HEADER = b"II*\0" + struct.pack("<I", 8)

Entry = tuple[int, int, int, bytes]
"""Tag, type, count and the value's bytes."""


def exif_block(picture: Image.Image) -> bytes:
    """Return an EXIF block for Pillow's `exif=`: maker, exposure, orientation 1, and a thumbnail of 160 pixels.

    It is a TIFF file with two directories (Exif 2.32, section 4.5), written by hand since Pillow writes no thumbnails.
    """
    small = picture.copy()
    small.thumbnail((160, 160))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=80)
    thumbnail = buffer.getvalue()
    exposure = [(0x829A, _RATIONAL, 1, struct.pack("<II", 1, 250)), (0x8827, _SHORT, 1, struct.pack("<HH", 200, 0))]
    main: list[Entry] = [
        (0x010F, _ASCII, 10, b"Benchmark\0"),
        (0x0112, _SHORT, 1, struct.pack("<HH", 1, 0)),
        (0x8769, _LONG, 1, bytes(4)),  # where the exposure's directory is, filled in below
    ]
    exposure_at = len(_HEADER) + _length(main)
    main[2] = (0x8769, _LONG, 1, struct.pack("<I", exposure_at))
    small_at = exposure_at + _length(exposure)
    second: list[Entry] = [
        (0x0103, _SHORT, 1, struct.pack("<HH", 6, 0)),  # JPEG
        (0x0201, _LONG, 1, bytes(4)),
        (0x0202, _LONG, 1, struct.pack("<I", len(thumbnail))),
    ]
    second[1] = (0x0201, _LONG, 1, struct.pack("<I", small_at + _length(second)))
    directories = (
        _directory(main, len(_HEADER), following=small_at)
        + _directory(exposure, exposure_at, following=0)
        + _directory(second, small_at, following=0)
    )
    return b"Exif\0\0" + _HEADER + directories + thumbnail


def _length(entries: list[Entry]) -> int:
    return 2 + 12 * len(entries) + 4 + sum(len(value) for *_, value in entries if len(value) > 4)


def _directory(entries: list[Entry], start: int, *, following: int) -> bytes:
    """Return a directory that begins at byte `start` of the block; what does not fit into an entry follows it."""
    outside = b""
    outside_at = start + 2 + 12 * len(entries) + 4
    head = struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        if len(value) > 4:
            place = struct.pack("<I", outside_at + len(outside))
            outside += value
        else:
            place = value
        head += struct.pack("<HHI", tag, kind, count) + place
    return head + struct.pack("<I", following) + outside
