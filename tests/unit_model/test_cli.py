"""The command line: what it prints, what it writes, and its exit codes. The network is a fake one, on real files."""

import csv
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import ColourClassifier, make_weights, write_picture
from numpy.typing import NDArray

from model import engine
from model.cli import main
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from model.pipeline import Load
from model.thread_split import ThreadSplit
from model.types import BatchOutput
from model.weights import Catalogue

WEIGHTS = make_weights("weather-lite2")


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.usefixtures("classifier")
def test_without_a_file_each_picture_is_a_line(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(pictures)]) == EXIT_OK
    output = capsys.readouterr()
    lines = [line.split("\t") for line in output.out.splitlines()]
    assert [Path(line[0]).name for line in lines] == ["blue.png", "red.png", "green.png"]
    assert [line[1].split()[0] for line in lines] == ["blue", "red", "green"]
    assert "3 of 3 pictures: 3 classified, 0 failed" in output.err


@pytest.mark.usefixtures("classifier")
def test_csv_and_json_hold_the_same_results(pictures: Path, tmp_path: Path) -> None:
    table, lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
    assert main(["classify", str(pictures), "--csv", str(table), "--json", str(lines), "--quiet"]) == EXIT_OK
    rows = rows_of(table)
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [row["path"] for row in rows] == ["blue.png", "red.png", "deep/green.png"] == [o["path"] for o in objects]
    assert [row["label_1"] for row in rows] == [o["predictions"][0]["label"] for o in objects]
    assert not table.read_bytes().startswith(b"\xef\xbb\xbf")
    run = json.loads((tmp_path / "out.run.json").read_text())
    assert run["counts"] == {"inputs": 3, "rows": 3, "ok": 3, "errors": 0, "pending": 0}
    assert run["device"] == "fake device"
    assert run["weights"]["id"] == "weather-lite2"


@pytest.mark.usefixtures("classifier")
def test_a_dash_writes_the_table_to_standard_output(pictures: Path) -> None:
    program = "import sys; from model.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["classify", str(pictures / "red.png"), "--weights", "weather-lite2", "--csv", "-"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == EXIT_OK, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["file_name"] for row in rows] == ["red.png"]
    assert {row["label_1"] for row in rows} <= {"cloudy", "rain", "shine", "sunrise"}
    assert list(pictures.glob("*.run.json")) == []


