"""Files and folders become pictures to classify: in natural order, without repeats, streaming while the scan goes on.

The order is the same on every system. Files named by themselves keep the order of their folders and are sorted inside
each run of neighbours from one folder, so that neither a shell's `*.jpg` nor a file manager's order of selection
matters. A folder gives its own pictures first, then its subfolders, each in natural order.
"""

import itertools
import logging
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path

from model.cancel import CancelToken
from model.image_formats import HEADER_BYTES, is_image_header, is_image_name
from model.names import display_name, natural_key
from model.types import FoundImage, Problem, ScanBatch, ScanReport

log = logging.getLogger(__name__)

FIRST_BATCH = 16
"""Pictures in the first batch at the most: enough to fill a window, soon there."""

# Only Windows and macOS have an attribute that hides; elsewhere asking for it would cost a system call a file.
_HIDING_BY_ATTRIBUTE = sys.platform in ("win32", "darwin")
_UF_HIDDEN = 0x8000  # macOS <sys/stat.h>; stat.UF_HIDDEN
_SF_DATALESS = 0x40000000  # macOS <sys/stat.h>: the content is only in the cloud
_FILE_ATTRIBUTE_OFFLINE = 0x1000
_FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS = 0x400000  # Windows <winnt.h>: opening it starts a download


def find_images(
    paths: Iterable[Path],
    *,
    recursive: bool,
    cancel: CancelToken,
    listed: AbstractSet[str] | None = None,
    batch_size: int = 256,
) -> Iterator[ScanBatch | ScanReport]:
    """Yield the pictures among `paths` and in its folders, and a ScanReport at the end.

    Pictures are given with absolute paths, free of `..`. What is known is handed out in batches of at most
    `batch_size`, at the latest before the next folder is read. `listed` holds the identities that the caller has
    already; it is not changed. A named file is always given, whatever it is (the decoder says what is wrong with it);
    from folders come regular files alone. A folder met again, by whatever way, is not read again.

    Raises:
        Cancelled: when `cancel` was set.
    """
    return _Scan(recursive=recursive, cancel=cancel, listed=listed or frozenset(), batch_size=batch_size).run(paths)


def common_root(arguments: Sequence[Path]) -> Path | None:
    """Return the deepest folder that holds all `arguments`, or None (no arguments, or several drives).

    An argument that is a folder counts as itself, any other as the folder it is in. Reads the disk.
    """
    paths = [absolute(argument) for argument in arguments]
    return common_folder(path if _is_folder(path) else path.parent for path in paths)


def common_folder(folders: Iterable[Path]) -> Path | None:
    """Return the deepest folder common to absolute `folders`, or None; looks at the names alone."""
    distinct = {str(folder) for folder in folders}
    try:
        return Path(os.path.commonpath(distinct)) if distinct else None
    except ValueError:  # on Windows: several drives
        return None


def absolute(path: Path) -> Path:
    """Return `path` made absolute; where it has `..` the folder is looked up, as a link may stand before the dots."""
    whole = path.absolute()
    if ".." not in whole.parts:
        return whole
    try:
        if whole.name == "..":
            return Path(os.path.realpath(whole))
        return Path(os.path.realpath(whole.parent)) / whole.name
    except ValueError:  # a NUL, from a file of labels: the disk knows no such path, and cannot be asked
        return Path(os.path.normpath(whole))


