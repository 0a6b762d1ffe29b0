"""Random views of a training picture, by torchvision's v2 transforms. Imports torch."""

from collections.abc import Callable

import numpy as np
import torch
from torchvision.transforms import v2

from model.training_types import Recipe
from model.types import Preprocess

Augment = Callable[[torch.Tensor], torch.Tensor]

_INTERPOLATION = {"bilinear": v2.InterpolationMode.BILINEAR, "bicubic": v2.InterpolationMode.BICUBIC}
# Operations that RandAugment draws for each picture; the paper's own choice for small networks.
_RAND_AUGMENT_OPERATIONS = 2


def make_augment(recipe: Recipe, preprocess: Preprocess, size: int) -> Augment:
    """Return uint8 (3, H, W) -> uint8 (3, size, size): random crop, flip, RandAugment and colour jitter.

    It draws from torch's global generator: seed that before each call. Hue is never changed, since a colour may be
    what tells the classes apart.
    """
    steps: list[Augment] = [
        v2.RandomResizedCrop(
            size, scale=(recipe.crop_scale, 1.0), interpolation=_INTERPOLATION[preprocess.interpolation], antialias=True
        ),
        v2.RandomHorizontalFlip(),
    ]
    if recipe.rand_augment:
        steps.append(v2.RandAugment(_RAND_AUGMENT_OPERATIONS, recipe.rand_augment))
    if recipe.colour_jitter:
        strength = recipe.colour_jitter
        steps.append(v2.ColorJitter(brightness=strength, contrast=strength, saturation=strength))
    augment: Augment = v2.Compose(steps)
    return augment


def seed_for(*parts: int) -> int:
    """Return a seed that differs for each combination of whole numbers (0 or more), the same on every computer."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


def mix_up(batch: torch.Tensor, targets: torch.Tensor, alpha: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend each picture and its target with another of the batch (Zhang et al., "mixup", 2018).

    `batch` is float32 (N, 3, S, S), `targets` float32 (N, C); the share is drawn from Beta(alpha, alpha), one for the
    whole batch, as in the authors' code.
    """
    rng = np.random.default_rng(seed)
    share = float(rng.beta(alpha, alpha))
    order = torch.from_numpy(rng.permutation(len(batch)))
    return share * batch + (1 - share) * batch[order], share * targets + (1 - share) * targets[order]
