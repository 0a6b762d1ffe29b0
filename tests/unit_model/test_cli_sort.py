"""photospotter-cli sort: the tree, the deed, the way back, and where the target may lie."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import COLOURS, ColourClassifier, make_weights, write_picture
from sorting_desk import names, tree

from model import cli_sort, picture_placing
from model.cancel import CancelToken
from model.cli import main
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE
from model.sorting_journal import runs
from model.types import Calibration
from model.weights import Catalogue
from model.xmp_packet import keywords_of

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and links")
pytestmark = pytest.mark.usefixtures("classifier")


def sort(*arguments: object) -> int:
    return main(["sort", *(str(argument) for argument in arguments)])


def test_a_dry_run_shows_the_tree_and_changes_nothing(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(pictures / "other" / "red.png", COLOURS["red"])
    before = tree(tmp_path)
    assert sort(pictures, "--by-label", "--into", tmp_path / "out", "--dry-run") == EXIT_OK
    assert tree(tmp_path) == before
    assert runs() == ()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(tmp_path / "out")
    assert [line.split()[:2] for line in lines[1:]] == [["blue", "1"], ["green", "1"], ["red", "2"]]
    assert "(1 with a number, since the name is taken)" in lines[3]


@pytest.mark.parametrize(("way", "stay"), [((), 3), (("--copy",), 3), (("--move",), 0)])
def test_pictures_are_sorted_and_taken_back(
    pictures: Path, tmp_path: Path, way: tuple[str, ...], stay: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(pictures)
    assert sort(pictures, "--by-label", "--into", tmp_path / "out", *way) == EXIT_OK
    assert names(tmp_path / "out") == ["blue/blue.png", "green/green.png", "red/red.png"]
    assert len(names(pictures)) == stay
    output = capsys.readouterr()
    assert f"3 {'moved' if stay == 0 else 'copied'}" in output.err
    assert "sort --undo 000001” takes this back" in output.err
    assert sort("--undo") == EXIT_OK
    assert "3 taken back" in capsys.readouterr().err
    assert tree(pictures) == before
    assert not (tmp_path / "out").exists()


def test_below_the_minimum_and_unsure(
    pictures: Path, tmp_path: Path, classifier: ColourClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sort(pictures, "--into", tmp_path / "out", "--min", "0.78", "--quiet") == EXIT_OK
    assert names(tmp_path / "out") == ["blue/blue.png", "red/red.png", "unsure/green.png"]
    calibrated = make_weights("weather-lite2", calibration=Calibration(1.5, "probability", 0.77, 0.95, "a test"))
    classifier.installed = calibrated
    monkeypatch.setattr(Catalogue, "open", lambda _self, _id: calibrated)
    assert sort(pictures, "--into", tmp_path / "two", "--quiet") == EXIT_OK
    assert "unsure/green.png" in names(tmp_path / "two")
    assert sort(pictures, "--into", tmp_path / "three", "--unsure", "leave", "--quiet") == EXIT_OK
    assert names(tmp_path / "three") == ["blue/blue.png", "red/red.png"]
    assert sort(pictures, "--into", tmp_path / "four", "--unsure", "label", "--quiet") == EXIT_OK
    assert "green/green.png" in names(tmp_path / "four")


def test_keywords_beside_the_pictures(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(pictures)
    assert sort(pictures, "--xmp") == EXIT_OK
    assert names(pictures) == [
        *("blue.png", "blue.png.xmp", "deep/green.png", "deep/green.png.xmp", "red.png", "red.png.xmp"),
    ]
    assert keywords_of((pictures / "red.png.xmp").read_bytes())["dc:subject"] == ["red"]
    assert "3 given keywords" in capsys.readouterr().err
    assert sort("--undo", "--quiet") == EXIT_OK
    assert tree(pictures) == before
    assert sort(pictures, "--xmp", "--sidecar-name", "stem", "--quiet") == EXIT_OK
    assert "red.xmp" in names(pictures)


def test_a_picture_that_cannot_be_read_stays_and_is_counted(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "bad.jpg").write_bytes(b"no picture")
    assert sort(pictures, "--into", tmp_path / "out", "--move") == EXIT_SOME_FAILED
    assert names(pictures) == ["bad.jpg"]
    output = capsys.readouterr()
    assert "1 could not be read and stay" in output.out
    assert "bad.jpg: " in output.err


# --- where the target lies ---


def test_a_target_inside_is_not_sorted_again(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _time in range(2):
        assert sort(pictures, "--into", pictures / "sorted") == EXIT_OK
    assert names(pictures / "sorted") == ["blue/blue.png", "green/green.png", "red/red.png"]
    output = capsys.readouterr()
    assert "3 in " in output.err
    assert "3 were copied there before" in output.out


def test_the_folder_itself_may_be_the_target(pictures: Path) -> None:
    before = tree(pictures)
    for _time in range(2):
        assert sort(pictures, "--into", pictures, "--move", "--quiet") == EXIT_OK
        assert names(pictures) == ["blue/blue.png", "green/green.png", "red/red.png"]
    assert len(runs()) == 1, "the second time there was nothing to do"
    assert sort("--undo", "--quiet") == EXIT_OK
    assert tree(pictures) == before


def test_a_target_above_is_an_ordinary_one(pictures: Path, tmp_path: Path) -> None:
    assert sort(pictures, "--into", tmp_path, "--move", "--quiet") == EXIT_OK
    assert names(tmp_path) == ["blue/blue.png", "green/green.png", "red/red.png"]


@posix_only
def test_a_link_to_the_folder_is_the_folder(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pictures)
    assert sort(pictures, "--into", tmp_path / "link" / "sorted", "--quiet") == EXIT_OK
    assert sort(pictures, "--into", tmp_path / "link" / "sorted", "--quiet") == EXIT_OK
    assert names(pictures / "sorted") == ["blue/blue.png", "green/green.png", "red/red.png"]


# --- what makes no sense ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["PICTURES"], "into which folder"),
        (["PICTURES", "--xmp", "--into", "OUT"], "lie beside their pictures"),
        (["PICTURES", "--into", "PICTURES/red.png"], "is a file"),
        (["PICTURES", "--into", "PICTURES/red.png/below"], "is a file"),
        (["--into", "OUT"], "no pictures to classify"),
        (["EMPTY", "--into", "OUT"], "no pictures to classify"),
        (["--undo"], "no sorting to undo"),
        (["--undo", "000007"], "no sorting called “000007”"),
        (["--undo", "../000001"], "no sorting called"),
        (["PICTURES", "--runs"], "go with no path"),
        (["--runs", "--undo"], "go with no path"),
    ],
)
def test_wrong_usage(
    arguments: list[str], words: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"PICTURES": str(pictures), "EMPTY": str(tmp_path / "empty"), "OUT": str(tmp_path / "out")}
    for name, place in places.items():
        arguments = [argument.replace(name, place) for argument in arguments]
    before = tree(tmp_path)
    assert sort(*arguments) == EXIT_USAGE
    assert words in capsys.readouterr().err
    assert tree(tmp_path) == before


@pytest.mark.parametrize("arguments", [["--copy", "--move"], ["--min", "1.5"], ["--min", "x"], ["--unsure", "eat"]])
def test_options_out_of_range(arguments: list[str], pictures: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        sort(pictures, *arguments)
    assert ended.value.code == EXIT_USAGE


# --- runs, failures, interruption ---


def test_runs_are_listed_and_taken_back_by_name(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        assert sort(pictures, "--into", tmp_path / name, "--quiet") == EXIT_OK
    capsys.readouterr()
    assert sort("--runs") == EXIT_OK
    second, first = capsys.readouterr().out.splitlines()
    assert first.startswith("000001  20")
    assert first.endswith(f"3 to be copied into {tmp_path / 'one'}")
    assert second.startswith("000002  ")
    assert sort("--undo", "000001") == EXIT_OK
    assert not (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()


def test_what_is_kept_is_told_with_its_reason(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sort(pictures, "--into", tmp_path / "out", "--quiet")
    (tmp_path / "out" / "red" / "red.png").write_bytes(b"edited")
    assert sort("--undo") == EXIT_SOME_FAILED
    error = capsys.readouterr().err
    assert "red.png” was changed since it was made; it is kept." in error
    assert "2 taken back, 1 kept" in error
    assert names(tmp_path / "out") == ["red/red.png"]


def test_a_full_disk_ends_the_run_with_a_way_back(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = picture_placing.copy_aside

    def fill(source: Path, *arguments: object, **wishes: object) -> str:
        if source.name == "red.png":
            raise OSError(28, "No space left on device")
        return real(source, *arguments, **wishes)  # type: ignore[arg-type]

    monkeypatch.setattr(picture_placing, "copy_aside", fill)
    assert sort(pictures, "--into", tmp_path / "out", "--quiet") == EXIT_CANNOT_RUN
    error = capsys.readouterr().err
    assert "There is no room left" in error
    assert "1 copied, 2 not come to" in error
    assert "--undo 000001” takes this back" in error


def test_interrupting_while_classifying_touches_nothing(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = cli_sort._classify

    def classify(*arguments: object) -> object:
        cancel = arguments[-1]
        assert isinstance(cancel, CancelToken)
        cancel.cancel()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cli_sort, "_classify", classify)
    before = tree(tmp_path)
    assert sort(pictures, "--into", tmp_path / "out") == EXIT_INTERRUPTED
    assert tree(tmp_path) == before
    assert "no picture was touched" in capsys.readouterr().err


INTERRUPTED = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from fakes import ColourClassifier, make_weights
from model import engine, picture_placing
from model.cli import main
from model.weights import Catalogue
weights = make_weights("weather-lite2")
engine.load_classifier = lambda *_arguments: ColourClassifier(weights)
Catalogue.open = lambda _self, _id: weights
real, count = picture_placing.give_name, 0
def give_name(path, name):
    global count
    real(path, name)
    count += 1
    if count == 5:
        print("five", flush=True)
        sys.stdin.readline()
picture_placing.give_name = give_name
sys.exit(main(["sort", sys.argv[1], "--into", sys.argv[2], "--move"]))
"""


