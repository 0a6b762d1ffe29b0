"""Files that are whole or not there at all: digests, and writes that a crash or a full disk cannot leave half done."""

import errno
import os
from contextlib import suppress
from pathlib import Path

# Some network and FUSE file systems do not know fsync; what they hold is as safe as they make it.
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


def file_sha256(path: Path) -> str:
    """Return the file's SHA-256 in lower-case hexadecimal, read in chunks; raises OSError."""
    import hashlib  # with OpenSSL, which the window does without until something is loaded

    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_bounded(path: Path, limit: int) -> bytes:
    """Return what a small file holds; raises OSError, also when it has more than `limit` bytes or no end."""
    with path.open("rb") as handle:
        content = handle.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes")
    return content


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` under a temporary name in the same folder, then rename.

    Raises OSError; then a file that had the name before is unchanged, and nothing else is left.
    """
    temporary = path.with_name(f".{os.urandom(6).hex()}.part")
    try:
        with temporary.open("xb") as handle:
            handle.write(data)
            handle.flush()
            sync(handle.fileno())
        replace_durably(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def replace_durably(temporary: Path, target: Path) -> None:
    """Give `temporary` the name `target` in one step that survives a loss of power; both are in one folder."""
    temporary.replace(target)
    if os.name == "posix":  # elsewhere folders cannot be opened
        with suppress(OSError):
            descriptor = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def sync(descriptor: int) -> None:
    """Bring what was written to an open file onto the disk; raises OSError, for example when the disk is full."""
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _NO_SYNC:
            raise
