"""How far a training is, made from what it tells; no Qt, no torch."""

from dataclasses import dataclass, field
from enum import Enum

from model.dataset import ReadProgress
from model.training_types import (
    DatasetSummary,
    EpochDone,
    FeatureProgress,
    FoldScore,
    RunStarted,
    StepProgress,
    TestScore,
    Trained,
    TrainRequest,
)


class Phase(Enum):
    """What a training is busy with."""

    STARTING = "starting"
    READING = "reading"
    SEEING = "seeing"
    """The frozen backbone looks at the pictures."""
    LEARNING = "learning"
    MEASURING = "measuring"
    """Linear heads are fitted and scored on what they did not see."""
    STORING = "storing"


@dataclass(slots=True)
class TrainingProgress:
    """Owned by the GUI thread. `done` of `total` are pictures of the present phase or epoch.

    `epochs` are those of the network that learns now; those of the folds before it are forgotten.
    """

    request: TrainRequest
    phase: Phase = Phase.STARTING
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    summary: DatasetSummary | None = None
    run: RunStarted | None = None
    epochs: list[EpochDone] = field(default_factory=list)
    scores: list[FoldScore] = field(default_factory=list)
    test: TestScore | None = None
    trained: Trained | None = None

    def take(self, event: object) -> None:
        """Note one event; what is none of a training's is left alone."""
        match event:
            case ReadProgress(done, total):
                self._enter(Phase.READING, done, total)
            case DatasetSummary():
                self.summary = event
            case FeatureProgress(done, total):
                self._enter(Phase.SEEING, done, total)
            case RunStarted():
                self.run = event
                self.epochs = []
                self._enter(Phase.LEARNING, 0, event.train)
            case StepProgress():
                self._enter(Phase.LEARNING, event.done, event.total)
                self.seconds_left = event.seconds_left
            case EpochDone():
                self._note_epoch(event)
            case FoldScore():
                self.scores.append(event)
                self._enter(Phase.MEASURING, len(self.scores), max(len(self.scores), self.expected_scores))
            case TestScore():
                self.test = event
                self._enter(Phase.STORING, 0, 0)
            case Trained():
                self.trained = event

    @property
    def fine_tuning(self) -> bool:
        """Whether layers of the network learn, not its last one alone."""
        return self.request.recipe.epochs > 0

    @property
    def expected_scores(self) -> int:
        """How many held-out parts measure this training."""
        if self.fine_tuning:
            return len(self.request.only_folds) or self.request.folds
        return self.request.folds * self.request.seeds

    @property
    def best(self) -> EpochDone | None:
        """The epoch whose network would be kept if the training stopped now."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.best), None)

    @property
    def keeps_best(self) -> bool:
        """Whether a stop now would leave a new set: the network that learns is the one to be stored, and has epochs."""
        return self.best is not None and self.run is not None and self.run.fold is None

    @property
    def epoch(self) -> int:
        """The epoch that is under way, or the last one."""
        if self.run is None:
            return 0
        return min(len(self.epochs) + 1, self.run.epochs)

    @property
    def share(self) -> float | None:
        """How much of what can be foreseen is done, 0..1: of all epochs of this network, or of the present phase."""
        part = min(1.0, self.done / self.total) if self.total else None
        if self.phase is not Phase.LEARNING or self.run is None or not self.run.epochs:
            return part
        return min(1.0, (len(self.epochs) + (part or 0.0)) / self.run.epochs)

    @property
    def mean_score(self) -> float | None:
        """The mean accuracy of the parts measured so far, 0..1."""
        return sum(score.accuracy for score in self.scores) / len(self.scores) if self.scores else None

    @property
    def score_spread(self) -> float | None:
        """The standard deviation of the parts' accuracies."""
        mean = self.mean_score
        if mean is None or len(self.scores) < 2:
            return None
        return float((sum((score.accuracy - mean) ** 2 for score in self.scores) / len(self.scores)) ** 0.5)

    def _enter(self, phase: Phase, done: int, total: int) -> None:
        if phase is not self.phase:
            self.seconds_left = None
        self.phase, self.done, self.total = phase, done, total

    def _note_epoch(self, epoch: EpochDone) -> None:
        """A resumed training may tell of the epochs before it was interrupted again."""
        self.epochs = [earlier for earlier in self.epochs if earlier.epoch < epoch.epoch]
        self.epochs.append(epoch)
        self._enter(Phase.LEARNING, 0, self.run.train if self.run is not None else 0)
