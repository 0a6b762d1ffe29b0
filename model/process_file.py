"""Files that belong to one process while it lives, and are found by the next one when it is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock


class ProcessFile:
    """A new file of this process, open for appending, with a lock beside it.

    The system lets go of the lock when the process ends, however that comes. What is written is in the system's hands
    at once: a killed process loses none of it; nothing waits for the disk. Owned by one thread at a time.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        """Make folder, lock and file; raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        # A number above those that are there: a clock may be moved back.
        number = 1 + max((_number(file) for file in others(folder, suffix)), default=0)
        self.path = folder / f"{number}-{os.getpid()}-{os.urandom(4).hex()}{suffix}"
        self._lock = _lock(self.path)
        self._lock.acquire()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(self.path, flags, 0o600)
        except OSError:
            self._lock.release()
            raise
        self.size = 0

    def append(self, data: bytes) -> None:
        """Write at the end; raises OSError."""
        while data:  # a disk that is nearly full takes a part
            written = os.write(self._descriptor, data)
            self.size += written
            data = data[written:]

    def replace(self, data: bytes) -> None:
        """Write this in place of all that is there; raises OSError."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.size = 0
        self.append(data)

    def close(self, *, keep: bool) -> None:
        """Let go of the file, which the next process then finds; without `keep` it is removed."""
        os.close(self._descriptor)
        if not keep:
            self.path.unlink(missing_ok=True)
        self._lock.release()
        if not keep:
            _lock_of(self.path).unlink(missing_ok=True)


def others(folder: Path, suffix: str, own: Path | None = None) -> list[Path]:
    """Return the files of other processes, living and dead, in the order of their making; raises OSError."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = [folder / name for name in names if name.endswith(suffix)]
    return sorted((file for file in found if file != own), key=lambda file: (_number(file), _changed(file)))


@contextmanager
def left_behind(file: Path) -> Iterator[bool]:
    """Hold the file's lock for the block; False when its process lives."""
    from filelock import Timeout

    lock = _lock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
        if not file.exists():
            _lock_of(file).unlink(missing_ok=True)


def _number(file: Path) -> int:
    """Return the number in a file's name; 0 where an earlier version, or a person, named it."""
    number, _, rest = file.name.partition("-")
    return int(number) if number.isdecimal() and "-" in rest else 0


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # another process has just removed it
        return 0.0


def _lock_of(file: Path) -> Path:
    return file.with_suffix(".lock")


def _lock(file: Path) -> FileLock:
    from filelock import FileLock

    # Not thread-local: whoever closes the file may be another thread than the one that opened it.
    return FileLock(_lock_of(file), thread_local=False)
