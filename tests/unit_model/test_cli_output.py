"""The command line: targets, streams that fail, the progress bar, and odd names."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fakes import ColourClassifier, write_picture

from model import cli_output
from model.cli import main
from model.cli_output import ProgressBar, format_seconds, on_one_line
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX names, devices and signals")
fake = pytest.mark.usefixtures("classifier")


class Terminal(io.StringIO):
    """A terminal that remembers what was drawn."""

    def isatty(self) -> bool:
        return True


class Failing(io.TextIOWrapper):
    """A stream whose reader has gone, or whose disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


# --- targets ---


@fake
@pytest.mark.parametrize("option", ["--csv", "--json"])
@pytest.mark.parametrize("existing", ["out.csv", "out.run.json"])
def test_neither_a_target_nor_its_run_file_is_replaced_unasked(
    pictures: Path, tmp_path: Path, option: str, existing: str, classifier: ColourClassifier
) -> None:
    (tmp_path / existing).write_text("precious")
    target = tmp_path / "out.csv"
    assert main(["classify", str(pictures), option, str(target)]) == EXIT_USAGE
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", existing}
    assert (tmp_path / existing).read_text() == "precious"
    assert classifier.batches == []
    assert main(["classify", str(pictures), option, str(target), "--force", "--quiet"]) == EXIT_OK
    assert json.loads((tmp_path / "out.run.json").read_text())["counts"]["rows"] == 3


@fake
@pytest.mark.parametrize(
    ("table", "lines"),
    [("out", "out"), ("out.csv", "./out.csv"), ("out.csv", "out"), ("out.csv", "out.run.json"), ("-", "-")],
)
def test_targets_that_would_replace_one_another_are_refused(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, lines: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["classify", str(pictures), "--csv", table, "--json", lines]) == EXIT_USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


@fake
def test_an_empty_name_is_not_taken_for_no_table_at_all(pictures: Path) -> None:
    assert main(["classify", str(pictures), "--csv", ""]) == EXIT_CANNOT_RUN


@fake
def test_the_table_can_go_to_standard_output_and_the_lines_to_a_file_and_the_other_way_round(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    assert main(["classify", str(pictures), "--csv", "-", "--json", str(lines), "--quiet"]) == EXIT_OK
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["path"] for row in rows] == ["blue.png", "red.png", "deep/green.png"]
    assert main(["classify", str(pictures), "--json", "-", "--csv", str(table), "--quiet"]) == EXIT_OK
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [o["path"] for o in objects] == [row["path"] for row in rows]
    assert [json.loads(line)["path"] for line in lines.read_text().splitlines()] == [row["path"] for row in rows]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.csv",
        "out.jsonl",
        "out.jsonl.run.json",
        "out.run.json",
        "pictures",
    ]


# --- streams ---


@fake
@posix_only
@pytest.mark.parametrize("more", [(), ("--csv", "-"), ("--json", "-")])
def test_when_the_reader_of_the_output_goes_the_run_ends_with_3_and_no_word(
    pictures: Path, more: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Failing(BrokenPipeError(32, "Broken pipe")))
    assert main(["classify", str(pictures), "--quiet", *more]) == EXIT_CANNOT_RUN
    assert capsys.readouterr().err == ""


@fake
@pytest.mark.parametrize("more", [(), ("--csv", "-"), ("--json", "-")])
def test_a_full_disk_behind_standard_output_ends_with_3_in_words(
    pictures: Path, more: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Failing(OSError(28, "No space left on device")))
    assert main(["classify", str(pictures), *more]) == EXIT_CANNOT_RUN
    error = capsys.readouterr().err
    assert "no room left" in error
    assert "classified" not in error, "a summary would say that rows were written"


@fake
@pytest.mark.parametrize("more", [(), ("--csv", "-"), ("--json", "-")])
def test_without_a_standard_output_nothing_is_done(
    pictures: Path,
    more: Sequence[str],
    classifier: ColourClassifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["classify", str(pictures), *more]) == EXIT_CANNOT_RUN
    assert classifier.batches == []
    assert "standard output is closed" in capsys.readouterr().err


@fake
@pytest.mark.parametrize("stream", [None, Failing(BrokenPipeError(32, "Broken pipe"))])
def test_that_nobody_hears_what_is_said_does_not_matter(
    pictures: Path, tmp_path: Path, stream: io.TextIOWrapper | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "stdout", output := io.StringIO())
    table = tmp_path / "out.csv"
    assert main(["classify", str(pictures), "--csv", str(table)]) == EXIT_OK
    assert len(table.read_text().splitlines()) == 4
    assert output.getvalue() == ""


