"""What a teacher says enters the loss: soft labels by hand, features that come nearer, hooks that come off."""

import math

import pytest
import torch
from torch import nn
from training_samples import SMALL_PICTURES, tiny_network

from model.distillation import FeatureMatch, FeatureTap, Teacher, channels_of, feature_modules, soft_label_loss
from model.fine_tuning import NormaliseFloat
from model.network import build_network, prepare_for_inference

pytestmark = pytest.mark.usefixtures("one_thread")


def value(loss: torch.Tensor) -> float:
    return loss.item()


# --- soft labels ---


def test_the_soft_label_loss_is_the_divergence_reckoned_by_hand() -> None:
    """Softened by 2: logits (2, 0) are (1, 0), so e / (e + 1); (0, 4) are (0, 2), so 1 / (e^2 + 1)."""
    ours = [1 / (math.e + 1), math.e / (math.e + 1)][::-1]
    theirs = [1 / (math.e**2 + 1), math.e**2 / (math.e**2 + 1)]
    by_hand = sum(p * math.log(p / q) for p, q in zip(theirs, ours, strict=True)) * 2**2
    given = soft_label_loss(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]]), 2.0)
    assert float(given) == pytest.approx(by_hand, rel=1e-5)


def test_the_soft_label_loss_is_the_mean_over_pictures() -> None:
    generator = torch.Generator().manual_seed(0)
    ours, theirs = torch.randn(6, 4, generator=generator), torch.randn(6, 4, generator=generator)
    single = [float(soft_label_loss(ours[i : i + 1], theirs[i : i + 1], 3.0)) for i in range(6)]
    assert float(soft_label_loss(ours, theirs, 3.0)) == pytest.approx(sum(single) / 6, rel=1e-5)


def test_equal_logits_cost_nothing_and_a_shift_of_all_neither() -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    assert float(soft_label_loss(logits, logits, 2.0)) == pytest.approx(0, abs=1e-6)
    assert float(soft_label_loss(logits + 7, logits, 2.0)) == pytest.approx(0, abs=1e-5)
    assert float(soft_label_loss(logits.flip(1), logits, 2.0)) > 0.01


def test_the_gradient_goes_to_the_student() -> None:
    ours = torch.zeros(1, 2, requires_grad=True)
    soft_label_loss(ours, torch.tensor([[3.0, 0.0]]), 1.0).backward()
    assert ours.grad is not None
    assert ours.grad[0, 0] < 0 < ours.grad[0, 1]


# --- features ---


def test_stages_are_found_by_their_reduction() -> None:
    assert feature_modules(build_network("torchvision:resnet50", 4)) == {8: "layer2", 16: "layer3", 32: "layer4"}
    lite = build_network("timm:tf_efficientnet_lite2", 4)
    modules = feature_modules(lite)
    assert modules.keys() == {8, 16, 32}
    assert all(name in dict(lite.named_modules()) for name in modules.values())
    assert feature_modules(nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(4, 2))) == {}


@pytest.mark.parametrize("architecture", ["torchvision:resnet18", "timm:test_resnet", "timm:tf_efficientnet_lite0"])
def test_the_maps_have_the_size_that_their_reduction_says(architecture: str) -> None:
    network = tiny_network(architecture).eval()
    with FeatureTap(network, (8, 16, 32)) as tap, torch.no_grad():
        network(torch.zeros(2, 3, 64, 64))
        assert {key: value.shape[2:] for key, value in tap.maps.items() if key} == {8: (8, 8), 16: (4, 4), 32: (2, 2)}
        assert tap.maps[0].dim() == 2


def hooks_of(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules())


def test_hooks_come_off() -> None:
    network = tiny_network()
    tap = FeatureTap(network, (8, 16))
    assert hooks_of(network) == 3
    with tap:
        pass
    assert hooks_of(network) == 0
    network(torch.zeros(2, 3, 32, 32))
    assert tap.maps == {}


def teacher_of(student: nn.Module, *, same_classes: bool = True, seed: int = 3, architecture: str = "") -> Teacher:
    network = tiny_network(architecture or "timm:test_efficientnet", seed=seed).eval()
    return Teacher(network, NormaliseFloat(SMALL_PICTURES), student, same_classes=same_classes)


def test_a_lesson_has_logits_and_the_maps_that_both_networks_have() -> None:
    student = tiny_network("torchvision:resnet18")
    teacher = teacher_of(student)
    lesson = teacher.teach(torch.full((2, 3, 64, 64), 100.0))
    assert teacher.reductions == (8, 16, 32)
    assert lesson.logits is not None
    assert lesson.logits.shape == (2, 2)
    assert not lesson.logits.requires_grad
    assert lesson.maps.keys() == {0, 8, 16, 32}
    teacher.close()


