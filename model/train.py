"""Train a weight set on one's own folders, with figures that can be believed. Imports torch."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from model.cancel import CancelToken
from model.copies import find_copies, read_groups, summarise
from model.dataset import Dataset, ReadProgress, fingerprint, read_dataset
from model.train_head import train_head
from model.train_network import train_network
from model.trained_set import check_name
from model.training_data import TrainingData
from model.training_network import find_backbone
from model.training_plan import check_request
from model.training_sizes import fit_sizes
from model.training_teacher import check_backbone
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
from model.weights import Catalogue

log = logging.getLogger(__name__)

TrainEvent = (
    ReadProgress
    | DatasetSummary
    | FeatureProgress
    | RunStarted
    | StepProgress
    | EpochDone
    | FoldScore
    | TestScore
    | Trained
)


def train(request: TrainRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[TrainEvent]:
    """Read the folders, train by the recipe, measure on pictures that were not learnt from, and store the set.

    Copies of a picture never stand on both sides of a split. Cancelling ends it: a network that has finished at least
    one epoch is kept and stored, where it is the one that was to be stored; folds that are done stay for `resume`.
    A final network that is stopped after folds have measured whole trainings has no figures of theirs on its card.
    Raises DatasetError for unusable folders and requests that cannot be met, WeightsError for an unusable backbone or
    teacher and a name that is taken, Cancelled when it is cancelled before there is anything to keep.
    """
    check_name(request.out, catalogue, into=request.into, overwrite=request.overwrite)
    check_request(request)
    backbone = find_backbone(request.backbone, catalogue, request.recipe.sizes)
    if request.recipe.epochs:
        recipe, backbone = fit_sizes(request.recipe, backbone)
        request = replace(request, recipe=recipe)
    if request.teacher is not None:
        catalogue.resolve(request.teacher)
    dataset = None
    for event in read_dataset(request.root, request.limits, cancel, cache=catalogue.data_dir / "cache"):
        if isinstance(event, Dataset):
            dataset = event
        else:
            yield event
    assert dataset is not None
    if request.groups is None:
        groups = find_copies(dataset.images, cancel)
    else:
        groups = read_groups(request.groups, dataset.root, dataset.images)
    summary = summarise(dataset, groups)
    yield summary
    data = TrainingData(request, dataset, groups, summary, fingerprint(dataset.root, dataset.images), backbone)
    check_backbone(data)
    yield from (train_network if request.recipe.epochs else train_head)(data, catalogue, cancel)
