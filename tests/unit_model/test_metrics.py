"""The figures of an evaluation, against examples reckoned by hand and a second way of reckoning them."""

import math

import numpy as np
import pytest
from evaluation_samples import judged
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.calibration import expected_calibration_error
from model.evaluation_types import JudgedImage
from model.metrics import BINS, Figures, measure

ABC = ("a", "b", "c")

# Six pictures of a and b, of which one b is taken for c: c has no pictures.
EXAMPLE = [
    judged(0, (0.9, 0.05, 0.05)),
    judged(0, (0.8, 0.1, 0.1)),
    judged(0, (0.3, 0.6, 0.1)),
    judged(1, (0.1, 0.7, 0.2)),
    judged(1, (0.2, 0.5, 0.3)),
    judged(1, (0.1, 0.2, 0.7)),
]


class TestExample:
    figures = measure(EXAMPLE, ABC)

    def test_top_1(self) -> None:
        assert self.figures.top_1.value == 4 / 6
        assert self.figures.top_1.low < 4 / 6 < self.figures.top_1.high

    def test_five_classes_or_fewer_have_no_top_5(self) -> None:
        assert self.figures.top_5 is None
        assert measure([judged(0, (0.5, 0.2, 0.1, 0.1, 0.1))], tuple("abcde")).top_5 is None

    def test_rows_of_the_confusion_matrix_are_right_classes(self) -> None:
        assert self.figures.confusion.tolist() == [[2, 1, 0], [0, 2, 1], [0, 0, 0]]
        assert self.figures.confusion.dtype == np.int64

    def test_each_class(self) -> None:
        a, b, c = self.figures.per_class
        assert (a.label, a.class_index, a.support) == ("a", 0, 3)
        assert (a.precision, a.recall, a.f1) == pytest.approx((1.0, 2 / 3, 0.8))
        assert (b.precision, b.recall, b.f1, b.support) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
        assert (c.precision, c.recall, c.f1, c.support) == (0.0, 0.0, 0.0, 0)

    def test_a_class_without_pictures_does_not_pull_averages_down(self) -> None:
        macro, weighted = self.figures.macro, self.figures.weighted
        assert (macro.precision, macro.recall, macro.f1) == pytest.approx((5 / 6, 2 / 3, (0.8 + 2 / 3) / 2))
        assert (weighted.precision, weighted.recall) == pytest.approx((5 / 6, 2 / 3))

    def test_weighted_averages_count_pictures(self) -> None:
        figures = measure([*EXAMPLE, judged(0, (1, 0, 0)), judged(0, (1, 0, 0)), judged(0, (1, 0, 0))], ABC)
        assert figures.macro.recall == pytest.approx((5 / 6 + 2 / 3) / 2)
        assert figures.weighted.recall == pytest.approx((6 * 5 / 6 + 3 * 2 / 3) / 9) == pytest.approx(7 / 9)

    def test_mean_loss_is_the_mean_cross_entropy(self) -> None:
        expected = -sum(math.log(p) for p in (0.9, 0.8, 0.3, 0.7, 0.5, 0.2)) / 6
        assert self.figures.mean_loss == pytest.approx(expected)

    def test_bins_hold_what_was_said_with_that_confidence(self) -> None:
        filled = {round(one.low, 4): one for one in self.figures.reliability if one.count}
        assert sum(one.count for one in self.figures.reliability) == 6
        assert len(self.figures.reliability) == BINS == 15
        seven = filled[round(10 / 15, 4)]  # 0.667 to 0.733: the two pictures of 0.7, one of them right
        assert (seven.count, seven.accuracy) == (2, 0.5)
        assert seven.confidence == pytest.approx(0.7)
        assert filled[round(13 / 15, 4)].count == 1  # 0.9

    def test_calibration_error(self) -> None:
        # |confidence - right| of the bins of 0.9, 0.8, 0.6, 0.7 (twice) and 0.5, by their pictures
        expected = (0.1 + 0.2 + 0.6 + 2 * abs(0.7 - 0.5) + 0.5) / 6
        assert self.figures.calibration_error == pytest.approx(expected)

    def test_no_verdicts_no_unsure_figures(self) -> None:
        assert self.figures.unsure is None


def test_top_5_counts_the_right_label_among_the_first_five() -> None:
    first, fifth, sixth = (
        [0.3] + [0.1] * 7,
        [0.1] * 4 + [0.05, 0.2, 0.2, 0.15],
        [0.2, 0.2, 0.2, 0.1, 0.1, 0.05, 0.1, 0.05],
    )
    figures = measure([judged(0, first), judged(0, fifth), judged(5, sixth)], tuple("abcdefgh"))
    assert figures.top_5 is not None
    assert figures.top_1.value == pytest.approx(1 / 3)
    assert figures.top_5.value == pytest.approx(2 / 3)


