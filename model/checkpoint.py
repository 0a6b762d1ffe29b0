"""Reading and writing state dicts so that a file can never run code. Imports torch."""

import argparse
import json
import pickle
import re
import struct
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from model.checkpoint_container import check_container
from model.errors import WeightsError
from model.names import display_name
from model.safe_files import write_atomically

StateDict = dict[str, torch.Tensor]

# Where training scripts put the weights in a larger checkpoint: Lightning and most others, tutorials, torchvision's,
# SuperGradients' (whose moving average of the weights is what it evaluates, where there is one).
_WRAPPERS = ("state_dict", "model_state_dict", "model", "ema_net", "net")
# What nn.DataParallel, torch.compile, Lightning's modules and transformers' wrapper of timm put before every name.
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "timm_model.")
_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
# BatchNorm's count of training steps, and the tables by which windowed and levit-like attention finds its biases.
_COMPUTED = ("num_batches_tracked", "relative_position_index", "attention_bias_idxs")
_ZIP_START = b"PK\x03\x04"
_MOST_PREFIXES = 8
_LONGEST_NAME = 200
# Tied weights lie in one place and count twice.
_MOST_USES = 4
# torch.load on garbage raises whatever its unpickler happens to stumble over.
_GARBAGE = (
    pickle.UnpicklingError,
    struct.error,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    MemoryError,
)


