"""Signatures of a folder's pictures, kept on disk so that what was read for a survey is not read again for training.

A picture is recognised by path, size and modification time; an edit that keeps all three goes unnoticed.
"""

import hashlib
import io
import logging
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.decode_limits import DecodeLimits
from model.names import display_name
from model.picture_identity import FileVersion, file_version
from model.safe_files import write_atomically

log = logging.getLogger(__name__)

THUMBNAIL_SIDE = 16
SIGNATURE = np.dtype(
    [
        ("grey", np.uint8, (THUMBNAIL_SIDE * THUMBNAIL_SIDE,)),
        ("sha256", np.uint8, (32,)),
        ("size", "<i8"),
        ("mtime_ns", "<i8"),
    ]
)
"""Grey thumbnail 0..255 by rows, SHA-256 of the file's bytes, and its size and time of change when they were read."""

MOST_FILES = 8
"""Of so many folders the signatures are kept, those used last: about 17 MB each for folders of 50,000 pictures."""

# Goes into the file's name: files of another version of this program are not even opened.
_VERSION = 1
_DIGEST_BYTES = 32


class SignatureCache:
    """What is known of the pictures beneath `root`.

    `find` may be called on any thread; the rest belongs to one. Nothing here raises: a cache that cannot be read or
    written costs only time.
    """

    def __init__(self, folder: Path | None, root: Path, limits: DecodeLimits) -> None:
        """Read what `folder` has on `root`; without a folder nothing is known, and nothing kept.

        A picture too large for one limit may be within another, so each limit has a file of its own.
        """
        self._root = root
        self._file: Path | None = None
        self._known: dict[bytes, np.void] = {}
        self._used: dict[bytes, np.void] = {}
        self._has_news = False
        if folder is not None:
            key = hashlib.sha256(b"%d\0%d\0%s" % (_VERSION, limits.pixels, os.fsencode(root)))
            self._file = folder / f"signatures-{key.hexdigest()[:32]}.dat"
            self._known = _read(self._file)

    def find(self, path: Path) -> NDArray[np.void] | None:
        """Return the record of SIGNATURE, (), of a picture that has not changed since; None if it is not known."""
        record = self._known.get(self._key(path))
        if record is None or file_version(path) != FileVersion(int(record["size"]), int(record["mtime_ns"])):
            return None
        return np.array(record, dtype=SIGNATURE)

    def keep(self, path: Path, record: np.void) -> None:
        """Note a picture's signature, known or new, for `save`."""
        key = self._key(path)
        known = self._known.get(key)
        self._has_news |= known is None or known.tobytes() != record.tobytes()
        self._used[key] = record

    def save(self, *, complete: bool) -> None:
        """Write what was noted; when all of the folder was read (`complete`), pictures that are gone are forgotten."""
        records = self._used if complete else {**self._known, **self._used}
        if self._file is None or not (self._has_news or len(records) < len(self._known)):
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, _packed(records))
        except OSError as exc:
            log.warning("what was read could not be kept in %s: %s", display_name(self._file), exc)
        else:
            _remove_oldest(self._file.parent)

    def _key(self, path: Path) -> bytes:
        return os.fsencode(path.relative_to(self._root))


def _packed(records: dict[bytes, np.void]) -> bytes:
    """Return the file's content: NumPy's archive of names and records, and the SHA-256 of that."""
    buffer = io.BytesIO()
    names = np.frombuffer(b"\0".join(records), dtype=np.uint8)
    np.savez(buffer, names=names, records=np.array(list(records.values()), dtype=SIGNATURE))
    return buffer.getvalue() + hashlib.sha256(buffer.getbuffer()).digest()


def _read(file: Path) -> dict[bytes, np.void]:
    try:
        content = file.read_bytes()
        with suppress(OSError):
            os.utime(file)  # used now: others are removed first
    except FileNotFoundError:
        return {}
    except OSError as exc:
        log.warning("%s cannot be read, and the pictures are read anew: %s", display_name(file), exc)
        return {}
    archive, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(archive).digest() != digest:
        log.warning("%s is damaged, and the pictures are read anew", display_name(file))
        return {}
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        names = arrays["names"].tobytes()
        return dict(zip(names.split(b"\0") if names else (), arrays["records"], strict=True))


def _remove_oldest(folder: Path) -> None:
    files: list[tuple[int, Path]] = []
    for file in folder.glob("signatures-*.dat"):
        with suppress(OSError):
            files.append((file.stat().st_mtime_ns, file))
    for _, file in sorted(files, reverse=True)[MOST_FILES:]:
        with suppress(OSError):
            file.unlink()
