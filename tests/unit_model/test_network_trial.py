"""A network is tried with its card's picture size before it is stored."""

from dataclasses import replace

import pytest
import torch
from fakes import make_weights

from model import network_trial
from model.architectures import default_preprocess
from model.errors import WeightsError
from model.network_trial import check_takes_pictures
from model.types import Preprocess, WeightSet


def card(architecture: str, crop: int | None = None) -> WeightSet:
    usual = default_preprocess(architecture)
    preprocess = usual if crop is None else Preprocess(crop, crop, "bilinear", usual.mean, usual.std)
    return replace(make_weights().weights, architecture=architecture, preprocess=preprocess)


@pytest.mark.parametrize(
    "architecture",
    ["torchvision:resnet18", "torchvision:vit_b_16", "torchvision:regnet_x_400mf", "timm:swin_tiny_patch4_window7_224"],
)
def test_the_usual_size_is_taken(architecture: str) -> None:
    check_takes_pictures(card(architecture))


def test_a_convolutional_network_takes_any_size() -> None:
    check_takes_pictures(card("torchvision:resnet18", 131))


@pytest.mark.parametrize("architecture", ["torchvision:vit_b_16", "timm:vit_small_patch16_224"])
def test_a_transformer_takes_its_own_size_alone(architecture: str) -> None:
    with pytest.raises(WeightsError) as caught:
        check_takes_pictures(card(architecture, 256))
    assert caught.value.problem.code == "weights-crop-unsuited"
    assert "256 x 256" in str(caught.value)
    assert "224" in caught.value.remedy


def test_a_network_that_cannot_be_tried_at_all_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def refuse(_network: torch.nn.Module, side: int) -> None:
        tried.append(side)

    monkeypatch.setattr(network_trial, "output_shape", refuse)
    check_takes_pictures(card("torchvision:resnet18", 131))
    assert tried == [131, 224]


def test_a_network_without_logits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_trial, "output_shape", lambda *_: (1, 512, 7, 7))
    with pytest.raises(WeightsError, match="one number for each class"):
        check_takes_pictures(card("torchvision:resnet18"))
