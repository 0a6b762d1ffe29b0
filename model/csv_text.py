"""The text of CSV cells: spreadsheets must not run it, and it must be possible to get the original back."""

import math
from datetime import UTC, datetime
from decimal import Decimal

from model.names import display_name

# What spreadsheets take for the start of a formula (OWASP's page on CSV injection), the line feed and NUL that some
# of them skip first, and the apostrophe itself, without which the escape could not be undone.
_RISKY = frozenset("=+-@\t\r\n\0'")


def escape_cell(text: str) -> str:
    """Return `text` with an apostrophe before it if a spreadsheet could take it for a formula."""
    return f"'{text}" if text[:1] in _RISKY else text


def unescape_cell(cell: str) -> str:
    """Return the text from which `escape_cell` made `cell`."""
    return cell[1:] if cell[:1] == "'" else cell


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
