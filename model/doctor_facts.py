"""The facts of the diagnostics: the computer, its GPUs, the packages, the engines; and what is wrong with them."""

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from model import folders
from model.doctor_types import Fact, plain
from model.engine_choice import import_onnx_runtime, user_cache
from model.errors import DeviceError, first_line
from model.gpu_view import DriverView, TorchView
from model.machine_facts import load, memory, processor_name, usable_processors
from model.names import display_name
from model.onnx_cache import OnnxCache
from model.thread_split import default_split, known_split
from model.types import EngineName, InstalledWeights, Problem, WeightsState
from model.versions import installed_versions
from model.weights import Catalogue

_WINDOW_PACKAGES = ("PySide6-Essentials", "PySide6")  # the second holds the first
_BUSY = 0.5  # of the processors
_UNKNOWN, _NONE = Problem("doctor-unknown"), Problem("doctor-none")


def computer_facts() -> Iterator[Fact]:
    """Yield processor, memory, system and data folder."""
    count, usable = os.cpu_count() or 1, usable_processors()
    params = (("count", count), ("usable", usable))
    yield Fact("computer", "doctor-fact-processor", plain(processor_name()))
    limited = Problem("doctor-processors-limited", params)
    yield Fact("computer", "doctor-fact-processors", plain(count) if usable == count else limited)
    yield Fact("computer", "doctor-fact-memory", _memory())
    yield Fact("computer", "doctor-fact-system", plain(platform.platform()))
    yield Fact("computer", "doctor-fact-data", _data_folder(folders.data_dir()))


def driver_facts(drivers: DriverView) -> Iterator[Fact]:
    """Yield the GPUs as their driver shows them."""
    value = _NONE
    if drivers.gpus:
        gpus = ", ".join(drivers.gpus)
        version = ".".join(map(str, drivers.cuda or ()))
        params = (("gpus", gpus), ("version", version))
        value = Problem("doctor-driver-cuda", params) if version else plain(gpus)
    elif drivers.driver:
        value = plain("Apple" if drivers.system == "darwin" else "AMD")
    yield Fact("gpu", "doctor-fact-driver", value)


def torch_facts(torch: TorchView) -> Iterator[Fact]:
    """Yield what the installed PyTorch is built for, and the GPU that it computes on."""
    built = [f"CUDA {torch.cuda}"] if torch.cuda else []
    built += [f"ROCm {torch.hip}"] if torch.hip else []
    built += ["MPS"] if torch.mps_built else []
    value = plain(", ".join(built)) if built else Problem("doctor-build-cpu")
    yield Fact("gpu", "doctor-fact-torch-build", value)
    gpu = torch.gpu if "cuda" in torch.works else ", ".join(torch.works).upper()
    yield Fact("gpu", "doctor-fact-torch-gpu", plain(gpu) if gpu else _NONE)


def onnx_facts() -> Iterator[Fact]:
    """Yield the execution providers of ONNX Runtime, which is imported; nothing where it cannot be."""
    try:
        import_onnx_runtime()
    except DeviceError:
        return
    import onnxruntime

    yield Fact("gpu", "doctor-fact-onnx-providers", plain(", ".join(onnxruntime.get_available_providers())))


def program_facts() -> Iterator[Fact]:
    """Yield the versions."""
    yield Fact("programs", "doctor-fact-python", plain(platform.python_version()))
    found = [f"{name} {version}" for name, version in versions().items() if version is not None]
    yield Fact("programs", "doctor-fact-packages", plain(", ".join(found)))


def versions() -> dict[str, str | None]:
    """Return the packages' versions, the window's among them; None for a package that is not installed."""
    return {name: version for name, version in installed_versions().items() if name not in ("python", "system")} | {
        _WINDOW_PACKAGES[0]: _version_of_the_window()
    }


