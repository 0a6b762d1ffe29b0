"""From logits to labels and verdicts, the same for every engine."""

import math
from dataclasses import replace

import numpy as np
import pytest
from fakes import make_weights

from model.errors import WeightsError
from model.top_labels import softmax, top_labels
from model.types import Calibration, Prediction

WEIGHTS = make_weights()
FITTED = Calibration(2.0, "probability", 0.5, 0.95, "a test")
LOGITS = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 0.0]], dtype=np.float32)


def test_softmax_is_the_shares_of_the_powers() -> None:
    total = sum(math.exp(value) for value in (1.0, 3.0, 2.0))
    expected = [[math.exp(value) / total for value in (1.0, 3.0, 2.0)], [1 / 3] * 3]
    np.testing.assert_allclose(softmax(LOGITS), expected, rtol=1e-6)
    assert softmax(LOGITS).dtype == np.float32


def test_the_temperature_divides_the_logits() -> None:
    np.testing.assert_array_equal(softmax(LOGITS, 2.0), softmax(LOGITS / 2))


def test_large_logits_do_not_overflow() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e30, 0.0, -1e30]], dtype=np.float32)), [[1, 0, 0]])


def test_labels_come_most_likely_first_and_no_more_than_asked_for() -> None:
    rows, unsure = top_labels(LOGITS, softmax(LOGITS), WEIGHTS, 2)
    assert [[one.label for one in row] for row in rows] == [["green", "blue"], ["red", "green"]]
    assert rows[0][0] == Prediction(1, "green", float(softmax(LOGITS)[0, 1]))
    assert unsure == []
    assert len(top_labels(LOGITS, softmax(LOGITS), WEIGHTS, 9)[0][0]) == 3


def test_of_equal_probabilities_the_lower_index_comes_first() -> None:
    even = np.full((1, 40), 0.0, dtype=np.float32)
    weights = make_weights(classes=tuple(str(number) for number in range(40)))
    ((row,), _) = top_labels(even, softmax(even), weights, 40)
    assert [one.class_index for one in row] == list(range(40))


def test_a_calibrated_set_has_a_verdict_for_each_picture() -> None:
    calibrated = make_weights(calibration=FITTED)
    rows, unsure = top_labels(LOGITS, softmax(LOGITS, FITTED.temperature), calibrated, 1)
    assert unsure == [False, True]
    assert [row[0].probability < FITTED.threshold for row in rows] == unsure
    strict = replace(calibrated, weights=replace(calibrated.weights, calibration=replace(FITTED, threshold=0.99)))
    assert top_labels(LOGITS, softmax(LOGITS, FITTED.temperature), strict, 1)[1] == [True, True]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_without_a_warning(value: float) -> None:
    logits = LOGITS.copy()
    logits[1, 2] = value
    with pytest.raises(WeightsError) as caught:
        top_labels(logits, softmax(logits), WEIGHTS, 3)
    assert caught.value.problem.code == "weights-not-finite"
