"""A dry run of sorting: which picture would go into which folder, under which name; nothing is changed."""

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from model.cancel import CancelToken
from model.errors import SortError
from model.file_moves import same_bytes
from model.names import display_name, natural_key
from model.safe_names import folder_names, name_key, numbered_name
from model.sorting_types import (
    UNSURE,
    PlannedFile,
    PlannedFolder,
    PlanProgress,
    SortItem,
    SortPlan,
    SortRequest,
)

_PROGRESS_STEP = 500
_MOST_COMPARED = 100  # pictures of one name already in a folder that a copy is compared with


def plan_sorting(
    items: Sequence[SortItem], classes: Sequence[str], request: SortRequest, cancel: CancelToken
) -> Iterator[PlanProgress | SortPlan]:
    """Yield how far it is and, last, the plan; `classes` are all labels of the weights, in their order.

    Raises:
        SortError: the target is no folder or cannot be looked at.
        Cancelled: when `cancel` was set.
    """
    plan = _Plan(classes, request)
    for number, item in enumerate(items):
        cancel.raise_if_cancelled()
        plan.take(item)
        if number % _PROGRESS_STEP == _PROGRESS_STEP - 1:
            yield PlanProgress(number + 1, len(items))
    yield plan.finished()


def check_folder(target: Path) -> Path:
    """Return the absolute path of a folder that is there or could be made; raises SortError for anything else."""
    whole = Path(os.path.realpath(target))
    try:
        if not stat.S_ISDIR(whole.stat().st_mode):
            raise SortError("sort-target-not-folder", folder=display_name(target))
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        raise SortError("sort-target-not-folder", folder=display_name(target)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SortError("sort-target-unusable", folder=display_name(target), reason=reason) from error
    return whole


class _Plan:
    """The plan while it is made; belongs to the thread that makes it."""

    def __init__(self, classes: Sequence[str], request: SortRequest) -> None:
        self._request = request
        self._target: Path | None = None
        if request.action != "xmp":
            if request.target is None:
                raise SortError("sort-target-missing")
            self._target = check_folder(request.target)
        self._names = folder_names(classes, (UNSURE,)) if self._target is not None else {}
        self._folders: dict[str, _Folder] = {}
        self._real: dict[Path, str] = {}
        self._files: list[PlannedFile] = []
        self._count: Counter[str] = Counter()
        self._renumbered: Counter[str] = Counter()
        self._labels: dict[str, str] = {}
        self._left: Counter[str] = Counter()
        self._bytes = 0
        self._device = None if self._target is None else _nearest_device(self._target)

    def take(self, item: SortItem) -> None:
        """Find the place of one picture."""
        if item.label is None:
            self._left["errors"] += 1
            return
        apart = item.probability < self._request.minimum
        apart |= item.unsure and self._request.unsure != "label"
        if apart and self._request.unsure == "leave":
            self._left["unsure_left"] += 1
            return
        label = "" if apart else item.label
        if self._target is None:
            self._add(item.path, label or UNSURE, label, item.path.name)
        else:
            self._place(item.path, UNSURE if apart else self._name_of(item.label), label)

    def finished(self) -> SortPlan:
        """Return the plan."""
        folders = [
            PlannedFolder(name, self._labels[name], count, self._renumbered[name])
            for name, count in sorted(self._count.items(), key=lambda pair: (not self._labels[pair[0]], *_order(pair)))
        ]
        return SortPlan(
            self._request,
            tuple(self._files),
            tuple(folders),
            errors=self._left["errors"],
            unsure_left=self._left["unsure_left"],
            in_place=self._left["in_place"],
            already_there=self._left["already_there"],
            bytes_needed=self._bytes,
            bytes_free=None if self._target is None else _free_bytes(self._target),
        )

    def _name_of(self, label: str) -> str:
        if label not in self._names:  # not a class of these weights, which no result should be
            self._names |= folder_names([label], (UNSURE, *self._names.values()))
        return self._names[label]

    def _place(self, path: Path, wanted: str, label: str) -> None:
        assert self._target is not None
        folder = self._folders.get(wanted)
        if folder is None:
            folder = self._folders[wanted] = _Folder(self._target, wanted)
        if path.parent not in self._real:
            self._real[path.parent] = os.path.realpath(path.parent)
        if self._real[path.parent] == folder.real:
            self._left["in_place"] += 1
            return
        status = None
        with suppress(OSError, ValueError):  # a picture that is gone by now is told of when its turn comes
            status = path.stat()
        if self._request.action == "copy" and status is not None and folder.has_copy_of(path, status.st_size):
            self._left["already_there"] += 1
            return
        name = folder.take_name(path.name)
        if status is not None and (self._request.action == "copy" or status.st_dev != self._device):
            self._bytes += status.st_size
        self._renumbered[folder.name] += name != path.name
        self._add(path, folder.name, label, name)

    def _add(self, path: Path, folder: str, label: str, name: str) -> None:
        self._files.append(PlannedFile(path, folder, name))
        self._count[folder] += 1
        self._labels[folder] = label


class _Folder:
    """The names in one of the target's folders: those that are there, and those given to pictures."""

    def __init__(self, target: Path, wanted: str) -> None:
        self.name, number = wanted, 2
        # A file of that name stays; the folder gets a number.
        while os.path.lexists(target / self.name) and not (target / self.name).is_dir():
            self.name, number = f"{wanted} ({number})", number + 1
        self._path = target / self.name
        self.real = os.path.realpath(self._path)
        self._there: set[str] = set()
        try:
            self._there.update(name_key(name) for name in os.listdir(self._path))
        except FileNotFoundError:
            pass
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SortError("sort-target-unusable", folder=display_name(self._path), reason=reason) from error
        self._taken = set(self._there)
        self._next: dict[str, int] = {}

    def has_copy_of(self, path: Path, size: int) -> bool:
        """Return whether the picture was copied here before, under its name or a numbered one."""
        for number in range(1, _MOST_COMPARED):
            name = numbered_name(path.name, number)
            if name_key(name) not in self._there:
                return False
            there = self._path / name
            with suppress(OSError):
                if there.stat().st_size == size and same_bytes(path, there):
                    return True
        return False

    def take_name(self, name: str) -> str:
        """Return the name, or the first free numbered one, which then is taken."""
        key = name_key(name)
        number = self._next.get(key, 1)
        while name_key(free := numbered_name(name, number)) in self._taken:
            number += 1
        self._taken.add(name_key(free))
        self._next[key] = number + 1
        return free


def _order(pair: tuple[str, int]) -> tuple[str, str]:
    return natural_key(pair[0]), pair[0]


def _nearest(folder: Path) -> Path:
    """Return the folder or, where it is not there yet, the next one above that is."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _nearest_device(folder: Path) -> int | None:
    try:
        return _nearest(folder).stat().st_dev
    except OSError:
        return None


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(_nearest(folder)).free
    except OSError:
        return None
