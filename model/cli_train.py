"""photospotter-cli train."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from model.cancel import CancelToken
from model.child_process import run_in_child
from model.cli_arguments import (
    fold_count,
    number_above_0,
    number_from_0,
    share,
    side_or_0,
    sides,
    unfreezing,
    whole_number,
    whole_numbers,
)
from model.cli_output import ProgressBar, emit, format_seconds, say
from model.errors import describe
from model.exit_codes import EXIT_OK
from model.names import display_name
from model.training_types import (
    DatasetSummary,
    EpochDone,
    FeatureProgress,
    FoldScore,
    Recipe,
    RunStarted,
    StepProgress,
    TestScore,
    Trained,
    TrainRequest,
)
from model.weights import default_catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD_FOLDS = 5
# The best network is judged by all held-out pictures, and stored, before a training that was interrupted ends. A second
# Ctrl+C ends it where it is.
_PATIENCE_SECONDS = 900.0
_DEFAULT = Recipe()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.description = (
        "Without --epochs only a linear head is fitted on the frozen backbone, in seconds. With --epochs the network "
        "itself learns, beginning from that head."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="DIR/<class>/**, or DIR/train|val|test/<class>/**")
    parser.add_argument("--out", required=True, metavar="NAME", help="the id of the new weight set")
    parser.add_argument(
        "--backbone",
        default="imagenet-lite2",
        metavar="ID|NAME",
        help="a weight set to begin from, or a network to train from scratch: resnet50, timm:NAME (default: "
        "imagenet-lite2)",
    )
    parser.add_argument("--teacher", metavar="ID", help="a weight set whose labels and features teach the new one")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--resume", action="store_true", help="go on with a training that was interrupted")
    parser.add_argument("--force", action="store_true", help="replace a weight set that exists")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    _add_measuring(parser)
    _add_recipe(parser)
    _add_card(parser)
    parser.set_defaults(run=run_train)


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is measured")
    group.add_argument("--groups", type=Path, metavar="FILE", help="copies, one group a line (default: find them)")
    group.add_argument(
        "--folds",
        type=fold_count,
        metavar="K",
        help=f"grouped folds; 0 holds parts out instead (default: {HEAD_FOLDS} for a head, 0 with --epochs)",
    )
    group.add_argument("--only-folds", type=whole_numbers, default=(), metavar="N,N", help="train only these folds")
    group.add_argument("--no-final", action="store_true", help="measure the folds, store no weight set")
    group.add_argument(
        "--seeds", type=whole_number(1), default=5, metavar="N", help="fold seeds for a head (default: 5)"
    )
    group.add_argument(
        "--seed", type=whole_number(0), default=0, metavar="N", help="for all that is drawn (default: 0)"
    )
    group.add_argument(
        "--validation", type=share, default=0.15, metavar="SHARE", help="validation part (default: 0.15)"
    )
    group.add_argument("--test", type=share, default=0.15, metavar="SHARE", help="test part (default: 0.15)")


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how the network learns (with --epochs)")
    group.add_argument("--epochs", type=whole_number(0), default=_DEFAULT.epochs, metavar="N")
    group.add_argument(
        "--unfreeze", type=unfreezing, default=_DEFAULT.unfreeze, metavar="N|all", help="blocks from the top"
    )
    group.add_argument(
        "--size", type=sides, default=_DEFAULT.sizes, metavar="PX[,PX...]", help="sides of the training crops"
    )
    group.add_argument("--batch", type=whole_number(2, 1024), default=_DEFAULT.batch_size, metavar="N")
    group.add_argument("--optimiser", choices=("adamw", "sgd"), default=_DEFAULT.optimiser)
    group.add_argument(
        "--learning-rate", type=number_from_0, default=_DEFAULT.learning_rate, metavar="X", help="0: one that suits"
    )
    group.add_argument("--weight-decay", type=number_from_0, default=_DEFAULT.weight_decay, metavar="X")
    group.add_argument("--warm-up", type=share, default=_DEFAULT.warm_up, metavar="SHARE", help="of all steps")
    group.add_argument("--label-smoothing", type=share, default=_DEFAULT.label_smoothing, metavar="X")
    group.add_argument("--mixup", type=number_from_0, default=_DEFAULT.mixup, metavar="ALPHA", help="0: off")
    group.add_argument(
        "--crop-scale", type=share, default=_DEFAULT.crop_scale, metavar="SHARE", help="smallest random crop"
    )
    group.add_argument(
        "--rand-augment", type=whole_number(0, 30), default=_DEFAULT.rand_augment, metavar="N", help="0: off"
    )
    group.add_argument("--colour-jitter", type=share, default=_DEFAULT.colour_jitter, metavar="X", help="0: off")
    group.add_argument("--ema", type=share, default=_DEFAULT.ema_decay, metavar="X", help="decay of averaged weights")
    group.add_argument(
        "--patience", type=whole_number(0), default=_DEFAULT.patience, metavar="N", help="stop early; 0: off"
    )
    group.add_argument("--batch-norm", choices=("auto", "train", "frozen"), default=_DEFAULT.batch_norm)
    group.add_argument("--no-class-weights", action="store_true", help="count pictures alike, not classes")
    group.add_argument("--precision", choices=("auto", "fp32", "bf16"), default=_DEFAULT.precision)
    group.add_argument("--soft-labels", type=share, default=_DEFAULT.soft_label_share, metavar="SHARE")
    group.add_argument("--temperature", type=number_above_0, default=_DEFAULT.soft_label_temperature, metavar="X")
    group.add_argument("--features", type=number_from_0, default=_DEFAULT.feature_weight, metavar="WEIGHT")
    group.add_argument("--teacher-size", type=side_or_0, default=_DEFAULT.teacher_size, metavar="PX")


def _add_card(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what its card says")
    group.add_argument("--title", metavar="TEXT", help="the set's name for people")
    group.add_argument("--dataset-name", metavar="TEXT", help="what the card calls the pictures")
    group.add_argument("--licence", metavar="TEXT", default="of your own making", help="the weights' licence")
    group.add_argument("--notes", metavar="TEXT", default="", help="anything else")
    group.add_argument("--family", choices=("custom", "weather", "imagenet"), default="custom", help=argparse.SUPPRESS)
    group.add_argument("--into", type=Path, metavar="DIR", help=argparse.SUPPRESS)


def run_train(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Train in a child process; print what was found, each epoch, each fold, and the figures."""
    progress = ProgressBar(quiet=arguments.quiet)
    teller = _Teller(progress)
    try:
        job = (request_of(arguments), default_catalogue())
        for event in run_in_child("model.train:train", job, cancel, patience=_PATIENCE_SECONDS):
            teller.tell(event)
    finally:
        progress.clear()
    return EXIT_OK


