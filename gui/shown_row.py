"""Rows of the results table as values: one to be painted, many copied for a thread that is not the GUI's, counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gui.results_order import RowStatus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gui.results_sorting import Slots
    from model.types import FoundImage, ImageResult

BOLD_FROM = 0.5
"""Below this probability no label is set in bold, where the weight set has no calibration to tell who is unsure."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """All that painting a row needs. While the status is PENDING, `result` is that of an earlier run, or None."""

    found: FoundImage
    status: RowStatus
    result: ImageResult | None

    @property
    def bold_from(self) -> float:
        """From which probability (0..1) on the likeliest label is a winner; a verdict of sure needs no more."""
        return BOLD_FROM if self.result is None or self.result.unsure is None else 0.0

    @property
    def stale(self) -> bool:
        """Whether the result shown is of an earlier run, to be painted grey."""
        return self.status is RowStatus.PENDING and self.result is not None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows there are. `done` has the unsure ones among it; done + errors + pending = total."""

    total: int = 0
    pending: int = 0
    done: int = 0
    errors: int = 0
    unsure: int = 0
    visible: int = 0

    @property
    def finished(self) -> int:
        """How many rows have a current result, be it an error."""
        return self.done + self.errors


@dataclass(frozen=True, slots=True, eq=False)
class RowsSnapshot:
    """The rows of one moment, by slot, for a thread that is not the GUI's: copies of columns, made in 1 ms at 100,000.

    `slots` are those asked for. Rows removed by then are None among `found`, and their status is REMOVED.
    """

    slots: Slots
    found: Sequence[FoundImage | None]
    results: Sequence[ImageResult | None]
    statuses: NDArray[np.uint8]

    def paths(self) -> Iterator[Path]:
        """Yield the paths of `slots`."""
        for slot in self.slots.tolist():
            found = self.found[slot]
            if found is not None:
                yield found.path

    def rows(self) -> Iterator[ShownRow]:
        """Yield the rows of `slots`."""
        for slot in self.slots.tolist():
            found = self.found[slot]
            if found is not None:
                yield ShownRow(found, RowStatus(self.statuses[slot]), self.results[slot])


def current_results(rows: Iterable[ShownRow]) -> list[ImageResult]:
    """Return the results of `rows` that count: not those of an earlier run."""
    return [row.result for row in rows if row.result is not None and not row.stale]


def status_of(result: ImageResult) -> RowStatus:
    """Return the status of a row whose result counts; the verdict is the result's own, never worked out anew."""
    if result.problem is not None:
        return RowStatus.ERROR
    return RowStatus.UNSURE if result.unsure else RowStatus.DONE
