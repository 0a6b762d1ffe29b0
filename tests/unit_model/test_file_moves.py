"""Names are given without ever taking another's, whatever the system can do, also when several race."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sorting_desk import give_file

from model import file_moves
from model.cancel import Cancelled, CancelToken
from model.file_moves import copy_aside, file_digest, give_name, look_at

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")
Way = Callable[[Path, Path], None]
WAYS: list[Way] = [file_moves._link_and_unlink, file_moves._rename_over_own]
if os.name == "posix" and file_moves._exclusive_rename() is not None:
    WAYS.append(file_moves._exclusive_rename())  # type: ignore[arg-type]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Each way of giving a name by itself, as where a file system has no other."""
    monkeypatch.setattr(file_moves, "_ways", lambda: (request.param,))
    made: Way = request.param
    return made


@pytest.mark.usefixtures("way")
class TestEachWay:
    def test_a_free_name_is_given(self, tmp_path: Path) -> None:
        picture = give_file(tmp_path / "a.jpg", b"a")
        give_name(picture, tmp_path / "b.jpg")
        assert not picture.exists()
        assert (tmp_path / "b.jpg").read_bytes() == b"a"

    def test_a_name_that_is_taken_is_left_alone(self, tmp_path: Path) -> None:
        picture, other = give_file(tmp_path / "a.jpg", b"a"), give_file(tmp_path / "b.jpg", b"b")
        with pytest.raises(FileExistsError):
            give_name(picture, other)
        assert (picture.read_bytes(), other.read_bytes()) == (b"a", b"b")

    @posix_only
    def test_a_link_that_leads_nowhere_takes_a_name_too(self, tmp_path: Path) -> None:
        picture = give_file(tmp_path / "a.jpg", b"a")
        (tmp_path / "b.jpg").symlink_to("nowhere")
        with pytest.raises(FileExistsError):
            give_name(picture, tmp_path / "b.jpg")
        assert picture.exists()

    def test_what_is_not_there_leaves_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            give_name(tmp_path / "none.jpg", tmp_path / "b.jpg")
        assert list(tmp_path.iterdir()) == []

    def test_of_many_that_race_for_a_name_one_gets_it(self, tmp_path: Path) -> None:
        pictures = [give_file(tmp_path / f"{number}.jpg", str(number).encode()) for number in range(8)]
        start, won = threading.Barrier(len(pictures)), list[int]()

        def race(number: int) -> None:
            start.wait(10)
            try:
                give_name(pictures[number], tmp_path / "name.jpg")
            except FileExistsError:
                return
            won.append(number)

        threads = [threading.Thread(target=race, args=(number,)) for number in range(len(pictures))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(won) == 1
        assert (tmp_path / "name.jpg").read_bytes() == str(won[0]).encode()
        assert sum(picture.exists() for picture in pictures) == len(pictures) - 1


def failing(number: int) -> Way:
    def way(_path: Path, _name: Path) -> None:
        raise OSError(number, os.strerror(number))

    return way


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP])
def test_what_the_system_cannot_do_is_done_the_next_way(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_moves, "_ways", lambda: (failing(number), failing(number), file_moves._rename_over_own))
    picture = give_file(tmp_path / "a.jpg")
    give_name(picture, tmp_path / "b.jpg")
    assert (tmp_path / "b.jpg").exists()


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_other_failures_are_told_at_once(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_moves, "_ways", lambda: (failing(number), file_moves._rename_over_own))
    picture = give_file(tmp_path / "a.jpg")
    with pytest.raises(OSError, match=os.strerror(number)):
        give_name(picture, tmp_path / "b.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_link_whose_picture_cannot_go_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = give_file(tmp_path / "a.jpg")
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path == picture:
            raise PermissionError(errno.EACCES, "no")
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(PermissionError):
        file_moves._link_and_unlink(picture, tmp_path / "b.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_copy_has_bytes_times_and_permissions(tmp_path: Path) -> None:
    picture = give_file(tmp_path / "a.jpg", b"x" * (3 << 20))
    picture.chmod(0o640)
    digest = copy_aside(picture, tmp_path / "b", CancelToken(), durable=True)
    assert digest == file_digest(tmp_path / "b") == file_digest(picture)
    there, status = picture.stat(), (tmp_path / "b").stat()
    assert (status.st_mtime_ns, status.st_mode) == (there.st_mtime_ns, there.st_mode)


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    give_file(tmp_path / "b", b"other")
    with pytest.raises(FileExistsError):
        copy_aside(give_file(tmp_path / "a.jpg"), tmp_path / "b", CancelToken(), durable=False)
    assert (tmp_path / "b").read_bytes() == b"other"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_copy_that_fails_leaves_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(file_moves, "_write_all", write)
    with pytest.raises(type(error)):
        copy_aside(give_file(tmp_path / "a.jpg"), tmp_path / "b", CancelToken(), durable=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_cancelled_copy_leaves_nothing(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        copy_aside(give_file(tmp_path / "a.jpg"), tmp_path / "b", cancel, durable=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


@posix_only
def test_a_fifo_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="not an ordinary file"):
        copy_aside(tmp_path / "fifo", tmp_path / "b", CancelToken(), durable=False)
    assert not (tmp_path / "b").exists()


def test_permissions_that_cannot_be_kept_fail_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copystat(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "no permissions here")

    monkeypatch.setattr(file_moves.shutil, "copystat", copystat)
    picture = give_file(tmp_path / "a.jpg")
    copy_aside(picture, tmp_path / "b", CancelToken(), durable=False)
    assert (tmp_path / "b").stat().st_mtime_ns == picture.stat().st_mtime_ns


def test_marks(tmp_path: Path) -> None:
    picture = give_file(tmp_path / "a.jpg")
    mark = look_at(picture)
    assert mark == look_at(picture)
    picture.write_bytes(b"edited!")
    assert mark != look_at(picture)
    assert look_at(tmp_path / "none") is None
    assert look_at(picture / "below a file") is None
