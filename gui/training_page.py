"""The Train dialog while a training runs, and when it has ended: how far, how good, and what to do next."""

from enum import Enum

from PySide6.QtCore import QElapsedTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.error_texts import problem_remedy, problem_text
from gui.progress_bar import RateMeter
from gui.score_dots import ScoreDots
from gui.theme import GAP, bold_font, tabular_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel
from gui.training_curves import TrainingCurves
from gui.training_progress import Phase, TrainingProgress
from gui.training_texts import best_text, phase_text, result_facts, result_text, title_of
from gui.worker import Outcome


class PageState(Enum):
    """What the page shows."""

    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    """Stopped before there was anything to keep."""
    FAULT = "fault"


class TrainingPage(QWidget):
    """Owned by the GUI thread; shows what it is given."""

    stop_requested = Signal()
    close_requested = Signal()
    use_requested = Signal(str)
    evaluate_requested = Signal(str)
    another_requested = Signal()
    resume_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a training."""
        super().__init__(parent)
        self._state = PageState.RUNNING
        self._progress: TrainingProgress | None = None
        self._rate = RateMeter()
        self._phase = Phase.STARTING
        self._since_text = QElapsedTimer()
        self._title = TonedLabel("")
        self._headline = TonedLabel("", wrap=True)
        self._text = TonedLabel("", Tone.MUTED, wrap=True)
        self._bar = ThinBar()
        self._best = TonedLabel("", wrap=True)
        self.curves = TrainingCurves()
        self._scores = ScoreDots(self.tr("Named rightly of each held-out part"))
        self._background = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._stop = QPushButton(self.tr("&Stop"))
        self._close = QPushButton(self.tr("Close"))
        self._use = QPushButton(self.tr("&Use these weights now"))
        self._evaluate = QPushButton(self.tr("&Evaluate\u2026"))
        self._another = QPushButton(self.tr("Train &another"))
        self._resume = QPushButton(self.tr("&Resume"))
        self._set_up()
        self._lay_out()

    def _set_up(self) -> None:
        self._title.setFont(bold_font(self._title.font()))
        larger = self._headline.font()
        if larger.pointSizeF() > 0:
            larger.setPointSizeF(larger.pointSizeF() * 1.3)
        self._headline.setFont(larger)
        self._text.setFont(tabular_font(self._text.font()))
        self._bar.setAccessibleName(self.tr("Progress of training"))
        self._background.setText(
            self.tr("The training goes on when this window is closed, and pictures can be classified meanwhile.")
        )
        self._stop.clicked.connect(self.stop_requested)
        self._close.clicked.connect(self.close_requested)
        self._another.clicked.connect(self.another_requested)
        self._resume.clicked.connect(self.resume_requested)
        self._use.clicked.connect(self._ask_to_use)
        self._evaluate.clicked.connect(self._ask_to_evaluate)
        for button in (self._stop, self._close, self._use, self._evaluate, self._another, self._resume):
            button.setAutoDefault(False)
            button.setAccessibleName(button.text().replace("&", ""))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self._another)
        buttons.addStretch(1)
        for button in (self._resume, self._evaluate, self._use, self._stop, self._close):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._title)
        column.addWidget(self._headline)
        column.addWidget(self._text)
        column.addWidget(self._bar)
        column.addWidget(self._best)
        column.addSpacing(GAP)
        column.addWidget(self._scores)
        column.addWidget(self.curves, 1)
        column.addSpacing(GAP)
        column.addWidget(self._background)
        column.addLayout(buttons)

    # --- what is shown ---

    @property
    def state(self) -> PageState:
        """What the page shows."""
        return self._state

    @property
    def headline(self) -> str:
        """The result in words; empty while there is none."""
        return self._headline.text()

    @property
    def text(self) -> str:
        """The line that says how far it is, or the smaller facts of the result."""
        return self._text.text()

    @property
    def best(self) -> str:
        """How good it is so far."""
        return self._best.text()

    def begin(self, progress: TrainingProgress) -> None:
        """Show a training that has just begun."""
        self._rate, self._phase = RateMeter(), Phase.STARTING
        self._set_state(PageState.RUNNING)
        self.show_progress(progress, stopping=False)

    def show_progress(self, progress: TrainingProgress, *, stopping: bool) -> None:
        """Show how far it is."""
        self._progress = progress
        if stopping is not (self._state is PageState.STOPPING):
            self._set_state(PageState.STOPPING if stopping else PageState.RUNNING)
        self._title.setText(self.tr("Training {title}").format(title=title_of(progress)))
        if stopping:
            keeps = self.tr("Stopping; the best network so far is measured and stored\u2026")
            self._text.setText(keeps if progress.keeps_best else self.tr("Stopping\u2026"))
            self._bar.set_indeterminate()
        else:
            self._text.setText(phase_text(progress, self.seconds_left(progress)))
            share = progress.share
            self._bar.set_indeterminate() if share is None else self._bar.set_share(share)
        self._best.setText(best_text(progress))
        self._stop.setText(self.tr("&Stop and keep the best") if progress.keeps_best else self.tr("&Stop"))
        self._stop.setAccessibleName(self._stop.text().replace("&", ""))
        self._draw(progress)

    def seconds_left(self, progress: TrainingProgress) -> float | None:
        """Return what the training itself foresees, else what the pace of the present phase says."""
        if progress.phase is Phase.LEARNING:
            return progress.seconds_left
        if progress.phase is not self._phase:
            self._rate, self._phase = RateMeter(), progress.phase
        self._rate.update(progress.done)
        return self._rate.seconds_left(progress.total) if progress.done < progress.total else None

    def show_end(self, progress: TrainingProgress, outcome: Outcome, seconds: float, *, resumable: bool) -> None:
        """Show the result, or why there is none."""
        self._progress = progress
        self._draw(progress)
        self._best.setText("")
        title = title_of(progress)
        if progress.trained is not None and progress.trained.entry is not None:
            self._set_state(PageState.DONE)
            self._title.setText(self.tr("{title} is trained").format(title=title))
            self._headline.setText(result_text(progress))
            self._text.setText(result_facts(progress, seconds))
        elif outcome.problem is None and not outcome.traceback:
            self._set_state(PageState.STOPPED)
            self._title.setText(self.tr("Training {title} was stopped").format(title=title))
            self._headline.setText(self.tr("It was stopped before there were weights to keep."))
            self._text.setText(self.tr("It can go on where it stopped.") if resumable else "")
        else:
            self._set_state(PageState.FAULT)
            self._title.setText(self.tr("Training {title} has failed").format(title=title))
            problem = outcome.problem
            self._headline.setText(
                problem_text(problem) if problem else self.tr("Something went wrong inside the program.")
            )
            self._text.setText(problem_remedy(problem) if problem else self.tr("The log says more."))
        self._resume.setVisible(resumable and self._state is not PageState.DONE)

    def _set_state(self, state: PageState) -> None:
        self._state = state
        running = state in (PageState.RUNNING, PageState.STOPPING)
        done = state is PageState.DONE
        self._headline.set_tone(Tone.DANGER if state is PageState.FAULT else Tone.TEXT)
        for widget in (self._bar, self._best, self._background, self._stop):
            widget.setVisible(running)
        self._stop.setEnabled(state is PageState.RUNNING)
        for widget in (self._headline, self._another):
            widget.setVisible(not running)
        self._use.setVisible(done)
        self._evaluate.setVisible(done)
        self._resume.hide()
        self._use.setDefault(done)
        self._another.setText(self.tr("Train &another") if done else self.tr("&Back"))

    def _draw(self, progress: TrainingProgress) -> None:
        self._scores.setVisible(bool(progress.scores))
        self._scores.show_scores([score.accuracy for score in progress.scores])
        self.curves.show_progress(progress)

    # --- buttons ---

    @Slot()
    def _ask_to_use(self) -> None:
        self.use_requested.emit(self._new_id())

    @Slot()
    def _ask_to_evaluate(self) -> None:
        self.evaluate_requested.emit(self._new_id())

    def _new_id(self) -> str:
        trained = self._progress.trained if self._progress is not None else None
        return trained.entry.weights.id if trained is not None and trained.entry is not None else ""
