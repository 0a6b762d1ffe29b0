"""Checkpoints: what is read, what is refused and why, and that no file ever runs code."""

import argparse
import os
import pickle
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import nn

from model.checkpoint import describe_shape, is_computed, map_by_order, read_state_dict, write_safetensors
from model.errors import WeightsError
from model.weights import default_catalogue

ZIP, LEGACY = True, False


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=generator),
        "bn.num_batches_tracked": torch.tensor(7),
        "fc.bias": torch.randn(2, generator=generator),
    }


def save(data: object, path: Path, zipped: bool = ZIP) -> Path:
    torch.save(data, path, _use_new_zipfile_serialization=zipped)
    return path


def refusal(path: Path) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path)
    assert path.name in str(caught.value)
    assert caught.value.remedy
    return caught.value


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return list(left) == list(right) and all(torch.equal(left[key], right[key]) for key in left)


class Evil:
    """Makes a file as soon as something that holds it is unpickled carelessly."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.witness,)


class EvilSystem(Evil):
    """The same by way of the shell."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f'echo >"{self.witness}"',)


class EvilEval(Evil):
    """The same by way of a built-in function."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"open({str(self.witness)!r}, 'w').close()",)


class TestReading:
    @pytest.mark.parametrize("zipped", [ZIP, LEGACY])
    @pytest.mark.parametrize("mmap", [True, False])
    @pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin"])
    def test_both_formats_of_torch_are_read(self, tmp_path: Path, zipped: bool, mmap: bool, suffix: str) -> None:
        path = save(tensors(), tmp_path / f"net{suffix}", zipped)
        assert same(read_state_dict(path, mmap=mmap), tensors())

    @pytest.mark.parametrize("mmap", [True, False])
    def test_safetensors_are_read(self, tmp_path: Path, mmap: bool) -> None:
        path = tmp_path / "net.SafeTensors"
        safetensors.torch.save_file(tensors(), path)
        read = read_state_dict(path, mmap=mmap)
        assert same({key: read[key] for key in tensors()}, tensors())

    @pytest.mark.parametrize("wrap", ["state_dict", "model_state_dict", "model", "net", "ema_net"])
    def test_wrappers_and_prefixes_are_taken_off(self, tmp_path: Path, wrap: str) -> None:
        inner = {f"module.{key}": value for key, value in tensors().items()}
        path = save({wrap: inner, "epoch": 3, "optimizer": {"lr": 0.1}}, tmp_path / "net.pth")
        assert same(read_state_dict(path), tensors())

    def test_the_moving_average_is_preferred_to_the_last_weights(self, tmp_path: Path) -> None:
        last = {key: value + 1 for key, value in tensors().items()}
        path = save({"net": last, "ema_net": tensors(), "acc": 0.5}, tmp_path / "ckpt_best.pth")
        assert same(read_state_dict(path), tensors())

    @pytest.mark.parametrize("prefix", ["module.", "model.", "net.", "timm_model."])
    def test_what_wrapping_modules_put_before_every_name_is_taken_off(self, tmp_path: Path, prefix: str) -> None:
        inner = {f"{prefix}{key}": value for key, value in tensors().items()}
        assert same(read_state_dict(save(inner, tmp_path / "net.pth")), tensors())

    def test_wrappers_within_wrappers_are_taken_off(self, tmp_path: Path) -> None:
        path = save({"model": {"state_dict": OrderedDict(tensors())}}, tmp_path / "net.pth")
        assert same(read_state_dict(path), tensors())

    def test_prefixes_within_prefixes_are_taken_off(self, tmp_path: Path) -> None:
        inner = {f"_orig_mod.module.{key}": value for key, value in tensors().items()}
        assert same(read_state_dict(save(inner, tmp_path / "net.pth")), tensors())

    def test_a_prefix_that_only_some_names_have_stays(self, tmp_path: Path) -> None:
        mixed = {"module.a": torch.zeros(1), "b": torch.zeros(1)}
        assert list(read_state_dict(save(mixed, tmp_path / "net.pth"))) == ["module.a", "b"]

    def test_a_training_scripts_options_are_no_obstacle(self, tmp_path: Path) -> None:
        checkpoint = {"model": tensors(), "args": argparse.Namespace(lr=0.1, name="x"), "epoch": 90}
        assert same(read_state_dict(save(checkpoint, tmp_path / "net.pth")), tensors())
        assert argparse.Namespace not in torch.serialization.get_safe_globals()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
    def test_other_floating_point_types_are_kept(self, tmp_path: Path, dtype: torch.dtype) -> None:
        path = save({"w": torch.ones(2, dtype=dtype)}, tmp_path / "net.pth")
        assert read_state_dict(path)["w"].dtype == dtype

    def test_a_name_that_is_not_utf_8_is_no_obstacle(self, tmp_path: Path) -> None:
        folder = tmp_path / "caf\udce9"
        try:
            folder.mkdir()
        except OSError:
            pytest.skip("this file system knows only Unicode names")
        with (folder / "net.pth").open("wb") as handle:
            torch.save(tensors(), handle)
        (folder / "net.safetensors").write_bytes(safetensors.torch.save(tensors()))
        assert same(read_state_dict(folder / "net.pth"), tensors())
        assert len(read_state_dict(folder / "net.safetensors")) == 3

    def test_the_built_in_file_which_has_the_old_format_is_read_in_order(self) -> None:
        state = read_state_dict(default_catalogue().open("imagenet-lite2").paths["network"])
        assert len(state) == 386
        assert next(iter(state)) == "_conv_stem.weight"
        assert list(state)[-2:] == ["_fc.weight", "_fc.bias"]


class TestNothingRuns:
    @pytest.mark.parametrize("evil", [Evil, EvilSystem, EvilEval])
    @pytest.mark.parametrize("zipped", [ZIP, LEGACY])
    @pytest.mark.parametrize("wrapped", [True, False])
    def test_a_malicious_pickle_is_refused_and_never_runs(
        self, tmp_path: Path, evil: type[Evil], zipped: bool, wrapped: bool
    ) -> None:
        witness = tmp_path / "witness"
        bomb = {"state_dict": {**tensors(), "x": evil(witness)}} if wrapped else evil(witness)
        path = save(bomb, tmp_path / "net.pth", zipped)
        error = refusal(path)
        assert not witness.exists()
        assert error.problem.code == "checkpoint-runs-code"
        assert "run code" in str(error)
        assert "torch.save(model.state_dict()" in error.remedy
        # The bomb is real: a careless reader sets it off.
        torch.load(path, weights_only=False)
        assert witness.exists()

    def test_a_plain_malicious_pickle_never_runs(self, tmp_path: Path) -> None:
        witness = tmp_path / "witness"
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            path = tmp_path / "net.pth"
            path.write_bytes(pickle.dumps({"a": Evil(witness)}, protocol))
            refusal(path)
            assert not witness.exists()

    def test_a_namespace_cannot_carry_code(self, tmp_path: Path) -> None:
        witness = tmp_path / "witness"
        checkpoint = {"model": tensors(), "args": argparse.Namespace(lr=EvilSystem(witness))}
        assert refusal(save(checkpoint, tmp_path / "net.pth")).problem.code == "checkpoint-runs-code"
        assert not witness.exists()

    @pytest.mark.parametrize("zipped", [ZIP, LEGACY])
    def test_a_whole_pickled_network_is_refused(self, tmp_path: Path, zipped: bool) -> None:
        error = refusal(save(nn.Linear(2, 2), tmp_path / "net.pth", zipped))
        assert error.problem.code == "checkpoint-whole-network"
        assert "torch.nn.modules.linear.Linear" in str(error)
        assert "torch.save(model.state_dict()" in error.remedy

    @pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore:.*torch.jit:FutureWarning")
    def test_torchscript_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "net.pt"
        torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(str(path))
        assert refusal(path).problem.code == "checkpoint-whole-network"


class TestRefusals:
    @pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
    def test_an_absent_file_and_a_folder_are_told(self, tmp_path: Path, name: str) -> None:
        assert refusal(tmp_path / name).problem.code == "checkpoint-unreadable"
        (tmp_path / name).mkdir()
        assert refusal(tmp_path / name).problem.code == "checkpoint-unreadable"

    @pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
    @pytest.mark.parametrize(
        "content",
        [b"", b"hello", b"<html>Not found</html>", b"PK\x03\x04garbage", b"\x80\x02garbage", bytes(100), b"\xff" * 100],
    )
    def test_garbage_is_refused(self, tmp_path: Path, name: str, content: bytes) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        assert refusal(path).problem.code == "checkpoint-not-recognised"

    @pytest.mark.parametrize("zipped", [ZIP, LEGACY])
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_truncated_files_are_refused(self, tmp_path: Path, zipped: bool, share: float) -> None:
        path = save(tensors(), tmp_path / "net.pth", zipped)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        assert refusal(path).problem.code == "checkpoint-not-recognised"

    def test_truncated_safetensors_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "net.safetensors"
        path.write_bytes(safetensors.torch.save(tensors())[:-1])
        assert refusal(path).problem.code == "checkpoint-not-recognised"

    @pytest.mark.parametrize("data", [{}, {"state_dict": {}}, OrderedDict()])
    def test_an_empty_file_is_refused(self, tmp_path: Path, data: object) -> None:
        assert refusal(save(data, tmp_path / "net.pth")).problem.code == "checkpoint-empty"

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            ([torch.zeros(1)], "list"),
            (torch.zeros(1), "Tensor"),
            (3, "int"),
            ({"w": torch.zeros(1), "lr": 0.1}, "lr"),
            ({0: torch.zeros(1)}, "0"),
            ({"state_dict": {"w": "text"}}, "w"),
        ],
    )
    def test_what_is_no_tensor_is_named(self, tmp_path: Path, data: object, name: str) -> None:
        error = refusal(save(data, tmp_path / "net.pth"))
        assert error.problem.code == "checkpoint-not-tensors"
        assert str(error).endswith(f": {name}.")

    def test_a_checkpoint_that_holds_itself_ends(self, tmp_path: Path) -> None:
        circle: dict[str, object] = {}
        circle["model"] = circle
        assert refusal(save(circle, tmp_path / "net.pth")).problem.code == "checkpoint-not-tensors"

    def test_numbers_of_numpy_are_refused_with_their_name(self, tmp_path: Path) -> None:
        error = refusal(save({"model": tensors(), "best": np.float64(0.8)}, tmp_path / "net.pth"))
        assert "multiarray.scalar" in str(error)

    @pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.uint8, torch.bool, torch.complex64])
    def test_weights_that_are_no_floats_are_named(self, tmp_path: Path, dtype: torch.dtype) -> None:
        error = refusal(save({"fc.weight": torch.ones(2).to(dtype)}, tmp_path / "net.pth"))
        assert error.problem.code == "checkpoint-not-float"
        assert "fc.weight" in str(error)
        assert str(dtype).removeprefix("torch.") in str(error)

    def test_sparse_weights_are_refused(self, tmp_path: Path) -> None:
        error = refusal(save({"w": torch.eye(2).to_sparse()}, tmp_path / "net.pth"))
        assert error.problem.code == "checkpoint-not-float"

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
    def test_values_that_are_no_numbers_are_refused(self, tmp_path: Path, value: float, dtype: torch.dtype) -> None:
        state = {"a": torch.zeros(3), "b": torch.tensor([0.0, value, 0.0], dtype=dtype)}
        error = refusal(save(state, tmp_path / "net.pth"))
        assert error.problem.code == "checkpoint-not-finite"
        assert "“b”" in str(error)

    @pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_a_spoiled_file_is_read_or_refused_and_nothing_else(
        self, tmp_path: Path, kind: str, data: st.DataObject
    ) -> None:
        path = tmp_path / ("net.safetensors" if kind == "safetensors" else "net.pth")
        if kind == "safetensors":
            path.write_bytes(safetensors.torch.save(tensors()))
        else:
            save(tensors(), path, kind == "zip")
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        try:
            state = read_state_dict(path, mmap=False)
        except WeightsError:
            return
        assert all(isinstance(tensor, torch.Tensor) for tensor in state.values())


class TestWriting:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "head.safetensors"
        write_safetensors(path, tensors(), {"format": "pt"})
        read = read_state_dict(path)
        assert same({key: read[key] for key in tensors()}, tensors())
        assert list(tmp_path.iterdir()) == [path]

    def test_the_same_input_gives_the_same_bytes(self, tmp_path: Path) -> None:
        metadata = {key: key * 2 for key in "zebra quilt fox".split()}
        for name in "abcd":
            write_safetensors(tmp_path / name, tensors(), dict(reversed(metadata.items())) if name > "b" else metadata)
        assert len({(tmp_path / name).read_bytes() for name in "abcd"}) == 1
        with safe_open(tmp_path / "a", "pt") as handle:
            assert handle.metadata() == metadata

    def test_tensors_that_share_memory_or_are_turned_are_written(self, tmp_path: Path) -> None:
        base = torch.arange(6.0).reshape(2, 3)
        state = {"a": base, "b": base, "c": base.t(), "d": base[:, :1], "e": nn.Parameter(base)}
        write_safetensors(tmp_path / "x.safetensors", state, {})
        read = read_state_dict(tmp_path / "x.safetensors")
        assert all(torch.equal(read[key], state[key]) for key in state)

    def test_a_failure_leaves_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "head.safetensors"
        path.write_bytes(b"old")

        def fail(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            write_safetensors(path, tensors(), {})
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


class TestMapByOrder:
    def test_the_first_goes_under_the_first_name(self) -> None:
        state = {"x": torch.zeros(2), "y": torch.ones(3)}
        mapped = map_by_order(state, {"a": torch.empty(2), "b": torch.empty(3, device="meta")})
        assert list(mapped) == ["a", "b"]
        assert mapped["b"] is state["y"]

    def test_another_count_is_refused(self) -> None:
        with pytest.raises(WeightsError, match="holds 1 tensors where the network has 2"):
            map_by_order({"x": torch.zeros(2)}, {"a": torch.empty(2), "b": torch.empty(2)})

    def test_another_shape_is_refused_by_name(self) -> None:
        words = re.escape("“b” has the shape 3 x 1 where the network has 1 x 3")
        with pytest.raises(WeightsError, match=words):
            map_by_order({"x": torch.zeros(2), "y": torch.zeros(3, 1)}, {"a": torch.empty(2), "b": torch.empty(1, 3)})


def test_counters_and_index_tables_are_known_by_their_name() -> None:
    assert is_computed("layer1.0.bn1.num_batches_tracked")
    assert is_computed("features.1.0.attn.relative_position_index")
    assert not is_computed("layer1.0.bn1.running_mean")


def test_shapes_are_put_into_words() -> None:
    assert describe_shape(torch.empty(64, 3, 7, 7).shape) == "64 x 3 x 7 x 7"
    assert describe_shape(()) == "a single number"
