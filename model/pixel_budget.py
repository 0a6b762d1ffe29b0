"""How much may be decoded at one time, so that memory stays bounded however many threads decode."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from model.cancel import CancelToken

log = logging.getLogger(__name__)

BYTES_PER_PIXEL = 4
"""What decoded RGB takes in Pillow."""

# About 0.4 GB, or eight pictures of 12 megapixels.
DEFAULT_PIXELS_AT_ONCE = 96_000_000
# How often, in seconds, a waiting thread looks at its cancel token.
_POLL = 0.1


class DecodeToken(CancelToken):
    """The token of one picture on a decode thread; it also measures how long the picture keeps that thread busy.

    Waiting for room in the PixelBudget is not the picture's own fault and is not counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start measuring now, with `clock` (seconds)."""
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock()
        self._waited = 0.0
        self._waiting_since: float | None = None

    @property
    def busy_seconds(self) -> float:
        """Seconds since the start without the waiting; readable from any thread."""
        with self._lock:
            until = self._clock() if self._waiting_since is None else self._waiting_since
            return until - self._started - self._waited

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Stop the clock inside the block."""
        with self._lock:
            self._waiting_since = since = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._waited += self._clock() - since
                self._waiting_since = None


@dataclass(slots=True, eq=False)
class _Hold:
    """One picture's claim; `since` is None while it waits for its turn."""

    pixels: int
    since: float | None = None


class PixelBudget:
    """A counting semaphore over pixels, shared by all threads that decode.

    Served in the order of asking, so that a big picture is not starved by small ones. A picture that exceeds the
    whole budget goes alone. A hold that is older than `lease` seconds no longer counts: a read that hangs on a dead
    network drive must not stop all other pictures for ever.
    """

    def __init__(
        self,
        pixels: int = DEFAULT_PIXELS_AT_ONCE,
        *,
        lease: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow `pixels` (above 0) at one time."""
        if pixels <= 0:
            raise ValueError(f"a budget of {pixels} pixels lets nothing through")
        self.pixels = pixels
        self._lease = lease
        self._clock = clock
        self._changed = threading.Condition()
        self._queue: deque[_Hold] = deque()
        self._held: set[_Hold] = set()

    def __reduce__(self) -> tuple[Callable[[], "PixelBudget"], tuple[()]]:
        """A budget is its process's: sent to another process it becomes that one's own."""
        return process_budget, ()

    @property
    def waiting(self) -> int:
        """How many threads wait for room."""
        with self._changed:
            return len(self._queue)

    @property
    def held(self) -> int:
        """How many pixels are claimed now."""
        with self._changed:
            return sum(hold.pixels for hold in self._held)

    @contextmanager
    def hold(self, pixels: int, cancel: CancelToken | None = None) -> Iterator[None]:
        """Claim `pixels` for the block, waiting for room first; raises Cancelled when cancelled while waiting."""
        claim = _Hold(pixels)
        self._acquire(claim, cancel)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(claim)
                self._changed.notify_all()

    def _acquire(self, claim: _Hold, cancel: CancelToken | None) -> None:
        with self._changed:
            self._queue.append(claim)
            try:
                if not self._may_go(claim):
                    with cancel.waiting() if isinstance(cancel, DecodeToken) else nullcontext():
                        while not self._may_go(claim):
                            if cancel is not None:
                                cancel.raise_if_cancelled()
                            self._changed.wait(_POLL)
                claim.since = self._clock()
                self._held.add(claim)
            finally:
                self._queue.remove(claim)
                # The next in the queue may fit as well, or have been behind one that was cancelled.
                self._changed.notify_all()

    def _may_go(self, claim: _Hold) -> bool:
        if self._queue[0] is not claim:
            return False
        now = self._clock()
        for hold in list(self._held):
            if hold.since is not None and now - hold.since > self._lease:
                log.warning("a picture of %d pixels has been decoding for %.0f s", hold.pixels, now - hold.since)
                self._held.discard(hold)
        in_use = sum(hold.pixels for hold in self._held)
        return in_use == 0 or in_use + claim.pixels <= self.pixels


PROCESS_BUDGET = PixelBudget()
"""What all decoding in this process shares unless it is told otherwise, for memory is the process's, too."""


def process_budget() -> PixelBudget:
    """Return the budget of the process that asks."""
    return PROCESS_BUDGET
