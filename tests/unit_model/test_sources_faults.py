"""Scanning: unreadable things, streaming, the common folder, and the difficult pictures."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from scan_samples import make, names, scan

from model import sources
from model.cancel import Cancelled, CancelToken
from model.errors import describe, remedy
from model.sources import common_folder, common_root, find_images
from model.types import ScanBatch, ScanReport


class TestUnreadable:
    def test_an_unreadable_folder_is_reported_and_the_scan_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
        real_scandir = os.scandir

        def refuse(folder: str) -> "os._ScandirIterator[str]":
            if Path(folder).name == "b":
                raise PermissionError(13, "Permission denied", folder)
            return real_scandir(folder)

        monkeypatch.setattr(sources.os, "scandir", refuse)
        found, report = scan(tmp_path)
        assert names(found, tmp_path) == ["a/1.jpg", "c/3.jpg"]
        (problem,) = report.unreadable
        assert str(tmp_path / "b") in describe(problem)
        assert "Permission denied" in describe(problem)
        assert remedy(problem)

    def test_a_folder_without_permission_is_reported(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", "closed/b.jpg")
        (tmp_path / "closed").chmod(0)
        if os.access(tmp_path / "closed", os.R_OK):
            pytest.skip("whoever runs this may read everything")
        try:
            found, report = scan(tmp_path)
        finally:
            (tmp_path / "closed").chmod(0o700)
        assert names(found, tmp_path) == ["a.jpg"]
        assert len(report.unreadable) == 1

    def test_what_was_read_before_a_drive_went_away_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "a.jpg", "b.jpg")
        real_scandir = os.scandir

        class Dying:
            def __init__(self, folder: str) -> None:
                self._entries = real_scandir(folder)

            def __enter__(self) -> "Iterator[os.DirEntry[str]]":
                yield_one = next(iter(self._entries))
                self._entries.close()

                def entries() -> "Iterator[os.DirEntry[str]]":
                    yield yield_one
                    raise OSError(5, "Input/output error")

                return entries()

            def __exit__(self, *_: object) -> None: ...

        monkeypatch.setattr(sources.os, "scandir", Dying)
        found, report = scan(tmp_path)
        assert len(found) == 1
        assert len(report.unreadable) == 1

    def test_a_folder_that_vanishes_before_its_turn_is_reported(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", "later/b.jpg")
        walk = find_images([tmp_path], recursive=True, cancel=CancelToken())
        first = next(walk)
        assert isinstance(first, ScanBatch)
        (tmp_path / "later/b.jpg").unlink()
        (tmp_path / "later").rmdir()
        report = list(walk)[-1]
        assert isinstance(report, ScanReport)
        assert [problem.code for problem in report.unreadable] == ["scan-folder-unreadable"]


class TestStreaming:
    def test_pictures_are_given_before_the_next_folder_is_read(self, tmp_path: Path) -> None:
        make(tmp_path, "a.jpg", "deep/b.jpg")
        walk = find_images([tmp_path], recursive=True, cancel=CancelToken())
        first = next(walk)
        assert isinstance(first, ScanBatch)
        make(tmp_path, "deep/c.jpg")
        second = next(walk)
        assert isinstance(second, ScanBatch)
        assert names([*first.found], tmp_path) == ["a.jpg"]
        assert names([*second.found], tmp_path) == ["deep/b.jpg", "deep/c.jpg"]

    def test_the_first_batch_is_small_and_the_others_are_full(self, tmp_path: Path) -> None:
        make(tmp_path, *(f"{number}.jpg" for number in range(100)))
        walk = find_images([tmp_path], recursive=True, cancel=CancelToken(), batch_size=32)
        sizes = [len(value.found) for value in walk if isinstance(value, ScanBatch)]
        assert sizes == [16, 32, 32, 20]

    def test_named_paths_are_pulled_as_they_are_used(self, tmp_path: Path) -> None:
        pulled = 0

        def endless() -> Iterator[Path]:
            nonlocal pulled
            while True:
                pulled += 1
                yield tmp_path / str(pulled) / "a.jpg"

        walk = find_images(endless(), recursive=True, cancel=CancelToken())
        batch = next(walk)
        assert isinstance(batch, ScanBatch)
        assert len(batch.found) == sources.FIRST_BATCH
        assert pulled <= sources.FIRST_BATCH + 1

    def test_cancel_ends_the_scan(self, tmp_path: Path) -> None:
        make(tmp_path, *(f"{number}.jpg" for number in range(40)))
        cancel = CancelToken()
        walk = find_images([tmp_path], recursive=True, cancel=cancel)
        next(walk)
        cancel.cancel()
        with pytest.raises(Cancelled):
            next(walk)

    def test_no_paths_give_an_empty_report(self) -> None:
        assert scan() == ([], ScanReport(0, 0, 0, ()))


class TestCommonRoot:
    def test_a_folder_counts_as_itself_and_a_file_as_its_parent(self, tmp_path: Path) -> None:
        make(tmp_path, "2024/a.jpg", "2025/b.jpg")
        assert common_root([tmp_path / "2024"]) == tmp_path / "2024"
        assert common_root([tmp_path / "2024/a.jpg"]) == tmp_path / "2024"
        assert common_root([tmp_path / "2024", tmp_path / "2025/b.jpg"]) == tmp_path
        assert common_root([tmp_path / "2024", tmp_path / "2024/missing.jpg"]) == tmp_path / "2024"

    def test_names_that_only_begin_alike_share_no_folder(self, tmp_path: Path) -> None:
        assert common_folder([tmp_path / "ab", tmp_path / "abc"]) == tmp_path

    def test_relative_arguments_are_taken_from_the_working_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(tmp_path, "in/a.jpg", "b.jpg")
        monkeypatch.chdir(tmp_path / "in")
        root = common_root([Path("a.jpg"), Path("../b.jpg")])
        assert root is not None
        assert root.samefile(tmp_path)
        assert ".." not in root.parts

    def test_no_arguments_have_no_folder(self) -> None:
        assert common_root([]) is None
        assert common_folder([]) is None

    def test_several_drives_have_no_common_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: object) -> str:
            raise ValueError("Paths don't have the same drive")

        monkeypatch.setattr(sources.os.path, "commonpath", refuse)
        assert common_folder([Path("c"), Path("d")]) is None


def test_the_difficult_pictures(shared_data: Path) -> None:
    folder = shared_data / "hostile"
    found, report = scan(folder)
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    assert report.images + report.other_files == len(files)
    assert report.other_files >= 1  # INDEX.tsv at least
    assert len(found) >= 460
    named, _ = scan(*files)
    assert len(named) == len(files)
