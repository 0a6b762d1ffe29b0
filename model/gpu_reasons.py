"""Why no GPU is used, told from what the drivers and PyTorch say; knows neither of them."""

from model.doctor_types import Choice, DoctorRequest, EngineSpeed
from model.gpu_view import DriverView, TorchView
from model.types import Problem


def gpu_reasons(
    request: DoctorRequest,
    drivers: DriverView,
    torch: TorchView | None,
    choice: Choice | None,
    speeds: tuple[EngineSpeed, ...] = (),
) -> list[Problem]:
    """Return the reasons, the user's own settings first; none where a GPU is used. `torch` None: not importable."""
    if choice is not None and choice.device != "cpu":
        return []
    reasons = [Problem("doctor-gpu-set-to-cpu")] if request.device == "cpu" else []
    obstacle = _mac_obstacle(drivers, torch) if drivers.system == "darwin" else _obstacle(drivers, torch)
    if obstacle is not None:
        return [*reasons, obstacle]
    if request.device != "cpu":
        if request.engine == "onnx":
            reasons.append(Problem("doctor-gpu-engine-onnx"))
        else:
            reasons.append(Problem("doctor-gpu-passed-over"))
    return [*reasons, *_by_speed(speeds)]


def _obstacle(drivers: DriverView, torch: TorchView | None) -> Problem | None:
    """Return the first thing that keeps PyTorch from a GPU on Linux or Windows; None where it can use one."""
    if not drivers.driver:
        if drivers.hidden:
            return Problem("doctor-gpu-hidden")
        if drivers.cards:
            return Problem("doctor-gpu-no-driver", (("maker", ", ".join(drivers.cards)),))
        return Problem("doctor-gpu-none")
    if torch is None:
        return Problem("doctor-gpu-no-torch")
    if torch.cuda is None and torch.hip is None:
        return Problem("doctor-gpu-torch-without")
    if drivers.gpus and torch.cuda is None:
        return Problem("doctor-gpu-torch-for-amd")
    if not drivers.gpus and torch.hip is None:
        return Problem("doctor-gpu-torch-for-nvidia")
    if torch.cuda is not None and drivers.cuda is not None and _major(torch.cuda) > drivers.cuda[0]:
        served = ".".join(map(str, drivers.cuda))
        return Problem("doctor-gpu-driver-too-old", (("built", torch.cuda), ("served", served)))
    if "cuda" in torch.works:
        return None
    if "cuda" in torch.faults and _is_too_old(torch):
        assert torch.capability is not None
        capability = ".".join(map(str, torch.capability))
        params = (("gpu", torch.gpu), ("capability", capability), ("kernels", ", ".join(torch.kernels)))
        return Problem("doctor-gpu-too-old", params)
    reason = torch.faults.get("cuda") or torch.fault
    return Problem("doctor-gpu-fails", (("reason", reason),)) if reason else Problem("doctor-gpu-not-found")


def _mac_obstacle(drivers: DriverView, torch: TorchView | None) -> Problem | None:
    if drivers.machine != "arm64":
        return Problem("doctor-gpu-mac-without")
    if torch is None:
        return Problem("doctor-gpu-no-torch")
    if not torch.mps_built:
        return Problem("doctor-gpu-torch-without")
    if "mps" in torch.works:
        return None
    fault = torch.faults.get("mps")
    return Problem("doctor-gpu-fails", (("reason", fault),)) if fault else Problem("doctor-gpu-not-found")


def _major(version: str) -> int:
    number = version.partition(".")[0]
    return int(number) if number.isdigit() else 0


def _is_too_old(torch: TorchView) -> bool:
    """Return whether the GPU is older than all that this build of torch has kernels for."""
    numbers = [kernel.partition("_")[2].rstrip("af") for kernel in torch.kernels if kernel.startswith("sm_")]
    built_for = [int(number) for number in numbers if number.isdigit()]
    if torch.capability is None or not built_for:
        return False
    major, minor = torch.capability
    return 10 * major + minor < min(built_for)


def _by_speed(speeds: tuple[EngineSpeed, ...]) -> list[Problem]:
    """Return that the GPU was measured slower, if it was."""
    on_cpu = max((speed for speed in speeds if speed.device == "cpu"), key=lambda speed: speed.rate, default=None)
    on_gpu = max((speed for speed in speeds if speed.device != "cpu"), key=lambda speed: speed.rate, default=None)
    if on_cpu is None or on_gpu is None or on_gpu.rate > on_cpu.rate:
        return []
    params = (("device", on_gpu.device_label), ("gpu", f"{on_gpu.rate:.1f}"), ("cpu", f"{on_cpu.rate:.1f}"))
    return [Problem("doctor-gpu-slower", params)]
