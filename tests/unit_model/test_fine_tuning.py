"""One network's training: what it depends on, what it keeps, and when it ends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from training_samples import SMALL_PICTURES, TINY, Pixels, assert_equal, fine_tuning, run, tiny_network, without_seconds

from model.cancel import CancelToken
from model.errors import DatasetError
from model.training_outcome import held_out_logits
from model.training_state import load_best
from model.training_types import EpochDone, Recipe, StepProgress

pytestmark = pytest.mark.usefixtures("one_thread")
ONE_EPOCH = replace(TINY, epochs=1)


def trained(folder: Path, recipe: Recipe = ONE_EPOCH, **changes: object) -> tuple[dict[str, torch.Tensor], EpochDone]:
    """The best network's tensors and the last epoch."""
    tuning = fine_tuning(folder, recipe, **changes)
    epochs = run(tuning)
    return tuning.best_network().state_dict(), epochs[-1]


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    first, epoch = trained(tmp_path / "1", TINY)
    torch.manual_seed(99)  # where torch's own generator stands does not matter
    second, again = trained(tmp_path / "2", TINY)
    assert_equal(first, second)
    assert replace(epoch, seconds=0.0) == replace(again, seconds=0.0)


def test_another_seed_gives_another_network(tmp_path: Path) -> None:
    first, _ = trained(tmp_path / "1")
    second, _ = trained(tmp_path / "2", seed=1)
    assert not torch.equal(first["fc.weight"], second["fc.weight"])


def test_training_leaves_torchs_own_generator_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    trained(tmp_path)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_tells_the_classes_apart_is_learnt(tmp_path: Path) -> None:
    _, epoch = trained(tmp_path, replace(TINY, epochs=5))
    assert epoch.validation_accuracy == 1.0
    assert epoch.validation_loss is not None
    assert epoch.validation_loss < 0.5


def test_only_the_training_part_is_learnt_from(tmp_path: Path) -> None:
    pixels = Pixels(24)
    trained(tmp_path, replace(TINY, epochs=2), pixels=pixels)
    assert sorted(set(pixels.asked)) == list(range(8, 24))
    assert len(pixels.asked) == 2 * 16
    assert pixels.asked[:16] != pixels.asked[16:], "each epoch has an order of its own"


def test_progress_tells_of_every_picture_once(tmp_path: Path) -> None:
    tuning = fine_tuning(tmp_path, replace(TINY, epochs=2, batch_size=7))
    steps = [event for event in tuning.run(CancelToken(), resume=False) if isinstance(event, StepProgress)]
    assert [(step.epoch, step.done) for step in steps] == [(1, 6), (1, 11), (1, 16), (2, 6), (2, 11), (2, 16)]
    assert all(step.total == 16 and step.epochs == 2 for step in steps)
    assert all(step.seconds_left is not None and step.seconds_left >= 0 for step in steps)
    assert steps[-1].seconds_left == 0


# --- which blocks learn ---


def changed_blocks(folder: Path, recipe: Recipe, **changes: object) -> tuple[set[str], set[str]]:
    """Blocks whose parameters, and blocks whose BatchNorm statistics differ after an epoch."""
    network = tiny_network()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    after, _ = trained(folder, recipe, network=network, **changes)
    different = {key for key in before if not torch.equal(before[key], after[key])}
    statistics = {key for key in different if key.endswith(("running_mean", "running_var", "num_batches_tracked"))}
    return {key.split(".")[0] for key in different - statistics}, {key.split(".")[0] for key in statistics}


def test_with_nothing_unfrozen_the_head_alone_learns(tmp_path: Path) -> None:
    learnt, statistics = changed_blocks(tmp_path, replace(ONE_EPOCH, unfreeze=0), from_scratch=False)
    assert learnt == {"fc"}
    assert statistics == set()


def test_blocks_are_unfrozen_from_the_top(tmp_path: Path) -> None:
    learnt, statistics = changed_blocks(tmp_path, replace(ONE_EPOCH, unfreeze=2), from_scratch=False)
    assert learnt == {"layer3", "layer4", "fc"}
    assert statistics == set()


