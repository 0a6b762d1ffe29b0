"""Every error text, by code.

`QT_TRANSLATE_NOOP` marks the texts for Qt's lupdate without importing Qt; the window looks up their translation by
the English text in the context `errors`. Words in braces are parameters of the Problem.
"""

from typing import NamedTuple


def QT_TRANSLATE_NOOP(_context: str, text: str) -> str:
    """Return `text`; the call marks it for translation."""
    return text


class ErrorText(NamedTuple):
    """What happened, and what to do (may be empty)."""

    message: str
    remedy: str


ERROR_TEXTS: dict[str, ErrorText] = {
    # --- pictures (ImageError) ---
    # --- weights: cards and files (WeightsError) ---
    # --- weights: fetching (WeightsError) ---
    # --- weights: checkpoints and imports (WeightsError) ---
    # --- folders and scans (UsageError, problems of ScanReport) ---
    # --- export (ExportError) ---
    # --- devices and classification (DeviceError, WeightsError) ---
    # --- training (DatasetError) ---
    # --- the command line (UsageError) ---
    # --- the window ---
}
