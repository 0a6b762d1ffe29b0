"""The jobs of the sort dialog, for the I/O thread: plan, carry out, undo; and what they tell of rows that moved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gui.shown_row import RowsSnapshot, current_results
from model.cancel import CancelToken
from model.types import FoundImage

if TYPE_CHECKING:
    from model.sorting_types import (
        PlanProgress,
        SortAction,
        SortDone,
        SortPlan,
        SortRequest,
        SortRun,
        SortStep,
        UndoDone,
    )


_Event = TypeVar("_Event")


@dataclass(frozen=True, slots=True, eq=False)
class Relocated:
    """Pictures that lie elsewhere now: their old paths, and their new places."""

    moved: tuple[tuple[Path, FoundImage], ...]


def plan_job(
    snapshot: RowsSnapshot, classes: Sequence[str], request: SortRequest, cancel: CancelToken
) -> Iterator[PlanProgress | SortPlan]:
    """Plan what `request` asks for with the results that the table shows."""
    from model.sorting_plan import plan_sorting
    from model.sorting_types import SortItem

    items = [SortItem.of(result) for result in current_results(snapshot.rows())]
    return plan_sorting(items, classes, request, cancel)


def sort_job(plan: SortPlan, cancel: CancelToken) -> Iterator[SortStep | SortDone | Relocated]:
    """Carry out a plan; tells where moved pictures lie now."""
    from model.sorting import carry_out

    return _following(carry_out(plan, cancel), plan.request.action)


def undo_job(run: SortRun, cancel: CancelToken) -> Iterator[SortStep | UndoDone | Relocated]:
    """Take a run back; tells where pictures that were moved back lie now."""
    from model.sorting_undo import undo_sorting

    return _following(undo_sorting(run.run, cancel), run.action)


def last_run_job(_cancel: CancelToken) -> Iterator[SortRun]:
    """Find the last run; raises SortError when there is none."""
    from model.sorting_journal import last_run

    yield last_run()


def _following(events: Iterator[_Event], action: SortAction) -> Iterator[_Event | Relocated]:
    from model.sorting_types import SortStep

    for event in events:
        if action == "move" and isinstance(event, SortStep) and event.placed:
            yield Relocated(tuple((old, FoundImage(new, os.path.realpath(new))) for old, new in event.placed))
        yield event
