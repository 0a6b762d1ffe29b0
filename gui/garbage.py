"""Python's garbage collection, on the GUI thread only."""

import gc

from PySide6.QtCore import QObject, QTimer, Slot

INTERVAL_MS = 500


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
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect_if_due)
        self._timer.start(INTERVAL_MS)

    @Slot()
    def collect_if_due(self) -> None:
        """Collect the oldest generation whose count is over Python's own threshold."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation] > 0:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Give the work back to Python, if it had it before."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()
