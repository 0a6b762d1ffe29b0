"""The card of a trained set: what it learnt from, how, and how well it did on pictures that it never saw."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from model.cards import TOP_1
from model.dataset import Dataset
from model.names import display_name
from model.training_types import DatasetSummary, FoldScore, TrainRequest
from model.types import Accuracy, Calibration, Preprocess, StateDictLayout, WeightSet

KIND_OF_HEADS = "linear head on frozen features"
"""What the recipe on a card calls sets whose backbone learnt nothing."""
_PACKAGES = ("torch", "torchvision", "timm", "pillow", "numpy")


def make_card(
    request: TrainRequest,
    dataset: Dataset,
    *,
    architecture: str,
    layout: StateDictLayout,
    preprocess: Preprocess,
    accuracy: tuple[Accuracy, ...],
    calibration: Calibration | None,
    recipe: Mapping[str, object],
) -> WeightSet:
    """Return the card without files."""
    return WeightSet(
        id=request.out,
        title=display_name(request.title or request.out),
        family=request.family,
        architecture=architecture,
        layout=layout,
        classes=dataset.classes,
        preprocess=preprocess,
        files=(),
        licence=display_name(request.licence),
        source="trained by Photospotter",
        accuracy=accuracy,
        calibration=calibration,
        notes=request.notes,
        recipe=recipe,
    )


def dataset_name(request: TrainRequest, dataset: Dataset) -> str:
    """Return what the card calls the pictures."""
    return display_name(request.dataset_name or dataset.root.name or "pictures")


def fold_accuracy(request: TrainRequest, dataset: Dataset, scores: Sequence[FoldScore]) -> Accuracy:
    """Return the mean over the folds, with their standard deviation, and in words what they were."""
    accuracies = np.array([score.accuracy for score in scores])
    seeds = sorted({score.seed for score in scores})
    name, total = dataset_name(request, dataset), f"{len(dataset.images):,} pictures, copies kept together"
    if len(scores) == len(seeds) * request.folds:
        on = f"{name}: {len(seeds)} x {request.folds} held-out folds of {total}"
    else:
        which = ", ".join(dict.fromkeys(str(score.fold) for score in scores))
        count = sum(score.count for score in scores if score.seed == seeds[0])
        times = f"{len(seeds)} x " if len(seeds) > 1 else ""
        on = f"{name}: {times}held-out folds {which} of {request.folds} ({count:,} of {total})"
    return Accuracy(TOP_1, round(float(accuracies.mean()), 6), on, False, round(float(accuracies.std()), 6))


def test_accuracy(request: TrainRequest, dataset: Dataset, accuracy: float, count: int) -> Accuracy:
    """Return the figure of a test part."""
    of = f"{count:,} of {len(dataset.images):,} pictures, held out, copies kept together"
    return Accuracy(TOP_1, round(accuracy, 6), f"{dataset_name(request, dataset)}: {of}", False)


def common_recipe(
    dataset: Dataset, summary: DatasetSummary, fingerprint: str, scores: Sequence[FoldScore]
) -> dict[str, object]:
    """Return what every recipe tells: the pictures, their copies and fingerprint, the folds, the time, the versions."""
    return {
        "fold_scores": [{**asdict(score), "accuracy": round(score.accuracy, 6)} for score in scores],
        "pictures": dict(summary.counts),
        "left_out": len(dataset.bad),
        "copies": summary.copies,
        "copy_groups": summary.copy_groups,
        "dataset_sha256": fingerprint,
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "versions": {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}},
    }


def as_json(value: object) -> object:
    """Return a dataclass's dictionary with its tuples as lists, as it comes back from a card."""
    return json.loads(json.dumps(value))
