"""What `model.child_process` runs in the child: the job, the ear for its parent, and the way back for all it tells."""

import importlib
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener
from multiprocessing.connection import Connection

from model.cancel import Cancelled, CancelToken
from model.errors import PhotospotterError
from model.garbage import without_collecting
from model.types import Problem

_NICENESS = 10
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000  # Windows, processthreadsapi.h
_EXIT_ORPHAN = 70


@dataclass(frozen=True, slots=True)
class Value:
    """One value that the job yielded."""

    value: object


@dataclass(frozen=True, slots=True)
class Log:
    """One log record, its arguments already in its message."""

    record: logging.LogRecord


@dataclass(frozen=True, slots=True)
class Ended:
    """The job came to its end."""


@dataclass(frozen=True, slots=True)
class WasCancelled:
    """The job stopped because it was asked to."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The job met an expected failure. An exception cannot be pickled as it is: its arguments are not its text."""

    kind: type[PhotospotterError]
    problem: Problem

    def error(self) -> PhotospotterError:
        """Return the exception that was raised in the child."""
        error = self.kind.__new__(self.kind)
        PhotospotterError.__init__(error, self.problem.code, detail=self.problem.detail, **dict(self.problem.params))
        return error


@dataclass(frozen=True, slots=True)
class Crashed:
    """The job met a bug."""

    traceback: str


Message = Value | Log | Ended | WasCancelled | Failed | Crashed


def run(
    target: str,
    arguments: tuple[object, ...],
    keywords: dict[str, object],
    to_parent: "Connection[Message, Message]",
    from_parent: "Connection[bool, bool]",
    level: int,
    low_priority: bool,
) -> None:
    """Run one job and tell everything through `to_parent`, the outcome last. The child's main function."""
    _leave_interrupts_to_the_parent()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported, which the job does
    if low_priority:
        lower_priority()
    cancel, told = CancelToken(), threading.Event()
    threading.Thread(target=_listen, args=(from_parent, cancel, told), name="parent", daemon=True).start()
    way = _WayUp(to_parent)
    way.start_logging(level)
    try:
        for value in _job(target)(*arguments, cancel, **keywords):
            way.send(Value(value))
        outcome: Message = Ended()
    except Cancelled:
        outcome = WasCancelled()
    except PhotospotterError as exc:
        outcome = Failed(type(exc), exc.problem)
    except Exception:  # noqa: BLE001 - the child's boundary: the parent raises it anew
        outcome = Crashed(traceback.format_exc())
    way.stop_logging()
    told.set()
    way.send(outcome)


class _WayUp:
    """Sends messages from several threads, whole and one after another."""

    def __init__(self, connection: "Connection[Message, Message]") -> None:
        self._connection = connection
        self._lock = threading.Lock()
        # A record may be made anywhere, even by a finaliser while a value is being sent, so it only takes a place in a
        # queue there; another thread sends it.
        self._records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._handler = QueueHandler(self._records)
        self._listener = QueueListener(self._records, _Sender(self))

    def send(self, message: Message) -> None:
        """Hand a message to the parent; waits while it has not read what came before."""
        with self._lock:
            self._connection.send(message)

    def start_logging(self, level: int) -> None:
        root = logging.getLogger()
        root.setLevel(level)
        root.addHandler(self._handler)
        self._listener.start()

    def stop_logging(self) -> None:
        """Send what is left; nothing that is logged later is told."""
        logging.getLogger().removeHandler(self._handler)
        self._listener.stop()


class _Sender(logging.Handler):
    """Hands records on."""

    def __init__(self, way: _WayUp) -> None:
        super().__init__()
        self._way = way

    def emit(self, record: logging.LogRecord) -> None:
        self._way.send(Log(record))


def _job(target: str) -> Callable[..., Iterator[object]]:
    module, _, function = target.partition(":")
    with without_collecting():
        job: Callable[..., Iterator[object]] = getattr(importlib.import_module(module), function)
    return job


def _listen(from_parent: "Connection[bool, bool]", cancel: CancelToken, told: threading.Event) -> None:
    """Wait for the request to stop, and for the parent's end, which is this process's end."""
    try:
        while True:
            from_parent.recv()
            cancel.cancel()
    except (EOFError, OSError):
        if not told.is_set():
            os._exit(_EXIT_ORPHAN)


def _leave_interrupts_to_the_parent() -> None:
    """Ignore what a terminal sends to all its processes alike: the parent decides, and says so through the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def lower_priority() -> None:
    """Let this process give way to others."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetPriorityClass(
            ctypes.windll.kernel32.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS
        )
    else:
        os.nice(_NICENESS)
