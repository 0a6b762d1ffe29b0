"""What a drop or a paste brings: paths, a picture, and the words for what will happen. Nothing here reads the disk."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import overload
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QCoreApplication, QMimeData
from PySide6.QtGui import QImage, QPixmap

from model.image_formats import is_image_name
from model.names import shown_name

URI_LIST = "text/uri-list"
# GNOME's file managers put this on the clipboard, some of them without a text/uri-list: "copy" or "cut", then URIs.
GNOME_FILES = "x-special/gnome-copied-files"

_WINDOWS = os.name == "nt"
_FILE_URI = re.compile(rb"(?mi)^file:")
_LONG = 2**18  # bytes of a list of URIs: some thousands
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_OLD_DRIVE = re.compile(r"/([A-Za-z])[:|](?=[\\/])")


class LongUriList(Sequence[Path]):
    """The paths of a long text/uri-list, parsed by whoever first goes through them: for 100,000 that takes a second."""

    def __init__(self, data: bytes) -> None:
        """Take the list's bytes; nothing is parsed yet."""
        self._data = data
        self._paths: list[Path] | None = None

    def __bool__(self) -> bool:
        """Whether it seems to name a file."""
        return _FILE_URI.search(self._data) is not None

    def __len__(self) -> int:
        return len(self._parsed())

    @overload
    def __getitem__(self, place: int) -> Path: ...

    @overload
    def __getitem__(self, place: slice) -> list[Path]: ...

    def __getitem__(self, place: int | slice) -> Path | list[Path]:
        """Return the path, or the paths, at `place`."""
        return self._parsed()[place]

    def _parsed(self) -> list[Path]:
        if self._paths is None:
            self._paths = [Path(name) for name in paths_in_uri_list(self._data, windows=_WINDOWS)]
        return self._paths


def paths_from(mime: QMimeData) -> Sequence[Path]:
    """Return the files and folders that `mime` names, in its order; empty when it names none.

    The raw bytes are parsed, because QUrl loses names that are not UTF-8. Without URIs of files, lines of plain text
    that are absolute paths count.
    """
    data = bytes(mime.data(URI_LIST).data())
    return LongUriList(data) if len(data) > _LONG else [Path(name) for name in _names_in(mime)]


def image_from(mime: QMimeData) -> QImage | None:
    """Return the picture that was copied as such, not as a file; None when there is none."""
    if not mime.hasImage():
        return None
    data = mime.imageData()
    image = data.toImage() if isinstance(data, QPixmap) else data
    return image if isinstance(image, QImage) and not image.isNull() else None


def summarise_drop(mime: QMimeData) -> str:
    """Return what dropping `mime` would do, in words for the overlay; empty when it holds nothing of use.

    Whether a name is that of a file or of a folder is guessed from the name alone.
    """
    data = bytes(mime.data(URI_LIST).data())
    if len(data) > _LONG:
        # Parsing all of it would take a second for 100,000 files; the first names tell what kind they are.
        start = data[: data.rfind(b"\n", 0, _LONG) + 1]
        first = [_last_part(name) for name in paths_in_uri_list(start, windows=_WINDOWS)]
        if first:
            return _summarise_many(first, len(_FILE_URI.findall(data)))
    names = [_last_part(name) for name in _names_in(mime)]
    if len(names) == 1:
        return _summarise_one(names[0])
    if names:
        return _summarise_many(names, len(names))
    return QCoreApplication.translate("Drop", "Add this picture") if mime.hasImage() else ""


def paths_in_uri_list(data: bytes, *, windows: bool) -> list[str]:
    """Return the local paths in a text/uri-list (RFC 2483); comments and what is no file of this computer are left out.

    Bytes that are not UTF-8 come out as Python writes them in file names (surrogates, PEP 383).
    """
    paths = (_path_of_uri(line.strip(b" \t\r\0"), windows=windows) for line in data.split(b"\n"))
    return [path for path in paths if path]


