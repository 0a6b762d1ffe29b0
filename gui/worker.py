"""JobWorker iterates the jobs of `model` on a QThread; JobRunner starts them and hears of them on the GUI thread."""

import itertools
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QThread, QTimer, Signal, Slot

from model.cancel import Cancelled, CancelToken
from model.errors import PhotospotterError
from model.types import Job, Problem

log = logging.getLogger(__name__)

# The GUI thread takes values at most this often: 30 times a second is as often as anyone can see.
DRAIN_INTERVAL_MS = 33
# A backlog is worked off in slices of so many milliseconds, between which the window paints and hears the user.
SLICE_MS = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: cancelled, with a problem, with the traceback of a bug, or, when all are empty, well."""

    cancelled: bool = False
    problem: Problem | None = None
    traceback: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One started job. The callbacks are called on the GUI thread, `on_done` once and last."""

    number: int
    job: Job
    on_value: Callable[[object], None]
    on_done: Callable[[Outcome], None]
    token: CancelToken = field(default_factory=CancelToken)


class Mailbox:
    """Values on their way from a worker to the GUI thread.

    `put` says whether the GUI thread has to be woken: only for the first value since it last looked, so that a fast
    job cannot flood its event queue.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._items: deque[tuple[Ticket, object]] = deque()
        self._woken = False

    def put(self, ticket: Ticket, value: object) -> bool:
        """Add a value; return True when the receiver must be woken."""
        with self._lock:
            self._items.append((ticket, value))
            wake, self._woken = not self._woken, True
            return wake

    def take_all(self) -> list[tuple[Ticket, object]]:
        """Return everything that has come, in order."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
            self._woken = False
            return items


class JobWorker(QObject):
    """Iterates one job at a time. Lives on a QThread; everything it tells goes through the mailbox."""

    arrived = Signal()

    def __init__(self, mailbox: Mailbox) -> None:
        """Take the mailbox to post to."""
        super().__init__()
        self._mailbox = mailbox

    @Slot(object)
    def run(self, ticket: Ticket) -> None:
        """Iterate the ticket's job to its end; always posts one Outcome last."""
        outcome = Outcome()
        try:
            if not ticket.token.cancelled:
                for value in ticket.job(ticket.token):
                    self._post(ticket, value)
        except Cancelled:
            pass
        except PhotospotterError as exc:
            log.warning("job failed: %s (%s)", exc, exc.problem.detail)
            outcome = Outcome(problem=exc.problem)
        except Exception:
            log.exception("a job crashed")
            outcome = Outcome(traceback=traceback.format_exc())
        if outcome == Outcome() and ticket.token.cancelled:
            outcome = Outcome(cancelled=True)
        self._post(ticket, outcome)

    def _post(self, ticket: Ticket, value: object) -> None:
        if self._mailbox.put(ticket, value):
            self.arrived.emit()


class JobRunner(QObject):
    """A thread with its worker, seen from the GUI thread, which owns this object and makes every call."""

    busy_changed = Signal(bool)
    crashed = Signal(str)
    _start = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None, *, at_end: Callable[[], None] | None = None) -> None:
        """Start the thread; `name` is for logs and debuggers, `at_end` is called on the thread when it ends."""
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._live: dict[int, Ticket] = {}
        self._mailbox = Mailbox()
        self._backlog: deque[tuple[Ticket, object]] = deque()
        self._thread = QThread()
        self._thread.setObjectName(name)
        self._worker = JobWorker(self._mailbox)
        self._worker.moveToThread(self._thread)
        self._start.connect(self._worker.run, Qt.ConnectionType.QueuedConnection)
        self._worker.arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)
        if at_end is not None:
            self._thread.finished.connect(at_end, Qt.ConnectionType.DirectConnection)
        self._since_drain = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._drain)
        self._thread.start()

    @property
    def name(self) -> str:
        """The thread's name."""
        return self._thread.objectName()

    @property
    def busy(self) -> bool:
        """Whether a job is running or queued."""
        return bool(self._live)

    def start(
        self,
        job: Job,
        on_value: Callable[[object], None],
        on_done: Callable[[Outcome], None],
        *,
        supersede: bool = False,
    ) -> Ticket:
        """Queue a job. With `supersede` all earlier ones are cancelled, and nothing more is heard of them."""
        if supersede:
            self.supersede()
        was_busy = self.busy
        ticket = Ticket(next(self._numbers), job, on_value, on_done)
        self._live[ticket.number] = ticket
        self._start.emit(ticket)
        if not was_busy:
            self.busy_changed.emit(True)
        return ticket

    def cancel(self) -> None:
        """Ask every job to stop; what they still deliver is heard."""
        for ticket in self._live.values():
            ticket.token.cancel()

    def forget(self, ticket: Ticket) -> None:
        """Ask one job to stop, and hear nothing more of it; harmless when it has ended."""
        ticket.token.cancel()
        if self._live.pop(ticket.number, None) is not None and not self._live:
            self.busy_changed.emit(False)

    def supersede(self) -> None:
        """Ask every job to stop and forget it: late values of its generation are dropped."""
        self.cancel()
        if self._live:
            self._live.clear()
            self.busy_changed.emit(False)

    def shutdown(self) -> None:
        """Cancel everything and let the thread end; does not wait."""
        self.supersede()
        self._thread.quit()

    def wait(self, milliseconds: int) -> bool:
        """Wait for the thread's end; return whether it has ended. It is never terminated."""
        return self._thread.wait(max(0, milliseconds))

    @Slot()
    def _on_arrived(self) -> None:
        if self._backlog:  # what has come is taken up with the rest of it
            if not self._timer.isActive():  # a value has opened an event loop of its own
                self._timer.start(0)
            return
        pause = DRAIN_INTERVAL_MS - self._since_drain.elapsed() if self._since_drain.isValid() else 0
        if pause > 0:
            self._timer.start(pause)
        else:
            self._drain()

    @Slot()
    def _drain(self) -> None:
        self._since_drain.restart() if self._since_drain.isValid() else self._since_drain.start()
        self._backlog.extend(self._mailbox.take_all())
        while self._backlog:
            self._deliver(*self._backlog.popleft())
            if self._since_drain.elapsed() >= SLICE_MS:
                break
        if self._backlog:
            self._timer.start(0)

    def _deliver(self, ticket: Ticket, value: object) -> None:
        if ticket.number not in self._live:
            return
        if not isinstance(value, Outcome):
            ticket.on_value(value)
            return
        del self._live[ticket.number]
        if value.traceback:
            self.crashed.emit(value.traceback)
        ticket.on_done(value)
        if not self._live:
            self.busy_changed.emit(False)
