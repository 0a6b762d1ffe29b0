"""Which folders of a data set hold which class: one folder a class, or those inside of train, val and test folders."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import DatasetError
from model.names import display_name
from model.sources import has_hiding_attribute
from model.types import Problem

TRAINING, VALIDATION, TEST = range(3)
PART_NAMES = {
    "train": TRAINING,
    "training": TRAINING,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
"""Names of folders, in lower case, that stand for a part of the data set."""

MINIMUM_CLASSES = 2


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder all of whose pictures, however deep, are of one class and one part."""

    path: Path
    class_index: int
    part: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The class folders, by part and class. `in_parts` says whether the folders name the parts; else all are part 0.

    `left_out` are folders of parts without any class, for example of test pictures that nobody has labelled.
    """

    classes: tuple[str, ...]
    folders: tuple[ClassFolder, ...]
    in_parts: bool
    left_out: tuple[tuple[Path, Problem], ...] = ()


def find_layout(root: Path) -> Layout:
    """Look at the folders in `root`, and in those if all are named like parts and the training part holds folders.

    Raises DatasetError when there is no folder or it cannot be read, when there are fewer than two classes, when a
    class is missing in the training part, or when there is no such part beside others.
    """
    folders = _folders_in(root)
    parts = [PART_NAMES.get(folder.name.casefold()) for folder in folders]
    if folders and all(part is not None for part in parts):
        inside = {folder: _folders_in(folder) for folder in folders}
        training = [folder for folder, part in zip(folders, parts, strict=True) if part == TRAINING]
        if any(inside[folder] for folder in training):
            return _parts_layout(root, inside)
        if not training and any(inside.values()):
            raise DatasetError("dataset-no-training-part", folder=display_name(root))
    _require_classes(root, folders)
    classes = tuple(display_name(folder.name) for folder in folders)
    return Layout(classes, tuple(ClassFolder(folder, index, 0) for index, folder in enumerate(folders)), in_parts=False)


def _parts_layout(root: Path, inside: dict[Path, list[Path]]) -> Layout:
    """Several folders may stand for one part (`val` and `validation`, say)."""
    of_part: dict[int, list[Path]] = {TRAINING: [], VALIDATION: [], TEST: []}
    left_out = []
    for part_folder, folders in inside.items():
        of_part[PART_NAMES[part_folder.name.casefold()]].extend(folders)
        if not folders:
            problem = Problem("dataset-part-unlabelled", (("part", display_name(part_folder.name)),))
            left_out.append((part_folder, problem))
    names = sorted({folder.name for folder in of_part[TRAINING]})
    _require_classes(root, names)
    index_of = {name: index for index, name in enumerate(names)}
    found = []
    for part, folders in of_part.items():
        for folder in sorted(folders, key=lambda folder: (folder.name, folder)):
            if folder.name not in index_of:
                params = {"name": display_name(folder.name), "part": display_name(folder.parent.name)}
                raise DatasetError("dataset-class-not-in-training", **params)
            found.append(ClassFolder(folder, index_of[folder.name], part))
    return Layout(tuple(map(display_name, names)), tuple(found), in_parts=True, left_out=tuple(left_out))


def _require_classes(root: Path, classes: Sequence[object]) -> None:
    if len(classes) < MINIMUM_CLASSES:
        raise DatasetError("train-few-classes", folder=display_name(root), count=len(classes))


def _folders_in(folder: Path) -> list[Path]:
    """Return the folders that are not hidden, by name; raises DatasetError."""
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if entry.is_dir() and not _is_hidden(entry))
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise DatasetError("train-no-folder", folder=display_name(folder)) from exc
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DatasetError("scan-folder-unreadable", folder=display_name(folder), reason=reason) from exc


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(".") or has_hiding_attribute(entry.stat(follow_symlinks=False))
