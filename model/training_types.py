"""What a training is asked for, and what it tells while it runs; frozen values without torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from model.decode_limits import DecodeLimits
from model.types import CatalogueEntry, Problem

ALL_LAYERS: Literal["all"] = "all"
Optimiser = Literal["adamw", "sgd"]
BatchNormMode = Literal["auto", "train", "frozen"]
Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is trained; the card keeps it whole.

    With `epochs` 0 only a linear head is fitted on frozen features. Otherwise stage 2 follows: `unfreeze` blocks from
    the top (or all) learn for `epochs` epochs. `sizes` are the sides in pixels of the square training crops, one after
    another in equal shares of the epochs (progressive resizing); empty means a size that suits the preprocessing.
    `crop_scale` is the smallest share of a picture's area that a random crop shows. `rand_augment` and
    `colour_jitter` are strengths (0: off). `learning_rate` 0 chooses one that suits optimiser and start. Warm-up is a
    share of all steps. `ema_decay` 0 switches the moving average of the weights off; `patience` 0 early stopping.
    `mixup` is the Beta distribution's parameter (0: off). The last four are for distillation: the shares of the
    teacher's soft labels and features in the loss, the temperature of its soft labels, and its input side in pixels.
    """

    epochs: int = 0
    unfreeze: int | Literal["all"] = ALL_LAYERS
    sizes: tuple[int, ...] = ()
    batch_size: int = 32
    optimiser: Optimiser = "adamw"
    learning_rate: float = 0.0
    weight_decay: float = 0.05
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    mixup: float = 0.0
    crop_scale: float = 0.35
    rand_augment: int = 5
    colour_jitter: float = 0.2
    ema_decay: float = 0.0
    patience: int = 0
    class_weights: bool = True
    batch_norm: BatchNormMode = "auto"
    precision: Precision = "auto"
    soft_label_share: float = 0.5
    soft_label_temperature: float = 2.0
    feature_weight: float = 1.0
    teacher_size: int = 0


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train. `out` is the new set's id.

    `backbone` is a weight set's id, or `torchvision:NAME`, `timm:NAME` or a bare torchvision name for a network from
    scratch. `teacher` is a weight set's id. With `folds` 0 the pictures are divided into parts for training,
    validation and test (or `root` holds train, val and test folders); with more, grouped folds measure the recipe and
    the stored set is trained on everything. `only_folds` trains only some of the folds in full. `seeds` fold seeds
    are for the quick linear head; fine-tuning uses `seed` alone. `final` False measures the folds and stores nothing.
    `into` is where the files go: None for the user's data folder, else a folder of this project's own resources.
    """

    root: Path
    out: str
    backbone: str = "imagenet-lite2"
    teacher: str | None = None
    recipe: Recipe = field(default_factory=Recipe)
    groups: Path | None = None
    folds: int = 5
    only_folds: tuple[int, ...] = ()
    seeds: int = 5
    seed: int = 0
    validation_share: float = 0.15
    test_share: float = 0.15
    device: str = "auto"
    resume: bool = False
    final: bool = True
    title: str | None = None
    family: str = "custom"
    dataset_name: str | None = None
    licence: str = "of your own making"
    notes: str = ""
    into: Path | None = None
    overwrite: bool = False
    limits: DecodeLimits = field(default_factory=DecodeLimits)


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What was found in the folders; `copies` pictures have at least one copy, in `copy_groups` groups."""

    counts: tuple[tuple[str, int], ...]
    bad: tuple[tuple[Path, Problem], ...]
    copies: int
    copy_groups: int
    largest_group: int


@dataclass(frozen=True, slots=True)
class FoldScore:
    """One fold held out: which, its accuracy 0..1, the L2 that was chosen without it, and how many pictures it has.

    `l2` is 0 where no linear head was fitted.
    """

    seed: int
    fold: int
    accuracy: float
    l2: float
    count: int


@dataclass(frozen=True, slots=True)
class RunStarted:
    """One network begins to learn: which fold (None: the network to be stored), and how many pictures each part has."""

    fold: int | None
    train: int
    validation: int
    test: int
    epochs: int
    device: str
    precision: str


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Pictures of this epoch that were learnt from, of how many; `seconds_left` is for this network, None at first."""

    fold: int | None
    epoch: int
    epochs: int
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class EpochDone:
    """Figures of one epoch (1, 2, ...). Losses are mean cross-entropies, accuracies 0..1.

    The training figures are those of augmented pictures. Those of validation are None where there is no such part.
    `best` says that this is the network to keep so far.
    """

    fold: int | None
    epoch: int
    epochs: int
    size: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    best: bool


@dataclass(frozen=True, slots=True)
class TestScore:
    """How the stored network did on the test part, which it never saw: accuracy 0..1, and of how many pictures."""

    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Trained:
    """The last value of a training: the new set (None when only folds were measured) and the folds that measured it."""

    entry: CatalogueEntry | None
    scores: tuple[FoldScore, ...]
    l2: float
    stopped_early: bool = False


@dataclass(frozen=True, slots=True)
class FeatureProgress:
    """Pictures that went through the frozen backbone, or were made ready for it, of how many."""

    done: int
    total: int