@posix_only
def test_the_exit_code_is_3_when_a_pipe_is_closed_early() -> None:
    """Python itself ends with 120 when it cannot flush its output at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "model", "weights", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == EXIT_CANNOT_RUN


# --- progress ---


@fake
@pytest.mark.parametrize(
    ("stderr", "stdout", "more", "is_drawn"),
    [
        (Terminal, io.StringIO, (), True),
        (Terminal, Terminal, (), False),
        (Terminal, Terminal, ("--csv", "-"), False),
        (Terminal, Terminal, ("--csv", "out.csv"), True),
        (Terminal, io.StringIO, ("--quiet",), False),
        (io.StringIO, io.StringIO, (), False),
    ],
)
def test_the_bar_is_drawn_on_a_terminal_that_shows_nothing_else(
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stderr: Callable[[], io.StringIO],
    stdout: Callable[[], io.StringIO],
    more: Sequence[str],
    is_drawn: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stderr", errors := stderr())
    monkeypatch.setattr(sys, "stdout", stdout())
    assert main(["classify", str(pictures), *more]) == EXIT_OK
    assert ("[####" in errors.getvalue()) is is_drawn
    assert ("3 of 3 pictures" in errors.getvalue()) is ("--quiet" not in more)


def test_a_bar_is_never_wider_than_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", errors := Terminal())
    monkeypatch.setattr(cli_output, "_terminal_width", lambda: 40)
    bar = ProgressBar(quiet=False)
    bar.update(1, 1, "words " * 20)
    bar.clear()
    assert max(map(len, errors.getvalue().split("\r"))) == 39
    assert errors.getvalue().endswith("\r" + " " * 39 + "\r")


def test_seconds_are_told_as_people_do() -> None:
    told = [format_seconds(seconds) for seconds in (0.2, 59.4, 59.6, 200, 3599.9, 7500)]
    assert told == ["0 s", "59 s", "1 min 0 s", "3 min 20 s", "1 h 0 min", "2 h 5 min"]


# --- names ---


@fake
@posix_only
def test_odd_names_keep_one_line_a_picture_and_come_back_from_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "odd"
    names = ["=1+1.png", "a\nb.png", "esc\x1b[31m.png", "\udcff.png", "tab\t.png", "\x9b.png"]
    for name in names:
        write_picture(folder / "made.png").rename(folder / name)
    assert main(["classify", str(folder)]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    shown = {Path(line.split("\t")[0]).name for line in lines}
    assert shown == {"=1+1.png", "a\\nb.png", "esc\\x1b[31m.png", "\\xff.png", "tab\\t.png", "\\x9b.png"}
    table, objects = tmp_path / "out.csv", tmp_path / "out.jsonl"
    assert main(["classify", str(folder), "--csv", str(table), "--json", str(objects), "--quiet"]) == EXIT_OK
    with table.open(encoding="utf-8", newline="") as stream:
        cells = {row["path"] for row in csv.DictReader(stream)}
    assert cells == {"'=1+1.png", "a\nb.png", "esc\x1b[31m.png", "\\xff.png", "tab\t.png", "\x9b.png"}
    paths = {json.loads(line)["path"] for line in objects.read_text(encoding="utf-8").split("\n") if line}
    assert paths == {cell.removeprefix("'") for cell in cells}


@fake
@posix_only
def test_what_is_named_by_itself_gets_one_row_whatever_it_is(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "link.png").symlink_to("nowhere.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "twin.png").symlink_to(pictures / "red.png")
    named = [str(tmp_path / name) for name in ("fifo.png", "link.png", "notes.txt", "gone.png", "gone.png", "twin.png")]
    table = tmp_path / "out.csv"
    assert main(["classify", *named, str(pictures), "--csv", str(table)]) == EXIT_SOME_FAILED
    with table.open(encoding="utf-8", newline="") as stream:
        rows = {row["path"]: row for row in csv.DictReader(stream)}
    failed = {"fifo.png", "link.png", "notes.txt", "gone.png"}
    assert set(rows) == {*failed, "pictures/red.png", "pictures/blue.png", "pictures/deep/green.png"}
    assert {path for path, row in rows.items() if row["status"] == "error"} == failed
    assert all(row["error"] for path, row in rows.items() if path in failed)
    assert "2 pictures named more than once, taken once" in capsys.readouterr().err


def test_control_characters_are_spelled_out() -> None:
    assert on_one_line("a\nb\x1b[0m\x7f\x85 é “") == "a\\nb\\x1b[0m\\x7f\\x85 é “"


def test_marks_that_turn_the_line_round_are_spelled_out_and_other_writing_is_not() -> None:
    assert on_one_line("a\u202egnp.exe\u2028b\u2067") == "a\\u202egnp.exe\\u2028b\\u2067"
    assert on_one_line("\u0634\u200f\u05d0 e\u0301 \u200d\U0001f600") == "\u0634\u200f\u05d0 e\u0301 \u200d\U0001f600"
