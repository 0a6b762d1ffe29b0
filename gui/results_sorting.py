"""Sorting and filtering of the results as pure functions over a snapshot; safe on any thread, no Qt.

The table never sorts or filters itself: a job computes one permutation with `compute_order`, and the table model
swaps it in. Rows are named by slot: the number a row got when it was added, which never changes and is not used again
within a generation of the list.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gui.results_order import IN_LIST, OrderSpec, ResultFilter, RowStatus, SortKey, StatusFilter
from model.cancel import CancelToken
from model.types import FoundImage

NO_LABEL = -1
"""The label id of an empty place."""

Slots = NDArray[np.intp]
Mask = NDArray[np.bool_]

_SORT_CHUNK = 8192  # a list sort holds the GIL; in pieces of this size for about 2 ms at a time

_SHOWN_STATUSES: dict[StatusFilter, tuple[RowStatus, ...]] = {
    StatusFilter.ALL: IN_LIST,
    StatusFilter.DONE: (RowStatus.DONE, RowStatus.UNSURE),
    StatusFilter.UNSURE: (RowStatus.UNSURE,),
    StatusFilter.PENDING: (RowStatus.PENDING,),
    StatusFilter.ERROR: (RowStatus.ERROR,),
}


@dataclass(frozen=True, slots=True, eq=False)
class RowColumns:
    """What a filter looks at, one entry for each of n rows.

    `statuses` uint8 (n,) of RowStatus; `label_ids` int32 (n, 5) into a list of labels, NO_LABEL where there are fewer;
    `probabilities` float64 (n, 5), 0..1, likeliest first; `pictures` None for a removed row. A filter without `only`
    does not look at the pictures, and so does without them.
    """

    statuses: NDArray[np.uint8]
    label_ids: NDArray[np.int32]
    probabilities: NDArray[np.float64]
    pictures: Sequence[FoundImage | None] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OrderSnapshot:
    """A copy of what sorting and filtering need, at one moment (`serial`) of one `generation` of the list.

    `columns` and `name_keys` (see `model.names.natural_key`) have an entry for each slot, removed ones included.
    """

    generation: int
    serial: int
    columns: RowColumns
    labels: tuple[str, ...]
    name_keys: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Ordering:
    """The slots to show, first row first, as of the snapshot with this `generation` and `serial`."""

    spec: OrderSpec
    generation: int
    serial: int
    slots: Slots


def label_hits(labels: Sequence[str], text: str) -> Mask:
    """Return for each label id whether `text` is in the label; one False more at the end, for NO_LABEL (-1)."""
    needle = text.strip().casefold()
    return np.array([*(needle in label.casefold() for label in labels), False], dtype=np.bool_)


def matching(columns: RowColumns, chosen: ResultFilter, hits: Mask) -> Mask:
    """Return for each row whether it passes; `hits` is `label_hits` for the filter's text."""
    passes: Mask = np.isin(columns.statuses, np.array(_SHOWN_STATUSES[chosen.status], dtype=np.uint8))
    if chosen.text.strip():
        labelled = hits[columns.label_ids] & (columns.probabilities >= chosen.minimum)
        passes = passes & labelled.any(axis=1) & (columns.statuses <= RowStatus.UNSURE)
    elif chosen.minimum > 0:
        passes = passes & (columns.probabilities[:, 0] >= chosen.minimum) & (columns.statuses <= RowStatus.UNSURE)
    if chosen.only is not None:
        passes = passes & _named(columns.pictures, chosen.only)
    return passes


def _named(pictures: Sequence[FoundImage | None], names: frozenset[str]) -> Mask:
    every = (found is not None and (str(found.path) in names or found.identity in names) for found in pictures)
    return np.fromiter(every, np.bool_, len(pictures))


def compute_order(snapshot: OrderSnapshot, spec: OrderSpec, cancel: CancelToken) -> Iterator[Ordering]:
    """Yield the one permutation of the rows that `spec` asks for; a job for a thread that is not the GUI's.

    Sorting is stable: equal rows stay in the order in which they were added, descending too.

    Raises:
        Cancelled: when `cancel` was set.
    """
    cancel.raise_if_cancelled()
    hits = label_hits(snapshot.labels, spec.filter.text)
    slots = np.flatnonzero(matching(snapshot.columns, spec.filter, hits))
    cancel.raise_if_cancelled()
    yield Ordering(spec, snapshot.generation, snapshot.serial, _sorted(slots, snapshot, spec, cancel))


def _sorted(slots: Slots, snapshot: OrderSnapshot, spec: OrderSpec, cancel: CancelToken) -> Slots:
    columns = snapshot.columns
    statuses = columns.statuses[slots]
    labelled = statuses <= RowStatus.UNSURE
    certainty = np.where(labelled, columns.probabilities[slots, 0], -1.0)
    sign = -1.0 if spec.descending else 1.0
    match spec.key:
        case SortKey.ADDED:
            return slots[::-1] if spec.descending else slots
        case SortKey.NAME:
            return _sorted_by_text(slots, snapshot.name_keys, spec.descending, cancel)
        case SortKey.LABEL:
            rank = _label_ranks(snapshot.labels)[columns.label_ids[slots, 0]]
            return slots[np.lexsort((-certainty, np.where(labelled, sign * rank, np.inf)))]
        case SortKey.PROBABILITY:
            return slots[np.argsort(np.where(labelled, sign * certainty, np.inf), kind="stable")]
        case SortKey.STATUS:
            return slots[np.argsort(sign * statuses, kind="stable")]


def _label_ranks(labels: Sequence[str]) -> NDArray[np.float64]:
    """Return each label's place in the alphabet; equal labels share one; the last entry is for NO_LABEL."""
    folded = [label.casefold() for label in labels]
    places = {label: place for place, label in enumerate(sorted(set(folded)))}
    return np.array([*(places[label] for label in folded), len(places)], dtype=np.float64)


def _sorted_by_text(slots: Slots, keys: Sequence[str], descending: bool, cancel: CancelToken) -> Slots:
    merged: list[int] = []
    every = slots.tolist()
    for start in range(0, len(every), _SORT_CHUNK):
        cancel.raise_if_cancelled()
        chunk = every[start : start + _SORT_CHUNK]
        chunk.sort(key=keys.__getitem__, reverse=descending)
        merged += chunk
    merged.sort(key=keys.__getitem__, reverse=descending)  # finds the sorted chunks and only merges them
    return np.array(merged, dtype=np.intp)
