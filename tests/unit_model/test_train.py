"""Training a head on the built-in network: the figures, the stored set, and its use afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from shape_pictures import draw
from training_samples import request_for, train

from model.cancel import Cancelled, CancelToken
from model.classifier import Classifier
from model.cli import main
from model.decode import decode
from model.decode_limits import DecodeLimits
from model.devices import choose_device
from model.errors import DatasetError, WeightsError
from model.exit_codes import EXIT_OK
from model.network import classification_head, load_network
from model.preprocess import prepare
from model.train import train as train_job
from model.training_types import DatasetSummary, FeatureProgress, FoldScore, TrainRequest
from model.training_types import TestScore as HeldOutScore
from model.types import WeightsState
from model.weights import Catalogue, default_catalogue


def test_a_trained_set_is_measured_stored_and_of_use(shapes: Path, catalogue: Catalogue) -> None:
    trained, events = train(request_for(shapes), catalogue)
    summary = next(event for event in events if isinstance(event, DatasetSummary))
    assert summary.counts == (("disc", 16), ("square", 15))
    assert (summary.copies, summary.copy_groups, summary.largest_group) == (2, 1, 2)
    scores = [event for event in events if isinstance(event, FoldScore)]
    assert len(scores) == 3
    assert sum(score.count for score in scores) == 31

    entry = catalogue.entry("shapes")
    assert entry.state is WeightsState.ON_COMPUTER
    figure = entry.weights.accuracy[0]
    assert figure.value == pytest.approx(np.mean([score.accuracy for score in scores]), abs=1e-5)
    assert figure.value > 0.85
    assert not figure.published
    assert "copies kept together" in figure.on
    assert entry.weights.recipe["dataset_sha256"]
    assert [file.role for file in entry.weights.files] == ["backbone", "head"]

    installed = catalogue.open("shapes")
    head = safetensors.torch.load_file(installed.paths["head"])
    assert {key: tensor.dtype for key, tensor in head.items()} == {"weight": torch.float16, "bias": torch.float16}
    classifier = Classifier(installed, choose_device("cpu"))
    new = [draw(shapes.parent / "new" / f"{shape}.png", shape, 999) for shape in ("disc", "square")]
    pixels = [prepare(decode(path, limits=DecodeLimits()).image, installed.weights.preprocess) for path in new]
    output = classifier.classify(np.stack(pixels), 2)
    assert [row[0].label for row in output.predictions] == ["disc", "square"]
    assert trained.entry == entry


def test_features_are_computed_once(shapes: Path, catalogue: Catalogue) -> None:
    _, first = train(request_for(shapes, "one"), catalogue)
    _, second = train(request_for(shapes, "two"), catalogue)
    assert any(isinstance(event, FeatureProgress) for event in first)
    assert not any(isinstance(event, FeatureProgress) for event in second)
    assert [e for e in first if isinstance(e, FoldScore)] == [e for e in second if isinstance(e, FoldScore)]


def test_a_name_that_is_taken_is_refused_before_any_work(shapes: Path, catalogue: Catalogue) -> None:
    (catalogue.data_dir / "weights" / "mine").mkdir(parents=True)
    with pytest.raises(WeightsError, match="mine already"):
        next(train_job(request_for(shapes, "mine"), catalogue, CancelToken()))


@pytest.mark.parametrize("force", [False, True])
def test_a_set_that_ships_with_the_program_is_never_replaced(shapes: Path, catalogue: Catalogue, force: bool) -> None:
    """The user's copy would contradict the program's card, and neither could be used."""
    request = replace(request_for(shapes, "weather-lite2"), overwrite=force)
    with pytest.raises(WeightsError, match="comes with Photospotter"):
        next(train_job(request, catalogue, CancelToken()))


@pytest.mark.parametrize("name", ["../evil", "", "Mine", "a b", ".hidden", "imagenet", "weather", "a/b"])
def test_a_name_that_no_set_can_have_is_refused_before_any_work(shapes: Path, catalogue: Catalogue, name: str) -> None:
    with pytest.raises(WeightsError, match="cannot be the name"):
        next(train_job(request_for(shapes, name), catalogue, CancelToken()))


def test_too_few_pictures_for_the_folds_are_refused(shapes: Path, catalogue: Catalogue) -> None:
    with pytest.raises(DatasetError, match="too few for 50 folds"):
        train(replace(request_for(shapes), folds=50), catalogue)


def test_cancelling_leaves_nothing_behind(shapes: Path, catalogue: Catalogue) -> None:
    cancel = CancelToken()

    def until_features() -> Iterator[object]:
        for event in train_job(request_for(shapes), catalogue, cancel):
            if isinstance(event, FeatureProgress):
                cancel.cancel()
            yield event

    with pytest.raises(Cancelled):
        list(until_features())
    assert "shapes" not in [entry.weights.id for entry in catalogue.entries()]
    folder = catalogue.data_dir / "weights"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_set_that_ships_with_the_program_is_a_card_and_a_head(
    shapes: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    trained, _ = train(replace(request_for(shapes), into=tmp_path / "weights", family="weather"), catalogue)
    assert sorted(path.name for path in (tmp_path / "weights").iterdir()) == ["shapes.json", "shapes.safetensors"]
    assert trained.entry.state is WeightsState.BUILT_IN


def test_the_command_line_prints_every_fold_then_mean_and_spread(
    shapes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shapes.parent)
    arguments = ["train", shapes.name, "--out", "mine", "--folds", "3", "--seeds", "1", "--quiet"]
    assert main(arguments) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert [line[:13] for line in lines[:3]] == ["seed 0 fold 0", "seed 0 fold 1", "seed 0 fold 2"]
    assert lines[3].startswith("mean ")
    assert default_catalogue().entry("mine").state is WeightsState.ON_COMPUTER


def test_without_folds_a_head_is_judged_by_parts_that_it_never_saw(shapes: Path, catalogue: Catalogue) -> None:
    trained, events = train(replace(request_for(shapes, folds=0), validation_share=0.4, test_share=0.2), catalogue)
    (score,) = [event for event in events if isinstance(event, HeldOutScore)]
    weights = catalogue.entry("shapes").weights
    assert weights.accuracy[0].value == pytest.approx(score.accuracy, abs=1e-5)
    assert f"{score.count} of 31 pictures, held out" in weights.accuracy[0].on
    assert 4 <= score.count <= 8
    assert weights.calibration is not None
    assert "validation pictures" in weights.calibration.on
    assert trained.scores == ()
    assert trained.l2 > 0


def test_a_head_is_calibrated_by_the_folds_of_the_first_seed(shapes: Path, catalogue: Catalogue) -> None:
    train(request_for(shapes), catalogue)
    calibration = catalogue.entry("shapes").weights.calibration
    assert calibration is not None
    assert calibration.on == "shapes0: the 3 held-out folds of seed 0".replace("shapes0", shapes.name)
    assert 0 < calibration.threshold
    assert calibration.kept >= 0.95


def test_some_folds_alone_can_be_measured_and_nothing_stored(shapes: Path, catalogue: Catalogue) -> None:
    request = replace(request_for(shapes), only_folds=(2, 0, 2))
    trained, _ = train(replace(request, final=False), catalogue)
    assert trained.entry is None
    assert [score.fold for score in trained.scores] == [2, 0]
    assert "shapes" not in [entry.weights.id for entry in catalogue.entries()]
    train(request, catalogue)
    weights = catalogue.entry("shapes").weights
    assert "held-out folds 2, 0 of 3" in weights.accuracy[0].on
    assert weights.calibration is not None
    assert "held-out folds 2, 0 of 3 of seed 0" in weights.calibration.on


def test_hold_out_parts_can_be_measured_and_nothing_stored(shapes: Path, catalogue: Catalogue) -> None:
    trained, events = train(replace(request_for(shapes, folds=0), final=False), catalogue)
    assert trained.entry is None
    assert any(isinstance(event, HeldOutScore) for event in events)
    assert "shapes" not in [entry.weights.id for entry in catalogue.entries()]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"folds": 1}, "train-one-fold"),
        ({"only_folds": (3,)}, "train-fold-unknown"),
        ({"validation_share": 0.5, "test_share": 0.5}, "train-nothing-to-learn-from"),
        ({"teacher": "imagenet-lite2"}, "train-teacher-needs-epochs"),
    ],
)
def test_what_no_pictures_could_fulfil_is_refused_before_any_is_read(
    shapes: Path, catalogue: Catalogue, change: dict[str, object], code: str
) -> None:
    request: TrainRequest = replace(request_for(shapes), **change)  # type: ignore[arg-type]
    with pytest.raises(DatasetError) as caught:
        next(train_job(request, catalogue, CancelToken()))
    assert caught.value.problem.code == code


def test_a_head_on_random_features_is_refused(shapes: Path, catalogue: Catalogue) -> None:
    with pytest.raises(WeightsError, match="random values") as caught:
        train(replace(request_for(shapes), backbone="resnet18"), catalogue)
    assert "--epochs" in caught.value.remedy


# What the sets that ship must at least have reached, and in how many folds trained in full.
SHIPPED = {"weather-lite2": (0.97, 5), "weather-resnet50": (0.94, 2)}


@pytest.mark.parametrize("weights_id", SHIPPED)
def test_the_weather_sets_that_ship_were_measured_as_their_cards_say(weights_id: str) -> None:
    catalogue = default_catalogue()
    weights = catalogue.entry(weights_id).weights
    recipe = weights.recipe
    bar, count = SHIPPED[weights_id]
    scores = recipe["fold_scores"]
    assert isinstance(scores, list)
    assert recipe["kind"] == ("fine-tuned" if weights_id == "weather-lite2" else "trained from scratch")
    assert len(scores) >= count
    assert {score["seed"] for score in scores} == {0}
    assert len({score["fold"] for score in scores}) == len(scores)
    assert weights.accuracy[0].value >= bar
    assert weights.calibration is not None
    assert recipe["fp16_changes"] == 0
    assert recipe["seed"] == 0
    if len(scores) == recipe["folds"]:
        pictures = recipe["pictures"]
        assert isinstance(pictures, dict)
        assert sum(score["count"] for score in scores) == sum(pictures.values())
    accuracies = [score["accuracy"] for score in scores]
    assert weights.accuracy[0].value == pytest.approx(float(np.mean(accuracies)), abs=1e-5)
    assert weights.accuracy[0].spread == pytest.approx(float(np.std(accuracies)), abs=1e-5)
    assert weights.classes == ("cloudy", "rain", "shine", "sunrise")
    _, head = classification_head(load_network(catalogue.open(weights_id)))
    assert head.out_features == 4


def test_weather_is_the_resnet_50() -> None:
    assert default_catalogue().resolve("weather") == "weather-resnet50"
