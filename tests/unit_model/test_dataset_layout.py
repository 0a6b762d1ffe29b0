"""Folders that name parts: train, val and test, each with the classes."""

from pathlib import Path

import pytest
from dataset_samples import make_folders, noise_picture, read

from model.dataset_layout import TEST, TRAINING, VALIDATION, find_layout
from model.errors import DatasetError


def test_parts_are_read_from_their_folders(tmp_path: Path) -> None:
    make_folders(
        tmp_path, {"train/cat": 3, "train/dog": 2, "val/cat": 1, "val/dog": 1, "test/dog": 2, "test/cat/nested": 1}
    )
    dataset = read(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.parts is not None
    assert dataset.parts.dtype.name == "int8"
    assert dataset.parts.tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 2, 2]
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 0, 1, 0, 1, 1]
    assert dataset.images[7].path == tmp_path / "test" / "cat" / "nested" / "0.png"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("val", VALIDATION),
        ("VALID", VALIDATION),
        ("Validation", VALIDATION),
        ("Test", TEST),
        ("testing", TEST),
        ("training", TRAINING),
    ],
)
def test_names_of_parts(tmp_path: Path, name: str, part: int) -> None:
    make_folders(tmp_path, {"Train/cat": 2, "Train/dog": 2, f"{name}/cat": 1})
    dataset = read(tmp_path)
    assert dataset.parts is not None
    (found,) = {
        int(number)
        for image, number in zip(dataset.images, dataset.parts, strict=True)
        if image.path.is_relative_to(tmp_path / name)
    }
    assert found == part


def test_validation_and_test_may_be_missing(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2, "train/dog": 2})
    dataset = read(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [0, 0, 0, 0]


def test_classes_named_like_parts_are_classes_when_there_is_another_folder(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/old": 2, "test/new": 2, "plane": 2})
    dataset = read(tmp_path)
    assert dataset.classes == ("plane", "test", "train")
    assert dataset.parts is None


def test_classes_named_like_parts_are_classes_when_they_hold_no_folders(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train": 2, "test": 2})
    assert read(tmp_path).classes == ("test", "train")


def test_a_class_that_is_missing_in_the_training_part_is_named(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2, "train/dog": 2, "val/eel": 1})
    with pytest.raises(DatasetError, match="class eel is in the folder “val” but not"):
        read(tmp_path)


def test_a_class_may_be_missing_in_another_part(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2, "train/dog": 2, "val/dog": 1})
    assert read(tmp_path).labels.tolist() == [0, 0, 1, 1, 1]


def test_parts_without_a_training_part_are_refused(tmp_path: Path) -> None:
    make_folders(tmp_path, {"val/cat": 2, "val/dog": 2, "test/cat": 2})
    with pytest.raises(DatasetError, match="none for training"):
        read(tmp_path)


def test_two_pictures_of_a_class_are_needed_in_the_training_part_itself(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2, "train/dog": 1, "val/dog": 5})
    with pytest.raises(DatasetError, match="class dog has 1 readable"):
        read(tmp_path)


def test_one_class_in_the_training_part_is_too_few(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2})
    with pytest.raises(DatasetError, match="at least two classes"):
        read(tmp_path)


def test_test_pictures_without_labels_are_left_out_and_listed(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2, "train/dog": 2})
    noise_picture(tmp_path / "test" / "unknown.png", 99)
    dataset = read(tmp_path)
    assert len(dataset.images) == 4
    assert [(path, problem.code) for path, problem in dataset.bad] == [(tmp_path / "test", "dataset-part-unlabelled")]


def test_two_folders_may_stand_for_one_part(tmp_path: Path) -> None:
    make_folders(tmp_path, {"train/cat": 2, "train/dog": 2, "val/dog": 1, "validation/dog": 1, "training/dog": 1})
    layout = find_layout(tmp_path)
    assert [(folder.path.parent.name, folder.part) for folder in layout.folders if folder.path.name == "dog"] == [
        ("train", 0),
        ("training", 0),
        ("val", 1),
        ("validation", 1),
    ]
