"""Which pictures are in a decoder now, noted on disk, so that after a crash it is known which may be to blame."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model.store_rows import key_of

if TYPE_CHECKING:
    from filelock import FileLock

log = logging.getLogger(__name__)

_SUFFIX = ".paths"
_BEGUN, _FINISHED = b"+", b"-"
_END = b"\0"  # the one byte that no path has
# The notes are appended to; at this size, in bytes, they are written anew with what still counts.
_LONG = 1 << 16


class InFlight:
    """The notes of this process, and those that dead ones left. Any thread may call it.

    Each process has a file of its own, and a lock beside it that the system lets go of when the process ends, however
    that comes: a file whose lock can be had was left by a process that did not tidy up. A note is one write to a file
    that stays open, which a killed process does not lose; nothing waits for the disk. Where nothing can be written,
    nothing is noted, which is logged once.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the notes in `folder`; nothing is made or read before the first call."""
        self._folder = folder
        self._guard = threading.Lock()
        self._fails = False
        self._file: Path | None = None
        self._descriptor = -1
        self._lock: FileLock | None = None
        self._size = 0
        self._begun: set[bytes] = set()
        self._suspects: set[bytes] = set()

    def begin(self, path: Path) -> None:
        """Note that this one is about to be decoded."""
        with self._guard:
            self._begun.add(key_of(path))
            self._attempt(lambda: self._note(_BEGUN, [key_of(path)]))

    def finish(self, path: Path) -> None:
        """Note that this one did no harm, or was found guilty: it is no suspect any more."""
        key = key_of(path)
        with self._guard:
            if key in self._begun or key in self._suspects:
                self._begun.discard(key)
                self._suspects.discard(key)
                self._attempt(lambda: self._note(_FINISHED, [key]))

    def suspects(self) -> frozenset[bytes]:
        """Return the keys of pictures that were in flight when a process died, until `finish` is called for them.

        They are taken over from the files of the dead, so that no two processes try them.
        """
        with self._guard:
            self._attempt(self._take_all_over)
            return frozenset(self._suspects)

    def close(self) -> None:
        """Forget what was begun: nothing crashed. Suspects that nobody tried are left for the next process."""
        with self._guard:
            self._attempt(self._close)

    def _attempt(self, act: Callable[[], None]) -> None:
        if self._fails:
            return
        try:
            act()
        except OSError as exc:
            self._fails = True
            log.warning("pictures in decoders are not noted, %s cannot be written: %s", self._folder, exc)

    def _take_all_over(self) -> None:
        for file in self._left_behind():
            self._take_over(file)

    def _close(self) -> None:
        if self._file is None:
            return
        self._begun.clear()
        try:
            self._rewrite()
        finally:
            os.close(self._descriptor)
            if not self._suspects:
                self._file.unlink(missing_ok=True)
            assert self._lock is not None
            self._lock.release()
            if not self._suspects:
                _lock_of(self._file).unlink(missing_ok=True)
            self._file = None

    def _note(self, sign: bytes, keys: Sequence[bytes]) -> None:
        if not keys:
            return
        self._open()
        notes = b"".join(sign + key + _END for key in keys)
        self._size += os.write(self._descriptor, notes)
        if self._size > _LONG:
            self._rewrite()

    def _rewrite(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        notes = b"".join(_BEGUN + key + _END for key in (*self._suspects, *self._begun))
        self._size = os.write(self._descriptor, notes) if notes else 0

    def _open(self) -> None:
        if self._file is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        lock = _lock(file)
        lock.acquire()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(file, flags, 0o600)
        except OSError:
            lock.release()
            raise
        self._file, self._lock = file, lock

    def _left_behind(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []
        found = [self._folder / name for name in names if name.endswith(_SUFFIX)]
        return [file for file in found if file != self._file]

    def _take_over(self, file: Path) -> None:
        from filelock import Timeout

        lock = _lock(file)
        try:
            lock.acquire(blocking=False)
        except Timeout:  # its process lives
            return
        try:
            keys = _read(file) - self._begun
            self._suspects.update(keys)
            self._note(_BEGUN, sorted(keys))
            file.unlink(missing_ok=True)
        finally:
            lock.release()
        _lock_of(file).unlink(missing_ok=True)
        if keys:
            log.warning("a run ended unexpectedly with %d pictures being decoded; they are tried one by one", len(keys))


def _lock_of(file: Path) -> Path:
    return file.with_suffix(".lock")


def _lock(file: Path) -> FileLock:
    from filelock import FileLock

    # Not thread-local: whoever closes the notes may be another thread than the one that began.
    return FileLock(_lock_of(file), thread_local=False)


def _read(file: Path) -> set[bytes]:
    try:
        notes = file.read_bytes()
    except FileNotFoundError:
        return set()
    begun: set[bytes] = set()
    # The last note may have been cut off by the crash: without its end it does not count.
    for note in notes.split(_END)[:-1]:
        sign, key = note[:1], note[1:]
        if sign == _BEGUN:
            begun.add(key)
        else:
            begun.discard(key)
    return begun
