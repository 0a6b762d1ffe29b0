"""Checkpoints that lie about what they hold: each is refused with its reason, in bounded memory, and nothing runs."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch

from model import checkpoint, checkpoint_container
from model.checkpoint import read_state_dict
from model.errors import WeightsError

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs pipes of POSIX")
ROOT = Path(__file__).resolve().parents[2]


def refusal(path: Path, *, mmap: bool = False) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path, mmap=mmap)
    assert caught.value.remedy
    return caught.value


def safetensors_file(path: Path, header: object, data: bytes = bytes(16), length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def tensor(start: int, end: int, dtype: str = "F32", shape: tuple[int, ...] = (2,)) -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


class TestSafetensors:
    @pytest.mark.parametrize("length", [10 << 30, 2**63, 2**64 - 1])
    def test_a_header_longer_than_the_file(self, tmp_path: Path, length: int) -> None:
        error = refusal(safetensors_file(tmp_path / "net.safetensors", {}, length=length))
        assert error.problem.code == "checkpoint-not-recognised"
        assert f"claims {length} bytes" in error.problem.detail

    def test_a_header_of_ten_gigabytes_in_a_file_that_has_them(self, tmp_path: Path) -> None:
        path = safetensors_file(tmp_path / "net.safetensors", b"{", length=10 << 30)
        os.truncate(path, 11 << 30)  # sparse: it takes no room
        assert refusal(path).problem.code == "checkpoint-too-large"

    def test_a_header_of_more_than_any_network_needs(self, tmp_path: Path) -> None:
        path = tmp_path / "net.safetensors"
        safetensors_file(path, {"a": tensor(0, 8), **{f"x{n}": None for n in range(700_000)}}, bytes(8))
        assert "its header has" in refusal(path).problem.detail

    @pytest.mark.parametrize(
        "header",
        [
            {"a": tensor(0, 8), "b": tensor(0, 8)},
            {"a": tensor(0, 8), "b": tensor(4, 12)},
            {"a": tensor(0, 16, shape=(4,)), "b": tensor(8, 16)},
            {"a": tensor(8, 0)},
            {"a": tensor(0, 8)},  # eight bytes belong to nobody
            {"a": tensor(8, 16)},
            {"a": tensor(0, 16)},  # a shape of half the bytes
            {"a": tensor(0, 16, shape=(2**62, 4))},
            {"a": tensor(0, 16, dtype="F33")},
            {"a": tensor(-8, 8)},
            {"a": tensor(0, 2**63)},
        ],
        ids=str,
    )
    def test_offsets_that_overlap_or_do_not_fit(self, tmp_path: Path, header: object) -> None:
        for mmap in (True, False):
            error = refusal(safetensors_file(tmp_path / "net.safetensors", header), mmap=mmap)
            assert error.problem.code == "checkpoint-not-recognised"


class TestZip:
    def repack(self, path: Path, method: int = zipfile.ZIP_DEFLATED, extra: dict[str, bytes] | None = None) -> Path:
        """Write torch's own file again, in another way."""
        buffer = io.BytesIO()
        torch.save({"w": torch.zeros(4)}, buffer)
        with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", method) as target:
            for name in source.namelist():
                target.writestr(name, source.read(name))
            for name, data in (extra or {}).items():
                target.writestr(name, data)
        return path

    def test_a_bomb(self, tmp_path: Path) -> None:
        """200 MB of zeros out of 200 KB; torch would unpack them."""
        path = self.repack(tmp_path / "net.pth", extra={"archive/data/9": bytes(200 << 20)})
        assert path.stat().st_size < 1 << 20
        error = refusal(path)
        assert error.problem.code == "checkpoint-not-recognised"
        assert "unpack to far more" in error.problem.detail

    def test_entries_that_share_their_bytes(self, tmp_path: Path) -> None:
        """Each entry of the list of contents leads to the same bytes."""
        path = self.repack(tmp_path / "net.pth", zipfile.ZIP_STORED, {"archive/data/9": bytes(1 << 20)})
        data = path.read_bytes()
        end = data.rindex(b"PK\5\6")
        (count,), (length, offset) = struct.unpack_from("<H", data, end + 10), struct.unpack_from("<LL", data, end + 12)
        last = data.rindex(b"PK\1\2", 0, end)
        directory = data[offset : offset + length] + data[last:end] * 100
        tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count + 100, count + 100, len(directory), offset, 0)
        path.write_bytes(data[:offset] + directory + tail)
        assert "unpack to far more" in refusal(path).problem.detail

    def test_a_list_of_contents_without_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = self.repack(tmp_path / "net.pth", zipfile.ZIP_STORED)
        monkeypatch.setattr(checkpoint_container, "_MOST_DIRECTORY_BYTES", 100)
        monkeypatch.setattr("zipfile.ZipFile", lambda _handle: pytest.fail("it was read"))
        assert "list of contents" in refusal(path).problem.detail

    def test_the_list_of_torchs_own_large_files_is_found(self, tmp_path: Path) -> None:
        """torch writes the 64-bit end record, too; it is the one that counts."""
        path = tmp_path / "net.pth"
        torch.save({f"w{number}": torch.zeros(1) for number in range(50)}, path)
        with path.open("rb") as handle:
            length = checkpoint_container._directory_bytes(handle, path.stat().st_size)
        with zipfile.ZipFile(path) as archive:
            assert length >= 50 * 46
            assert len(archive.infolist()) >= 50

    def test_a_pickle_of_more_than_any_network_needs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checkpoint_container, "_MOST_PICKLE_BYTES", 10)
        assert "pickle" in refusal(self.repack(tmp_path / "net.pth", zipfile.ZIP_STORED)).problem.detail


