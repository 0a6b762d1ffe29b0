"""What an evaluation is asked for, and what it finds; frozen values without torch."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.decode_limits import DecodeLimits
from model.types import Problem


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """What to evaluate: the pictures of `root` with their right labels, against a weight set (an id or an alias).

    Without `labels` the folders name the classes; `labels` is a file of lines `file, label|class_index|wnid`.
    """

    root: Path
    weights: str
    labels: Path | None = None
    device: str = "auto"
    batch_size: int | None = None
    limits: DecodeLimits = field(default_factory=DecodeLimits)


@dataclass(frozen=True, slots=True)
class EvaluationStarted:
    """It is known what will be evaluated: how many pictures, against which weights; the network is not loaded yet.

    `part` is the folder (test, val or train) that was chosen where the data is divided into such parts, else None.
    """

    weights_id: str
    weights_title: str
    total: int
    part: str | None


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """Pictures done, of how many, how many could not be read, and pictures a second so far."""

    done: int
    total: int
    errors: int
    rate: float


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """One picture's verdict. `predicted` and `top` are class indices, most likely first, with `probabilities` 0..1.

    `unsure` is None where the set has no rejection threshold.
    """

    path: Path
    true: int
    top: tuple[int, ...]
    probabilities: tuple[float, ...]
    true_probability: float
    unsure: bool | None

    @property
    def predicted(self) -> int:
        """The likeliest class."""
        return self.top[0]

    @property
    def right(self) -> bool:
        """Whether the likeliest class is the right one."""
        return self.top[0] == self.true


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share 0..1 with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of one class, 0..1; NaN never stands here: what is undefined is 0, as scikit-learn has it by default."""

    class_index: int
    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class AverageFigures:
    """Precision, recall and F1 over the classes that occur, each class alike (macro) or by support (weighted)."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pictures whose likeliest label has a probability in low..high: mean probability, share right, how many."""

    low: float
    high: float
    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class UnsureFigures:
    """How many pictures were called unsure, and the accuracy of those that were not (None when there are none)."""

    unsure: int
    accuracy_when_sure: Estimate | None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The last value of an evaluation. `confusion` is int64 (classes, classes): row true, column predicted.

    `seconds` and `rate` (images a second) leave loading out. `bad` pictures have no verdict and no part in any figure.
    `calibration_error` is the expected calibration error over the bins of `reliability`, 0..1. `part` is as in
    EvaluationStarted. `trained_on_these` says that the set learned from as many pictures of every class, so most
    likely from these, and the figures flatter it; False also where the card does not tell. `finished` is in UTC.
    """

    weights_id: str
    weights_title: str
    weights_sha256: str
    root: Path
    labels: Path | None
    classes: tuple[str, ...]
    images: tuple[JudgedImage, ...]
    bad: tuple[tuple[Path, Problem], ...]
    top_1: Estimate
    top_5: Estimate | None
    per_class: tuple[ClassFigures, ...]
    macro: AverageFigures
    weighted: AverageFigures
    confusion: NDArray[np.int64]
    reliability: tuple[ReliabilityBin, ...]
    calibration_error: float
    mean_loss: float
    unsure: UnsureFigures | None
    temperature: float | None
    device: str
    seconds: float
    rate: float
    part: str | None = None
    trained_on_these: bool = False
    finished: datetime = field(default_factory=lambda: datetime.now(UTC))
