"""Whole networks: learnt from some pictures, judged by others, rounded, calibrated, stored and used."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_samples import (
    TINY,
    assert_equal,
    events_of,
    is_epoch,
    network_request,
    own_set,
    stored_tensors,
    tint,
    tint_folders,
    train,
    train_until,
)

from model import train_network
from model.cancel import Cancelled, CancelToken
from model.cards import card_bytes, read_card
from model.classifier import Classifier
from model.dataset import Dataset, read_dataset
from model.decode import decode
from model.decode_limits import DecodeLimits
from model.devices import choose_device
from model.errors import DatasetError
from model.network import classification_head, load_network
from model.preprocess import prepare
from model.trained_set import in_fp16
from model.training_outcome import load_outcome
from model.training_pictures import TrainingPictures
from model.training_plan import folds_of
from model.training_types import EpochDone, FeatureProgress, FoldScore, RunStarted, StepProgress
from model.training_types import TestScore as HeldOutScore
from model.types import InstalledWeights, WeightsState
from model.weights import Catalogue

pytestmark = pytest.mark.usefixtures("one_thread")
SHORT = replace(TINY, epochs=2)


@pytest.fixture(scope="module")
def tints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tint_folders(tmp_path_factory.mktemp("tints"), {"red": 13, "blue": 13})
    (root / "red" / "copy.png").write_bytes((root / "red" / "1.png").read_bytes())
    return root


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The indices of the pictures that were learnt from, in their order."""
    indices: list[int] = []
    get = TrainingPictures.get

    def spy(self: TrainingPictures, index: int, cancel: CancelToken) -> torch.Tensor:
        indices.append(index)
        return get(self, index, cancel)

    monkeypatch.setattr(TrainingPictures, "get", spy)
    return indices


def pixels_of(path: Path, installed: InstalledWeights) -> np.ndarray:
    return prepare(decode(path, limits=DecodeLimits()).image, installed.weights.preprocess)[None]


def test_hold_out_parts_judge_what_was_learnt_from_the_others(
    tints: Path, catalogue: Catalogue, asked: list[int]
) -> None:
    trained, events = train(network_request(tints, recipe=replace(TINY, epochs=4)), catalogue)
    (started,) = events_of(RunStarted, events)
    (score,) = events_of(HeldOutScore, events)
    assert (started.fold, started.train + started.validation + started.test) == (None, 27)
    assert (started.epochs, started.device, started.precision) == (4, "CPU", "fp32")
    assert len(set(asked)) == started.train
    assert len(asked) == 4 * started.train
    assert score.count == started.test
    steps = list(events_of(StepProgress, events))
    assert steps[-1].done == steps[-1].total == started.train

    weights = catalogue.entry("tiny").weights
    assert catalogue.entry("tiny").state is WeightsState.ON_COMPUTER
    assert weights.accuracy[0].value == pytest.approx(score.accuracy, abs=1e-6)
    assert weights.accuracy[0].on.endswith(f"{score.count} of 27 pictures, held out, copies kept together")
    assert (weights.architecture, weights.layout, weights.classes) == ("timm:test_resnet", "timm", ("blue", "red"))
    assert weights.preprocess.crop == 40
    recipe = weights.recipe
    assert (recipe["kind"], recipe["seed"], recipe["folds"]) == ("trained from scratch", 0, 0)
    assert recipe["copies"] == 2
    epochs = recipe["epochs"]
    assert isinstance(epochs, list)
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3, 4]
    assert trained.entry == catalogue.entry("tiny")
    assert not trained.stopped_early
    assert not (catalogue.data_dir / "training" / "tiny").exists()


def test_the_card_is_read_as_it_was_written(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, recipe=SHORT), catalogue)
    path = catalogue.folder("tiny") / "card.json"
    assert card_bytes(read_card(path)) == path.read_bytes()
    settings = read_card(path).recipe["settings"]
    assert isinstance(settings, dict)
    assert settings["sizes"] == [32]
    assert settings["precision"] == "fp32"


