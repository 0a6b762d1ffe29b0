"""File names as text: names may hold bytes that are not UTF-8, and still have to be shown and written."""

from pathlib import PurePath


def display_name(name: str | PurePath) -> str:
    r"""Return `name` as valid Unicode: bytes that are not UTF-8 become `\xNN`, and only then is `\` doubled.

    Python keeps such bytes as lone surrogates (PEP 383). Doubling real backslashes in those names alone keeps the
    text decodable: a text with `\xNN` in it came from such a name if and only if its other backslashes are doubled.
    """
    text = str(name)
    if not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return "".join(_escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    if "\ud800" <= char <= "\udfff":  # from a Windows name with half a surrogate pair
        return f"\\u{ord(char):04x}"
    return char
