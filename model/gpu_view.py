"""GPUs as the system and its drivers show them, and as PyTorch does; importing this module imports no torch."""

import ctypes
import logging
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from model.errors import DeviceError, first_line
from model.gpu_presence import cuda_devices, has_gpu_driver, nvidia_driver

log = logging.getLogger(__name__)

_NAME_BYTES = 256
_PCI = Path("/sys/bus/pci/devices")
_PCI_DISPLAY = "0x03"  # the class of display controllers
_PCI_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD"}
_HIDDEN = {"", "-1"}


@dataclass(frozen=True, slots=True)
class DriverView:
    """What can be told without torch.

    `driver` is what `has_gpu_driver` says; `gpus` are the names that NVIDIA's driver gives, `cuda` the latest CUDA
    version that it serves. `cards` are makers of GPUs on the PCI bus, whether a driver serves them or not. `hidden` is
    whether the user's environment hides NVIDIA's GPUs.
    """

    system: str = sys.platform
    machine: str = ""
    driver: bool = False
    gpus: tuple[str, ...] = ()
    cuda: tuple[int, int] | None = None
    cards: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class TorchView:
    """What the installed PyTorch was built for, and what it finds.

    `cuda` and `hip` are versions; None where it was built without. `fault` is why it cannot use CUDA at all, `faults`
    why a device that is there fails its trial, by device. `gpu`, `capability` and `kernels` (`sm_80` ...) are those of
    the first CUDA device and of this build.
    """

    cuda: str | None = None
    hip: str | None = None
    fault: str = ""
    gpu: str = ""
    capability: tuple[int, int] | None = None
    kernels: tuple[str, ...] = ()
    mps_built: bool = False
    works: tuple[str, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)


def look_at_drivers() -> DriverView:
    """Ask the system and NVIDIA's driver."""
    driver = nvidia_driver()
    return DriverView(
        machine=platform.machine(),
        driver=has_gpu_driver(),
        gpus=tuple(_names(driver)),
        cuda=_cuda_version(driver),
        cards=tuple(sorted(set(_cards()))),
        hidden=os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in _HIDDEN,
    )


def look_at_torch() -> TorchView:
    """Import torch and ask it; raises ImportError or OSError when it, or a library of its, cannot be loaded."""
    import torch

    fault = gpu = ""
    capability: tuple[int, int] | None = None
    kernels: tuple[str, ...] = ()
    if torch.version.cuda or torch.version.hip:
        try:
            gpu = torch.cuda.get_device_name()  # is_available would say False without a reason
            capability = torch.cuda.get_device_capability()
            kernels = tuple(torch.cuda.get_arch_list())
        except (RuntimeError, AssertionError, torch.cuda.DeferredCudaCallError) as exc:
            fault = first_line(exc)
    works, faults = _try_devices()
    return TorchView(
        cuda=torch.version.cuda,
        hip=torch.version.hip,
        fault=fault,
        gpu=gpu,
        capability=capability,
        kernels=kernels,
        mps_built=torch.backends.mps.is_built(),
        works=works,
        faults=faults,
    )


def _try_devices() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the GPUs on which torch computes, and why those that are there do not."""
    from model.devices import choose_device

    works: list[str] = []
    faults: dict[str, str] = {}
    for key in ("cuda", "mps"):
        try:
            works.append(choose_device(key).key)
        except DeviceError as exc:
            if exc.problem.detail:  # without it the device is not there
                faults[key] = exc.problem.detail.strip().splitlines()[0]
    return tuple(works), faults


def _names(driver: ctypes.CDLL | None) -> Iterator[str]:
    for number in range(cuda_devices(driver)):
        device, name = ctypes.c_int(0), ctypes.create_string_buffer(_NAME_BYTES)
        if driver is not None and driver.cuDeviceGet(ctypes.byref(device), number) == 0:
            driver.cuDeviceGetName(name, _NAME_BYTES, device)
            yield name.value.decode(errors="replace")


def _cuda_version(driver: ctypes.CDLL | None) -> tuple[int, int] | None:
    """Return the version as major and minor number; the driver says 12040 for 12.4."""
    version = ctypes.c_int(0)
    if driver is None or driver.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return version.value // 1000, version.value % 1000 // 10


def _cards(bus: Path = _PCI) -> Iterator[str]:
    """Yield the makers of the display controllers on Linux's PCI bus, of those makers whose GPUs torch may use."""
    try:
        devices = sorted(bus.iterdir())
    except OSError:
        return
    for device in devices:
        try:
            kind, vendor = ((device / name).read_text().strip() for name in ("class", "vendor"))
        except OSError as exc:
            log.debug("%s: %s", device, exc)
            continue
        if kind.startswith(_PCI_DISPLAY) and vendor in _PCI_VENDORS:
            yield _PCI_VENDORS[vendor]
