"""Pictures as cameras write them, and whole processes with stub programs for contestants."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from benchmarks import series
from benchmarks.ceiling import Cost
from benchmarks.contestants import Contestant
from benchmarks.exif_block import exif_block
from benchmarks.picture_sources import FEWEST, find_sources, made_photograph, open_sources
from benchmarks.pictures import MANIFEST, SetKind, build_set
from benchmarks.processes import ProcessFailedError, process_tree, run_process, seconds_to_line

ROOT = Path(__file__).resolve().parents[2]
JPEG = SetKind(96, 64, ".jpg", 4, "tiny")
PNG = SetKind(96, 64, ".png", 2, "tiny, PNG")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed in range(FEWEST):  # enough, so that none has to be made
        made_photograph(seed).resize((240, 180)).save(folder / f"{seed}.png")
    return folder


def test_a_set_is_made_as_cameras_write_and_kept(photographs: Path, tmp_path: Path) -> None:
    folder = build_set(JPEG, 4, photographs, tmp_path / "cache")
    files = sorted(folder.glob("*.jpg"))
    assert len(files) == 4
    assert len({file.read_bytes() for file in files}) == 4
    for file in files:
        with Image.open(file) as image:
            assert image.size == (96, 64)
            assert image.getexif()[ExifTags.Base.Orientation] == 1
    before = [file.stat().st_mtime_ns for file in files]

    assert build_set(JPEG, 4, photographs, tmp_path / "cache") == folder
    assert [file.stat().st_mtime_ns for file in files] == before


def test_the_same_request_gives_the_same_bytes(photographs: Path, tmp_path: Path) -> None:
    one, two = (build_set(JPEG, 2, photographs, tmp_path / name) for name in ("one", "two"))
    assert [file.read_bytes() for file in sorted(one.glob("*.jpg"))] == [
        file.read_bytes() for file in sorted(two.glob("*.jpg"))
    ]


def test_a_set_that_was_broken_off_is_made_anew(photographs: Path, tmp_path: Path) -> None:
    folder = build_set(PNG, 2, photographs, tmp_path)
    (folder / MANIFEST).unlink()
    (folder / "picture-00001.png").write_bytes(b"half")
    assert build_set(PNG, 2, photographs, tmp_path) == folder
    with Image.open(folder / "picture-00001.png") as image:
        image.load()


def test_other_photographs_make_another_set(photographs: Path, tmp_path: Path) -> None:
    folder = build_set(PNG, 2, photographs, tmp_path)
    made_photograph(9).save(photographs / "one more.jpg")
    assert build_set(PNG, 2, photographs, tmp_path) != folder


def test_the_exif_block_has_orientation_exposure_and_a_thumbnail() -> None:
    picture = made_photograph(0)
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", exif=exif_block(picture))
    with Image.open(buffer) as image:
        exif = image.getexif()
    assert exif[ExifTags.Base.Make] == "Benchmark"
    assert float(exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime]) == pytest.approx(1 / 250)
    small = exif.get_ifd(ExifTags.IFD.IFD1)
    start, length = small[0x0201], small[0x0202]
    block = exif_block(picture).removeprefix(b"Exif\0\0")
    with Image.open(io.BytesIO(block[start : start + length])) as thumbnail:
        assert thumbnail.size == (160, 120)


def test_photographs_are_made_where_there_are_too_few(tmp_path: Path) -> None:
    assert find_sources(tmp_path) == []
    made = open_sources([])
    assert len(made) == FEWEST
    assert np.asarray(made[0]).std() > 20
    assert made[0].tobytes() != made[1].tobytes()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_process_is_measured_whole() -> None:
    code = "import time; b = bytearray(80 << 20); t = time.process_time\nwhile t() < .2: pass"
    # From a small process: the memory of the one that forks counts towards the peak, and these tests take a gigabyte.
    asking = "import sys; from benchmarks.processes import run_process; used = run_process(sys.argv[1:], {}); "
    asking += "print(used.seconds, used.cpu_seconds, used.peak_bytes)"
    told = subprocess.run([*python(asking), *python(code)], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    seconds, cpu_seconds, peak_bytes = map(float, told.split())
    assert seconds >= 0.2
    assert 0.2 <= cpu_seconds < 10
    assert 80 * 2**20 < peak_bytes < 1000 * 2**20


def test_processor_time_and_memory_of_children_count() -> None:
    child = "import time; b = bytearray(90 << 20); t = time.process_time\nwhile t() < .8: pass"
    code = f"import subprocess, sys; b = bytearray(60 << 20); subprocess.run([sys.executable, '-c', {child!r}])"
    used = run_process(python(code), {})
    assert used.cpu_seconds >= 0.8
    assert used.peak_bytes > 150 * 2**20


def test_only_itself_is_in_the_tree_of_a_process_without_children() -> None:
    assert process_tree(2**22 + 1) == [2**22 + 1]


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(ProcessFailedError, match="no such thing"):
        run_process(python("raise SystemExit('no such thing')"), {})
    with pytest.raises(ProcessFailedError, match="too early"):
        seconds_to_line(python("print('header', flush=True); raise SystemExit('too early')"), {}, 2)


def test_the_first_row_ends_the_wait_and_the_process() -> None:
    # It would go on for an hour.
    code = "import threading\nprint('header')\nprint('row', flush=True)\nthreading.Event().wait(3600)"
    assert seconds_to_line(python(code), {}, 2) < 60


def test_the_environment_of_the_caller_shapes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    check = "'OMP_NUM_THREADS' in os.environ or sys.dont_write_bytecode or os.environ['X'] != 'y'"
    run_process(python(f"import os, sys; sys.exit({check})"), {"X": "y"})


STUB = """
import csv, pathlib, sys
folder, target = sys.argv[1:]
with open(target, "w", newline="") as stream:
    rows = csv.writer(stream)
    rows.writerow(("path", "label_1", "prob_1"))
    for file in sorted(pathlib.Path(folder).glob("*.jpg"))[FIRST:]:
        rows.writerow((file.name, "cat" + file.name[-5], "0.5"))
