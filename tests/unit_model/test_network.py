"""Weights into networks: what fits is loaded, what does not is refused, and folding changes no answer."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from fakes import make_weights
from torch import nn

from model.classifier import Normalise
from model.errors import WeightsError
from model.network import build_network, classification_head, fold_batch_norm, load_network, prepare_for_inference
from model.types import InstalledWeights
from model.weights import default_catalogue


def random_state(architecture: str, classes: int) -> dict[str, torch.Tensor]:
    """Values for every tensor of a network, with BatchNorm statistics that make folding matter."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for key, tensor in build_network(architecture, classes).state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        values = torch.randn(tensor.shape, generator=generator) * 0.05
        state[key] = values.abs() + 0.5 if key.endswith(("running_var", "bn1.weight")) else values
    return state


def installed(tmp_path: Path, state: dict[str, torch.Tensor], architecture: str, classes: int) -> InstalledWeights:
    path = tmp_path / "network.safetensors"
    safetensors.torch.save_file(state, path)
    made = make_weights(classes=tuple(f"class {i}" for i in range(classes)))
    return replace(made, weights=replace(made.weights, architecture=architecture), paths={"network": path})


@pytest.mark.parametrize("architecture", ["torchvision:resnet18", "timm:tf_efficientnet_lite0"])
def test_folding_changes_no_probability(tmp_path: Path, architecture: str) -> None:
    network = load_network(installed(tmp_path, random_state(architecture, 7), architecture, 7))
    images = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        before = network(images).softmax(1)
        norms = sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
        assert fold_batch_norm(network) == norms > 10
        after = network(images).softmax(1)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-6)


def test_folding_the_built_in_network_changes_no_answer() -> None:
    """Its BatchNorms were trained, and its input is what real pictures give."""
    installed_weights = default_catalogue().open("imagenet-lite2")
    network = load_network(installed_weights)
    generator = torch.Generator().manual_seed(5)
    coarse = torch.randint(0, 256, (4, 3, 9, 9), generator=generator, dtype=torch.uint8).float()
    smooth = nn.functional.interpolate(coarse, size=260, mode="bicubic").clamp(0, 255).round()
    pixels = smooth.byte().permute(0, 2, 3, 1).contiguous()
    images = Normalise(installed_weights.weights.preprocess)(pixels)
    with torch.inference_mode():
        before = network(images.contiguous()).softmax(1)
        prepared = prepare_for_inference(network, torch.device("cpu"))
        after = prepared(images).softmax(1)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in prepared.modules())
    assert before.max() > 0.05, "the network is sure of something"
    torch.testing.assert_close(after, before, rtol=1e-3, atol=2e-6)
    assert torch.equal(after.argmax(1), before.argmax(1))


def test_a_network_that_cannot_be_traced_stays_as_it_is() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.norm = nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x.sum() > 0:
                x = -x
            result: torch.Tensor = self.norm(self.conv(x))
            return result

    network = Branching().eval()
    assert fold_batch_norm(network) == 0
    assert isinstance(network.norm, nn.BatchNorm2d)


def test_a_batch_norm_whose_convolution_is_used_twice_is_not_folded() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.norm = nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            result: torch.Tensor = self.norm(y) + y
            return result

    assert fold_batch_norm(Shared().eval()) == 0


def test_half_precision_files_become_float32_and_channels_last(tmp_path: Path) -> None:
    state = {key: tensor.half() for key, tensor in random_state("torchvision:resnet18", 3).items()}
    network = load_network(installed(tmp_path, state, "torchvision:resnet18", 3))
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    prepared = prepare_for_inference(network, torch.device("cpu"))
    convolution = prepared.get_submodule("layer2.0.conv1")
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last)
    assert not prepared.training


@pytest.mark.parametrize("fault", ["missing", "surplus", "shape"])
def test_tensors_that_do_not_fit_are_refused_by_name(tmp_path: Path, fault: str) -> None:
    state = random_state("torchvision:resnet18", 3)
    if fault == "missing":
        del state["layer1.0.conv1.weight"]
    elif fault == "surplus":
        state["extra.weight"] = torch.zeros(2)
    else:
        state["layer1.0.conv1.weight"] = torch.zeros(1, 2, 3, 3)
    wanted = "extra" if fault == "surplus" else "layer1.0.conv1.weight"
    with pytest.raises(WeightsError, match=wanted):
        load_network(installed(tmp_path, state, "torchvision:resnet18", 3))


