"""ResNet checkpoints of other libraries: their tensors' names turned into torchvision's. Nothing is computed.

Both libraries' ResNets compute what torchvision's do, with the stride in the 3x3 convolution of a bottleneck. Sources:
transformers, `models/resnet/modeling_resnet.py` (`downsample_in_bottleneck` off, its default); SuperGradients,
`training/models/classification_models/resnet.py` (`ResNet` with `BasicResNetBlock` or `Bottleneck`).
"""

import re
from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

_NORM = r"(weight|bias|running_mean|running_var|num_batches_tracked)"

_TRANSFORMERS_MARK = "resnet.embedder.embedder.convolution.weight"
_TRANSFORMERS_STEM = "resnet.embedder.embedder."
_TRANSFORMERS_BLOCK = re.compile(r"resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.(.+)")
_TRANSFORMERS_CONV = re.compile(rf"layer\.(\d+)\.(?:(convolution)\.weight|normalization\.{_NORM})")
_TRANSFORMERS_SHORTCUT = re.compile(rf"shortcut\.(?:(convolution)\.weight|normalization\.{_NORM})")

_SUPER_GRADIENTS_MARKS = ("linear.weight", "layer1.0.conv1.weight", "layer2.0.shortcut.0.weight")
_SUPER_GRADIENTS_SHORTCUT = re.compile(r"(layer\d+\.\d+)\.shortcut\.(.+)")


def to_torchvision_names(state: Mapping[str, Value]) -> dict[str, Value]:
    """Return the state dict of a ResNet of transformers or SuperGradients under torchvision's names.

    Any other state dict comes back as it is. Names that do not belong to such a ResNet stay, so that whoever compares
    them with a network finds them.
    """
    if _TRANSFORMERS_MARK in state:
        return {_from_transformers(name): value for name, value in state.items()}
    if all(mark in state for mark in _SUPER_GRADIENTS_MARKS):
        return {_from_super_gradients(name): value for name, value in state.items()}
    return dict(state)


def _from_transformers(name: str) -> str:
    block = _TRANSFORMERS_BLOCK.fullmatch(name)
    if block is not None:
        # Stages are counted from 0, torchvision's layers and convolutions from 1.
        place = f"layer{int(block[1]) + 1}.{block[2]}"
        inner = _TRANSFORMERS_CONV.fullmatch(block[3])
        if inner is not None:
            number = int(inner[1]) + 1
            return f"{place}.conv{number}.weight" if inner[2] else f"{place}.bn{number}.{inner[3]}"
        inner = _TRANSFORMERS_SHORTCUT.fullmatch(block[3])
        if inner is not None:
            return f"{place}.downsample.0.weight" if inner[1] else f"{place}.downsample.1.{inner[2]}"
    for old, new in (
        (f"{_TRANSFORMERS_STEM}convolution.", "conv1."),
        (f"{_TRANSFORMERS_STEM}normalization.", "bn1."),
        ("classifier.1.", "fc."),
    ):
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _from_super_gradients(name: str) -> str:
    shortcut = _SUPER_GRADIENTS_SHORTCUT.fullmatch(name)
    if shortcut is not None:
        return f"{shortcut[1]}.downsample.{shortcut[2]}"
    return f"fc.{name.removeprefix('linear.')}" if name.startswith("linear.") else name
