"""The sections of the HTML report that say where and why a weight set errs."""

import base64
from collections.abc import Mapping
from pathlib import Path

from model.errors import describe
from model.evaluation_queries import confused_pairs, occurring_classes, shown_path, unique_labels, worst_errors
from model.evaluation_types import ClassFigures, Evaluation, JudgedImage
from model.html_text import Html, element, table
from model.intervals import wilson
from model.report_charts import LARGEST_TABLE, confusion_matrix, matrix_key, reliability_diagram, share_bar
from model.report_texts import confidence_text, counted, interval, percent, temperature_text

WORST = 24
"""So many of the most confident errors are shown with their pictures."""

_PAIRS = 20
_CLASS_ROWS = 40  # up to so many classes all are in the open table, and beyond the weakest
_BAD_ROWS = 500


def confusions_section(evaluation: Evaluation) -> Html:
    """Return the confusion matrix where it can be read, and the most confused pairs where it cannot."""
    matrix = confusion_matrix(evaluation)
    pairs = confused_pairs(evaluation.confusion)
    labels = unique_labels(evaluation.classes)
    parts: list[Html] = [element("h2", "What is mistaken for what")]
    if matrix is not None:
        parts += [matrix_key(), element("div", matrix, class_="scroll")]
    if not pairs:
        parts.append(element("p", "Not one picture got a wrong label.", class_="lead"))
    elif matrix is None or len(occurring_classes(evaluation)) > LARGEST_TABLE:
        shown = pairs[:_PAIRS]
        left = f"; these are the {_PAIRS} most frequent" if len(pairs) > _PAIRS else ""
        parts.append(element("p", f"{counted(len(pairs), 'pair')} of classes were confused{left}.", class_="note"))
        rows = [(labels[pair.true], labels[pair.predicted], f"{pair.count:,}", percent(pair.share)) for pair in shown]
        parts.append(table(("Is", "Taken for", "Pictures", "Share of the class"), rows, numbers={2, 3}))
    return element("section", *parts, class_="long")


def worst_section(evaluation: Evaluation, thumbnails: Mapping[Path, bytes]) -> Html | None:
    """Return the errors of which the network was surest, with their pictures (JPEG by path); None without errors."""
    worst = worst_errors(evaluation.images, WORST)
    if not worst:
        return None
    wrong = sum(not image.right for image in evaluation.images)
    which = f"{len(worst)} of {wrong:,} errors" if wrong > len(worst) else f"all {wrong:,} errors"
    return element(
        "section",
        element("h2", "The most confident errors"),
        element(
            "p",
            f"Shown are {which}, first those of which the network was surest. A picture whose label in the data is "
            "wrong, or that shows two things, counts as an error, too.",
            class_="note",
        ),
        element("div", *(_error(image, evaluation, thumbnails) for image in worst), class_="errors"),
        class_="long",
    )


def _error(image: JudgedImage, evaluation: Evaluation, thumbnails: Mapping[Path, bytes]) -> Html:
    labels = unique_labels(evaluation.classes)
    name = shown_path(image.path, evaluation.root)
    thumbnail = thumbnails.get(image.path)
    if thumbnail is None:
        shown: Html = element("span", "The picture cannot be read any more.")
    else:
        data = base64.b64encode(thumbnail).decode()
        shown = element("img", src=f"data:image/jpeg;base64,{data}", alt="")
    return element(
        "figure",
        element("div", shown, class_="frame"),
        element(
            "figcaption",
            element("div", "is ", element("strong", labels[image.true]), f" ({percent(image.true_probability)})"),
            element(
                "div",
                "taken for ",
                element("strong", labels[image.predicted]),
                " ",
                element("span", percent(image.probabilities[0]), class_="sure"),
                " " if image.unsure else None,
                element("span", "unsure", class_="tag") if image.unsure else None,
            ),
            element("div", name, class_="name"),
        ),
    )


