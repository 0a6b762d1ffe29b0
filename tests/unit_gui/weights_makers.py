"""Weight sets and catalogue entries made up for the tests of the panels."""

from dataclasses import replace
from pathlib import Path

from model.types import (
    Accuracy,
    CatalogueEntry,
    Preprocess,
    Problem,
    WeightSet,
    WeightsFile,
    WeightsState,
)

PREPROCESS = Preprocess(232, 224, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HERE = Path("/weights/file.pth")


def weight_set(weights_id: str, title: str = "", *, classes: int = 3, place: str = "download") -> WeightSet:
    file = WeightsFile(
        "network",
        f"{weights_id}.pth",
        place,  # type: ignore[arg-type]
        102_540_417,
        sha256_prefix="11ad3fa6",
        url=f"https://weights.example/{weights_id}.pth" if place == "download" else None,
    )
    return WeightSet(
        id=weights_id,
        title=title or f"The {weights_id} set",
        family="imagenet",
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=tuple(f"class {number}" for number in range(classes)),
        preprocess=PREPROCESS,
        files=(file,),
        licence="BSD-3-Clause",
        source="made up",
        accuracy=(
            Accuracy("top-1", 0.80858, "ImageNet-1K validation", published=True),
            Accuracy("top-5", 0.95434, "ImageNet-1K validation", published=True),
        ),
    )


def entry(
    weights: WeightSet | str, state: WeightsState = WeightsState.ON_COMPUTER, problem: Problem | None = None
) -> CatalogueEntry:
    made = weight_set(weights) if isinstance(weights, str) else weights
    path = None if state is WeightsState.TO_BE_FETCHED else HERE
    return CatalogueEntry(made, state, tuple(path for _ in made.files), problem)


def to_fetch(weights_id: str) -> CatalogueEntry:
    return entry(weights_id, WeightsState.TO_BE_FETCHED)


def damaged(weights_id: str) -> CatalogueEntry:
    problem = Problem("scan-folder-unreadable", (("folder", weights_id), ("reason", "it is broken")), "some detail")
    return entry(weights_id, WeightsState.DAMAGED, problem)


def built_in(weights_id: str) -> CatalogueEntry:
    return entry(weight_set(weights_id, place="package"), WeightsState.BUILT_IN)


def imported(weights_id: str, *, assumed: bool = True) -> CatalogueEntry:
    own = replace(weight_set(weights_id, place="user"), accuracy=(), preprocess_assumed=assumed)
    return entry(own)
