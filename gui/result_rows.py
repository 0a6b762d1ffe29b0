"""The rows behind the results table: pictures, results, and which rows are shown in which order. No Qt."""

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gui.growing_columns import grown
from gui.results_order import IN_LIST, SHOWN_LABELS, OrderSpec, RowStatus
from gui.results_sorting import (
    NO_LABEL,
    Mask,
    Ordering,
    OrderSnapshot,
    RowColumns,
    Slots,
    label_hits,
    matching,
)
from gui.shown_row import Counts, RowsSnapshot, ShownRow, current_results, status_of
from model.names import natural_key
from model.types import Calibration, FoundImage, ImageResult

_HIDDEN = -1
_NO_WEIGHTS = -1
_DESTROYED_AT_ONCE = 1000
_T = TypeVar("_T", bound=np.generic)

MadeWith = tuple[str, Calibration | None]
"""What decides a result beside the picture: the digest of the weights, and their calibration."""


class ResultRows:
    """Rows in the order of adding (slots), and the sequence of slots that is shown. One thread at a time."""

    def __init__(self) -> None:
        """Start empty, with nothing sorted or filtered."""
        self.spec = OrderSpec()
        self.active: MadeWith = ("", None)
        self.trash: list[dict[str, int] | set[str] | list[Any]] = []
        """What a cleared list has left behind; destroying it all at once takes 0.2 s for 100,000 rows."""
        self._serial = 0
        self._generation = 0
        self._reset()

    def _reset(self) -> None:
        if self._generation:
            self.trash += (self._slot_of_path, self._identities, self._found, self._results, self._name_keys)
        self._generation += 1
        self._slot_of_path: dict[str, int] = {}
        self._identities: set[str] = set()
        self._found: list[FoundImage | None] = []
        self._results: list[ImageResult | None] = []
        self._name_keys: list[str] = []
        self._labels: dict[str, int] = {}
        self._hits: tuple[str, Mask] | None = None
        self._statuses = np.empty(0, np.uint8)
        self._label_ids = np.empty((0, SHOWN_LABELS), np.int32)
        self._probabilities = np.empty((0, SHOWN_LABELS), np.float64)
        self._outcomes = np.empty(0, np.uint8)  # the status of the row while its result counts
        self._weights = np.empty(0, np.int32)  # what made the result, as a number of _weights_numbers
        self._weights_numbers: dict[MadeWith, int] = {}
        self._changed = np.empty(0, np.int64)  # the serial of each slot's last change
        self._row_of_slot = np.empty(0, np.intp)
        self._shown = np.empty(0, np.intp)
        self._shown_count = 0
        self._counted: Counts | None = None

    # --- reading ---

    def __len__(self) -> int:
        """The number of shown rows."""
        return self._shown_count

    @property
    def shown(self) -> Slots:
        """The slots of the shown rows, first row first; a view that the next change makes invalid."""
        return self._shown[: self._shown_count]

    def row(self, row: int) -> ShownRow:
        """Return what the shown row `row` shows."""
        slot = int(self.shown[row])
        return ShownRow(self._found_at(slot), RowStatus(self._statuses[slot]), self._results[slot])

    def found(self, row: int) -> FoundImage:
        """Return the picture of the shown row `row`."""
        return self._found_at(int(self.shown[row]))

    def row_of(self, path: Path) -> int | None:
        """Return the shown row of `path`; None when it is hidden or unknown."""
        slot = self._slot_of_path.get(str(path))
        row = _HIDDEN if slot is None else int(self._row_of_slot[slot])
        return None if row == _HIDDEN else row

    def row_named(self, prefix: str, start: int) -> int | None:
        """Return the first shown row from `start` on, going round, whose file name begins with `prefix`."""
        begin = prefix.casefold()
        slots: list[int] = self.shown.tolist()
        head = natural_key(prefix).partition("\0")[0]  # up to the first number, a name's key is the name
        for row in itertools.chain(range(start, len(slots)), range(min(start, len(slots)))):
            slot = slots[row]
            if self._name_keys[slot].startswith(head) and _name_of(self._found_at(slot)).casefold().startswith(begin):
                return row
        return None

    @property
    def mark(self) -> tuple[int, int]:
        """What tells rows that are in the list now from those that are added later."""
        return self._generation, len(self._found)

    def has_newer(self, paths: Iterable[Path], mark: tuple[int, int]) -> bool:
        """Return whether one of `paths` is in the list, waits, and was added after `mark`."""
        generation, size = mark
        slots = (self._slot_of_path.get(str(path), -1) for path in paths)
        first = size if generation == self._generation else 0
        return any(slot >= first and self._statuses[slot] == RowStatus.PENDING for slot in slots)

    def rows_of(self, slots: Slots) -> Slots:
        """Return the shown rows of `slots`, ascending; hidden ones are left out."""
        rows = self._row_of_slot[slots]
        return np.sort(rows[rows != _HIDDEN])

    def row_of_slots(self, slots: Slots) -> Slots:
        """Return the row of each of `slots`, all of them shown."""
        return self._row_of_slot[slots]

    def mask_of(self, slots: Slots) -> Mask:
        """Return for each slot whether it is among `slots`: `numpy.isin` without its sorting."""
        mask = np.zeros(len(self._found), np.bool_)
        mask[slots] = True
        return mask

    def hidden_among(self, slots: Slots) -> Slots:
        """Return those of `slots` that are not shown."""
        return np.compress(self._row_of_slot[slots] == _HIDDEN, slots)

    def slots_of(self, paths: Iterable[Path]) -> Slots:
        """Return the slots of `paths`, ascending; unknown ones are left out."""
        known = {slot for path in paths if (slot := self._slot_of_path.get(str(path))) is not None}
        return np.array(sorted(known), dtype=np.intp)

    def slots_with(self, *statuses: RowStatus) -> Slots:
        """Return the slots of all rows, hidden ones too, that have one of `statuses`, in the order of adding."""
        return np.flatnonzero(np.isin(self._used(self._statuses), np.array(statuses, dtype=np.uint8)))

    def pictures(self, slots: Slots) -> list[FoundImage]:
        """Return the pictures of `slots`."""
        return [self._found_at(slot) for slot in slots.tolist()]

    def results(self) -> list[ImageResult]:
        """Return the results of the active weights, in the order of adding, hidden rows too."""
        return current_results(self.copy_of().rows())

    def copy_of(self, slots: Slots | None = None) -> RowsSnapshot:
        """Copy the rows of `slots`; without them, of all rows, hidden ones too, in the order of adding."""
        chosen = self.slots_with(*IN_LIST) if slots is None else slots.copy()
        return RowsSnapshot(chosen, tuple(self._found), tuple(self._results), self._used(self._statuses).copy())

    def counts(self) -> Counts:
        """Count the rows by status; asked several times for each change."""
        if self._counted is None:
            self._counted = self._count()
        return self._counted

    def snapshot(self) -> OrderSnapshot:
        """Copy what sorting and filtering need."""
        columns = RowColumns(
            self._used(self._statuses).copy(),
            self._used(self._label_ids).copy(),
            self._used(self._probabilities).copy(),
            tuple(self._found),
        )
        return OrderSnapshot(self._generation, self._serial, columns, tuple(self._labels), tuple(self._name_keys))

    # --- changing rows; none of these changes which rows are shown ---

    def admit(self, found: Sequence[FoundImage]) -> Slots:
        """Take in the pictures that are not in the list yet, as pending, not shown; return their slots."""
        first = len(self._found)
        for image in found:
            name = str(image.path)
            if image.identity in self._identities or name in self._slot_of_path:
                continue
            self._identities.add(image.identity)
            self._slot_of_path[name] = len(self._found)
            self._found.append(image)
            self._results.append(None)
            self._name_keys.append(natural_key(_name_of(image)))
        self._reserve(len(self._found))
        slots = np.arange(first, len(self._found), dtype=np.intp)
        self._statuses[slots] = RowStatus.PENDING
        self._label_ids[slots] = NO_LABEL
        self._probabilities[slots] = 0.0
        self._outcomes[slots] = RowStatus.PENDING
        self._weights[slots] = _NO_WEIGHTS
        self._row_of_slot[slots] = _HIDDEN
        self._touch(slots)
        return slots

    def apply(self, results: Iterable[ImageResult]) -> Slots:
        """Take in the results of the active weights for pictures in the list; return the slots that changed."""
        sha256, calibration = self.active
        taken: dict[int, ImageResult] = {}
        for result in results:
            slot = self._slot_of_path.get(str(result.path))
            if slot is not None and result.weights_sha256 == sha256 and result.calibration == calibration:
                taken[slot] = result
        slots = np.array(sorted(taken), dtype=np.intp)
        if len(slots):
            self._write(slots, [taken[slot] for slot in slots.tolist()])
            self._make_current(slots)
        return slots

    def relocate(self, moved: Iterable[tuple[Path, FoundImage]]) -> Slots:
        """Have rows, with their results, stand for pictures that lie elsewhere now; return the slots that changed.

        Left out are pictures that are not in the list, and those whose new place another row stands for.
        """
        changed = []
        for old, found in moved:
            slot, name = self._slot_of_path.get(str(old)), str(found.path)
            if slot is None or name in self._slot_of_path or found.identity in self._identities:
                continue
            self._identities.discard(self._found_at(slot).identity)
            self._identities.add(found.identity)
            self._slot_of_path[name] = self._slot_of_path.pop(str(old))
            self._found[slot], self._name_keys[slot] = found, natural_key(_name_of(found))
            result = self._results[slot]
            self._results[slot] = None if result is None else replace(result, path=found.path)
            changed.append(slot)
        slots = np.array(sorted(changed), dtype=np.intp)
        self._touch(slots)
        return slots

    def set_pending(self, slots: Slots) -> None:
        """Turn rows back to pending; their old results stay, as stale ones."""
        self._statuses[slots] = RowStatus.PENDING
        self._touch(slots)

    def slots_of_other_weights(self) -> Slots:
        """Return the rows whose result, not stale yet, was not made by the active weights."""
        slots = self.slots_with(RowStatus.DONE, RowStatus.UNSURE, RowStatus.ERROR)
        return np.compress(self._weights[slots] != self._active_weights(), slots)

    def restore(self) -> Slots:
        """Make stale results of the active weights current again; return the slots that changed."""
        slots = self.slots_with(RowStatus.PENDING)
        slots = np.compress(self._weights[slots] == self._active_weights(), slots)
        self._make_current(slots)
        return slots

    # --- changing what is shown ---

    def passing(self, slots: Slots, spec: OrderSpec | None = None) -> Slots:
        """Return those of `slots` that pass the filter of `spec` (without it, of the one in use)."""
        chosen = (spec or self.spec).filter
        if self._hits is None or self._hits[0] != chosen.text or len(self._hits[1]) != len(self._labels) + 1:
            self._hits = (chosen.text, label_hits(tuple(self._labels), chosen.text))
        pictures = () if chosen.only is None else [self._found[slot] for slot in slots.tolist()]
        columns = RowColumns(self._statuses[slots], self._label_ids[slots], self._probabilities[slots], pictures)
        return slots[matching(columns, chosen, self._hits[1])]

    def newly_passing(self, slots: Slots) -> Slots:
        """Return those of `slots` that are hidden and pass the filter in use."""
        return self.passing(self.hidden_among(slots))

    def plan(self, ordering: Ordering) -> Slots:
        """Return the slots to show for an ordering that may be of an older snapshot.

        Rows removed since are dropped; rows that were added or changed since, and pass, come after the others.
        """
        used = len(self._found)
        if ordering.generation == self._generation:
            wanted, since = ordering.slots, ordering.serial
        else:
            wanted, since = np.empty(0, np.intp), -1
        wanted = wanted[self._statuses[wanted] != RowStatus.REMOVED]
        late = self._used(self._changed) > since
        late[wanted] = False
        return np.concatenate([wanted, self.passing(np.flatnonzero(late), ordering.spec)]) if used else wanted

    def append(self, slots: Slots) -> None:
        """Show hidden `slots` after the last row."""
        end = self._shown_count + len(slots)
        self._shown = grown(self._shown, end)
        self._shown[self._shown_count : end] = slots
        self._row_of_slot[slots] = np.arange(self._shown_count, end)
        self._shown_count = end
        self._counted = None

    def rearrange(self, slots: Slots) -> None:
        """Show the rows in the order `slots`, a permutation of the shown slots."""
        self._shown[: self._shown_count] = slots
        self._row_of_slot[slots] = np.arange(len(slots))

    def hide_range(self, first: int, last: int) -> None:
        """Hide the shown rows `first` to `last` (included)."""
        kept = np.concatenate([self.shown[:first], self.shown[last + 1 :]])
        self._row_of_slot[self.shown[first : last + 1]] = _HIDDEN
        self._shown_count = len(kept)
        self._counted = None
        self.rearrange(kept)

    def drop(self, slots: Slots) -> None:
        """Forget hidden rows for good."""
        if len(slots) == len(self._slot_of_path):
            self._reset()  # slots are not used again before, so that orderings under way stay valid
            return
        for slot in slots.tolist():
            found = self._found_at(slot)
            del self._slot_of_path[str(found.path)]
            self._identities.discard(found.identity)
            self._found[slot] = self._results[slot] = None
            self._name_keys[slot] = ""
        self._statuses[slots] = RowStatus.REMOVED
        self._touch(slots)

    def destroy_some(self) -> bool:
        """Destroy a part of `trash`, in about a millisecond; return whether there is more."""
        if self.trash:
            heap = self.trash[-1]
            if isinstance(heap, list):
                del heap[-_DESTROYED_AT_ONCE:]
            else:
                take = heap.popitem if isinstance(heap, dict) else heap.pop
                for _ in range(min(len(heap), _DESTROYED_AT_ONCE)):
                    take()
            if not heap:
                self.trash.pop()
        return bool(self.trash)

    # --- inside ---

    def _count(self) -> Counts:
        number = np.bincount(self._used(self._statuses), minlength=len(RowStatus)).tolist()
        done, unsure, errors, pending = number[: RowStatus.REMOVED]
        return Counts(
            total=done + unsure + errors + pending,
            pending=pending,
            done=done + unsure,
            errors=errors,
            unsure=unsure,
            visible=self._shown_count,
        )

    def _used(self, column: NDArray[_T]) -> NDArray[_T]:
        return column[: len(self._found)]

    def _found_at(self, slot: int) -> FoundImage:
        found = self._found[slot]
        if found is None:
            raise LookupError(slot)
        return found

    def _touch(self, slots: Slots) -> None:
        self._serial += 1
        self._changed[slots] = self._serial
        self._counted = None

    def _active_weights(self) -> int:
        return self._weights_numbers.get(self.active, _NO_WEIGHTS - 1)

    def _make_current(self, slots: Slots) -> None:
        """Give `slots`, which have results of the active weights, the statuses that these say."""
        self._statuses[slots] = self._outcomes[slots]
        self._touch(slots)

    def _write(self, slots: Slots, results: Sequence[ImageResult]) -> None:
        """Write results of the active weights into the columns, all at once: one by one takes four times as long."""
        labels = self._labels
        ids: list[list[int]] = []
        probabilities: list[list[float]] = []
        for slot, result in zip(slots.tolist(), results, strict=True):
            self._results[slot] = result
            shown = result.predictions[:SHOWN_LABELS]
            missing = SHOWN_LABELS - len(shown)
            ids.append([labels.setdefault(one.label, len(labels)) for one in shown] + [NO_LABEL] * missing)
            probabilities.append([one.probability for one in shown] + [0.0] * missing)
        self._weights[slots] = self._weights_numbers.setdefault(self.active, len(self._weights_numbers))
        self._outcomes[slots] = [status_of(result) for result in results]
        self._label_ids[slots] = ids
        self._probabilities[slots] = probabilities

    def _reserve(self, size: int) -> None:
        self._statuses = grown(self._statuses, size)
        self._label_ids = grown(self._label_ids, size)
        self._probabilities = grown(self._probabilities, size)
        self._outcomes = grown(self._outcomes, size)
        self._weights = grown(self._weights, size)
        self._changed = grown(self._changed, size)
        self._row_of_slot = grown(self._row_of_slot, size)


def _name_of(found: FoundImage) -> str:
    return os.path.basename(found.path)  # noqa: PTH119 - Path.name caches the parts of each path
