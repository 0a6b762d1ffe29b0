"""Tells a picture that cannot be fetched from a drive that has gone away, which must not cost every picture its row."""

import errno
import os
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path

from model.decode_pool import Decoded
from model.types import Problem

STALLS_IN_A_ROW = 8
"""So many pictures one after another that could not be fetched mean that the drive does not answer."""

MOST_TRIES = 3
"""A picture that could not be fetched so often has itself to blame, whatever the others do."""

_GONE = ("EIO", "ESTALE", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ETIMEDOUT", "ENODEV",
         "ENXIO", "EREMOTEIO", "ECONNRESET", "ECONNABORTED")  # fmt: skip
# A share may also answer at once that it is not there.
_GONE_REASONS = {os.strerror(getattr(errno, name)) for name in _GONE if hasattr(errno, name)}


class StallGuard:
    """Gives out the pictures of a run, those that could not be fetched once more at the end. Owned by one thread.

    Such pictures are held back, without a result, until it is known whose fault it is: once another picture has been
    read, theirs; after `limit` of them in a row the drive's, and then they wait to be tried again.
    """

    def __init__(self, paths: Iterable[Path], limit: int = STALLS_IN_A_ROW) -> None:
        """Take the pictures, which may be endless; they are pulled one by one."""
        self.probing = False
        """Whether the drive was away and nothing has been read since: then one picture at a time is enough."""
        self._source = enumerate(paths)
        self._limit = limit
        self._row: list[Decoded] = []
        self._again: deque[Path] = deque()
        self._tries: Counter[str] = Counter()

    def following(self) -> tuple[int, Path] | None:
        """Return the next picture with a number; None when there is none now."""
        fresh = next(self._source, None)
        if fresh is None and self._again:
            return -1, self._again.popleft()
        return fresh

    def is_away(self, decoded: Decoded) -> bool:
        """Return whether this picture could not be fetched: reading it stalled, or its drive was not there."""
        problem = decoded.problem
        if problem is None:
            return False
        gone = problem.code == "image-io" and dict(problem.params).get("reason") in _GONE_REASONS
        return gone or problem.code == "image-stalled"

    def hold(self, decoded: Decoded) -> bool:
        """Hold back a picture that could not be fetched; return whether the drive must be away."""
        self._row.append(decoded)
        self._tries[str(decoded.path)] += 1
        return self.probing or len(self._row) >= self._limit

    def blame(self) -> list[Decoded]:
        """Return those held back, which have themselves to blame: another picture was read, or none is left."""
        self.probing = False
        row, self._row = self._row, []
        return row

    def put_back(self, others: Iterable[Path]) -> list[Decoded]:
        """Have what was held back, and `others` that were under way, tried again; return what was tried too often."""
        self.probing = True
        row, self._row = self._row, []
        given_up = [decoded for decoded in row if self._tries[str(decoded.path)] >= MOST_TRIES]
        self._again.extend(others)  # first: whether the drive is back is better asked of them
        self._again.extend(decoded.path for decoded in row if self._tries[str(decoded.path)] < MOST_TRIES)
        return given_up

    def problem(self) -> Problem:
        """Return what to tell of a drive that is away."""
        return Problem("run-drive-away")
