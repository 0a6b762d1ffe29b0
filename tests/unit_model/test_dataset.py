"""Labelled folders, copies, and splits that keep copies together."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import write_picture
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.cancel import CancelToken
from model.copies import find_copies, read_groups
from model.dataset import Dataset, fingerprint, read_dataset
from model.decode import DecodeLimits
from model.errors import DatasetError
from model.splits import grouped_folds


def read(root: Path) -> Dataset:
    *_, last = read_dataset(root, DecodeLimits(), CancelToken())
    assert isinstance(last, Dataset)
    return last


def noise_picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for index, name in enumerate(("cat", "dog")):
        for number in range(3):
            noise_picture(tmp_path / name / f"{number}.png", 10 * index + number)
    return tmp_path


def test_a_folder_is_a_class_and_nested_folders_belong_to_it(folders: Path) -> None:
    noise_picture(folders / "dog" / "old" / "deep.jpg", 99)
    dataset = read(folders)
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_bad_files_are_listed_and_left_out(folders: Path) -> None:
    (folders / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff but no picture")
    dataset = read(folders)
    assert [path.name for path, _ in dataset.bad] == ["broken.jpg"]
    assert len(dataset.images) == 6


def test_a_class_of_bad_pictures_alone_is_refused_by_name(folders: Path) -> None:
    (folders / "empty").mkdir()
    for number in range(5):
        (folders / "empty" / f"{number}.jpg").write_bytes(b"\xff\xd8\xff but no picture")
    with pytest.raises(DatasetError, match="class empty has 0 readable"):
        read(folders)


def test_a_folder_that_cannot_be_read_is_listed_with_what_was_left_out(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_picture(folders / "dog" / "old" / "deep.jpg", 99)
    real = os.scandir

    def scandir(folder: str) -> object:
        if str(folder).endswith("old"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    dataset = read(folders)
    assert [(path.name, problem.code) for path, problem in dataset.bad] == [("dog", "scan-folder-unreadable")]
    assert len(dataset.images) == 6


def test_a_training_folder_that_cannot_be_read_is_told(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def iterdir(_folder: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(DatasetError, match="could not be read: Permission denied"):
        read(folders)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not text")
def test_a_class_whose_name_is_not_text_can_be_put_on_a_card(folders: Path) -> None:
    (folders / "dog").rename(folders / "d\udcffg")
    assert read(folders).classes == ("cat", "d\\xffg")


def test_what_is_no_data_set_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read(tmp_path / "absent")
    with pytest.raises(DatasetError, match="at least two classes"):
        read(tmp_path)
    write_picture(tmp_path / "one" / "a.png")
    with pytest.raises(DatasetError, match="at least two classes"):
        read(tmp_path)
    noise_picture(tmp_path / "two" / "a.png", 1)
    noise_picture(tmp_path / "two" / "b.png", 2)
    with pytest.raises(DatasetError, match="class one has 1 readable"):
        read(tmp_path)


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


def test_pictures_of_one_colour_are_not_all_copies(tmp_path: Path) -> None:
    for index, name in enumerate(("a", "b")):
        for number in range(2):
            write_picture(tmp_path / name / f"{number}.png", (50 * index, 40 * number, 0))
    dataset = read(tmp_path)
    assert len(set(find_copies(dataset.images).tolist())) == 4


def test_groups_can_come_from_a_file(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    dataset = read(folders)
    file = tmp_path_factory.mktemp("groups") / "groups.txt"
    file.write_text("cat/0.png dog/1.png\ncat/2.png dog/1.png\n")
    groups = read_groups(file, folders, dataset.images)
    assert groups[0] == groups[4] == groups[2]
    assert len(set(groups.tolist())) == 4
    file.write_text("cat/0.png cat/absent.png\n")
    with pytest.raises(DatasetError, match=r"absent\.png"):
        read_groups(file, folders, dataset.images)
    with pytest.raises(DatasetError, match="could not be read"):
        read_groups(file.with_name("nowhere"), folders, dataset.images)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=5, max_size=80), st.integers(0, 3))
def test_no_group_is_ever_split_and_every_picture_has_a_fold(pairs: list[tuple[int, int]], seed: int) -> None:
    labels = np.array([label for label, _ in pairs], dtype=np.intp)
    groups = np.array([group for _, group in pairs], dtype=np.intp)
    folds = grouped_folds(labels, groups, 5, seed)
    assert ((folds >= 0) & (folds < 5)).all()
    for group in set(groups.tolist()):
        assert len(set(folds[groups == group].tolist())) == 1
    assert (folds == grouped_folds(labels, groups, 5, seed)).all()


def test_folds_are_stratified_and_differ_by_seed() -> None:
    labels = np.repeat([0, 1, 2], [100, 60, 40])
    groups = np.arange(200)
    folds = grouped_folds(labels, groups, 5, seed=0)
    for fold in range(5):
        assert np.bincount(labels[folds == fold]).tolist() == [20, 12, 8]
    assert (folds != grouped_folds(labels, groups, 5, seed=1)).any()


def test_the_fingerprint_changes_with_names_and_content(folders: Path) -> None:
    before = fingerprint(folders, read(folders).images)
    assert fingerprint(folders, read(folders).images) == before
    (folders / "cat" / "0.png").rename(folders / "cat" / "renamed.png")
    renamed = fingerprint(folders, read(folders).images)
    noise_picture(folders / "cat" / "renamed.png", 1234)
    assert len({before, renamed, fingerprint(folders, read(folders).images)}) == 3


def test_a_relative_folder_is_as_good_as_an_absolute_one(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders.parent)
    relative, absolute = read(Path(folders.name)), read(folders)
    assert [image.path for image in relative.images] == [image.path for image in absolute.images]
    assert fingerprint(relative.root, relative.images) == fingerprint(absolute.root, absolute.images)


def test_the_copies_of_the_weather_pictures_are_found(shared_data: Path) -> None:
    root = shared_data / "weather"
    dataset = read(root)
    found = find_copies(dataset.images)
    known = read_groups(root / "near_duplicate_groups.txt", root, dataset.images)
    sizes = np.bincount(known)
    complete = [group for group in np.flatnonzero(sizes > 1) if len(set(found[known == group].tolist())) == 1]
    assert len(complete) >= 95
    assert np.bincount(found).max() <= 12
