"""What the window says in words about an evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QLocale

from gui.durations import time_left_text, time_taken_text
from gui.percent import counted, percent_text
from model.evaluation_types import Estimate, Evaluation, EvaluationProgress
from model.names import shown_name

_DOT = " \u00b7 "
_EVEN = 0.005  # a mean difference of less than half a point is neither too sure nor too modest


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure beside the headline: its name, its value, and what it means."""

    name: str
    value: str
    meaning: str


def headline(evaluation: Evaluation) -> str:
    """Return the verdict: `184 of 200 right: 92.0 %, 95 % interval 87.4 to 95.0`."""
    right = sum(image.right for image in evaluation.images)
    text = QCoreApplication.translate("Evaluation", "{right} of {total} right: {share}, {interval}")
    return text.format(
        right=_count(right),
        total=_count(len(evaluation.images)),
        share=percent_text(evaluation.top_1.value, 1),
        interval=interval_text(evaluation.top_1),
    )


def interval_text(estimate: Estimate) -> str:
    """Return a share's confidence interval, in percent: `95 % interval 87.4 to 95.0`."""
    text = QCoreApplication.translate("Evaluation", "95\u00a0% interval {low} to {high}")
    return text.format(low=_number(100 * estimate.low), high=_number(100 * estimate.high))


def subject_text(evaluation: Evaluation) -> str:
    """Return what was evaluated, on which pictures, and how fast."""
    where = evaluation.root.name or str(evaluation.root)
    if evaluation.part is not None:
        where = f"{where}/{evaluation.part}"
    on = QCoreApplication.translate("Evaluation", "{title} on {folder}")
    took = QCoreApplication.translate("Evaluation", "{pictures} in {time}")
    parts = [
        on.format(title=evaluation.weights_title, folder=shown_name(where)),
        took.format(pictures=pictures_text(len(evaluation.images)), time=time_taken_text(evaluation.seconds)),
        rate_text(evaluation.rate),
        evaluation.device,
    ]
    return _DOT.join(part for part in parts if part)


def warning_text(evaluation: Evaluation) -> str:
    """Return why the figures flatter the weights; empty where there is no reason to think so."""
    if not evaluation.trained_on_these:
        return ""
    return QCoreApplication.translate(
        "Evaluation",
        "These weights have most likely learnt from these very pictures, so they will do less well on others. "
        "Evaluate on pictures that the network has never seen.",
    )


def rate_text(rate: float) -> str:
    """Return pictures a second: `16 images/s`; empty where nothing was measured."""
    if rate <= 0:
        return ""
    text = QCoreApplication.translate("Evaluation", "{rate}\u00a0images/s")
    return text.format(rate=_number(rate, 0 if rate >= 9.95 else 1))


def figures(evaluation: Evaluation) -> list[Figure]:
    """Return the figures beside the headline, each with a sentence on what it means."""
    found = []
    if evaluation.top_5 is not None:
        meaning = QCoreApplication.translate(
            "Evaluation", "The right label is among the five likeliest ({interval})."
        ).format(interval=interval_text(evaluation.top_5))
        name = QCoreApplication.translate("Evaluation", "Top-5")
        found.append(Figure(name, percent_text(evaluation.top_5.value, 1), meaning))
    meaning = QCoreApplication.translate(
        "Evaluation", "Precision and recall in one figure, averaged over the classes, each counting alike."
    )
    name = QCoreApplication.translate("Evaluation", "Macro F1")
    found.append(Figure(name, percent_text(evaluation.macro.f1, 1), meaning))
    name = QCoreApplication.translate("Evaluation", "Calibration error")
    found.append(Figure(name, percent_text(evaluation.calibration_error, 1), calibration_text(evaluation)))
    found.append(_unsure_figure(evaluation))
    return found


