"""Looks at folders and trains on them, in child processes that a thread of its own reads; one training at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from gui.worker import JobRunner, Outcome, Ticket
from model.cancel import CancelToken
from model.decode_limits import DecodeLimits
from model.weights import Catalogue

if TYPE_CHECKING:
    from gui.training_progress import TrainingProgress
    from model.training_types import TrainRequest

log = logging.getLogger(__name__)

SurveyJob = Callable[[Path, DecodeLimits, Catalogue, CancelToken], Iterator[object]]
"""Looks at a folder; yields ReadProgress and at the end a DatasetSurvey."""
TrainJob = Callable[["TrainRequest", Catalogue, CancelToken, CancelToken], Iterator[object]]
"""Trains; the first token is for giving up at once, the second for stopping and keeping the best."""

# The best network is measured and stored before a stopped training ends, on a slow computer perhaps a large one.
_PATIENCE_SECONDS = 300.0


def survey_in_child(root: Path, limits: DecodeLimits, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    """Look at the folders of a data set; nothing is lost when the process is ended in the middle."""
    from model.child_process import run_in_child

    keywords = {"cache": catalogue.data_dir / "cache"}
    return run_in_child("model.dataset_survey:survey", (root, limits), cancel, keywords=keywords, abandon=cancel)


def train_in_child(
    request: TrainRequest, catalogue: Catalogue, abandon: CancelToken, cancel: CancelToken
) -> Iterator[object]:
    """Train at low priority, so that classifying goes on beside it."""
    from model.child_process import run_in_child

    return run_in_child(
        "model.train:train",
        (request, catalogue),
        cancel,
        abandon=abandon,
        patience=_PATIENCE_SECONDS,
        low_priority=True,
    )


class TrainingController(QObject):
    """Owned by the GUI thread; knows nothing of windows."""

    surveyed = Signal(object)
    """A value of the survey: ReadProgress, or at the end a DatasetSurvey."""
    survey_failed = Signal(object)
    """The Problem that makes the folder unusable; None for a bug, which the runner has told of."""
    running_changed = Signal(bool)
    progressed = Signal()
    """Look at `progress`."""
    ended = Signal(object)
    """The Outcome; `progress.trained` is there when there is a new set, also after a stop."""

    def __init__(
        self,
        catalogue: Catalogue,
        runner: JobRunner,
        parent: QObject | None = None,
        *,
        survey: SurveyJob | None = None,
        train: TrainJob | None = None,
    ) -> None:
        """`runner` only reads what the child processes tell; other jobs than those in children are for tests."""
        super().__init__(parent)
        self.catalogue = catalogue
        self._runner = runner
        self._survey = survey or survey_in_child
        self._train = train or train_in_child
        self._survey_ticket: Ticket | None = None
        self._ticket: Ticket | None = None
        self._abandon = CancelToken()
        self._progress: TrainingProgress | None = None
        self._clock = QElapsedTimer()
        self._seconds = 0.0
        self._outcome = Outcome()
        self._stopping = False
        self._telling = QTimer(self)  # values come in bunches, and each bunch is told of once
        self._telling.setSingleShot(True)
        self._telling.timeout.connect(self.progressed)

    @property
    def running(self) -> bool:
        """Whether a training is under way."""
        return self._ticket is not None

    @property
    def stopping(self) -> bool:
        """Whether the training was asked to stop, and stores the best now."""
        return self._stopping

    @property
    def surveying(self) -> bool:
        """Whether folders are being looked at."""
        return self._survey_ticket is not None

    @property
    def progress(self) -> TrainingProgress | None:
        """How far the training is, or how the last one ended; None before the first."""
        return self._progress

    @property
    def outcome(self) -> Outcome:
        """How the last training ended."""
        return self._outcome

    @property
    def seconds(self) -> float:
        """How long the training has run, or the last one took."""
        return self._seconds if not self.running else self._clock.elapsed() / 1000

    def survey(self, root: Path, limits: DecodeLimits) -> None:
        """Look at a folder; an earlier look is given up."""
        self.forget_survey()
        job = partial(self._survey, root, limits, self.catalogue)
        self._survey_ticket = self._runner.start(job, self.surveyed.emit, self._on_survey_done)

    def forget_survey(self) -> None:
        """Look no further, and hear nothing more of it."""
        if self._survey_ticket is not None:
            self._runner.forget(self._survey_ticket)
            self._survey_ticket = None

    def start(self, request: TrainRequest) -> None:
        """Train; does nothing while another training runs."""
        if self.running:
            return
        from gui import unfinished_trainings
        from gui.training_progress import TrainingProgress

        self.forget_survey()
        if request.recipe.epochs:  # without epochs there is nothing that would take long to do again
            unfinished_trainings.note_started(self.catalogue.data_dir, request)
        self._progress = TrainingProgress(request)
        self._abandon = CancelToken()
        self._stopping = False
        self._clock.start()
        job = partial(self._train, request, self.catalogue, self._abandon)
        self._ticket = self._runner.start(job, self._on_value, self._on_done)
        self.running_changed.emit(True)

    def stop(self) -> None:
        """Let the training stop and keep its best network."""
        if self._ticket is not None and not self._stopping:
            self._stopping = True
            self._ticket.token.cancel()
            self.progressed.emit()

    def abandon(self) -> None:
        """End everything at once, for the program ends; what whole epochs have saved is there to be resumed."""
        self._abandon.cancel()
        self.forget_survey()
        if self._ticket is not None:
            self._ticket.token.cancel()

    def unfinished(self, limits: DecodeLimits) -> list[TrainRequest]:
        """Return the trainings that can go on, but for the one that is running."""
        from gui import unfinished_trainings

        running = self._progress.request.out if self._progress is not None and self.running else None
        found = unfinished_trainings.unfinished_trainings(self.catalogue.data_dir, limits)
        return [request for request in found if request.out != running]

    def discard(self, weights_id: str) -> None:
        """Delete what an unfinished training has saved."""
        from gui import unfinished_trainings

        unfinished_trainings.discard(self.catalogue.data_dir, weights_id)

    def _on_survey_done(self, outcome: Outcome) -> None:
        self._survey_ticket = None
        if outcome.problem is not None or outcome.traceback:
            self.survey_failed.emit(outcome.problem)

    def _on_value(self, value: object) -> None:
        if self._progress is not None:
            self._progress.take(value)
            self._telling.start(0)

    def _on_done(self, outcome: Outcome) -> None:
        self._ticket = None
        self._stopping = False
        self._outcome = outcome
        self._seconds = self._clock.elapsed() / 1000
        self._telling.stop()
        if self._progress is not None:
            from gui import unfinished_trainings

            finished = self._progress.trained is not None
            unfinished_trainings.note_ended(self.catalogue.data_dir, self._progress.request.out, finished=finished)
        self.progressed.emit()
        self.running_changed.emit(False)
        self.ended.emit(outcome)
