"""Copies: equal bytes or nearly equal thumbnails, or read from a file; and copies across parts and classes."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import make_folders, make_image, noise_picture, read
from fakes import write_picture
from PIL import Image

from model import copies
from model.cancel import Cancelled, CancelToken
from model.copies import contradicting, find_copies, leaking, read_groups, summarise
from model.dataset import LabelledImage
from model.errors import DatasetError


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return make_folders(tmp_path / "pictures", {"cat": 3, "dog": 3})


def test_copies_are_found_when_equal_resized_or_compressed_anew(folders: Path) -> None:
    shutil.copy(folders / "cat" / "0.png", folders / "dog" / "copy.png")
    with Image.open(folders / "cat" / "1.png") as image:
        image.resize((90, 70)).save(folders / "cat" / "small.jpg", quality=60)
    dataset = read(folders)
    names = [image.path.relative_to(folders).as_posix() for image in dataset.images]
    groups = dict(zip(names, find_copies(dataset.images).tolist(), strict=True))
    assert groups["cat/0.png"] == groups["dog/copy.png"]
    assert groups["cat/1.png"] == groups["cat/small.jpg"]
    assert len(set(groups.values())) == 6


def test_pictures_of_one_colour_are_copies_when_their_bytes_are_equal_and_only_then(tmp_path: Path) -> None:
    for index, name in enumerate(("a", "b")):
        for number in range(2):
            write_picture(tmp_path / name / f"{number}.png", (50 * index, 40 * number, 0))
    write_picture(tmp_path / "a" / "same_colour_other_size.png", (50, 40, 0), size=(20, 20))
    shutil.copy(tmp_path / "a" / "0.png", tmp_path / "b" / "same_bytes.png")
    dataset = read(tmp_path)
    assert all(not image.thumbnail.any() for image in dataset.images)
    names = [image.path.name for image in dataset.images]
    groups = find_copies(dataset.images)
    assert len(set(groups.tolist())) == 5
    assert groups[names.index("0.png")] == groups[names.index("same_bytes.png")]


def shifting(count: int) -> list[LabelledImage]:
    """Pictures in a chain: each correlates with its neighbours by 0.9947, with those further on by at most 0.98."""
    angles = np.arange(count) * np.arccos(0.9947)
    base = np.zeros((2, 256), dtype=np.float64)
    base[0, :128], base[0, 128:] = 1, -1
    base[1, ::2], base[1, 1::2] = 1, -1
    pixels = np.cos(angles)[:, None] * base[0] + np.sin(angles)[:, None] * base[1]
    return [make_image(number, row) for number, row in enumerate(pixels)]


def test_being_a_copy_is_transitive() -> None:
    images = shifting(8)
    assert float(images[0].thumbnail @ images[1].thumbnail) > 0.99 > float(images[0].thumbnail @ images[2].thumbnail)
    assert len(set(find_copies(images).tolist())) == 1
    assert len(set(find_copies([images[0], images[2], images[4]]).tolist())) == 3


def in_the_plain_way(images: list[LabelledImage]) -> list[int]:
    """Groups by comparing every two pictures, numbered by their first members."""
    numbers = list(range(len(images)))
    for a, one in enumerate(images):
        for b, other in enumerate(images):
            if one.sha256 == other.sha256 or float(one.thumbnail @ other.thumbnail) >= 0.99:
                old, new = max(numbers[a], numbers[b]), min(numbers[a], numbers[b])
                numbers = [new if number == old else number for number in numbers]
    return numbers


@pytest.mark.parametrize("seed", range(5))
def test_stretch_by_stretch_the_same_copies_are_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    originals = rng.normal(size=(20, 256))
    images = [make_image(n, originals[rng.integers(20)] + rng.normal(scale=0.05, size=256)) for n in range(60)]
    images = [replace(image, sha256=str(rng.integers(200))) for image in images]
    expected = in_the_plain_way(images)
    monkeypatch.setattr(copies, "_TILE", 7)
    found = find_copies(images).tolist()
    assert len(set(found)) < 40
    assert len(set(zip(found, expected, strict=True))) == len(set(found)) == len(set(expected))
    assert set(found) == set(range(len(set(found))))


def test_thousands_of_frames_of_one_film_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    frame = rng.normal(size=256)
    images = [make_image(number, frame + rng.normal(scale=0.01, size=256)) for number in range(3000)]
    joins: list[int] = []
    real = copies._Groups.join

    def join(groups: copies._Groups, item: int, others: np.ndarray) -> None:
        joins.append(item)
        real(groups, item, others)

    monkeypatch.setattr(copies._Groups, "join", join)
    assert len(set(find_copies(images).tolist())) == 1
    assert len(joins) < 3 * 3000  # not one for each of the 4,500,000 pairs


def test_the_search_can_be_cancelled() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        find_copies(shifting(3), cancel)


def write_groups(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_groups_can_come_from_a_file(folders: Path, tmp_path: Path) -> None:
    dataset = read(folders)
    file = write_groups(tmp_path / "groups.txt", "cat/0.png dog/1.png\n\ncat/2.png dog/1.png\n")
    groups = read_groups(file, folders, dataset.images)
    assert groups[0] == groups[4] == groups[2]
    assert len(set(groups.tolist())) == 4
    write_groups(file, "cat/0.png cat/absent.png\n")
    with pytest.raises(DatasetError, match=r"absent\.png"):
        read_groups(file, folders, dataset.images)
    with pytest.raises(DatasetError, match="could not be read"):
        read_groups(file.with_name("nowhere"), folders, dataset.images)
    file.write_bytes("cat/0.png".encode("utf-16"))
    with pytest.raises(DatasetError, match="could not be read"):
        read_groups(file, folders, dataset.images)


def test_names_with_spaces_stand_between_quotation_marks(folders: Path, tmp_path: Path) -> None:
    noise_picture(folders / "cat" / "my cat.png", 90)
    noise_picture(folders / "cat" / "Tom's cat #2.png", 91)
    dataset = read(folders)
    names = [image.path.name for image in dataset.images]
    file = write_groups(tmp_path / "groups.txt", "'cat/my cat.png' cat/0.png \"cat/Tom's cat #2.png\"\n")
    groups = read_groups(file, folders, dataset.images)
    assert groups[names.index("my cat.png")] == groups[names.index("Tom's cat #2.png")] == groups[0]
    assert len(set(groups.tolist())) == 6
    write_groups(file, "cat/0.png\ncat/0.png cat/Tom's\n")
    with pytest.raises(DatasetError, match=r"line 2 of .*groups\.txt"):
        read_groups(file, folders, dataset.images)


def test_signs_that_mean_something_to_a_shell_mean_nothing_here(folders: Path, tmp_path: Path) -> None:
    noise_picture(folders / "cat" / "#1.png", 90)
    dataset = read(folders)
    file = write_groups(tmp_path / "groups.txt", "\ufeffcat/#1.png cat/0.png\n")
    assert len(set(read_groups(file, folders, dataset.images).tolist())) == 6
    write_groups(file, "cat\\0.png cat/1.png\n")
    if Path("a\\b").parts == ("a\\b",):
        with pytest.raises(DatasetError, match=r"names cat\\0\.png"):
            read_groups(file, folders, dataset.images)
    else:
        assert len(set(read_groups(file, folders, dataset.images).tolist())) == 6


def test_a_file_of_copies_may_name_a_picture_that_was_left_out(folders: Path, tmp_path: Path) -> None:
    (folders / "cat" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    dataset = read(folders)
    assert len(dataset.bad) == 1
    file = write_groups(tmp_path / "groups.txt", "cat/bad.png cat/0.png cat/1.png\n")
    groups = read_groups(file, folders, dataset.images)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 5


def test_the_summary_counts_pictures_with_copies(folders: Path) -> None:
    dataset = read(folders)
    summary = summarise(dataset, np.array([0, 1, 1, 1, 2, 2]))
    assert summary.counts == (("cat", 3), ("dog", 3))
    assert (summary.copies, summary.copy_groups, summary.largest_group) == (5, 2, 3)
    summary = summarise(dataset, np.arange(6))
    assert (summary.copies, summary.copy_groups, summary.largest_group) == (0, 0, 1)


def test_copies_across_parts_are_told_from_those_within(folders: Path) -> None:
    dataset = replace(read(folders), parts=np.array([0, 0, 0, 1, 1, 2], dtype=np.int8))
    assert leaking(dataset, np.arange(6)).tolist() == [False] * 6
    assert leaking(dataset, np.array([0, 0, 1, 2, 2, 3])).tolist() == [False] * 6
    assert leaking(dataset, np.array([0, 0, 1, 0, 2, 3])).tolist() == [True, True, False, False, False, False]
    assert leaking(dataset, np.array([0, 1, 2, 3, 4, 2])).tolist() == [False, False, True, False, False, False]
    assert leaking(dataset, np.array([0, 1, 2, 3, 2, 2])).tolist() == [False, False, True, False, True, False]
    assert leaking(replace(dataset, parts=None), np.zeros(6, dtype=np.intp)).tolist() == [False] * 6


def test_copies_in_several_classes_contradict_one_another() -> None:
    labels = np.array([0, 0, 1, 1, 2])
    assert contradicting(labels, np.array([0, 0, 1, 1, 2])).tolist() == [False] * 5
    assert contradicting(labels, np.array([0, 1, 1, 2, 2])).tolist() == [False, True, True, True, True]


def test_the_copies_of_the_weather_pictures_are_found(shared_data: Path) -> None:
    root = shared_data / "weather"
    dataset = read(root)
    found = find_copies(dataset.images)
    known = read_groups(root / "near_duplicate_groups.txt", root, dataset.images)
    sizes = np.bincount(known)
    assert (int((sizes > 1).sum()), int(sizes[sizes > 1].sum())) == (101, 213)
    complete = [group for group in np.flatnonzero(sizes > 1) if len(set(found[known == group].tolist())) == 1]
    assert len(complete) >= 95
    assert np.bincount(found).max() <= 12
