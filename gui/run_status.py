"""The status line's words: what is going on, how far it is, and what was done last."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from gui.classify_controller import ClassifyController, RunSummary
from gui.durations import time_taken_text
from gui.list_controller import ListController
from gui.percent import counted
from gui.progress_bar import RateMeter, StatusLine
from gui.results_model import ResultsModel
from model.types import EngineReady


class RunStatus(QObject):
    """Owned by the GUI thread.

    To the user it is one piece of work from the first folder read to the last picture classified, however many scans
    and runs that takes: rate and summary are of all of it, and the numbers are those of the whole list.
    """

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
        classify.finished.connect(self._on_finished)
        lists.scanning_changed.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Show what is going on now."""
        running, scanning = self._classify.running, self._lists.scanning
        if (running or scanning) and not self._working:
            self._rate = RateMeter()
            self._summary = None
        self._working = running or scanning
        if running and self._loading:
            title = self._title_of(self._loading)
            self._line.set_busy(self.tr("Loading {title}\u2026").format(title=title))
        elif running:
            self._show_progress()
        elif scanning:
            self._line.set_busy(self.tr("Looking for pictures\u2026"))
        else:
            self._line.set_idle(self._text_of(self._summary) if self._summary is not None else "")

    @Slot()
    def forget(self) -> None:
        """Say no more what was done last."""
        self._summary = None
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
        before = self._summary
        self._summary = summary if before is None else _joined(before, summary)

    def _show_progress(self) -> None:
        counts = self._results.counts()
        rate = self._rate.per_second
        # While folders are still being read nobody knows how much there will be.
        left = counts.pending / rate if rate and not self._lists.scanning else None
        self._line.update_progress(counts.total - counts.pending, counts.total, rate, left)

    def _text_of(self, summary: RunSummary) -> str:
        classified = summary.done - summary.errors
        done = counted(classified, self.tr("1 picture classified"), self.tr("{count} pictures classified"))
        if summary.errors:
            done += ", " + counted(summary.errors, self.tr("1 could not be read"), self.tr("{count} could not be read"))
        text = self.tr("Stopped: {done}.") if summary.cancelled else self.tr("{done} in {time}.")
        return text.format(done=done, time=time_taken_text(summary.seconds))


def engine_text(ready: EngineReady) -> str:
    """Return where and with what the network computes."""
    from model.engine_choice import ENGINE_TITLES  # the compute thread has imported it by now

    return f"{ready.device} \u00b7 {ENGINE_TITLES[ready.engine]}"


def _joined(first: RunSummary, then: RunSummary) -> RunSummary:
    return RunSummary(first.done + then.done, first.errors + then.errors, first.seconds + then.seconds, then.cancelled)
