"""photospotter-cli evaluate: what it prints and writes, its exit codes. The network is a fake one, on real files."""

import csv
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from evaluation_samples import colour_catalogue, colour_set, evaluation_of, judged
from fakes import COLOURS, ColourClassifier, write_picture
from numpy.typing import NDArray

from model import cli_evaluate, engine
from model.classify_request import ClassifierWish
from model.cli import main
from model.cli_evaluate import summary
from model.errors import ExportError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from model.types import BatchOutput, InstalledWeights, Problem


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ColourClassifier]:
    """The only weights are those of colours; the classifiers that were loaded are listed."""
    catalogue = colour_catalogue(tmp_path / "computer")
    monkeypatch.setattr(cli_evaluate, "default_catalogue", lambda: catalogue)
    made: list[ColourClassifier] = []

    def load(installed: InstalledWeights, wish: ClassifierWish) -> ColourClassifier:
        made.append(ColourClassifier(installed, wish.batch_size or 4))
        return made[-1]

    monkeypatch.setattr(engine, "load_classifier", load)
    return made


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    for name, colour in COLOURS.items():
        write_picture(root / name / "1.png", colour)
    write_picture(root / "blue" / "is red.png", COLOURS["red"])
    return root


fake = pytest.mark.usefixtures("loaded")


@fake
def test_the_summary_is_the_result_and_goes_to_standard_output(
    colours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(colours), "--weights", "colours"]) == EXIT_OK
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0].startswith("Colours (colours, sha256 ")
    assert lines[0].endswith(" on pictures: 4 pictures of 3 classes")
    assert "top-1              75.0 %, 95 % interval 30.1 to 95.4 % (3 of 4)" in lines
    assert not any(line.startswith("top-5") for line in lines)
    assert "macro F1           77.8 % (weighted 75.0 %)" in lines
    assert any(line.startswith("calibration error  ") for line in lines)
    assert "unsure             no verdicts; this set has no rejection threshold" in lines
    assert any(line.endswith("images/s on fake device") for line in lines)
    assert "  blue/is red.png: is blue, taken for red at 78.1 %" in lines
    table = lines[lines.index("class  pictures   recall  precision       F1") + 1 :][:3]
    assert [line.split() for line in table] == [
        ["red", "1", "100.0", "%", "50.0", "%", "66.7", "%"],
        ["green", "1", "100.0", "%", "100.0", "%", "100.0", "%"],
        ["blue", "2", "50.0", "%", "100.0", "%", "66.7", "%"],
    ]
    assert output.err == "Colours (colours); 4 pictures\n"


@fake
def test_quiet_leaves_only_the_result(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(colours), "--weights", "colours", "--quiet"]) == EXIT_OK
    output = capsys.readouterr()
    assert output.err == ""
    assert "top-1" in output.out


@fake
def test_three_reports_of_the_same_evaluation(colours: Path, tmp_path: Path) -> None:
    html, data, table = tmp_path / "out.html", tmp_path / "out.json", tmp_path / "out.csv"
    targets = ["--html", str(html), "--json", str(data), "--csv", str(table)]
    assert main(["evaluate", str(colours), "--weights", "colours", "--quiet", *targets]) == EXIT_OK
    report = json.loads(data.read_text(encoding="utf-8"))
    assert report["figures"]["top_1"]["value"] == 0.75
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == [image["path"] for image in report["images"]]
    assert sum(row["right"] == "true" for row in rows) == 3
    page = html.read_text(encoding="utf-8")
    assert "3 of 4 pictures" in page
    assert page.count("data:image/jpeg") == 1


