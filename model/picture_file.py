"""Opening a picture's file and finding out what is in it, without decoding its pixels.

Files are opened by their content and an explicit list of formats: Pillow's EPS reader, for one, starts Ghostscript.
"""

import ctypes
import logging
import os
import re
import stat
import struct
import sys
import threading
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.Image import core as pillow_memory  # type: ignore[attr-defined]  # documented, but not typed

from model.errors import ImageError
from model.heif_items import items_are_readable
from model.image_formats import DECODABLE_FORMATS, HEADER_BYTES, ImageFormat, format_by_header, format_by_name
from model.pixel_budget import BYTES_PER_PIXEL, DEFAULT_PIXELS_AT_ONCE
from model.quiet_libtiff import silence_libtiff
from model.watched_file import WatchedFile

log = logging.getLogger(__name__)

# The readers of these formats take the whole file into memory before they look at the picture's size.
_READ_WHOLE = ("WEBP", "HEIF", "AVIF")
_READ_WHOLE_BYTES = 512 << 20

_setup_lock = threading.Lock()
_PILLOW_MODULES = r"(PIL|pi_heif)\."
_PILLOW_FILTER = ("ignore", None, Warning, re.compile(_PILLOW_MODULES), 0)
_MOST_BOXES = 1000
_ICON_ENTRY = struct.Struct("<8xII")
# Pillow gives a picture's memory back to the system at once, and the next picture's pages then have to be mapped one
# by one: a third of the time for 12 megapixels. What it may keep is what may be in decode at one time. Blocks smaller
# than its own 16 MB, because a small picture takes a whole kept block and cuts it down.
_BLOCK_BYTES = 256 << 10
_KEPT_BLOCKS = DEFAULT_PIXELS_AT_ONCE * BYTES_PER_PIXEL // _BLOCK_BYTES


def set_up_pillow(pixel_limit: int) -> tuple[str, ...]:
    """Load Pillow's readers once and keep its own limit at the highest that was asked for; return the formats."""
    with _setup_lock:
        if "HEIF" not in Image.OPEN:
            Image.init()
            silence_libtiff()
            if pillow_memory.get_blocks_max() == 0:  # else the user has set it, by PILLOW_BLOCKS_MAX
                pillow_memory.set_block_size(_BLOCK_BYTES)
                pillow_memory.set_blocks_max(_KEPT_BLOCKS)
            try:
                import pi_heif
            except ImportError as exc:
                log.warning("HEIC pictures cannot be read: %s", exc)
            else:
                pi_heif.register_heif_opener(thumbnails=False)
        # Pillow refuses at twice its limit. Ours is checked exactly, from the header; Pillow's is the second line, for
        # what its readers allocate before or beyond that. It starts out lower than ours.
        if Image.MAX_IMAGE_PIXELS is not None and pixel_limit > Image.MAX_IMAGE_PIXELS:
            Image.MAX_IMAGE_PIXELS = pixel_limit
        # Pillow's warnings (odd EXIF data, palettes, sizes) would go to stderr. Looked for each time, because others
        # may reset the filters; not set around each picture, because filters belong to all threads.
        if _PILLOW_FILTER not in warnings.filters:
            warnings.filterwarnings("ignore", module=_PILLOW_MODULES)
        return tuple(name for name in DECODABLE_FORMATS if name in Image.OPEN)


def free_kept_memory() -> None:
    """Give back to the system what Pillow and the C library keep for the next picture.

    To be called when none is expected soon, or one that takes much. The C library of Linux keeps the blocks of a
    picture of a gigabyte if anything small was allocated after them, and another thread's picture comes on top.
    """
    pillow_memory.clear_cache()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Return glibc's malloc_trim; None where there is none."""
    if sys.platform != "linux":
        return None
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


