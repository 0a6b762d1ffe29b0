"""torchvision's ResNets under the names of other libraries, for checkpoints as those write them."""

import re

import torch

State = dict[str, torch.Tensor]


def as_transformers(state: State) -> State:
    """The names that `ResNetForImageClassification` of transformers gives to the same tensors."""
    renamed = {}
    for key, tensor in state.items():
        key = re.sub(r"^conv1\.weight", "resnet.embedder.embedder.convolution.weight", key)
        key = re.sub(r"^bn1\.", "resnet.embedder.embedder.normalization.", key)
        key = re.sub(r"^fc\.", "classifier.1.", key)
        block = re.match(r"layer(\d)\.(\d+)\.(.*)", key)
        if block:
            rest = re.sub(r"^downsample\.0\.", "shortcut.convolution.", block[3])
            rest = re.sub(r"^downsample\.1\.", "shortcut.normalization.", rest)
            rest = re.sub(r"^conv(\d)\.", lambda m: f"layer.{int(m[1]) - 1}.convolution.", rest)
            rest = re.sub(r"^bn(\d)\.", lambda m: f"layer.{int(m[1]) - 1}.normalization.", rest)
            key = f"resnet.encoder.stages.{int(block[1]) - 1}.layers.{block[2]}.{rest}"
        renamed[key] = tensor
    return renamed


def as_super_gradients(state: State) -> State:
    """The names that SuperGradients' ResNet gives to the same tensors."""
    return {
        key.replace(".downsample.", ".shortcut.").replace("fc.", "linear."): tensor for key, tensor in state.items()
    }
