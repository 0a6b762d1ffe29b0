"""What a picture is recognised by: size and time of change, which cost nothing, and a digest of its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.cancel import CancelToken

_CHUNK = 1 << 20
DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class FileVersion:
    """What tells one version of a file from another without reading it: size in bytes and mtime in nanoseconds."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class PictureIdentity:
    """A version of a file, and the BLAKE2b digest (32 bytes) of what was in it then."""

    version: FileVersion
    digest: bytes


def file_version(path: Path) -> FileVersion | None:
    """Return the file's version; None when it cannot be looked at."""
    try:
        stat = path.stat()
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None
    return FileVersion(stat.st_size, stat.st_mtime_ns)


def picture_digest(path: Path, cancel: CancelToken) -> bytes:
    """Return the BLAKE2b digest of all of an ordinary file's bytes; runs on decode threads.

    Raises ImageError for what cannot be opened or read, Cancelled when `cancel` is set meanwhile.
    """
    from model.errors import ImageError
    from model.picture_file import open_regular  # with Pillow, which a start does without

    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    with open_regular(path) as file:
        try:
            while chunk := file.read(_CHUNK):
                cancel.raise_if_cancelled()
                digest.update(chunk)
        except OSError as exc:
            detail = f"{type(exc).__name__}: {exc}"
            raise ImageError("image-io", reason=exc.strerror or type(exc).__name__, detail=detail) from exc
    return digest.digest()
