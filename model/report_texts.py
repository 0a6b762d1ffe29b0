"""Figures in words, the same on the command line and in the HTML report."""

from datetime import datetime

from model.dataset_layout import PART_NAMES
from model.evaluation_types import Estimate, Evaluation
from model.names import display_name

_DIRECTION = 0.02  # confidence and accuracy that differ by less are called alike


def percent(value: float) -> str:
    """Return a share 0..1 as `93.0 %`; what is not all or nothing never reads `100.0 %` or `0.0 %`."""
    text = f"{100 * value:.1f} %"
    if text == "100.0 %" and value < 1:
        return ">99.9 %"
    if text == "0.0 %" and value > 0:
        return "<0.1 %"
    return text


def points(value: float) -> str:
    """Return a difference of two shares in percentage points, for example `3.4 points`."""
    return f"{100 * value:.1f} points"


def interval(estimate: Estimate, between: str = "to") -> str:
    """Return the 95 % interval: `88.6 to 95.8 %`, or with another word between the two."""
    return f"{100 * estimate.low:.1f} {between} {100 * estimate.high:.1f} %"


def counted(count: int, noun: str) -> str:
    """Return `1 picture` or `2,000 pictures`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}"


def moment(when: datetime) -> str:
    """Return a moment in UTC for people: `25 November 2026, 17:10 UTC`, in English on every computer."""
    months = ("January February March April May June July August September October November December").split()
    return f"{when.day} {months[when.month - 1]} {when.year}, {when:%H:%M} UTC"


def data_name(evaluation: Evaluation) -> str:
    """Return what the evaluated folder is called: its own name, and where that is only `test` the one above, too."""
    root = evaluation.root
    name = root.name or str(root)
    return display_name(f"{root.parent.name}/{name}" if name.casefold() in PART_NAMES and root.parent.name else name)


def temperature_text(evaluation: Evaluation) -> str:
    """Return how the probabilities were made."""
    if evaluation.temperature is None:
        return "plain softmax; this set has no calibration"
    return f"calibrated, temperature {evaluation.temperature:.3g}"


def confidence_text(evaluation: Evaluation) -> str:
    """Return in words whether the network is too sure of itself, too modest, or neither."""
    count = sum(one.count for one in evaluation.reliability)
    confidence = sum(one.confidence * one.count for one in evaluation.reliability) / count
    difference = confidence - evaluation.top_1.value
    verdict = "it is about as sure as it should be"
    if abs(difference) >= _DIRECTION:
        verdict = "it is too sure of itself" if difference > 0 else "it is more modest than it needs to be"
    return (
        f"On average it gave its first label {percent(confidence)}, and {percent(evaluation.top_1.value)} of these "
        f"labels were right: {verdict}. Bin by bin, the two differ by {points(evaluation.calibration_error)} on the "
        "average."
    )


TRAINED_ON_THESE = (
    "The weights' card counts exactly as many training pictures of every class as there are here. Most likely these "
    "are the pictures that the weights learned from: the figures tell how well they are known by heart, not how well "
    "others will be recognised."
)