def read_state_dict(path: Path, *, mmap: bool = True) -> StateDict:
    """Return the tensors of a checkpoint, on the CPU, with their dtypes, in the order in which they were saved.

    (A safetensors file knows no such order: its tensors are sorted.)

    `.safetensors` is read as such, anything else by torch.load with `weights_only=True`. Wrappers (`state_dict`,
    `model`) and prefixes (`module.`) are taken off. With `mmap` the tensors may lie in the file, which then must stay
    as it is; turn it off for files on drives that may be pulled out. Old-format files are always read whole.

    Raises WeightsError for a file that is absent, damaged, too large or would run code, that holds no tensors or
    something else than tensors, weights that are not floating-point numbers, that claim to have more of them than the
    file has, and values that are NaN or infinite.
    """
    check_container(path)
    if path.suffix.lower() == ".safetensors":
        state = _read_safetensors(path, mmap=mmap)
    else:
        state = _without_prefixes(_tensors_of(_load(path, mmap=mmap), path))
    _check_values(state, path)
    return state


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write the tensors in one step: the file is whole or not there. The same input gives the same bytes.

    Raises OSError; then a file that had the name before is unchanged.
    """
    # Cloned, because safetensors refuses tensors that share memory.
    own = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}
    write_atomically(path, _with_metadata(safetensors.torch.save(own), metadata))


def map_by_order(state: Mapping[str, torch.Tensor], reference_state: Mapping[str, torch.Tensor]) -> StateDict:
    """Return `state` under the names of `reference_state`, the first under the first name and so on.

    Raises WeightsError unless there are equally many tensors, and each has the shape of its counterpart.
    """
    if len(state) != len(reference_state):
        raise WeightsError("checkpoint-count-differs", actual=len(state), expected=len(reference_state))
    mapped: StateDict = {}
    for tensor, (key, reference) in zip(state.values(), reference_state.items(), strict=True):
        if tensor.shape != reference.shape:
            actual, expected = describe_shape(tensor.shape), describe_shape(reference.shape)
            raise WeightsError("checkpoint-shape-differs", tensor=key, actual=actual, expected=expected)
        mapped[key] = tensor
    return mapped


def is_computed(key: str) -> bool:
    """Return whether a network has the tensor's values without a file (counters, index tables).

    It is no floating-point tensor, and it may be missing or surplus.
    """
    return key.endswith(_COMPUTED)


def describe_shape(shape: Sequence[int]) -> str:
    """Return the shape in words, for example `64 x 3 x 7 x 7`."""
    return " x ".join(map(str, shape)) or "a single number"


def _read_safetensors(path: Path, *, mmap: bool) -> StateDict:
    try:
        if mmap and _is_plain(path):
            return safetensors.torch.load_file(path)
        return safetensors.torch.load(path.read_bytes())
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    except (SafetensorError, *_GARBAGE) as exc:
        raise WeightsError("checkpoint-not-recognised", file=display_name(path.name), detail=str(exc)) from exc


def _load(path: Path, *, mmap: bool) -> object:
    try:
        with path.open("rb") as handle:
            # torch maps only files of the zip format into memory, and only such as it can open by their name.
            mapped = mmap and handle.read(len(_ZIP_START)) == _ZIP_START and _is_plain(path)
            handle.seek(0)
            # torch warns of pickle protocols and TorchScript before it refuses them; the refusal is enough.
            # argparse.Namespace holds the options of torchvision's and timm's training scripts: plain attributes.
            with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals([argparse.Namespace]):
                if mapped:
                    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
                return torch.load(handle, map_location="cpu", weights_only=True)
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    except _GARBAGE as exc:
        raise _refusal(path, str(exc)) from exc


def _refusal(path: Path, detail: str) -> WeightsError:
    """Tell from torch's words why it refused a file: network and code by their class's name, or no checkpoint."""
    file = display_name(path.name)
    if "TorchScript" in detail:
        return WeightsError("checkpoint-whole-network", file=file, name="TorchScript", detail=detail)
    wanted = re.search(r"\bGLOBAL ([\w.]+)", detail) or re.search(r"but got (?:<class ')?([\w.]+)", detail)
    if wanted is None and not re.search(r"\breduce\b|safe_globals", detail):
        return WeightsError("checkpoint-not-recognised", file=file, detail=detail)
    name = wanted[1] if wanted else "an unnamed function"
    is_network = name.startswith(("torch.nn.", "torchvision.models.", "timm.")) or ".models." in name
    code = "checkpoint-whole-network" if is_network else "checkpoint-runs-code"
    return WeightsError(code, file=file, name=name, detail=detail)


def _tensors_of(loaded: object, path: Path, depth: int = 0) -> StateDict:
    """Find the state dict in what a file held."""
    if isinstance(loaded, Mapping) and depth < len(_WRAPPERS):  # a hostile file may contain itself
        for key in _WRAPPERS:
            if isinstance(loaded.get(key), Mapping):
                return _tensors_of(loaded[key], path, depth + 1)
    if not isinstance(loaded, Mapping):
        raise WeightsError("checkpoint-not-tensors", file=display_name(path.name), name=type(loaded).__name__)
    for key, value in loaded.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            # Nested tuples that hold one another twice would make a text without end.
            name = str(key) if isinstance(key, str | int | float) else type(key).__name__
            raise WeightsError("checkpoint-not-tensors", file=display_name(path.name), name=_shown(name))
    return dict(loaded)


def _without_prefixes(state: StateDict) -> StateDict:
    for _ in range(_MOST_PREFIXES):
        prefix = next((one for one in _PREFIXES if state and all(key.startswith(one) for key in state)), None)
        if prefix is None:
            break
        state = {key.removeprefix(prefix): tensor for key, tensor in state.items()}
    return state


def _check_values(state: StateDict, path: Path) -> None:
    file = display_name(path.name)
    if not state:
        raise WeightsError("checkpoint-empty", file=file)
    left = _MOST_USES * path.stat().st_size
    for key, tensor in state.items():
        is_plain = tensor.layout == torch.strided and not tensor.is_meta
        if not is_plain or (tensor.dtype not in _FLOATS and not is_computed(key)):
            dtype = str(tensor.dtype).removeprefix("torch.")
            raise WeightsError("checkpoint-not-float", file=file, tensor=_shown(key), dtype=dtype)
        # A single number can be stretched over any shape, and tensors may all lie in the same place.
        size = tensor.numel() * tensor.element_size()
        left -= size
        if size > tensor.untyped_storage().nbytes() or left < 0:
            raise WeightsError("checkpoint-stretched", file=file, tensor=_shown(key))
        if not is_computed(key) and not bool(tensor.isfinite().all()):
            raise WeightsError("checkpoint-not-finite", file=file, tensor=_shown(key))


def _shown(name: str) -> str:
    return display_name(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}\N{HORIZONTAL ELLIPSIS}")


def _with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """Put metadata into a safetensors file, in sorted order: the library's own order changes from run to run.

    The format: the header's length (8 bytes, little-endian), the header (JSON, padded with spaces to a multiple of 8),
    the tensors' bytes.
    """
    length = int.from_bytes(data[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(data[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def _unreadable(path: Path, error: OSError) -> WeightsError:
    return WeightsError("checkpoint-unreadable", file=display_name(path), reason=error.strerror or str(error))


def _is_plain(path: Path) -> bool:
    """Return whether the path is UTF-8: libraries that are not Python cannot open others."""
    return not any("\ud800" <= char <= "\udfff" for char in str(path))
