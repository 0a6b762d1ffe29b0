"""Python's garbage collection, on the GUI thread only."""

import gc

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication

INTERVAL_MS = 500
_A_FLOOD = 20_000  # new objects since the last look; collecting them would take 2 ms and more
_MANY = 3_000  # new objects; the survivors of ten such looks would take 40 ms at the next one
_MOST_FROZEN = 200_000  # objects; with more, a full collection is left out: who is away may be about to drop pictures
_FULL_EVERY = 10  # collections of the middle generation


class GuiGarbageCollector(QObject):
    """Collects reference cycles by a timer of the GUI thread, in place of Python's own collection on any thread.

    Python collects on whatever thread happens to allocate. On a worker that may destroy Qt objects of the GUI thread,
    and it has deadlocked: the worker, inside QObject::disconnect, held the signal's lock and waited for the GIL, which
    the GUI thread held while it waited for that lock.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        """Take over; to be made on the GUI thread."""
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._since_full = 0
        self._frozen = 0
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect_if_due)
        self._timer.start(INTERVAL_MS)

    @Slot()
    def collect_if_due(self) -> None:
        """Collect the young objects when their count is over Python's own threshold; never for longer than a frame.

        A collection looks at every object of its generations: 0.6 s for the rows of 100,000 pictures, 80 ms for the
        window alone, as measured. So what survived two collections, or came in such numbers that it must be rows, is
        frozen: not looked at again, until a full collection at a time when the user is in another program, if that is
        still a short one.
        """
        counts, thresholds = gc.get_count(), gc.get_threshold()
        if counts[0] > _A_FLOOD:
            self._freeze(counts[0])
        elif counts[1] > thresholds[1] > 0:
            self._collect_old()
        elif counts[0] > thresholds[0] > 0:
            gc.collect(0)
            if counts[0] > _MANY:
                self._freeze(counts[0])

    def _collect_old(self) -> None:
        self._since_full += 1
        is_away = QGuiApplication.applicationState() is not Qt.ApplicationState.ApplicationActive
        if self._since_full >= _FULL_EVERY and is_away and self._frozen <= _MOST_FROZEN:
            self._since_full = 0
            gc.unfreeze()
            gc.collect()
        else:
            gc.collect(1)
        gc.freeze()

    def _freeze(self, count: int) -> None:
        gc.freeze()
        self._frozen += count

    def stop(self) -> None:
        """Give the work back to Python, if it had it before."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()
