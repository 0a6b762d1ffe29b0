"""Runs a job in a process of its own, so that it disturbs nobody's memory, GIL or torch; its values are read here.

The child side is `model.child_entry`. Two one-way pipes join the two: values come up one, the request to stop goes down
the other. A full pipe holds the child up until somebody reads, so values never pile up; and the end of the second
pipe tells the child that its parent is gone, however that went.
"""

import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from model.cancel import Cancelled, CancelToken
from model.child_entry import Crashed, Ended, Failed, Log, Message, Value, WasCancelled, run
from model.errors import PhotospotterError

if sys.platform == "linux":
    import fcntl

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20.0
_TICK = 0.2  # how often the tokens are looked at, in seconds
_LAST_WORDS = 5.0  # for an interpreter that has torch in it to come to its end
_TERMINATION = 2.0
_PIPE_BYTES = 1 << 20  # what Linux allows everybody


class ChildCrashError(RuntimeError):
    """A bug in the child; the message is the child's own traceback."""


def run_in_child(
    target: str,
    arguments: Sequence[object],
    cancel: CancelToken,
    *,
    keywords: Mapping[str, object] | None = None,
    abandon: CancelToken | None = None,
    patience: float = PATIENCE_SECONDS,
    low_priority: bool = False,
) -> Iterator[object]:
    """Run a job in a child process and yield its values.

    `target` is "module:function", which is called as function(*arguments, token, **keywords). Arguments and values are
    pickled. When `cancel` is set, the child's token is too, and the child has `patience` seconds to save and to end,
    whose values are still delivered; then it is killed. When `abandon` is set, or this generator is closed, the child
    is killed at once. What the child logs is logged here.

    Raises the job's own PhotospotterError or Cancelled, ChildCrashError for a bug, and PhotospotterError when the
    process cannot be started or ends without having told how.
    """
    context = multiprocessing.get_context("spawn")
    values, to_parent = context.Pipe(duplex=False)
    _widen(values)
    from_parent, orders = context.Pipe(duplex=False)
    level = logging.getLogger().getEffectiveLevel()
    process = context.Process(
        target=run,
        args=(target, tuple(arguments), dict(keywords or {}), to_parent, from_parent, level, low_priority),
        name=target,
        daemon=True,
    )
    with values, orders:
        # The child's ends are closed here, so that its death is the end of the pipe.
        with to_parent, from_parent:
            _start(process)
        last_words = 0.0
        try:
            for message in _messages(process, values, orders, cancel, abandon or CancelToken(), patience):
                if isinstance(message, Value):
                    yield message.value
                elif isinstance(message, Log):
                    _log_again(message.record)
                else:
                    last_words = _LAST_WORDS
                    _raise(message)
                    return
        finally:
            _end(process, last_words)


def _widen(pipe: "Connection[Message, Message]") -> None:
    """Let more than 64 KiB go through a pipe at once: each read of a part waits for the interpreter lock."""
    if sys.platform == "linux":
        with suppress(OSError):  # the user has many wide pipes already
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _start(process: SpawnProcess) -> None:
    """Start the process; it learns to ignore SIGINT before one can reach it."""
    try:
        with _interrupts_blocked():
            process.start()
    except OSError as exc:
        raise PhotospotterError("child-not-started", reason=exc.strerror or type(exc).__name__) from exc


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Hold SIGINT back on this thread, and in a process that it starts: there until `model.child_entry` ignores it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _messages(
    process: SpawnProcess,
    values: "Connection[Message, Message]",
    orders: "Connection[bool, bool]",
    cancel: CancelToken,
    abandon: CancelToken,
    patience: float,
) -> Iterator[Message]:
    deadline: float | None = None
    while True:
        if abandon.cancelled:
            raise Cancelled
        if deadline is None and cancel.cancelled:
            deadline = time.monotonic() + patience
            _order_to_stop(orders)
        if deadline is not None and time.monotonic() > deadline:
            log.warning("%s did not end within %.0f s of being asked to", process.name, patience)
            raise Cancelled
        ready = wait([values, process.sentinel], _TICK)
        if values in ready:
            try:
                message = values.recv()
            except (EOFError, OSError):
                raise _death_of(process, cancel) from None
            yield message
        elif ready:
            raise _death_of(process, cancel)


def _order_to_stop(orders: "Connection[bool, bool]") -> None:
    try:
        orders.send(True)
    except OSError:  # it has just ended; its last values may still be in the pipe
        log.debug("the child was gone before it could be asked to stop")


def _death_of(process: SpawnProcess, cancel: CancelToken) -> Exception:
    """Return what to raise for a child that ended without telling how it went."""
    process.join(_TERMINATION)
    code = process.exitcode
    if cancel.cancelled and code == -signal.SIGTERM:  # whoever ends a whole group of processes meant this one too
        return Cancelled()
    log.error("the process of %s ended by itself, exit code %s", process.name, code)
    return PhotospotterError("child-died", detail=f"{process.name}, exit code {code}")


def _log_again(record: logging.LogRecord) -> None:
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def _raise(message: Ended | WasCancelled | Failed | Crashed) -> None:
    if isinstance(message, WasCancelled):
        raise Cancelled
    if isinstance(message, Failed):
        raise message.error()
    if isinstance(message, Crashed):
        raise ChildCrashError(f"in a child process:\n{message.traceback}")


def _end(process: SpawnProcess, last_words: float) -> None:
    """See to it that the process has ended; one that does not by itself in `last_words` seconds is killed."""
    process.join(last_words)
    if process.exitcode is None:
        process.terminate()
        process.join(_TERMINATION)
    if process.exitcode is None:
        process.kill()
        process.join()
    process.close()
