"""Scanning: order, repeats, links, loops, and what is taken from a folder."""

import os
import socket
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from scan_samples import PNG, make, names, posix_only, scan

from model import sources
from model.cancel import CancelToken


class TestOrder:
    def test_numbers_count_as_numbers_and_case_does_not(self, tmp_path: Path) -> None:
        make(tmp_path, "photo10.jpg", "Photo2.jpg", "photo1.jpg", "a.jpg", "B.jpg", "photo02.jpg")
        found, _ = scan(tmp_path)
        expected = ["a.jpg", "B.jpg", "photo1.jpg", "Photo2.jpg", "photo02.jpg", "photo10.jpg"]
        assert names(found, tmp_path) == expected

    def test_a_folder_gives_its_files_before_its_subfolders(self, tmp_path: Path) -> None:
        make(tmp_path, "z.jpg", "day 10/1.jpg", "day 9/1.jpg", "day 9/deeper/1.jpg", "day 9/2.jpg")
        found, _ = scan(tmp_path)
        expected = ["z.jpg", "day 9/1.jpg", "day 9/2.jpg", "day 9/deeper/1.jpg", "day 10/1.jpg"]
        assert names(found, tmp_path) == expected

    def test_named_neighbours_are_sorted_and_folders_keep_their_order(self, tmp_path: Path) -> None:
        make(tmp_path, "b/10.jpg", "b/9.jpg", "a/1.jpg")
        found, _ = scan(tmp_path / "b/10.jpg", tmp_path / "b/9.jpg", tmp_path / "a/1.jpg")
        assert names(found, tmp_path) == ["b/9.jpg", "b/10.jpg", "a/1.jpg"]


