"""The text of CSV cells: spreadsheets must not run it, and it must be possible to get the original back."""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal

from model.names import display_name

# What spreadsheets take for the start of a formula (OWASP's page on CSV injection), the line feed and NUL that some
# of them skip first, and the apostrophe itself, without which the escape could not be undone.
_RISKY = "=+-@\t\r\n\0'"
# A spreadsheet set to German, say, divides lines at semicolons, and a pasted text at tabs: what follows one inside a
# cell is then the beginning of a cell.
_BEGINNING = re.compile(rf"(\A|[;\t\r\n])(?=[{re.escape(_RISKY)}])")
_ESCAPED = re.compile(r"(\A|[;\t\r\n])'")


def escape_cell(text: str) -> str:
    """Return `text` with an apostrophe before what a spreadsheet could take for a formula.

    That is a `=`, `+`, `-`, `@` or control character at the beginning, or after a semicolon, a tab or a line end. An
    apostrophe in one of these places is doubled, so that whoever wants the text back takes one away in each of them.
    """
    return _BEGINNING.sub(r"\1'", text)


def unescape_cell(cell: str) -> str:
    """Return the text from which `escape_cell` made `cell`."""
    return _ESCAPED.sub(r"\1", cell)


def text_cell(text: str, *, raw: bool) -> str:
    """Return a text cell: valid Unicode, and escaped unless `raw`."""
    shown = display_name(text)
    return shown if raw else escape_cell(shown)


def decimal_cell(value: float) -> str:
    """Return `value` in plain decimal notation, always with a dot, to nine significant digits.

    Nine digits tell any two float32 numbers apart (IEEE 754), so sorting the cells gives the order of the
    probabilities. There is no exponent: not every reader takes 1e-07 for a number.
    """
    if not math.isfinite(value):
        return str(value)
    digits = format(Decimal(format(value, ".9g")), "f")
    return digits if "." in digits else f"{digits}.0"


def time_cell(moment: datetime) -> str:
    """Return a moment in UTC as ISO 8601 to the millisecond, for example 2026-11-24T18:03:55.123Z."""
    in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