@pytest.mark.parametrize("name", ["torchvision:resnet_of_dreams", "timm:nothing", "keras:resnet50", "resnet50"])
def test_an_unknown_architecture_is_refused(name: str) -> None:
    with pytest.raises(WeightsError, match="not known"):
        build_network(name, 3)


def test_the_built_in_network_loads_by_order() -> None:
    network = load_network(default_catalogue().open("imagenet-lite2"))
    name, head = classification_head(network)
    assert (name, head.out_features, head.in_features) == ("classifier", 1000, 1280)


def with_head(folder: Path, classes: int) -> InstalledWeights:
    """A set of four classes: the built-in backbone with a head of `classes` outputs."""
    backbone = default_catalogue().open("imagenet-lite2")
    head = {"weight": torch.full((classes, 1280), 0.5, dtype=torch.float16), "bias": torch.zeros(classes)}
    safetensors.torch.save_file(head, folder / "head.safetensors")
    weights = replace(backbone.weights, classes=("cloudy", "rain", "shine", "sunrise"))
    paths = {"backbone": backbone.paths["network"], "head": folder / "head.safetensors"}
    return replace(backbone, weights=weights, paths=paths)


def test_a_head_takes_the_place_of_the_backbones_own(tmp_path: Path) -> None:
    network = load_network(with_head(tmp_path, 4))
    _, linear = classification_head(network)
    assert torch.equal(linear.weight, torch.full((4, 1280), 0.5))
    backbone = load_network(default_catalogue().open("imagenet-lite2"))
    stem = "conv_stem.weight"
    assert torch.equal(network.get_parameter(stem), backbone.get_parameter(stem))


@pytest.mark.parametrize("reverse", [False, True])
def test_the_backbones_own_head_is_found_by_name_and_not_by_place(tmp_path: Path, reverse: bool) -> None:
    """A safetensors file holds its tensors in an order of its own."""
    state = random_state("torchvision:resnet18", 7)
    ordered = dict(sorted(state.items(), reverse=reverse))
    torch.save(ordered, tmp_path / "backbone.pth")
    head = {"weight": torch.ones(3, 512), "bias": torch.zeros(3)}
    safetensors.torch.save_file(head, tmp_path / "head.safetensors")
    made = make_weights(classes=("a", "b", "c"))
    weights = replace(made.weights, architecture="torchvision:resnet18", layout="torchvision")
    paths = {"backbone": tmp_path / "backbone.pth", "head": tmp_path / "head.safetensors"}
    network = load_network(replace(made, weights=weights, paths=paths))
    assert torch.equal(network.get_parameter("fc.weight"), head["weight"])
    assert torch.equal(network.get_parameter("conv1.weight"), state["conv1.weight"])


def test_a_backbone_with_too_few_tensors_is_refused(tmp_path: Path) -> None:
    fitting = with_head(tmp_path, 4)
    torch.save({"only.weight": torch.zeros(2, 2)}, tmp_path / "backbone.pth")
    with pytest.raises(WeightsError, match="1 "):
        load_network(replace(fitting, paths={**fitting.paths, "backbone": tmp_path / "backbone.pth"}))


def test_a_network_can_be_the_first_thing_that_is_built() -> None:
    """The libraries run tensor code when they are imported, which must not happen on the meta device."""
    program = "from model.network import build_network; build_network('timm:tf_efficientnet_lite0', 3)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_head_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="head"):
        load_network(with_head(tmp_path, 3))


@pytest.mark.parametrize(
    "architecture", ["timm:swin_tiny_patch4_window7_224", "torchvision:swin_t", "torchvision:regnet_x_400mf"]
)
def test_tables_that_no_file_holds_are_computed(tmp_path: Path, architecture: str) -> None:
    """Such networks have buffers beside their state dict, index tables in it, or cannot be built without values."""
    torch.manual_seed(2)
    original = build_network(architecture, 3, device="cpu").eval()
    state = {key: tensor.clone() for key, tensor in original.state_dict().items() if tensor.is_floating_point()}
    network = prepare_for_inference(load_network(installed(tmp_path, state, architecture, 3)), torch.device("cpu"))
    picture = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(network(picture), original(picture), rtol=1e-4, atol=1e-5)


def test_tensors_need_not_lie_in_the_file(tmp_path: Path) -> None:
    state = random_state("torchvision:resnet18", 3)
    made = installed(tmp_path, state, "torchvision:resnet18", 3)
    network = load_network(made, mmap=False)
    made.paths["network"].write_bytes(b"")
    assert torch.equal(network.get_parameter("fc.weight"), state["fc.weight"])
