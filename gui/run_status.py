"""The status line's words: what is going on, how far it is, and what was done last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from gui.classify_controller import ClassifyController
from gui.list_controller import ListController
from gui.progress_bar import RateMeter, StatusLine
from gui.results_model import ResultsModel
from model.types import EngineReady

if TYPE_CHECKING:
    from model.run_summary import RunSummary


class RunStatus(QObject):
    """Owned by the GUI thread.

    To the user it is one piece of work from the first folder read to the last picture classified, however many scans
    and runs that takes: rate and summary are of all of it, and the numbers are those of the whole list. The summary
    stays until the next piece of work begins.
    """

    summarised = Signal(object)
    """What was done last is known, a RunSummary, or forgotten: None."""
    ended = Signal(object)
    """A piece of work has just ended; its RunSummary."""

    def __init__(
        self,
        classify: ClassifyController,
        lists: ListController,
        results: ResultsModel,
        line: StatusLine,
        title_of: Callable[[str], str],
        parent: QObject | None = None,
    ) -> None:
        """Listen to the controllers and write into `line`; `title_of` gives the title of a weight set's id."""
        super().__init__(parent)
        self._classify = classify
        self._lists = lists
        self._results = results
        self._line = line
        self._title_of = title_of
        self._rate = RateMeter()
        self._loading = ""
        self._summary: RunSummary | None = None
        self._working = False
        classify.loading.connect(self._on_loading)
        classify.engine_ready.connect(self._on_engine_ready)
        classify.progressed.connect(self._on_progress)
        classify.running_changed.connect(self._on_running_changed)
        classify.paused_changed.connect(self._on_paused_changed)
        classify.finished.connect(self._on_finished)
        lists.scanning_changed.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Show what is going on now."""
        running, scanning = self._classify.running, self._lists.scanning
        if (running or scanning) and not self._working:
            self._rate = RateMeter()
            self._summary = None
            self.summarised.emit(None)
        has_ended = self._working and not (running or scanning)
        self._working = running or scanning
        if running and self._classify.paused:
            self._show_progress()
        elif running and self._loading:
            title = self._title_of(self._loading)
            self._line.set_busy(self.tr("Loading {title}\u2026").format(title=title))
        elif running:
            self._show_progress()
        elif scanning:
            self._line.set_busy(self.tr("Looking for pictures\u2026"))
        else:
            self._show_summary()
            if has_ended and self._summary is not None:
                self.summarised.emit(self._summary)
                self.ended.emit(self._summary)

    @Slot()
    def forget(self) -> None:
        """Say no more what was done last."""
        self._summary = None
        self.summarised.emit(None)
        self.refresh()

    @Slot(str)
    def _on_loading(self, weights_id: str) -> None:
        self._loading = weights_id
        self.refresh()

    @Slot(object)
    def _on_engine_ready(self, ready: EngineReady) -> None:
        self._loading = ""
        self._line.set_device(engine_text(ready))
        self.refresh()

    @Slot(int)
    def _on_progress(self, computed: int) -> None:
        if computed:  # results from the store come too fast to say anything about the rest
            self._rate.update(computed)
        self._show_progress()

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        if not running:
            self._loading = ""
        self.refresh()

    @Slot(object)
    def _on_finished(self, summary: RunSummary) -> None:
        from model.run_summary import joined  # which a start does without

        self._summary = summary if self._summary is None else joined(self._summary, summary)

    @Slot(bool)
    def _on_paused_changed(self, paused: bool) -> None:
        if not paused:
            self._rate = RateMeter()  # the pause is no part of the rate
        self.refresh()

    def _show_summary(self) -> None:
        if self._summary is None:
            self._line.set_idle("")
            return
        from gui.summary_texts import summary_text  # which a start does without

        self._line.set_idle(summary_text(self._summary), details=self._summary.done > 0)

    def _show_progress(self) -> None:
        counts = self._results.counts()
        if self._classify.paused:
            self._line.set_paused(counts.total - counts.pending, counts.total)
            return
        rate = self._rate.per_second
        # While folders are still being read nobody knows how much there will be.
        left = counts.pending / rate if rate and not self._lists.scanning else None
        self._line.update_progress(counts.total - counts.pending, counts.total, rate, left)


def engine_text(ready: EngineReady) -> str:
    """Return where and with what the network computes."""
    from model.engine_choice import ENGINE_TITLES  # the compute thread has imported it by now

    return f"{ready.device} \u00b7 {ENGINE_TITLES[ready.engine]}"