@pytest.mark.usefixtures("classifier")
def test_a_bad_picture_costs_only_its_own_row(pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    table = tmp_path / "out.csv"
    assert main(["classify", str(pictures), "--csv", str(table), "--quiet"]) == EXIT_SOME_FAILED
    rows = {row["file_name"]: row for row in rows_of(table)}
    assert len(rows) == 4
    assert rows["broken.jpg"]["status"] == "error"
    assert rows["broken.jpg"]["error"]
    assert rows["broken.jpg"]["prob_1"] == ""
    assert rows["red.png"]["label_1"] == "red"


@pytest.mark.usefixtures("classifier")
def test_folders_inside_folders_can_be_left_out(pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    assert main(["classify", str(pictures), "--no-recursive", "--csv", str(table), "--quiet"]) == EXIT_OK
    assert [row["path"] for row in rows_of(table)] == ["blue.png", "red.png"]


def test_a_target_that_exists_is_refused_before_any_work(
    classifier: ColourClassifier, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    table.write_text("precious")
    assert main(["classify", str(pictures), "--csv", str(table)]) == EXIT_USAGE
    assert table.read_text() == "precious"
    assert classifier.batches == []
    assert "out.csv" in capsys.readouterr().err
    assert main(["classify", str(pictures), "--csv", str(table), "--force", "--quiet"]) == EXIT_OK
    assert len(rows_of(table)) == 3


@pytest.mark.usefixtures("classifier")
def test_nothing_to_do_and_wrong_usage_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    assert main(["classify", str(tmp_path / "empty")]) == EXIT_USAGE
    assert "1 other file left out" in capsys.readouterr().err
    for wrong in (["classify"], ["classify", "x", "--top", "0"], ["classify", "x", "--device", "abacus"], []):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == EXIT_USAGE


def test_what_cannot_run_ends_with_3(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(pictures), "--weights", "nonsense"]) == EXIT_CANNOT_RUN
    assert "nonsense" in capsys.readouterr().err
    assert main(["classify", str(pictures), "--weights", "imagenet-resnet50-v2"]) == EXIT_CANNOT_RUN
    assert "weights fetch imagenet-resnet50-v2" in capsys.readouterr().err
    table = tmp_path / "no such folder" / "out.csv"
    assert main(["classify", str(pictures), "--csv", str(table)]) == EXIT_CANNOT_RUN


def test_a_gpu_that_is_not_there_ends_with_3(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    arguments = ["classify", str(pictures), "--weights", "imagenet-lite2", "--device", "cuda"]
    assert main(arguments) == EXIT_CANNOT_RUN
    assert "no cuda device" in capsys.readouterr().err


class Interrupting(ColourClassifier):
    """Sends the program Ctrl+C while its second batch is classified."""

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        if len(self.batches) == 1:
            signal.raise_signal(signal.SIGINT)
        return super().classify(pixels, top)


def test_ctrl_c_keeps_the_finished_rows_and_ends_with_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Interrupting(WEIGHTS)
    monkeypatch.setattr(engine, "load_classifier", lambda *_arguments: made)
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: WEIGHTS)
    for number in range(40):
        write_picture(tmp_path / "pictures" / f"{number}.png")
    table = tmp_path / "out.csv"
    assert main(["classify", str(tmp_path / "pictures"), "--csv", str(table)]) == EXIT_INTERRUPTED
    rows = rows_of(table)
    assert len(rows) == sum(made.batches)
    assert 1 < len(rows) < 40
    counts = json.loads((tmp_path / "out.run.json").read_text())["counts"]
    assert counts["rows"] + counts["pending"] == counts["inputs"] == 40
    assert f"{len(rows)} of 40 pictures were finished" in capsys.readouterr().err


def test_rows_come_in_input_order_whatever_finishes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    made = ColourClassifier(WEIGHTS, batch_size=1)
    monkeypatch.setattr(engine, "load_classifier", lambda *_arguments: made)
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: WEIGHTS)
    real = engine.make_load

    def slow_first(*arguments: object) -> Load:
        load = real(*arguments)  # type: ignore[arg-type]

        def held(path: Path, cancel: engine.CancelToken) -> object:
            if path.name == "1.png":
                gate.wait(20)
            elif path.name == "2.png":
                gate.set()
            return load(path, cancel)

        return held  # type: ignore[return-value]

    monkeypatch.setattr(engine, "make_load", slow_first)
    monkeypatch.setattr(engine, "known_split", lambda _engine: ThreadSplit(2, 2))
    for number in (1, 2, 3, 10):
        write_picture(tmp_path / "pictures" / f"{number}.png")
    table = tmp_path / "out.csv"
    assert main(["classify", str(tmp_path / "pictures"), "--csv", str(table), "--quiet"]) == EXIT_OK
    assert [row["file_name"] for row in rows_of(table)] == ["1.png", "2.png", "3.png", "10.png"]


def test_top_asks_for_more_or_fewer_labels(classifier: ColourClassifier, pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    assert main(["classify", str(pictures), "--top", "2", "--csv", str(table), "--quiet"]) == EXIT_OK
    assert "label_2" in rows_of(table)[0]
    assert "label_3" not in rows_of(table)[0]
    assert main(["classify", str(pictures), "--top", "9", "--csv", str(table), "--force", "--quiet"]) == EXIT_OK
    assert "label_3" in rows_of(table)[0]
    assert "label_4" not in rows_of(table)[0]


def test_weights_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights"]) == EXIT_OK
    lines = {line.split("\t")[0]: line.split("\t")[1] for line in capsys.readouterr().out.splitlines()}
    assert lines["imagenet-lite2"] == "built in"
    assert lines["weather-lite2"] == "built in"
    assert lines["imagenet-resnet50-v2"] == "to be fetched"
    assert main(["weights", "show", "weather"]) == EXIT_OK
    shown = json.loads(capsys.readouterr().out)
    assert shown["classes"] == ["cloudy", "rain", "shine", "sunrise"]
    assert main(["weights", "show", "nonsense"]) == EXIT_CANNOT_RUN


def test_importing_a_file_that_no_set_waits_for_asks_for_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.pth").write_bytes(b"x")
    assert main(["weights", "import", str(tmp_path / "mine.pth")]) == EXIT_USAGE
    assert "--labels" in capsys.readouterr().err


def test_both_names_of_the_command_line_work() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "model", "--version"], capture_output=True, check=True, text=True, timeout=60
    )
    assert done.stdout.startswith("photospotter ")
