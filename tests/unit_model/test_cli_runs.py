"""The command line: folders that cannot be read, odd arguments, failing weights, and runs cut short."""

import csv
import json
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes import ColourClassifier, make_result, make_weights, write_picture
from numpy.typing import NDArray

from model import cli_classify, engine
from model.classify_request import ClassifierWish
from model.cli import main
from model.errors import WeightsError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from model.types import BatchOutput, Calibration
from model.weights import Catalogue

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX names, devices and signals")
fake = pytest.mark.usefixtures("classifier")


# --- folders, weights and arguments ---


def test_unsure_pictures_are_called_so_and_counted(
    classifier: ColourClassifier,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calibrated = make_weights("weather-lite2", calibration=Calibration(1.5, "probability", 0.77, 0.95, "a test"))
    classifier.installed = calibrated
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: calibrated)
    assert main(["classify", str(pictures)]) == EXIT_OK
    output = capsys.readouterr()
    lines = [line.split("\t") for line in output.out.splitlines()]
    assert [line[1].split()[0] for line in lines] == ["blue", "red", "unsure"]
    assert lines[2][2].startswith("green ")
    assert "3 of 3 pictures: 3 classified (1 unsure), 0 failed" in output.err
    assert "); calibrated; fake device" in output.err
    assert main(["classify", str(pictures), "--csv", str(tmp_path / "out.csv"), "--quiet"]) == EXIT_OK
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = [(row["status"], row["unsure"]) for row in csv.DictReader(stream)]
    assert rows == [("ok", "false"), ("ok", "false"), ("ok", "true")]


@fake
@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_a_folder_that_cannot_be_read_is_named_and_the_rest_is_classified(
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quiet: Sequence[str],
) -> None:
    real = os.scandir

    def scandir(folder: str) -> object:
        if str(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert main(["classify", str(pictures), *quiet]) == EXIT_SOME_FAILED
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 2
    assert "deep” could not be read: Permission denied" in output.err
    assert main(["classify", str(pictures / "deep")]) == EXIT_USAGE


@fake
def test_the_program_says_which_weights_an_alias_stands_for(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["classify", str(pictures), "--weights", "imagenet"])
    error = capsys.readouterr().err
    assert "imagenet is Weather-Lite2 (imagenet-lite2)" in error.splitlines()
    main(["classify", str(pictures), "--weights", "weather-lite2"])
    assert "weather-lite2 is" not in capsys.readouterr().err
    main(["classify", str(pictures), "--quiet"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["classify", "x", "--top", "many"], "must be a whole number"),
        (["classify", "x", "--batch", "0"], "must be 1 to 1024"),
        (["classify", "x", "--batch", "99999"], "must be 1 to 1024"),
        (["train", "x", "--out", "y", "--folds", "1"], "must be 2 or more"),
    ],
)
def test_numbers_out_of_range_are_wrong_usage(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == EXIT_USAGE
    assert words in capsys.readouterr().err


def test_the_batch_size_reaches_the_network(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ClassifierWish] = []

    def load(_installed: object, wish: ClassifierWish) -> ColourClassifier:
        asked.append(wish)
        return ColourClassifier(make_weights(), wish.batch_size or 4)

    monkeypatch.setattr(engine, "load_classifier", load)
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: make_weights())
    assert main(["classify", str(pictures), "--batch", "7", "--device", "cpu", "--engine", "torch", "--quiet"]) == 0
    assert asked == [ClassifierWish("cpu", "torch", 7)]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_engine_and_decoding_reach_the_run_and_its_file(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classifier: ColourClassifier, mode: str
) -> None:
    modes: list[str] = []
    real = engine.make_load

    def make_load(*arguments: object) -> object:
        modes.append(str(arguments[-1]))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "make_load", make_load)
    classifier.engine = "onnx"
    table = tmp_path / "out.csv"
    arguments = ["classify", str(pictures), "--engine", "auto", "--decode", mode, "--csv", str(table), "--quiet"]
    assert main(arguments) == EXIT_OK
    assert modes == [mode]
    told = json.loads((tmp_path / "out.run.json").read_text())
    assert (told["engines"], told["decode"]) == ({"onnx": 3}, {mode: 3})
    assert (told["settings"]["engine"], told["settings"]["decode"]) == ("auto", mode)


