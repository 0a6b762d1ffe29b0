"""Exports on disk: found again by what made them, never half there, bounded, and shared between processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import SMALL, make_weights

from model import onnx_cache as module
from model.cancel import Cancelled
from model.onnx_cache import ExportedNetwork, OnnxCache, export_key
from model.types import Calibration, InstalledWeights

WEIGHTS = make_weights()
CONTENT = b"an exported network" * 50
LONG_AGO = 11 * 60  # seconds


@pytest.fixture
def cache(tmp_path: Path) -> OnnxCache:
    return OnnxCache(tmp_path / "onnx")


def add(cache: OnnxCache, installed: InstalledWeights = WEIGHTS, content: bytes = CONTENT) -> ExportedNetwork:
    with cache.adding(installed) as part:
        part.write_bytes(content)
        return cache.keep(installed, part, 2e-7)


def names(cache: OnnxCache) -> set[str]:
    return {path.name for path in cache.folder.iterdir()}


def age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_an_export_is_found_again_with_its_record(cache: OnnxCache) -> None:
    assert cache.find(WEIGHTS) is None
    assert cache.record(WEIGHTS) is None
    added = add(cache)
    assert added.path.read_bytes() == CONTENT
    assert added.record.size == len(CONTENT)
    assert added.record.largest_difference == 2e-7
    assert OnnxCache(cache.folder).find(WEIGHTS) == added
    assert OnnxCache(cache.folder).record(WEIGHTS) == added.record
    assert len(names(cache)) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, sha256="f" * 64),
        lambda one: replace(one, weights=replace(one.weights, id="other")),
        lambda one: replace(one, weights=replace(one.weights, classes=("red", "blue", "green"))),
        lambda one: replace(one, weights=replace(one.weights, preprocess=replace(SMALL, crop=7))),
        lambda one: replace(one, weights=replace(one.weights, preprocess=replace(SMALL, mean=(0.1, 0.0, 0.0)))),
        lambda one: replace(one, weights=replace(one.weights, architecture="torchvision:resnet18")),
        lambda one: replace(one, weights=replace(one.weights, layout="by-order")),
        lambda one: replace(
            one, weights=replace(one.weights, calibration=Calibration(1.5, "energy", 1.0, 0.95, "test"))
        ),
    ],
    ids=["digest", "id", "classes", "crop", "mean", "architecture", "layout", "calibration"],
)
def test_whatever_shapes_the_file_or_its_check_makes_another_export(
    cache: OnnxCache, change: Callable[[InstalledWeights], InstalledWeights]
) -> None:
    add(cache)
    assert cache.find(change(WEIGHTS)) is None
    assert export_key(change(WEIGHTS)) != export_key(WEIGHTS)


def test_exports_of_an_earlier_exporter_are_made_anew(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    add(cache)
    monkeypatch.setattr(module, "EXPORTER_VERSION", module.EXPORTER_VERSION + 1)
    assert cache.find(WEIGHTS) is None
    assert cache.record(WEIGHTS) is None


def test_words_about_a_set_make_no_other_export(cache: OnnxCache) -> None:
    added = add(cache)
    reworded = replace(WEIGHTS.weights, title="Another title", notes="words", family="weather")
    assert cache.find(replace(WEIGHTS, weights=reworded, paths={"network": Path("elsewhere")})) == added


# --- damage ---


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(CONTENT[:-1]),
        lambda path: path.write_bytes(CONTENT + b"."),
        lambda path: path.write_bytes(bytes([CONTENT[0] ^ 1]) + CONTENT[1:]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
    ids=["truncated", "longer", "a bit flipped", "empty", "gone"],
)
def test_a_damaged_file_is_removed_and_may_be_made_anew(cache: OnnxCache, damage: Callable[[Path], object]) -> None:
    damage(add(cache).path)
    assert cache.find(WEIGHTS) is None
    assert names(cache) == set()
    assert cache.record(WEIGHTS) is None, "nobody would export it again"
    assert add(cache) == cache.find(WEIGHTS)


def test_a_file_that_cannot_be_read_just_now_is_left(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    added = add(cache)
    with monkeypatch.context() as patch:
        patch.setattr(module, "file_sha256", refuse)
        assert cache.find(WEIGHTS) is None
    assert cache.find(WEIGHTS) == added


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"null", b"[]", b"3", b"\xff\xfe", b'{"sha256": "0"}'),
        b'{"sha256": "0", "size": "many", "largest_difference": 0, "rejected": ""}',
        b'{"sha256": "0", "size": Infinity, "largest_difference": 0, "rejected": ""}',
        b'{"sha256": "0", "size": null, "largest_difference": 0, "rejected": ""}',
    ],
)
def test_a_damaged_record_is_none(cache: OnnxCache, content: bytes) -> None:
    added = add(cache)
    added.path.with_suffix(".json").write_bytes(content)
    assert cache.record(WEIGHTS) is None
    assert cache.find(WEIGHTS) is None
    assert add(cache) == added == cache.find(WEIGHTS)


@pytest.mark.parametrize("old", [False, True], ids=["first", "in place of an old one"])
def test_an_export_broken_off_before_its_record_counts_as_none(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    if old:
        add(cache, content=b"an old export")
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_atomically", die)
        with pytest.raises(KeyboardInterrupt):
            add(cache)
    assert cache.record(WEIGHTS) is None, "a record stands beside a file that it does not describe"
    assert cache.find(WEIGHTS) is None
    assert add(cache) == cache.find(WEIGHTS)


# --- rejections ---


def test_a_rejection_is_remembered_and_has_no_file(cache: OnnxCache) -> None:
    add(cache)
    cache.reject(WEIGHTS, "a probability differs by 0.1")
    assert cache.find(WEIGHTS) is None
    record = cache.record(WEIGHTS)
    assert record is not None
    assert (record.rejected, record.sha256) == ("a probability differs by 0.1", "")
    assert [Path(name).suffix for name in names(cache)] == [".json"]
    assert cache.record(make_weights("other")) is None


def test_an_export_after_a_rejection_counts(cache: OnnxCache) -> None:
    cache.reject(WEIGHTS, "a mishap")
    assert add(cache) == cache.find(WEIGHTS)


# --- room ---


def test_the_export_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = OnnxCache(tmp_path, size_limit=3 * len(CONTENT))
    sets = [make_weights(name) for name in ("one", "two", "three", "four")]
    for number, weights in enumerate(sets[:3]):
        age(add(cache, weights).path.with_suffix(".json"), 1000 - number)
    assert cache.find(sets[0]) is not None, "nothing had to go yet"  # and the first is now the one used last
    cache.reject(make_weights("rejected"), "takes no room")
    add(cache, sets[3])
    assert [cache.find(weights) is not None for weights in sets] == [True, False, True, True]
    assert cache.record(make_weights("rejected")) is not None


def test_the_new_export_stays_even_when_it_is_too_large(tmp_path: Path) -> None:
    cache = OnnxCache(tmp_path, size_limit=len(CONTENT))
    add(cache, make_weights("one"))
    added = add(cache, WEIGHTS, content=3 * CONTENT)
    assert cache.find(WEIGHTS) == added
    assert cache.find(make_weights("one")) is None


def test_what_a_crash_left_without_a_record_goes_first(tmp_path: Path) -> None:
    cache = OnnxCache(tmp_path, size_limit=2 * len(CONTENT))
    orphan, old = add(cache, make_weights("orphan")), add(cache, make_weights("old"))
    orphan.path.with_suffix(".json").unlink()
    age(old.path.with_suffix(".json"), 1000)
    add(cache)
    assert not orphan.path.exists()
    assert cache.find(make_weights("old")) is not None


def test_clearing_removes_all_that_counts(cache: OnnxCache) -> None:
    add(cache)
    cache.reject(make_weights("other"), "a reason")
    cache.clear()
    assert names(cache) == set()
    cache.clear()


def test_a_file_that_windows_holds_open_stays_without_a_record(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def held(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".onnx":
            raise PermissionError(13, "The process cannot access the file")
        unlink(path, missing_ok=missing_ok)

    path = add(cache).path
    monkeypatch.setattr(Path, "unlink", held)
    cache.clear()
    assert names(cache) == {path.name}
    assert cache.find(WEIGHTS) is None


# --- under way ---


def test_an_export_is_under_way_while_its_part_is_there_and_young(cache: OnnxCache) -> None:
    assert not cache.is_under_way(WEIGHTS)
    with cache.adding(WEIGHTS) as part:
        assert cache.is_under_way(WEIGHTS)
        assert not cache.is_under_way(make_weights("other"))
        age(part, LONG_AGO)
        assert not cache.is_under_way(WEIGHTS), "a crash is remembered for ever"
        age(part, -LONG_AGO)
        assert not cache.is_under_way(WEIGHTS), "a clock that was put back makes it wait for years"
    assert not cache.is_under_way(WEIGHTS)


def test_parts_left_by_crashes_are_removed_once_they_are_old(cache: OnnxCache) -> None:
    add(cache)
    old, young = (cache.folder / f".{export_key(WEIGHTS)}-{name}.part" for name in ("old", "young"))
    for part in (old, young):
        part.write_bytes(b"half a netw")
    age(old, LONG_AGO)
    with cache.adding(make_weights("other")):
        assert not old.exists()
        assert young.exists()


@pytest.mark.parametrize("error", [Cancelled(), OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_whatever_ends_an_export_takes_its_part_along(cache: OnnxCache, error: BaseException) -> None:
    def export() -> None:
        with cache.adding(WEIGHTS) as part:
            part.write_bytes(b"half a netw")
            raise error

    with pytest.raises(type(error)):
        export()
    assert names(cache) == set()


def test_a_folder_that_fails_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = OnnxCache(tmp_path / "file")
    assert cache.find(WEIGHTS) is None
    assert cache.record(WEIGHTS) is None
    assert not cache.is_under_way(WEIGHTS)
    cache.clear()
    with pytest.raises(OSError, match="file"), cache.adding(WEIGHTS):
        pass
    with pytest.raises(OSError, match="file"):
        cache.reject(WEIGHTS, "a reason")


# --- several processes ---

WRITER = """
import sys
from pathlib import Path
from fakes import make_weights
from test_onnx_cache import add
from model.onnx_cache import OnnxCache

cache = OnnxCache(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(25):
    add(cache)
    found = cache.find(make_weights())
    assert found is None or found.record.size
"""


def test_two_processes_may_export_the_same_set_at_once(cache: OnnxCache) -> None:
    here = Path(__file__).resolve()
    paths = os.pathsep.join(str(folder) for folder in (here.parent, here.parents[1], here.parents[2]))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(cache.folder)],
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    # Only `communicate` closes the inputs, and it waits; the lines let both go first.
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    found = cache.find(WEIGHTS)
    assert found is not None
    assert found.path.read_bytes() == CONTENT
    assert names(cache) == {found.path.name, found.path.with_suffix(".json").name}
