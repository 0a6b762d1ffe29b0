"""A linear head on frozen features: L2-regularised multinomial logistic regression, and its honest evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.splits import grouped_folds

# From hardly regularised to nearly constant; the best for frozen ImageNet features lies well inside.
L2_GRID = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
INNER_FOLDS = 4
_MAX_ITERATIONS = 200


@dataclass(frozen=True, slots=True)
class LinearHead:
    """logits = features @ weight.T + bias; weight float32 (classes, F), bias float32 (classes,)."""

    weight: torch.Tensor
    bias: torch.Tensor

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, classes) for features (N, F)."""
        return features @ self.weight.T + self.bias


def fit_head(features: torch.Tensor, labels: torch.Tensor, class_count: int, l2: float) -> LinearHead:
    """Minimise mean cross-entropy + l2 / 2 * |W|^2 over standardised features; the result takes plain features.

    `features` is float32 (N, F), `labels` int64 (N,). Deterministic: the problem is convex and starts at zero.
    """
    mean = features.mean(dim=0)
    # A single picture has no spread.
    std = (features.std(dim=0) if len(features) > 1 else torch.zeros(features.shape[1])).clamp_min(1e-6)
    inputs = (features - mean) / std
    weight = torch.zeros(class_count, features.shape[1], requires_grad=True)
    bias = torch.zeros(class_count, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=_MAX_ITERATIONS, history_size=20, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = inputs @ weight.T + bias
        value = torch.nn.functional.cross_entropy(logits, labels) + l2 / 2 * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        plain = weight / std
        return LinearHead(plain.detach(), (bias - plain @ mean).detach())


def best_l2(
    features: torch.Tensor,
    labels: torch.Tensor,
    validation_features: torch.Tensor,
    validation_labels: torch.Tensor,
    class_count: int,
    grid: Sequence[float] = L2_GRID,
) -> float:
    """Return the L2 of the grid whose head has the lowest mean cross-entropy on the validation pictures."""
    losses = {
        l2: _loss(fit_head(features, labels, class_count, l2), validation_features, validation_labels) for l2 in grid
    }
    return min(losses, key=losses.__getitem__)


def choose_l2(
    features: torch.Tensor,
    labels: torch.Tensor,
    groups: NDArray[np.intp],
    class_count: int,
    seed: int,
    grid: Sequence[float] = L2_GRID,
) -> float:
    """Return the L2 of the grid with the lowest mean cross-entropy over grouped folds of these pictures alone."""
    fold = torch.from_numpy(grouped_folds(labels.numpy(), groups, INNER_FOLDS, seed))
    losses = {l2: 0.0 for l2 in grid}
    for number in range(INNER_FOLDS):
        inside, outside = fold != number, fold == number
        if not inside.any() or not outside.any():
            continue  # fewer groups than folds
        for l2 in grid:
            head = fit_head(features[inside], labels[inside], class_count, l2)
            losses[l2] += _loss(head, features[outside], labels[outside])
    return min(losses, key=losses.__getitem__)


def _loss(head: LinearHead, features: torch.Tensor, labels: torch.Tensor) -> float:
    return float(torch.nn.functional.cross_entropy(head.logits(features), labels))
