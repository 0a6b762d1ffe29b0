"""What the results table says in words: file and folder, status, labels, errors, tooltips, accessible texts."""

import html
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale

from gui.error_texts import problem_remedy, problem_text
from gui.percent import percent_text
from gui.results_order import SHOWN_LABELS, RowStatus
from gui.shown_row import ShownRow
from model.names import one_line, shown_name
from model.types import FoundImage, Prediction, Problem

PICTURE, LABELS, STATUS = range(3)
"""The table's columns."""


def name_text(found: FoundImage) -> str:
    """Return the file's name."""
    return shown_name(os.path.basename(found.path))  # noqa: PTH119 - Path.name caches its parts


def folder_text(found: FoundImage) -> str:
    """Return the file's folder, with `~` for the home folder where that is the custom."""
    folder = os.path.dirname(found.path)  # noqa: PTH120 - Path.parent makes and caches a path for each row
    home = str(Path.home())
    if sys.platform != "win32" and (folder == home or folder.startswith(home + os.sep)) and home != os.sep:
        folder = "~" + folder[len(home) :]
    return shown_name(folder)


def status_text(row: ShownRow) -> str:
    """Return the row's status in one word or two."""
    return _status_word(row.status)


def _status_word(status: RowStatus) -> str:
    match status:
        case RowStatus.DONE:
            return QCoreApplication.translate("Results", "Done")
        case RowStatus.UNSURE:
            return QCoreApplication.translate("Results", "Unsure")
        case RowStatus.ERROR:
            return QCoreApplication.translate("Results", "Error")
        case _:
            return QCoreApplication.translate("Results", "Waiting")


def waiting_text() -> str:
    """Return what stands in place of labels that are still to come."""
    return QCoreApplication.translate("Results", "waiting\u2026")


def unsure_text() -> str:
    """Return what is said of a picture that is none of the classes, as far as the network can tell."""
    return QCoreApplication.translate("Results", "unsure \u2013 not like the training pictures")


def error_text(problem: Problem) -> str:
    """Return why a picture has no labels, in one clause."""
    reason = one_line(problem_text(problem))
    if not problem.code.startswith("image-"):
        return reason
    return QCoreApplication.translate("Results", "could not be read: {reason}").format(reason=reason)


def remedy_text(problem: Problem) -> str:
    """Return what can be done about it; may be empty."""
    return one_line(problem_remedy(problem))


def shown_predictions(row: ShownRow) -> tuple[Prediction, ...]:
    """Return the labels that the row shows, likeliest first."""
    return () if row.result is None else row.result.predictions[:SHOWN_LABELS]


def display_text(row: ShownRow, column: int) -> str:
    """Return a cell as plain text."""
    if column == PICTURE:
        return name_text(row.found)
    if column == STATUS:
        return status_text(row)
    if row.result is not None and row.result.problem is not None:
        return error_text(row.result.problem)
    if row.result is None:
        return waiting_text()
    labels = one_line(", ".join(f"{item.label} {percent_text(item.probability)}" for item in shown_predictions(row)))
    if row.status is not RowStatus.UNSURE:
        return labels
    return QCoreApplication.translate("Results", "{note}: {labels}").format(note=unsure_text(), labels=labels)


def rows_as_text(rows: Iterable[ShownRow]) -> str:
    """Return rows for the clipboard: path, status, then labels and probabilities, with tabs between.

    Numbers have the user's decimal mark, so that a spreadsheet takes them for numbers; texts that it would take for
    formulas are escaped as in the CSV.
    """
    # Qt is asked once, not for each row: every call lets go of the GIL, and a second thread that does so all the time
    # held the GUI thread up for 0.2 s.
    words = {status: _status_word(status) for status in RowStatus}
    locale = QLocale()
    digits = {ord(str(digit)): locale.toString(digit) for digit in range(10)} | {ord("."): locale.decimalPoint()}
    return "\n".join("\t".join(_fields_of(row, words, digits)) for row in rows)


def _fields_of(row: ShownRow, words: Mapping[RowStatus, str], digits: Mapping[int, str]) -> list[str]:
    from model.csv_text import text_cell  # with decimal, which a start does without

    fields = [str(row.found.path), words[row.status]]
    if row.result is not None and not row.stale:
        if row.result.problem is not None:
            fields.append(error_text(row.result.problem))
        for prediction in shown_predictions(row):
            fields += [prediction.label, f"{prediction.probability:.4f}".translate(digits)]
    return [one_line(text_cell(field, raw=False)) for field in fields]


def accessible_text(row: ShownRow, column: int) -> str:
    """Return what a screen reader says; each cell names its file, since it may be the only one that is read."""
    name = name_text(row.found)
    if column == STATUS:
        return f"{name}, {status_text(row)}"
    outcome = display_text(row, LABELS)
    if column == PICTURE and row.status is RowStatus.UNSURE:
        outcome = unsure_text()
    elif column == PICTURE and row.result is not None and row.result.predictions:
        best = row.result.predictions[0]
        outcome = one_line(f"{best.label}, {percent_text(best.probability)}")
    notes = [QCoreApplication.translate("Results", "from the earlier weights")] if row.stale else []
    return ", ".join([name, outcome, *notes])


def tooltip_text(row: ShownRow, column: int) -> str:
    """Return a cell's tooltip as rich text; what comes from files is escaped in it."""
    lines = [shown_name(row.found.path)]
    if column != PICTURE and row.result is not None:
        if row.result.problem is not None:
            problem = row.result.problem
            lines = [error_text(problem), remedy_text(problem), shown_name(problem.detail)]
        else:
            lines = [unsure_text()] if row.status is RowStatus.UNSURE else []
            lines += [one_line(f"{p.label}: {percent_text(p.probability, 1)}") for p in shown_predictions(row)]
        if row.stale:
            lines.append(QCoreApplication.translate("Results", "From an earlier run; waiting to be classified again."))
    elif column != PICTURE:
        lines = [QCoreApplication.translate("Results", "Waiting to be classified.")]
    return "<qt>" + "<br>".join(html.escape(line) for line in lines if line) + "</qt>"
