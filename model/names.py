"""File names as text: to be shown and written although they may hold bytes that are not UTF-8, and to be sorted."""

import re
from pathlib import PurePath

_DIGITS = re.compile("[0-9]+")


def display_name(name: str | PurePath) -> str:
    r"""Return `name` as valid Unicode: bytes that are not UTF-8 become `\xNN`, and only then is `\` doubled.

    Python keeps such bytes as lone surrogates (PEP 383). Doubling real backslashes in those names alone keeps the
    text decodable: a text with `\xNN` in it came from such a name if and only if its other backslashes are doubled.
    """
    text = str(name)
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return "".join(_escaped(char) for char in text)


# Line ends and other control characters, and the marks that turn the direction of writing: in a name they could make
# a text say something else than it does.
_UNSHOWABLE = {code: "\ufffd" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)} | {
    code: "\ufffd" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def one_line(text: str) -> str:
    """Return `text` without what would break its line or hide its meaning."""
    return text.translate(_UNSHOWABLE)


def shown_name(name: str | PurePath) -> str:
    """Return `name` for a window: as `display_name` does, and without what could disturb the text around it."""
    return one_line(display_name(name))


def _escaped(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    if "\ud800" <= char <= "\udfff":  # from a Windows name with half a surrogate pair
        return f"\\u{ord(char):04x}"
    return char


def natural_key(name: str) -> str:
    """Return a text that sorts as people count: `img9` before `img10`, whatever the case or leading zeros.

    Names that differ in those alone are equal; whoever needs one order for them compares the names next.
    """
    return _DIGITS.sub(_with_length, name.casefold())


def _with_length(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")
    return f"\0{len(digits):05d}{digits}"  # NUL: no name has it, and a number comes before any letter
