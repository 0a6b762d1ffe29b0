"""How the results can be sorted and filtered, as frozen values; what computes with them is `gui.results_sorting`.

The window needs these before its first paint, and so this module does without numpy.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum

SHOWN_LABELS = 5
"""How many labels of a picture are shown, and can be filtered by."""


class RowStatus(IntEnum):
    """What is known of a row. The numbers are the order when sorted by status."""

    DONE = 0
    UNSURE = 1
    ERROR = 2
    PENDING = 3
    REMOVED = 4


IN_LIST = (RowStatus.DONE, RowStatus.UNSURE, RowStatus.ERROR, RowStatus.PENDING)
"""The statuses of all rows that were not removed."""


class SortKey(Enum):
    """What the rows can be sorted by."""

    ADDED = "added"
    NAME = "name"
    LABEL = "label"
    PROBABILITY = "probability"
    STATUS = "status"


class StatusFilter(Enum):
    """Which rows to show by their status; DONE has the unsure ones among them."""

    ALL = "all"
    DONE = "done"
    UNSURE = "unsure"
    PENDING = "pending"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which rows to show.

    A row passes when its status is asked for and, if `text` or `minimum` (0..1) is given, one of its shown labels has
    `text` in it (whatever the case) at a probability of at least `minimum`. Without `text` the likeliest label counts.
    Labels of an earlier run, shown grey until the picture is classified again, do not count. With `only`, just the
    pictures whose path or identity is among these texts are let through, whatever their labels.
    """

    text: str = ""
    minimum: float = 0.0
    status: StatusFilter = StatusFilter.ALL
    only: frozenset[str] | None = None

    @property
    def active(self) -> bool:
        """Whether any row could be hidden."""
        chosen = bool(self.text.strip()) or self.minimum > 0 or self.status is not StatusFilter.ALL
        return chosen or self.only is not None


@dataclass(frozen=True, slots=True)
class OrderSpec:
    """How the rows are to be shown. Rows without the value sorted by come last, ascending or descending."""

    key: SortKey = SortKey.ADDED
    descending: bool = False
    filter: ResultFilter = field(default_factory=ResultFilter)