def request_of(arguments: argparse.Namespace) -> TrainRequest:
    """Return what the arguments ask for."""
    folds = arguments.folds
    return TrainRequest(
        root=arguments.folder,
        out=arguments.out,
        backbone=arguments.backbone,
        teacher=arguments.teacher,
        recipe=_recipe_of(arguments),
        groups=arguments.groups,
        folds=(0 if arguments.epochs else HEAD_FOLDS) if folds is None else folds,
        only_folds=arguments.only_folds,
        seeds=arguments.seeds,
        seed=arguments.seed,
        validation_share=arguments.validation,
        test_share=arguments.test,
        device=arguments.device,
        resume=arguments.resume,
        final=not arguments.no_final,
        title=arguments.title,
        family=arguments.family,
        dataset_name=arguments.dataset_name,
        licence=arguments.licence,
        notes=arguments.notes,
        into=arguments.into,
        overwrite=arguments.force,
    )


def _recipe_of(arguments: argparse.Namespace) -> Recipe:
    return Recipe(
        epochs=arguments.epochs,
        unfreeze=arguments.unfreeze,
        sizes=arguments.size,
        batch_size=arguments.batch,
        optimiser=arguments.optimiser,
        learning_rate=arguments.learning_rate,
        weight_decay=arguments.weight_decay,
        warm_up=arguments.warm_up,
        label_smoothing=arguments.label_smoothing,
        mixup=arguments.mixup,
        crop_scale=arguments.crop_scale,
        rand_augment=arguments.rand_augment,
        colour_jitter=arguments.colour_jitter,
        ema_decay=arguments.ema,
        patience=arguments.patience,
        class_weights=not arguments.no_class_weights,
        batch_norm=arguments.batch_norm,
        precision=arguments.precision,
        soft_label_share=arguments.soft_labels,
        soft_label_temperature=arguments.temperature,
        feature_weight=arguments.features,
        teacher_size=arguments.teacher_size,
    )


