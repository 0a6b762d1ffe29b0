"""Calibration: the best temperature, the better score, and a threshold that keeps what it promises."""

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes import make_weights
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from model.calibration import (
    auroc,
    calibrated_probabilities,
    expected_calibration_error,
    fit_calibration,
    is_unsure,
    scores,
)
from model.cards import TEMPERATURES, card_to_json, parse_card
from model.types import Calibration, WeightsFile

Logits = NDArray[np.float32]
Labels = NDArray[np.intp]

numbers = st.floats(-50, 50, width=32)
PLAIN = Calibration(1.0, "probability", 0.5, 0.95, "a test")


@st.composite
def labelled(draw: st.DrawFn, least: int = 1, most: int = 60) -> tuple[Logits, Labels]:
    """Logits and right classes of any quality, from the best to the worst."""
    count, classes = draw(st.integers(least, most)), draw(st.integers(1, 5))
    logits = draw(arrays(np.float32, (count, classes), elements=numbers))
    labels = draw(arrays(np.intp, count, elements=st.integers(0, classes - 1)))
    if draw(st.booleans()):  # mostly right, as trained networks are
        labels = np.where(np.arange(count) % 4 == 0, labels, logits.argmax(axis=1))
    return logits, labels


def drawn(count: int, temperature: float, seed: int = 0, classes: int = 4) -> tuple[Logits, Labels]:
    """Logits whose right classes were drawn from softmax(logits / temperature)."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 4, (count, classes)).astype(np.float32)
    odds = np.exp(logits / temperature).cumsum(axis=1)
    labels = (odds < random.random((count, 1)) * odds[:, -1:]).sum(axis=1)
    return logits, labels


def cross_entropy(logits: Logits, labels: Labels, temperature: float) -> float:
    scaled = logits.astype(np.float64) / temperature
    top = scaled.max(axis=1)
    own = scaled[np.arange(len(labels)), labels]
    return float((top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - own).mean())


def fit(logits: Logits, labels: Labels, unlike: Logits | None = None) -> Calibration:
    return fit_calibration(logits, labels, on="a test", unlike=unlike)


class TestTemperature:
    @given(labelled(), st.floats(*TEMPERATURES))
    def test_no_other_temperature_has_a_lower_cross_entropy(
        self, pictures: tuple[Logits, Labels], other: float
    ) -> None:
        logits, labels = pictures
        assume((logits.max(axis=1) > logits[np.arange(len(labels)), labels]).sum() >= 2)
        fitted = fit(logits, labels).temperature
        best = cross_entropy(logits, labels, fitted)
        assert best <= cross_entropy(logits, labels, other) + 1e-9 * (1 + best)

    @pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
    def test_the_temperature_that_made_the_labels_is_found(self, temperature: float) -> None:
        logits, labels = drawn(20_000, temperature)
        fitted = fit(logits, labels)
        assert fitted.temperature == pytest.approx(temperature, rel=0.04)
        probabilities = calibrated_probabilities(logits, fitted.temperature)
        assert expected_calibration_error(probabilities, labels) < 0.01
        assert fitted.on == "a test"

    def test_larger_logits_have_a_larger_temperature_and_the_same_probabilities(self) -> None:
        logits, labels = drawn(500, 1.5)
        once, thrice = fit(logits, labels), fit(3 * logits, labels)
        assert thrice.temperature == pytest.approx(3 * once.temperature, rel=1e-6)

    @pytest.mark.parametrize("count", [1, 10, 1000])
    @pytest.mark.parametrize("scale", [0.5, 30.0])
    def test_nothing_wrong_is_no_proof_of_certainty(self, count: int, scale: float) -> None:
        """The plain minimum would be T = 0, with every probability 1."""
        random = np.random.default_rng(0)
        labels = random.integers(0, 3, count)
        logits = (scale * (np.eye(3)[labels] * 5 + random.random((count, 3)))).astype(np.float32)
        fitted = fit(logits, labels)
        confidence = calibrated_probabilities(logits, fitted.temperature).max(axis=1).mean()
        assert confidence == pytest.approx((count + 1) / (count + 2), abs=0.5 / (count + 2))

    def test_one_picture_that_is_wrong_by_a_hair_decides_nothing(self) -> None:
        random = np.random.default_rng(0)
        labels = random.integers(0, 3, 40)
        logits = (np.eye(3)[labels] * 5 + random.random((40, 3))).astype(np.float32)
        logits[0] = [1, 1.001, 0]
        labels[0] = 0
        fitted = fit(logits, labels)
        assert calibrated_probabilities(logits, fitted.temperature)[1:].max(axis=1).mean() < 1 - 1 / 60

    def test_a_network_that_is_always_wrong_is_calmed_as_far_as_the_card_allows(self) -> None:
        logits = np.tile(np.float32([9, 0]), (30, 1))
        assert fit(logits, np.ones(30, np.intp)).temperature == TEMPERATURES[1]

    def test_a_network_that_is_far_too_timid_is_sharpened_as_far_as_the_card_allows(self) -> None:
        logits, labels = drawn(400, 0.5)
        assert fit(logits / np.float32(1e4), labels).temperature == TEMPERATURES[0]

    @pytest.mark.parametrize("logits", [np.zeros((30, 3), np.float32), np.full((30, 1), 7, np.float32)])
    def test_where_temperature_changes_nothing_it_is_one(self, logits: Logits) -> None:
        assert fit(logits, np.zeros(30, np.intp)).temperature == 1.0


class TestThreshold:
    @given(labelled(least=20), st.booleans())
    def test_nineteen_of_twenty_fitting_pictures_are_kept_and_few_more(
        self, pictures: tuple[Logits, Labels], strange: bool
    ) -> None:
        logits, labels = pictures
        fitted = fit(logits, labels, logits[::2] - 7 if strange else None)
        unsure = is_unsure(logits, fitted)
        assert fitted.kept == 1 - unsure.mean()
        assert fitted.kept >= 0.95
        reached = scores(logits, fitted)
        if len(np.unique(reached)) == len(reached):
            assert unsure.sum() == len(logits) // 20
        assert unsure.tolist() == (reached < fitted.threshold).tolist()

    def test_the_last_digits_change_no_verdict(self) -> None:
        """A picture in another batch differs by some 1e-7."""
        logits, labels = drawn(1000, 1.5)
        fitted = fit(logits, labels)
        for nudge in (-1e-6, 1e-6):
            other = logits + np.float32(nudge) * logits
            assert is_unsure(other, fitted).tolist() == is_unsure(logits, fitted).tolist()

    @given(labelled(most=19))
    def test_too_few_pictures_call_none_unsure(self, pictures: tuple[Logits, Labels]) -> None:
        logits, labels = pictures
        fitted = fit(logits, labels, unlike=logits)
        assert (fitted.score, fitted.threshold, fitted.kept) == ("probability", 0.0, 1.0)
        assert not is_unsure(np.zeros_like(logits), fitted).any()

    @given(labelled(), st.booleans())
    def test_every_fit_can_be_written_on_a_card(self, pictures: tuple[Logits, Labels], large: bool) -> None:
        logits, labels = pictures
        fitted = fit(logits * np.float32(1e5 if large else 1), labels, unlike=logits)
        file = WeightsFile("network", "a.pth", "user", 3, sha256="ab" * 32)
        weights = replace(make_weights().weights, files=(file,), calibration=fitted)
        assert parse_card(json.loads(json.dumps(card_to_json(weights))), "x").calibration == fitted


class TestScore:
    """Pairs of logits: their difference makes the probability, their height the energy."""

    def test_energy_is_taken_where_it_tells_strange_pictures_better(self) -> None:
        logits, labels = drawn(200, 1.0, classes=2)
        strange = logits - 20
        fitted = fit(logits, labels, strange)
        assert fitted.score == "energy"
        assert is_unsure(strange, fitted).all()

    def test_probability_is_taken_where_it_tells_strange_pictures_better(self) -> None:
        random = np.random.default_rng(0)
        heights = random.normal(0, 10, 200)
        logits = np.stack([heights + 5, heights], axis=1).astype(np.float32)
        strange = np.stack([heights + 0.1, heights], axis=1).astype(np.float32)
        fitted = fit(logits, np.zeros(200, np.intp), strange)
        assert fitted.score == "probability"
        assert is_unsure(strange, fitted).all()

    @pytest.mark.parametrize(("tall", "score"), [(True, "energy"), (False, "probability")])
    def test_without_strange_pictures_the_wrong_ones_are_told_from_the_right_ones(self, tall: bool, score: str) -> None:
        random = np.random.default_rng(0)
        labels = np.repeat([0, 1], [90, 10])  # class 0 is always predicted, the last ten are wrong
        right = labels == 0
        heights = np.where(right, 9, 0) if tall else random.normal(0, 5, 100)
        gaps = random.uniform(1, 5, 100) if tall else np.where(right, 4, 1)
        logits = np.stack([heights + gaps, heights], axis=1).astype(np.float32)
        assert fit(logits, labels).score == score

    def test_one_wrong_picture_shows_nothing(self) -> None:
        logits = np.tile(np.float32([9, 0]), (30, 1))
        labels = np.zeros(30, np.intp)
        logits[0], labels[0] = [0, -9], 1  # of low energy, as probable as all others
        assert fit(logits, labels).score == "probability"
        labels[0] = 0
        assert fit(logits, labels, unlike=np.empty((0, 2), np.float32)).score == "probability"

    @given(arrays(np.float32, (7, 3), elements=numbers), st.floats(0.1, 10))
    def test_scores_are_those_of_their_definitions(self, logits: Logits, temperature: float) -> None:
        by_probability = scores(logits, replace(PLAIN, temperature=temperature))
        exact = np.exp(logits.astype(np.float64) / temperature)
        np.testing.assert_allclose(by_probability, (exact / exact.sum(axis=1, keepdims=True)).max(axis=1), rtol=1e-9)
        by_energy = scores(logits, replace(PLAIN, temperature=temperature, score="energy"))
        np.testing.assert_allclose(by_energy, np.log(np.exp(logits.astype(np.float64)).sum(axis=1)), atol=1e-9)


class TestProbabilities:
    @given(arrays(np.float32, (9, 4), elements=st.floats(-(2.0**100), 2.0**100, width=32)), st.floats(*TEMPERATURES))
    def test_they_add_up_to_one_and_keep_the_order(self, logits: Logits, temperature: float) -> None:
        probabilities = calibrated_probabilities(logits, temperature)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        chosen = probabilities[np.arange(9), logits.argmax(axis=1)]
        assert chosen.tolist() == probabilities.max(axis=1).tolist()

    def test_by_hand(self) -> None:
        probabilities = calibrated_probabilities([[np.log(16), 0.0]], 2)
        np.testing.assert_allclose(probabilities, [[0.8, 0.2]])


class TestAuroc:
    @given(st.lists(st.integers(-3, 3), min_size=1), st.lists(st.integers(-3, 3), min_size=1))
    def test_it_is_the_share_of_pairs_in_order(self, positive: list[int], negative: list[int]) -> None:
        pairs = [(high > low) + 0.5 * (high == low) for high in positive for low in negative]
        assert auroc(positive, negative) == pytest.approx(sum(pairs) / len(pairs))
        assert auroc(positive, negative) == pytest.approx(1 - auroc(negative, positive))

    @given(st.lists(numbers, min_size=1), st.lists(numbers, min_size=1))
    def test_only_the_order_counts(self, positive: list[float], negative: list[float]) -> None:
        doubled = auroc([2 * value for value in positive], [2 * value for value in negative])
        assert auroc(positive, negative) == doubled

    @pytest.mark.parametrize(("positive", "negative"), [([], [1]), ([1], []), ([float("nan")], [1]), ([1], [np.nan])])
    def test_it_needs_numbers_in_both_groups(self, positive: list[float], negative: list[float]) -> None:
        with pytest.raises(ValueError, match="two groups"):
            auroc(positive, negative)


class TestExpectedCalibrationError:
    def test_by_hand(self) -> None:
        """Four pictures at 0.9 of which three are right, one at 0.6 that is wrong."""
        probabilities = [[0.9, 0.1]] * 4 + [[0.4, 0.6]]
        assert expected_calibration_error(probabilities, np.array([0, 0, 0, 1, 0])) == pytest.approx(
            (4 * 0.15 + 1 * 0.6) / 5
        )

    @given(labelled(), st.integers(1, 20))
    def test_it_is_the_weighted_distance_over_the_bins(self, pictures: tuple[Logits, Labels], bins: int) -> None:
        logits, labels = pictures
        probabilities = calibrated_probabilities(logits, 5)
        confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        expected = 0.0
        for place in range(bins):
            inside = (confidence * bins > place) & (confidence * bins <= place + 1)
            if inside.any():
                expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
        assert expected_calibration_error(probabilities, labels, bins) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize(("rows", "labels"), [(0, 0), (3, 2)])
    def test_it_needs_pictures_with_labels(self, rows: int, labels: int) -> None:
        with pytest.raises(ValueError, match="probabilities of shape"):
            expected_calibration_error(np.zeros((rows, 2)), np.zeros(labels, np.intp))


GOOD = np.zeros((3, 2), np.float32)


@pytest.mark.parametrize(
    ("logits", "labels", "unlike", "words"),
    [
        (np.zeros((0, 2)), np.zeros(0, np.intp), None, "for 0 pictures"),
        (np.zeros(3), np.zeros(3, np.intp), None, r"instead of \(pictures, classes\)"),
        (np.zeros((3, 0)), np.zeros(3, np.intp), None, r"instead of \(pictures, classes\)"),
        (GOOD, np.zeros(2, np.intp), None, "for 3 pictures"),
        (GOOD, np.zeros(3), None, "type float64"),
        (GOOD, np.array([0, 1, 2]), None, "none of the 2 classes"),
        (GOOD, np.array([0, 1, -1]), None, "none of the 2 classes"),
        (GOOD + np.float32(np.nan), np.zeros(3, np.intp), None, "not a finite number"),
        (GOOD, np.zeros(3, np.intp), GOOD + np.float32(np.inf), "not a finite number"),
        (GOOD, np.zeros(3, np.intp), np.zeros((3, 5)), "5 logits for pictures unlike"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits: Logits, labels: Labels, unlike: Logits | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit(logits, labels, unlike)
