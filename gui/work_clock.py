"""How long a piece of work takes, without its pauses."""

import time
from collections.abc import Callable


class WorkClock:
    """Seconds since `start`; stands still between `pause` and `resume`. Owned by one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Stand at zero; `clock` gives seconds."""
        self._clock = clock
        self._spent = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Begin at zero."""
        self._spent, self._since = 0.0, self._clock()

    def pause(self) -> None:
        """Stand still; harmless when it does already."""
        self._spent, self._since = self.seconds(), None

    def resume(self) -> None:
        """Go on; harmless when it is going."""
        if self._since is None:
            self._since = self._clock()

    def seconds(self) -> float:
        """Return the time so far."""
        return self._spent + (0.0 if self._since is None else self._clock() - self._since)
