"""What the command line says: results on standard output, everything else on standard error."""

import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from model.atomic_file import write_error
from model.errors import ExportError

# C0 and C1; the line and paragraph separators; embeddings, overrides and isolates (Unicode 16, UAX #9, 2.1 to 2.5).
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BAR_WIDTH = 24
_USUAL_WIDTH = 80
_REDRAW_SECONDS = 0.1


STANDARD_OUTPUT = "-"
"""The name by which a target on the command line means standard output."""


def say(text: str) -> None:
    """Write a line for people to standard error; nobody hearing it must not end the work."""
    if _is_open(sys.stderr):
        with suppress(OSError):
            print(on_one_line(text), file=sys.stderr)  # noqa: T201 - this is the command line's voice


def emit(text: str) -> None:
    """Write a line of results to standard output; raises ExportError when that fails."""
    stream = standard_output()
    try:
        print(text, file=stream, flush=True)
    except OSError as exc:
        raise write_error(Path(STANDARD_OUTPUT), exc) from exc


def standard_output() -> TextIO:
    """Return standard output; raises ExportError when the program was started without one."""
    if not _is_open(sys.stdout):
        raise ExportError("export-target-unusable", name=STANDARD_OUTPUT, reason="standard output is closed")
    return sys.stdout


def on_one_line(text: str) -> str:
    r"""Return `text` with control characters as `\n`, `\x1b` and so on: names may hold line ends and escape codes.

    Spelled out, too, are Unicode's line ends, and what turns the direction of the text that follows: with it a name
    could show its parts, and what stands after it on the line, in another order.
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def let_go_of_streams() -> None:
    """Flush both streams for the last time; Python would end with a code of its own if that failed at its exit."""
    for stream in (sys.stdout, sys.stderr):
        if not _is_open(stream):
            continue
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_open(stream: TextIO | None) -> bool:
    """Return whether there is such a stream: Python has None for one that was closed when the program started."""
    return stream is not None


class ProgressBar:
    """One line on standard error that is drawn over itself; draws nothing where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        """With `quiet` nothing is drawn."""
        self._shown = not quiet and _is_open(sys.stderr) and sys.stderr.isatty()
        self._last = 0.0
        self._width = 0

    def update(self, done: int, total: int | None, text: str = "") -> None:
        """Draw `done` of `total` things, with what else there is to tell; at most ten times a second."""
        now = time.monotonic()
        if not self._shown or (now - self._last < _REDRAW_SECONDS and done != total):
            return
        self._last = now
        filled = _BAR_WIDTH * done // total if total else 0
        bar = f"[{'#' * filled}{' ' * (_BAR_WIDTH - filled)}]"
        counted = f"{done:,} of {total:,}" if total is not None else f"{done:,}"
        # A line that is wrapped could not be drawn over.
        line = f"{bar} {counted} {text}"[: _terminal_width() - 1]
        self._draw("\r" + line.ljust(self._width))
        self._width = len(line)

    def clear(self) -> None:
        """Take the line away, before something else is written."""
        if self._shown and self._width:
            self._draw("\r" + " " * self._width + "\r")
            self._width = 0

    def _draw(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _terminal_width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_WIDTH
    except OSError:
        return _USUAL_WIDTH


def format_seconds(seconds: float) -> str:
    """Return a time left as people say it: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
