"""The network that is to be trained: where it starts, which parts learn, what precision and sizes suit it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from training_samples import (
    SMALL_PICTURES,
    TINY,
    assert_equal,
    events_of,
    network_request,
    own_set,
    tint_folders,
    tiny_network,
    train,
)

from model import training_network
from model.errors import WeightsError
from model.network import build_network, load_network
from model.training_network import (
    Backbone,
    choose_precision,
    find_backbone,
    freeze,
    set_head,
    start_network,
    training_sizes,
)
from model.training_sizes import fit_sizes, teacher_side
from model.training_types import EpochDone, Recipe
from model.types import InstalledWeights
from model.weights import Catalogue

pytestmark = pytest.mark.usefixtures("one_thread")


# --- where it starts ---


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("resnet18", "torchvision:resnet18"),
        ("torchvision:resnext50_32x4d", "torchvision:resnext50_32x4d"),
        ("wide_resnet50_2", "torchvision:wide_resnet50_2"),
        ("timm:test_resnet", "timm:test_resnet"),
    ],
)
def test_a_name_is_a_network_from_scratch(catalogue: Catalogue, name: str, architecture: str) -> None:
    backbone = find_backbone(name, catalogue, ())
    assert (backbone.architecture, backbone.installed, backbone.name) == (architecture, None, architecture)
    assert (backbone.preprocess.crop, backbone.preprocess.resize) == (224, 256)
    assert backbone.layout == ("timm" if name.startswith("timm") else "torchvision")


def test_from_scratch_the_last_size_decides_on_the_size_in_use(catalogue: Catalogue) -> None:
    preprocess = find_backbone("resnet18", catalogue, (64, 128)).preprocess
    assert (preprocess.crop, preprocess.resize) == (160, 183)


def test_an_id_or_an_alias_is_a_weight_set(catalogue: Catalogue) -> None:
    assert find_backbone("imagenet-lite2", catalogue, ()).name == "imagenet-lite2"
    assert find_backbone("imagenet", catalogue, ()).name == "imagenet-lite2"


def test_a_set_of_ones_own_goes_before_a_network_of_that_name(catalogue: Catalogue) -> None:
    own_set(catalogue, "resnet18")
    backbone = find_backbone("resnet18", catalogue, ())
    assert backbone.installed is not None
    assert backbone.preprocess == SMALL_PICTURES


@pytest.mark.parametrize("name", ["resnet5000", "torchvision:nothing", "timm:nothing", "onnx:resnet50"])
def test_an_unknown_backbone_is_refused(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(WeightsError, match=name.partition(":")[2] or name):
        find_backbone(name, catalogue, ())


def test_the_refusal_of_a_bare_name_lists_the_sets(catalogue: Catalogue) -> None:
    with pytest.raises(WeightsError) as caught:
        find_backbone("resnet5000", catalogue, ())
    assert "imagenet-lite2" in f"{caught.value} {caught.value.remedy}"


def scratch(architecture: str) -> Backbone:
    layout = "timm" if architecture.startswith("timm") else "torchvision"
    return Backbone(architecture, layout, SMALL_PICTURES, None)


def test_the_seed_decides_on_a_network_from_scratch() -> None:
    states = [start_network(scratch("timm:test_resnet"), 3, seed).state_dict() for seed in (0, 0, 1)]
    assert_equal(states[0], states[1])
    assert not torch.equal(states[0]["conv1.0.weight"], states[2]["conv1.0.weight"])
    assert states[0]["fc.weight"].shape == (3, 96)


def test_the_last_batch_norm_of_each_residual_block_starts_at_0() -> None:
    state = start_network(scratch("torchvision:resnet50"), 2, 0).state_dict()
    assert not bool(state["layer1.0.bn3.weight"].any())
    assert bool((state["layer1.0.bn2.weight"] == 1).all())


def test_networks_that_are_no_resnets_start_too() -> None:
    network = start_network(scratch("torchvision:mobilenet_v3_small"), 5, 0)
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 5)


def test_trained_values_are_kept_and_the_head_is_new(catalogue: Catalogue) -> None:
    own_set(catalogue, "own")
    backbone = find_backbone("own", catalogue, ())
    assert backbone.installed is not None
    network = start_network(backbone, 4, 0)
    before, after = load_network(backbone.installed).state_dict(), network.state_dict()
    assert after["fc.weight"].shape == (4, 96)
    for state in (before, after):
        del state["fc.weight"], state["fc.bias"]
    assert_equal(before, after)
    assert all(parameter.requires_grad for parameter in network.parameters())
    with torch.no_grad():
        network.get_submodule("bn1").weight.add_(1)
    assert_equal(
        before,
        {
            key: value
            for key, value in load_network(backbone.installed).state_dict().items()
            if not key.startswith("fc.")
        },
    )


def test_the_head_takes_the_values_of_a_linear_fit() -> None:
    network = tiny_network(classes=2).eval()
    weight, bias = torch.randn(2, 96), torch.randn(2)
    set_head(network, weight, bias)
    assert torch.equal(network.fc.weight, weight)
    assert torch.equal(network.fc.bias, bias)


# --- which parts learn ---


def learning(network: nn.Module) -> set[str]:
    return {name.split(".")[0] for name, parameter in network.named_parameters() if parameter.requires_grad}


def test_blocks_are_counted_from_the_top() -> None:
    network = build_network("torchvision:resnet50", 2)
    freeze(network, Recipe(unfreeze=3), from_scratch=False)
    names = {name.rsplit(".", 2)[0] for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert learning(network) == {"layer4", "fc"}
    assert not any(name.startswith("layer3") for name in names)
    freeze(network, Recipe(unfreeze=4), from_scratch=False)
    assert learning(network) == {"layer3", "layer4", "fc"}
    assert not network.layer3[4].conv1.weight.requires_grad
    assert network.layer3[5].conv1.weight.requires_grad


@pytest.mark.parametrize("unfreeze", ["all", 1000])
@pytest.mark.parametrize(
    "architecture", ["torchvision:resnet18", "timm:test_efficientnet", "timm:test_vit3", "torchvision:vit_b_16"]
)
def test_all_means_all_also_what_belongs_to_no_block(architecture: str, unfreeze: int | str) -> None:
    """A transformer's table of positions, for example."""
    network = build_network(architecture, 2)
    freeze(network, Recipe(unfreeze=unfreeze), from_scratch=True)  # type: ignore[arg-type]
    assert [name for name, parameter in network.named_parameters() if not parameter.requires_grad] == []


