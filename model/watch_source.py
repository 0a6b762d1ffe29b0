"""What tells of changes in folders: the system, through the library watchfiles, or looking again and again."""

import logging
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import Path
from typing import Protocol

from model.cancel import CancelToken

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds at the most between two values of a source of changes."""

_STEP_MS = 50
_GROUP_MS = 400  # a burst of changes is told together, at the latest after so long


class WatchMode(Enum):
    """How changes are noticed: the system tells of them, all files are looked at in turn, or only listed in turn."""

    NATIVE = "native"
    POLLING = "polling"
    LISTING = "listing"


class ChangeSource(Protocol):
    """Yields the paths of what has appeared or changed, at least every TICK seconds; an empty set when nothing has.

    Raises OSError, RuntimeError or UnicodeError when it cannot watch; ends when `cancel` is set.
    """

    def __call__(
        self, folders: Sequence[Path], recursive: bool, mode: WatchMode, poll_seconds: float, cancel: CancelToken, /
    ) -> Iterator[AbstractSet[str]]:
        """Begin to watch."""


class _StopEvent:
    """A CancelToken as watchfiles looks at it."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel

    def is_set(self) -> bool:
        return self._cancel.cancelled


def changes_in(
    folders: Sequence[Path], recursive: bool, mode: WatchMode, poll_seconds: float, cancel: CancelToken
) -> Iterator[AbstractSet[str]]:
    """Tell of changes in `folders` on this computer: see ChangeSource. Listing tells of none, its caller lists."""
    if mode is WatchMode.LISTING:
        while not cancel.wait(TICK):
            yield frozenset()
        return
    from watchfiles import Change, watch

    # It notes every change, also that of a log file in a watched folder, which is one more change.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    for changes in watch(
        *folders,
        watch_filter=None,
        debounce=_GROUP_MS,
        step=_STEP_MS,
        stop_event=_StopEvent(cancel),
        rust_timeout=int(1000 * TICK),
        yield_on_timeout=True,
        debug=False,
        raise_interrupt=False,
        force_polling=True if mode is WatchMode.POLLING else None,
        poll_delay_ms=int(1000 * poll_seconds),
        recursive=recursive,
        # Where the system tells of changes, the library would pass over its limit too, and watch nothing.
        ignore_permission_denied=mode is WatchMode.POLLING,
    ):
        yield {path for change, path in changes if change is not Change.deleted}
