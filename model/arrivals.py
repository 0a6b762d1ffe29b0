"""Files that have appeared, until they have been written to their end."""

import heapq
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from model.whole_file import is_picture, looks_whole

_REMEMBERED = 50_000

_TEMPORARY = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".opdownload", ".aria2")
"""What copying and downloading programs call a file until it is whole; it gets its own name then."""

_Version = tuple[int, int]
"""Size in bytes and mtime in nanoseconds."""


@dataclass(slots=True)
class _Candidate:
    version: _Version
    since: float  # when it was first seen as it is now


class Arrivals:
    """Takes the names of files that are new or have changed; gives those back that are pictures, once they are whole.

    A file is whole when size and time of change have stayed the same for `settle` seconds and it opens and has its
    format's end; after `patience` seconds without a change it is given back as it is. Owned by one thread.
    """

    def __init__(self, settle: float, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the times and the clock they are measured with, all in seconds."""
        self._settle = settle
        self._patience = patience
        self._clock = clock
        self._candidates: dict[str, _Candidate] = {}
        self._due: list[tuple[float, str]] = []  # a heap
        self._given: OrderedDict[str, _Version] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many files are being watched until they are whole."""
        return len(self._candidates)

    def note(self, path: str) -> None:
        """Look at a file from now on, unless that is done already; what is no regular file is passed over."""
        if path in self._candidates or path.lower().endswith(_TEMPORARY):
            return
        version = _version(path)
        if version is not None and self._given.get(path) != version:
            now = self._clock()
            self._candidates[path] = _Candidate(version, now)
            heapq.heappush(self._due, (now + self._settle, path))

    def take(self) -> list[str]:
        """Return the pictures that have become whole, in the order in which they were noted; never waits."""
        now = self._clock()
        ready = []
        while self._due and self._due[0][0] <= now:
            _, path = heapq.heappop(self._due)
            candidate = self._candidates[path]
            version = _version(path)
            if version is None or (version == candidate.version and not is_picture(path)):
                del self._candidates[path]
            elif version != candidate.version:
                candidate.version, candidate.since = version, now
                heapq.heappush(self._due, (now + self._settle, path))
            elif looks_whole(path) or now - candidate.since >= self._patience:
                del self._candidates[path]
                self._remember(path, version)
                ready.append(path)
            else:
                heapq.heappush(self._due, (now + self._settle, path))
        return ready

    def _remember(self, path: str, version: _Version) -> None:
        """Keep what was given back last: a change of its rights is told as a change of the file."""
        self._given[path] = version
        self._given.move_to_end(path)
        if len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)


def _version(path: str) -> _Version | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path a file is slow
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
