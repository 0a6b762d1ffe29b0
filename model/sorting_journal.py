"""The journal of a sorting run: what is about to be done is on the disk before it is done, so that it can be undone.

A file of JSON Lines for each run, in `sorting` of the data folder; every line is one note of `JournalWriter`. Names
that are not UTF-8 are kept (JSON's escapes hold the lone surrogates that Python has for them). A last line that a crash
has cut off is left out: nothing of what it tells had begun.
"""

import base64
import binascii
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from model.errors import SortError
from model.file_moves import FileMark
from model.folders import data_dir
from model.names import display_name
from model.safe_files import sync
from model.sorting_types import SortAction, SortRun

log = logging.getLogger(__name__)

MOST_RUNS = 100
"""So many runs can be undone; older journals are removed."""

_VERSION = 1
_NAME = re.compile(r"([0-9]{6,})(\.tried)?\.jsonl")
_RUN = re.compile("[0-9]{6,}")
_HEAD_BYTES = 1 << 16


def journal_folder() -> Path:
    """Return the folder of the journals; it may not exist."""
    return data_dir() / "sorting"


@dataclass(slots=True)
class Act:
    """One act as the journal tells it: a picture that was to go from `source` to `target`, by way of `aside` if copied.

    `mark` is that of the source. For a side-car `source` is the picture and `target` the side-car, of which are `mark`,
    the bytes `before` (None: there was none), and `digest`, the BLAKE2b of what was to be written. For a copy `digest`
    is that of its bytes, and `named` its mark before it got its name. `done` says that the whole act was done, and
    `after` is the mark of the result. A `settled` act has left nothing: it failed, or was undone.
    """

    number: int
    action: SortAction
    source: Path
    target: Path
    aside: Path | None = None
    mark: FileMark | None = None
    before: bytes | None = None
    digest: str = ""
    named: FileMark | None = None
    after: FileMark | None = None
    done: bool = False
    settled: bool = False


@dataclass(slots=True)
class Journal:
    """A journal that was read: the run, its acts in order, and the folders that it made."""

    run: SortRun
    acts: list[Act] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


class JournalWriter:
    """Writes notes; belongs to one thread. Every OSError becomes a SortError, after which no act may be begun."""

    def __init__(self, file: Path) -> None:
        """Append to `file`, which is there."""
        self.descriptor = os.open(file, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))

    def mend(self) -> None:
        """End a line that a crash has cut off, so that the next one is read; only for who holds the journal."""
        size = os.fstat(self.descriptor).st_size
        os.lseek(self.descriptor, max(0, size - 1), os.SEEK_SET)
        if os.read(self.descriptor, 1) not in (b"\n", b""):
            os.write(self.descriptor, b"\n")

    def note_folder(self, folder: Path) -> None:
        """Note, durably, that a folder is about to be made."""
        self._write([{"folder": str(folder)}], durable=True)

    def note_acts(self, acts: Sequence[Act]) -> None:
        """Note, durably, acts that are about to be done; the same numbers again, with other targets, replace them."""
        self._write([_act_line(act) for act in acts], durable=True)

    def note_naming(self, act: Act) -> None:
        """Note that the copy aside is complete and about to get its name."""
        self._write([{"naming": act.number, "digest": act.digest, "mark": _mark_list(act.named)}])

    def note_done(self, act: Act) -> None:
        """Note that an act was done."""
        self._write([{"done": act.number, "mark": _mark_list(act.after)}])

    def note_settled(self, act: Act) -> None:
        """Note that nothing of an act is left, since it failed or was undone."""
        self._write([{"settled": act.number}])

    def note_end(self) -> None:
        """Note, durably, that the run has ended."""
        self._write([{"end": _now()}], durable=True)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def _write(self, lines: Sequence[dict[str, object]], *, durable: bool = False) -> None:
        try:
            data = "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")
            while data:
                data = data[os.write(self.descriptor, data) :]
            if durable:
                sync(self.descriptor)
        except OSError as error:
            raise _failed(error) from error


