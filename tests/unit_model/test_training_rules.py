"""The formulas of a training: rates, sizes, batches, weights of classes."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.training_rules import batch_count, class_weights, learning_rate, peak_learning_rate, size_of_epoch
from model.training_types import Recipe


def test_the_rate_warms_up_and_follows_half_a_cosine_to_a_hundredth() -> None:
    rates = [learning_rate(step, 100, 0.5, 0.1) for step in range(100)]
    assert rates[:3] == pytest.approx([0.05, 0.1, 0.15])
    assert rates[9] == rates[10] == max(rates) == 0.5
    assert rates[9:] == sorted(rates[9:], reverse=True)
    middle = 0.5 * (0.01 + 0.99 / 2)
    assert learning_rate(55, 100, 0.5, 0.1) == pytest.approx(middle)
    assert 0.005 <= rates[-1] < 0.006
    assert learning_rate(100, 100, 0.5, 0.1) == pytest.approx(0.005)


def test_without_warm_up_the_first_step_has_the_peak() -> None:
    assert learning_rate(0, 20, 0.3, 0.0) == 0.3
    assert learning_rate(0, 1, 0.3, 0.0) == 0.3


@given(st.integers(1, 500), st.floats(0, 0.999))
def test_no_rate_is_0_or_above_the_peak(steps: int, warm_up: float) -> None:
    rates = [learning_rate(step, steps, 1.0, warm_up) for step in range(steps)]
    assert all(0 < rate <= 1.0 + 1e-12 for rate in rates)


@pytest.mark.parametrize(("optimiser", "scratch", "tuned"), [("adamw", 1e-3, 2e-4), ("sgd", 0.1, 0.01)])
def test_the_rate_suits_optimiser_and_start_unless_the_recipe_names_one(
    optimiser: str, scratch: float, tuned: float
) -> None:
    recipe = replace(Recipe(), optimiser=optimiser)  # type: ignore[arg-type]
    assert peak_learning_rate(recipe, from_scratch=True) == scratch
    assert peak_learning_rate(recipe, from_scratch=False) == tuned
    assert peak_learning_rate(replace(recipe, learning_rate=0.07), from_scratch=True) == 0.07


def test_sizes_have_equal_shares_of_the_epochs_in_their_order() -> None:
    assert [size_of_epoch((96, 128, 160), epoch, 6) for epoch in range(1, 7)] == [96, 96, 128, 128, 160, 160]
    assert [size_of_epoch((96, 96, 128), epoch, 4) for epoch in range(1, 5)] == [96, 96, 96, 128]
    assert [size_of_epoch((64,), epoch, 3) for epoch in range(1, 4)] == [64, 64, 64]


def test_more_sizes_than_epochs_leave_some_out_and_keep_the_order() -> None:
    assert [size_of_epoch((32, 64, 96, 128), epoch, 2) for epoch in (1, 2)] == [32, 96]


@given(st.integers(1, 3000), st.integers(3, 128))
def test_batches_are_as_many_as_the_size_asks_for(pictures: int, size: int) -> None:
    if pictures >= 2:
        assert batch_count(pictures, size) == math.ceil(pictures / size)
    else:
        assert batch_count(pictures, size) == 1


@given(st.integers(2, 300), st.integers(1, 5))
def test_no_batch_has_one_picture_alone(pictures: int, size: int) -> None:
    assert pictures // batch_count(pictures, size) >= 2


def test_all_classes_count_alike_and_the_mean_over_pictures_is_1() -> None:
    labels = torch.tensor([0] * 6 + [1] * 3 + [2] * 3)
    weights = class_weights(labels, 3)
    assert weights.tolist() == pytest.approx([12 / (3 * 6), 12 / (3 * 3), 12 / (3 * 3)])
    assert float(weights[labels].mean()) == pytest.approx(1.0)


def test_a_class_without_pictures_has_a_finite_weight() -> None:
    assert bool(class_weights(torch.tensor([0, 0, 1]), 3).isfinite().all())
