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
from model.decode import DecodeLimits, decode
from model.devices import choose_device
from model.errors import DatasetError, WeightsError
from model.exit_codes import EXIT_OK
from model.features import FeatureProgress
from model.linear_head import FoldScore
from model.network import load_network
from model.preprocess import prepare
from model.train import DatasetSummary, train_head
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
        next(train_head(request_for(shapes, "mine"), catalogue, CancelToken()))


@pytest.mark.parametrize("force", [False, True])
def test_a_set_that_ships_with_the_program_is_never_replaced(shapes: Path, catalogue: Catalogue, force: bool) -> None:
    """The user's copy would contradict the program's card, and neither could be used."""
    request = replace(request_for(shapes, "weather-lite2"), overwrite=force)
    with pytest.raises(WeightsError, match="comes with Photospotter"):
        next(train_head(request, catalogue, CancelToken()))


@pytest.mark.parametrize("name", ["../evil", "", "Mine", "a b", ".hidden", "imagenet", "weather", "a/b"])
def test_a_name_that_no_set_can_have_is_refused_before_any_work(shapes: Path, catalogue: Catalogue, name: str) -> None:
    with pytest.raises(WeightsError, match="cannot be the name"):
        next(train_head(request_for(shapes, name), catalogue, CancelToken()))


def test_too_few_pictures_for_the_folds_are_refused(shapes: Path, catalogue: Catalogue) -> None:
    with pytest.raises(DatasetError, match="too few for 50 folds"):
        train(replace(request_for(shapes), folds=50), catalogue)


def test_cancelling_leaves_nothing_behind(shapes: Path, catalogue: Catalogue) -> None:
    cancel = CancelToken()

    def until_features() -> Iterator[object]:
        for event in train_head(request_for(shapes), catalogue, cancel):
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


def test_the_weather_head_that_ships_was_measured_as_its_card_says() -> None:
    weights = default_catalogue().entry("weather-lite2").weights
    scores = weights.recipe["fold_scores"]
    assert isinstance(scores, list)
    assert len(scores) == 25
    accuracies = [score["accuracy"] for score in scores]
    assert weights.accuracy[0].value == pytest.approx(float(np.mean(accuracies)), abs=1e-5)
    assert weights.accuracy[0].spread == pytest.approx(float(np.std(accuracies)), abs=1e-5)
    assert weights.accuracy[0].value >= 0.95
    load_network(default_catalogue().open("weather-lite2"))
