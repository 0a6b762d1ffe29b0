"""Hostile files, names and folders by the real command: a row each, an error in words, bounded, the run goes on."""

import csv
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import ColourClassifier, make_weights, write_picture
from numpy.typing import NDArray
from pictures import encoded

from benchmarks.hostile_files import odd_files, odd_names
from model import engine
from model.cancel import CancelToken
from model.cli import main
from model.csv_text import unescape_cell
from model.exit_codes import EXIT_OK, EXIT_SOME_FAILED
from model.names import display_name
from model.sources import find_images
from model.types import BatchOutput, ScanReport

ROOT = Path(__file__).resolve().parents[2]
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork, and names of any bytes")
fake = pytest.mark.usefixtures("classifier")


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@linux_only
def test_made_files_give_what_is_right_in_bounded_time_and_memory() -> None:
    """Each in a process of its own; the command says what is wrong. docs/hostile.md has the table of them all."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", "--small"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert not done.returncode, "\n".join(
        line for line in done.stderr.splitlines() if "WRONG" in line or "Error" in line
    )
    assert done.stdout.count("\n|") > 80


@linux_only
@fake
def test_names_of_every_kind_have_one_row_and_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = odd_names(tmp_path / "names", encoded("PNG"))
    hidden = {path for path in paths if path.name.startswith(".")}
    assert main(["classify", str(tmp_path / "names"), "--csv", str(tmp_path / "out.csv"), "--quiet"]) == EXIT_OK
    rows = rows_of(tmp_path / "out.csv")
    assert len(rows) == len(paths) - len(hidden)
    assert {unescape_cell(row["path"]) for row in rows} == {
        display_name(path.name) for path in paths if path not in hidden
    }
    assert all(row["path"][0] not in "=+-@\t\r" for row in rows)
    # Named themselves they are taken whatever they are called; on the terminal each keeps to its line.
    capsys.readouterr()
    assert main(["classify", *map(str, paths), "--quiet"]) == EXIT_OK
    out = capsys.readouterr().out
    assert len(out.splitlines()) == len(paths)
    assert not set(out) & {"\u202e", "\u2067", "\u2028", "\x1b", "\r"}


@linux_only
@fake
def test_what_is_no_file_has_a_row_when_named_and_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = odd_files(tmp_path / "odd")
    listener = socket.socket(socket.AF_UNIX)
    try:
        monkeypatch.chdir(tmp_path / "odd")  # the path of a socket may have 107 bytes
        listener.bind("socket.png")
        named[tmp_path / "odd" / "socket.png"] = "image-not-a-file"
        opened: list[object] = []
        real_open = os.open
        monkeypatch.setattr(
            os, "open", lambda path, *rest, **more: opened.append(path) or real_open(path, *rest, **more)
        )
        write_picture(tmp_path / "z.png")
        table, lines = tmp_path / "out.csv", tmp_path / "out.jsonl"
        targets = ["--csv", str(table), "--json", str(lines), "--quiet"]
        assert main(["classify", *map(str, named), str(tmp_path / "z.png"), *targets]) == EXIT_SOME_FAILED
    finally:
        listener.close()
    rows = {row["file_name"]: row for row in rows_of(table)}
    assert len(rows) == len(named) + 1
    assert rows["z.png"]["status"] == "ok"
    text = lines.read_text(encoding="utf-8")
    for path, code in named.items():
        assert rows[path.name]["error"], path
        assert f'"file_name": "{path.name}"' in text
        assert code in next(line for line in text.splitlines() if path.name in line)
    specials = {"pipe.png", "zero.png", "terminal.png", "socket.png"}
    assert not [path for path in opened if Path(str(path)).name in specials]


@linux_only
@fake
def test_in_a_folder_only_what_is_a_file_is_taken(tmp_path: Path) -> None:
    odd_files(tmp_path / "odd")
    (tmp_path / "odd" / "folder.png").mkdir()
    (tmp_path / "odd" / "again").symlink_to(tmp_path / "odd")
    write_picture(tmp_path / "odd" / "deep" / "good.png")
    assert main(["classify", str(tmp_path / "odd"), "--csv", str(tmp_path / "out.csv"), "--quiet"]) == EXIT_SOME_FAILED
    found = sorted(row["path"] for row in rows_of(tmp_path / "out.csv"))
    assert found == ["deep/good.png", "sparse.jpg", "sparse.png", "sparse.webp"]


class Vanishing(ColourClassifier):
    """Removes all pictures when the first batch is classified."""

    folder: Path

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        shutil.rmtree(self.folder, ignore_errors=True)
        return super().classify(pixels, top)


def test_a_folder_that_vanishes_in_mid_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Vanishing(make_weights("weather-lite2"), batch_size=1)
    made.folder = tmp_path / "pictures"
    for number in range(60):
        write_picture(made.folder / f"{number}.png")
    monkeypatch.setattr(engine, "load_classifier", lambda *_arguments: made)
    monkeypatch.setattr("model.weights.Catalogue.open", lambda _self, _id: made.installed)
    table = tmp_path / "out.csv"
    assert main(["classify", str(made.folder), "--csv", str(table), "--quiet"]) == EXIT_SOME_FAILED
    rows = rows_of(table)
    assert len(rows) == 60
    assert rows[0]["status"] == "ok"
    gone = [row for row in rows if row["status"] == "error"]
    assert len(gone) > 30
    assert {row["error"] for row in gone} == {"the file is not there any more"}


# Python itself may lie where that user may not look, so everything is loaded before.
_AS_NOBODY = """
import os, sys
from pathlib import Path
from model.cancel import CancelToken
from model.decode import decode
from model.decode_limits import DecodeLimits
from model.errors import ImageError, describe
from model.sources import find_images
from model.types import ScanReport
root = Path(sys.argv[1])
decode(root / "open.png", limits=DecodeLimits())
try:
    decode(root / "gone.png", limits=DecodeLimits())
