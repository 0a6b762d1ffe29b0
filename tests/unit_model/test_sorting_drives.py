"""Moves between drives are copied and compared first, and side-cars go along with their pictures."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sorting_desk import codes, end_of, give_file, item, names, plan, sort, tree, undo

from model import picture_placing
from model.cancel import CancelToken
from model.file_moves import give_name
from model.sorting import carry_out
from model.sorting_types import SortAction, SortRequest

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
both = pytest.mark.parametrize("action", ["copy", "move"])


@pytest.fixture
def across(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Folders called `in` and `out` are on different drives."""

    def rename(path: Path, name: Path) -> None:
        if ("out" in path.parts) != ("out" in name.parts):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        give_name(path, name)

    monkeypatch.setattr(picture_placing, "give_name", rename)
    monkeypatch.setattr("model.sorting_undo.give_name", rename)
    return


# --- between drives ---


@pytest.mark.usefixtures("across")
def test_a_move_between_drives_is_copied_and_compared(tmp_path: Path) -> None:
    picture = give_file(tmp_path / "in" / "a.jpg", b"x" * 3_000_000)
    picture.chmod(0o640)
    before = tree(tmp_path / "in")
    done, failures = sort([item(picture)], tmp_path / "out")
    assert (done.done, failures) == (1, [])
    assert tree(tmp_path / "out")["cat/a.jpg"] == before["a.jpg"]
    assert names(tmp_path / "in") == []
    assert undo(done.run)[0].undone == 1
    assert tree(tmp_path / "in") == before
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("across")
def test_a_copy_that_differs_keeps_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [give_file(tmp_path / "in" / f"{number}.jpg", b"x" * 100) for number in range(3)]
    before = tree(tmp_path / "in")
    real = picture_placing.copy_aside

    def copy_badly(source: Path, aside: Path, cancel: CancelToken, *, durable: bool) -> str:
        digest = real(source, aside, cancel, durable=durable)
        if source.name == "1.jpg":
            aside.write_bytes(b"y" * 100)  # as a bad drive would have it
        return digest

    monkeypatch.setattr(picture_placing, "copy_aside", copy_badly)
    done, failures = sort([item(picture) for picture in pictures], tmp_path / "out")
    assert (done.done, done.failed) == (2, 1)
    assert codes(failures) == ["sort-copy-differs"]
    assert names(tmp_path / "in") == ["1.jpg"]
    assert tree(tmp_path / "in")["1.jpg"] == before["1.jpg"]
    assert names(tmp_path / "out") == ["cat/0.jpg", "cat/2.jpg"]


@pytest.mark.usefixtures("across")
def test_a_picture_edited_while_it_is_moved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = give_file(tmp_path / "in" / "a.jpg", b"old")
    real = picture_placing.copy_aside

    def copy_and_edit(source: Path, aside: Path, cancel: CancelToken, *, durable: bool) -> str:
        digest = real(source, aside, cancel, durable=durable)
        source.write_bytes(b"new")
        return digest

    monkeypatch.setattr(picture_placing, "copy_aside", copy_and_edit)
    assert codes(sort([item(picture)], tmp_path / "out")[1]) == ["sort-file-changed"]
    assert picture.read_bytes() == b"new"
    assert names(tmp_path / "out") == []


@pytest.mark.usefixtures("across")
def test_a_picture_that_cannot_be_removed_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = give_file(tmp_path / "in" / "a.jpg")
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path == picture:
            raise PermissionError(errno.EACCES, "Permission denied")
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    assert codes(sort([item(picture)], tmp_path / "out")[1]) == ["sort-file-failed"]
    assert picture.exists()
    assert names(tmp_path / "out") == []


@posix_only
def test_a_real_move_between_drives(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this computer has no second drive to try it on")
    import shutil
    import tempfile

    out = Path(tempfile.mkdtemp(dir=other))
    try:
        picture = give_file(tmp_path / "in" / "a.jpg", b"x" * 100_000)
        before = tree(tmp_path / "in")
        made = plan([item(picture)], SortRequest("move", out))
        assert made.bytes_needed == 100_000
        done, failures = end_of(carry_out(made, CancelToken()))
        assert (failures, names(out), names(tmp_path / "in")) == ([], ["cat/a.jpg"], [])
        undo(done.run)
        assert (tree(tmp_path / "in"), list(out.iterdir())) == (before, [])
    finally:
        shutil.rmtree(out)


# --- side-cars go along ---


@both
def test_a_side_car_goes_with_its_picture(tmp_path: Path, action: SortAction) -> None:
    give_file(tmp_path / "out" / "cat" / "a.jpg", b"other")
    picture = give_file(tmp_path / "in" / "a.jpg")
    give_file(tmp_path / "in" / "a.jpg.xmp", b"<xmp/>")
    before = tree(tmp_path / "in")
    done, failures = sort([item(picture)], tmp_path / "out", action)
    assert (done.done, failures) == (1, [])
    assert names(tmp_path / "out") == ["cat/a (2).jpg", "cat/a (2).jpg.xmp", "cat/a.jpg"]
    undo(done.run)
    assert tree(tmp_path / "in") == before
    assert names(tmp_path / "out") == ["cat/a.jpg"]


def test_a_picture_with_a_side_car_takes_no_name_whose_side_car_is_there(tmp_path: Path) -> None:
    give_file(tmp_path / "out" / "cat" / "a.jpg.xmp", b"of another")
    picture = give_file(tmp_path / "in" / "a.jpg")
    give_file(tmp_path / "in" / "a.jpg.xmp", b"mine")
    sort([item(picture)], tmp_path / "out")
    assert names(tmp_path / "out") == ["cat/a (2).jpg", "cat/a (2).jpg.xmp", "cat/a.jpg.xmp"]


def test_a_side_car_that_cannot_go_is_told_and_the_picture_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = give_file(tmp_path / "in" / "a.jpg")
    sidecar = give_file(tmp_path / "in" / "a.jpg.xmp")
    real = picture_placing.give_name

    def refuse(path: Path, name: Path) -> None:
        if path == sidecar:
            raise PermissionError(errno.EACCES, "Permission denied")
        real(path, name)

    monkeypatch.setattr(picture_placing, "give_name", refuse)
    done, failures = sort([item(picture)], tmp_path / "out")
    assert (done.done, codes(failures)) == (1, ["sort-sidecar-stays"])
    assert undo(done.run)[0].undone == 1
    assert names(tmp_path / "in") == ["a.jpg", "a.jpg.xmp"]
