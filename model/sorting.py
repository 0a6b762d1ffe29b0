"""Carries out what was planned: pictures go into folders, or keywords into side-cars, with a journal to undo it by.

    for event in carry_out(plan, cancel): ...

What is about to be done is noted first (`sorting_journal`); `sorting_undo` takes it back, also after a crash.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from model.cancel import Cancelled, CancelToken
from model.errors import SortError
from model.file_moves import DISK_FULL
from model.names import display_name
from model.picture_placing import PicturePlacer
from model.sidecars import SidecarWriter
from model.sorting_journal import Act, JournalWriter, begin_journal
from model.sorting_types import PlannedFile, SortDone, SortFailure, SortPlan, SortStep
from model.types import Problem

BATCH = 32
"""Acts that are noted at once: one wait for the disk."""

_STEP_SECONDS = 0.1
_ENDS_THE_RUN = {"sort-disk-full", "sort-journal-failed"}


class Doer(Protocol):
    """What is done with each picture. Both methods raise SortError or OSError for a picture that stays as it is."""

    def prepare(self, number: int, file: PlannedFile) -> Act | None:
        """Return what is to be done; None where there is nothing to do."""

    def perform(self, act: Act) -> Path:
        """Do it, and return where the result is."""

    def take_notices(self) -> list[SortFailure]:
        """Return what else is to be told since this was asked last."""


def carry_out(plan: SortPlan, cancel: CancelToken) -> Iterator[SortStep | SortDone]:
    """Do what was planned; yields steps, and a SortDone last, also when `cancel` was set.

    A picture that is being copied when it is cancelled stays where it is, with no copy left.

    Raises SortError when nothing could be begun: no room for all of it, or no journal.
    """
    if not plan.files:
        yield _done(plan, "", 0, 0)
        return
    if not plan.has_room and plan.bytes_free is not None:
        raise SortError(
            "sort-no-room",
            folder=display_name(plan.request.target or ""),
            needed=f"{plan.bytes_needed / 1e6:,.0f}",
            free=f"{plan.bytes_free / 1e6:,.0f}",
        )
    with begin_journal(plan.request.action, plan.request.target, len(plan.files)) as (run, journal):
        doer: Doer
        if plan.request.action == "xmp":
            doer = SidecarWriter(journal, plan.request.sidecar_name)
        else:
            assert plan.request.target is not None, "a plan for pictures has a target"
            doer = PicturePlacer(journal, plan.request.target, plan.request.action, cancel, len(plan.files))
        yield from _Run(plan, run, journal, doer, cancel).steps()


def failure_of(path: Path, error: SortError | OSError) -> SortFailure:
    """Return why a picture stays as it is."""
    if isinstance(error, SortError):
        return SortFailure(path, error.problem)
    name = display_name(path.name)
    if isinstance(error, FileNotFoundError) and not path.exists():
        return SortFailure(path, Problem("sort-file-gone", (("name", name),), str(error)))
    reason = error.strerror or type(error).__name__
    return SortFailure(path, Problem("sort-file-failed", (("name", name), ("reason", reason)), str(error)))


class _Run:
    """One run; belongs to the thread that iterates it."""

    def __init__(self, plan: SortPlan, run: str, journal: JournalWriter, doer: Doer, cancel: CancelToken) -> None:
        self._plan = plan
        self._run = run
        self._journal = journal
        self._doer = doer
        self._cancel = cancel
        self._done = self._failed = 0
        self._placed: list[tuple[Path, Path]] = []
        self._failures: list[SortFailure] = []
        self._told = time.monotonic()
        self._stopped: Problem | None = None
        self._noted: deque[Act] = deque()

    def steps(self) -> Iterator[SortStep | SortDone]:
        cancelled = False
        try:
            for first in range(0, len(self._plan.files), BATCH):
                for part in self._parts(first, self._plan.files[first : first + BATCH]):
                    self._note(part)
                    while self._noted:
                        self._cancel.raise_if_cancelled()
                        self._perform(self._noted.popleft())
                        if time.monotonic() - self._told >= _STEP_SECONDS:
                            yield self._step()
            self._journal.note_end()
        except Cancelled:
            cancelled = True
        except SortError as error:
            self._stopped = error.problem
        self._settle_rest()
        yield self._step()
        yield _done(self._plan, self._run, self._done, self._failed, cancelled=cancelled, stopped=self._stopped)

    def _parts(self, first: int, files: Sequence[PlannedFile]) -> Iterator[list[Act]]:
        """Prepare a batch; what two pictures share, a side-car, cannot be prepared for both at once."""
        part: list[Act] = []
        targets: set[Path] = set()
        for number, file in enumerate(files, first):
            self._cancel.raise_if_cancelled()
            if self._plan.request.action == "xmp" and file.path.with_suffix("") in targets:
                yield part
                part, targets = [], set()
            try:
                act = self._doer.prepare(number, file)
            except (SortError, OSError) as error:
                self._fail(file.path, error)
                continue
            if act is None:
                self._done += 1
                continue
            part.append(act)
            targets.add(file.path.with_suffix(""))
        yield part

    def _note(self, part: Sequence[Act]) -> None:
        if part:
            self._journal.note_acts(part)
            self._noted.extend(part)

    def _settle_rest(self) -> None:
        """Note that what was noted and not begun will not be done: an undo then need not ask what became of it."""
        with suppress(SortError):
            for act in self._noted:
                self._journal.note_settled(act)

    def _perform(self, act: Act) -> None:
        try:
            place = self._doer.perform(act)
        except Cancelled:
            self._journal.note_settled(act)
            raise
        except (SortError, OSError) as error:
            self._journal_settled(act, error)
            self._fail(act.source, error)
        else:
            self._done += 1
            self._placed.append((act.source, place))
        self._failures += self._doer.take_notices()

    def _journal_settled(self, act: Act, error: SortError | OSError) -> None:
        if not (isinstance(error, SortError) and error.problem.code == "sort-journal-failed"):
            self._journal.note_settled(act)

    def _fail(self, path: Path, error: SortError | OSError) -> None:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            folder = display_name(self._plan.request.target or path.parent)
            raise SortError("sort-disk-full", detail=str(error), folder=folder) from error
        if isinstance(error, SortError) and error.problem.code in _ENDS_THE_RUN:
            raise error
        self._failed += 1
        self._failures.append(failure_of(path, error))

    def _step(self) -> SortStep:
        step = SortStep(self._done + self._failed, len(self._plan.files), tuple(self._placed), tuple(self._failures))
        self._placed, self._failures = [], []
        self._told = time.monotonic()
        return step


def _done(
    plan: SortPlan, run: str, done: int, failed: int, *, cancelled: bool = False, stopped: Problem | None = None
) -> SortDone:
    left = len(plan.files) - done - failed
    request = plan.request
    return SortDone(run, request.action, request.target, done, failed, left, cancelled, stopped)
