"""photospotter-cli train: every option, what it prints, and how it ends."""

import argparse
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from training_samples import TINY, TINY_NETWORK, network_request, tint, tint_folders

from model import cli_train
from model.cancel import CancelToken
from model.cli import main
from model.cli_train import add_arguments, request_of
from model.dataset import ReadProgress
from model.errors import DatasetError, WeightsError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from model.network import build_network
from model.training_types import (
    DatasetSummary,
    EpochDone,
    FeatureProgress,
    FoldScore,
    Recipe,
    RunStarted,
    StepProgress,
    Trained,
    TrainRequest,
)
from model.training_types import TestScore as HeldOutScore
from model.types import Accuracy, Calibration, CatalogueEntry, Problem, WeightsState
from model.weights import default_catalogue

SETTINGS: dict[str, tuple[str, object]] = {
    "--epochs": ("7", 7),
    "--unfreeze": ("3", 3),
    "--size": ("96,128", (96, 128)),
    "--batch": ("16", 16),
    "--optimiser": ("sgd", "sgd"),
    "--learning-rate": ("0.05", 0.05),
    "--weight-decay": ("0.01", 0.01),
    "--warm-up": ("0.2", 0.2),
    "--label-smoothing": ("0", 0.0),
    "--mixup": ("0.4", 0.4),
    "--crop-scale": ("0.25", 0.25),
    "--rand-augment": ("0", 0),
    "--colour-jitter": ("0.4", 0.4),
    "--ema": ("0.99", 0.99),
    "--patience": ("4", 4),
    "--no-class-weights": ("", False),
    "--batch-norm": ("frozen", "frozen"),
    "--precision": ("bf16", "bf16"),
    "--soft-labels": ("0.3", 0.3),
    "--temperature": ("4", 4.0),
    "--features": ("2", 2.0),
    "--teacher-size": ("160", 160),
}
FIELDS = (
    "epochs unfreeze sizes batch_size optimiser learning_rate weight_decay warm_up label_smoothing mixup crop_scale "
    "rand_augment colour_jitter ema_decay patience class_weights batch_norm precision soft_label_share "
    "soft_label_temperature feature_weight teacher_size"
).split()
OTHERS: dict[str, tuple[str, str, object]] = {
    "--out": ("out", "mine", "mine"),
    "--backbone": ("backbone", "resnet50", "resnet50"),
    "--teacher": ("teacher", "weather-lite2", "weather-lite2"),
    "--groups": ("groups", "copies.txt", Path("copies.txt")),
    "--folds": ("folds", "4", 4),
    "--only-folds": ("only_folds", "0,2", (0, 2)),
    "--seeds": ("seeds", "2", 2),
    "--seed": ("seed", "9", 9),
    "--validation": ("validation_share", "0.2", 0.2),
    "--test": ("test_share", "0.1", 0.1),
    "--device": ("device", "cpu", "cpu"),
    "--resume": ("resume", "", True),
    "--no-final": ("final", "", False),
    "--title": ("title", "Mine", "Mine"),
    "--family": ("family", "weather", "weather"),
    "--dataset-name": ("dataset_name", "My pictures", "My pictures"),
    "--licence": ("licence", "MIT", "MIT"),
    "--notes": ("notes", "a note", "a note"),
    "--into": ("into", "there", Path("there")),
    "--force": ("overwrite", "", True),
}


def parse(*arguments: str) -> TrainRequest:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return request_of(parser.parse_args(arguments))


def test_every_option_arrives_and_every_field_has_one() -> None:
    assert [field.name for field in fields(Recipe)] == FIELDS
    arguments = ["pictures"]
    for option, (text, _) in SETTINGS.items():
        arguments += [option, *([text] if text else [])]
    for option, (_, text, _) in OTHERS.items():
        arguments += [option, *([text] if text else [])]
    wanted = Recipe(**dict(zip(FIELDS, (value for _, value in SETTINGS.values()), strict=True)))  # type: ignore[arg-type]
    defaults = Recipe()
    assert all(getattr(wanted, name) != getattr(defaults, name) for name in FIELDS)
    request = parse(*arguments)
    assert request.recipe == wanted
    assert request.root == Path("pictures")
    for field, _, value in OTHERS.values():
        assert getattr(request, field) == value
    left = {field.name for field in fields(TrainRequest)} - {field for field, _, _ in OTHERS.values()}
    assert left == {"root", "recipe", "limits"}