def test_a_teacher_of_other_classes_gives_features_alone() -> None:
    lesson = teacher_of(tiny_network(), same_classes=False).teach(torch.zeros(2, 3, 32, 32))
    assert lesson.logits is None
    assert lesson.maps.keys() == {0, 8, 16, 32}


def test_a_network_without_stages_is_taught_by_pooled_features() -> None:
    student = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    teacher = teacher_of(student)
    assert teacher.reductions == ()
    lesson = teacher.teach(torch.zeros(2, 3, 32, 32))
    with FeatureTap(student, teacher.reductions) as tap:
        student(torch.zeros(2, 3, 32, 32))
        match = FeatureMatch(channels_of(tap.maps), channels_of(lesson.maps))
        assert list(match.maps) == ["0"]
        assert bool(match(tap.maps, lesson.maps).isfinite())


@pytest.mark.parametrize("transformer", ["student", "teacher"])
def test_tokens_of_a_transformer_are_no_maps_and_its_pooled_features_are_compared(transformer: str) -> None:
    architectures = {"student": "timm:test_resnet", "teacher": "timm:test_resnet", transformer: "timm:test_vit"}
    student = tiny_network(architectures["student"]).eval()
    teacher = teacher_of(student, architecture=architectures["teacher"])
    pictures = torch.zeros(2, 3, 160, 160)
    lesson = teacher.teach(pictures)
    with FeatureTap(student, teacher.reductions) as tap:
        student(pictures)
        match = FeatureMatch(channels_of(tap.maps), channels_of(lesson.maps))
        assert list(match.maps) == ["0"]
        assert bool(match(tap.maps, lesson.maps).isfinite())


def test_channels_that_come_last_are_no_map() -> None:
    assert channels_of({0: torch.zeros(2, 7), 8: torch.zeros(2, 5, 4, 4), 16: torch.zeros(2, 2, 2, 9)}) == {0: 7, 8: 5}


def test_a_folded_teacher_says_the_same() -> None:
    student = tiny_network()
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 255
    plain = tiny_network("torchvision:resnet18", seed=4).eval()
    folded = prepare_for_inference(tiny_network("torchvision:resnet18", seed=4).eval(), torch.device("cpu"))
    lessons = [
        Teacher(network, NormaliseFloat(SMALL_PICTURES), student, same_classes=True).teach(pictures)
        for network in (plain, folded)
    ]
    assert lessons[0].maps.keys() == lessons[1].maps.keys() == {0, 8, 16, 32}
    for key in lessons[0].maps:
        assert torch.allclose(lessons[0].maps[key], lessons[1].maps[key], atol=1e-3)


def test_the_distance_falls_when_it_is_learnt_from() -> None:
    torch.manual_seed(0)
    match = FeatureMatch({0: 6, 8: 4}, {0: 5, 8: 3})
    ours = {0: torch.randn(8, 6), 8: torch.randn(8, 4, 5, 5)}
    wanted = nn.Linear(6, 5), nn.Conv2d(4, 3, 1)
    with torch.no_grad():
        theirs = {0: wanted[0](ours[0]), 8: wanted[1](ours[8])}
    optimiser = torch.optim.Adam(match.parameters(), lr=0.05)
    losses = []
    for _ in range(150):
        loss = match(ours, theirs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_every_channel_of_the_teacher_counts_alike() -> None:
    """A channel a thousand times larger changes nothing, for they are standardised."""
    torch.manual_seed(1)
    match = FeatureMatch({8: 4}, {8: 2})
    ours, theirs = {8: torch.randn(4, 4, 6, 6)}, torch.randn(4, 2, 6, 6)
    scaled = theirs * torch.tensor([1.0, 1000.0]).view(1, 2, 1, 1)
    assert value(match(ours, {8: theirs})) == pytest.approx(value(match(ours, {8: scaled})), rel=1e-3)


def test_maps_of_different_sizes_are_compared_on_the_coarser_grid() -> None:
    torch.manual_seed(2)
    match = FeatureMatch({8: 4}, {8: 4})
    coarse, fine = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 4, 4)
    pooled = nn.functional.adaptive_avg_pool2d(fine, (2, 2))
    assert value(match({8: fine}, {8: coarse})) == pytest.approx(value(match({8: pooled}, {8: coarse})))
    assert value(match({8: coarse}, {8: fine})) == pytest.approx(value(match({8: coarse}, {8: pooled})))