@fake
def test_a_bad_picture_ends_with_1_and_is_named(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (colours / "red" / "broken.png").write_bytes(b"")
    assert main(["evaluate", str(colours), "--weights", "colours", "--quiet"]) == EXIT_SOME_FAILED
    lines = capsys.readouterr().out.splitlines()
    assert "1 file could not be read, and has no part in any figure" in lines
    assert "  red/broken.png: the file is empty" in lines
    assert any("(3 of 4)" in line for line in lines)


@fake
def test_a_labels_file_says_what_pictures_are(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = colours / "labels.csv"
    labels.write_text("file,label\nred/1.png,Red\nblue/is red.png,red\n")
    arguments = ["evaluate", str(colours), "--weights", "colours", "--labels", str(labels)]
    assert main(arguments) == EXIT_OK
    assert "100.0 %, 95 % interval 34.2 to 100.0 % (2 of 2)" in capsys.readouterr().out


@fake
def test_the_part_that_is_evaluated_is_said(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (colours / "val").mkdir()
    for name in COLOURS:
        (colours / name).rename(colours / "val" / name)
    assert main(["evaluate", str(colours), "--weights", "colours"]) == EXIT_OK
    output = capsys.readouterr()
    assert "4 pictures of the part “val”" in output.err
    assert " on pictures/val: 4 pictures" in output.out


def test_targets_are_refused_before_any_work(
    colours: Path, tmp_path: Path, loaded: list[ColourClassifier], capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    table.write_text("precious")
    arguments = ["evaluate", str(colours), "--weights", "colours", "--csv", str(table)]
    assert main(arguments) == EXIT_USAGE
    assert "out.csv" in capsys.readouterr().err
    assert main([*arguments[:4], "--html", str(tmp_path / "absent" / "x.html")]) == EXIT_CANNOT_RUN
    assert loaded == []
    assert table.read_text() == "precious"
    assert main([*arguments, "--force"]) == EXIT_OK
    assert table.read_text().startswith("path,")


def test_one_file_is_never_two_things(
    colours: Path, tmp_path: Path, loaded: list[ColourClassifier], capsys: pytest.CaptureFixture[str]
) -> None:
    same = str(tmp_path / "out")
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\nred/1.png,red\n")
    run = ["evaluate", str(colours), "--weights", "colours", "--force"]
    assert main([*run, "--html", same, "--json", same]) == EXIT_USAGE
    assert "“out” is named for two things" in capsys.readouterr().err
    assert main([*run, "--labels", str(labels), "--csv", str(labels)]) == EXIT_USAGE
    assert labels.read_text().startswith("file,label")
    assert loaded == []


@fake
def test_wrong_folders_and_labels_say_what_to_do(
    colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(colours / "purple" / "1.png")
    assert main(["evaluate", str(colours), "--weights", "colours"]) == EXIT_CANNOT_RUN
    error = capsys.readouterr().err
    assert "“purple” is none of the classes of colours: red, green, blue" in error
    assert "Rename it" in error
    (tmp_path / "empty" / "red").mkdir(parents=True)
    assert main(["evaluate", str(tmp_path / "empty"), "--weights", "colours"]) == EXIT_USAGE
    assert main(["evaluate", str(colours), "--weights", "nonsense"]) == EXIT_CANNOT_RUN


@pytest.mark.parametrize("arguments", [["x"], ["x", "--weights", "y", "--batch", "0"], ["--weights", "y"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *arguments])
    assert ended.value.code == EXIT_USAGE


def test_the_batch_size_reaches_the_network(colours: Path, loaded: list[ColourClassifier]) -> None:
    assert main(["evaluate", str(colours), "--weights", "colours", "--batch", "3", "--quiet"]) == EXIT_OK
    assert loaded[0].batch_size == 3


@fake
def test_ctrl_c_writes_nothing_and_ends_with_130(
    colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupting(ColourClassifier):
        def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
            signal.raise_signal(signal.SIGINT)
            return super().classify(pixels, top)

    monkeypatch.setattr(engine, "load_classifier", lambda installed, *_rest: Interrupting(installed, 1))
    target = tmp_path / "out.json"
    assert main(["evaluate", str(colours), "--weights", "colours", "--json", str(target)]) == EXIT_INTERRUPTED
    assert not target.exists()
    output = capsys.readouterr()
    assert "Interrupted" in output.err
    assert output.out == ""


@fake
def test_a_report_that_fails_costs_neither_the_others_nor_the_summary(
    colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ExportError("export-disk-full", name="out.html")

    monkeypatch.setattr(cli_evaluate, "write_html", fail)
    targets = ["--html", str(tmp_path / "out.html"), "--csv", str(tmp_path / "out.csv")]
    assert main(["evaluate", str(colours), "--weights", "colours", *targets]) == EXIT_CANNOT_RUN
    output = capsys.readouterr()
    assert "no room left for “out.html”" in output.err
    assert "top-1" in output.out
    assert (tmp_path / "out.csv").exists()


@fake
def test_without_standard_output_nothing_is_begun(
    colours: Path, loaded: list[ColourClassifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["evaluate", str(colours), "--weights", "colours"]) == EXIT_CANNOT_RUN
    assert loaded == []


def test_weights_that_learned_from_these_pictures_are_no_proof(
    colours: Path,
    tmp_path: Path,
    loaded: list[ColourClassifier],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = colour_set(recipe={"pictures": {"red": 1, "green": 1, "blue": 2}})
    catalogue = colour_catalogue(tmp_path / "another", card)
    monkeypatch.setattr(cli_evaluate, "default_catalogue", lambda: catalogue)
    assert main(["evaluate", str(colours), "--weights", "colours"]) == EXIT_OK
    assert "learned from" in capsys.readouterr().out.splitlines()[1]


class TestSummary:
    def test_many_classes_have_top_5_and_no_table(self) -> None:
        classes = tuple(f"class {index}" for index in range(30))
        images = [judged(index, np.eye(30)[index] * 0.5 + 1 / 60, unsure=index == 0) for index in range(30)]
        lines = list(summary(evaluation_of(images, classes)))
        assert "top-5              100.0 %, 95 % interval 88.6 to 100.0 % (30 of 30)" in lines
        assert "unsure             1 of 30, of the others 100.0 % right" in lines
        assert not any(line.startswith("class ") for line in lines)
        assert "most confident errors" not in lines

    def test_three_errors_the_surest_first(self) -> None:
        images = [judged(0, (0.4 - sure, 0.6 + sure, 0), Path(f"/r/{sure}.jpg")) for sure in (0.0, 0.3, 0.1, 0.2)]
        lines = list(summary(evaluation_of(images, root=Path("/r"))))
        start = lines.index("most confident errors")
        assert [line.split(":")[0].strip() for line in lines[start + 1 :]] == ["0.3.jpg", "0.2.jpg", "0.1.jpg"]

    def test_of_many_bad_files_ten_are_named(self) -> None:
        bad = tuple((Path(f"/r/{number}.jpg"), Problem("image-empty")) for number in range(1200))
        lines = list(summary(evaluation_of([judged(0, (1, 0, 0))], root=Path("/r"), bad=bad)))
        assert lines[-1] == "  and 1,190 more; --csv lists them all"
        assert sum("the file is empty" in line for line in lines) == 10


@fake
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX names")
def test_names_cannot_write_to_the_terminal(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (colours / "blue" / "is red.png").rename(colours / "blue" / "a\x1b[2J\n.png")
    assert main(["evaluate", str(colours), "--weights", "colours"]) == EXIT_OK
    output = capsys.readouterr().out
    assert "blue/a\\x1b[2J\\n.png: is blue" in output
    assert "\x1b" not in output