def test_the_stored_set_tells_new_pictures_apart_and_knows_strange_ones(tmp_path: Path, catalogue: Catalogue) -> None:
    root = tint_folders(tmp_path / "data", {"red": 40, "blue": 40})
    train(network_request(root, validation_share=0.4, recipe=replace(TINY, epochs=5)), catalogue)
    installed = catalogue.open("tiny")
    calibration = installed.weights.calibration
    assert calibration is not None
    assert calibration.on == "data: 32 validation pictures"
    assert calibration.threshold > 0
    assert calibration.kept >= 0.95
    tensors = stored_tensors(catalogue, "tiny")
    assert {tensor.dtype for key, tensor in tensors.items() if "num_batches" not in key} == {torch.float16}
    classifier = Classifier(installed, choose_device("cpu"))
    new = {
        name: tint(tmp_path / f"{name}.png", colour, 999)
        for name, colour in {"red": (200, 60, 60), "blue": (60, 60, 200), "grey": (120, 120, 120)}.items()
    }
    verdicts = {name: classifier.classify(pixels_of(path, installed), 2) for name, path in new.items()}
    assert [verdicts[name].predictions[0][0].label for name in ("red", "blue")] == ["red", "blue"]
    assert verdicts["grey"].unsure == (True,)
    assert verdicts["red"].unsure == verdicts["blue"].unsure == (False,)


def test_folds_judge_every_picture_once_and_the_last_network_learns_from_all(
    tints: Path, catalogue: Catalogue, asked: list[int]
) -> None:
    request = network_request(tints, folds=3, recipe=SHORT)
    trained, events = train(request, catalogue)
    assert [event.fold for event in events_of(RunStarted, events)] == [0, 1, 2, None]
    scores = list(events_of(FoldScore, events))
    assert [(score.seed, score.fold) for score in scores] == [(0, 0), (0, 1), (0, 2)]
    assert sum(score.count for score in scores) == 27
    assert trained.scores == tuple(scores)
    *_, dataset = read_dataset(tints, DecodeLimits(), CancelToken())
    assert isinstance(dataset, Dataset)
    copied = (tints / "red" / "copy.png", tints / "red" / "1.png")
    copies = [index for index, image in enumerate(dataset.images) if image.path in copied]
    groups = np.arange(27)
    groups[copies] = copies[0]
    position = 0
    for split in folds_of(dataset, groups, request):
        learnt = asked[position : position + 2 * len(split.train)]
        position += len(learnt)
        assert sorted(set(learnt)) == split.train.tolist()
        assert not set(groups[learnt]) & set(groups[split.test])
    assert sorted(set(asked[position:])) == list(range(27))

    weights = catalogue.entry("tiny").weights
    accuracies = [score.accuracy for score in scores]
    assert weights.accuracy[0].value == pytest.approx(np.mean(accuracies), abs=1e-6)
    assert weights.accuracy[0].spread == pytest.approx(np.std(accuracies), abs=1e-6)
    assert "1 x 3 held-out folds of 27 pictures, copies kept together" in weights.accuracy[0].on
    assert weights.calibration is not None
    assert "held-out folds 0, 1, 2 of 3, by their own networks" in weights.calibration.on
    assert weights.recipe["folds"] == 3


def test_each_fold_keeps_its_network_and_the_figures_are_its_own(tints: Path, catalogue: Catalogue) -> None:
    trained, _ = train(network_request(tints, folds=3, recipe=SHORT), catalogue)
    folder = catalogue.data_dir / "training" / "tiny"
    assert sorted(path.name for path in folder.iterdir()) == ["fold-0", "fold-1", "fold-2", "plan.json"]
    tensors = []
    for score in trained.scores:
        own = folder / f"fold-{score.fold}"
        card = read_card(own / "card.json")
        assert card.id == f"tiny-fold-{score.fold}"
        assert card.accuracy[0].value == pytest.approx(score.accuracy, abs=1e-6)
        assert card.files[0].size == (own / "network.safetensors").stat().st_size
        outcome = load_outcome(own)
        assert outcome is not None
        assert len(outcome.test_logits) == score.count
        tensors.append(outcome.tensors)
        assert not (own / "state.pt").exists()
        assert list(own.glob("best-*")) == []
    assert not torch.equal(tensors[0]["fc.weight"], tensors[1]["fc.weight"])


def test_only_some_folds_can_be_measured_now_and_others_later(tints: Path, catalogue: Catalogue) -> None:
    request = network_request(tints, folds=3, recipe=SHORT)
    trained, _ = train(replace(request, only_folds=(1,), final=False), catalogue)
    assert trained.entry is None
    assert [score.fold for score in trained.scores] == [1]
    assert "tiny" not in [entry.weights.id for entry in catalogue.entries()]
    trained, events = train(replace(request, only_folds=(1, 2), resume=True), catalogue)
    assert [event.fold for event in events_of(RunStarted, events)] == [2, None]
    weights = catalogue.entry("tiny").weights
    count = sum(score.count for score in trained.scores)
    assert weights.accuracy[0].on.endswith(f"held-out folds 1, 2 of 3 ({count} of 27 pictures, copies kept together)")