class TestRepeats:
    def test_a_path_given_twice_is_given_once(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg")
        found, report = scan(tmp_path / "a.jpg", tmp_path / "a.jpg", tmp_path / "." / "a.jpg")
        assert names(found, tmp_path) == ["a.jpg"]
        assert report.repeats == 2

    def test_overlapping_arguments(self, tmp_path: Path) -> None:
        make(tmp_path, "in/a.jpg", "in/deep/b.jpg", "c.jpg")
        found, report = scan(tmp_path / "in/deep/b.jpg", tmp_path / "in", tmp_path, tmp_path)
        assert names(found, tmp_path) == ["in/deep/b.jpg", "in/a.jpg", "c.jpg"]
        assert report.repeats == 1

    @posix_only
    def test_a_symbolic_link_to_a_listed_file_is_a_repeat(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", "other/b.jpg")
        (tmp_path / "c.jpg").symlink_to(tmp_path / "a.jpg")
        (tmp_path / "d.jpg").symlink_to(tmp_path / "c.jpg")
        (tmp_path / "e.jpg").symlink_to(tmp_path / "other/b.jpg")
        found, report = scan(tmp_path)
        assert names(found, tmp_path) == ["a.jpg", "e.jpg"]
        assert report.repeats == 3

    @posix_only
    def test_links_to_folders_are_followed_and_their_files_known_again(self, tmp_path: Path) -> None:
        make(tmp_path, "real/a.jpg", "real/b.jpg")
        top = tmp_path / "top"
        top.mkdir()
        (top / "link").symlink_to(tmp_path / "real", target_is_directory=True)
        found, report = scan(tmp_path / "real" / "b.jpg", top)
        assert [image.path for image in found] == [tmp_path / "real/b.jpg", top / "link/a.jpg"]
        assert found[1].identity == os.path.realpath(tmp_path / "real/a.jpg")
        assert report.repeats == 1

    @posix_only
    def test_hard_links_are_files_of_their_own(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg")
        (tmp_path / "b.jpg").hardlink_to(tmp_path / "a.jpg")
        found, report = scan(tmp_path)
        assert names(found, tmp_path) == ["a.jpg", "b.jpg"]
        assert report.repeats == 0

    @posix_only
    def test_folder_loops_end(self, tmp_path: Path) -> None:
        make(tmp_path, "a/1.jpg", "a/b/2.jpg")
        (tmp_path / "a/b/up").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "a/b/self").symlink_to(tmp_path / "a/b", target_is_directory=True)
        found, report = scan(tmp_path)
        assert names(found, tmp_path) == ["a/1.jpg", "a/b/2.jpg"]
        assert report.unreadable == ()

    def test_what_the_caller_has_is_not_given_again(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", "b.jpg")
        listed = {os.path.realpath(tmp_path / "a.jpg")}
        found, report = scan(tmp_path, listed=listed)
        assert names(found, tmp_path) == ["b.jpg"]
        assert report.repeats == 1
        assert len(listed) == 1

    def test_folders_without_numbers_are_told_apart_by_their_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "a/1.jpg", "b/2.jpg")
        real_stat = os.stat

        def stat_without_inodes(path: str) -> os.stat_result:
            whole = real_stat(path)
            return os.stat_result((whole.st_mode, 0, *whole[2:]))

        monkeypatch.setattr(sources.os, "stat", stat_without_inodes)
        scanned = sources._Scan(recursive=True, cancel=CancelToken(), listed=frozenset(), batch_size=9)
        assert scanned._enter(str(tmp_path / "a"))
        assert scanned._enter(str(tmp_path / "b"))
        assert not scanned._enter(str(tmp_path / "a"))


class TestWhatIsTaken:
    def test_from_a_folder_by_extension_or_first_bytes(self, tmp_path: Path) -> None:
        make(tmp_path, "picture.jpg", "without extension", "misnamed.txt")
        (tmp_path / "broken.png").write_bytes(b"")
        (tmp_path / "raw.cr2").write_bytes(b"unreadable here")
        (tmp_path / "notes.txt").write_text("words", encoding="utf-8")
        (tmp_path / "empty").touch()
        found, report = scan(tmp_path)
        expected = ["broken.png", "misnamed.txt", "picture.jpg", "raw.cr2", "without extension"]
        assert names(found, tmp_path) == expected
        assert report.other_files == 2

    def test_a_header_is_read_only_when_the_extension_says_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "a.jpg", "b.HEIC", "c.dat")
        read: list[str] = []

        def read_header(path: str) -> bytes:
            read.append(Path(path).name)
            return PNG

        monkeypatch.setattr(sources, "_read_header", read_header)
        found, _ = scan(tmp_path)
        assert len(found) == 3
        assert read == ["c.dat"]

    def test_not_recursive_leaves_subfolders(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", "deep/b.jpg")
        found, report = scan(tmp_path, recursive=False)
        assert names(found, tmp_path) == ["a.jpg"]
        assert report.other_files == 0

    def test_hidden_things_are_skipped_inside_folders_and_not_by_name(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", ".hidden.jpg", ".thumbnails/b.jpg", ".album/.c.jpg", ".album/d.jpg")
        found, report = scan(tmp_path)
        assert names(found, tmp_path) == ["a.jpg"]
        assert report.other_files == 0
        found, _ = scan(tmp_path / ".album", tmp_path / ".hidden.jpg")
        assert sorted(names(found, tmp_path)) == [".album/d.jpg", ".hidden.jpg"]

    @pytest.mark.parametrize(
        ("status", "hidden"),
        [
            (SimpleNamespace(st_file_attributes=stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_ARCHIVE), True),
            (SimpleNamespace(st_file_attributes=stat.FILE_ATTRIBUTE_ARCHIVE), False),
            (SimpleNamespace(st_flags=0x8000), True),
            (SimpleNamespace(st_flags=0), False),
            (SimpleNamespace(), False),
        ],
    )
    def test_the_attribute_that_hides(self, status: object, hidden: bool) -> None:
        assert sources.has_hiding_attribute(status) == hidden

    def test_an_entry_with_the_hiding_attribute_is_skipped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "a.jpg", "hidden.jpg")
        hidden = (tmp_path / "hidden.jpg").stat().st_ino
        monkeypatch.setattr(sources, "_HIDING_BY_ATTRIBUTE", True)
        monkeypatch.setattr(sources, "has_hiding_attribute", lambda status: status.st_ino == hidden)
        found, _ = scan(tmp_path)
        assert names(found, tmp_path) == ["a.jpg"]

    def test_a_file_that_is_only_in_the_cloud_is_not_fetched_for_its_header(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert sources.is_only_in_cloud(SimpleNamespace(st_file_attributes=0x400000))
        assert sources.is_only_in_cloud(SimpleNamespace(st_flags=0x40000000))
        assert not sources.is_only_in_cloud(os.stat_result(range(10)))
        make(tmp_path, "a.jpg", "unknown")
        monkeypatch.setattr(sources, "_HIDING_BY_ATTRIBUTE", True)
        monkeypatch.setattr(sources, "is_only_in_cloud", lambda status: True)
        found, report = scan(tmp_path)
        assert names(found, tmp_path) == ["a.jpg"]
        assert report.other_files == 1

    @posix_only
    def test_only_regular_files_come_from_folders(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
        (tmp_path / "circle.jpg").symlink_to(tmp_path / "circle.jpg")
        with socket.socket(socket.AF_UNIX) as listener:
            here = Path.cwd()
            os.chdir(tmp_path)  # a socket's path must be short
            try:
                listener.bind("socket.jpg")
            finally:
                os.chdir(here)
            found, report = scan(tmp_path)
        assert found == []
        assert report.other_files == 5
        assert report.unreadable == ()

    @posix_only
    def test_a_fifo_in_the_place_of_a_file_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert sources._read_header(str(tmp_path / "pipe")) == b""

    def test_a_file_that_cannot_be_read_has_no_header(self, tmp_path: Path) -> None:
        assert sources._read_header(str(tmp_path / "gone")) == b""
        assert sources._read_header(str(tmp_path)) == b""

    def test_a_named_file_always_gets_a_place(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("words", encoding="utf-8")
        named = [tmp_path / "notes.txt", tmp_path / "missing.jpg", tmp_path / "nul\0.jpg"]
        if os.name == "posix":
            os.mkfifo(tmp_path / "pipe")
            (tmp_path / "circle").symlink_to(tmp_path / "circle")
            named += [tmp_path / "pipe", tmp_path / "circle", tmp_path / ("long" * 100)]
        found, report = scan(*named)
        assert {image.path for image in found} == set(named)
        assert report.other_files == 0

    @posix_only
    @pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes UTF-8 names only")
    def test_names_that_are_not_utf8(self, tmp_path: Path) -> None:
        raw = os.fsencode(tmp_path) + b"/caf\xe9"
        os.mkdir(raw)  # noqa: PTH102 - the name is bytes
        (Path(os.fsdecode(raw)) / os.fsdecode(b"\xff1.jpg")).write_bytes(PNG)
        found, _ = scan(tmp_path)
        assert [os.fsencode(image.path) for image in found] == [raw + b"/\xff1.jpg"]
        assert found[0].path.read_bytes() == PNG

    def test_paths_become_absolute_without_dots(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make(tmp_path, "in/a.jpg", "b.jpg")
        monkeypatch.chdir(tmp_path / "in")
        found, _ = scan(Path("a.jpg"), Path("../b.jpg"), Path(".."))
        real = Path(os.path.realpath(tmp_path))
        assert [os.path.realpath(image.path) for image in found] == [str(real / "in/a.jpg"), str(real / "b.jpg")]
        assert all(image.path.is_absolute() and ".." not in image.path.parts for image in found)

    @pytest.mark.parametrize("name", ["a\0/../b.png", "a\0/b/../c.png", "b.png/a\0/.."])
    def test_a_nul_before_dots_ends_nothing(self, name: str) -> None:
        assert ".." not in sources.absolute(Path(name)).parts
        assert sources.common_root([Path(name)]) is not None
        found, _ = scan(Path(name))
        assert len(found) == 1

    @posix_only
    def test_dots_after_a_link_mean_the_folder_above_its_target(self, tmp_path: Path) -> None:
        make(tmp_path, "far/right.jpg", "right.jpg")
        (tmp_path / "far/deep").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "far/deep", target_is_directory=True)
        found, _ = scan(tmp_path / "link" / ".." / "right.jpg")
        assert os.path.realpath(found[0].path) == os.path.realpath(tmp_path / "far/right.jpg")
