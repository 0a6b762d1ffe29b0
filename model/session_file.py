"""The list of pictures of a window, written down as it grows, so that the next start can offer it again.

A session is a file of lines of JSON, each of them one thing that happened to the list. Reading them again in their
order gives the list as it was; a line cut off by a crash is left out. Results are not in it: they are in the store.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from model.process_file import ProcessFile, left_behind, others
from model.types import FoundImage

if TYPE_CHECKING:
    from model.cancel import CancelToken

log = logging.getLogger(__name__)

_SUFFIX = ".session"
_CLOSING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SessionScan:
    """Files and folders that were added; `recursive` as the user had chosen it."""

    paths: tuple[Path, ...]
    recursive: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A window's list as it was left: pictures in the order of adding, and scans that were not finished.

    `view` is how it was sorted and filtered, in the words of the window.
    """

    file: Path
    found: tuple[FoundImage, ...]
    scans: tuple[SessionScan, ...] = ()
    weights_id: str = ""
    view: Mapping[str, object] = field(default_factory=dict)


class SessionWriter:
    """Writes the session of one window, on a thread of its own: the GUI thread waits for no disk.

    The GUI thread makes every call. A folder that cannot be written costs the session, which is logged once.
    """

    def __init__(self, folder: Path) -> None:
        """Make nothing before there is something to write."""
        self._folder = folder
        self._queue: queue.SimpleQueue[Mapping[str, object] | Sequence[FoundImage] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_empty = True

    def scan_begun(self, number: int, paths: Sequence[Path], recursive: bool) -> None:
        """Files and folders are being looked through; until `scan_ended` they are looked through again next time."""
        self._is_empty = False
        self._put({"scan": number, "paths": [str(path) for path in paths], "recursive": recursive})

    def scan_ended(self, number: int) -> None:
        """All that a scan found has been told."""
        self._put({"scanned": number})

    def found(self, pictures: Sequence[FoundImage]) -> None:
        """Pictures were added to the list."""
        self._is_empty = False
        self._put(pictures)

    def removed(self, paths: Sequence[str]) -> None:
        """Pictures were taken off the list."""
        self._put({"removed": paths})

    def moved(self, old: Sequence[Path], found: Sequence[FoundImage]) -> None:
        """Pictures of the list lie elsewhere now, and keep their places in it."""
        pairs = zip(old, found, strict=True)
        self._put({"moved": [(str(path), str(one.path), one.identity) for path, one in pairs]})

    def cleared(self) -> None:
        """The list is empty."""
        self._is_empty = True
        self._put({"cleared": True})

    def weights(self, weights_id: str) -> None:
        """Other weights were chosen."""
        self._put({"weights": weights_id})

    def view(self, view: Mapping[str, object]) -> None:
        """The list was sorted or filtered otherwise."""
        self._put({"view": view})

    def close(self) -> None:
        """Write what is left, and leave the file for the next start if there is a list in it."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_CLOSING_SECONDS)
            self._thread = None

    def _put(self, event: Mapping[str, object] | Sequence[FoundImage]) -> None:
        self._queue.put(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="session", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            file = ProcessFile(self._folder, _SUFFIX)
            while (event := self._queue.get()) is not None:
                if isinstance(event, Mapping) and "cleared" in event:
                    file.replace(b"")
                else:
                    file.append(_line(event))
            file.close(keep=not self._is_empty)
        except OSError as exc:
            log.warning("the list of pictures is not kept for the next start: %s", exc)
            while self._queue.get() is not None:  # it must not pile up
                pass


def _line(event: Mapping[str, object] | Sequence[FoundImage]) -> bytes:
    if not isinstance(event, Mapping):
        event = {"found": [(str(one.path), one.identity) for one in event]}
    # ASCII: names that are not valid text are escaped, and come back as they were.
    return json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n"


def last_session(folder: Path, cancel: CancelToken) -> Iterator[Session]:
    """Yield the last session that no living window has, if it is worth offering: a job. Older ones are removed."""
    last: Session | None = None
    try:
        for file in others(folder, _SUFFIX):
            cancel.raise_if_cancelled()
            with left_behind(file) as is_free:
                if not is_free:
                    continue
                session = read_session(file)
                if not session.found and not session.scans:
                    file.unlink(missing_ok=True)
                    continue
            if last is not None:
                forget_session(last)
            last = session
    except OSError as exc:
        log.warning("the last list of pictures cannot be read: %s", exc)
    if last is not None:
        yield last


def forget_session(session: Session) -> None:
    """Remove a session's file; what cannot be removed is offered again."""
    try:
        with left_behind(session.file) as is_free:
            if is_free:
                session.file.unlink(missing_ok=True)
    except OSError as exc:
        log.warning("a list of pictures could not be forgotten: %s", exc)


def read_session(file: Path) -> Session:
    """Return what a session's file tells; lines that make no sense are left out. Raises OSError."""
    replay = _Replay()
    with file.open("rb") as lines:
        for line in lines:
            try:
                replay.take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as exc:
                log.warning("a line of the last list of pictures is left out: %s", exc)
    return Session(file, tuple(replay.found.values()), tuple(replay.scans.values()), replay.weights_id, replay.view)


class _Replay:
    """The list, as one event after another makes it."""

    def __init__(self) -> None:
        self.found: dict[str, FoundImage] = {}
        self.scans: dict[int, SessionScan] = {}
        self.weights_id = ""
        self.view: dict[str, object] = {}

    def take(self, event: Mapping[str, object]) -> None:
        match event:
            case {"found": list(pairs)}:
                self.found.update({name: FoundImage(_as_listed(name), identity) for name, identity in pairs})
            case {"scan": int(number), "paths": list(paths), "recursive": bool(recursive)}:
                self.scans[number] = SessionScan(tuple(map(Path, paths)), recursive)
            case {"scanned": int(number)}:
                self.scans.pop(number, None)
            case {"removed": list(names)}:
                for name in names:
                    self.found.pop(name, None)
            case {"moved": list(moves)}:
                at = {old: FoundImage(Path(name), identity) for old, name, identity in moves}
                listed = [at.get(name, found) for name, found in self.found.items()]
                self.found = {str(found.path): found for found in listed}
            case {"weights": str(weights_id)}:
                self.weights_id = weights_id
            case {"view": dict(view)}:
                self.view = view
            case _:
                raise ValueError(event)


def _as_listed(name: str) -> Path:
    """Return the path with its text made, which it keeps: the GUI thread asks for it, and has less time."""
    path = Path(name)
    str(path)
    return path