def test_norms_that_keep_their_statistics_are_those_of_frozen_blocks_or_all() -> None:
    network = build_network("torchvision:resnet18", 2)
    every = sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert len(freeze(network, Recipe(), from_scratch=True)) == 0
    assert len(freeze(network, Recipe(), from_scratch=False)) == every
    assert len(freeze(network, Recipe(batch_norm="frozen"), from_scratch=True)) == every
    assert len(freeze(network, Recipe(batch_norm="train"), from_scratch=False)) == 0
    kept = freeze(network, Recipe(unfreeze=2, batch_norm="train"), from_scratch=False)
    own = {id(module) for module in network.layer4.modules()}
    assert len(kept) == every - 5
    assert not any(id(module) in own for module in kept)


# --- precision ---


def test_a_wished_for_precision_is_taken() -> None:
    network = tiny_network()
    assert choose_precision("fp32", torch.device("cpu"), network) == "fp32"
    assert choose_precision("bf16", torch.device("cpu"), network) == "bf16"


@pytest.mark.parametrize(("supported", "chosen"), [(True, "bf16"), (False, "fp16")])
def test_cuda_computes_in_what_the_device_can(monkeypatch: pytest.MonkeyPatch, supported: bool, chosen: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert choose_precision("auto", torch.device("cuda"), tiny_network()) == chosen


@pytest.mark.parametrize(
    ("avx512", "amx", "chosen"), [(True, False, "bf16"), (False, True, "bf16"), (False, False, "fp32")]
)
def test_a_cpu_computes_in_bf16_where_it_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool, chosen: str
) -> None:
    answers = SimpleNamespace(_is_avx512_bf16_supported=lambda: avx512, _is_amx_tile_supported=lambda: amx)
    monkeypatch.setattr(training_network.torch, "cpu", answers)
    dense, depthwise = tiny_network("torchvision:resnet18"), tiny_network("timm:test_efficientnet")
    assert choose_precision("auto", torch.device("cpu"), dense) == chosen
    assert choose_precision("auto", torch.device("cpu"), depthwise) == "fp32"
    monkeypatch.setattr(training_network.torch, "cpu", SimpleNamespace())
    assert choose_precision("auto", torch.device("cpu"), dense) == "fp32"


