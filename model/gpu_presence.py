"""Whether this computer may have a GPU that torch can use, asked of the drivers: importing torch takes seconds."""

import ctypes
import functools
import logging
import platform
import sys
from pathlib import Path

log = logging.getLogger(__name__)

_CUDA = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
_SUCCESS = 0
_AMD_COMPUTE = Path("/dev/kfd")  # the Linux kernel's interface for computing on AMD GPUs


@functools.cache
def has_gpu_driver() -> bool:
    """Return whether a driver reports a GPU for computing: NVIDIA's, AMD's on Linux, or Apple silicon.

    True promises nothing (torch may be built without CUDA), False means that torch would find none either.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return cuda_devices(nvidia_driver()) > 0 or _AMD_COMPUTE.exists()


def nvidia_driver() -> ctypes.CDLL | None:
    """Return NVIDIA's driver (the CUDA driver API), ready to be asked; None without one, or when it finds no GPU."""
    name = _CUDA.get(sys.platform)
    if name is None:
        return None
    try:
        driver = ctypes.CDLL(name)
        return driver if driver.cuInit(0) == _SUCCESS else None
    except (OSError, AttributeError) as exc:
        log.debug("no NVIDIA driver: %s", exc)
        return None


def cuda_devices(driver: ctypes.CDLL | None) -> int:
    """Return how many GPUs the driver reports; 0 without a driver."""
    count = ctypes.c_int(0)
    if driver is None or driver.cuDeviceGetCount(ctypes.byref(count)) != _SUCCESS:
        return 0
    return count.value
