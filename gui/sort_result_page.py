"""The sort dialog while it sorts or undoes, and when that has ended: how far, what came of it, and the way back."""

from collections.abc import Sequence
from enum import Enum

from PySide6.QtCore import QLocale, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QPushButton, QVBoxLayout, QWidget

from gui.durations import time_left_text
from gui.error_texts import problem_remedy, problem_text
from gui.percent import counted
from gui.progress_bar import RateMeter
from gui.sort_texts import done_text, run_text, undo_text
from gui.theme import GAP, bold_font, tabular_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel
from model.sorting_types import SortDone, SortFailure, SortRun, SortStep, UndoDone
from model.types import Problem

MOST_LISTED = 500
"""So many failures are listed."""


class ResultState(Enum):
    """What the page shows."""

    SORTING = "sorting"
    UNDOING = "undoing"
    DONE = "done"
    EARLIER = "earlier"
    """A run of an earlier time, that can be undone."""
    UNDONE = "undone"
    FAULT = "fault"


class SortResultPage(QWidget):
    """Owned by the GUI thread; shows what it is given."""

    stop_requested = Signal()
    undo_requested = Signal()
    reveal_requested = Signal()
    again_requested = Signal()
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing."""
        super().__init__(parent)
        self._state = ResultState.DONE
        self._failed = 0
        self._rate = RateMeter()
        self._headline = TonedLabel("", wrap=True)
        self._text = TonedLabel("", Tone.MUTED, wrap=True)
        self._bar = ThinBar()
        self._list = QListWidget()
        self._more = TonedLabel("", Tone.MUTED, small=True)
        self._again = QPushButton(self.tr("&Back"))
        self._stop = QPushButton(self.tr("&Stop"))
        self._undo = QPushButton(self.tr("&Undo"))
        self._reveal = QPushButton(self.tr("Show &folder"))
        self._close = QPushButton(self.tr("Close"))
        self._set_up()
        self._lay_out()

    def _set_up(self) -> None:
        self._headline.setFont(bold_font(self._headline.font()))
        self._text.setFont(tabular_font(self._text.font()))
        self._bar.setAccessibleName(self.tr("Progress of sorting"))
        self._list.setAccessibleName(self.tr("What stayed as it was"))
        self._list.setWordWrap(True)
        self._again.clicked.connect(self.again_requested)
        self._stop.clicked.connect(self.stop_requested)
        self._undo.clicked.connect(self.undo_requested)
        self._reveal.clicked.connect(self.reveal_requested)
        self._close.clicked.connect(self.close_requested)
        for button in (self._again, self._stop, self._undo, self._reveal, self._close):
            button.setAutoDefault(False)
            button.setAccessibleName(button.text().replace("&", ""))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self._again)
        buttons.addStretch(1)
        for button in (self._undo, self._reveal, self._stop, self._close):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._headline)
        column.addWidget(self._text)
        column.addWidget(self._bar)
        column.addWidget(self._list, 1)
        column.addWidget(self._more)
        column.addStretch(0)
        column.addLayout(buttons)

    # --- what is shown ---

    @property
    def state(self) -> ResultState:
        """What the page shows."""
        return self._state

    @property
    def headline(self) -> str:
        """What came of it, in words."""
        return self._headline.text()

    @property
    def lines(self) -> list[str]:
        """The failures that are listed."""
        return [self._list.item(row).text() for row in range(self._list.count())]

    @property
    def can_undo(self) -> bool:
        """Whether undoing is offered."""
        return self._undo.isVisibleTo(self)

    def begin(self, *, undo: bool) -> None:
        """Show that sorting, or undoing, has begun."""
        self._failed = 0
        self._rate = RateMeter()
        self._list.clear()
        self._bar.set_indeterminate()
        text = self.tr("Undoing\u2026") if undo else self.tr("Sorting\u2026")
        self._show(ResultState.UNDOING if undo else ResultState.SORTING, text)

    def show_step(self, step: SortStep) -> None:
        """Show how far it is, and what failed."""
        self._rate.update(step.done)
        if step.total:
            self._bar.set_share(step.done / step.total)
        number = QLocale().toString
        text = self.tr("{done} of {total}").format(done=number(step.done), total=number(step.total))
        left = self._rate.seconds_left(step.total)
        self._text.setText(text if left is None or step.done == step.total else f"{text} \u00b7 {time_left_text(left)}")
        self._add_failures(step.failures)

    def show_stopping(self) -> None:
        """Show that it was asked to stop."""
        self._stop.setEnabled(False)
        self._headline.setText(self.tr("Stopping\u2026"))

    def show_done(self, done: SortDone, *, can_undo: bool) -> None:
        """Show what a run has done."""
        stopped = ""
        if done.stopped is not None:
            stopped = f"{problem_text(done.stopped)} {problem_remedy(done.stopped)}".strip()
        self._show(ResultState.DONE, done_text(done), stopped, can_undo=can_undo, has_folder=done.target is not None)

    def show_earlier(self, run: SortRun) -> None:
        """Show a run of an earlier time."""
        self._list.clear()
        self._failed = 0
        self._show(ResultState.EARLIER, run_text(run), can_undo=True, has_folder=run.target is not None)

    def show_undone(self, done: UndoDone) -> None:
        """Show what an undo has done; one that was stopped can go on."""
        self._show(ResultState.UNDONE, undo_text(done), can_undo=done.cancelled)

    def show_problem(self, problem: Problem) -> None:
        """Show why nothing could be done."""
        self._show(ResultState.FAULT, problem_text(problem), problem_remedy(problem))

    def show_crash(self) -> None:
        """Say that it ended by a bug, which is told of elsewhere."""
        words = self.tr("What was done until then can be undone: File > Undo last sort.")
        self._show(ResultState.FAULT, self.tr("It broke off because of an error in Photospotter."), words)

    def _show(
        self, state: ResultState, headline: str, text: str = "", *, can_undo: bool = False, has_folder: bool = False
    ) -> None:
        self._state = state
        busy = state in (ResultState.SORTING, ResultState.UNDOING)
        self._headline.set_tone(Tone.DANGER if state is ResultState.FAULT else Tone.TEXT)
        self._headline.setText(headline)
        self._text.setText(text)
        self._bar.setVisible(busy)
        self._stop.setVisible(busy)
        self._stop.setEnabled(True)
        self._undo.setVisible(can_undo)
        self._reveal.setVisible(has_folder)
        self._again.setVisible(not busy)
        self._list.setVisible(self._list.count() > 0)
        self._say_more()

    def _add_failures(self, failures: Sequence[SortFailure]) -> None:
        self._failed += len(failures)
        room = MOST_LISTED - self._list.count()
        self._list.addItems([problem_text(failure.problem) for failure in failures[:room]])
        self._list.setVisible(self._list.count() > 0)
        self._say_more()

    @Slot()
    def _say_more(self) -> None:
        more = self._failed - self._list.count()
        one, many = self.tr("1 more line is not shown."), self.tr("{count} more lines are not shown.")
        self._more.setText(counted(more, one, many) if more > 0 else "")
        self._more.setVisible(more > 0)
