"""The texts of one error, marked for translation.

`QT_TRANSLATE_NOOP` marks a text for Qt's lupdate without importing Qt; the window looks up its translation by the
English text in the context `errors`. Words in braces are parameters of the Problem.
"""

from typing import NamedTuple


def QT_TRANSLATE_NOOP(_context: str, text: str) -> str:
    """Return `text`; the call marks it for translation."""
    return text


class ErrorText(NamedTuple):
    """What happened, and what to do (may be empty)."""

    message: str
    remedy: str
