"""Why no GPU is used, for computers that have one, have none, or have one that does not work."""

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from model import gpu_presence, gpu_view
from model.doctor_types import Choice, DoctorRequest, EngineSpeed, plain
from model.errors import DeviceError, describe
from model.gpu_reasons import gpu_reasons
from model.gpu_view import DriverView, TorchView

CPU = Choice("torch", "cpu", "CPU", 8, plain("because"))
GPU = replace(CPU, device="cuda")
AUTO = DoctorRequest("some-weights")
NVIDIA = DriverView("linux", "x86_64", driver=True, gpus=("RTX 4090",), cuda=(12, 4))
AMD = DriverView("linux", "x86_64", driver=True)
MAC = DriverView("darwin", "arm64", driver=True)
WORKING = TorchView(cuda="12.4", gpu="RTX 4090", capability=(8, 9), kernels=("sm_75", "sm_90"), works=("cuda",))
BROKEN = replace(WORKING, works=(), faults={"cuda": "no kernel image is available"})


def codes(
    drivers: DriverView,
    torch: TorchView | None,
    request: DoctorRequest = AUTO,
    choice: Choice = CPU,
    speeds: Sequence[EngineSpeed] = (),
) -> list[str]:
    found = gpu_reasons(request, drivers, torch, choice, tuple(speeds))
    assert all(describe(problem) for problem in found)
    return [problem.code.removeprefix("doctor-gpu-") for problem in found]


def test_a_gpu_that_is_used_needs_no_reason() -> None:
    assert codes(NVIDIA, WORKING, choice=GPU) == []


@pytest.mark.parametrize(
    ("drivers", "torch", "expected"),
    [
        (DriverView("linux"), TorchView(cuda="13.0", fault="Found no NVIDIA driver"), "none"),
        (DriverView("linux", cards=("NVIDIA",)), TorchView(cuda="13.0"), "no-driver"),
        (DriverView("linux", hidden=True, cards=("NVIDIA",)), TorchView(cuda="13.0"), "hidden"),
        (NVIDIA, None, "no-torch"),
        (NVIDIA, TorchView(), "torch-without"),
        (NVIDIA, TorchView(hip="6.2"), "torch-for-amd"),
        (AMD, TorchView(cuda="12.4"), "torch-for-nvidia"),
        (NVIDIA, TorchView(cuda="13.0", fault="too old"), "driver-too-old"),
        (NVIDIA, replace(BROKEN, capability=(5, 0)), "too-old"),
        (NVIDIA, BROKEN, "fails"),
        (NVIDIA, replace(BROKEN, kernels=(), capability=None), "fails"),
        (NVIDIA, TorchView(cuda="12.4", fault="CUDA initialization failed"), "fails"),
        (NVIDIA, TorchView(cuda="12.4"), "not-found"),
        (NVIDIA, WORKING, "passed-over"),
        (DriverView("darwin", "x86_64"), TorchView(), "mac-without"),
        (MAC, None, "no-torch"),
        (MAC, TorchView(), "torch-without"),
        (MAC, TorchView(mps_built=True), "not-found"),
        (MAC, TorchView(mps_built=True, faults={"mps": "no memory"}), "fails"),
        (MAC, TorchView(mps_built=True, works=("mps",)), "passed-over"),
    ],
)
def test_each_obstacle_has_its_own_reason(drivers: DriverView, torch: TorchView | None, expected: str) -> None:
    assert codes(drivers, torch) == [expected]


def test_a_newer_minor_version_of_cuda_is_no_obstacle() -> None:
    assert codes(NVIDIA, replace(WORKING, cuda="12.9")) == ["passed-over"]


def test_the_settings_are_named_first() -> None:
    assert codes(NVIDIA, WORKING, replace(AUTO, device="cpu")) == ["set-to-cpu"]
    assert codes(DriverView("linux"), TorchView(), replace(AUTO, device="cpu")) == ["set-to-cpu", "none"]
    assert codes(NVIDIA, WORKING, replace(AUTO, engine="onnx"), replace(CPU, engine="onnx")) == ["engine-onnx"]


def test_a_gpu_that_was_measured_slower_is_told_with_both_figures() -> None:
    cpu = EngineSpeed("onnx", "cpu", "CPU", 8, 40.0, 39.0, 41.0, 5, 4)
    gpu = EngineSpeed("torch", "cuda", "GPU (old)", 8, 20.0, 19.0, 21.0, 5)
    chosen = replace(AUTO, device="cpu")
    assert codes(NVIDIA, WORKING, chosen, speeds=[cpu, gpu]) == ["set-to-cpu", "slower"]
    assert codes(NVIDIA, WORKING, chosen, speeds=[cpu, replace(gpu, rate=50.0)]) == ["set-to-cpu"]


class FakeDriver:
    """NVIDIA's driver with two GPUs; the functions are named as libcuda names them."""

    NAMES = (b"Tesla T4", b"RTX 4090")

    def __getattr__(self, name: str) -> object:
        return {
            "cuDeviceGetCount": lambda count: self._set(count, len(self.NAMES)),
            "cuDriverGetVersion": lambda version: self._set(version, 12040),
            "cuDeviceGet": self._set,
            "cuDeviceGetName": lambda name, _size, device: setattr(name, "value", self.NAMES[device.value]),
        }[name]

    def _set(self, target: object, value: int) -> int:
        target._obj.value = value  # type: ignore[attr-defined]
        return 0


def test_the_driver_names_its_gpus_and_the_cuda_that_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_view, "nvidia_driver", FakeDriver)
    monkeypatch.setattr(gpu_view, "has_gpu_driver", lambda: True)
    seen = gpu_view.look_at_drivers()
    assert seen.gpus == ("Tesla T4", "RTX 4090")
    assert seen.cuda == (12, 4)
    assert gpu_presence.cuda_devices(FakeDriver()) == 2  # type: ignore[arg-type]


def test_without_a_driver_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_name: str) -> ctypes.CDLL:
        raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert gpu_presence.nvidia_driver() is None
    assert gpu_presence.cuda_devices(None) == 0


@pytest.mark.parametrize(("value", "hidden"), [("", True), ("-1", True), ("0", False), (None, False)])
def test_gpus_hidden_by_the_environment_are_noticed(
    monkeypatch: pytest.MonkeyPatch, value: str | None, hidden: bool
) -> None:
    if value is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert gpu_view.look_at_drivers().hidden is hidden


def test_cards_on_the_bus_are_those_of_known_makers_that_draw(tmp_path: Path) -> None:
    for number, (kind, vendor) in enumerate(
        [("0x030000", "0x10de"), ("0x020000", "0x10de"), ("0x030000", "0x8086"), ("0x038000", "0x1002")]
    ):
        device = tmp_path / str(number)
        device.mkdir()
        (device / "class").write_text(kind + "\n")
        (device / "vendor").write_text(vendor + "\n")
    (tmp_path / "odd").mkdir()
    assert list(gpu_view._cards(tmp_path)) == ["NVIDIA", "AMD"]
    assert list(gpu_view._cards(tmp_path / "absent")) == []


def test_torch_is_asked_which_devices_work_and_why_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from model import devices

    def choose(wish: str) -> object:
        if wish == "cuda":
            raise DeviceError("device-fails", device=wish, detail="no kernel image\nmore")
        raise DeviceError("device-absent", device=wish)

    monkeypatch.setattr(devices, "choose_device", choose)
    seen = gpu_view.look_at_torch()
    assert seen.works == ()
    assert seen.faults == {"cuda": "no kernel image"}
