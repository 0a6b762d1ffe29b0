"""Calibration: a temperature that makes probabilities mean what they say, and a score that tells strange pictures.

Everything is fitted on logits of pictures that the network did not learn from. numpy only.
"""

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.cards import ENERGIES, TEMPERATURES
from model.types import Calibration

KEPT = 0.95
"""The share of the fitting pictures that are not to be called unsure."""
FEWEST_TO_JUDGE = 20
"""Fitted on fewer pictures, a calibration calls none unsure."""
BINS = 15
"""Bins of the expected calibration error, as Guo et al. (2017) have it."""

# With fewer pictures than this in one of two groups, how well a score tells them apart is chance.
_FEWEST = 2
_STEPS = 60  # halvings of the search; the interval is then narrower than a float can tell

Score = Literal["energy", "probability"]
Floats = NDArray[np.float64]


def fit_calibration(logits: ArrayLike, labels: ArrayLike, *, on: str, unlike: ArrayLike | None = None) -> Calibration:
    """Return the calibration that fits these pictures.

    `logits` is float (N, C), N >= 1, the network's plain outputs; `labels` are the right classes, int (N,). `on` says
    in words which pictures they are. `unlike` is float (M, C), of pictures that are none of the classes.

    The temperature minimises the mean cross-entropy of softmax(logits / T) within the bounds of the card (Guo et al.,
    "On Calibration of Modern Neural Networks", 2017). That is convex in 1 / T, so halving the interval by the sign of
    the slope finds the one minimum. With fewer than two wrong pictures the minimum would lie at T = 0, or hang on one
    picture; then the targets are those of Platt (1999), 1 - 1 / (N + 2) for the right class: no more confidence than N
    right answers bear out. Where no temperature improves on another (equal logits, one class) it is 1.

    The score is the one, of the likeliest label's calibrated probability and the energy, that better tells apart, by
    AUROC, the fitting pictures from `unlike`; without those, the rightly from the wrongly classified fitting pictures.
    In a tie, and with fewer than two pictures in a group, it is the probability (Hendrycks and Gimpel, 2017). Its
    threshold lies midway between two of the scores so that at least 95 % of the fitting pictures are above it, and no
    more than ties and the rounding of N make necessary. Fewer than 20 pictures do not show where the lowest twentieth
    begins (one more like them falls below the lowest of N with probability 1 / (N + 1)): then the score is the
    probability, its threshold is 0, and no picture is unsure.

    Raises:
        ValueError: shapes do not fit, a label is no class, there is no picture, or a logit is not finite.
    """
    values = _checked(logits)
    answers = np.asarray(labels)
    if len(values) == 0 or answers.shape != (len(values),) or not np.issubdtype(answers.dtype, np.integer):
        raise ValueError(f"labels of shape {answers.shape} and type {answers.dtype} for {len(values)} pictures")
    if answers.min() < 0 or answers.max() >= values.shape[1]:
        raise ValueError(f"a label is none of the {values.shape[1]} classes")
    strange = _checked(unlike) if unlike is not None else values[:0]
    if strange.shape[1] != values.shape[1]:
        raise ValueError(f"{strange.shape[1]} logits for pictures unlike, {values.shape[1]} for the others")
    temperature = _fit_temperature(values, answers)
    if len(values) < FEWEST_TO_JUDGE:
        return Calibration(temperature, "probability", 0.0, kept=1.0, on=on)
    score = _better_score(values, answers, strange, temperature)
    reached = _scores(values, score, temperature)
    threshold = _threshold(reached)
    return Calibration(temperature, score, threshold, kept=float((reached >= threshold).mean()), on=on)


def calibrated_probabilities(logits: ArrayLike, temperature: float) -> Floats:
    """Return softmax(logits / temperature), float64 (N, C), of float (N, C); rows add up to 1."""
    return _softmax(_shifted(_checked(logits)), temperature)


def scores(logits: ArrayLike, calibration: Calibration) -> Floats:
    """Return the calibration's score of each picture, float64 (N,), from its plain logits, float (N, C)."""
    return _scores(_checked(logits), calibration.score, calibration.temperature)


