"""What the command line does when the drive with the pictures goes away: it waits, asks again, and in time stops."""

import time
from collections.abc import Callable

from model.cancel import CancelToken
from model.cli_output import format_seconds, say
from model.errors import DeviceError
from model.types import ResultBatch, RunPaused

WAITS = (10.0, 20.0, 30.0, 60.0, 60.0, 120.0, 300.0)
"""Seconds until it is asked again, and again; a share that is restarted is back within these ten minutes."""


class DrivePatience:
    """Waits for a drive that has gone away in mid-run, for so long and no longer. Owned by the thread that runs.

    A run overnight should survive a share that is restarted; and one whose share is gone for good should end with a
    code that a script can see, not hang.
    """

    def __init__(
        self,
        cancel: CancelToken,
        waits: tuple[float, ...] | None = None,
        *,
        for_ever: bool = False,
        say_before: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the token of the run; with `for_ever` the last of `waits` (seconds, or WAITS) is repeated without end.

        `say_before` is called before anything is said, to take a progress bar away.
        """
        self._cancel = cancel
        self._waits = WAITS if waits is None else waits
        self._for_ever = for_ever
        self._say_before = say_before
        self._clock = clock
        self._next = 0
        self._since = 0.0

    def heed(self, event: object) -> None:
        """Look at what the run yields; where it has paused itself, say so, wait, and resume it.

        Raises DeviceError when the drive has been away too long. A picture that was read begins the patience anew.
        """
        if isinstance(event, RunPaused):
            self._wait()
        elif isinstance(event, ResultBatch) and any(result.problem is None for result in event.results):
            self._next = 0

    def _wait(self) -> None:
        self._say_before()
        if self._next == 0:
            self._since = self._clock()
        if self._next >= len(self._waits) and not self._for_ever:
            raise DeviceError("run-drive-stays-away", minutes=max(1, round((self._clock() - self._since) / 60)))
        seconds = self._waits[min(self._next, len(self._waits) - 1)]
        self._next += 1
        say(f"The drive or network with the pictures does not answer; asking again in {format_seconds(seconds)}.")
        self._cancel.wait(seconds)
        self._cancel.resume()
