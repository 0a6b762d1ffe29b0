"""Labelled folders: one a class, what is left out, what is refused, and the fingerprint."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import make_folders, noise_picture, read
from fakes import write_picture
from PIL import Image

from model.dataset import fingerprint
from model.errors import DatasetError


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return make_folders(tmp_path / "pictures", {"cat": 3, "dog": 3})


def test_a_folder_is_a_class_and_nested_folders_belong_to_it(folders: Path) -> None:
    noise_picture(folders / "dog" / "old" / "deep.jpg", 99)
    dataset = read(folders)
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert dataset.parts is None


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tif", "a.gif", "a.bmp", "a.avif", "a.jp2", "a.ppm"])
def test_any_format_that_can_be_decoded_is_read(folders: Path, name: str) -> None:
    noise_picture(folders / "cat" / name, 99)
    dataset = read(folders)
    assert dataset.bad == ()
    assert name in {image.path.name for image in dataset.images}


def test_what_is_known_of_a_picture(folders: Path) -> None:
    image = read(folders).images[0]
    content = image.path.read_bytes()
    assert image.size == len(content)
    assert image.path == folders / "cat" / "0.png"
    assert image.thumbnail.dtype == np.float32
    assert image.thumbnail.shape == (256,)
    assert abs(float(image.thumbnail.mean())) < 1e-6
    assert float(np.linalg.norm(image.thumbnail)) == pytest.approx(1)
    with Image.open(image.path) as picture:
        grey = np.asarray(picture.convert("L").resize((16, 16), Image.Resampling.BOX), dtype=np.float64).ravel()
    assert np.corrcoef(grey, image.thumbnail)[0, 1] > 0.999


def test_bad_files_are_listed_and_left_out(folders: Path) -> None:
    (folders / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff but no picture")
    (folders / "dog" / "nothing.png").write_bytes(b"")
    dataset = read(folders)
    assert [(path.name, problem.code) for path, problem in dataset.bad] == [
        ("broken.jpg", "image-damaged"),
        ("nothing.png", "image-empty"),
    ]
    assert len(dataset.images) == 6


def test_a_picture_that_ends_early_is_bad_although_thumbnails_are_decoded_small(folders: Path) -> None:
    whole = folders / "cat" / "large.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(whole)
    whole.write_bytes(whole.read_bytes()[:-20000])
    assert [(path.name, problem.code) for path, problem in read(folders).bad] == [("large.jpg", "image-truncated")]


def test_hidden_files_and_folders_are_skipped(folders: Path) -> None:
    noise_picture(folders / "cat" / ".hidden.png", 97)
    noise_picture(folders / "cat" / ".thumbnails" / "a.png", 98)
    noise_picture(folders / ".git" / "a.png", 99)
    dataset = read(folders)
    assert dataset.classes == ("cat", "dog")
    assert len(dataset.images) == 6
    assert dataset.bad == ()


def test_other_files_are_no_pictures_and_no_faults(folders: Path) -> None:
    (folders / "labels.txt").write_text("cat dog")
    (folders / "cat" / "notes.txt").write_text("of last summer")
    dataset = read(folders)
    assert (len(dataset.images), dataset.bad) == (6, ())


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_links_in_a_circle_do_not_hang(folders: Path) -> None:
    (folders / "cat" / "again").symlink_to(folders / "cat")
    (folders / "cat" / "deep").mkdir()
    (folders / "cat" / "deep" / "up").symlink_to("..")
    (folders / "cat" / "itself.png").symlink_to("itself.png")
    assert read(folders).labels.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_class_may_be_a_link_to_a_folder(folders: Path, tmp_path: Path) -> None:
    make_folders(tmp_path / "elsewhere", {"": 2})
    (folders / "eel").symlink_to(tmp_path / "elsewhere")
    assert read(folders).labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_class_of_bad_pictures_alone_is_refused_by_name(folders: Path) -> None:
    (folders / "empty").mkdir()
    for number in range(5):
        (folders / "empty" / f"{number}.jpg").write_bytes(b"\xff\xd8\xff but no picture")
    with pytest.raises(DatasetError, match="class empty has 0 readable"):
        read(folders)


def test_a_folder_without_pictures_is_refused_by_name(folders: Path) -> None:
    (folders / "empty").mkdir()
    with pytest.raises(DatasetError, match="class empty has 0 readable"):
        read(folders)


def test_what_is_no_data_set_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read(tmp_path / "absent")
    file = write_picture(tmp_path / "file.png")
    with pytest.raises(DatasetError, match="no folder"):
        read(file)
    with pytest.raises(DatasetError, match=r"holds 0 folders.*at least two classes"):
        read(tmp_path)
    write_picture(tmp_path / "one" / "a.png")
    with pytest.raises(DatasetError, match=r"holds 1 folders.*at least two classes"):
        read(tmp_path)
    noise_picture(tmp_path / "two" / "a.png", 1)
    noise_picture(tmp_path / "two" / "b.png", 2)
    with pytest.raises(DatasetError, match="class one has 1 readable"):
        read(tmp_path)


def refuse(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """Let no folder be read whose path ends so."""
    real = os.scandir

    def scandir(folder: str | Path) -> object:
        if str(folder).endswith(ending):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_cannot_be_read_is_listed_with_what_was_left_out(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_picture(folders / "dog" / "old" / "deep.jpg", 99)
    refuse(monkeypatch, "old")
    dataset = read(folders)
    assert [(path.name, problem.code) for path, problem in dataset.bad] == [("dog", "scan-folder-unreadable")]
    assert len(dataset.images) == 6


@pytest.mark.parametrize("ending", ["pictures", "dog"])
def test_a_folder_of_a_class_or_of_all_that_cannot_be_read_is_told(
    folders: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    refuse(monkeypatch, ending)
    with pytest.raises(DatasetError, match=f"{ending}” could not be read: Permission denied"):
        read(folders)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not text")
def test_a_class_whose_name_is_not_text_can_be_put_on_a_card(folders: Path) -> None:
    (folders / "dog").rename(folders / "d\udcffg")
    dataset = read(folders)
    assert dataset.classes == ("cat", "d\\xffg")
    assert len(fingerprint(folders, dataset.images)) == 64


def test_the_fingerprint_changes_with_names_and_content(folders: Path) -> None:
    before = fingerprint(folders, read(folders).images)
    assert fingerprint(folders, read(folders).images) == before
    (folders / "cat" / "0.png").rename(folders / "cat" / "renamed.png")
    renamed = fingerprint(folders, read(folders).images)
    noise_picture(folders / "cat" / "renamed.png", 1234)
    assert len({before, renamed, fingerprint(folders, read(folders).images)}) == 3


def test_the_fingerprint_is_that_of_the_folder_wherever_it_is(folders: Path, tmp_path: Path) -> None:
    shutil.copytree(folders, tmp_path / "moved")
    one, other = read(folders), read(tmp_path / "moved")
    assert fingerprint(one.root, one.images) == fingerprint(other.root, other.images)
    assert fingerprint(one.root, one.images) == fingerprint(one.root, reversed(one.images))


def test_a_relative_folder_is_as_good_as_an_absolute_one(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders.parent)
    relative, absolute = read(Path(folders.name)), read(folders)
    assert [image.path for image in relative.images] == [image.path for image in absolute.images]
    assert fingerprint(relative.root, relative.images) == fingerprint(absolute.root, absolute.images)
