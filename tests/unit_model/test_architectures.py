"""Names of networks as people write them, and how pictures are prepared for each; nothing is downloaded."""

import pytest
import timm
from timm.data import resolve_data_config

from model.architectures import (
    USUAL_PREPROCESS,
    default_preprocess,
    is_known_architecture,
    list_backbones,
    parse_architecture,
    title_of,
)
from model.errors import WeightsError
from model.network import build_network
from model.types import Preprocess


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("resnet18", "torchvision:resnet18"),
        ("resnet50", "torchvision:resnet50"),
        (" ResNet-50 ", "torchvision:resnet50"),
        ("torchvision:resnext50_32x4d", "torchvision:resnext50_32x4d"),
        ("wide_resnet50_2", "torchvision:wide_resnet50_2"),
        ("convnext_tiny", "torchvision:convnext_tiny"),
        ("timm:convnext_tiny", "timm:convnext_tiny"),
        ("timm:resnet50", "timm:resnet50"),
        ("Timm: convnext_tiny", "timm:convnext_tiny"),
        ("convnextv2_tiny", "timm:convnextv2_tiny"),
        ("resnet50.a1_in1k", "timm:resnet50.a1_in1k"),
        ("timm:tf_efficientnet_lite2.in1k", "timm:tf_efficientnet_lite2.in1k"),
    ],
)
def test_names_that_people_give(name: str, architecture: str) -> None:
    assert parse_architecture(name) == architecture
    assert is_known_architecture(architecture)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("restnet50", "torchvision:resnet50"),
        ("timm:convnxt_tiny", "timm:convnext_tiny"),
        ("torchvision:resnet19", "torchvision:resnet18"),
        ("resnet50.no_such_tag", "resnet50"),
        ("keras:resnet50", "torchvision:resnet50"),
        ("qqqqqqqq", "resnet50"),
        ("", "resnet50"),
        ("hf-hub:somebody/resnet", "resnet"),
        ("timm:hf-hub:somebody/resnet", "resnet"),
        ("../../etc/passwd", "resnet50"),
    ],
)
def test_unknown_names_are_refused_with_similar_ones(name: str, nearest: str) -> None:
    with pytest.raises(WeightsError) as caught:
        parse_architecture(name)
    assert caught.value.problem.code == "weights-architecture-name"
    assert f"“{name}”" in str(caught.value)
    assert nearest in caught.value.remedy
    assert caught.value.remedy.count(",") <= 4


def test_suggestions_keep_to_the_library_that_was_named() -> None:
    with pytest.raises(WeightsError) as caught:
        parse_architecture("torchvision:resnet51")
    assert "timm:resnet" not in caught.value.remedy


@pytest.mark.parametrize("architecture", ["resnet50", "keras:resnet50", "timm:resnet50.no_such_tag", "timm:x", ":", ""])
def test_architectures_that_no_library_can_build(architecture: str) -> None:
    assert not is_known_architecture(architecture)


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "wide_resnet50_2"])
def test_torchvisions_resnets_take_what_is_usual(name: str) -> None:
    assert default_preprocess(f"torchvision:{name}") == USUAL_PREPROCESS
    assert Preprocess(256, 224, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) == USUAL_PREPROCESS


@pytest.mark.parametrize(
    ("name", "resize", "crop"),
    [("efficientnet_b1", 256, 240), ("inception_v3", 342, 299), ("vit_h_14", 224, 224)],
)
def test_torchvisions_others_take_what_their_weights_did(name: str, resize: int, crop: int) -> None:
    preprocess = default_preprocess(f"torchvision:{name}")
    assert (preprocess.resize, preprocess.crop) == (resize, crop)


@pytest.mark.parametrize(
    "name",
    [
        "resnet50",
        "tf_efficientnet_lite2",
        "convnextv2_tiny",
        "vit_small_patch16_224",
        "inception_v4",
        "xcit_nano_12_p16_224",
    ],
)
def test_timms_take_what_timms_own_evaluation_does(name: str) -> None:
    config = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
    preprocess = default_preprocess(f"timm:{name}")
    assert preprocess.crop == config["input_size"][-1]
    assert preprocess.resize == int(config["input_size"][-1] / config["crop_pct"])
    assert (preprocess.interpolation, preprocess.mean, preprocess.std) == (
        config["interpolation"],
        tuple(config["mean"]),
        tuple(config["std"]),
    )


def test_a_network_without_a_default_of_its_own_takes_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "get_pretrained_cfg", lambda _name: None)
    assert default_preprocess("timm:resnet26") == USUAL_PREPROCESS


def test_an_unknown_architecture_has_no_preprocessing() -> None:
    with pytest.raises(WeightsError):
        default_preprocess("timm:nothing")


def test_the_list_begins_with_the_resnets_and_each_can_be_built() -> None:
    backbones = list_backbones()
    assert [backbone.title for backbone in backbones[:3]] == ["ResNet-18", "ResNet-34", "ResNet-50"]
    assert len({backbone.title for backbone in backbones}) == len(backbones)
    for backbone in backbones:
        assert parse_architecture(backbone.architecture) == backbone.architecture
        assert build_network(backbone.architecture, 3).state_dict()


def test_titles() -> None:
    assert title_of("torchvision:resnet50") == "ResNet-50"
    assert title_of("timm:xcit_nano_12_p16_224") == "xcit_nano_12_p16_224 (timm)"