class _Teller:
    """Says in words what the training tells."""

    def __init__(self, progress: ProgressBar) -> None:
        self._progress = progress

    def tell(self, event: object) -> None:
        from model.dataset import ReadProgress

        if isinstance(event, ReadProgress):
            self._progress.update(event.done, event.total, "pictures read")
        elif isinstance(event, FeatureProgress):
            self._progress.update(event.done, event.total, "pictures made ready")
        elif isinstance(event, StepProgress):
            left = "" if event.seconds_left is None else f", {format_seconds(event.seconds_left)} left"
            self._progress.update(event.done, event.total, f"epoch {event.epoch} of {event.epochs}{left}")
        else:
            self._progress.clear()
            self._tell_milestone(event)

    def _tell_milestone(self, event: object) -> None:
        if isinstance(event, DatasetSummary):
            _tell_dataset(event)
        elif isinstance(event, RunStarted):
            what = "the network that is stored" if event.fold is None else f"fold {event.fold}"
            parts = (
                f"{event.train} pictures to learn from, {event.validation} for validation, {event.test} for the test"
            )
            say(f"{what}: {parts}; {event.device}, {event.precision}")
        elif isinstance(event, EpochDone):
            _tell_epoch(event)
        elif isinstance(event, FoldScore):
            l2 = f" (L2 {event.l2:g})" if event.l2 else ""
            emit(f"seed {event.seed} fold {event.fold}: {100 * event.accuracy:.1f} % of {event.count}{l2}")
        elif isinstance(event, TestScore):
            emit(f"test: {100 * event.accuracy:.1f} % of {event.count} pictures that it never saw")
        elif isinstance(event, Trained):
            _tell_trained(event)


def _tell_dataset(summary: DatasetSummary) -> None:
    for name, count in summary.counts:
        say(f"{name}: {count} pictures")
    for path, problem in summary.bad:
        say(f"left out {display_name(path)}: {describe(problem)}")
    say(
        f"{summary.copies} pictures have copies, in {summary.copy_groups} groups of at most {summary.largest_group}; "
        "copies stay on one side of every split"
    )


def _tell_epoch(epoch: EpochDone) -> None:
    figures = f"loss {epoch.train_loss:.3f}, {100 * epoch.train_accuracy:.1f} % right"
    if epoch.validation_loss is not None and epoch.validation_accuracy is not None:
        figures += f"; validation {epoch.validation_loss:.3f}, {100 * epoch.validation_accuracy:.1f} %"
    best = " *" if epoch.best and epoch.validation_loss is not None else ""
    say(f"epoch {epoch.epoch} of {epoch.epochs}, {epoch.size} px: {figures}; {epoch.seconds:.0f} s{best}")


def _tell_trained(trained: Trained) -> None:
    if trained.entry is None:
        _tell_mean([score.accuracy for score in trained.scores])
        return
    weights = trained.entry.weights
    for figure in weights.accuracy:
        spread = "" if figure.spread is None else f", standard deviation {100 * figure.spread:.2f} %"
        emit(f"mean {100 * figure.value:.2f} %{spread}" if spread else f"top-1 {100 * figure.value:.2f} %")
        emit(f"{f'L2 {trained.l2:g}; ' if trained.l2 else ''}measured on {figure.on}")
    if weights.calibration is not None:
        calibration = weights.calibration
        emit(f"temperature {calibration.temperature:.3f}, unsure below {calibration.score} {calibration.threshold:.3f}")
    early = " It was stopped early; the best epoch is kept." if trained.stopped_early else ""
    say(f"Stored as {weights.id}.{early}")


def _tell_mean(accuracies: Sequence[float]) -> None:
    from statistics import fmean, pstdev

    if accuracies:
        emit(f"mean {100 * fmean(accuracies):.2f} %, standard deviation {100 * pstdev(accuracies):.2f} %")