def reliability_section(evaluation: Evaluation) -> Html:
    """Return the reliability diagram, and what it means."""
    rows = [
        (
            f"{100 * one.low:.0f} to {100 * one.high:.0f} %",
            f"{one.count:,}",
            percent(one.confidence) if one.count else "",
            percent(one.accuracy) if one.count else "",
        )
        for one in evaluation.reliability
    ]
    numbers = table(("Confidence", "Pictures", "On average", "Right"), rows, numbers={1, 2, 3})
    return element(
        "section",
        element("h2", "Can its probabilities be believed?"),
        element(
            "div",
            reliability_diagram(evaluation.reliability),
            element(
                "div",
                element("p", confidence_text(evaluation)),
                element(
                    "p",
                    "A bar that ends on the dashed line means: of the pictures it is 80 % sure of, 80 % are right. A "
                    "higher bar is too modest, a lower one too sure. Thin lines are 95 % intervals; where there are "
                    "few pictures they are long, and the bar says little.",
                    class_="note",
                ),
                element("p", f"Probabilities: {temperature_text(evaluation)}.", class_="note"),
                element("details", element("summary", "The numbers"), numbers),
            ),
            class_="chart",
        ),
    )


def classes_section(evaluation: Evaluation) -> Html:
    """Return the figures of every class; of many, first the weakest."""
    occurring = occurring_classes(evaluation)
    parts: list[Html | None] = [
        element("h2", "Class by class"),
        element(
            "p",
            "Recall: how many of a class's pictures were recognised. Precision: how many of the pictures with this "
            "label are of the class. F1 joins the two.",
            class_="note",
        ),
    ]
    if len(occurring) <= _CLASS_ROWS:
        parts.append(_class_table(evaluation, occurring))
    else:
        with_pictures = [figures for figures in occurring if figures.support]
        with_errors = sorted((one for one in with_pictures if one.f1 < 1), key=lambda figures: figures.f1)
        which = f"Classes that have errors: {len(with_errors):,} of {len(with_pictures):,}"
        which += f"; these are the {_CLASS_ROWS} weakest." if len(with_errors) > _CLASS_ROWS else "."
        parts += [
            element("p", which),
            _class_table(evaluation, with_errors[:_CLASS_ROWS]) if with_errors else None,
            element(
                "details",
                element("summary", f"All {counted(len(occurring), 'class')} that have pictures or were named"),
                _class_table(evaluation, occurring),
            ),
        ]
    return element("section", *parts, class_="long")


def _class_table(evaluation: Evaluation, shown: list[ClassFigures]) -> Html:
    labels = unique_labels(evaluation.classes)

    def row(figures: ClassFigures) -> tuple[object, ...]:
        index, support = figures.class_index, figures.support
        if not support:
            return labels[index], "0", "", "", "", percent(figures.precision), "", ""
        mistaken = evaluation.confusion[index].copy()
        mistaken[index] = 0
        often = int(mistaken.argmax())
        taken_for = f"{labels[often]} ({int(mistaken[often]):,})" if mistaken[often] else ""
        recall = wilson(int(evaluation.confusion[index, index]), support)
        return (
            labels[index],
            f"{support:,}",
            share_bar(figures.recall),
            percent(figures.recall),
            interval(recall),
            percent(figures.precision),
            percent(figures.f1),
            taken_for,
        )

    head = ("Class", "Pictures", "", "Recall", "95 % interval", "Precision", "F1", "Most often taken for")
    return table(head, [row(figures) for figures in shown], numbers={1, 3, 4, 5, 6})


def bad_section(evaluation: Evaluation) -> Html:
    """Return what could not be read, and why."""
    rows = [(shown_path(path, evaluation.root), describe(problem)) for path, problem in evaluation.bad[:_BAD_ROWS]]
    left = len(evaluation.bad) - len(rows)
    return element(
        "section",
        element("h2", "Not read"),
        element("p", "These have no part in any figure.", class_="note"),
        table(("File", "Why"), rows),
        element("p", f"and {left:,} more; the CSV report has them all.", class_="note") if left else None,
        class_="long",
    )
