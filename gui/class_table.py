"""The figures of each class in a table, and the pictures that could not be read in another."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale

from gui.error_texts import problem_remedy, problem_text
from gui.evaluation_texts import missed_title
from gui.figure_table import FigureColumn, FigureRow, FigureTable
from gui.percent import percent_text
from model.evaluation_queries import occurring_classes, shown_path
from model.evaluation_types import Evaluation
from model.names import natural_key, one_line, shown_name
from model.types import Problem

CLASS, PRECISION, RECALL, F1, PICTURES = range(5)
"""The table's columns."""

_UNDEFINED = "\u2013"


def class_table(evaluation: Evaluation, labels: Sequence[str]) -> FigureTable:
    """Return a table of the classes that occur, the least well recognised first.

    Choosing a row hands over the class index. What is not defined, such as the recall of a class without pictures, is
    a dash, and comes last however the table is sorted.
    """
    translate = QCoreApplication.translate
    columns = (
        FigureColumn(translate("Evaluation", "Class")),
        FigureColumn(
            translate("Evaluation", "Precision"),
            translate("Evaluation", "How many of the pictures taken for this class are of it"),
            number=True,
        ),
        FigureColumn(
            translate("Evaluation", "Recall"),
            translate("Evaluation", "How many pictures of this class were recognised"),
            number=True,
        ),
        FigureColumn(
            translate("Evaluation", "F1"),
            translate("Evaluation", "Precision and recall in one figure: their harmonic mean"),
            number=True,
        ),
        FigureColumn(
            translate("Evaluation", "Pictures"),
            translate("Evaluation", "How many pictures of it there are"),
            number=True,
        ),
    )
    table = FigureTable(columns, translate("Evaluation", "Figures of each class"))
    taken = evaluation.confusion.sum(axis=0)
    rows = []
    for figures in occurring_classes(evaluation):
        index = figures.class_index
        support, hits = figures.support, int(evaluation.confusion[index, index])
        known = (
            figures.precision if taken[index] else None,
            figures.recall if support else None,
            figures.f1 if support else None,
        )
        shares = (_UNDEFINED if value is None else percent_text(value, 1) for value in known)
        texts = (labels[index], *shares, QLocale().toString(support))
        tooltip = missed_title(labels[index], support - hits)
        rows.append(FigureRow(texts, (natural_key(labels[index]), *known, support), index, tooltip))
    table.show_rows(rows, sort_by=F1)
    return table


def missed_pictures(evaluation: Evaluation, class_index: int) -> list[Path]:
    """Return the pictures of a class that were taken for another."""
    return [image.path for image in evaluation.images if image.true == class_index and not image.right]


def unread_table(bad: Sequence[tuple[Path, Problem]], root: Path) -> FigureTable:
    """Return a table of the pictures that could not be read, and why; choosing a row hands over the Path."""
    columns = (
        FigureColumn(QCoreApplication.translate("Evaluation", "File")),
        FigureColumn(QCoreApplication.translate("Evaluation", "Why it could not be read")),
    )
    table = FigureTable(columns, QCoreApplication.translate("Evaluation", "Pictures that could not be read"))
    rows = []
    for path, problem in bad:
        name = shown_name(shown_path(path, root))
        reason = one_line(problem_text(problem))
        tooltip = "\n".join(
            part for part in (shown_name(path), reason, problem_remedy(problem), problem.detail) if part
        )
        rows.append(FigureRow((name, reason), (natural_key(name), reason.casefold()), path, tooltip))
    table.show_rows(rows, sort_by=0)
    return table
