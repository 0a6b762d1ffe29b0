"""The end of a run in words."""

from PySide6.QtCore import QCoreApplication, QLocale

from gui.durations import time_taken_text
from gui.percent import counted
from model.run_summary import RunSummary


def summary_text(summary: RunSummary) -> str:
    """Return the summary on one line; empty where nothing was done."""
    tr = QCoreApplication.translate
    if not summary.done and not summary.cancelled:
        return ""
    one, many = tr("Summary", "1 picture classified"), tr("Summary", "{count} pictures classified")
    parts = [counted(summary.done - summary.errors, one, many)]
    if summary.errors:
        one, many = tr("Summary", "1 could not be read"), tr("Summary", "{count} could not be read")
        parts.append(counted(summary.errors, one, many))
    if summary.unsure:
        parts.append(tr("Summary", "{count} unsure").format(count=_number(summary.unsure)))
    if summary.recalled:
        parts.append(tr("Summary", "{count} from earlier runs").format(count=_number(summary.recalled)))
    parts.append(time_taken_text(summary.seconds))
    if rate := rate_text(summary):
        parts.append(rate)
    text = " \u00b7 ".join(parts)
    return tr("Summary", "Stopped: {done}").format(done=text) if summary.cancelled else text


def rate_text(summary: RunSummary) -> str:
    """Return the pictures a second; empty where nothing was computed."""
    rate = summary.per_second
    if rate is None:
        return ""
    number = QLocale().toString(float(rate), "f", 0 if rate >= 9.95 else 1)
    return QCoreApplication.translate("Summary", "{rate}\u00a0images/s").format(rate=number)


def _number(count: int) -> str:
    return QLocale().toString(count)