# --- sizes ---


def test_without_sizes_training_crops_are_a_little_smaller_than_in_use() -> None:
    assert training_sizes(Recipe(), replace(SMALL_PICTURES, resize=256, crop=224)) == (176,)
    assert training_sizes(Recipe(sizes=(96, 128)), SMALL_PICTURES) == (96, 128)


def test_networks_that_take_any_size_stay_as_they_are(catalogue: Catalogue) -> None:
    for name in ("resnet50", "timm:test_convnext", "imagenet-lite2"):
        backbone = find_backbone(name, catalogue, ())
        assert fit_sizes(Recipe(epochs=1), backbone) == (Recipe(epochs=1), backbone)
    backbone = find_backbone("resnet18", catalogue, TINY.sizes)
    assert fit_sizes(TINY, backbone) == (TINY, backbone)


def test_a_transformer_from_scratch_learns_and_is_used_at_the_one_size_that_it_takes(catalogue: Catalogue) -> None:
    for sizes in ((), (160,)):
        recipe = replace(TINY, sizes=sizes)
        fitted, backbone = fit_sizes(recipe, find_backbone("timm:test_vit3", catalogue, sizes))
        assert fitted == replace(recipe, sizes=(160,))
        assert (backbone.preprocess.crop, backbone.preprocess.resize) == (160, 183)


def test_another_size_is_refused_and_the_right_one_named(catalogue: Catalogue) -> None:
    with pytest.raises(WeightsError, match="does not take pictures of 64 pixels") as caught:
        fit_sizes(replace(TINY, sizes=(160, 64)), find_backbone("timm:test_vit3", catalogue, (160, 64)))
    assert "160" in caught.value.remedy


def transformer(catalogue: Catalogue) -> InstalledWeights:
    own_set(catalogue, "vit", architecture="timm:test_vit3", preprocess=replace(SMALL_PICTURES, resize=176, crop=160))
    return catalogue.open("vit")


def test_a_transformer_with_weights_learns_at_its_size(catalogue: Catalogue) -> None:
    transformer(catalogue)
    backbone = find_backbone("vit", catalogue, ())
    assert fit_sizes(Recipe(epochs=1), backbone) == (Recipe(epochs=1, sizes=(160,)), backbone)
    with pytest.raises(WeightsError, match="vit does not take pictures of 32 pixels"):
        fit_sizes(TINY, backbone)


def test_a_teacher_sees_crops_that_suit_its_card(catalogue: Catalogue) -> None:
    own_set(catalogue, "own", preprocess=replace(SMALL_PICTURES, resize=256, crop=224))
    assert teacher_side(Recipe(), catalogue.open("own")) == 168
    assert teacher_side(Recipe(teacher_size=96), catalogue.open("own")) == 96
    assert teacher_side(Recipe(), transformer(catalogue)) == 160
    with pytest.raises(WeightsError, match="vit does not take pictures of 96 pixels"):
        teacher_side(Recipe(teacher_size=96), catalogue.open("vit"))


def test_a_transformer_is_trained_from_scratch_and_stored_with_its_size(tmp_path: Path, catalogue: Catalogue) -> None:
    root = tint_folders(tmp_path / "data", {"red": 6, "blue": 6})
    recipe = replace(TINY, epochs=1, sizes=())
    trained, events = train(network_request(root, backbone="timm:test_vit3", recipe=recipe), catalogue)
    assert [event.size for event in events_of(EpochDone, events)] == [160]
    assert trained.entry is not None
    assert trained.entry.weights.preprocess.crop == 160
    load_network(catalogue.open("tiny"))
