"""Choosing a device, with GPUs that are faked."""

import pytest
import torch

from model import devices
from model.devices import available_devices, choose_device, is_out_of_memory
from model.errors import DeviceError


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def cuda(no_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Fake 9000")


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_the_cpu_is_taken() -> None:
    device = choose_device("auto")
    assert (device.key, device.label, device.batch_size) == ("cpu", "CPU", 8)
    assert [found.key for found in available_devices()] == ["cpu"]


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("wish", ["cuda", "mps"])
def test_a_gpu_that_is_not_there_is_an_error_in_words(wish: str) -> None:
    with pytest.raises(DeviceError, match=f"no {wish} device") as caught:
        choose_device(wish)
    assert caught.value.remedy


def test_nonsense_is_refused() -> None:
    with pytest.raises(DeviceError, match="no device called abacus"):
        choose_device("abacus")


@pytest.mark.usefixtures("cuda")
def test_a_gpu_that_works_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_fault_of", lambda _key: None)
    assert choose_device("auto").label == "GPU (Fake 9000)"
    assert [found.key for found in available_devices()] == ["cuda", "cpu"]


@pytest.mark.usefixtures("cuda")
def test_a_gpu_for_which_torch_has_no_kernels_is_passed_over() -> None:
    """There is no GPU behind this fake, so the trial really fails."""
    assert choose_device("auto").key == "cpu"
    with pytest.raises(DeviceError, match="cannot run on it"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_lack_of_memory_is_recognised(error: RuntimeError, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
