"""Keywords into XMP side-cars beside pictures: new ones, or added to those of other programs, which lose nothing.

Which name? digiKam writes and reads `IMG.JPG.xmp` unless "sidecar file names are compatible with commercial programs"
is set, and darktable the same: the `full` name, the default, which also keeps IMG.JPG and IMG.HEIC apart. Adobe's
programs read `IMG.xmp`, the `stem`, and only for camera raw files; digiKam does so with that setting, for all files.
"""

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from model.errors import SortError
from model.file_moves import FileMark, give_name, look_at, mark_of, remove_own
from model.names import display_name
from model.safe_files import replace_durably, sync
from model.sorting_journal import Act, JournalWriter
from model.sorting_types import PlannedFile, SidecarName, SortFailure
from model.xmp_packet import XmpError, add_keywords, new_packet

_MOST_BYTES = 8 << 20  # side-cars have kilobytes; their bytes go into the journal
_TRIES = 3


def sidecar_of(picture: Path, kind: SidecarName) -> Path:
    """Return where a picture's side-car lies."""
    return picture.with_name(f"{picture.name if kind == 'full' else picture.stem}.xmp")


class SidecarWriter:
    """A `Doer` that adds a keyword to each picture's side-car; belongs to one thread."""

    def __init__(self, journal: JournalWriter, kind: SidecarName) -> None:
        """Write side-cars named after the `full` name of the picture or its `stem`."""
        self._journal = journal
        self._kind: SidecarName = kind
        self._keywords: dict[int, str] = {}
        self._new: dict[int, bytes] = {}

    def prepare(self, number: int, file: PlannedFile) -> Act | None:
        """Read a side-car and work out its new bytes; None where it has the keyword already.

        Raises OSError when picture or side-car cannot be read, SortError when the side-car is no XMP.
        """
        file.path.stat()
        target = sidecar_of(file.path, self._kind)
        # Beside the file itself, where the name is a link, so that one can take the other's place.
        aside = Path(os.path.realpath(target)).with_name(f".photospotter-{secrets.token_hex(6)}.part")
        act = Act(number, "xmp", file.path, target, aside)
        self._keywords[number] = file.folder
        return act if self._work_out(act) else None

    def perform(self, act: Act) -> Path:
        """Write the side-car, unless it was changed since it was read: then it is read anew."""
        for _ in range(_TRIES):
            if look_at_file(act.target) == act.mark and self._write(act):
                act.after = look_at(act.target)
                self._journal.note_done(act)
                del self._new[act.number], self._keywords[act.number]
                return act.target
            if not self._work_out(act):  # somebody else has added the keyword
                return act.target
            self._journal.note_acts([act])
        raise SortError("sort-sidecar-busy", name=display_name(act.target.name))

    def take_notices(self) -> list[SortFailure]:
        """Return nothing: all there is to tell is told of the picture."""
        return []

    def _work_out(self, act: Act) -> bool:
        """Take up the side-car as it is now; return whether there is something to add to it."""
        keyword = self._keywords[act.number]
        act.mark, act.before = _read(act.target)
        try:
            new = new_packet([keyword]) if act.before is None else add_keywords(act.before, [keyword])
        except XmpError as error:
            raise SortError("sort-sidecar-unreadable", name=display_name(act.target.name), reason=str(error)) from error
        act.digest = digest_of(new)
        self._new[act.number] = new
        return new != act.before

    def _write(self, act: Act) -> bool:
        """Write the new bytes; return False when a side-car has come into being meanwhile."""
        assert act.aside is not None
        if act.before is not None:
            replace_bytes(act.target, self._new[act.number], act.aside)
            return True
        try:
            _write_aside(act.aside, self._new[act.number])
            give_name(act.aside, act.target)
        except FileExistsError:
            return False
        finally:
            remove_own(act.aside)
        return True


def digest_of(data: bytes) -> str:
    """Return the BLAKE2b (256 bits) of bytes in hexadecimal, as `file_digest` does."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def look_at_file(path: Path) -> FileMark | None:
    """Return the mark of the file that a name leads to, links followed; None where there is none."""
    try:
        return mark_of(path.stat())
    except FileNotFoundError:
        return None


def replace_bytes(target: Path, data: bytes, aside: Path) -> None:
    """Replace a file's bytes in one step by way of `aside`, keeping its permissions; raises OSError."""
    final = Path(os.path.realpath(target))
    try:
        _write_aside(aside, data)
        with suppress(OSError):
            aside.chmod(stat.S_IMODE(final.stat().st_mode))
        replace_durably(aside, final)
    finally:
        remove_own(aside)


def restore_times(path: Path, mark: FileMark | None) -> None:
    """Give a file the time of change that it had."""
    if mark is not None:
        with suppress(OSError):
            os.utime(path, ns=(mark.modified_ns, mark.modified_ns))


def _write_aside(aside: Path, data: bytes) -> None:
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - of a descriptor
        stream.write(data)
        stream.flush()
        sync(descriptor)


def _read(path: Path) -> tuple[FileMark | None, bytes | None]:
    """Return a side-car's mark and bytes, twice None where there is none; raises OSError and SortError."""
    mark = look_at_file(path)
    if mark is None:
        return None, None
    if not path.is_file() or mark.size > _MOST_BYTES:
        reason = "it is too large" if path.is_file() else "it is not an ordinary file"
        raise SortError("sort-sidecar-unreadable", name=display_name(path.name), reason=reason)
    return mark, path.read_bytes()
