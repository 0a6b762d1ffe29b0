"""What tests of sorting share: pictures that are only bytes, plans made in one call, trees to compare."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from model.cancel import CancelToken
from model.sorting import carry_out
from model.sorting_plan import plan_sorting
from model.sorting_types import SortAction, SortDone, SortFailure, SortItem, SortPlan, SortRequest, SortStep, UndoDone
from model.sorting_undo import undo_sorting

CLASSES = ("cat", "dog", "bird")


def give_file(path: Path, data: bytes = b"picture", *, when: int = 1_600_000_000) -> Path:
    """Write a file with a time of change of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (when, when))
    return path


def item(path: Path, label: str | None = "cat", probability: float = 0.9, *, unsure: bool = False) -> SortItem:
    return SortItem(path, label, probability, unsure)


def plan(items: Sequence[SortItem], request: SortRequest, classes: Sequence[str] = CLASSES) -> SortPlan:
    *_, last = plan_sorting(items, classes, request, CancelToken())
    assert isinstance(last, SortPlan)
    return last


def sort(
    items: Sequence[SortItem], target: Path | None, action: SortAction = "move", **wishes: object
) -> tuple[SortDone, list[SortFailure]]:
    """Plan and carry out; return the end and what failed."""
    request = SortRequest(action, target, **wishes)  # type: ignore[arg-type]
    return end_of(carry_out(plan(items, request), CancelToken()))


def end_of(events: Iterator[SortStep | SortDone]) -> tuple[SortDone, list[SortFailure]]:
    failures: list[SortFailure] = []
    for event in events:
        if isinstance(event, SortStep):
            failures += event.failures
    assert isinstance(event, SortDone)
    return event, failures


def undo(run: str) -> tuple[UndoDone, list[SortFailure]]:
    failures: list[SortFailure] = []
    for event in undo_sorting(run, CancelToken()):
        if isinstance(event, SortStep):
            failures += event.failures
    assert isinstance(event, UndoDone)
    return event, failures


def codes(failures: Sequence[SortFailure]) -> list[str]:
    return [failure.problem.code for failure in failures]


def tree(folder: Path) -> dict[str, tuple[bytes, int, int] | None]:
    """Return every file under `folder` with its bytes, time of change and permissions, and every folder."""
    found: dict[str, tuple[bytes, int, int] | None] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        status = path.lstat()
        found[name] = None if path.is_dir() else (path.read_bytes(), status.st_mtime_ns, status.st_mode & 0o777)
    return found


def names(folder: Path) -> list[str]:
    """Return the files under `folder`."""
    return [name for name, content in tree(folder).items() if content is not None]