def paths_in_text(text: str, *, windows: bool, home: str) -> list[str]:
    """Return the lines of `text` that are absolute paths, in quotes or not, start with `~/`, or are file URIs."""
    # Not splitlines(): a name may hold the other characters at which that splits.
    lines = (line.strip().strip("\0") for line in re.split(r"\r\n|\r|\n", text))
    return [path for line in lines for path in _paths_in_line(line, windows=windows, home=home)]


def _paths_in_line(line: str, *, windows: bool, home: str) -> list[str]:
    path = line[1:-1] if len(line) > 2 and line[0] == line[-1] and line[0] in "\"'" else line
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:  # half a surrogate pair: no file can have that name
        return []
    if path[:5].lower() == "file:":
        return paths_in_uri_list(encoded, windows=windows)
    if b"\0" in encoded:
        return []
    if path.startswith(("~/", "~\\") if windows else "~/"):
        return [home + path[1:]]
    if windows:
        return [path] if _DRIVE.match(path) or path.startswith("\\\\") else []
    # "// ..." is a comment in many languages, and nobody's way to write a path.
    return [path] if path.startswith("/") and not path.startswith("//") else []


def _path_of_uri(uri: bytes, *, windows: bool) -> str:
    """Return the path of a `file:` URI, or an empty text. A raw `?` or `#` is taken for part of the name."""
    if uri[:5].lower() != b"file:":
        return ""
    rest = uri[5:]
    host = b""
    if rest.startswith(b"//"):
        host, slash, tail = rest[2:].partition(b"/")
        rest = slash + tail
    raw = unquote_to_bytes(rest)
    if not raw.startswith(b"/") or b"\0" in raw:
        return ""
    if host.lower() == b"localhost":
        host = b""
    if windows:
        return _windows_path(host.decode("utf-8", "surrogateescape"), raw.decode("utf-8", "surrogateescape"))
    # Two slashes at the start would stay two in a Path, and the file would have two identities.
    return "" if host else os.fsdecode(b"/" + raw.lstrip(b"/"))


def _windows_path(host: str, path: str) -> str:
    if host:
        return f"\\\\{host}{path}".replace("/", "\\")
    if path.startswith("//"):  # file:////server/share, the older way to write a network path
        return ("\\\\" + path.lstrip("/")).replace("/", "\\")
    drive = _OLD_DRIVE.match(path)
    return f"{drive[1]}:{path[drive.end() :]}".replace("/", "\\") if drive else ""


def _names_in(mime: QMimeData) -> list[str]:
    for kind in (URI_LIST, GNOME_FILES):
        if mime.hasFormat(kind):
            names = paths_in_uri_list(bytes(mime.data(kind).data()), windows=_WINDOWS)
            if names:
                return names
    return paths_in_text(mime.text(), windows=_WINDOWS, home=str(Path.home())) if mime.hasText() else []


def _last_part(path: str) -> str:
    name = re.split(r"[/\\]" if _WINDOWS else "/", path.rstrip("/\\" if _WINDOWS else "/"))[-1]
    return f"{name}/" if path[-1] in ("/\\" if _WINDOWS else "/") else name


def _looks_like_folder(name: str) -> bool:
    return name.endswith("/") or "." not in name


def _summarise_one(name: str) -> str:
    if _looks_like_folder(name):
        text = QCoreApplication.translate("Drop", "Add the folder “{name}”")
    else:
        text = QCoreApplication.translate("Drop", "Add “{name}”")
    return text.format(name=shown_name(name.rstrip("/")) or "/")


def _summarise_many(names: Sequence[str], count: int) -> str:
    if all(_looks_like_folder(name) for name in names):
        text = QCoreApplication.translate("Drop", "Add {count} folders")
    elif all(is_image_name(name) for name in names):
        text = QCoreApplication.translate("Drop", "Add {count} files")
    else:
        text = QCoreApplication.translate("Drop", "Add {count} items")
    return text.format(count=f"{count:,}")
