"""Divisions of a data set, stratified by class and repeatable by seed, that never divide a group of copies."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.errors import DatasetError


def grouped_folds(labels: NDArray[np.intp], groups: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """Return a fold number 0..folds-1 for each picture, (N,): stratified by class, each group whole in one fold.

    Groups are shuffled by the seed, then the large ones are placed first, each into the fold that has the smallest
    share of the group's class so far.
    """
    rng = np.random.default_rng(seed)
    filled = np.zeros((folds, int(labels.max()) + 1), dtype=np.intp)
    result = np.empty(len(labels), dtype=np.intp)
    for inside in _groups_in_order(groups, rng):
        histogram = np.bincount(labels[inside], minlength=filled.shape[1])
        load = filled[:, histogram.argmax()]
        lightest = np.flatnonzero(load == load.min())
        fold = int(rng.choice(lightest[filled[lightest].sum(axis=1) == filled[lightest].sum(axis=1).min()]))
        filled[fold] += histogram
        result[inside] = fold
    return result


def grouped_split(
    labels: NDArray[np.intp],
    groups: NDArray[np.intp],
    shares: Sequence[float],
    seed: int,
    *,
    classes: Sequence[str] = (),
) -> NDArray[np.intp]:
    """Return a part number 0..len(shares)-1 for each picture, (N,): stratified by class, each group whole in one part.

    Part 0 is for training and has every class. Another part with a share above 0 has every class that has enough
    groups; where copies are in folders of different classes that may be out of reach. `shares` sum to 1. Groups are
    shuffled by the seed and placed large ones first, each into the part that lacks most of the group's classes.

    Raises DatasetError for a class whose pictures are all copies of one another, named from `classes`: whatever it is
    learnt from, nothing would be left to judge by.
    """
    if min(shares) < 0 or shares[0] <= 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        raise ValueError(f"{shares} are no shares of a whole")
    parts = np.flatnonzero(np.array(shares) > 0)
    class_count = int(labels.max()) + 1
    members = _groups_in_order(groups, np.random.default_rng(seed))
    histograms = np.array([np.bincount(labels[inside], minlength=class_count) for inside in members])
    left = (histograms > 0).sum(axis=0)  # groups of each class that have no part yet
    if len(parts) > 1 and (left == 1).any():
        index = int(np.flatnonzero(left == 1)[0])
        raise DatasetError("train-class-all-copies", name=classes[index] if classes else str(index))
    wanted = _wanted(np.array(shares)[parts], histograms.sum(axis=0), left)
    placed = np.zeros_like(wanted)
    chosen = np.empty(len(members), dtype=np.intp)
    for number, histogram in enumerate(histograms):
        own = histogram > 0
        missing = placed[:, own] == 0
        # Where the groups left to a class only just suffice for the parts that do not have it, it must be one of those.
        needing = missing[:, missing.sum(axis=0) >= left[own]].any(axis=1)
        candidates = np.flatnonzero(needing) if needing.any() else np.arange(len(parts))
        lack = ((wanted - placed) * histogram).sum(axis=1)[candidates] / histogram.sum()
        emptiness = (wanted - placed).sum(axis=1)[candidates]
        best = int(candidates[np.lexsort((-emptiness.round(6), -lack.round(6)))[0]])
        placed[best] += histogram
        left[own] -= 1
        chosen[number] = best
    _give_training_every_class(chosen, histograms)
    result = np.empty(len(labels), dtype=np.intp)
    for inside, part in zip(members, parts[chosen], strict=True):
        result[inside] = part
    return result


def _wanted(shares: NDArray[np.float64], counts: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how many pictures each part should have of each class, (parts, classes): at least one, if that can be."""
    wanted = shares[:, None] * counts[None, :]
    enough = groups >= len(shares)
    wanted[1:, enough] = np.maximum(wanted[1:, enough], 1.0)
    wanted[0] = counts - wanted[1:].sum(axis=0)
    return wanted


def _give_training_every_class(chosen: NDArray[np.intp], histograms: NDArray[np.intp]) -> None:
    """Move the smallest group of a class to part 0 if that has none: so it may be where groups hold several classes."""
    for index in range(histograms.shape[1]):
        having = np.flatnonzero(histograms[:, index])
        if len(having) and not (chosen[having] == 0).any():
            chosen[having[-1]] = 0


def _groups_in_order(groups: NDArray[np.intp], rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Return the pictures of each group; groups are shuffled, then the large ones first."""
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    members = np.split(np.argsort(numbers, kind="stable"), np.cumsum(sizes)[:-1])
    return [members[number] for number in order]
