"""ResNets of transformers and SuperGradients give the same logits under torchvision's names."""

import pytest
import torch
import torchvision
from resnet_layouts import as_super_gradients, as_transformers
from torch import nn

from model.architecture_matching import infer_architecture
from model.checkpoint import is_computed
from model.foreign_layouts import to_torchvision_names


def random_network(name: str) -> nn.Module:
    """A network whose BatchNorms do something."""
    torch.manual_seed(3)
    network: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=7)
    for key, tensor in network.state_dict().items():
        if key.endswith("running_var") or ("bn" in key and key.endswith("weight")):
            tensor.uniform_(0.5, 1.5)
        elif key.endswith(("running_mean", "bias")):
            tensor.normal_(0, 0.1)
    return network.eval()


@pytest.mark.parametrize("rename", [as_transformers, as_super_gradients])
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_logits_are_the_same_after_mapping(rename: object, name: str) -> None:
    network = random_network(name)
    foreign = rename(network.state_dict())  # type: ignore[operator]
    assert not set(foreign) & {"fc.weight", "layer2.0.downsample.0.weight"}
    mapped = to_torchvision_names(foreign)
    assert infer_architecture({k: t for k, t in mapped.items() if not is_computed(k)}) == f"torchvision:{name}"
    other: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=7)
    other.load_state_dict(mapped, strict=True)
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(other.eval()(pictures), network(pictures))


def test_names_of_transformers_as_its_checkpoints_have_them() -> None:
    names = {
        "resnet.embedder.embedder.convolution.weight": "conv1.weight",
        "resnet.embedder.embedder.normalization.running_mean": "bn1.running_mean",
        "resnet.encoder.stages.0.layers.0.shortcut.convolution.weight": "layer1.0.downsample.0.weight",
        "resnet.encoder.stages.0.layers.0.shortcut.normalization.bias": "layer1.0.downsample.1.bias",
        "resnet.encoder.stages.3.layers.2.layer.2.convolution.weight": "layer4.2.conv3.weight",
        "resnet.encoder.stages.2.layers.10.layer.0.normalization.running_var": "layer3.10.bn1.running_var",
        "classifier.1.weight": "fc.weight",
    }
    assert list(to_torchvision_names(dict.fromkeys(names))) == list(names.values())


@pytest.mark.parametrize(
    "name",
    [
        "resnet.encoder.stages.0.layers.0.attention.weight",
        "resnet.encoder.stages.x.layers.0.layer.0.convolution.weight",
        "something.else",
    ],
)
def test_what_does_not_belong_to_such_a_network_stays_to_be_found(name: str) -> None:
    mapped = to_torchvision_names({"resnet.embedder.embedder.convolution.weight": 1, name: 2})
    assert mapped == {"conv1.weight": 1, name: 2}


def test_another_state_dict_stays_as_it_is() -> None:
    state = {"linear.weight": 1, "conv1.weight": 2, "classifier.1.weight": 3}
    assert to_torchvision_names(state) == state
