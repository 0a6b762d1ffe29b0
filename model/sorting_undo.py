"""Takes back a sorting run: what the journal tells is compared with what is there, and nothing is ever overwritten.

    for event in undo_sorting(run, cancel): ...

Works after a crash at any point, and again after an undo that was itself broken off: it looks at the files, and each
act that is taken back is noted.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from model.cancel import Cancelled, CancelToken
from model.errors import SortError
from model.file_moves import FileMark, copy_aside, file_digest, give_name, look_at, remove_own, sync_folder
from model.names import display_name
from model.sidecars import digest_of, look_at_file, replace_bytes, restore_times
from model.sorting_journal import Act, Journal, JournalWriter, forget, hold, put_aside, read_journal
from model.sorting_types import SortFailure, SortStep, UndoDone
from model.types import Problem

_STEP_SECONDS = 0.1


def undo_sorting(run: str, cancel: CancelToken) -> Iterator[SortStep | UndoDone]:
    """Take a run back, the last act first; steps have `placed` from the sorted place to the old one, UndoDone is last.

    Raises SortError when there is no such run, or it is under way.
    """
    with hold(run) as writer:
        journal = read_journal(run)
        undo = _Undo(journal, writer, cancel)
        yield from undo.steps()
    if undo.complete:
        forget(run)
    elif undo.tried:
        put_aside(run)


class _Undo:
    """One undo; belongs to the thread that iterates it."""

    def __init__(self, journal: Journal, writer: JournalWriter, cancel: CancelToken) -> None:
        self._journal = journal
        self._writer = writer
        self._cancel = cancel
        self._acts = [act for act in reversed(journal.acts) if not act.settled]
        self._undone = self._kept = 0
        self._cancelled = False
        self._placed: list[tuple[Path, Path]] = []
        self._failures: list[SortFailure] = []

    @property
    def complete(self) -> bool:
        """Whether nothing is left to take back."""
        return not self._cancelled and not self._kept

    @property
    def tried(self) -> bool:
        """Whether all was tried that there is."""
        return not self._cancelled

    def steps(self) -> Iterator[SortStep | UndoDone]:
        told = time.monotonic()
        try:
            for act in self._acts:
                self._cancel.raise_if_cancelled()
                self._take_back(act)
                if time.monotonic() - told >= _STEP_SECONDS:
                    yield self._step()
                    told = time.monotonic()
            self._remove_folders()
        except Cancelled:
            self._cancelled = True
        yield self._step()
        yield UndoDone(self._journal.run, self._undone, self._kept, self._cancelled)

    def _take_back(self, act: Act) -> None:
        if act.aside is not None:
            remove_own(act.aside)
        try:
            if act.action == "xmp":
                undone = _restore_sidecar(act)
            elif act.action == "copy":
                undone = _remove_copy(act, self._cancel)
            else:
                undone = self._move_back(act)
        except SortError as error:
            self._keep(act, error.problem)
        except OSError as error:
            params = (("name", display_name(act.target)), ("reason", error.strerror or type(error).__name__))
            self._keep(act, Problem("sort-undo-failed", params, str(error)))
        else:
            self._undone += undone
            self._writer.note_settled(act)

    def _keep(self, act: Act, problem: Problem) -> None:
        self._kept += 1
        self._failures.append(SortFailure(act.target, problem))

    def _move_back(self, act: Act) -> bool:
        """Move a picture back; return whether it had been moved."""
        there, at_source = look_at(act.target), look_at(act.source)
        if there is None:
            if at_source is None:
                raise SortError("sort-undo-gone", name=display_name(act.target))
            return False
        if at_source is not None:
            if _is_leftover(act, there, at_source, self._cancel):
                remove_own(act.target)
                return True
            if act.done:
                place = display_name(act.source)
                raise SortError("sort-undo-taken", name=display_name(act.target), place=place)
            return False  # it had not begun, and what lies there is another's
        if not act.done and not _is_own(act, there):
            raise SortError("sort-undo-gone", name=display_name(act.source))
        act.source.parent.mkdir(parents=True, exist_ok=True)
        try:
            _move_exactly(act, self._cancel)
        except FileExistsError:
            place = display_name(act.source)
            raise SortError("sort-undo-taken", name=display_name(act.target), place=place) from None
        self._placed.append((act.target, act.source))
        return True

    def _remove_folders(self) -> None:
        """Remove the folders that the run made, where they are empty."""
        for folder in reversed(self._journal.folders):
            with suppress(OSError):
                folder.rmdir()

    def _step(self) -> SortStep:
        done = self._undone + self._kept
        step = SortStep(done, len(self._acts), tuple(self._placed), tuple(self._failures))
        self._placed, self._failures = [], []
        return step


def _move_exactly(act: Act, cancel: CancelToken) -> None:
    """Move from the sorted place to the old one, between drives with the same care as there; raises FileExistsError."""
    try:
        give_name(act.target, act.source)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    aside = act.source.with_name(act.aside.name if act.aside is not None else f".photospotter-{act.number}.part")
    remove_own(aside)
    before = look_at(act.target)
    digest = copy_aside(act.target, aside, cancel, durable=True)
    try:
        if file_digest(aside, cancel) != digest or look_at(act.target) != before:
            raise SortError("sort-copy-differs", name=display_name(act.target.name))
        give_name(aside, act.source)
    finally:
        remove_own(aside)
    sync_folder(act.source.parent)
    try:
        act.target.unlink()
    except OSError:
        remove_own(act.source)
        raise


def _is_own(act: Act, there: FileMark) -> bool:
    """Return whether the file in the sorted place is the one that was put there, as far as marks tell."""
    known = [mark for mark in (act.after, act.named, act.mark) if mark is not None]
    return any(
        (mark.inode and (mark.device, mark.inode) == (there.device, there.inode))
        or (mark.size, mark.modified_ns) == (there.size, there.modified_ns)
        for mark in known
    )


def _is_leftover(act: Act, there: FileMark, at_source: FileMark, cancel: CancelToken) -> bool:
    """Return whether a move was broken off while both names were there: that in the sorted place can go."""
    if there.inode and (there.device, there.inode) == (at_source.device, at_source.inode):
        return True  # two names of one file
    if not act.done and there.size == 0 and at_source.size:
        return True  # an empty file that held the name
    return (
        _is_own(act, there)
        and there.size == at_source.size
        and file_digest(act.target, cancel) == file_digest(act.source, cancel)
    )


def _remove_copy(act: Act, cancel: CancelToken) -> bool:
    """Remove a copy that nobody has changed; return whether there was one. Raises SortError for one that is kept."""
    there = look_at(act.target)
    if there is None:
        return False
    if act.done or (act.named is not None and _is_own(act, there)):
        if not _is_unchanged(act, there, cancel):
            raise SortError("sort-undo-edited", name=display_name(act.target))
        if not act.source.exists():
            raise SortError("sort-undo-only-one", name=display_name(act.target))
    elif not _is_copy_of_source(act, there, cancel):
        return False  # it had not begun, or was about to begin
    remove_own(act.target)
    if os.path.lexists(act.target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return True


def _is_unchanged(act: Act, there: FileMark, cancel: CancelToken) -> bool:
    """Return whether a copy is as it was made: the system's time of change says so at once, the bytes for certain."""
    if there.changed_ns and there == act.after:
        return True
    return bool(act.digest) and there.size > 0 and file_digest(act.target, cancel) == act.digest


def _is_copy_of_source(act: Act, there: FileMark, cancel: CancelToken) -> bool:
    """Return whether what has the name is what the act would have made of a source that is still there."""
    if there.size == 0:
        return act.named is not None
    source = look_at_file(act.source)
    return (
        source is not None
        and source.size == there.size
        and file_digest(act.target, cancel) == file_digest(act.source, cancel)
    )


def _restore_sidecar(act: Act) -> bool:
    """Give a side-car its old bytes; return whether it had been written. Raises SortError for one changed since."""
    if look_at_file(act.target) is None:
        if act.before is None:
            return False
        raise SortError("sort-undo-gone", name=display_name(act.target))
    now = act.target.read_bytes()
    if now == act.before:
        return False
    if digest_of(now) != act.digest:
        if not act.done and act.before is None:
            return False  # another program's, which was there first
        raise SortError("sort-undo-edited", name=display_name(act.target))
    if act.before is None:
        act.target.unlink()
    else:
        assert act.aside is not None
        replace_bytes(act.target, act.before, act.aside)
        restore_times(act.target, act.mark)
    return True