def calibration_text(evaluation: Evaluation) -> str:
    """Return what the calibration error means, and which way the probabilities err."""
    total = sum(place.count for place in evaluation.reliability)
    excess = sum(place.count * (place.confidence - place.accuracy) for place in evaluation.reliability) / max(1, total)
    points = _number(100 * evaluation.calibration_error)
    if excess > _EVEN:
        text = QCoreApplication.translate(
            "Evaluation", "The probabilities shown are {points} points off on average, mostly too high."
        )
    elif excess < -_EVEN:
        text = QCoreApplication.translate(
            "Evaluation", "The probabilities shown are {points} points off on average, mostly too low."
        )
    else:
        text = QCoreApplication.translate("Evaluation", "The probabilities shown are {points} points off on average.")
    return text.format(points=points)


def _unsure_figure(evaluation: Evaluation) -> Figure:
    name = QCoreApplication.translate("Evaluation", "Unsure")
    unsure = evaluation.unsure
    if unsure is None:
        meaning = QCoreApplication.translate("Evaluation", "These weights have no limit below which they are unsure.")
        return Figure(name, "\u2013", meaning)
    if unsure.accuracy_when_sure is None:
        meaning = QCoreApplication.translate("Evaluation", "They were unsure of every picture.")
    else:
        meaning = QCoreApplication.translate("Evaluation", "Of the other pictures {share} are right.").format(
            share=percent_text(unsure.accuracy_when_sure.value, 1)
        )
    return Figure(name, _count(unsure.unsure), meaning)


def progress_text(progress: EvaluationProgress) -> str:
    """Return how far an evaluation is: `412 of 1,000 · 17 images/s · 35 s left · 2 could not be read`."""
    text = QCoreApplication.translate("Evaluation", "{done} of {total}")
    parts = [text.format(done=_count(progress.done), total=_count(progress.total)), rate_text(progress.rate)]
    if progress.rate > 0 and progress.done < progress.total:
        parts.append(time_left_text((progress.total - progress.done) / progress.rate))
    if progress.errors:
        parts.append(unread_text(progress.errors))
    return _DOT.join(part for part in parts if part)


def unread_text(count: int) -> str:
    """Return how many pictures could not be read."""
    return counted(
        count,
        QCoreApplication.translate("Evaluation", "1 could not be read"),
        QCoreApplication.translate("Evaluation", "{count} could not be read"),
    )


def cell_words(labels: Sequence[str], true: int, predicted: int) -> str:
    """Return what a cell of the confusion matrix holds: `cloudy taken for rain`."""
    if true == predicted:
        return QCoreApplication.translate("Evaluation", "{label} recognised").format(label=labels[true])
    text = QCoreApplication.translate("Evaluation", "{true} taken for {predicted}")
    return text.format(true=labels[true], predicted=labels[predicted])


def cell_title(labels: Sequence[str], true: int, predicted: int, count: int) -> str:
    """Return the title for the pictures of a cell: `cloudy taken for rain: 7 pictures`."""
    return titled(cell_words(labels, true, predicted), count)


def missed_title(label: str, count: int) -> str:
    """Return the title for the pictures of a class that were not recognised."""
    return titled(QCoreApplication.translate("Evaluation", "{label} not recognised").format(label=label), count)


def titled(words: str, count: int) -> str:
    """Return words with a number of pictures behind them."""
    return f"{words}: {pictures_text(count)}"


def pictures_text(count: int) -> str:
    """Return a number of pictures in words: `7 pictures`."""
    return counted(
        count,
        QCoreApplication.translate("Evaluation", "1 picture"),
        QCoreApplication.translate("Evaluation", "{count} pictures"),
    )


def share_of_class_text(share: float, label: str) -> str:
    """Return a share of a class's pictures in words: `2.3 % of cloudy`."""
    text = QCoreApplication.translate("Evaluation", "{share} of {label}")
    return text.format(share=percent_text(share, 1), label=label)


def _count(number: int) -> str:
    return QLocale().toString(number)


def _number(value: float, decimals: int = 1) -> str:
    return QLocale().toString(float(value), "f", decimals)
