"""The program's end: threads get a few seconds, and one that sits in an import or a stalled read cannot hold it up."""

import logging
import os
import time
from collections.abc import Callable, Sequence

from gui.worker import JobRunner

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0


def finish(
    runners: Sequence[JobRunner],
    *,
    patience: float = PATIENCE_SECONDS,
    leave: Callable[[int], None] = os._exit,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Wait for the threads, together at most `patience` seconds; return whether all ended.

    Called when the window is gone and everything is saved. If a thread is still in an import or a read that does not
    return, the log is flushed and the process ends by `leave(0)`: the one place where that is allowed, because
    destroying a running QThread aborts the process.
    """
    deadline = clock() + patience
    stuck = [runner for runner in runners if not runner.wait(int(1000 * (deadline - clock())))]
    if not stuck:
        return True
    log.warning("threads still busy after %.0f s: %s", patience, ", ".join(runner.name for runner in stuck))
    logging.shutdown()
    leave(0)
    return False
