"""Whether a picture's file looks as if all of it had been written: for files that another program may still write."""

import os
import stat
from typing import BinaryIO

from model.image_formats import HEADER_BYTES, format_by_header, format_by_name

_CHUNK = 1 << 20
_TAIL = 64 << 10  # programs append data of their own after the end
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, b"\xff\xd9"


def is_picture(path: str) -> bool:
    """Return whether a file's name or first bytes say that it is a picture; False where it cannot be read."""
    if format_by_name(os.path.basename(path)) is not None:  # noqa: PTH119 - a Path a file is slow
        return True
    try:
        with _opened(path) as file:
            return format_by_header(file.read(HEADER_BYTES)) is not None
    except OSError:
        return False


def looks_whole(path: str) -> bool:
    """Return whether the file opens and has the end that its format asks for, where that can be told.

    Does not raise. True says little of a format without an end mark; False may be said of a damaged file, so nobody
    should wait for True for ever.
    """
    try:
        with _opened(path) as file:
            return _has_its_end(file, path)
    except OSError:
        return False


def _opened(path: str) -> BinaryIO:
    """Open a regular file, and nothing that would wait for another program; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb")


def _has_its_end(file: BinaryIO, path: str) -> bool:
    header = file.read(HEADER_BYTES)
    if not header:
        return False
    known = format_by_header(header)
    if known is None:
        named = format_by_name(path)
        return named is not None and not named.header  # a format that has no telling first bytes
    if known.pillow == "JPEG":
        return _jpeg_ends(file)
    if known.pillow == "PNG":
        return b"IEND" in _tail(file)
    if known.pillow == "GIF":
        return b";" in _tail(file)[-16:]
    if known.pillow == "BMP":
        return int.from_bytes(header[2:6], "little") <= os.fstat(file.fileno()).st_size
    from model.picture_file import is_cut_short  # with Pillow, which a watch without such pictures does without

    return not is_cut_short(file, known)


def _tail(file: BinaryIO) -> bytes:
    file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
    return file.read(_TAIL)


def _jpeg_ends(file: BinaryIO) -> bool:
    """Return whether the end of the image comes after the first scan (ITU-T T.81, B.1): not that of a thumbnail."""
    position = 2
    while True:
        file.seek(position)
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF:
            return False
        if marker[1] == 0xFF:  # a fill byte
            position += 1
            continue
        position += 2 + int.from_bytes(marker[2:4], "big")
        if marker[1] == _START_OF_SCAN:
            break
    file.seek(position)
    before = b""
    while chunk := file.read(_CHUNK):
        if _END_OF_IMAGE in before + chunk:
            return True
        before = chunk[-1:]
    return False