def open_regular(path: Path) -> BinaryIO:
    """Open an ordinary file for reading; raises ImageError for what is none, and never opens pipes or devices."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        _require_regular(path.stat())
        descriptor = os.open(path, flags)
        try:
            _require_regular(os.fstat(descriptor))  # it may have been replaced in the meantime
            return WatchedFile(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    except (OSError, ValueError) as exc:
        raise _cannot_open(exc) from exc


def known_format(file: BinaryIO) -> ImageFormat | None:
    """Return the format that the file's first bytes tell, None if they tell none.

    Raises ImageError for formats that are not read here, and for files too large for their reader.
    """
    file.seek(0)
    start = file.read(HEADER_BYTES)
    known = format_by_header(start)
    if known is not None and known.pillow is None:
        raise ImageError("image-format-unread", format=known.title)
    if known is not None and known.pillow in _READ_WHOLE:
        size = os.fstat(file.fileno()).st_size
        if size > _READ_WHOLE_BYTES:
            raise ImageError("image-file-too-large", megabytes=size >> 20, limit=_READ_WHOLE_BYTES >> 20)
    if start[4:8] == b"ftyp" and not items_are_readable(file, os.fstat(file.fileno()).st_size):
        raise ImageError("image-damaged", detail="the type of an item in it is no text")
    return known


def identify(file: BinaryIO, name: str, known: ImageFormat | None, formats: tuple[str, ...]) -> Image.Image:
    """Return the picture with its header read; raises ImageError when it is none, and what Pillow raises on damage.

    `known` comes from `known_format`. The file's `name` only helps to word the error, with one exception: a raw file
    that is TIFF inside is refused, because its first picture is a small preview.
    """
    named = format_by_name(name)
    unread = named is not None and named.pillow is None
    try:
        # A file object without a name: Pillow maps named files into memory, and a mapped file that another program
        # cuts short kills the process.
        image = Image.open(file, formats=formats)
    except UnidentifiedImageError as exc:
        if known is not None:
            raise
        if named is not None and unread:
            raise ImageError("image-format-unread", format=named.title, detail=str(exc)) from exc
        raise ImageError("image-unknown", detail=str(exc)) from exc
    if named is not None and unread and image.format == "TIFF":
        raise ImageError("image-format-unread", format=named.title)
    return image


def is_cut_short(file: BinaryIO, known: ImageFormat | None) -> bool:
    """Return whether the container says that there should be more of the file.

    Readers of these formats call that damage, or no picture at all. It does not condemn a file: what is missing may
    come after the picture.
    """
    if known is None:
        return False
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    start = file.read(8)
    if known.pillow == "WEBP":
        return int.from_bytes(start[4:8], "little") + 8 > size
    if known.pillow == "TIFF" and start[2:3] != b"+" and start[3:4] != b"+":  # BigTIFF is laid out in another way
        return int.from_bytes(start[4:8], "little" if start.startswith(b"I") else "big") >= size
    if known.pillow == "JPEG2000" and start.startswith(b"\xff\x4f"):  # the bare code stream
        file.seek(max(0, size - 2))
        return file.read(2) != b"\xff\xd9"
    if known.pillow == "ICO":
        return any(offset + length > size for length, offset in _icon_entries(file))
    if known.pillow in ("HEIF", "AVIF", "JPEG2000"):
        return _boxes_are_cut_short(file, size)
    return False


def icon_pixels(file: BinaryIO) -> int:
    """Return the pixels of the largest picture in an icon file, which may exceed what the icon's directory says.

    Pillow decodes an icon as soon as it opens it, so its size must be known before.
    """
    most = 0
    for _, offset in _icon_entries(file):
        file.seek(offset)
        start = file.read(24).ljust(24, b"\0")
        if start.startswith(b"\x89PNG"):
            width, height = struct.unpack_from(">II", start, 16)
        elif start.startswith(b"\x0c\0\0\0"):  # the header of OS/2 bitmaps
            width, height = struct.unpack_from("<HH", start, 4)
        else:
            width, height = struct.unpack_from("<ii", start, 4)
        most = max(most, abs(width * height))
    return most


def _icon_entries(file: BinaryIO) -> list[tuple[int, int]]:
    """Return the length and offset, in bytes, of each picture in an icon file."""
    file.seek(4)
    count = int.from_bytes(file.read(2), "little")
    entries = file.read(count * _ICON_ENTRY.size)
    whole = len(entries) - len(entries) % _ICON_ENTRY.size
    return list(_ICON_ENTRY.iter_unpack(entries[:whole]))


def _boxes_are_cut_short(file: BinaryIO, size: int) -> bool:
    """Walk the outermost boxes of an ISO base media file (ISO/IEC 14496-12, section 4.2)."""
    position = 0
    for _ in range(_MOST_BOXES):
        if position == size:
            return False
        file.seek(position)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:  # the last box, up to the end of the file
            return False
        if length < 8:
            return False
        position += length
        if position > size:
            return True
    return False


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ImageError("image-is-folder")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("image-not-a-file")
    if status.st_size == 0:
        raise ImageError("image-empty")


def _cannot_open(exc: OSError | ValueError) -> ImageError:
    detail = f"{type(exc).__name__}: {exc}"
    if isinstance(exc, FileNotFoundError | NotADirectoryError | ValueError):  # ValueError: a NUL in the path
        return ImageError("image-missing", detail=detail)
    if isinstance(exc, PermissionError):
        return ImageError("image-no-permission", detail=detail)
    return ImageError("image-io", reason=exc.strerror or type(exc).__name__, detail=detail)
