"""Whether there is a GPU, asked of drivers that are not there."""

import ctypes
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import gpu_presence as module
from model.gpu_presence import has_gpu_driver

FAILURE = 100  # CUDA_ERROR_NO_DEVICE


class Driver:
    """NVIDIA's driver as it answers with so many GPUs."""

    def __init__(self, gpus: int = 0, initialised: int = 0, counted: int = 0) -> None:
        self.gpus = gpus
        self.initialised = initialised
        self.counted = counted

    def cuInit(self, flags: int) -> int:
        assert flags == 0
        return self.initialised

    def cuDeviceGetCount(self, count: object) -> int:
        pointed_to = count._obj  # type: ignore[attr-defined]
        pointed_to.value = self.gpus
        return self.counted


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """A Linux computer without any driver; what it says is not remembered."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(module, "_AMD_COMPUTE", tmp_path / "kfd")
    give(monkeypatch, None)
    has_gpu_driver.cache_clear()
    yield monkeypatch
    has_gpu_driver.cache_clear()


def give(monkeypatch: pytest.MonkeyPatch, driver: object, name: str = "libcuda.so.1") -> None:
    def load(asked: str) -> object:
        if driver is None or asked != name:
            raise OSError(f"{asked}: cannot open shared object file")
        return driver

    monkeypatch.setattr(ctypes, "CDLL", load)


def test_without_drivers_there_is_no_gpu() -> None:
    assert not has_gpu_driver()


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (Driver(gpus=2), True),
        (Driver(gpus=0), False),
        (Driver(gpus=1, initialised=FAILURE), False),
        (Driver(gpus=1, counted=FAILURE), False),
        (object(), False),
    ],
    ids=["two", "none", "not initialised", "not counted", "no such function"],
)
@pytest.mark.parametrize(("system", "name"), [("linux", "libcuda.so.1"), ("win32", "nvcuda.dll")])
def test_nvidias_driver_is_asked(
    monkeypatch: pytest.MonkeyPatch, driver: object, expected: bool, system: str, name: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    give(monkeypatch, driver, name)
    assert has_gpu_driver() is expected


def test_amds_kernel_driver_counts(tmp_path: Path) -> None:
    (tmp_path / "kfd").touch()
    assert has_gpu_driver()


@pytest.mark.parametrize(("machine", "expected"), [("arm64", True), ("x86_64", False)])
def test_of_apples_computers_those_with_apples_chips_have_one(
    monkeypatch: pytest.MonkeyPatch, machine: str, expected: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert has_gpu_driver() is expected


def test_a_system_of_another_kind_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    give(monkeypatch, Driver(gpus=1))
    assert not has_gpu_driver()


def test_the_drivers_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_gpu_driver()
    give(monkeypatch, Driver(gpus=1))
    assert not has_gpu_driver()