@contextmanager
def begin_journal(action: SortAction, target: Path | None, total: int) -> Iterator[tuple[str, JournalWriter]]:
    """Make the journal of a new run and hold it; yields the run's name and the writer. Raises SortError."""
    folder = journal_folder()
    head = {
        "version": _VERSION,
        "started": _now(),
        "action": action,
        "target": None if target is None else str(target),
        "total": total,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = max(map(int, _files()), default=0) + 1
        while True:
            file = folder / f"{number:06d}.jsonl"
            try:
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:  # another window or command begins at the same moment
                number += 1
            else:
                break
        with open(descriptor, "w", encoding="ascii") as stream:  # noqa: PTH123 - of a descriptor
            stream.write(json.dumps(head) + "\n")
            stream.flush()
            sync(descriptor)
    except OSError as error:
        raise _failed(error) from error
    for old in sorted(_files(), key=int)[:-MOST_RUNS]:
        forget(old)
    with hold(file.stem) as writer:
        yield file.stem, writer


@contextmanager
def hold(run: str) -> Iterator[JournalWriter]:
    """Yield a run's journal for writing, held against every other process until then.

    Raises SortError when there is no such run, or another window or command has it.
    """
    try:
        writer = JournalWriter(_file_of(run))
    except FileNotFoundError:
        raise SortError("sort-run-unknown", run=run) from None
    except OSError as error:
        raise _failed(error) from error
    try:
        if not _lock(writer):
            raise SortError("sort-run-busy", run=run)
        try:
            writer.mend()
        except OSError as error:
            raise _failed(error) from error
        yield writer
    finally:
        writer.close()


def runs() -> tuple[SortRun, ...]:
    """Return the runs that can be undone, the newest first; journals that cannot be read are left out."""
    found = []
    for run, file in sorted(_files().items(), key=lambda pair: int(pair[0]), reverse=True):
        try:
            with file.open("rb") as stream:
                head = _head(file, stream.readline(_HEAD_BYTES))
        except OSError as error:
            log.warning("the journal %s cannot be read: %s", run, error)
            continue
        if head is not None:
            found.append(head)
    return tuple(found)


def last_run() -> SortRun:
    """Return the newest run that was not undone yet; raises SortError when there is none."""
    for run in runs():
        if not run.tried:
            return run
    raise SortError("sort-no-runs")


def find_run(name: str) -> SortRun:
    """Return the run of that name; raises SortError when there is none."""
    for run in runs():
        if run.run == name:
            return run
    raise SortError("sort-run-unknown", run=display_name(name))


def read_journal(run: str) -> Journal:
    """Return what a run has done; raises SortError when there is no such run or it cannot be read."""
    try:
        file = _file_of(run)
        with file.open("rb") as stream:
            head = _head(file, stream.readline(_HEAD_BYTES))
            if head is None:
                raise SortError("sort-run-unknown", run=run)
            journal = Journal(head)
            acts: dict[int, Act] = {}
            for line in stream:
                _take(line, head.action, journal.folders, acts)
            journal.acts.extend(acts.values())
    except FileNotFoundError:
        raise SortError("sort-run-unknown", run=run) from None
    except OSError as error:
        raise _failed(error) from error
    return journal


def forget(run: str) -> None:
    """Remove the journal of a run of which nothing is left to undo."""
    with suppress(OSError, SortError):
        _file_of(run).unlink()


def put_aside(run: str) -> None:
    """Have `last_run` leave out a run that was undone as far as possible; by its name it can be tried again."""
    with suppress(OSError, SortError):
        _file_of(run).rename(journal_folder() / f"{run}.tried.jsonl")


def _file_of(run: str) -> Path:
    """Return a run's journal; raises SortError where there is none."""
    file = _files().get(run) if _RUN.fullmatch(run) else None
    if file is None:
        raise SortError("sort-run-unknown", run=display_name(run))
    return file


def _files() -> dict[str, Path]:
    """Return the journals by their runs' names."""
    folder = journal_folder()
    try:
        return {match[1]: folder / name for name in os.listdir(folder) if (match := _NAME.fullmatch(name))}
    except OSError:
        return {}


def _take(line: bytes, action: SortAction, folders: list[Path], acts: dict[int, Act]) -> None:
    """Take up one note; one that is cut off or damaged is left out."""
    try:
        note = json.loads(line)
        if "folder" in note:
            folders.append(Path(note["folder"]))
        elif "act" in note:
            act = _act_of(note, action)
            acts.pop(act.number, None)
            acts[act.number] = act
        elif "naming" in note:
            acts[note["naming"]].named = _mark_of(note["mark"])
            acts[note["naming"]].digest = str(note["digest"])
        elif "done" in note:
            acts[note["done"]].done = True
            acts[note["done"]].after = _mark_of(note["mark"])
        elif "settled" in note:
            acts[note["settled"]].settled = True
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        log.warning("a line of a journal is left out: %s", error)


def _act_line(act: Act) -> dict[str, object]:
    line: dict[str, object] = {"act": act.number, "from": str(act.source), "to": str(act.target)}
    if act.aside is not None:
        line["aside"] = act.aside.name if act.aside.parent == act.target.parent else str(act.aside)
    if act.mark is not None:
        line["mark"] = _mark_list(act.mark)
    if act.action == "xmp":
        line["before"] = None if act.before is None else base64.b64encode(act.before).decode("ascii")
        line["digest"] = act.digest
    return line


def _act_of(note: dict[str, object], action: SortAction) -> Act:
    target = Path(str(note["to"]))
    number, aside, before = note["act"], note.get("aside"), note.get("before")
    if not isinstance(number, int):
        raise TypeError("an act without a number")
    return Act(
        number,
        action,
        Path(str(note["from"])),
        target,
        None if aside is None else target.parent / str(aside),
        _mark_of(note.get("mark")),
        None if before is None else base64.b64decode(str(before), validate=True),
        str(note.get("digest", "")),
    )


def _mark_list(mark: FileMark | None) -> list[int] | None:
    return None if mark is None else [mark.device, mark.inode, mark.size, mark.modified_ns, mark.changed_ns]


def _mark_of(value: object) -> FileMark | None:
    return FileMark(*(int(part) for part in value)) if isinstance(value, list) else None


def _head(file: Path, line: bytes) -> SortRun | None:
    try:
        head = json.loads(line)
        action, target = head["action"], head["target"]
        if head["version"] != _VERSION or action not in get_args(SortAction):
            return None
        run, _, rest = file.name.partition(".")
        place = None if target is None else Path(str(target))
        return SortRun(run, str(head["started"]), action, place, int(head["total"]), rest == "tried.jsonl")
    except (ValueError, KeyError, TypeError) as error:
        log.warning("the journal %s is left out: %s", file.name, error)
        return None


def _lock(writer: JournalWriter) -> bool:
    """Lock the open journal; the lock ends with the process, however that ends."""
    descriptor = writer.descriptor
    if os.name == "nt":
        import msvcrt

        try:
            # Far behind the end, since Windows keeps everybody from reading what is locked.
            os.lseek(descriptor, 1 << 40, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # a file system without locks, where only care keeps two apart
        log.info("the journal cannot be locked: %s", error)
    return True


def _failed(error: OSError) -> SortError:
    reason = error.strerror or type(error).__name__
    return SortError("sort-journal-failed", folder=display_name(journal_folder()), reason=reason)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
