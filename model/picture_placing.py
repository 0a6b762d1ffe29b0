"""Copies and moves single pictures into their folders, noting each step in the journal first."""

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Literal

from model.cancel import Cancelled, CancelToken
from model.errors import SortError
from model.file_moves import FileMark, copy_aside, file_digest, give_name, look_at, mark_of, remove_own, sync_folder
from model.names import display_name
from model.safe_names import numbered_name
from model.sorting_journal import Act, JournalWriter
from model.sorting_types import PlannedFile, SortAction, SortFailure
from model.types import Problem

SIDECAR_SUFFIX = ".xmp"

_MOST_NAMES = 10_000

_Part = Literal["alone", "with side-car", "side-car"]


class PicturePlacer:
    """A `Doer` for copying and moving; belongs to one thread.

    A side-car of the picture's whole name (`IMG.JPG.xmp`) goes with it, under the picture's new name.
    """

    def __init__(
        self, journal: JournalWriter, target: Path, action: SortAction, cancel: CancelToken, total: int
    ) -> None:
        """Place pictures in folders of `target`; side-cars are numbered from `total` on."""
        self._journal = journal
        self._target = target
        self._action = action
        self._cancel = cancel
        self._made: set[Path] = set()
        self._next = total
        self._notices: list[SortFailure] = []

    def prepare(self, number: int, file: PlannedFile) -> Act:
        """Look at a picture; raises OSError when it is not there, SortError when it is nothing to move."""
        return self._prepared(number, file.path, self._target / file.folder / file.name)

    def perform(self, act: Act) -> Path:
        """Place one picture, and the side-car that belongs to it."""
        companion = _sidecar_of(act.source)
        self._make_folder(act.target.parent)
        self._place(act, "alone" if companion is None else "with side-car")
        if companion is not None:
            self._place_companion(act, companion)
        return act.target

    def take_notices(self) -> list[SortFailure]:
        """Return the side-cars that did not go with their pictures since this was asked last."""
        notices, self._notices = self._notices, []
        return notices

    def _prepared(self, number: int, source: Path, target: Path) -> Act:
        status = source.lstat() if self._action == "move" else source.stat()
        if stat.S_ISLNK(status.st_mode):
            raise SortError("sort-file-is-link", name=display_name(source.name))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file")
        aside = target.with_name(f".photospotter-{secrets.token_hex(6)}.part")
        return Act(number, self._action, source, target, aside, mark_of(status))

    def _place(self, act: Act, part: _Part) -> None:
        if act.action == "copy":
            self._copy(act, part)
            return
        try:
            self._name(act.source, act, part)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._move_across(act, part)
        act.after = look_at(act.target)
        self._journal.note_done(act)

    def _copy(self, act: Act, part: _Part) -> None:
        assert act.aside is not None
        act.digest = copy_aside(act.source, act.aside, self._cancel, durable=False)
        self._name_copy(act, part)
        act.after = look_at(act.target)
        self._journal.note_done(act)

    def _move_across(self, act: Act, part: _Part) -> None:
        """Move to another file system: the source goes when its copy was read back from the disk and is the same."""
        assert act.aside is not None
        if not os.access(act.source.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # before it is copied for nothing
        before = look_at(act.source)
        act.digest = copy_aside(act.source, act.aside, self._cancel, durable=True)
        try:
            check_copy(act.aside, act.digest, act.source, before, self._cancel)
        except BaseException:
            remove_own(act.aside)
            raise
        self._name_copy(act, part)
        sync_folder(act.target.parent)
        try:
            act.source.unlink()
        except OSError:
            remove_own(act.target)
            raise

    def _name_copy(self, act: Act, part: _Part) -> None:
        assert act.aside is not None
        act.named = look_at(act.aside)
        try:
            self._journal.note_naming(act)
            self._name(act.aside, act, part)
        except BaseException:
            remove_own(act.aside)
            raise

    def _name(self, path: Path, act: Act, part: _Part) -> None:
        """Give `path` the act's name or, where that is taken meanwhile, the next free one, which is noted first."""
        number = 1
        while True:
            try:
                if part != "with side-car" or not os.path.lexists(_companion_of(act.target)):
                    give_name(path, act.target)
                    return
            except FileExistsError:
                if part == "side-car":  # with another name it would be nobody's
                    raise
            number = self._take_next_name(act, number)

    def _take_next_name(self, act: Act, number: int) -> int:
        while number < _MOST_NAMES:
            number += 1
            target = act.target.with_name(numbered_name(act.source.name, number))
            if not os.path.lexists(target):
                act.target = target
                self._journal.note_acts([act])
                if act.named is not None:
                    self._journal.note_naming(act)
                return number
        name, folder = display_name(act.source.name), display_name(act.target.parent)
        raise SortError("sort-no-free-name", name=name, folder=folder)

    def _place_companion(self, picture: Act, companion: Path) -> None:
        """Have the side-car follow its picture; one whose name was taken just now stays where it is."""
        try:
            act = self._prepared(self._next, companion, _companion_of(picture.target))
            self._next += 1
            self._journal.note_acts([act])
            try:
                self._place(act, "side-car")
            except (Cancelled, OSError):
                self._journal.note_settled(act)
                raise
        except (Cancelled, OSError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            params = (("name", display_name(companion.name)), ("reason", reason))
            self._notices.append(SortFailure(companion, Problem("sort-sidecar-stays", params, str(error))))

    def _make_folder(self, folder: Path) -> None:
        if folder in self._made and folder.is_dir():
            return
        missing = [folder]
        while not missing[-1].parent.is_dir() and missing[-1] != missing[-1].parent:
            missing.append(missing[-1].parent)
        for one in reversed(missing):
            if not one.is_dir():
                self._journal.note_folder(one)
                one.mkdir(exist_ok=True)
        self._made.add(folder)


def check_copy(copy: Path, digest: str, source: Path, before: FileMark | None, cancel: CancelToken) -> None:
    """Make sure that a copy is on the disk as it was read, and that the source is still what was read.

    Raises SortError where not, OSError, and Cancelled when `cancel` was set.
    """
    if file_digest(copy, cancel) != digest:
        raise SortError("sort-copy-differs", name=display_name(source.name))
    if look_at(source) != before:
        raise SortError("sort-file-changed", name=display_name(source.name))


def _companion_of(picture: Path) -> Path:
    return picture.with_name(picture.name + SIDECAR_SUFFIX)


def _sidecar_of(picture: Path) -> Path | None:
    companion = _companion_of(picture)
    try:
        return companion if stat.S_ISREG(companion.lstat().st_mode) else None
    except OSError:
        return None