except ImageError as error:
    describe(error.problem)
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert os.getuid() != 0
for event in find_images([root], recursive=True, cancel=CancelToken()):
    if isinstance(event, ScanReport):
        print(len(event.unreadable), dict(event.unreadable[0].params)["reason"])
        continue
    for found in event.found:
        try:
            decode(found.path, limits=DecodeLimits())
        except ImageError as error:
            print(found.path.name, error.problem.code)
        else:
            print(found.path.name, "ok")
"""


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    (folder / "shut").chmod(0o700)
    shutil.rmtree(folder)


@linux_only
def test_what_may_not_be_read_is_told_and_the_rest_goes_on(public: Path) -> None:
    """Also where the tests are run by root, who may read everything: a child process becomes nobody."""
    for name in ("open.png", "closed.png", "shut/inside.png"):
        write_picture(public / name).chmod(0o644)
    (public / "closed.png").chmod(0)
    (public / "shut").chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(public)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.returncode, done.stderr
    assert done.stdout.splitlines() == ["closed.png image-no-permission", "open.png ok", "1 Permission denied"]


@linux_only
def test_a_hundred_thousand_files_in_one_folder(tmp_path: Path) -> None:
    count = 100_000
    code = (
        "import os, resource, sys; from pathlib import Path\n"
        "from model.cancel import CancelToken; from model.sources import find_images\n"
        "from model.types import ScanBatch\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = 0; most = 0\n"
        "for event in find_images([Path(sys.argv[1])], recursive=True, cancel=CancelToken()):\n"
        "    if isinstance(event, ScanBatch): found += len(event.found); most = max(most, len(event.found))\n"
        "print(found, most, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    folder = tmp_path / "many"
    folder.mkdir()
    directory = os.open(folder, os.O_RDONLY)
    try:
        for number in range(count):
            os.close(os.open(f"{number}.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=directory))
    finally:
        os.close(directory)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    shutil.rmtree(folder)
    found, most, grown = map(int, done.stdout.split())
    assert found == count
    assert most <= 256
    assert grown < 150 << 10  # the names and what tells repeats apart; the pictures' paths are handed on


def test_a_report_counts_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "pipe.png").symlink_to("gone")
    *_, report = find_images([tmp_path], recursive=True, cancel=CancelToken())
    assert isinstance(report, ScanReport)
    assert (report.images, report.other_files) == (0, 1)
