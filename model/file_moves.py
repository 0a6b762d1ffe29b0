"""Files get a place without ever taking another's: names are given only where none is, also while others race for it.

The steps are kept apart so that whoever keeps a journal can write between them.
"""

import ctypes
import errno
import hashlib
import logging
import os
import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model.cancel import CancelToken
from model.safe_files import sync

log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # Linux <linux/fs.h>
_RENAME_EXCL = 4  # macOS <sys/stdio.h>
# Said by a kernel or file system that does not know the call, or not for these files.
_NOT_THIS_WAY = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""What is said where there is no room left."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """What tells whether a file is still the very one that was seen: all but `size` and times may be 0.

    `changed_ns` is the time of the last change of the file's data or properties, where the system keeps one (POSIX).
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def mark_of(status: os.stat_result) -> FileMark:
    """Return the mark of a file looked at."""
    changed = status.st_ctime_ns if os.name == "posix" else 0
    return FileMark(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, changed)


def look_at(path: Path) -> FileMark | None:
    """Return the mark of what has the name, links not followed; None where nothing has it."""
    try:
        return mark_of(path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def file_digest(path: Path, cancel: CancelToken | None = None) -> str:
    """Return the BLAKE2b (256 bits) of a file in hexadecimal; raises OSError, and Cancelled when `cancel` was set."""
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb", buffering=0) as handle:
        _forget_pages(handle.fileno())
        while chunk := handle.read(_CHUNK):
            if cancel is not None:
                cancel.raise_if_cancelled()
            digest.update(chunk)
    return digest.hexdigest()


def same_bytes(first: Path, second: Path) -> bool:
    """Return whether two files hold the same; reads them, where `filecmp` may trust times. Raises OSError."""
    with first.open("rb", buffering=0) as one, second.open("rb", buffering=0) as other:
        while chunk := one.read(_CHUNK):
            if other.read(_CHUNK) != chunk:
                return False
        return not other.read(1)


def copy_aside(source: Path, aside: Path, cancel: CancelToken, *, durable: bool) -> str:
    """Copy an ordinary file to the new name `aside`, with times and permissions; return the BLAKE2b of what was read.

    With `durable` the bytes are on the disk when it returns. Whatever fails, nothing of the copy is left.

    Raises:
        OSError: the source cannot be read or the copy written; FileExistsError where `aside` is taken.
        Cancelled: when `cancel` was set.
    """
    digest = hashlib.blake2b(digest_size=32)
    # A FIFO in the source's place would block a plain open for ever.
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    reading = os.open(source, os.O_RDONLY | flags)
    with open(reading, "rb", buffering=0) as incoming:  # noqa: PTH123 - of a descriptor
        if not stat.S_ISREG(os.fstat(reading).st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
        writing = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with open(writing, "wb", buffering=0) as outgoing:  # noqa: PTH123
                while chunk := incoming.read(_CHUNK):
                    cancel.raise_if_cancelled()
                    digest.update(chunk)
                    _write_all(outgoing.fileno(), chunk)
                if durable:
                    sync(outgoing.fileno())
            _copy_properties(source, aside)
        except BaseException:
            remove_own(aside)
            raise
    return digest.hexdigest()


def give_name(path: Path, name: Path) -> None:
    """Rename `path` to `name` on the same file system, only where nothing has that name.

    Raises:
        FileExistsError: something has the name; also when another process takes it at the same moment.
        OSError: of errno EXDEV between file systems, and others. Nothing has changed.
    """
    for way in _ways():
        try:
            way(path, name)
        except OSError as error:
            if isinstance(error, FileExistsError) or error.errno not in _NOT_THIS_WAY:
                raise
            failed = error
        else:
            return
    raise failed


def remove_own(path: Path) -> None:
    """Remove a file of the program's own; what cannot be removed is logged."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # on Windows the permission of the file itself counts
        with suppress(OSError):
            path.chmod(stat.S_IWRITE | stat.S_IREAD)
            path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("could not remove %s: %s", ascii(str(path)), error)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk, where the system can."""
    if os.name == "posix":
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _ways() -> tuple[Callable[[Path, Path], None], ...]:
    if os.name == "nt":
        return (os.rename,)  # there it never replaces
    exclusive = _exclusive_rename()
    return ((exclusive,) if exclusive is not None else ()) + (_link_and_unlink, _rename_over_own)


def _link_and_unlink(path: Path, name: Path) -> None:
    os.link(path, name, follow_symlinks=False)
    try:
        path.unlink()
    except OSError:
        remove_own(name)
        raise


def _rename_over_own(path: Path, name: Path) -> None:
    """For file systems with neither of the better ways (FAT under old kernels): an empty file holds the name."""
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        path.replace(name)
    except OSError:
        remove_own(name)
        raise


@cache
def _exclusive_rename() -> Callable[[Path, Path], None] | None:
    """Return the system's own renaming that replaces nothing; None where it has none."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            call, arguments = library.renamex_np, (_RENAME_EXCL,)
        else:
            call, arguments = library.renameat2, (_RENAME_NOREPLACE,)
    except (OSError, AttributeError):  # glibc has it since 2.28
        return None
    call.restype = ctypes.c_int

    def rename(path: Path, name: Path) -> None:
        old, new = os.fsencode(path), os.fsencode(name)
        if sys.platform == "darwin":
            code = call(ctypes.c_char_p(old), ctypes.c_char_p(new), ctypes.c_uint(*arguments))
        else:
            there = ctypes.c_int(_AT_FDCWD)
            code = call(there, ctypes.c_char_p(old), there, ctypes.c_char_p(new), ctypes.c_uint(*arguments))
        if code:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path), None, str(name))

    return rename


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _copy_properties(source: Path, copy: Path) -> None:
    try:
        shutil.copystat(source, copy)
    except OSError as error:  # FAT, for one, has no permissions to keep
        log.info("permissions of %s could not be kept: %s", ascii(str(source)), error)
        status = source.stat()
        with suppress(OSError):
            os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))


def _forget_pages(descriptor: int) -> None:
    """Have the bytes come from the disk, not from memory, where they would always be right."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
