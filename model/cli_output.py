"""What the command line says: results on standard output, everything else on standard error."""

import sys
import time

_BAR_WIDTH = 24
_REDRAW_SECONDS = 0.1


def say(text: str) -> None:
    """Write a line for people to standard error."""
    print(text, file=sys.stderr)  # noqa: T201 - this is the command line's voice


def emit(text: str) -> None:
    """Write a line of results to standard output."""
    print(text, flush=True)  # noqa: T201 - this is the command line's output


class ProgressBar:
    """One line on standard error that is drawn over itself; draws nothing where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        """With `quiet` nothing is drawn."""
        self._shown = not quiet and sys.stderr.isatty()
        self._last = 0.0
        self._width = 0
        self._started = time.monotonic()

    def update(self, done: int, total: int | None, text: str = "") -> None:
        """Draw `done` of `total` things, with what else there is to tell; at most ten times a second."""
        now = time.monotonic()
        if not self._shown or (now - self._last < _REDRAW_SECONDS and done != total):
            return
        self._last = now
        filled = _BAR_WIDTH * done // total if total else 0
        bar = f"[{'#' * filled}{' ' * (_BAR_WIDTH - filled)}]"
        counted = f"{done:,} of {total:,}" if total is not None else f"{done:,}"
        line = f"{bar} {counted} {text}"
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Take the line away, before something else is written."""
        if self._shown and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0

    @property
    def seconds(self) -> float:
        """Seconds since the bar was made."""
        return time.monotonic() - self._started


def format_seconds(seconds: float) -> str:
    """Return a time left as people say it: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