class Moving(ColourClassifier):
    """Is ONNX Runtime from its second batch on, as `model.lane.Lane` may be."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if self.batches:
            self.engine = "onnx"
        return super().classify(pixels, top)


def test_a_run_that_moves_to_another_engine_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Moving(make_weights())
    monkeypatch.setattr(engine, "load_classifier", lambda *_arguments: made)
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: made.installed)
    table = tmp_path / "out.csv"
    assert main(["classify", str(many(tmp_path)), "--csv", str(table)]) == EXIT_OK
    assert "; fake device, PyTorch, ONNX Runtime\n" in capsys.readouterr().err
    first = made.batches[0]
    assert json.loads((tmp_path / "out.run.json").read_text())["engines"] == {"torch": first, "onnx": 40 - first}


@fake
def test_a_second_run_takes_what_is_known_and_a_fresh_one_does_not(
    pictures: Path, classifier: ColourClassifier, capsys: pytest.CaptureFixture[str], own_data_dir: Path
) -> None:
    assert main(["classify", str(pictures)]) == EXIT_OK
    first = capsys.readouterr().out
    write_picture(pictures / "new.png", (0, 90, 90))
    (pictures / "red.png").rename(pictures / "renamed.png")
    assert main(["classify", str(pictures)]) == EXIT_OK
    output = capsys.readouterr()
    assert sum(classifier.batches) == 4, "the new one alone was classified"
    assert "4 of 4 pictures: 4 classified, 0 failed, 3 known from earlier runs; " in output.err
    lines = dict(line.rpartition("/")[2].split("\t", 1) for line in output.out.splitlines())
    known = dict(line.rpartition("/")[2].split("\t", 1) for line in first.splitlines())
    assert (lines["renamed.png"], lines["blue.png"]) == (known["red.png"], known["blue.png"])
    assert main(["classify", str(pictures)]) == EXIT_OK
    assert "weights: " in (said := capsys.readouterr().err)
    assert "device" not in said, "nothing computed"
    assert sum(classifier.batches) == 4
    assert main(["classify", str(pictures), "--fresh"]) == EXIT_OK
    assert sum(classifier.batches) == 8
    assert sorted(path.name for path in own_data_dir.iterdir()) == ["in-flight", "results.sqlite3"]
    assert list((own_data_dir / "in-flight").iterdir()) == []


@fake
def test_memory_of_pieces_changes_no_row(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "broken.png").write_bytes(b"no picture")
    tables = [tmp_path / "whole.csv", tmp_path / "pieces.csv"]
    assert main(["classify", str(pictures), "--fresh", "--csv", str(tables[0])]) == EXIT_SOME_FAILED
    monkeypatch.setattr(cli_classify, "PIECE", 2)
    assert main(["classify", str(pictures), "--fresh", "--csv", str(tables[1])]) == EXIT_SOME_FAILED
    assert "4 of 4 pictures: 3 classified, 1 failed" in capsys.readouterr().err
    rows = [[line.split(",")[:4] for line in table.read_text().splitlines()] for table in tables]
    assert rows[0] == rows[1]


def test_a_name_that_is_taken_is_wrong_usage(pictures: Path) -> None:
    assert main(["train", str(pictures), "--out", "weather-lite2", "--force"]) == EXIT_USAGE
    assert main(["train", str(pictures), "--out", "../x"]) == EXIT_USAGE
    assert main(["train", str(pictures / "absent"), "--out", "x"]) == EXIT_CANNOT_RUN


@pytest.mark.parametrize(
    ("file", "labels", "words"),
    [
        ("absent.pth", "labels.txt", "absent.pth"),
        ("net.pth", "absent.txt", "absent.txt"),
        ("net.pth", "labels.txt", "net.pth"),
    ],
)
def test_an_import_that_cannot_be_is_refused_in_words(
    tmp_path: Path, file: str, labels: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.pth").write_bytes(b"no checkpoint")
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    arguments = ["weights", "import", str(tmp_path / file), "--labels", str(tmp_path / labels), "--name", "mine"]
    assert main(arguments) == EXIT_CANNOT_RUN
    assert words in capsys.readouterr().err
    arguments[-1] = "weather-lite2"
    assert main(arguments) == EXIT_USAGE


@posix_only
def test_a_file_for_import_whose_name_is_not_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "\udcff.pth"
    file.write_bytes(b"x")
    assert main(["weights", "import", str(file)]) == EXIT_USAGE
    assert "\\xff.pth is no file" in capsys.readouterr().err


def test_why_a_network_cannot_be_built_is_told_with_verbose(
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_arguments: object) -> ColourClassifier:
        raise WeightsError("weights-network-fails", id="x", detail="the very reason")

    monkeypatch.setattr(engine, "load_classifier", fail)
    assert main(["classify", str(pictures), "--weights", "imagenet-lite2"]) == EXIT_CANNOT_RUN
    assert "--verbose" in capsys.readouterr().err
    with caplog.at_level(logging.INFO):
        assert main(["--verbose", "classify", str(pictures), "--weights", "imagenet-lite2"]) == EXIT_CANNOT_RUN
    assert "the very reason" in caplog.text
    assert "--verbose" not in capsys.readouterr().err


# --- runs cut short ---


def many(tmp_path: Path, count: int = 40) -> Path:
    for number in range(count):
        write_picture(tmp_path / "pictures" / f"{number}.png")
    return tmp_path / "pictures"


class Breaking(ColourClassifier):
    """Its weights turn out to be worthless in the fourth batch."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if len(self.batches) == 3:
            raise WeightsError("weights-not-finite", id="x")
        return super().classify(pixels, top)


