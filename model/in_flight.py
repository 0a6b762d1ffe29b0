"""Which pictures are in a decoder now, noted on disk, so that after a crash it is known which may be to blame."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from model.process_file import ProcessFile, left_behind, others
from model.store_rows import key_of

log = logging.getLogger(__name__)

_SUFFIX = ".paths"
_BEGUN, _FINISHED = b"+", b"-"
_END = b"\0"  # the one byte that no path has
# The notes are appended to; at this size, in bytes, they are written anew with what still counts.
_LONG = 1 << 16


class InFlight:
    """The notes of this process, and those that dead ones left. Any thread may call it.

    A file whose lock can be had was left by a process that did not tidy up. Where nothing can be written, nothing is
    noted, which is logged once.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the notes in `folder`; nothing is made or read before the first call."""
        self._folder = folder
        self._guard = threading.Lock()
        self._fails = False
        self._file: ProcessFile | None = None
        self._begun: Counter[bytes] = Counter()  # the network and a thumbnail may have the same picture
        self._suspects: set[bytes] = set()

    def begin(self, path: Path) -> None:
        """Note that this one is about to be decoded."""
        key = key_of(path)
        with self._guard:
            self._begun[key] += 1
            if self._begun[key] == 1:
                self._attempt(lambda: self._note(_BEGUN, [key]))

    def finish(self, path: Path) -> None:
        """Note that this one did no harm, or was found guilty: it is no suspect any more."""
        key = key_of(path)
        with self._guard:
            if self._begun[key] > 1:
                self._begun[key] -= 1
            elif key in self._begun or key in self._suspects:
                del self._begun[key]
                self._suspects.discard(key)
                self._attempt(lambda: self._note(_FINISHED, [key]))

    def suspects(self) -> frozenset[bytes]:
        """Return the keys of pictures that were in flight when a process died, until `finish` is called for them.

        They are taken over from the files of the dead, so that no two processes try them.
        """
        with self._guard:
            self._attempt(self._take_all_over)
            return frozenset(self._suspects)

    def is_suspect(self, path: Path) -> bool:
        """Return whether this one was in flight when a process died, and has not been tried since."""
        return key_of(path) in self.suspects()

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

    def _close(self) -> None:
        if self._file is None:
            return
        self._begun.clear()
        try:
            self._rewrite(self._file)
        finally:
            self._file.close(keep=bool(self._suspects))
            self._file = None

    def _note(self, sign: bytes, keys: Sequence[bytes]) -> None:
        if not keys:
            return
        if self._file is None:
            self._file = ProcessFile(self._folder, _SUFFIX)
        self._file.append(b"".join(sign + key + _END for key in keys))
        if self._file.size > _LONG:
            self._rewrite(self._file)

    def _rewrite(self, file: ProcessFile) -> None:
        file.replace(b"".join(_BEGUN + key + _END for key in (*self._suspects, *self._begun)))

    def _take_all_over(self) -> None:
        for file in others(self._folder, _SUFFIX, None if self._file is None else self._file.path):
            with left_behind(file) as is_free:
                if is_free:
                    self._take_over(file)

    def _take_over(self, file: Path) -> None:
        keys = _read(file) - self._begun.keys()
        self._suspects.update(keys)
        self._note(_BEGUN, sorted(keys))
        file.unlink(missing_ok=True)
        if keys:
            log.warning("a run ended unexpectedly with %d pictures being decoded; they are tried one by one", len(keys))


@cache
def process_in_flight(folder: Path) -> InFlight:
    """Return the notes that all decoders of this process share."""
    return InFlight(folder)


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
