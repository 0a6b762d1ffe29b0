"""The formulas of a training: rates, sizes, batches, weights of classes. Imports torch."""

import math

import torch

from model.training_types import Optimiser, Recipe

# Customary ones, for batches of 32: from random values, and from trained ones.
_LEARNING_RATES: dict[tuple[Optimiser, bool], float] = {
    ("adamw", True): 1e-3,
    ("adamw", False): 2e-4,
    ("sgd", True): 0.1,
    ("sgd", False): 0.01,
}
_LOWEST_RATE = 0.01
_SMALLEST_BATCH = 2


def peak_learning_rate(recipe: Recipe, *, from_scratch: bool) -> float:
    """Return the recipe's learning rate, or one that suits its optimiser and the start."""
    return recipe.learning_rate or _LEARNING_RATES[recipe.optimiser, from_scratch]


def learning_rate(step: int, steps: int, peak: float, warm_up: float) -> float:
    """Return the rate of a step 0..steps-1: linear warm-up, then half a cosine down to a hundredth of the peak.

    `warm_up` is its share of all steps (at least one of them), 0..1.
    """
    warm_up_steps = max(1, round(warm_up * steps))
    if step < warm_up_steps:
        return peak * (step + 1) / warm_up_steps
    way = (step - warm_up_steps) / max(1, steps - warm_up_steps)
    return peak * (_LOWEST_RATE + (1 - _LOWEST_RATE) * (1 + math.cos(math.pi * way)) / 2)


def size_of_epoch(sizes: tuple[int, ...], epoch: int, epochs: int) -> int:
    """Return the side of the training crops in an epoch 1..epochs: each size has an equal share of them, in order."""
    return sizes[(epoch - 1) * len(sizes) // epochs]


def batch_count(pictures: int, batch_size: int) -> int:
    """Return into how many batches of nearly equal size an epoch is divided: at most `batch_size` pictures in each.

    But none has one picture alone if there are more, for BatchNorm has nothing to compare a single one with.
    """
    return max(1, min(math.ceil(pictures / batch_size), pictures // _SMALLEST_BATCH))


def class_weights(labels: torch.Tensor, class_count: int) -> torch.Tensor:
    """Return float32 (classes,), by which all classes count alike, however many pictures they have.

    `labels` is int64 (N,). The weights' mean over the pictures is 1, where every class has pictures.
    """
    counts = torch.bincount(labels, minlength=class_count).clamp_min(1).float()
    return counts.sum() / (len(counts) * counts)
