"""A look at the items of a HEIF file before its reader has one: pi_heif 1.4 dies of a type that is no text."""

import re
import struct
from typing import BinaryIO

_MOST_BOXES = 1000
_MOST_BYTES = 64 << 20
# What holds pixels is compressed and may have any bytes in it; libheif looks for items in `meta` alone.
_CONTENT = (b"mdat", b"free", b"skip")
_ITEM = re.compile(b"infe")


def items_are_readable(file: BinaryIO, size: int) -> bool:
    """Return whether the types of all items in an ISO base media file of `size` bytes are text.

    Items are `infe` boxes (ISO/IEC 14496-12, 8.11.6). They are looked for wherever they could be, rather than where
    they belong: a reader may find them by another way than this one.
    """
    position = 0
    for _ in range(_MOST_BOXES):
        if position + 8 > size:
            return True
        file.seek(position)
        header = file.read(16)
        length, kind = struct.unpack_from(">I4s", header)
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack_from(">Q", header, 8)
        elif length == 0:
            length = size - position
        if length < 8:
            return True
        if kind not in _CONTENT:
            file.seek(position)
            box = file.read(min(length, _MOST_BYTES))
            if not all(_is_text(box, found.start()) for found in _ITEM.finditer(box)):
                return False
        position += length
    return False


def _is_text(box: bytes, place: int) -> bool:
    """Return whether type, content type and encoding of the item whose `infe` begins at `place` are UTF-8."""
    length = int.from_bytes(box[max(0, place - 4) : place], "big")
    body = box[place + 4 : place - 4 + length]
    version = body[0] if body else 0
    rest = body[10:] if version >= 3 else body[8:]  # version, flags, the item's number, and that of its protection
    kind = b""
    if version >= 2:
        kind, rest = rest[:4], rest[4:]
    _name, *others = rest.split(b"\0")
    try:
        for text in (kind, *others):
            text.decode()
    except UnicodeDecodeError:
        return False
    return True
