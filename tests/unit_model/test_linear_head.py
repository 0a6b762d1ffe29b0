"""The head's fit and its honest evaluation."""

import numpy as np
import pytest
import torch

from model.linear_head import L2_GRID, LinearHead, best_l2, choose_l2, fit_head


def blobs(count: int, spread: float, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    centres = torch.eye(3, 6) * 4
    return centres[labels] + spread * torch.randn(count, 6, generator=generator), labels


def accuracy(head: LinearHead, features: torch.Tensor, labels: torch.Tensor) -> float:
    return float((head.logits(features).argmax(dim=1) == labels).float().mean())


def test_what_can_be_separated_is() -> None:
    features, labels = blobs(120, 0.5)
    assert accuracy(fit_head(features, labels, 3, 1e-3), features, labels) == 1.0


def test_the_fit_is_the_optimum_of_its_loss() -> None:
    features, labels = blobs(90, 3.0)
    l2 = 1e-2
    head = fit_head(features, labels, 3, l2)
    std = features.std(dim=0)
    weight = (head.weight * std).clone().requires_grad_()
    bias = (head.bias + head.weight @ features.mean(dim=0)).clone().requires_grad_()
    logits = (features - features.mean(dim=0)) / std @ weight.T + bias
    loss = torch.nn.functional.cross_entropy(logits, labels) + l2 / 2 * weight.square().sum()
    loss.backward()
    assert weight.grad is not None
    assert bias.grad is not None
    assert weight.grad.abs().max() < 1e-3
    assert bias.grad.abs().max() < 1e-3


def test_a_constant_feature_does_no_harm() -> None:
    features, labels = blobs(60, 0.5)
    features = torch.cat([features, torch.full((60, 1), 7.0)], dim=1)
    assert accuracy(fit_head(features, labels, 3, 1e-3), features, labels) == 1.0


def test_noise_is_met_with_strong_regularisation() -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(90, 40, generator=generator)
    labels = torch.arange(90) % 3
    groups = np.arange(90)
    assert choose_l2(features, labels, groups, 3, seed=0, grid=(1e-4, 1e-1)) == 1e-1


def test_so_few_pictures_that_a_fold_is_empty_give_numbers_all_the_same() -> None:
    features, labels = blobs(3, 0.5)
    groups = np.array([0, 1, 1])
    head = fit_head(features, labels, 3, choose_l2(features, labels, groups, 3, seed=0))
    assert bool(head.weight.isfinite().all())
    assert bool(fit_head(features[:1], labels[:1], 3, 1e-2).weight.isfinite().all())


def test_a_head_knows_nothing_of_pictures_that_it_was_not_fitted_to() -> None:
    """With random labels a fit scores 100 % on what it has seen; held out it can only guess."""
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(300, 400, generator=generator)
    labels = torch.randint(0, 3, (300,), generator=generator)
    inside, outside = torch.arange(300) % 5 != 0, torch.arange(300) % 5 == 0
    l2 = choose_l2(features[inside], labels[inside], np.flatnonzero(inside.numpy()), 3, seed=0)
    head = fit_head(features[inside], labels[inside], 3, l2)
    assert accuracy(fit_head(features, labels, 3, 1e-4), features, labels) == 1.0
    assert accuracy(head, features[outside], labels[outside]) < 0.6
    assert l2 == pytest.approx(1e-1)


def test_the_l2_that_suits_validation_is_chosen() -> None:
    features, labels = blobs(60, 6.0)
    validation, answers = blobs(300, 6.0, seed=1)
    chosen = best_l2(features, labels, validation, answers, 3)

    def loss(l2: float) -> float:
        logits = fit_head(features, labels, 3, l2).logits(validation)
        return float(torch.nn.functional.cross_entropy(logits, answers))

    assert loss(chosen) == min(loss(l2) for l2 in L2_GRID)
