"""What can be found out about a checkpoint's file without loading it: whether it can be as harmless as it claims.

torch unpacks whatever a zip says it holds, and safetensors reads a header of any length up to 100 MB.
"""

import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from model.errors import WeightsError
from model.names import display_name

MOST_BYTES = 4 * 2**30
"""The largest networks for pictures that anybody publishes have some four gigabytes; the file is read into memory."""

_MOST_HEADER_BYTES = 8 * 2**20  # a network of 2,000 tensors has 0.3 MB of safetensors header
_MOST_PICKLE_BYTES = 64 * 2**20  # and of pickle; a training's options may be beside it
_MOST_DIRECTORY_BYTES = 8 * 2**20
_MOST_UNPACKED_BYTES = 64 * 2**20  # torch compresses the code of TorchScript, which is refused with better words, alone

_ZIP_START = b"PK\x03\x04"
# PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16: the end record, with up to 64 KB of comment, and the 64-bit one before it.
_END, _END_SIGNATURE = struct.Struct("<4s4H2LH"), b"PK\5\6"
_LOCATOR, _LOCATOR_SIGNATURE = struct.Struct("<4sLQL"), b"PK\6\7"
_END_64, _END_64_SIGNATURE = struct.Struct("<4sQ2H2L4Q"), b"PK\6\6"
_LONGEST_COMMENT = 2**16


def check_container(path: Path) -> None:
    """Raise WeightsError for what is no ordinary file, or larger, or more when unpacked, than weights can be."""
    file = display_name(path.name)
    try:
        # Pipes would be waited for, and devices have no end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise WeightsError("checkpoint-unreadable", file=display_name(path), reason="it is not an ordinary file")
        with path.open("rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            if size > MOST_BYTES:
                raise WeightsError("checkpoint-too-large", file=file, actual=size, limit=MOST_BYTES)
            fault = _safetensors_fault(handle, size) if path.suffix.lower() == ".safetensors" else _zip_fault(handle)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise WeightsError("checkpoint-unreadable", file=display_name(path), reason=reason) from exc
    if fault:
        raise WeightsError("checkpoint-not-recognised", file=file, detail=fault)


def _safetensors_fault(handle: BinaryIO, size: int) -> str:
    length = int.from_bytes(handle.read(8), "little")
    if length > size - 8:
        return f"its header claims {length} bytes, the file has {size}"
    return f"its header has {length} bytes" if length > _MOST_HEADER_BYTES else ""


def _zip_fault(handle: BinaryIO) -> str:
    """Return what is wrong with a checkpoint of the zip format; nothing for those of the older format."""
    if handle.read(len(_ZIP_START)) != _ZIP_START:
        return ""
    size = os.fstat(handle.fileno()).st_size
    if _directory_bytes(handle, size) > _MOST_DIRECTORY_BYTES:
        return "its list of contents is far longer than a network's"
    handle.seek(0)
    try:
        entries = zipfile.ZipFile(handle).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, LookupError, struct.error, OverflowError) as exc:
        return f"it cannot be unpacked: {exc}"
    if sum(entry.file_size for entry in entries) > size + _MOST_UNPACKED_BYTES:
        return "it would unpack to far more than it has itself"
    if any(entry.filename.endswith(".pkl") and entry.file_size > _MOST_PICKLE_BYTES for entry in entries):
        return "its pickle is far longer than a network's"
    return ""


def _directory_bytes(handle: BinaryIO, size: int) -> int:
    """Return how long the zip's list of contents claims to be; zipfile would read all of it at once."""
    start = max(0, size - _END.size - _LONGEST_COMMENT - _LOCATOR.size)
    handle.seek(start)
    tail = handle.read()
    place = tail.rfind(_END_SIGNATURE)
    if place < 0 or len(tail) - place < _END.size:
        return 0
    length: int = _END.unpack_from(tail, place)[5]
    if place >= _LOCATOR.size and tail[place - _LOCATOR.size :].startswith(_LOCATOR_SIGNATURE):
        offset = _LOCATOR.unpack_from(tail, place - _LOCATOR.size)[2]
        if offset > size - _END_64.size:
            return 0
        handle.seek(offset)
        end = _END_64.unpack(handle.read(_END_64.size))
        if end[0] == _END_64_SIGNATURE:
            length = max(end[8], 0 if length == 0xFFFFFFFF else length)
    return length