def test_all_layers_learn_and_from_scratch_their_statistics_too(tmp_path: Path) -> None:
    every = {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"}
    assert changed_blocks(tmp_path / "scratch", ONE_EPOCH) == (every | {"fc"}, every - {"conv1"} | {"conv1"})
    learnt, statistics = changed_blocks(tmp_path / "tuned", ONE_EPOCH, from_scratch=False)
    assert learnt == every | {"fc"}
    assert statistics == set()


@pytest.mark.parametrize(("mode", "from_scratch", "learns"), [("train", False, True), ("frozen", True, False)])
def test_the_recipe_may_say_whether_statistics_are_learnt(
    tmp_path: Path, mode: str, from_scratch: bool, learns: bool
) -> None:
    recipe = replace(ONE_EPOCH, batch_norm=mode)  # type: ignore[arg-type]
    _, statistics = changed_blocks(tmp_path, recipe, from_scratch=from_scratch)
    assert bool(statistics) is learns


def test_statistics_of_frozen_blocks_stay_even_where_others_learn(tmp_path: Path) -> None:
    _, statistics = changed_blocks(tmp_path, replace(ONE_EPOCH, unfreeze=2, batch_norm="train"), from_scratch=False)
    assert statistics == {"layer3", "layer4"}


# --- what the recipe changes ---


@pytest.mark.parametrize(
    "change",
    [
        {"label_smoothing": 0.0},
        {"class_weights": False},
        {"mixup": 0.4},
        {"crop_scale": 0.9},
        {"rand_augment": 9},
        {"colour_jitter": 0.0},
        {"weight_decay": 0.5},
        {"learning_rate": 1e-4},
        {"warm_up": 0.9},
        {"optimiser": "sgd"},
        {"ema_decay": 0.5},
        {"batch_size": 5},
        {"sizes": (48,)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_reaches_the_network(tmp_path: Path, change: dict[str, object]) -> None:
    labels = Pixels(24).labels
    labels[20:] = 0  # uneven classes, for their weights to matter
    plain, _ = trained(tmp_path / "plain", labels=labels)
    changed, _ = trained(tmp_path / "changed", replace(ONE_EPOCH, **change), labels=labels)  # type: ignore[arg-type]
    assert not torch.equal(plain["fc.weight"], changed["fc.weight"])


class _Constant(nn.Module):
    """Says the same of every picture: the given logits. It has something to learn, and learns hardly anything."""

    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 1, 1)
        self.head = nn.Linear(2, 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.eye(2))
            self.head.bias.zero_()
        self.register_buffer("logits", torch.tensor([logits]))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        given: torch.Tensor = self.head(self.logits.expand(len(pictures), 2))
        return given


BARELY = replace(ONE_EPOCH, learning_rate=1e-12, weight_decay=0.0, label_smoothing=0.0, class_weights=False)


def loss_of(folder: Path, recipe: Recipe, labels: torch.Tensor) -> float:
    """The training loss of a network that gives logits 2 and 0 for every picture."""
    return trained(folder, recipe, network=_Constant([2.0, 0.0]), labels=labels)[1].train_loss


def test_the_loss_is_the_mean_cross_entropy_with_smoothing_and_class_weights(tmp_path: Path) -> None:
    labels = torch.tensor([0, 1] * 4 + [0] * 12 + [1] * 4)
    first, second = -torch.log_softmax(torch.tensor([2.0, 0.0]), 0)
    plain = (12 * first + 4 * second) / 16
    assert loss_of(tmp_path / "1", BARELY, labels) == pytest.approx(float(plain), abs=1e-5)
    # Smoothing by 0.2 gives each of the two classes 0.1, and takes 0.2 from the right one.
    smoothed = (12 * (0.9 * first + 0.1 * second) + 4 * (0.9 * second + 0.1 * first)) / 16
    recipe = replace(BARELY, label_smoothing=0.2)
    assert loss_of(tmp_path / "2", recipe, labels) == pytest.approx(float(smoothed), abs=1e-5)
    # 12 and 4 pictures: weights 16 / (2 * 12) and 16 / (2 * 4).
    weighted = (12 * first * 16 / 24 + 4 * second * 16 / 8) / 16
    recipe = replace(BARELY, class_weights=True)
    assert loss_of(tmp_path / "3", recipe, labels) == pytest.approx(float(weighted), abs=1e-5)


def test_mixup_blends_the_targets(tmp_path: Path) -> None:
    """Of a network that knows nothing, equal logits, the loss is log 2 however targets are blended; else it differs."""
    labels = Pixels(24).labels
    mixed = replace(BARELY, mixup=1.0)
    equal = trained(tmp_path / "1", mixed, network=_Constant([0.0, 0.0]), labels=labels)[1].train_loss
    assert equal == pytest.approx(0.693147, abs=1e-4)
    sided = labels.clone()
    sided[8:] = 0  # all of one class: blending changes nothing
    assert loss_of(tmp_path / "2", mixed, sided) == pytest.approx(loss_of(tmp_path / "3", BARELY, sided), abs=1e-5)


def test_sizes_come_in_order_and_rates_fall(tmp_path: Path) -> None:
    epochs = run(fine_tuning(tmp_path, replace(TINY, epochs=4, sizes=(32, 48), warm_up=0.0)))
    assert [epoch.size for epoch in epochs] == [32, 32, 48, 48]
    rates = [epoch.learning_rate for epoch in epochs]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.1 * rates[0]


def test_the_average_of_the_weights_is_what_is_judged_and_kept(tmp_path: Path) -> None:
    pixels = Pixels(24)
    tuning = fine_tuning(tmp_path, replace(TINY, epochs=2, ema_decay=0.9), pixels=pixels)
    epochs = run(tuning)
    logits = held_out_logits(tuning.best_network(), pixels.prepared(np.arange(8)), SMALL_PICTURES)
    loss = nn.functional.cross_entropy(torch.from_numpy(logits), pixels.labels[:8])
    assert epochs[tuning.best_epoch - 1].validation_loss == pytest.approx(float(loss), rel=1e-3)
    kept = load_best(tmp_path, tuning.best_epoch)
    live = torch.load(tmp_path / "state.pt", weights_only=True)["tensors"]["network"]
    assert kept.keys() == live.keys()
    assert not torch.equal(kept["fc.weight"], live["fc.weight"])
    assert not torch.equal(kept["bn1.running_mean"], live["bn1.running_mean"])


# --- the best, and the end ---


def test_the_best_by_validation_loss_is_kept(tmp_path: Path) -> None:
    """A rate far too large after a good start."""
    tuning = fine_tuning(tmp_path, replace(TINY, epochs=4, optimiser="sgd", learning_rate=3.0, warm_up=0.99))
    epochs = run(tuning)
    losses = [epoch.validation_loss for epoch in epochs]
    assert tuning.best_epoch == 1 + losses.index(min(losses))  # type: ignore[type-var]
    assert [epoch.best for epoch in epochs] == [
        all(loss < earlier for earlier in losses[:index])  # type: ignore[operator]
        for index, loss in enumerate(losses)
    ]
    assert [path.name for path in tmp_path.glob("best-*")] == [f"best-{tuning.best_epoch}.pt"]


def test_it_stops_when_validation_has_not_improved_for_long_enough(tmp_path: Path) -> None:
    """Labels that contradict: what is learnt is wrong of the validation part, more so after each epoch."""
    labels = Pixels(24).labels
    labels[:8] = 1 - labels[:8]
    recipe = replace(TINY, epochs=9, patience=2)
    tuning = fine_tuning(tmp_path, recipe, labels=labels)
    epochs = run(tuning)
    assert len(epochs) == tuning.best_epoch + 2 < 9
    assert len(run(fine_tuning(tmp_path / "patient", replace(recipe, patience=0), labels=labels))) == 9


def test_without_a_validation_part_the_last_is_the_best(tmp_path: Path) -> None:
    tuning = fine_tuning(tmp_path, replace(TINY, patience=1), validation=0)
    epochs = run(tuning)
    assert [(epoch.best, epoch.validation_loss, epoch.validation_accuracy) for epoch in epochs] == [
        (True, None, None)
    ] * 3
    assert tuning.best_epoch == 3


def test_a_training_that_runs_out_of_numbers_says_so_and_keeps_the_earlier_state(tmp_path: Path) -> None:
    run(fine_tuning(tmp_path), until=1)
    broken = torch.load(tmp_path / "state.pt", weights_only=True)
    broken["tensors"]["network"]["fc.bias"][0] = float("nan")
    torch.save(broken, tmp_path / "state.pt")
    with pytest.raises(DatasetError, match=r"epoch 2.*no longer finite") as caught:
        run(fine_tuning(tmp_path), resume=True)
    assert "smaller learning rate" in caught.value.remedy
    assert len(torch.load(tmp_path / "state.pt", weights_only=True)["history"]) == 1


def test_a_first_epoch_that_cannot_be_judged_is_never_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No loss is smaller than one that is not a number."""
    tuning = fine_tuning(tmp_path)
    monkeypatch.setattr(tuning, "_validate", lambda: (float("nan"), 0.5))
    with pytest.raises(DatasetError, match="no longer finite"):
        run(tuning)
    assert tuning.best_epoch == 0


def test_cancelling_in_an_epoch_ends_it_in_silence_and_keeps_what_was_before(tmp_path: Path) -> None:
    tuning = fine_tuning(tmp_path)
    epochs = run(tuning, until=1)
    assert [epoch.epoch for epoch in epochs] == [1]
    assert tuning.best_epoch == 1
    assert without_seconds(tuning.history) == without_seconds(tuple(epochs))


def test_cancelling_while_a_picture_is_decoded_keeps_what_was_before_too(tmp_path: Path) -> None:
    cancel, pixels = CancelToken(), Pixels(24)
    tuning = fine_tuning(tmp_path, pixels=pixels)
    get = pixels.get

    def cancelled_in_the_second_epoch(index: int, token: CancelToken) -> torch.Tensor:
        if len(pixels.asked) == 20:
            cancel.cancel()
        return get(index, token)

    pixels.get = cancelled_in_the_second_epoch  # type: ignore[method-assign]
    epochs = [event for event in tuning.run(cancel, resume=False) if isinstance(event, EpochDone)]
    assert len(epochs) == tuning.best_epoch == 1


def test_before_the_first_epoch_has_ended_there_is_nothing_to_keep(tmp_path: Path) -> None:
    tuning = fine_tuning(tmp_path)
    assert run(tuning, until=0) == []
    assert tuning.best_epoch == 0
    assert not (tmp_path / "state.pt").exists()


# --- networks of other kinds ---


class _WithAuxiliaryHead(nn.Module):
    """Gives a tuple while it learns, as GoogLeNet does."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.aux = nn.Linear(8, 2)
        self.fc = nn.Linear(8, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        features = self.body(pictures)
        return (self.fc(features), self.aux(features)) if self.training else self.fc(features)


def test_a_network_that_gives_several_outputs_learns_from_the_first(tmp_path: Path) -> None:
    network = _WithAuxiliaryHead()
    before = network.fc.weight.detach().clone()
    after, _ = trained(tmp_path, network=network)
    assert not torch.equal(after["fc.weight"], before)


@pytest.mark.parametrize("architecture", ["timm:test_efficientnet", "timm:test_convnext", "torchvision:resnet18"])
def test_networks_of_several_kinds_can_be_trained(tmp_path: Path, architecture: str) -> None:
    _, epoch = trained(tmp_path, network=tiny_network(architecture))
    assert epoch.train_loss > 0
