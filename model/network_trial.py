"""Whether a network takes the pictures that its card's preprocessing gives, tried without values. Imports torch."""

import logging

import torch
from torch import nn

from model.architectures import default_preprocess, title_of
from model.errors import WeightsError
from model.network import build_network
from model.types import WeightSet

log = logging.getLogger(__name__)

# What networks raise at an input whose size they were not made for, and torch at operations without values.
_REFUSALS = (RuntimeError, AssertionError, ValueError, IndexError, TypeError)


def check_takes_pictures(weights: WeightSet) -> None:
    """Raise WeightsError when the network cannot take pictures as large as the crop, or has no logit for each class.

    Transformers with a table of positions take one size alone. The network is run on torch's meta device, which only
    follows the shapes; one that cannot be run there at its usual size either is taken as it is.
    """
    network = build_network(weights.architecture, len(weights.classes)).eval()
    crop, usual = weights.preprocess.crop, default_preprocess(weights.architecture).crop
    shape = output_shape(network, crop)
    if shape is None:
        if crop == usual or output_shape(network, usual) is None:
            log.info("%s cannot be tried without values", weights.architecture)
            return
        raise WeightsError("weights-crop-unsuited", network=title_of(weights.architecture), crop=crop, usual=usual)
    if shape != (1, len(weights.classes)):
        raise WeightsError("weights-no-logits", network=title_of(weights.architecture))


@torch.inference_mode()
def output_shape(network: nn.Module, side: int) -> tuple[int, ...] | None:
    """Return the shape of what the network makes of one picture; None when it takes none of that size."""
    picture = torch.empty(1, 3, side, side, device=next(network.parameters()).device)
    try:
        output = network(picture)
    except _REFUSALS as exc:
        log.info("no picture of %d x %d: %s", side, side, exc)
        return None
    return tuple(output.shape) if isinstance(output, torch.Tensor) else ()