def test_unsure_pictures_are_counted_and_the_accuracy_of_the_others_is_told() -> None:
    images = [
        judged(0, (0.9, 0.1, 0), unsure=False),
        judged(1, (0.9, 0.1, 0), unsure=False),
        judged(1, (0.4, 0.3, 0.3), unsure=True),
    ]
    unsure = measure(images, ABC).unsure
    assert unsure is not None
    assert unsure.unsure == 1
    assert unsure.accuracy_when_sure is not None
    assert unsure.accuracy_when_sure.value == 0.5
    all_unsure = measure(images[2:], ABC).unsure
    assert all_unsure is not None
    assert all_unsure.accuracy_when_sure is None


def test_a_confidence_of_exactly_1_is_in_the_last_bin() -> None:
    images = [judged(0, (1.0, 0, 0)), judged(1, (1.0, 0, 0)), judged(0, (0.96, 0.04, 0)), judged(1, (0.96, 0.04, 0))]
    figures = measure(images, ABC)
    assert [one.count for one in figures.reliability] == [0] * 14 + [4]
    assert figures.calibration_error == pytest.approx(0.98 - 0.5)


def test_a_right_label_of_probability_0_has_a_finite_loss() -> None:
    assert math.isfinite(measure([judged(1, (1.0, 0, 0))], ABC).mean_loss)


def test_one_class_alone() -> None:
    figures = measure([judged(0, (1.0,))], ("only",))
    assert figures.confusion.tolist() == [[1]]
    assert [(one.label, one.f1) for one in figures.per_class] == [("only", 1.0)]
    assert figures.macro.f1 == 1.0


def test_no_pictures_no_figures() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        measure([], ABC)


# --- a second way of reckoning ---


@st.composite
def verdicts(draw: st.DrawFn) -> tuple[list[JudgedImage], NDArray[np.float64], NDArray[np.intp]]:
    classes = draw(st.integers(2, 12))
    count = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sharpness = draw(st.sampled_from((0.1, 1.0, 5.0)))
    logits = rng.normal(size=(count, classes)) * sharpness
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # Drawn from a part of the classes, so that some have no pictures.
    labels = rng.integers(0, draw(st.integers(1, classes)), count)
    return [judged(int(true), row) for true, row in zip(labels, probabilities, strict=True)], probabilities, labels


def ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def check_classes(figures: Figures, predicted: NDArray[np.intp], labels: NDArray[np.intp]) -> None:
    table = []
    for one in figures.per_class:
        index = one.class_index
        hits = int(((predicted == index) & (labels == index)).sum())
        precision, recall = ratio(hits, int((predicted == index).sum())), ratio(hits, int((labels == index).sum()))
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        assert (one.precision, one.recall, one.f1) == pytest.approx((precision, recall, f1), abs=1e-6)
        assert one.support == (labels == index).sum()
        table.append((precision, recall, f1))
    occurring = [row for row, one in zip(table, figures.per_class, strict=True) if one.support]
    macro = figures.macro
    assert (macro.precision, macro.recall, macro.f1) == pytest.approx(tuple(np.mean(occurring, axis=0)), abs=1e-6)
    by_picture = np.mean([table[label] for label in labels], axis=0)
    weighted = figures.weighted
    assert (weighted.precision, weighted.recall, weighted.f1) == pytest.approx(tuple(by_picture), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(verdicts())
def test_all_figures_reckoned_again_with_numpy(
    given_verdicts: tuple[list[JudgedImage], NDArray[np.float64], NDArray[np.intp]],
) -> None:
    images, probabilities, labels = given_verdicts
    count, classes = probabilities.shape
    figures = measure(images, tuple(f"class {index}" for index in range(classes)))
    predicted = probabilities.argmax(axis=1)
    assert figures.top_1.value == (predicted == labels).mean()
    assert figures.confusion.sum() == count
    assert np.trace(figures.confusion) == (predicted == labels).sum()
    check_classes(figures, predicted, labels)
    if classes > 5:
        assert figures.top_5 is not None
        rank = (probabilities > probabilities[np.arange(count), labels][:, None]).sum(axis=1)
        assert figures.top_5.value == (rank < 5).mean()
    assert figures.mean_loss == pytest.approx(-np.log(probabilities[np.arange(count), labels]).mean())
    assert figures.calibration_error == pytest.approx(expected_calibration_error(probabilities, labels), abs=1e-6)
    from_bins = sum(one.count * abs(one.confidence - one.accuracy) for one in figures.reliability) / count
    assert figures.calibration_error == pytest.approx(from_bins, abs=1e-6)
