"""Names for folders and files that every system takes: Windows is the strictest, so its rules hold everywhere."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from model.names import display_name

MOST_NAME_BYTES = 255
"""What a name may take on nearly every file system, in UTF-8."""

_MOST_FOLDER_BYTES = 120  # leaves room for a file's name in the 260 characters of a path on Windows
_MOST_SUFFIX_BYTES = 20  # what is longer is no suffix
_NAME_OF_NOTHING = "_"
# Of Windows (Microsoft, "Naming Files, Paths, and Namespaces"); the superscript digits count there too.
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789\u00b9\u00b2\u00b3"]
)
_FORBIDDEN = frozenset('<>:"/\\|?*')
# They turn the text around, so that a name reads as another one.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe_folder_name(label: str) -> str:
    """Return a name for the folder of a label: one part of a path, never hidden, reserved, too long or empty."""
    text = unicodedata.normalize("NFC", display_name(label))
    text = " ".join("".join(_safe_character(char) for char in text).split())
    text = text.lstrip(". ").rstrip(". ")
    if not text:
        return _NAME_OF_NOTHING
    if text.partition(".")[0].rstrip().upper() in _RESERVED:
        text = f"_{text}"
    if len(text.encode()) > _MOST_FOLDER_BYTES:
        digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()  # two long labels may begin alike
        text = f"{_cut(text, _MOST_FOLDER_BYTES - 9).rstrip('. ')}-{digest}"
    return text


def folder_names(labels: Iterable[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """Return a folder's name for each label; two labels never share one, not even where case does not count.

    `taken` are names that no label gets. The names depend on the order of `labels`: with those of all classes a label
    has the same folder in every run.
    """
    used = {name_key(name) for name in taken}
    names: dict[str, str] = {}
    for label in labels:
        if label in names:
            continue
        wanted = safe_folder_name(label)
        name, number = wanted, 2
        while name_key(name) in used:
            name, number = f"{wanted} ({number})", number + 1
        used.add(name_key(name))
        names[label] = name
    return names


def numbered_name(name: str, number: int) -> str:
    """Return the file's name with a number: `name (2).jpg`. Number 1 is the name itself; never too long."""
    if number == 1:
        return name
    path = PurePath(name)
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _MOST_SUFFIX_BYTES else ""
    stem = name[: len(name) - len(suffix)]
    end = f" ({number}){suffix}"
    return _cut(stem, MOST_NAME_BYTES - len(os.fsencode(end))) + end


def name_key(name: str) -> str:
    """Return what two names have in common that are one and the same on some system: case and composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _safe_character(char: str) -> str:
    if char in _TURNING:
        return ""
    if char.isspace():
        return " "
    return "_" if char in _FORBIDDEN or unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co") else char


def _cut(text: str, most_bytes: int) -> str:
    """Return as many first characters as fit; a character of several bytes goes as a whole."""
    data = os.fsencode(text)
    if len(data) <= most_bytes:
        return text
    while len(os.fsencode(text)) > most_bytes:
        over = len(os.fsencode(text)) - most_bytes
        text = text[: -max(1, over // 4)]
    return text
