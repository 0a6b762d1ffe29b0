"""Which pictures are to be evaluated, and what each is: from folders named like the classes, or from a labels file."""

import csv
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model.cancel import CancelToken
from model.class_names import ClassNames
from model.dataset_layout import PART_NAMES, TEST, TRAINING, VALIDATION
from model.errors import DatasetError, UsageError
from model.names import display_name, natural_key
from model.safe_files import read_bounded
from model.sources import absolute, find_images, has_hiding_attribute
from model.types import Problem, ScanBatch, WeightSet

log = logging.getLogger(__name__)

PARTS = (("test", TEST), ("val", VALIDATION), ("train", TRAINING))
"""What parts of a data set are called here; the first that there is gets evaluated."""

# A line for each of a million pictures takes a fifth of it.
_MOST_BYTES = 512 << 20
_DELIMITERS = ",\t;"
_FILE = "file"
_LABELS = ("class_index", "wnid", "label")


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A picture's absolute path, not looked at yet, and the index of its right class."""

    path: Path
    class_index: int


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """What is to be evaluated, each path once.

    `root` is absolute; where the data is divided into parts it is the folder of `part`, if that has one folder. `bad`
    names folders that could not be read.
    """

    root: Path
    files: tuple[LabelledFile, ...]
    part: str | None = None
    bad: tuple[tuple[Path, Problem], ...] = ()


def read_labelled_files(root: Path, labels: Path | None, weights: WeightSet, cancel: CancelToken) -> LabelledFiles:
    """Return the labelled pictures of `root`: those that the file `labels` names, or without it those in its folders.

    Raises DatasetError for folders or labels that do not go with the classes of `weights`, UsageError when there is no
    picture, and Cancelled.
    """
    root = absolute(root)
    if not root.is_dir():
        raise DatasetError("evaluate-no-folder", folder=display_name(root))
    names = ClassNames(weights)
    found = _from_folders(root, names, cancel) if labels is None else _from_file(root, labels, names, cancel)
    if not found.files:
        raise UsageError("evaluate-no-pictures", folder=display_name(root))
    return found


# --- folders ---


def _from_folders(root: Path, names: ClassNames, cancel: CancelToken) -> LabelledFiles:
    part, holders = _choose_part(root, names)
    folders = [folder for holder in holders for folder in _folders_of(holder)]
    if not folders:
        raise DatasetError("evaluate-no-classes", folder=display_name(root))
    # All names are looked at before any folder is read: a large folder takes minutes on a network drive.
    indices = [_class_of(folder, names) for folder in folders]
    found: dict[Path, int] = {}
    bad: list[tuple[Path, Problem]] = []
    for folder, index in zip(folders, indices, strict=True):
        for event in find_images([folder], recursive=True, cancel=cancel):
            if isinstance(event, ScanBatch):
                found.update((image.path, index) for image in event.found)
            else:
                bad.extend((folder, problem) for problem in event.unreadable)
    files = tuple(LabelledFile(*item) for item in found.items())
    return LabelledFiles(holders[0] if len(holders) == 1 else root, files, part, tuple(bad))


def _choose_part(root: Path, names: ClassNames) -> tuple[str | None, list[Path]]:
    """Return the part to evaluate and the folders that stand for it; None and `root` alone where there are no parts.

    A folder called `train` that is a class of the weights (vehicles have trains) is a class. A part without folders in
    it, of test pictures that nobody has labelled, say, is passed over.
    """
    folders = [folder for folder in _folders_of(root) if not names.of_name(folder.name)]
    for part, number in PARTS:
        holders = [folder for folder in folders if PART_NAMES.get(folder.name.casefold()) == number]
        if any(_folders_of(holder) for holder in holders):
            return part, holders
    return None, [root]


def _folders_of(root: Path) -> list[Path]:
    """Return the folders that are not hidden, in natural order; raises DatasetError."""
    try:
        folders = [entry for entry in root.iterdir() if entry.is_dir() and not _is_hidden(entry)]
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DatasetError("scan-folder-unreadable", folder=display_name(root), reason=reason) from exc
    return sorted(folders, key=lambda folder: (natural_key(folder.name), folder.name))


def _is_hidden(folder: Path) -> bool:
    return folder.name.startswith(".") or has_hiding_attribute(folder.stat())


