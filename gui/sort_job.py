"""The jobs of the sort dialog, for the I/O thread: plan, carry out, undo; and what they tell of rows that moved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gui.shown_row import RowsSnapshot, ShownRow, current_results
from model.cancel import CancelToken
from model.types import FoundImage, ImageResult

if TYPE_CHECKING:
    from model.sorting_types import PlanProgress, SortDone, SortPlan, SortRequest, SortRun, SortStep, UndoDone


_Event = TypeVar("_Event")


@dataclass(frozen=True, slots=True, eq=False)
class Relocated:
    """Rows whose pictures lie elsewhere now: their old paths, the new rows, and the results that these take over."""

    old: tuple[Path, ...]
    found: tuple[FoundImage, ...]
    results: tuple[ImageResult, ...]


def plan_job(
    snapshot: RowsSnapshot, classes: Sequence[str], request: SortRequest, cancel: CancelToken
) -> Iterator[PlanProgress | SortPlan]:
    """Plan what `request` asks for with the results that the table shows."""
    from model.sorting_plan import plan_sorting
    from model.sorting_types import SortItem

    items = [SortItem.of(result) for result in current_results(snapshot.rows())]
    return plan_sorting(items, classes, request, cancel)


def sort_job(plan: SortPlan, snapshot: RowsSnapshot, cancel: CancelToken) -> Iterator[SortStep | SortDone | Relocated]:
    """Carry out a plan; rows of pictures that are moved follow them."""
    from model.sorting import carry_out

    moves = plan.request.action == "move"
    return _following(carry_out(plan, cancel), snapshot if moves else None)


def undo_job(run: SortRun, snapshot: RowsSnapshot, cancel: CancelToken) -> Iterator[SortStep | UndoDone | Relocated]:
    """Take a run back; rows of pictures that are moved back follow them."""
    from model.sorting_undo import undo_sorting

    return _following(undo_sorting(run.run, cancel), snapshot if run.action == "move" else None)


def last_run_job(_cancel: CancelToken) -> Iterator[SortRun]:
    """Find the last run; raises SortError when there is none."""
    from model.sorting_journal import last_run

    yield last_run()


def _following(events: Iterator[_Event], snapshot: RowsSnapshot | None) -> Iterator[_Event | Relocated]:
    from model.sorting_types import SortStep

    rows = {} if snapshot is None else {row.found.path: row for row in snapshot.rows()}
    for event in events:
        if rows and isinstance(event, SortStep) and event.placed:
            yield _relocated(event, rows)
        yield event


def _relocated(step: SortStep, rows: dict[Path, ShownRow]) -> Relocated:
    moved = [(rows[old], new) for old, new in step.placed if old in rows]
    found = tuple(FoundImage(new, os.path.realpath(new)) for _row, new in moved)
    results = tuple(replace(row.result, path=new) for row, new in moved if row.result is not None and not row.stale)
    return Relocated(tuple(row.found.path for row, _new in moved), found, results)
