"""What the Train dialog asks for, and the request that it makes of the answers; no Qt, no torch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from model.decode_limits import DecodeLimits
from model.names import shown_name
from model.training_types import Recipe, TrainRequest
from model.types import CatalogueEntry, WeightsState
from model.weights import ALIASES
from model.weights_folder import make_id

BUILT_IN_BACKBONE = "imagenet-lite2"
EPOCHS = 12
"""Epochs of fine-tuning, unless told otherwise: with a warm start the curves flatten before that."""
EPOCHS_FROM_SCRATCH = 90
"""Epochs of a network from random values; torchvision's own recipe for its ResNets has 90."""
FOLDS = 5

_USABLE = (WeightsState.BUILT_IN, WeightsState.ON_COMPUTER)


@dataclass(frozen=True, slots=True)
class TrainingChoices:
    """The answers. `backbone` is a weight set's id or `library:name`; `size` 0 is automatic; `folds` 0 a hold-out."""

    title: str
    backbone: str = BUILT_IN_BACKBONE
    thorough: bool = False
    folds: int = FOLDS
    epochs: int = EPOCHS
    unfreeze: int | Literal["all"] = "all"
    size: int = 0
    teacher: str | None = None
    seed: int = 0

    @property
    def from_scratch(self) -> bool:
        """Whether the network begins with random values."""
        return ":" in self.backbone


def request_for(choices: TrainingChoices, root: Path, limits: DecodeLimits) -> TrainRequest:
    """Return what to train."""
    if choices.thorough:
        recipe = Recipe(
            epochs=choices.epochs,
            unfreeze="all" if choices.from_scratch else choices.unfreeze,
            sizes=(choices.size,) if choices.size else (),
        )
    else:
        recipe = Recipe()
    return TrainRequest(
        root=root,
        out=id_for(choices.title),
        backbone=choices.backbone,
        teacher=choices.teacher if choices.thorough else None,
        recipe=recipe,
        folds=choices.folds,
        seeds=1,
        seed=choices.seed,
        title=choices.title,
        dataset_name=shown_name(root.name),
        limits=limits,
    )


def id_for(title: str) -> str:
    """Return the id that a title gives: that of `make_id`, but for the aliases, which no set can have."""
    weights_id = make_id(title)
    return f"{weights_id}-weights" if weights_id in ALIASES else weights_id


def free_title(wanted: str, taken: Collection[str]) -> str:
    """Return the title, with a number behind it where its id is one of `taken`."""
    title, number = wanted, 2
    while id_for(title) in taken:
        title, number = f"{wanted} {number}", number + 1
    return title


def possible_backbones(entries: Sequence[CatalogueEntry]) -> list[CatalogueEntry]:
    """Return the sets that are here whole and in one file, those that know most classes first, the built-in one first.

    A set of two files is a backbone of another with a head of its own, so that other one is offered.
    """
    fitting = [
        entry
        for entry in entries
        if entry.state in _USABLE and [file.role for file in entry.weights.files] == ["network"]
    ]
    return sorted(fitting, key=lambda entry: (entry.weights.id != BUILT_IN_BACKBONE, -len(entry.weights.classes)))


def possible_teachers(entries: Sequence[CatalogueEntry], classes: Sequence[str]) -> list[CatalogueEntry]:
    """Return the sets that are here and know exactly these classes."""
    wanted = sorted(classes)
    return [entry for entry in entries if entry.state in _USABLE and sorted(entry.weights.classes) == wanted]
