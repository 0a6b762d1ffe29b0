"""What was read of a folder is kept, so that it is decoded once; and forgotten when it is out of date."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import make_folders, noise_picture, read
from numpy.typing import NDArray
from PIL import Image

from model import signature_cache, signatures
from model.cancel import Cancelled, CancelToken
from model.dataset import Dataset, fingerprint, read_dataset
from model.decode_limits import DecodeLimits
from model.errors import DatasetError
from model.signature_cache import MOST_FILES


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return make_folders(tmp_path / "pictures", {"cat": 3, "dog": 3})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "data" / "cache"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pictures that were decoded, in any order."""
    names: list[str] = []
    real = signatures.make_signature

    def make(path: Path, limits: DecodeLimits, token: CancelToken) -> NDArray[np.void]:
        names.append(f"{path.parent.name}/{path.name}")
        return real(path, limits, token)

    monkeypatch.setattr(signatures, "make_signature", make)
    return names


def assert_same(one: Dataset, other: Dataset) -> None:
    assert [(i.path, i.class_index, i.sha256, i.size) for i in one.images] == [
        (i.path, i.class_index, i.sha256, i.size) for i in other.images
    ]
    for mine, theirs in zip(one.images, other.images, strict=True):
        np.testing.assert_array_equal(mine.thumbnail, theirs.thumbnail)
    assert fingerprint(one.root, one.images) == fingerprint(other.root, other.images)


def test_a_second_reading_decodes_nothing_and_finds_the_same(folders: Path, cache: Path, opened: list[str]) -> None:
    first = read(folders, cache)
    assert len(opened) == 6
    assert_same(read(folders, cache), first)
    assert len(opened) == 6
    assert_same(read(folders), first)
    assert len(opened) == 12


def test_only_changed_and_new_pictures_are_read_again(folders: Path, cache: Path, opened: list[str]) -> None:
    read(folders, cache)
    opened.clear()
    noise_picture(folders / "cat" / "1.png", 77)
    noise_picture(folders / "dog" / "new.png", 78)
    os.utime(folders / "dog" / "2.png", ns=(1, 1))
    dataset = read(folders, cache)
    assert sorted(opened) == ["cat/1.png", "dog/2.png", "dog/new.png"]
    assert_same(dataset, read(folders))


def test_bad_pictures_are_tried_again(folders: Path, cache: Path, opened: list[str]) -> None:
    (folders / "cat" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    assert len(read(folders, cache).bad) == 1
    opened.clear()
    assert len(read(folders, cache).bad) == 1
    assert opened == ["cat/bad.png"]


def test_a_cancelled_reading_keeps_what_it_has_read(folders: Path, cache: Path, opened: list[str]) -> None:
    cancel = CancelToken()
    events = read_dataset(folders, DecodeLimits(), cancel, cache=cache)
    for _ in range(4):
        next(events)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(events)
    opened.clear()
    assert len(read(folders, cache).images) == 6
    assert {"cat/0.png", "cat/1.png", "cat/2.png", "dog/0.png"}.isdisjoint(opened)


def test_a_cancelled_reading_forgets_nothing(folders: Path, cache: Path, opened: list[str]) -> None:
    read(folders, cache)
    noise_picture(folders / "cat" / "0.png", 77)
    cancel = CancelToken()
    events = read_dataset(folders, DecodeLimits(), cancel, cache=cache)
    next(events)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(events)
    opened.clear()
    read(folders, cache)
    assert opened == []


def test_pictures_that_are_gone_are_forgotten(folders: Path, cache: Path) -> None:
    read(folders, cache)
    (file,) = cache.iterdir()
    assert file.read_bytes().count(b".png") == 6
    (folders / "cat" / "0.png").unlink()
    read(folders, cache)
    assert file.read_bytes().count(b".png") == 5


def test_when_all_pictures_are_gone_nothing_is_left(folders: Path, cache: Path) -> None:
    read(folders, cache)
    for picture in folders.rglob("*.png"):
        picture.unlink()
    for _ in range(2):
        with pytest.raises(DatasetError, match="class cat has 0 readable"):
            read(folders, cache)
    (file,) = cache.iterdir()
    assert b".png" not in file.read_bytes()


def test_nothing_is_written_when_nothing_is_new(folders: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(folders, cache)

    def write(_path: Path, _data: bytes) -> None:
        raise AssertionError("written anew")

    monkeypatch.setattr(signature_cache, "write_atomically", write)
    assert len(read(folders, cache).images) == 6


def test_a_damaged_file_is_read_over_and_replaced(folders: Path, cache: Path, opened: list[str]) -> None:
    first = read(folders, cache)
    (file,) = cache.iterdir()
    sound = file.read_bytes()
    middle = len(sound) // 2
    flipped = sound[:middle] + bytes([sound[middle] ^ 0xFF]) + sound[middle + 1 :]
    for damage in (b"", b"no archive", sound[: len(sound) // 2], sound[:-30], flipped):
        file.write_bytes(damage)
        opened.clear()
        assert_same(read(folders, cache), first)
        assert len(opened) == 6
    opened.clear()
    read(folders, cache)
    assert opened == []


def test_a_cache_that_cannot_be_written_costs_only_time(
    folders: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def write(_path: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(signature_cache, "write_atomically", write)
    assert len(read(folders, cache).images) == 6
    assert "No space left" in caplog.text
    cache.rmdir()
    cache.write_text("a file in the way")
    assert len(read(folders, cache).images) == 6


def test_the_files_of_the_folders_used_last_are_kept(tmp_path: Path, cache: Path, opened: list[str]) -> None:
    cache.mkdir(parents=True)
    other = cache / "features-of-somebody.npy"
    other.write_bytes(b"not ours")
    roots = [make_folders(tmp_path / str(number), {"cat": 2, "dog": 2}) for number in range(MOST_FILES + 1)]
    for age, root in enumerate(roots[:-1]):
        before = set(cache.iterdir())
        read(root, cache)
        (new,) = set(cache.iterdir()) - before
        os.utime(new, ns=(10**9 * (age + 1), 10**9 * (age + 1)))
    read(roots[0], cache)  # used again, so that roots[1] is the one used longest ago
    read(roots[-1], cache)
    assert len(list(cache.iterdir())) == MOST_FILES + 1
    assert other.exists()
    opened.clear()
    read(roots[0], cache)
    assert opened == []
    read(roots[1], cache)
    assert len(opened) == 4


def test_what_is_too_large_for_a_lower_limit_is_not_taken_from_a_higher_one(folders: Path, cache: Path) -> None:
    read(folders, cache)
    large = noise_picture(folders / "cat" / "large.png", 5)
    with Image.open(large) as image:
        enlarged = image.resize((400, 300))
    enlarged.save(large)
    assert len(read(folders, cache).images) == 7
    *_, dataset = read_dataset(folders, DecodeLimits(pixels=50_000), CancelToken(), cache=cache)
    assert isinstance(dataset, Dataset)
    assert [(path.name, problem.code) for path, problem in dataset.bad] == [("large.png", "image-too-large")]