def is_unsure(logits: ArrayLike, calibration: Calibration) -> NDArray[np.bool_]:
    """Return for each picture, bool (N,), whether its plain logits, float (N, C), score below the threshold."""
    unsure: NDArray[np.bool_] = scores(logits, calibration) < calibration.threshold
    return unsure


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return the area under the ROC curve: how often a score of `positive` is above one of `negative`, 0..1.

    By ranks (Mann and Whitney, 1947); a tie counts half. Raises ValueError when one of them is empty or has a NaN.
    """
    high, low = (np.sort(np.asarray(values, dtype=np.float64).ravel()) for values in (positive, negative))
    if not len(high) or not len(low) or np.isnan(high[-1]) or np.isnan(low[-1]):  # NaN sorts last
        raise ValueError("an AUROC needs two groups of numbers")
    below = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    return float(below.sum() / (2 * len(high) * len(low)))


def expected_calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = BINS) -> float:
    """Return the mean distance between confidence and accuracy, 0..1, over equally wide bins of confidence.

    `probabilities` is float (N, C), `labels` int (N,). Confidence is the likeliest class's probability; a bin holds
    its upper edge, and the distances of bins are weighted by their pictures (Guo et al., 2017). Raises ValueError
    without a picture.
    """
    values, answers = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if values.ndim != 2 or not len(values) or answers.shape != values.shape[:1]:
        raise ValueError(f"probabilities of shape {values.shape} for labels of shape {answers.shape}")
    confidence, right = values.max(axis=1), values.argmax(axis=1) == answers
    place = np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1)
    surplus = np.bincount(place, weights=confidence - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(values))


def _checked(logits: ArrayLike) -> Floats:
    values = np.asarray(logits, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"logits of shape {values.shape} instead of (pictures, classes)")
    if not np.isfinite(values).all():
        raise ValueError("a logit is not a finite number")
    return values


def _shifted(values: Floats) -> Floats:
    """Return each row less its largest value: the same softmax, and no exponential can overflow."""
    shifted: Floats = values - values.max(axis=1, keepdims=True)
    return shifted


def _softmax(shifted: Floats, temperature: float) -> Floats:
    powers = np.exp(shifted / temperature)
    softmax: Floats = powers / powers.sum(axis=1, keepdims=True)
    return softmax


def _scores(values: Floats, score: Score, temperature: float) -> Floats:
    shifted = _shifted(values)
    if score == "probability":
        probability: Floats = 1 / np.exp(shifted / temperature).sum(axis=1)
        return probability
    energy: Floats = values.max(axis=1) + np.log(np.exp(shifted).sum(axis=1))
    return energy


def _fit_temperature(values: Floats, labels: NDArray[np.integer]) -> float:
    shifted = _shifted(values)
    if not shifted.any():
        return 1.0
    count, classes = shifted.shape
    right = shifted[np.arange(count), labels]
    doubt = 1 / (count + 2) if (right < 0).sum() < _FEWEST else 0.0
    others = (shifted.sum(axis=1) - right) / (classes - 1)
    wanted = float(((1 - doubt) * right + doubt * others).mean())

    def slope(temperature: float) -> float:
        """The derivative of the mean cross-entropy by 1 / T, which rises with 1 / T."""
        return float((_softmax(shifted, temperature) * shifted).sum(axis=1).mean()) - wanted

    lowest, highest = TEMPERATURES
    if slope(highest) >= 0:
        return highest
    if slope(lowest) <= 0:
        return lowest
    low, high = math.log(lowest), math.log(highest)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if slope(math.exp(middle)) > 0:
            low = middle
        else:
            high = middle
    return min(max(math.exp(high), lowest), highest)


def _better_score(values: Floats, labels: NDArray[np.integer], strange: Floats, temperature: float) -> Score:
    like = values
    if not len(strange):
        right = values.argmax(axis=1) == labels
        like, strange = values[right], values[~right]
    if min(len(like), len(strange)) < _FEWEST:
        return "probability"
    if np.abs(_scores(values, "energy", temperature)).max() > ENERGIES[1]:
        return "probability"  # the card could not hold the threshold
    by_energy, by_probability = (
        auroc(_scores(like, score, temperature), _scores(strange, score, temperature)) for score in get_args(Score)
    )
    return "energy" if by_energy > by_probability else "probability"


def _threshold(reached: Floats) -> float:
    ordered = np.sort(reached)
    # The smallest addition keeps 0.05 * 20 from being a little less than 1.
    below = int((1 - KEPT) * len(ordered) + 1e-9)
    # Midway, so that another batch size, which changes the last digits, changes no verdict.
    return float((ordered[below - 1] + ordered[below]) / 2)
