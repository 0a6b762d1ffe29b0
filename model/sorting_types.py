"""What sorting pictures into folders is asked for, what it plans, and what it tells; plain values, cheap to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from model.types import ImageResult, Problem

SortAction = Literal["copy", "move", "xmp"]
"""Copy or move pictures into folders named by their labels, or write the labels as keywords into XMP side-cars."""

UnsureWish = Literal["apart", "leave", "label"]
"""What becomes of unsure pictures: a folder (or keyword) of their own, nothing, or what becomes of the others."""

SidecarName = Literal["full", "stem"]
"""`IMG.JPG.xmp` (digiKam's usual way, darktable), or `IMG.xmp` (Adobe's way)."""

UNSURE = "unsure"
"""The folder, or keyword, of pictures kept apart."""


@dataclass(frozen=True, slots=True)
class SortRequest:
    """What is to be done. `target` is the folder of the labels' folders; None for side-cars, which lie beside pictures.

    Pictures whose likeliest label has less than `minimum` (0..1) are kept apart or, where `unsure` says so, left.
    """

    action: SortAction
    target: Path | None = None
    minimum: float = 0.0
    unsure: UnsureWish = "apart"
    sidecar_name: SidecarName = "full"


@dataclass(frozen=True, slots=True)
class SortItem:
    """One picture as far as sorting looks at it; an error has no label. `unsure` is the network's verdict."""

    path: Path
    label: str | None
    probability: float
    unsure: bool

    @classmethod
    def of(cls, result: ImageResult) -> SortItem:
        """Return what sorting needs of a result."""
        if result.problem is not None or not result.predictions:
            return cls(result.path, None, 0.0, unsure=False)
        likeliest = result.predictions[0]
        return cls(result.path, likeliest.label, likeliest.probability, unsure=result.unsure is True)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One picture, the folder's name (a keyword for side-cars), and the name it is to have there.

    Between plan and deed another program may take the name; the picture then gets the next number.
    """

    path: Path
    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class PlannedFolder:
    """One folder (or keyword) of the tree: its name, the label it stands for, and how many pictures go there.

    `renumbered` of them get a number, since their name is taken. `label` is empty for the folder of unsure pictures.
    """

    name: str
    label: str
    count: int
    renumbered: int = 0


@dataclass(frozen=True, slots=True)
class SortPlan:
    """A dry run. `folders` are in the order of their names, the unsure ones last.

    Left where they are: `errors` could not be read, `unsure_left` are unsure, `in_place` lie in their folder already,
    `already_there` have the same copy there from before. `bytes_needed` is the room that copies take on the target's
    drive, of which `bytes_free` is free (None where that is not known).
    """

    request: SortRequest
    files: tuple[PlannedFile, ...]
    folders: tuple[PlannedFolder, ...]
    errors: int = 0
    unsure_left: int = 0
    in_place: int = 0
    already_there: int = 0
    bytes_needed: int = 0
    bytes_free: int | None = None

    @property
    def has_room(self) -> bool:
        """Whether the copies fit on the target's drive, as far as is known."""
        return self.bytes_free is None or self.bytes_needed <= self.bytes_free


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """Pictures looked at so far, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SortFailure:
    """One picture that stayed as it was, and why; of an undo, one thing that could not be taken back."""

    path: Path
    problem: Problem


@dataclass(frozen=True, slots=True)
class SortStep:
    """How far it is, and what happened since the last step: `placed` has (old path, new path) of each picture.

    For side-cars the new path is that of the side-car.
    """

    done: int
    total: int
    placed: tuple[tuple[Path, Path], ...]
    failures: tuple[SortFailure, ...]


@dataclass(frozen=True, slots=True)
class SortDone:
    """The last value of a sorting run, also of one that was cancelled.

    `run` names it for an undo; empty where nothing was done. `left` were not come to. `stopped` is why it ended early
    (None: it did not, or `cancelled` was asked for).
    """

    run: str
    action: SortAction
    target: Path | None
    done: int
    failed: int
    left: int
    cancelled: bool = False
    stopped: Problem | None = None


@dataclass(frozen=True, slots=True)
class SortRun:
    """One run that can be undone: its name, when it began (UTC, ISO 8601), what it did to how many pictures, where.

    `tried`: it was undone as far as that was possible; what was kept can be tried again.
    """

    run: str
    started: str
    action: SortAction
    target: Path | None
    total: int
    tried: bool = False


@dataclass(frozen=True, slots=True)
class UndoDone:
    """The last value of an undo: how many things were taken back, how many could not be, and whether it was stopped.

    What could not be taken back is told in the steps. A run that was taken back whole is forgotten.
    """

    run: SortRun
    undone: int
    kept: int
    cancelled: bool = False