def test_weights_that_fail_in_mid_run_end_with_3_and_keep_the_finished_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Breaking(make_weights())
    monkeypatch.setattr(engine, "load_classifier", lambda *_arguments: made)
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: made.installed)
    table = tmp_path / "out.csv"
    assert main(["classify", str(many(tmp_path)), "--csv", str(table)]) == EXIT_CANNOT_RUN
    assert len(table.read_text().splitlines()) == 1 + sum(made.batches)
    counts = json.loads((tmp_path / "out.run.json").read_text())["counts"]
    assert counts["rows"] + counts["pending"] == counts["inputs"] == 40
    error = capsys.readouterr().err
    assert f"{counts['pending']} pending" in error
    assert "no usable numbers" in error


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", ["scan", "load", "run"])
def test_a_signal_at_any_stage_ends_with_130_and_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classifier: ColourClassifier, stage: str, number: signal.Signals
) -> None:
    def load(*_arguments: object) -> ColourClassifier:
        if stage == "load":
            signal.raise_signal(number)
        return classifier

    real_scan, real_classify = cli_classify.find_images, classifier.classify

    def scan(*arguments: object, **settings: object) -> object:
        if stage == "scan":
            signal.raise_signal(number)
        return real_scan(*arguments, **settings)  # type: ignore[arg-type]

    def classify(pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if stage == "run" and len(classifier.batches) == 1:
            signal.raise_signal(number)
        return real_classify(pixels, top)

    monkeypatch.setattr(engine, "load_classifier", load)
    monkeypatch.setattr(cli_classify, "find_images", scan)
    monkeypatch.setattr(classifier, "classify", classify)
    folder, table = many(tmp_path), tmp_path / "out.csv"
    outside = signal.signal(number, signal.default_int_handler)  # under nohup the hang-up signal would be ignored
    try:
        assert main(["classify", str(folder), "--csv", str(table)]) == EXIT_INTERRUPTED
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, outside)
    left = {path.name for path in tmp_path.iterdir()} - {"pictures"}
    assert left == ({"out.csv", "out.run.json"} if stage == "run" else set())
    if stage == "run":
        assert len(table.read_text().splitlines()) == 1 + sum(classifier.batches)


def test_a_second_signal_ends_a_load_that_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classifier: ColourClassifier, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(*_arguments: object) -> ColourClassifier:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return classifier

    monkeypatch.setattr(engine, "load_classifier", load)
    assert main(["classify", str(many(tmp_path, 3))]) == EXIT_INTERRUPTED
    assert "0 of 3 pictures were finished" in capsys.readouterr().err


@posix_only
@pytest.mark.usefixtures("classifier")
def test_under_nohup_a_closed_terminal_ends_nothing(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    real = cli_classify.find_images

    def scan(*arguments: object, **settings: object) -> object:
        signal.raise_signal(signal.SIGHUP)
        return real(*arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(cli_classify, "find_images", scan)
    try:
        assert main(["classify", str(pictures), "--quiet"]) == EXIT_OK
    finally:
        signal.signal(signal.SIGHUP, before)


def test_input_order_holds_back_no_more_than_what_came_early() -> None:
    weights = make_weights()
    written: list[Path] = []

    class Sink:
        def write(self, result: cli_classify.ImageResult) -> None:
            written.append(result.path)

    paths = [Path(f"{number}.png") for number in range(6)]
    results = [make_result(path, weights, 1.0) for path in paths]
    order = cli_classify.InputOrder(paths, [Sink()])
    order.add([results[1], results[2]])
    assert written == []
    order.add([results[0]])
    assert written == paths[:3]
    assert order._early == {}
    order.add([results[5]])
    order.flush()
    assert written == [*paths[:3], paths[5]]