class _Scan:
    """One walk; belongs to the thread that iterates it."""

    def __init__(self, *, recursive: bool, cancel: CancelToken, listed: AbstractSet[str], batch_size: int) -> None:
        self._recursive = recursive
        self._cancel = cancel
        self._listed = listed
        self._batch_size = max(1, batch_size)
        self._limit = min(FIRST_BATCH, self._batch_size)
        self._seen: set[str] = set()
        self._folders: set[tuple[int, int] | str] = set()
        self._batch: list[FoundImage] = []
        self._images = self._others = self._repeats = 0
        self._unreadable: list[Problem] = []

    def run(self, paths: Iterable[Path]) -> Iterator[ScanBatch | ScanReport]:
        neighbours = itertools.groupby((absolute(path) for path in paths), key=lambda path: path.parent)
        for _, group in neighbours:
            for path in sorted(group, key=lambda path: _in_order(path.name)):
                self._cancel.raise_if_cancelled()
                if _is_folder(path):
                    yield from self._walk(path)
                else:
                    yield from self._add(path, _identity(path))
        yield from self._flush()
        yield ScanReport(self._images, self._others, self._repeats, tuple(self._unreadable))

    def _walk(self, top: Path) -> Iterator[ScanBatch]:
        pending = [str(top)]
        while pending:
            folder = pending.pop()
            yield from self._flush()
            if not self._enter(folder):
                continue
            files, folders = self._list(folder)
            if self._recursive:
                folders.sort(key=_in_order, reverse=True)  # the last is taken first
                pending.extend(os.path.join(folder, name) for name in folders)  # noqa: PTH118 - a Path a file is slow
            files.sort(key=lambda file: _in_order(file[0]))
            real_folder = os.path.realpath(folder)
            for name, is_link in files:
                self._cancel.raise_if_cancelled()
                path = os.path.join(folder, name)  # noqa: PTH118
                if not (is_image_name(name) or is_image_header(_read_header(path))):
                    self._others += 1
                    continue
                identity = os.path.realpath(path) if is_link else os.path.join(real_folder, name)  # noqa: PTH118
                yield from self._add(Path(path), identity)

    def _enter(self, folder: str) -> bool:
        """Return whether `folder` is to be read: it can be, and has not been."""
        try:
            status = os.stat(folder)  # noqa: PTH116
        except OSError as error:
            self._report(folder, error)
            return False
        # Some network drives on Windows number no files: there the path has to do.
        key = (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)
        if key in self._folders:
            return False
        self._folders.add(key)
        return True

    def _list(self, folder: str) -> tuple[list[tuple[str, bool]], list[str]]:
        """Return the regular files of `folder`, each with whether it is a link, and its folders; hidden ones not."""
        files: list[tuple[str, bool]] = []
        folders: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._cancel.raise_if_cancelled()
                    if _is_hidden(entry):
                        continue
                    kind = _kind(entry)
                    if kind == "folder":
                        folders.append(entry.name)
                    elif kind == "file":
                        files.append((entry.name, entry.is_symlink()))
                    else:
                        self._others += 1
        except OSError as error:  # what was read until then is kept
            self._report(folder, error)
        return files, folders

    def _add(self, path: Path, identity: str) -> Iterator[ScanBatch]:
        if identity in self._seen or identity in self._listed:
            self._repeats += 1
            return
        self._seen.add(identity)
        self._images += 1
        self._batch.append(FoundImage(path, identity))
        if len(self._batch) >= self._limit:
            yield from self._flush()

    def _flush(self) -> Iterator[ScanBatch]:
        if self._batch:
            batch = ScanBatch(tuple(self._batch))
            self._batch.clear()
            self._limit = self._batch_size
            yield batch

    def _report(self, folder: str, error: OSError) -> None:
        _note_unreadable(display_name(folder), str(error))
        params = (("folder", display_name(folder)), ("reason", error.strerror or type(error).__name__))
        self._unreadable.append(Problem("scan-folder-unreadable", params, str(error)))


@lru_cache(maxsize=1000)
def _note_unreadable(folder: str, reason: str) -> None:
    """Log it once: a watched folder is listed again and again."""
    log.warning("cannot read the folder %s: %s", folder, reason)


def _in_order(name: str) -> tuple[str, str]:
    return natural_key(name), name


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # the decoder will say what is wrong with such a path
        return False


def _identity(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() else "other"
    except OSError:  # a link that leads to itself, for example
        return "other"


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return True
    if not _HIDING_BY_ATTRIBUTE:
        return False
    try:
        return has_hiding_attribute(entry.stat(follow_symlinks=False))
    except OSError:
        return False


def has_hiding_attribute(status: object) -> bool:
    """Return whether an `os.stat_result` has the attribute by which Windows or macOS hides files."""
    attributes: int = getattr(status, "st_file_attributes", 0)
    flags: int = getattr(status, "st_flags", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN or flags & _UF_HIDDEN)


def is_only_in_cloud(status: object) -> bool:
    """Return whether an `os.stat_result` tells of a file whose content would first have to be downloaded."""
    attributes: int = getattr(status, "st_file_attributes", 0)
    flags: int = getattr(status, "st_flags", 0)
    return bool(attributes & (_FILE_ATTRIBUTE_OFFLINE | _FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS) or flags & _SF_DATALESS)


def _read_header(path: str) -> bytes:
    """Return the first bytes of a regular file; nothing where reading fails, waits or would download the file."""
    try:
        if _HIDING_BY_ATTRIBUTE and is_only_in_cloud(os.stat(path)):  # noqa: PTH116
            return b""
        # A FIFO that took the file's place since the listing would block a plain open for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return b""
    try:
        return os.read(descriptor, HEADER_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)