def test_without_options_a_head_is_measured_by_folds_and_a_network_by_parts() -> None:
    assert parse("pictures", "--out", "mine") == TrainRequest(Path("pictures"), "mine")
    request = parse("pictures", "--out", "mine", "--epochs", "3")
    assert request == TrainRequest(Path("pictures"), "mine", recipe=Recipe(epochs=3), folds=0)
    assert parse("pictures", "--out", "mine", "--epochs", "3", "--folds", "5").folds == 5
    assert parse("pictures", "--out", "mine", "--folds", "0").folds == 0
    assert parse("pictures", "--out", "mine", "--unfreeze", "all").recipe.unfreeze == "all"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--epochs", "-1"),
        ("--folds", "1"),
        ("--folds", "-2"),
        ("--only-folds", "0,x"),
        ("--validation", "1"),
        ("--test", "-0.1"),
        ("--size", "16"),
        ("--size", "96,"),
        ("--batch", "1"),
        ("--learning-rate", "-1"),
        ("--learning-rate", "nan"),
        ("--weight-decay", "-0.1"),
        ("--mixup", "inf"),
        ("--temperature", "0"),
        ("--features", "-1"),
        ("--teacher-size", "10"),
        ("--rand-augment", "31"),
        ("--ema", "1"),
        ("--unfreeze", "some"),
        ("--optimiser", "lion"),
        ("--seeds", "0"),
    ],
)
def test_numbers_that_no_training_can_have_are_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "pictures", "--out", "mine", option, value])
    assert caught.value.code == EXIT_USAGE
    assert option in capsys.readouterr().err


# --- what it prints ---


def told(monkeypatch: pytest.MonkeyPatch, *events: object, error: Exception | None = None) -> dict[str, object]:
    """Let the child tell this; returns what it was asked for."""
    asked: dict[str, object] = {}

    def run_in_child(
        target: str, arguments: tuple[object, ...], cancel: CancelToken, **settings: object
    ) -> Iterator[object]:
        asked.update(settings, target=target, request=arguments[0])
        yield from events
        if error is not None:
            raise error

    monkeypatch.setattr(cli_train, "run_in_child", run_in_child)
    return asked


SUMMARY = DatasetSummary((("cat", 12), ("dog", 9)), ((Path("bad.png"), Problem("image-empty")),), 4, 2, 3)
EPOCH = EpochDone(None, 2, 3, 96, 0.5, 0.8, 0.4, 0.9, 0.001, 12.3, best=True)
SCORES = (FoldScore(0, 0, 0.9, 0.0, 10), FoldScore(0, 1, 1.0, 0.0, 11))


def entry() -> CatalogueEntry:
    weights = replace(
        default_catalogue().entry("weather-lite2").weights,
        id="mine",
        accuracy=(Accuracy("top-1", 0.95, "Pets: 1 x 2 held-out folds", False, 0.05),),
        calibration=Calibration(1.25, "energy", 3.5, 0.95, "Pets"),
    )
    return CatalogueEntry(weights, WeightsState.ON_COMPUTER, ())


def test_what_is_found_and_learnt_goes_to_standard_error_and_figures_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = told(
        monkeypatch,
        ReadProgress(1, 2),
        SUMMARY,
        FeatureProgress(1, 2),
        RunStarted(1, 10, 5, 6, 3, "CPU", "fp32"),
        StepProgress(1, 2, 3, 8, 10, 63.0),
        EPOCH,
        *SCORES,
        RunStarted(None, 21, 0, 0, 3, "CPU", "fp32"),
        replace(EPOCH, epoch=3, validation_loss=None, validation_accuracy=None),
        Trained(entry(), SCORES, 0.0),
    )
    assert main(["train", "pets", "--out", "mine", "--epochs", "3", "--folds", "2"]) == EXIT_OK
    assert asked["target"] == "model.train:train"
    assert asked["request"] == parse("pets", "--out", "mine", "--epochs", "3", "--folds", "2")
    assert float(str(asked["patience"])) >= 300
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "seed 0 fold 0: 90.0 % of 10",
        "seed 0 fold 1: 100.0 % of 11",
        "mean 95.00 %, standard deviation 5.00 %",
        "measured on Pets: 1 x 2 held-out folds",
        "temperature 1.250, unsure below energy 3.500",
    ]
    lines = err.splitlines()
    assert lines[:2] == ["cat: 12 pictures", "dog: 9 pictures"]
    assert lines[2].startswith("left out bad.png: ")
    assert lines[3:] == [
        "4 pictures have copies, in 2 groups of at most 3; copies stay on one side of every split",
        "fold 1: 10 pictures to learn from, 5 for validation, 6 for the test; CPU, fp32",
        "epoch 2 of 3, 96 px: loss 0.500, 80.0 % right; validation 0.400, 90.0 %; 12 s *",
        "the network that is stored: 21 pictures to learn from, 0 for validation, 0 for the test; CPU, fp32",
        "epoch 3 of 3, 96 px: loss 0.500, 80.0 % right; 12 s",
        "Stored as mine.",
    ]


