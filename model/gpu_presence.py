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
    return _cuda_devices() > 0 or _AMD_COMPUTE.exists()


def _cuda_devices() -> int:
    """Return how many GPUs NVIDIA's driver reports; 0 without a driver."""
    name = _CUDA.get(sys.platform)
    if name is None:
        return 0
    try:
        driver = ctypes.CDLL(name)
        count = ctypes.c_int(0)
        if driver.cuInit(0) == _SUCCESS and driver.cuDeviceGetCount(ctypes.byref(count)) == _SUCCESS:
            return count.value
    except (OSError, AttributeError) as exc:
        log.debug("no NVIDIA driver: %s", exc)
    return 0
