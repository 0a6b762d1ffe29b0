"""The life cycle of a file of results: what is refused, what is left after interruptions and faults."""

import csv
import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from export_samples import failed, installed, ok, read_csv, read_run

from model import atomic_file
from model.cancel import Cancelled
from model.errors import DeviceError, ExportError
from model.export import CsvExport, CsvOptions, RunFacts
from model.types import ImageResult

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def write_then_raise(export: CsvExport, result: ImageResult, error: BaseException) -> None:
    """Use an export as a run does that comes to a bad end after one row."""
    with export:
        export.write(result)
        raise error


def fill(export: CsvExport, folder: Path) -> None:
    """Write more than fits into a stream's buffer."""
    with export:
        for number in range(1000):
            export.write(ok(folder / f"{number}.jpg", 1.0))


class TestTarget:
    def refused(self, target: Path, code: str, *, overwrite: bool = False) -> ExportError:
        before = sorted(target.parent.iterdir()) if target.parent.is_dir() else []
        with pytest.raises(ExportError) as caught:
            CsvExport(target, installed(), None, CsvOptions(overwrite=overwrite))
        assert caught.value.problem.code == code
        assert caught.value.remedy
        assert (sorted(target.parent.iterdir()) if target.parent.is_dir() else []) == before
        return caught.value

    def test_one_that_exists_is_refused_before_any_work(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")
        assert "out.csv" in str(self.refused(target, "export-target-exists"))
        assert target.read_text(encoding="utf-8") == "old"

    def test_one_that_exists_is_replaced_when_allowed(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")
        with CsvExport(target, installed(), None, CsvOptions(overwrite=True)) as export:
            export.write(ok(tmp_path / "a.jpg", 1.0))
            assert target.read_text(encoding="utf-8") == "old"
        assert len(read_csv(target)) == 1
        assert leftovers(tmp_path) == []

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_a_folder(self, tmp_path: Path, overwrite: bool) -> None:
        self.refused(tmp_path, "export-target-not-file", overwrite=overwrite)

    def test_a_folder_in_the_place_of_the_run_file(self, tmp_path: Path) -> None:
        (tmp_path / "out.run.json").mkdir()
        error = self.refused(tmp_path / "out.csv", "export-target-not-file")
        assert "out.run.json" in str(error)

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        assert "nowhere" in str(self.refused(tmp_path / "nowhere" / "out.csv", "export-folder-missing"))

    @posix_only
    def test_devices_and_pipes_are_never_replaced(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        self.refused(tmp_path / "pipe", "export-target-not-file", overwrite=True)
        with pytest.raises(ExportError):
            CsvExport(Path("/dev/null"), installed(), None, CsvOptions(overwrite=True))
        assert not Path("/dev/null").is_file()

    def test_a_name_that_is_too_long(self, tmp_path: Path) -> None:
        self.refused(tmp_path / ("x" * 300 + ".csv"), "export-target-unusable")

    def test_the_longest_name_that_is_allowed(self, tmp_path: Path) -> None:
        target = tmp_path / ("x" * 240 + ".csv")
        with CsvExport(target, installed(), None):
            pass
        assert target.is_file()

    def test_a_folder_without_permission(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir()
        closed.chmod(0o500)
        if os.access(closed, os.W_OK):
            pytest.skip("whoever runs this may write everywhere")
        try:
            self.refused(closed / "out.csv", "export-folder-unwritable")
        finally:
            closed.chmod(0o700)

    def test_a_write_protected_file_is_meant_to_stay(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        target.touch()
        target.chmod(0o400)
        if os.access(target, os.W_OK):
            pytest.skip("whoever runs this may write everywhere")
        self.refused(target, "export-target-unusable", overwrite=True)

    def test_a_folder_that_takes_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> int:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(atomic_file.os, "open", refuse)
        assert "Read-only" in str(self.refused(tmp_path / "out.csv", "export-folder-unwritable"))

    @posix_only
    def test_a_link_is_followed_and_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "out.csv")
        with CsvExport(tmp_path / "link.csv", installed(), None):
            pass
        assert (tmp_path / "link.csv").is_symlink()
        assert (tmp_path / "real" / "out.csv").is_file()

    @posix_only
    def test_permissions_are_those_of_the_old_file_or_of_any_new_one(self, tmp_path: Path) -> None:
        (tmp_path / "plain").touch()
        (tmp_path / "old.csv").touch()
        (tmp_path / "old.csv").chmod(0o640)
        for name in ("new.csv", "old.csv"):
            with CsvExport(tmp_path / name, installed(), None, CsvOptions(overwrite=True)):
                pass
        assert (tmp_path / "new.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode
        assert (tmp_path / "old.csv").stat().st_mode & 0o777 == 0o640


class TestLifeCycle:
    @pytest.mark.parametrize(
        "interruption",
        [KeyboardInterrupt(), Cancelled(), SystemExit(), DeviceError("scan-folder-unreadable", folder="", reason="")],
    )
    def test_an_interrupted_run_leaves_its_finished_rows(self, tmp_path: Path, interruption: BaseException) -> None:
        target = tmp_path / "out.csv"
        export = CsvExport(target, installed(), None, facts=RunFacts(inputs=9))
        with pytest.raises(type(interruption)):
            write_then_raise(export, ok(tmp_path / "a.jpg", 1.0), interruption)
        assert len(read_csv(target)) == 1
        assert read_run(target)["counts"]["pending"] == 8
        assert leftovers(tmp_path) == []

    def test_an_interrupted_run_without_rows_replaces_nothing(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")
        with pytest.raises(KeyboardInterrupt), CsvExport(target, installed(), None, CsvOptions(overwrite=True)):
            raise KeyboardInterrupt
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
        assert target.read_text(encoding="utf-8") == "old"

    def test_a_finished_run_without_rows_leaves_a_header(self, tmp_path: Path) -> None:
        with CsvExport(tmp_path / "out.csv", installed(), None):
            pass
        assert read_csv(tmp_path / "out.csv") == []

    def test_a_bug_leaves_the_old_target(self, tmp_path: Path) -> None:
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")
        export = CsvExport(target, installed(), None, CsvOptions(overwrite=True))
        with pytest.raises(ZeroDivisionError):
            write_then_raise(export, ok(tmp_path / "a.jpg", 1.0), ZeroDivisionError())
        assert target.read_text(encoding="utf-8") == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]

    def test_a_row_of_other_weights_is_refused(self, tmp_path: Path) -> None:
        with (
            pytest.raises(ValueError, match="weather-lite2"),
            CsvExport(tmp_path / "out.csv", installed(), None) as export,
        ):
            export.write(ok(tmp_path / "a.jpg", 1.0, sha="cd" * 32))
        assert list(tmp_path.iterdir()) == []

    def test_a_second_row_for_a_picture_is_refused(self, tmp_path: Path) -> None:
        export = CsvExport(tmp_path / "out.csv", installed(), None)
        export.write(ok(tmp_path / "a.jpg", 1.0))
        with pytest.raises(ValueError, match="second row"):
            export.write(failed(tmp_path / "a.jpg"))
        export.discard()

    def test_committing_or_discarding_twice_is_harmless(self, tmp_path: Path) -> None:
        export = CsvExport(tmp_path / "out.csv", installed(), None)
        export.commit()
        export.commit()
        export.discard()
        assert (tmp_path / "out.csv").is_file()


class TestFaults:
    @pytest.fixture
    def old(self, tmp_path: Path) -> Iterator[Path]:
        """An older file that every fault must leave as it is, with nothing new beside it."""
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")
        yield target
        assert target.read_text(encoding="utf-8") == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]

    @pytest.mark.parametrize(
        ("number", "code"), [(errno.ENOSPC, "export-disk-full"), (errno.EIO, "export-write-failed")]
    )
    def test_a_fault_at_the_end(self, old: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
        def refuse(_: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(atomic_file.os, "fsync", refuse)
        with (
            pytest.raises(ExportError) as caught,
            CsvExport(old, installed(), None, CsvOptions(overwrite=True)) as export,
        ):
            export.write(ok(old.with_name("a.jpg"), 1.0))
        assert caught.value.problem.code == code
        assert "out.csv" in str(caught.value)

    def test_a_full_disk_in_mid_run(self, old: Path) -> None:
        class FullDisk(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        export = CsvExport(old, installed(), None, CsvOptions(overwrite=True))
        export.write(ok(old.with_name("a.jpg"), 1.0))
        export._csv = csv.writer(FullDisk())
        with pytest.raises(ExportError) as caught, export:
            export.write(ok(old.with_name("b.jpg"), 1.0))
        assert caught.value.problem.code == "export-disk-full"

    @pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
    def test_the_system_refuses_in_mid_run(self, old: Path) -> None:
        import resource

        export = CsvExport(old, installed(), None, CsvOptions(overwrite=True))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            with pytest.raises(ExportError) as caught:
                fill(export, old.parent)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.problem.code == "export-disk-full"

    def test_a_run_file_that_cannot_be_written(self, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        export = CsvExport(old, installed(), None, CsvOptions(overwrite=True))
        real_open = os.open

        def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
            if flags & os.O_CREAT:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real_open(path, flags, mode)

        monkeypatch.setattr(atomic_file.os, "open", refuse)
        with pytest.raises(ExportError, match=r"out\.run\.json"):
            export.commit()

    def test_a_system_without_fsync(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: int) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

        monkeypatch.setattr(atomic_file.os, "fsync", refuse)
        with CsvExport(tmp_path / "out.csv", installed(), None):
            pass
        assert (tmp_path / "out.csv").is_file()

    def test_results_are_kept_when_only_the_last_step_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "out.csv"
        target.write_text("old", encoding="utf-8")

        def refuse(_: Path, to: Path) -> Path:
            raise PermissionError(errno.EACCES, "open in another program")

        export = CsvExport(target, installed(), None, CsvOptions(overwrite=True))
        export.write(ok(tmp_path / "a.jpg", 1.0))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", refuse)
            with pytest.raises(ExportError) as caught:
                export.commit()
        assert caught.value.problem.code == "export-replace-failed"
        assert target.read_text(encoding="utf-8") == "old"
        (kept,) = [path for path in tmp_path.iterdir() if path != target]
        assert kept.name in str(caught.value)
        assert kept.suffix == ".csv"
        assert len(read_csv(kept)) == 1


class TestStream:
    def test_rows_are_passed_on_at_once_and_no_run_file_is_written(self, tmp_path: Path) -> None:
        raw = io.BytesIO()
        stream: TextIO = io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n")
        with CsvExport(stream, installed(), tmp_path) as export:
            export.write(ok(tmp_path / "日本.jpg", 1.0))
            assert "日本.jpg".encode() in raw.getvalue()
        assert b"\r\r\n" not in raw.getvalue()
        assert not stream.closed
        assert list(tmp_path.iterdir()) == []

    def test_a_closed_pipe_is_told(self, tmp_path: Path) -> None:
        class ClosedPipe(io.StringIO):
            def flush(self) -> None:
                raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        with pytest.raises(ExportError, match="Broken pipe"), CsvExport(ClosedPipe(), installed(), None) as export:
            export.write(ok(tmp_path / "a.jpg", 1.0))

    def test_a_stream_that_takes_no_header(self) -> None:
        class Full(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(ExportError):
            CsvExport(Full(), installed(), None)
