"""Keywords in side-cars: beside the picture, added to what is there, undone to the byte."""

import errno
import os
from pathlib import Path

import pytest
from sorting_desk import codes, end_of, give_file, item, names, plan, sort, tree, undo

from model import sidecars
from model.cancel import CancelToken
from model.sidecars import SidecarWriter, sidecar_of
from model.sorting import carry_out
from model.sorting_types import SortRequest
from model.xmp_packet import keywords_of, new_packet

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def subjects(file: Path) -> list[str]:
    return keywords_of(file.read_bytes())["dc:subject"]


def test_both_kinds_of_name() -> None:
    assert sidecar_of(Path("a/IMG.JPG"), "full") == Path("a/IMG.JPG.xmp")
    assert sidecar_of(Path("a/IMG.JPG"), "stem") == Path("a/IMG.xmp")


def test_each_picture_gets_its_keyword_and_stays_as_it_is(tmp_path: Path) -> None:
    pictures = [give_file(tmp_path / f"{number}.jpg", str(number).encode()) for number in range(3)]
    before = tree(tmp_path)
    items = [item(pictures[0], "cat"), item(pictures[1], "dog", unsure=True), item(pictures[2], None)]
    done, failures = sort(items, None, "xmp")
    assert (done.done, failures) == (2, [])
    assert names(tmp_path) == ["0.jpg", "0.jpg.xmp", "1.jpg", "1.jpg.xmp", "2.jpg"]
    assert (subjects(tmp_path / "0.jpg.xmp"), subjects(tmp_path / "1.jpg.xmp")) == (["cat"], ["unsure"])
    undo(done.run)
    assert tree(tmp_path) == before


def test_a_side_car_that_is_there_is_added_to_and_given_back_to_the_byte(tmp_path: Path) -> None:
    picture, sidecar = give_file(tmp_path / "a.jpg"), give_file(tmp_path / "a.jpg.xmp", new_packet(["mine"]))
    sidecar.chmod(0o640)
    before = tree(tmp_path)
    done, _ = sort([item(picture)], None, "xmp")
    assert subjects(sidecar) == ["mine", "cat"]
    if os.name == "posix":
        assert sidecar.stat().st_mode & 0o777 == 0o640
    undo(done.run)
    assert tree(tmp_path) == before


def test_a_keyword_that_is_there_leaves_the_file_alone(tmp_path: Path) -> None:
    picture, sidecar = give_file(tmp_path / "a.jpg"), give_file(tmp_path / "a.jpg.xmp", new_packet(["cat"]))
    before = sidecar.stat()
    assert sort([item(picture)], None, "xmp")[0].done == 1
    assert (sidecar.stat().st_mtime_ns, sidecar.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_two_pictures_of_one_side_car(tmp_path: Path) -> None:
    items = [item(give_file(tmp_path / "a.jpg"), "cat"), item(give_file(tmp_path / "a.heic"), "dog")]
    give_file(tmp_path / "a.xmp", new_packet(["mine"]))
    before = tree(tmp_path)
    done, failures = sort(items, None, "xmp", sidecar_name="stem")
    assert (done.done, failures) == (2, [])
    assert subjects(tmp_path / "a.xmp") == ["mine", "cat", "dog"]
    undo(done.run)
    assert tree(tmp_path) == before


def test_a_side_car_edited_since_is_kept(tmp_path: Path) -> None:
    done, _ = sort([item(give_file(tmp_path / f"{name}.jpg")) for name in "ab"], None, "xmp")
    (tmp_path / "a.jpg.xmp").write_bytes(new_packet(["cat", "mine"]))
    end, failures = undo(done.run)
    assert (end.undone, codes(failures)) == (1, ["sort-undo-edited"])
    assert names(tmp_path) == ["a.jpg", "a.jpg.xmp", "b.jpg"]


@pytest.mark.parametrize("data", [b"", b"not xml", b"<a/>", b"x" * (9 << 20)])
def test_what_is_no_xmp_is_left_as_it_is(tmp_path: Path, data: bytes) -> None:
    items = [item(give_file(tmp_path / f"{name}.jpg")) for name in "ab"]
    give_file(tmp_path / "a.jpg.xmp", data)
    done, failures = sort(items, None, "xmp")
    assert (done.done, codes(failures)) == (1, ["sort-sidecar-unreadable"])
    assert (tmp_path / "a.jpg.xmp").read_bytes() == data


def test_a_picture_that_is_gone_gets_no_side_car(tmp_path: Path) -> None:
    made = plan([item(give_file(tmp_path / "a.jpg"))], SortRequest("xmp"))
    (tmp_path / "a.jpg").unlink()
    assert codes(end_of(carry_out(made, CancelToken()))[1]) == ["sort-file-gone"]
    assert names(tmp_path) == []


@pytest.mark.parametrize("there", [None, new_packet(["mine"])])
def test_a_side_car_changed_between_reading_and_writing_loses_nothing(
    tmp_path: Path, there: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, sidecar = give_file(tmp_path / "a.jpg"), tmp_path / "a.jpg.xmp"
    if there is not None:
        give_file(sidecar, there)
    real, times = SidecarWriter.perform, []

    def perform(writer: SidecarWriter, act: object) -> Path:
        if not times:
            times.append(1)
            give_file(sidecar, new_packet(["mine", "theirs"]), when=1_700_000_000)
        return real(writer, act)  # type: ignore[arg-type]

    monkeypatch.setattr(SidecarWriter, "perform", perform)
    done, _ = sort([item(picture)], None, "xmp")
    assert subjects(sidecar) == ["mine", "theirs", "cat"]
    undo(done.run)
    assert subjects(sidecar) == ["mine", "theirs"]


def test_a_side_car_that_is_never_at_rest_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, sidecar = give_file(tmp_path / "a.jpg"), give_file(tmp_path / "a.jpg.xmp", new_packet(["mine"]))
    times = iter(range(1_700_000_000, 1_700_000_100))
    real = sidecars.look_at_file

    def look(path: Path) -> object:
        mark = real(path)
        os.utime(sidecar, (now := next(times), now))
        return mark

    monkeypatch.setattr(sidecars, "look_at_file", look)
    assert codes(sort([item(picture)], None, "xmp")[1]) == ["sort-sidecar-busy"]
    assert subjects(sidecar) == ["mine"]


def test_a_write_that_fails_leaves_the_old_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [give_file(tmp_path / f"{name}.jpg") for name in "ab"]
    give_file(tmp_path / "a.jpg.xmp", new_packet(["mine"]))
    before = tree(tmp_path)

    def replace(*_arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(sidecars, "replace_durably", replace)
    done, failures = sort([item(picture) for picture in pictures], None, "xmp")
    assert (done.done, codes(failures)) == (1, ["sort-file-failed"])
    (tmp_path / "b.jpg.xmp").unlink()
    assert tree(tmp_path) == before


@posix_only
def test_a_linked_side_car_is_written_where_it_is(tmp_path: Path) -> None:
    picture = give_file(tmp_path / "in" / "a.jpg")
    real = give_file(tmp_path / "elsewhere" / "a.xmp", new_packet(["mine"]))
    (tmp_path / "in" / "a.jpg.xmp").symlink_to(real)
    done, _ = sort([item(picture)], None, "xmp")
    assert (tmp_path / "in" / "a.jpg.xmp").is_symlink()
    assert subjects(real) == ["mine", "cat"]
    undo(done.run)
    assert subjects(real) == ["mine"]
    assert names(tmp_path) == ["elsewhere/a.xmp", "in/a.jpg", "in/a.jpg.xmp"]
