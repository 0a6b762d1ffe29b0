"""Folds and parts: copies stay together, classes are spread evenly, and every class is learnt."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.errors import DatasetError
from model.splits import grouped_folds, grouped_split

SHARES = (0.7, 0.15, 0.15)
pairs_of_class_and_group = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=5, max_size=80)
sizes_of_groups = st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=30), min_size=1, max_size=4)
some_shares = st.sampled_from([SHARES, (0.8, 0.2), (0.6, 0.0, 0.4), (0.85, 0.15, 0.0), (0.4, 0.3, 0.3), (1.0,)])


def assert_no_group_is_divided(groups: NDArray[np.intp], parts: NDArray[np.intp]) -> None:
    for group in set(groups.tolist()):
        assert len(set(parts[groups == group].tolist())) == 1


def of_sizes(classes: Sequence[Sequence[int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Labels and groups for classes that have groups of these sizes."""
    labels = np.repeat(np.arange(len(classes)), [sum(sizes) for sizes in classes])
    flat = [size for sizes in classes for size in sizes]
    return labels, np.repeat(np.arange(len(flat)), flat)


@settings(deadline=None)
@given(pairs_of_class_and_group, st.integers(0, 3))
def test_no_group_is_ever_split_and_every_picture_has_a_fold(pairs: list[tuple[int, int]], seed: int) -> None:
    labels = np.array([label for label, _ in pairs], dtype=np.intp)
    groups = np.array([group for _, group in pairs], dtype=np.intp)
    folds = grouped_folds(labels, groups, 5, seed)
    assert ((folds >= 0) & (folds < 5)).all()
    assert_no_group_is_divided(groups, folds)
    assert (folds == grouped_folds(labels, groups, 5, seed)).all()


def test_folds_are_stratified_and_differ_by_seed() -> None:
    labels = np.repeat([0, 1, 2], [100, 60, 40])
    groups = np.arange(200)
    folds = grouped_folds(labels, groups, 5, seed=0)
    for fold in range(5):
        assert np.bincount(labels[folds == fold]).tolist() == [20, 12, 8]
    assert (folds != grouped_folds(labels, groups, 5, seed=1)).any()


def test_folds_of_a_seed_stay_as_they_are() -> None:
    """Cards name seed and fold: a fold must mean the same pictures for ever."""
    labels = np.repeat([0, 1], [7, 5])
    groups = np.array([0, 0, 1, 2, 3, 4, 5, 9, 9, 9, 7, 6])
    assert grouped_folds(labels, groups, 3, seed=0).tolist() == [2, 2, 2, 0, 1, 0, 1, 1, 1, 1, 0, 2]


@settings(deadline=None)
@given(sizes_of_groups, some_shares, st.integers(0, 3))
def test_every_part_has_every_class_with_enough_groups_and_no_group_is_divided(
    classes: list[list[int]], shares: tuple[float, ...], seed: int
) -> None:
    labels, groups = of_sizes(classes)
    parts = grouped_split(labels, groups, shares, seed)
    assert_no_group_is_divided(groups, parts)
    used = [part for part, share in enumerate(shares) if share]
    assert set(parts.tolist()) <= set(used)
    for index, sizes in enumerate(classes):
        having = set(parts[labels == index].tolist())
        assert 0 in having
        assert len(having) == min(len(sizes), len(used))
    assert (parts == grouped_split(labels, groups, shares, seed)).all()


@settings(deadline=None)
@given(pairs_of_class_and_group, st.sampled_from([SHARES, (0.2, 0.8)]), st.integers(0, 3))
@example([(2, 2), (2, 3), (0, 0), (0, 3), (2, 2)], (0.2, 0.8), 1)
def test_training_has_every_class_even_where_groups_hold_several(
    pairs: list[tuple[int, int]], shares: tuple[float, ...], seed: int
) -> None:
    labels = np.array([label for label, _ in pairs], dtype=np.intp)
    groups = np.array([group for _, group in pairs], dtype=np.intp)
    if any(len(set(groups[labels == label].tolist())) == 1 for label in set(labels.tolist())):
        with pytest.raises(DatasetError, match="copies of one another"):
            grouped_split(labels, groups, shares, seed)
        return
    parts = grouped_split(labels, groups, shares, seed)
    assert_no_group_is_divided(groups, parts)
    assert set(labels[parts == 0].tolist()) == set(labels.tolist())


@settings(deadline=None)
@given(st.lists(st.integers(10, 60), min_size=1, max_size=4), some_shares, st.integers(0, 3))
def test_without_copies_each_class_is_divided_by_the_shares(
    counts: list[int], shares: tuple[float, ...], seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    parts = grouped_split(labels, np.arange(len(labels)), shares, seed)
    for part, share in enumerate(shares):
        for index, count in enumerate(counts):
            assert abs(int((parts[labels == index] == part).sum()) - share * count) <= 1


@settings(deadline=None)
@given(st.lists(st.integers(1, 3), min_size=40, max_size=80), st.integers(0, 3))
def test_with_small_groups_the_shares_are_near(sizes: list[int], seed: int) -> None:
    labels, groups = of_sizes([sizes, sizes])
    parts = grouped_split(labels, groups, SHARES, seed)
    for part, share in enumerate(SHARES):
        assert abs(float((parts == part).mean()) - share) <= 0.04


def test_rounding_favours_no_part_over_all_classes() -> None:
    labels = np.repeat(np.arange(20), 10)
    parts = grouped_split(labels, np.arange(200), SHARES, seed=0)
    assert np.bincount(parts).tolist() == [140, 30, 30]


def test_parts_differ_by_seed() -> None:
    labels = np.repeat([0, 1], [50, 50])
    first, second = (grouped_split(labels, np.arange(100), SHARES, seed) for seed in (0, 1))
    assert (first != second).any()


def test_a_class_of_copies_alone_is_refused_by_name() -> None:
    labels, groups = of_sizes([[1, 1, 1], [4]])
    with pytest.raises(DatasetError, match="class dog are copies of one another"):
        grouped_split(labels, groups, SHARES, 0, classes=("cat", "dog"))
    assert grouped_split(labels, groups, (1.0,), 0).tolist() == [0] * 7


def test_the_largest_group_of_a_class_with_few_is_for_training() -> None:
    labels, groups = of_sizes([[1, 20], [1, 1, 30]])
    parts = grouped_split(labels, groups, SHARES, 0)
    assert parts[labels == 0].tolist()[1:] == [0] * 20
    assert parts[0] != 0
    assert sorted(parts[labels == 1].tolist()) == [0] * 30 + [1, 2]


@pytest.mark.parametrize("shares", [(0.5, 0.4), (0.0, 1.0), (1.2, -0.2), (0.7, 0.7)])
def test_shares_that_are_none_are_a_mistake_of_the_program(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no shares"):
        grouped_split(np.array([0, 0, 1, 1]), np.arange(4), shares, 0)


def test_many_pictures_are_divided_in_no_time() -> None:
    """Looking through all pictures for each group would take minutes."""
    labels = np.arange(30_000) % 3
    groups = np.arange(30_000)
    assert np.bincount(grouped_split(labels, groups, SHARES, 0)).tolist() == [21_000, 4_500, 4_500]
    assert np.bincount(grouped_folds(labels, groups, 5, 0)).tolist() == [6_000] * 5