def _class_of(folder: Path, names: ClassNames) -> int:
    name = display_name(folder.name)
    indices = names.of_folder(folder.name)
    if not indices:
        raise DatasetError("evaluate-folder-unknown", folder=name, id=names.id, known=names.listed(name))
    if len(indices) > 1:
        raise DatasetError("evaluate-folder-ambiguous", folder=name, id=names.id, classes=names.numbered(indices))
    return indices[0]


# --- labels files ---


class _Line(NamedTuple):
    """One line of a labels file: its number, and its cells by column."""

    number: int
    cells: dict[str, str]


def _from_file(root: Path, file: Path, names: ClassNames, cancel: CancelToken) -> LabelledFiles:
    found: dict[Path, tuple[int, int]] = {}
    for line in _lines_of(file):
        cancel.raise_if_cancelled()
        index = _label_of(line, file, names)
        path = absolute(root / line.cells[_FILE])
        known, earlier = found.setdefault(path, (index, line.number))
        if known != index:
            name = display_name(line.cells[_FILE])
            raise DatasetError(
                "evaluate-labels-twice", file=display_name(file), line=line.number, name=name, earlier=earlier
            )
    return LabelledFiles(root, tuple(LabelledFile(path, index) for path, (index, _) in found.items()))


def _lines_of(file: Path) -> Iterator[_Line]:
    """Yield the lines with their cells, free of surrounding spaces; raises DatasetError."""
    shown = display_name(file)
    try:
        text = read_bounded(file, _MOST_BYTES).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DatasetError("evaluate-labels-unreadable", file=shown, reason=reason) from exc
    except UnicodeDecodeError as exc:
        raise DatasetError("evaluate-labels-not-text", file=shown, detail=str(exc)) from exc
    delimiter, columns = _header_of(text, shown)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        next(reader)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            # More cells than columns: a label with a comma in it, say, that was not put in quotes.
            named = dict(zip(columns, cells, strict=False))
            fits = not any(cells[len(columns) :])
            if not fits or not named.get(_FILE) or not any(named.get(column) for column in _LABELS):
                raise DatasetError("evaluate-labels-line", file=shown, line=reader.line_num)
            yield _Line(reader.line_num, named)
    except csv.Error as exc:
        raise DatasetError("evaluate-labels-line", file=shown, line=reader.line_num, detail=str(exc)) from exc


def _header_of(text: str, shown: str) -> tuple[str, list[str]]:
    """Return the delimiter and the columns: the first delimiter that makes the first line name what is needed."""
    first = text.partition("\n")[0].rstrip("\r")
    for delimiter in _DELIMITERS:
        try:
            columns = [cell.strip().casefold() for row in csv.reader([first], delimiter=delimiter) for cell in row]
        except csv.Error as exc:  # a cell of more than 128 KiB
            raise DatasetError("evaluate-labels-columns", file=shown, detail=str(exc)) from exc
        if _FILE in columns and any(column in columns for column in _LABELS):
            return delimiter, columns
    raise DatasetError("evaluate-labels-columns", file=shown)


def _label_of(line: _Line, file: Path, names: ClassNames) -> int:
    """Return the class of a line, by the most exact of its cells: index, then WordNet number, then label."""
    shown, number = display_name(file), line.number
    class_index, wnid, label = (line.cells.get(column, "") for column in _LABELS)
    by_wnid = names.of_wnid(wnid) if wnid else None
    if class_index:
        index = names.of_index(class_index)
        if index is None:
            last = len(names.classes) - 1
            raise DatasetError(
                "evaluate-index-unknown", file=shown, line=number, label=class_index, id=names.id, last=last
            )
        if by_wnid is not None and by_wnid != index:
            raise DatasetError(
                "evaluate-labels-contradict",
                file=shown,
                line=number,
                wnid=wnid,
                index=by_wnid,
                id=names.id,
                class_index=index,
            )
        return index
    if by_wnid is not None:
        return by_wnid
    if not label:
        raise DatasetError("evaluate-wnid-unknown", file=shown, line=number, label=wnid, id=names.id)
    indices = names.of_name(label)
    if not indices:
        known = names.listed(label)
        raise DatasetError("evaluate-label-unknown", file=shown, line=number, label=label, id=names.id, known=known)
    if len(indices) > 1:
        classes = names.numbered(indices)
        raise DatasetError(
            "evaluate-label-ambiguous", file=shown, line=number, label=label, id=names.id, classes=classes
        )
    return indices[0]
