"""A state dict's network is told by names and shapes alone, and never guessed."""

import pytest
import torch

from model.architecture_matching import compare, find_architecture, infer_architecture, network_shapes
from model.errors import WeightsError

RESNETS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
)


def state_of(architecture: str, classes: int = 5) -> dict[str, torch.Tensor]:
    """Tensors without values in the shapes of a network."""
    shapes = network_shapes(architecture).with_classes(classes)
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


@pytest.mark.parametrize("name", RESNETS)
@pytest.mark.parametrize("classes", [1, 1000])
def test_each_resnet_of_torchvision_is_itself_and_no_other(name: str, classes: int) -> None:
    state = state_of(f"torchvision:{name}", classes)
    assert infer_architecture(state) == f"torchvision:{name}"
    assert [other for other in RESNETS if compare(state, f"torchvision:{other}").fits] == [name]
    assert compare(state, f"torchvision:{name}").classes == classes


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "densenet121", "wide_resnet50_2"])
def test_timms_copy_of_torchvisions_network_counts_as_torchvisions(name: str) -> None:
    assert infer_architecture(state_of(f"timm:{name}")) == f"torchvision:{name}"


@pytest.mark.parametrize(
    "architecture",
    [
        "torchvision:mobilenet_v2",
        "torchvision:mobilenet_v3_small",
        "torchvision:efficientnet_b0",
        "torchvision:convnext_tiny",
        "torchvision:shufflenet_v2_x0_5",
        "torchvision:vit_b_16",
        "torchvision:swin_t",
        "timm:resnet26",
        "timm:resnet18d",
        "timm:seresnext50_32x4d",
        "timm:convnext_tiny",
        "timm:convnextv2_atto",
        "timm:mobilenetv2_100",
        "timm:regnety_016",
        "timm:deit3_small_patch16_224",
        "timm:swin_tiny_patch4_window7_224",
    ],
)
def test_other_networks_with_shapes_of_their_own(architecture: str) -> None:
    assert infer_architecture(state_of(architecture)) == architecture


@pytest.mark.parametrize(
    ("architecture", "twin"),
    [
        ("timm:tf_efficientnet_b0", "timm:efficientnet_b0"),
        ("timm:tf_efficientnet_lite2", "timm:efficientnet_lite2"),
        ("timm:vit_small_patch16_224", "timm:deit_small_patch16_224"),
        ("timm:resnet50d", "timm:resnetblur50d"),
    ],
)
def test_twins_are_ambiguous_and_both_are_named(architecture: str, twin: str) -> None:
    state = state_of(architecture)
    assert infer_architecture(state) is None
    with pytest.raises(WeightsError) as caught:
        find_architecture(state, "mine.pth")
    assert caught.value.problem.code == "weights-architecture-ambiguous"
    assert architecture in str(caught.value)
    assert twin in str(caught.value)
    assert "--arch" in caught.value.remedy


def test_a_network_that_is_only_near_is_not_inferred_but_named() -> None:
    state = state_of("torchvision:resnet50")
    state["layer4.3.conv1.weight"] = torch.empty(512, 2048, 1, 1, device="meta")
    for key in [key for key in state if key.startswith(("layer3.4.", "layer3.5."))]:
        del state[key]
    assert infer_architecture(state) is None
    with pytest.raises(WeightsError) as caught:
        find_architecture(state, "mine.pth")
    assert caught.value.problem.code == "weights-architecture-near"
    assert "torchvision:resnet50 (31 of 267 differ: lacks layer3.4.conv1.weight)" in str(caught.value)
    assert "--arch" in caught.value.remedy


def test_a_small_difference_is_left_to_the_error_that_names_the_tensors() -> None:
    state = state_of("torchvision:resnet50")
    del state["fc.bias"]
    assert infer_architecture(state) is None
    assert find_architecture(state, "mine.pth") == "torchvision:resnet50"
    assert compare(state, "torchvision:resnet50").missing == ("fc.bias",)


def test_unfamiliar_tensors_are_told_with_the_first_of_them() -> None:
    state = {"encoder.block.0.weight": torch.empty(3, 3, device="meta")}
    assert infer_architecture(state) is None
    with pytest.raises(WeightsError) as caught:
        find_architecture(state, "text.pth")
    assert caught.value.problem.code == "weights-architecture-unfamiliar"
    assert "encoder.block.0.weight" in str(caught.value)
    assert infer_architecture({}) is None


def test_a_resnet_for_small_pictures_is_told_by_its_stem() -> None:
    """Networks for CIFAR have the same names, and a first convolution of 3 x 3."""
    state = state_of("torchvision:resnet18")
    state["conv1.weight"] = torch.empty(64, 3, 3, 3, device="meta")
    assert infer_architecture(state) is None
    found = compare(state, find_architecture(state, "cifar.pth"))
    assert found.shapes == ("conv1.weight (64 x 3 x 3 x 3 instead of 64 x 3 x 7 x 7)",)


def test_the_tensors_with_a_row_for_each_class_are_found() -> None:
    assert network_shapes("torchvision:resnet18").class_tensors == ("fc.weight", "fc.bias")
    assert network_shapes("torchvision:squeezenet1_1").class_tensors == ("classifier.1.weight", "classifier.1.bias")
    assert network_shapes("timm:convnext_atto").class_tensors == ("head.fc.weight", "head.fc.bias")


def test_a_head_that_contradicts_itself_is_at_fault() -> None:
    state = state_of("torchvision:resnet18", 5)
    state["fc.bias"] = torch.empty(6, device="meta")
    assert compare(state, "torchvision:resnet18").shapes == ("fc.bias (6 instead of 5)",)


def test_a_candidate_that_the_installed_library_lacks_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    from model import architecture_matching

    monkeypatch.setattr(architecture_matching, "candidates_for", lambda _: ["timm:from_the_future", "timm:resnet26"])
    assert infer_architecture(state_of("timm:resnet26")) == "timm:resnet26"