"""


class Stub(Contestant):
    """A small program in place of a contestant; it leaves out as many pictures as its title says."""

    def command(self, folder: Path, csv: str, work: Path) -> list[str]:
        return [*python(STUB.replace("FIRST", self.title)), str(folder), csv]


def test_a_size_is_run_in_turn_and_compared(photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build_set(JPEG, 4, photographs, tmp_path)
    reference = Stub("torchvision", "0", "stub")
    said: list[str] = []
    monkeypatch.setattr(series, "REFERENCE", reference)
    monkeypatch.setattr(series, "measure", lambda part, _folder, _work: Cost(0.1, 0.2))

    found = series.run_size("tiny", folder, tmp_path, [Stub("a", "0", "stub"), Stub("b", "1", "stub")], 2, said.append)

    assert (found.count, found.labels) == (4, 4)
    assert {key: len(pairs) for key, pairs in found.pairs.items()} == {"a": 2, "b": 2}
    assert {part: len(costs) for part, costs in found.costs.items()} == dict.fromkeys(series.COST_PARTS, 2)
    assert [found.agreement[key].missing for key in "ab"] == [0, 1]
    order = [text.split()[1] for text in said]
    assert order == ["torchvision", "a", "b", "a", "torchvision", "b", "b", "torchvision", "a"]


def test_every_run_is_beside_its_partner(monkeypatch: pytest.MonkeyPatch) -> None:
    count = iter(range(100))
    contestants = [Contestant(key, key) for key in "abc"]
    found = series.run_in_turn(contestants, 3, lambda _: next(count))
    assert all(abs(own - reference) == 1 for pairs in found.values() for own, reference in pairs)