def test_folders_that_name_parts_decide_and_leaking_pictures_are_left_out(
    tmp_path: Path, catalogue: Catalogue, asked: list[int]
) -> None:
    root = tint_folders(
        tmp_path / "parts",
        {"train/red": 8, "train/blue": 8, "val/red": 4, "val/blue": 4, "test/red": 5, "test/blue": 4},
    )
    shutil.copy(root / "test" / "red" / "0.png", root / "train" / "red" / "leak.png")
    _, events = train(network_request(root, folds=5, recipe=SHORT), catalogue)
    (started,) = events_of(RunStarted, events)
    assert (started.fold, started.train, started.validation, started.test) == (None, 16, 8, 9)
    *_, dataset = read_dataset(root, DecodeLimits(), CancelToken())
    assert isinstance(dataset, Dataset)
    learnt = {dataset.images[index].path for index in asked}
    assert {path.parent.parent.name for path in learnt} == {"train"}
    assert root / "train" / "red" / "leak.png" not in learnt
    assert catalogue.entry("tiny").weights.recipe["folds"] == 0


def test_without_any_part_that_judges_there_are_no_figures(tints: Path, catalogue: Catalogue) -> None:
    _, events = train(network_request(tints, validation_share=0.0, test_share=0.0, recipe=SHORT), catalogue)
    assert list(events_of(HeldOutScore, events)) == []
    weights = catalogue.entry("tiny").weights
    assert (weights.accuracy, weights.calibration) == ((), None)


def test_without_a_final_network_hold_out_parts_only_measure(tints: Path, catalogue: Catalogue) -> None:
    trained, events = train(network_request(tints, final=False, recipe=SHORT), catalogue)
    assert trained.entry is None
    assert len(list(events_of(HeldOutScore, events))) == 1
    assert not catalogue.folder("tiny").exists()


def test_the_same_request_gives_the_same_bytes(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "one", recipe=SHORT), catalogue)
    train(network_request(tints, "two", recipe=SHORT), catalogue)
    train(network_request(tints, "other", recipe=SHORT, seed=1), catalogue)
    first, second, other = (stored_tensors(catalogue, name) for name in ("one", "two", "other"))
    assert_equal(first, second)
    assert not torch.equal(first["fc.weight"], other["fc.weight"])


# --- from a weight set ---


def test_fine_tuning_begins_with_a_fitted_head(tints: Path, catalogue: Catalogue) -> None:
    """With a rate too small to learn by, what is stored is the backbone with the head of stage 1."""
    own_set(catalogue, "own")
    still = replace(SHORT, learning_rate=1e-9, weight_decay=0.0)
    _, events = train(network_request(tints, backbone="own", recipe=still), catalogue)
    assert any(isinstance(event, FeatureProgress) for event in events)
    weights = catalogue.entry("tiny").weights
    assert weights.recipe["kind"] == "fine-tuned"
    assert weights.recipe["backbone"] == "own"
    assert weights.accuracy[0].value == 1.0
    before, after = load_network(catalogue.open("own")), load_network(catalogue.open("tiny"))
    assert torch.allclose(before.layer4[0].conv1.weight, after.layer4[0].conv1.weight, atol=1e-3)
    assert classification_head(after)[1].out_features == 2


def test_the_part_that_is_frozen_is_stored_as_it_was(tints: Path, catalogue: Catalogue) -> None:
    own_set(catalogue, "own")
    train(network_request(tints, backbone="own", recipe=replace(SHORT, unfreeze=1)), catalogue)
    own, tuned = (stored_tensors(catalogue, name) for name in ("own", "tiny"))
    same = {key for key in tuned if key in own and torch.equal(own[key].half(), tuned[key].half())}
    assert {key for key in own if key.startswith(("conv1", "layer1", "layer2", "layer3"))} <= same
    assert "layer4.0.conv1.weight" not in same


# --- stopping ---


