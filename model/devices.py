"""Which device the network runs on, and how many pictures it takes at a time."""

import logging
from dataclasses import dataclass

import torch

from model.errors import DeviceError

log = logging.getLogger(__name__)

# On two CPU cores batch 16 gained nothing over 8. The figures for GPUs are customary ones, not measured.
BATCH_SIZES = {"cpu": 8, "cuda": 32, "mps": 16}
# MPS; the CPU on POSIX systems and on Windows; cuBLAS (CUBLAS_STATUS_ALLOC_FAILED) and cuDNN; ONNX Runtime.
_OUT_OF_MEMORY = (
    *("out of memory", "can't allocate memory", "not enough memory", "status_alloc_failed"),
    "failed to allocate memory",
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that was tried out. `key` is torch's device type, `label` is for people."""

    key: str
    label: str
    batch_size: int

    @property
    def torch_device(self) -> torch.device:
        """Torch's own name for it."""
        return torch.device(self.key)


def available_devices() -> list[Device]:
    """Return the devices that work on this computer, the fastest first; the CPU is always last."""
    found = [_device(key) for key in ("cuda", "mps") if _is_present(key) and _fault_of(key) is None]
    return [*found, _device("cpu")]


def choose_device(wish: str) -> Device:
    """Return the device that is wished for: `auto`, `cuda`, `mps` or `cpu`.

    `auto` takes the fastest that works. Raises DeviceError when the wished-for one is absent or fails a trial.
    """
    if wish == "auto":
        return available_devices()[0]
    if wish not in BATCH_SIZES:
        raise DeviceError("device-unknown", device=wish)
    if not _is_present(wish):
        raise DeviceError("device-absent", device=wish)
    fault = _fault_of(wish)
    if fault is not None:
        raise DeviceError("device-fails", device=wish, detail=fault)
    return _device(wish)


def _is_present(key: str) -> bool:
    if key == "cuda":
        return torch.cuda.is_available()
    if key == "mps":
        return torch.backends.mps.is_available()
    return True


def _fault_of(key: str) -> str | None:
    """Run a small convolution: drivers report GPUs for which this torch has no kernels."""
    if key == "cpu":
        return None
    try:
        image = torch.ones(1, 3, 8, 8, device=key)
        torch.nn.functional.conv2d(image, torch.ones(4, 3, 3, 3, device=key)).sum().item()
    except RuntimeError as exc:
        log.warning("device %s is present but fails: %s", key, exc)
        return str(exc)
    return None


def _device(key: str) -> Device:
    return Device(key, _label(key), BATCH_SIZES[key])


def _label(key: str) -> str:
    if key == "cuda":
        return f"GPU ({torch.cuda.get_device_name()})"
    if key == "mps":
        return "GPU (Apple)"
    return "CPU"


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether a device ran out of memory; CUDA has a class of its own for it, the others have words."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(words in text for words in _OUT_OF_MEMORY)


def release_memory(key: str) -> None:
    """Give torch's cached device memory back, after running out of it."""
    if key == "cuda":
        torch.cuda.empty_cache()
    elif key == "mps":
        torch.mps.empty_cache()