@posix_only
def test_ctrl_c_leaves_a_run_that_can_be_undone(tmp_path: Path) -> None:
    for number in range(20):
        write_picture(tmp_path / "in" / f"{number}.png", COLOURS["red"])
    before = tree(tmp_path / "in")
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "in"), str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        while child.stdout.readline() != "five\n":
            assert child.poll() is None, "it ended before it was interrupted"
        child.send_signal(signal.SIGINT)
        _, error = child.communicate("\n")
    assert child.returncode == EXIT_INTERRUPTED
    assert "Interrupted; 5 moved, 15 not come to" in error
    assert len(names(tmp_path / "in")) == 15
    assert sort("--undo", "--quiet") == EXIT_OK
    assert tree(tmp_path / "in") == before


@pytest.mark.skipif(os.name != "posix", reason="needs names that are not UTF-8")
def test_hostile_names_are_told_on_one_line(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pictures / "red.png").rename(pictures / os.fsdecode(b"\xff\n.png"))
    (pictures / "bad\x1b[31m.png").write_bytes(b"no picture")
    assert sort(pictures, "--into", tmp_path / "out\nof", "--move") == EXIT_SOME_FAILED
    output = capsys.readouterr()
    assert r"out\nof" in output.out
    assert "\x1b" not in output.out + output.err
    assert (tmp_path / "out\nof" / "red" / os.fsdecode(b"\xff\n.png")).exists()
