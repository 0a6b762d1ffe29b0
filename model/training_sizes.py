"""At which sides pictures are learnt from: networks with a table of positions take one side alone. Imports torch."""

import logging
from dataclasses import replace

from torch import nn

from model.errors import WeightsError
from model.network import build_network
from model.network_trial import output_shape
from model.training_network import RESIZE_RATIO, Backbone, training_sizes
from model.training_types import Recipe
from model.types import InstalledWeights

log = logging.getLogger(__name__)

# A teacher sees crops of this share of the side that it is used at, by default; see TRAIN_TEST_RATIO.
_TEACHER_RATIO = 0.75


def fit_sizes(recipe: Recipe, backbone: Backbone) -> tuple[Recipe, Backbone]:
    """Return both as they are where the network takes all sides of crops, in training and in use.

    Where it takes one side alone, that is the one for training too if the recipe names none, and, from scratch, the
    one in use. The network is run without values, on torch's meta device; one that cannot be run there is trusted.
    Raises WeightsError for a side in the recipe that the network does not take.
    """
    network = build_network(backbone.architecture, 2).eval()
    crop, sizes = backbone.preprocess.crop, training_sizes(recipe, backbone.preprocess)
    if all(_takes(network, side) for side in {crop, *sizes}):
        return recipe, backbone
    if backbone.installed is None:
        from model.architectures import default_preprocess

        crop = default_preprocess(backbone.architecture).crop
        preprocess = replace(backbone.preprocess, resize=round(crop * RESIZE_RATIO), crop=crop)
        backbone = replace(backbone, preprocess=preprocess)
    if not _takes(network, crop):
        log.info("%s cannot be tried without values", backbone.architecture)
        return recipe, backbone
    _refuse_others(network, recipe.sizes, crop, backbone.name)
    return replace(recipe, sizes=recipe.sizes or (crop,)), backbone


def teacher_side(recipe: Recipe, teacher: InstalledWeights) -> int:
    """Return the side of the crops that the teacher sees: the recipe's, or one that suits its card.

    Raises WeightsError for a side in the recipe that the teacher does not take.
    """
    weights = teacher.weights
    crop = weights.preprocess.crop
    side = recipe.teacher_size or 8 * round(crop * _TEACHER_RATIO / 8)
    network = build_network(weights.architecture, len(weights.classes)).eval()
    if _takes(network, side) or not _takes(network, crop):
        return side
    _refuse_others(network, (recipe.teacher_size,) if recipe.teacher_size else (), crop, weights.id)
    return crop


def _refuse_others(network: nn.Module, sides: tuple[int, ...], usual: int, name: str) -> None:
    for side in sides:
        if not _takes(network, side):
            raise WeightsError("train-size-unsuited", network=name, size=side, usual=usual)


def _takes(network: nn.Module, side: int) -> bool:
    return output_shape(network, side) is not None
