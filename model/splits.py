"""Divisions of a data set that keep copies together."""

import numpy as np
from numpy.typing import NDArray


def grouped_folds(labels: NDArray[np.intp], groups: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """Return a fold number 0..folds-1 for each picture, (N,): stratified by class, each group whole in one fold.

    Groups are shuffled by the seed, then the large ones are placed first, each into the fold that has the smallest
    share of the group's class so far.
    """
    rng = np.random.default_rng(seed)
    numbers, sizes = np.unique(groups, return_counts=True)
    order = rng.permutation(len(numbers))
    order = order[np.argsort(-sizes[order], kind="stable")]
    members = {int(number): np.flatnonzero(groups == number) for number in numbers}
    filled = np.zeros((folds, int(labels.max()) + 1), dtype=np.intp)
    result = np.empty(len(labels), dtype=np.intp)
    for number in numbers[order]:
        inside = members[int(number)]
        histogram = np.bincount(labels[inside], minlength=filled.shape[1])
        load = filled[:, histogram.argmax()]
        lightest = np.flatnonzero(load == load.min())
        fold = int(rng.choice(lightest[filled[lightest].sum(axis=1) == filled[lightest].sum(axis=1).min()]))
        filled[fold] += histogram
        result[inside] = fold
    return result
