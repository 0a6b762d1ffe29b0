"""Random views: what they are, and what they depend on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_samples import SMALL_PICTURES

from model.augment import make_augment, mix_up, seed_for
from model.training_types import Recipe

STRONG = Recipe(rand_augment=9, colour_jitter=0.4, crop_scale=0.2)
NONE = Recipe(rand_augment=0, colour_jitter=0.0, crop_scale=0.999)


def picture(height: int = 50, width: int = 70) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (3, height, width), dtype=np.uint8))


def view(recipe: Recipe, seed: int, size: int = 32, of: torch.Tensor | None = None) -> torch.Tensor:
    torch.manual_seed(seed)
    return make_augment(recipe, SMALL_PICTURES, size)(picture() if of is None else of)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("height", "width"), [(50, 70), (200, 20), (8, 9)])
def test_a_view_is_square_and_of_bytes(height: int, width: int, interpolation: str) -> None:
    preprocess = replace(SMALL_PICTURES, interpolation=interpolation)  # type: ignore[arg-type]
    for seed in range(5):
        torch.manual_seed(seed)
        seen = make_augment(STRONG, preprocess, 40)(picture(height, width))
        assert (seen.shape, seen.dtype) == ((3, 40, 40), torch.uint8)


def test_the_seed_decides_on_the_view() -> None:
    assert torch.equal(view(STRONG, 3), view(STRONG, 3))
    assert len({view(STRONG, seed).numpy().tobytes() for seed in range(8)}) == 8


def test_with_all_off_there_are_a_picture_and_its_mirror_image() -> None:
    square = picture(32, 32)
    views = {view(NONE, seed, of=square).numpy().tobytes() for seed in range(12)}
    assert views == {square.numpy().tobytes(), square.flip(2).contiguous().numpy().tobytes()}


def test_a_small_crop_scale_shows_smaller_parts() -> None:
    """Of a gradient from left to right a small part has a small range."""
    gradient = torch.arange(256, dtype=torch.uint8).repeat(3, 256, 1)

    def mean_range(scale: float) -> float:
        recipe = replace(NONE, crop_scale=scale)
        views = [view(recipe, seed, of=gradient) for seed in range(30)]
        return float(np.mean([int(seen.max()) - int(seen.min()) for seen in views]))

    assert mean_range(0.9) > 225
    assert mean_range(0.1) < 200


def test_jitter_and_rand_augment_change_colours_and_only_when_asked_for() -> None:
    flat = torch.tensor([100, 150, 200], dtype=torch.uint8)[:, None, None].expand(3, 40, 40).contiguous()
    same = flat[:, :32, :32]
    assert all(torch.equal(view(NONE, seed, of=flat), same) for seed in range(5))
    for recipe in (replace(NONE, colour_jitter=0.5), replace(NONE, rand_augment=9)):
        assert any(not torch.equal(view(recipe, seed, of=flat), same) for seed in range(5))


def test_the_hue_stays_whatever_the_jitter() -> None:
    """Colour may be what tells the classes apart: the order of the channels is kept."""
    flat = torch.tensor([60, 120, 200], dtype=torch.uint8)[:, None, None].expand(3, 40, 40).contiguous()
    for seed in range(20):
        red, green, blue = view(replace(NONE, colour_jitter=0.5), seed, of=flat).float().mean(dim=(1, 2)).tolist()
        assert red <= green <= blue


# --- seeds ---


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4))
def test_seeds_are_the_same_each_time_and_torch_takes_them(parts: list[int]) -> None:
    seed = seed_for(*parts)
    assert seed == seed_for(*parts)
    assert 0 <= seed < 2**63
    torch.Generator().manual_seed(seed)


def test_seeds_of_neighbours_have_nothing_in_common() -> None:
    seeds = {seed_for(a, b, kind, c) for a in range(3) for b in range(5) for kind in range(4) for c in range(20)}
    assert len(seeds) == 3 * 5 * 4 * 20
    drawn = [torch.rand(1, generator=torch.Generator().manual_seed(seed_for(0, 1, 1, index))) for index in range(400)]
    assert float(torch.cat(drawn).mean()) == pytest.approx(0.5, abs=0.05)


def test_seeds_are_the_same_on_every_computer() -> None:
    assert seed_for(0, 1, 2, 3) == 6463705122041852897


# --- mixup ---


def test_mixup_is_what_numpy_reckons() -> None:
    batch = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    targets = torch.eye(5)
    mixed, blended = mix_up(batch, targets, 0.4, seed=11)
    rng = np.random.default_rng(11)
    share = rng.beta(0.4, 0.4)
    order = rng.permutation(5)
    assert order.tolist() != list(range(5))
    np.testing.assert_allclose(mixed, share * batch.numpy() + (1 - share) * batch.numpy()[order], rtol=1e-6)
    np.testing.assert_allclose(blended, share * np.eye(5) + (1 - share) * np.eye(5)[order], rtol=1e-6)


@given(st.integers(0, 1000), st.floats(0.05, 5))
def test_blended_targets_are_shares_of_a_whole(seed: int, alpha: float) -> None:
    targets = torch.nn.functional.one_hot(torch.tensor([0, 2, 1, 0]), 3).float()
    _, blended = mix_up(torch.zeros(4, 3, 2, 2), targets, alpha, seed)
    assert torch.allclose(blended.sum(dim=1), torch.ones(4))
    assert bool((blended >= 0).all())