def test_a_test_part_and_an_early_stop_are_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told(monkeypatch, HeldOutScore(0.875, 16), Trained(entry(), (), 0.0, stopped_early=True))
    assert main(["train", "pets", "--out", "mine", "--epochs", "3"]) == EXIT_OK
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "test: 87.5 % of 16 pictures that it never saw"
    assert err.splitlines()[-1] == "Stored as mine. It was stopped early; the best epoch is kept."


def test_folds_alone_end_with_their_mean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    told(monkeypatch, Trained(None, SCORES, 0.0))
    assert main(["train", "pets", "--out", "mine", "--no-final"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines() == ["mean 95.00 %, standard deviation 5.00 %"]
    told(monkeypatch, Trained(None, (), 0.0))
    assert main(["train", "pets", "--out", "mine", "--no-final", "--folds", "0"]) == EXIT_OK
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WeightsError("train-name-taken", id="mine"), EXIT_USAGE),
        (DatasetError("train-fold-unknown", fold=7, folds=5), EXIT_USAGE),
        (DatasetError("train-nothing-to-learn-from"), EXIT_USAGE),
        (DatasetError("train-diverged", epoch=3), EXIT_CANNOT_RUN),
        (DatasetError("train-resume-differs", name="mine", field="seed"), EXIT_CANNOT_RUN),
        (KeyboardInterrupt(), EXIT_INTERRUPTED),
    ],
)
def test_how_it_ends_is_in_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    told(monkeypatch, error=error)
    assert main(["train", "pets", "--out", "mine"]) == code
    assert "Traceback" not in capsys.readouterr().err


# --- in earnest ---


def test_an_unknown_backbone_is_refused_by_the_child(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tint_folders(tmp_path / "pets", {"red": 2, "blue": 2})
    assert main(["train", str(root), "--out", "mine", "--backbone", "resnet5000", "--epochs", "1"]) == EXIT_CANNOT_RUN
    assert "resnet5000" in capsys.readouterr().err


def test_a_network_is_trained_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    root = tint_folders(tmp_path / "tints", {"red": 10, "blue": 10})
    arguments = ["--backbone", TINY_NETWORK, "--epochs", "2", "--size", "32", "--batch", "8", "--learning-rate", "3e-3"]
    assert main(["train", str(root), "--out", "mine", *arguments, "--precision", "fp32", "--device", "cpu"]) == EXIT_OK
    out, err = capsys.readouterr()
    weights = default_catalogue().entry("mine").weights
    assert f"test: {100 * weights.accuracy[0].value:.1f} % of" in out
    assert "epoch 2 of 2, 32 px" in err
    wanted = network_request(root, "mine", recipe=replace(TINY, epochs=2)).recipe
    settings = weights.recipe["settings"]
    assert isinstance(settings, dict)
    assert settings["learning_rate"] == wanted.learning_rate


def test_one_command_makes_a_better_set_of_the_imagenet_resnet50(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file cannot be had here: a stand-in of the same architecture, with random values, takes the same way."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    torch.manual_seed(0)
    torch.save(build_network("torchvision:resnet50", 10, device="cpu").state_dict(), tmp_path / "stand-in.pth")
    (tmp_path / "labels.txt").write_text("".join(f"thing {number}\n" for number in range(10)))
    labels = ["--labels", str(tmp_path / "labels.txt"), "--preprocess", "torchvision-v2"]
    assert main(["weights", "import", str(tmp_path / "stand-in.pth"), "--name", "stand-in", *labels]) == EXIT_OK

    colours = {"cloudy": (130, 130, 140), "rain": (60, 70, 90), "shine": (90, 150, 240), "sunrise": (230, 120, 60)}
    for number, (name, colour) in enumerate(colours.items()):
        for index in range(5):
            tint(tmp_path / "weather" / name / f"{index}.png", colour, 100 * number + index)
    command = ["--backbone", "stand-in", "--epochs", "1", "--unfreeze", "2", "--size", "64", "--family", "weather"]
    assert main(["train", str(tmp_path / "weather"), "--out", "weather-better", *command, "--device", "cpu"]) == EXIT_OK
    weights = default_catalogue().entry("weather-better").weights
    assert (weights.architecture, weights.family) == ("torchvision:resnet50", "weather")
    assert weights.classes == tuple(colours)
    assert weights.recipe["backbone"] == "stand-in"
    assert weights.accuracy[0].metric == "top-1"
    capsys.readouterr()

    new = tint(tmp_path / "new.png", colours["sunrise"], 999)
    assert main(["classify", str(new), "--weights", "weather-better", "--csv", "-", "--device", "cpu"]) == EXIT_OK
    header, row, *rest = capsys.readouterr().out.splitlines()
    assert rest == []
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert cells["status"] == "ok"
    assert "weather-better" in cells.values()
    assert set(colours) <= set(cells.values())
