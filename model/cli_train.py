"""photospotter-cli train."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from model.cancel import CancelToken
from model.cli_output import ProgressBar, emit, say
from model.errors import describe
from model.exit_codes import EXIT_OK
from model.names import display_name
from model.weights import default_catalogue

if TYPE_CHECKING:
    from model.train import DatasetSummary


def run_train(arguments: argparse.Namespace, cancel: CancelToken) -> int:
    """Train a linear head on one's own folders; print each fold's accuracy, then mean and spread."""
    from model.dataset import ReadProgress
    from model.features import FeatureProgress
    from model.linear_head import FoldScore
    from model.train import DatasetSummary, Trained, TrainRequest, train_head

    request = TrainRequest(
        root=arguments.folder,
        out=arguments.out,
        backbone=arguments.backbone,
        groups=arguments.groups,
        folds=arguments.folds,
        seeds=arguments.seeds,
        title=arguments.title,
        family=arguments.family,
        dataset_name=arguments.dataset_name,
        licence=arguments.licence,
        into=arguments.into,
        overwrite=arguments.force,
    )
    progress = ProgressBar(quiet=arguments.quiet)
    for event in train_head(request, default_catalogue(), cancel):
        if isinstance(event, ReadProgress):
            progress.update(event.done, event.total, "pictures read")
        elif isinstance(event, FeatureProgress):
            progress.update(event.done, event.total, "pictures seen by the backbone")
        elif isinstance(event, DatasetSummary):
            progress.clear()
            _tell_dataset(event)
        elif isinstance(event, FoldScore):
            progress.clear()
            emit(
                f"seed {event.seed} fold {event.fold}: {100 * event.accuracy:.1f} % of {event.count} (L2 {event.l2:g})"
            )
        elif isinstance(event, Trained):
            figure = event.entry.weights.accuracy[0]
            emit(f"mean {100 * figure.value:.2f} %, standard deviation {100 * (figure.spread or 0):.2f} %")
            emit(f"L2 {event.l2:g}; measured on {figure.on}")
            say(f"Trained on everything and stored as {event.entry.weights.id}.")
    progress.clear()
    return EXIT_OK


def _tell_dataset(summary: DatasetSummary) -> None:
    for name, count in summary.counts:
        say(f"{name}: {count} pictures")
    for path, problem in summary.bad:
        say(f"left out {display_name(path)}: {describe(problem)}")
    say(
        f"{summary.copies} pictures have copies, in {summary.copy_groups} groups of at most {summary.largest_group}; "
        "copies stay on one side of every split"
    )