def test_a_stopped_hold_out_training_keeps_its_best_and_is_judged_by_it(tints: Path, catalogue: Catalogue) -> None:
    request = network_request(tints, recipe=replace(TINY, epochs=50))
    events = train_until(request, catalogue, is_epoch(2))
    trained = events[-1]
    assert trained.entry == catalogue.entry("tiny")  # type: ignore[attr-defined]
    assert trained.stopped_early  # type: ignore[attr-defined]
    recipe = catalogue.entry("tiny").weights.recipe
    epochs = recipe["epochs"]
    assert isinstance(epochs, list)
    assert len(epochs) == 2
    assert recipe["best_epoch"] == min(epochs, key=lambda epoch: epoch["validation_loss"])["epoch"]
    assert recipe["stopped_early"] is True
    (score,) = events_of(HeldOutScore, events)
    assert catalogue.entry("tiny").weights.accuracy[0].value == pytest.approx(score.accuracy, abs=1e-6)
    load_network(catalogue.open("tiny"))


@pytest.mark.parametrize("stage", [FeatureProgress, RunStarted, StepProgress])
def test_stopped_before_the_first_epoch_has_ended_it_stores_nothing(
    tints: Path, catalogue: Catalogue, stage: type
) -> None:
    with pytest.raises(Cancelled):
        train_until(network_request(tints), catalogue, lambda event: isinstance(event, stage))
    assert not (catalogue.data_dir / "weights").exists()


def test_a_stopped_fold_stores_nothing(tints: Path, catalogue: Catalogue) -> None:
    with pytest.raises(Cancelled):
        train_until(network_request(tints, folds=2), catalogue, is_epoch(2, 0))
    assert not (catalogue.data_dir / "weights").exists()


def test_a_stopped_last_network_has_no_figures_of_folds_that_learnt_for_longer(
    tints: Path, catalogue: Catalogue
) -> None:
    events = train_until(network_request(tints, folds=2), catalogue, is_epoch(1, None))
    assert events[-1].stopped_early  # type: ignore[attr-defined]
    weights = catalogue.entry("tiny").weights
    assert (weights.accuracy, weights.calibration) == ((), None)
    assert weights.recipe["best_epoch"] == 1


# --- failures ---


def test_a_network_that_cannot_be_stored_is_there_after_resuming(
    tints: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of training are not lost for a full disk at their end."""
    request = network_request(tints, recipe=SHORT)

    def fail(*_arguments: object, **_settings: object) -> None:
        raise DatasetError("train-state-not-saved", folder="x", reason="full")

    with monkeypatch.context() as patched:
        patched.setattr(train_network, "store_trained_set", fail)
        with pytest.raises(DatasetError):
            train(request, catalogue)
    _, events = train(replace(request, resume=True), catalogue)
    assert list(events_of(EpochDone, events)) == []
    assert catalogue.entry("tiny").state is WeightsState.ON_COMPUTER


def test_a_stopped_network_that_cannot_be_stored_is_trained_on_after_resuming(
    tints: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not be taken for one that was finished."""
    request = network_request(tints)

    def fail(*_arguments: object, **_settings: object) -> None:
        raise DatasetError("train-state-not-saved", folder="x", reason="full")

    with monkeypatch.context() as patched:
        patched.setattr(train_network, "store_trained_set", fail)
        with pytest.raises(DatasetError):
            train_until(request, catalogue, is_epoch(1))
    trained, events = train(replace(request, resume=True), catalogue)
    assert [event.epoch for event in events_of(EpochDone, events)] == [1, 2, 3]
    assert not trained.stopped_early


def test_a_picture_that_goes_away_meanwhile_is_named(tmp_path: Path, catalogue: Catalogue) -> None:
    root = tint_folders(tmp_path / "data", {"red": 6, "blue": 6})

    def watch() -> Iterator[object]:
        for event in train_network_events(root, catalogue):
            if isinstance(event, RunStarted):
                shutil.rmtree(root / "red")
            yield event

    with pytest.raises(DatasetError, match=r"\.png”.*not there any more"):
        list(watch())


def train_network_events(root: Path, catalogue: Catalogue) -> Iterator[object]:
    from model.train import train as job

    return job(network_request(root), catalogue, CancelToken())


def test_half_precision_keeps_what_would_overflow_or_vanish() -> None:
    state = {
        "weight": torch.tensor([1.0, -2.5]),
        "large": torch.tensor([70_000.0]),
        "running_var": torch.tensor([1e-9, 1.0]),
        "tiny.weight": torch.tensor([1e-9]),
        "num_batches_tracked": torch.tensor(100_000),
    }
    stored = in_fp16(state)
    assert {key: tensor.dtype for key, tensor in stored.items()} == {
        "weight": torch.float16,
        "large": torch.float32,
        "running_var": torch.float32,
        "tiny.weight": torch.float16,
        "num_batches_tracked": torch.int64,
    }
    assert all(torch.equal(stored[key].float(), state[key].float()) for key in stored if key != "tiny.weight")