class TestTensors:
    def test_one_number_stretched_over_a_terabyte(self, tmp_path: Path) -> None:
        path = tmp_path / "net.pth"
        torch.save({"w": torch.zeros(1).expand(1_000_000, 250_000)}, path)
        assert path.stat().st_size < 10_000
        assert refusal(path).problem.code == "checkpoint-stretched"

    def test_a_counter_is_not_stretched_either(self, tmp_path: Path) -> None:
        path = tmp_path / "net.pth"
        torch.save({"w": torch.zeros(1), "bn.num_batches_tracked": torch.zeros(1).expand(1_000_000, 250_000)}, path)
        assert refusal(path).problem.code == "checkpoint-stretched"

    def test_ten_thousand_tensors_in_one_place(self, tmp_path: Path) -> None:
        path, one = tmp_path / "net.pth", torch.zeros(1 << 20)
        torch.save({f"w{number}": one for number in range(10_000)}, path)
        assert refusal(path).problem.code == "checkpoint-stretched"

    def test_tied_weights_are_no_offence(self, tmp_path: Path) -> None:
        path, one = tmp_path / "net.pth", torch.ones(1000)
        torch.save({"a": one, "b": one, "c": one.reshape(10, 100).T}, path)
        assert len(read_state_dict(path)) == 3

    def test_a_key_whose_text_has_no_end(self, tmp_path: Path) -> None:
        """Tuples of tuples of the same two: 2 ** 18 pieces of text out of a few hundred bytes."""
        key: object = ("x",)
        for _ in range(18):
            key = (key, key)
        path = tmp_path / "net.pth"
        torch.save({key: torch.zeros(1)}, path)
        error = refusal(path)
        assert error.problem.code == "checkpoint-not-tensors"
        assert len(str(error)) < 200

    def test_long_names_are_cut_short_in_messages(self, tmp_path: Path) -> None:
        path = tmp_path / "net.pth"
        torch.save({"w" * 100_000: torch.tensor([float("nan")])}, path)
        assert len(str(refusal(path))) < 500

    def test_prefixes_without_end_are_not_followed(self, tmp_path: Path) -> None:
        path = tmp_path / "net.pth"
        torch.save({"module." * 5000 + "w": torch.zeros(1)}, path)
        (key,) = read_state_dict(path)
        assert key.endswith("module.w")


class TestFile:
    @posix_only
    @pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        error = refusal(tmp_path / name)
        assert error.problem.code == "checkpoint-unreadable"
        assert "not an ordinary file" in str(error)

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without end")
    def test_a_device_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "net.pth").symlink_to("/dev/zero")
        assert refusal(tmp_path / "net.pth").problem.code == "checkpoint-unreadable"

    def test_a_file_that_memory_has_no_room_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "net.pth"
        torch.save({"w": torch.zeros(4)}, path)
        monkeypatch.setattr(checkpoint_container, "MOST_BYTES", path.stat().st_size - 1)
        monkeypatch.setattr(checkpoint, "_load", lambda *_: pytest.fail("it was read"))
        error = refusal(path)
        assert error.problem.code == "checkpoint-too-large"
        assert "optimiser" in error.remedy

    def test_an_old_format_storage_that_claims_ten_gigabytes(self, tmp_path: Path) -> None:
        """The old format names the storage's size in the pickle; memory must not be filled for it."""
        buffer = io.BytesIO()
        torch.save({"w": torch.zeros(123_457)}, buffer, _use_new_zipfile_serialization=False)
        data = buffer.getvalue()[:4000]
        small, large = pickle.dumps(123_457, 2)[2:-1], pickle.dumps(2_500_000_000, 2)[2:-1]
        assert small in data
        path = tmp_path / "net.pth"
        path.write_bytes(data.replace(small, large))
        code = (
            "import resource, sys; from pathlib import Path; from model.checkpoint import read_state_dict\n"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "from model.errors import WeightsError\n"
            "try: read_state_dict(Path(sys.argv[1]), mmap=False)\n"
            "except WeightsError as exc: print(exc.problem.code)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
        )
        told, grown = done.stdout.split()
        assert told == "checkpoint-not-recognised"
        assert int(grown) < 200 << 10


def test_a_sound_file_of_each_kind_passes(tmp_path: Path) -> None:
    state = {"w": torch.ones(3, 2), "bn.num_batches_tracked": torch.tensor(3)}
    torch.save(state, tmp_path / "zip.pth")
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    (tmp_path / "a.safetensors").write_bytes(safetensors.torch.save(state))
    for path in tmp_path.iterdir():
        assert sorted(read_state_dict(path)) == sorted(state)
