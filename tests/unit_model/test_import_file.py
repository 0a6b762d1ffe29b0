"""Taking a published file from a folder instead of the network."""

import errno
import io
from pathlib import Path

import pytest
from weights_server import BODY, DIGEST, NAME, OTHER, Computer, failing

from model import download
from model.cancel import Cancelled
from model.errors import WeightsError
from model.types import DownloadProgress, WeightsInstalled, WeightsState


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


class TestImportFile:
    def test_the_right_file_is_taken_whatever_its_name(self, computer: Computer, tmp_path: Path) -> None:
        stick = tmp_path / "stick" / "renamed by somebody.bin"
        stick.parent.mkdir()
        stick.write_bytes(BODY)
        *progress, last = list(computer.import_from(stick))
        assert isinstance(last, WeightsInstalled)
        assert last.entry.state is WeightsState.ON_COMPUTER
        assert last.entry.weights.files[0].sha256 == DIGEST
        assert progress[-1] == DownloadProgress(len(BODY), len(BODY), None)
        assert computer.file.read_bytes() == BODY
        assert computer.files() == ["card.json", NAME]
        assert stick.exists()

    def test_a_wrong_file_of_the_right_name_changes_nothing(self, computer: Computer, tmp_path: Path) -> None:
        stick = tmp_path / NAME
        stick.write_bytes(OTHER)
        with pytest.raises(WeightsError) as caught:
            list(computer.import_from(stick))
        assert caught.value.problem.code == "fetch-file-wrong"
        assert NAME in caught.value.remedy
        assert computer.files() == []

    def test_a_huge_file_is_not_copied_first(self, computer: Computer, tmp_path: Path) -> None:
        stick = tmp_path / "film.mkv"
        with stick.open("wb") as handle:
            handle.truncate(2**31)
        with pytest.raises(WeightsError, match="has 2147483648 bytes"):
            list(computer.import_from(stick))
        assert not computer.folder.exists()

    @pytest.mark.parametrize("name", ["absent.pth", "."])
    def test_what_is_no_file_is_told(self, computer: Computer, tmp_path: Path, name: str) -> None:
        with pytest.raises(WeightsError) as caught:
            list(computer.import_from(tmp_path / name))
        assert caught.value.problem.code == "fetch-file-unreadable"

    def test_a_stick_pulled_out_changes_nothing(
        self, computer: Computer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Pulled(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError(errno.EIO, "Input/output error")

            def fileno(self) -> int:
                return descriptor

        stick = tmp_path / NAME
        stick.write_bytes(BODY)
        with stick.open("rb") as handle:
            descriptor = handle.fileno()
            monkeypatch.setattr(download, "_open", lambda path: Pulled())
            with pytest.raises(WeightsError) as caught:
                list(computer.import_from(stick))
        assert caught.value.problem.code == "fetch-file-unreadable"
        assert computer.files() == []

    def test_cancelling_changes_nothing(self, computer: Computer, tmp_path: Path) -> None:
        stick = tmp_path / NAME
        stick.write_bytes(BODY)
        computer.token.cancel()
        with pytest.raises(Cancelled):
            list(computer.import_from(stick))
        assert computer.files() == []

    def test_a_full_disk_changes_nothing(
        self, computer: Computer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stick = tmp_path / NAME
        stick.write_bytes(BODY)
        monkeypatch.setattr(download, "_append", failing(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(WeightsError) as caught:
            list(computer.import_from(stick))
        assert caught.value.problem.code == "fetch-disk-full"
        assert computer.files() == []
