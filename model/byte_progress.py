"""How far a transfer is, and how long it will still take."""

from collections import deque
from collections.abc import Callable

from model.types import DownloadProgress

# The window repaints a progress bar at most this often; seconds.
PROGRESS_INTERVAL = 0.1
# The rate, hence the time left, is that of the last few seconds; before the first of them there is no telling.
RATE_WINDOW = 5.0
RATE_START = 0.5

Clock = Callable[[], float]


class ByteProgress:
    """Counts bytes and estimates the time left from the rate of the last seconds."""

    def __init__(self, total: int | None, clock: Clock, done: int = 0) -> None:
        """Begin at `done` of `total` bytes (None: unknown); `clock` gives seconds that never go back."""
        self.total = total
        self.done = done
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque([(clock(), done)])
        self._reported = clock()

    def add(self, count: int) -> None:
        """Count some more bytes."""
        self.done += count
        now = self._clock()
        if now - self._seen[-1][0] >= PROGRESS_INTERVAL:
            self._seen.append((now, self.done))
        while now - self._seen[0][0] > RATE_WINDOW and len(self._seen) > 1:
            self._seen.popleft()

    def is_due(self) -> bool:
        """Return whether the last report is so old that another one makes sense."""
        return self._clock() - self._reported >= PROGRESS_INTERVAL

    def now(self) -> DownloadProgress:
        """Return the state as a report."""
        self._reported = self._clock()
        return DownloadProgress(self.done, self.total, self._seconds_left())

    def _seconds_left(self) -> float | None:
        since, done_then = self._seen[0]
        seconds, gained = self._clock() - since, self.done - done_then
        if self.total is None or seconds < RATE_START or not gained:
            return None
        return (self.total - self.done) * seconds / gained