def engine_facts(installed: InstalledWeights) -> Iterator[Fact]:
    """Yield the weights, what is known of their export, and the threads of each engine."""
    weights, cache = installed.weights, user_cache()
    params = (("title", weights.title), ("id", weights.id), ("sha256", installed.sha256[:12]))
    yield Fact("engines", "doctor-fact-weights", Problem("doctor-weights-used", params))
    yield Fact("engines", "doctor-fact-export", _export(installed, cache))
    sizes = [size for path in cache.folder.glob("*.onnx") if (size := _size_of(path)) is not None]
    where = (("count", len(sizes)), ("size", _megabytes(sum(sizes))), ("folder", display_name(cache.folder)))
    yield Fact("engines", "doctor-fact-exports", Problem("doctor-exports-folder", where))
    yield Fact("engines", "doctor-fact-threads-torch", _threads("torch"))
    yield Fact("engines", "doctor-fact-threads-onnx", _threads("onnx"))


def problems(catalogue: Catalogue) -> Iterator[Problem]:
    """Yield what is wrong with this installation, as far as can be told without importing torch."""
    folder = folders.data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        params = (("folder", display_name(folder)), ("reason", exc.strerror or type(exc).__name__))
        yield Problem("doctor-data-unwritable", params, str(exc))
    version = _version_of_the_window()
    if version is not None and _aborts(version):
        yield Problem("doctor-pyside-aborts", (("version", version), ("python", platform.python_version())))
    policy = os.environ.get("OMP_WAIT_POLICY", "PASSIVE")
    if policy.upper() != "PASSIVE":
        yield Problem("doctor-wait-policy", (("value", policy),))
    try:
        import_onnx_runtime()
    except DeviceError as exc:
        yield exc.problem
    yield from catalogue.problems()
    for entry in catalogue.entries():
        if entry.state is WeightsState.DAMAGED and entry.problem is not None:
            yield entry.problem


def busyness() -> Problem | None:
    """Return that other work keeps the processors busy; to be asked before anything is measured."""
    now, count = load(), os.cpu_count() or 1
    if now is None or now < _BUSY * count:
        return None
    return Problem("doctor-busy", (("load", f"{now:.1f}"), ("count", count)))


def torch_fault(error: BaseException) -> Problem:
    """Return why torch could not be imported."""
    return Problem("doctor-torch-fails", (("reason", first_line(error)),), str(error))


def _memory() -> Problem:
    now = memory()
    if now.total is None:
        return _UNKNOWN
    total = f"{now.total / 1e9:.1f}"
    if now.free is None:
        return Problem("doctor-memory", (("total", total),))
    return Problem("doctor-memory-free", (("total", total), ("free", f"{now.free / 1e9:.1f}")))


def _data_folder(folder: Path) -> Problem:
    with suppress(OSError):
        there = next(path for path in (folder, *folder.parents) if path.is_dir())
        free = f"{shutil.disk_usage(there).free / 1e9:.1f}"
        return Problem("doctor-data-free", (("folder", display_name(folder)), ("free", free)))
    return plain(display_name(folder))


def _export(installed: InstalledWeights, cache: OnnxCache) -> Problem:
    record = cache.record(installed)
    if record is None:
        return Problem("doctor-export-under-way" if cache.is_under_way(installed) else "doctor-export-absent")
    if record.rejected:
        return Problem("doctor-export-rejected", (("reason", record.rejected),))
    params = (("size", _megabytes(record.size)), ("difference", f"{record.largest_difference:.1g}"))
    return Problem("doctor-export-ready", params)


def _threads(engine: EngineName) -> Problem:
    known = known_split(engine)
    split = known or default_split()
    code = "doctor-threads-default" if known is None else "doctor-threads-measured"
    return Problem(code, (("decode", split.decode), ("compute", split.compute)))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _size_of(path: Path) -> int | None:
    with suppress(OSError):
        return path.stat().st_size
    return None


def _version_of_the_window() -> str | None:
    for package in _WINDOW_PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return None


def _aborts(version: str, python: tuple[int, ...] = sys.version_info[:2]) -> bool:
    """Return whether this PySide6 drops a reference of True at each Signal.emit, as 6.12.0 does on Python 3.11."""
    return version.startswith("6.12.0") and python == (3, 11)
