"""Train a weight set on one's own folders: a linear head on a frozen backbone, with figures that can be believed."""

import logging
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.cards import TOP_1
from model.copies import find_copies, read_groups
from model.dataset import Dataset, ReadProgress, fingerprint, read_dataset
from model.decode import DecodeLimits
from model.errors import DatasetError
from model.features import FeatureProgress, compute_features
from model.linear_head import FoldScore, LinearHead, choose_l2, fit_head, score_fold
from model.names import display_name
from model.splits import grouped_folds
from model.trained_set import check_name, store_trained_set
from model.types import Accuracy, CatalogueEntry, Problem, WeightSet
from model.weights import Catalogue

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train. `out` is the new set's id; `seeds` fold seeds x `folds` grouped folds measure it.

    `into` is where the files go: None for the user's data folder, else a folder of this project's own resources.
    """

    root: Path
    out: str
    backbone: str = "imagenet-lite2"
    groups: Path | None = None
    folds: int = 5
    seeds: int = 5
    title: str | None = None
    family: str = "custom"
    dataset_name: str | None = None
    licence: str = "of your own making"
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
class Trained:
    """The last value of a training: the new set and the folds that measured it."""

    entry: CatalogueEntry
    scores: tuple[FoldScore, ...]
    l2: float


def train_head(
    request: TrainRequest, catalogue: Catalogue, cancel: CancelToken
) -> Iterator[ReadProgress | DatasetSummary | FeatureProgress | FoldScore | Trained]:
    """Read the folders, compute features once, measure by grouped folds, then train on everything and store the set.

    In every fold the L2 is chosen within the training part, and copies of a picture never stand on both sides.
    Raises DatasetError for unusable folders, WeightsError for an unusable backbone or a name that is taken.
    """
    check_name(request.out, catalogue, into=request.into, overwrite=request.overwrite)
    backbone = catalogue.open(catalogue.resolve(request.backbone))
    dataset = None
    for event in read_dataset(request.root, request.limits, cancel):
        if isinstance(event, Dataset):
            dataset = event
        else:
            yield event
    assert dataset is not None
    if request.groups is None:
        groups = find_copies(dataset.images)
    else:
        groups = read_groups(request.groups, dataset.root, dataset.images)
    summary = _summarise(dataset, groups)
    yield summary
    if len(np.unique(groups)) < request.folds:
        raise DatasetError("train-too-few-for-folds", count=len(np.unique(groups)), folds=request.folds)
    features = None
    cache = catalogue.data_dir / "cache"
    for step in compute_features(dataset.images, backbone, cache, request.limits, cancel):
        if isinstance(step, FeatureProgress):
            yield step
        else:
            features = torch.from_numpy(step)
    assert features is not None
    labels = torch.from_numpy(dataset.labels)
    scores = []
    for score in _measure(features, labels, groups, len(dataset.classes), request, cancel):
        scores.append(score)
        yield score
    l2 = choose_l2(features, labels, groups, len(dataset.classes), seed=0)
    cancel.raise_if_cancelled()
    head = fit_head(features, labels, len(dataset.classes), l2)
    card = _card(request, dataset, summary, backbone.weights, scores, l2)
    entry = store_trained_set(card, head, backbone, catalogue, into=request.into, overwrite=request.overwrite)
    _check_stored_precision(head, features)
    yield Trained(entry, tuple(scores), l2)


def _summarise(dataset: Dataset, groups: NDArray[np.intp]) -> DatasetSummary:
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    sizes = np.bincount(groups)
    return DatasetSummary(
        counts=tuple((name, int(count)) for name, count in zip(dataset.classes, counts, strict=True)),
        bad=dataset.bad,
        copies=int(sizes[sizes > 1].sum()),
        copy_groups=int((sizes > 1).sum()),
        largest_group=int(sizes.max()),
    )


def _measure(
    features: torch.Tensor,
    labels: torch.Tensor,
    groups: NDArray[np.intp],
    class_count: int,
    request: TrainRequest,
    cancel: CancelToken,
) -> Iterator[FoldScore]:
    for seed in range(request.seeds):
        folds = grouped_folds(labels.numpy(), groups, request.folds, seed)
        for number in range(request.folds):
            cancel.raise_if_cancelled()
            held_out = folds == number
            accuracy, l2 = score_fold(features, labels, groups, class_count, held_out)
            yield FoldScore(seed, number, accuracy, l2, int(held_out.sum()))


def _check_stored_precision(head: LinearHead, features: torch.Tensor) -> None:
    """Count the top-1 labels that change when the head is stored as fp16, and say so in the log."""
    stored = LinearHead(head.weight.half().float(), head.bias.half().float())
    changed = int((stored.logits(features).argmax(1) != head.logits(features).argmax(1)).sum())
    log.info("stored as fp16, the head changes %d of %d top-1 labels", changed, len(features))


def _card(
    request: TrainRequest,
    dataset: Dataset,
    summary: DatasetSummary,
    backbone: WeightSet,
    scores: list[FoldScore],
    l2: float,
) -> WeightSet:
    accuracies = np.array([score.accuracy for score in scores])
    name = display_name(request.dataset_name or dataset.root.name or "pictures")
    measured_on = (
        f"{name}: {request.seeds} x {request.folds} held-out folds of {len(dataset.images):,} pictures, "
        "copies kept together"
    )
    recipe: dict[str, object] = {
        "kind": "linear head on frozen features",
        "backbone": backbone.id,
        "l2": l2,
        "fold_seeds": list(range(request.seeds)),
        "folds": request.folds,
        "fold_scores": [{**asdict(score), "accuracy": round(score.accuracy, 6)} for score in scores],
        "pictures": dict(summary.counts),
        "copies": summary.copies,
        "copy_groups": summary.copy_groups,
        "dataset_sha256": fingerprint(dataset.root, dataset.images),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("torch", "torchvision", "timm", "pillow", "numpy")},
        },
    }
    return WeightSet(
        id=request.out,
        title=display_name(request.title or request.out),
        family=request.family,
        architecture=backbone.architecture,
        layout=backbone.layout,
        classes=dataset.classes,
        preprocess=backbone.preprocess,
        files=(),
        licence=display_name(request.licence),
        source="trained by Photospotter",
        accuracy=(
            Accuracy(TOP_1, round(float(accuracies.mean()), 6), measured_on, False, round(float(accuracies.std()), 6)),
        ),
        recipe=recipe,
    )
