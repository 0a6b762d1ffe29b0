"""The diagnostics: what this computer has, how fast each engine is on it, which one is used, and why.

Meant to run in a child process (`model.child_process`), for it imports torch, and a fault of a driver may end it.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from model.cancel import CancelToken
from model.classify_request import ClassifierWish
from model.doctor_facts import (
    busyness,
    computer_facts,
    driver_facts,
    engine_facts,
    onnx_facts,
    problems,
    program_facts,
    torch_facts,
    torch_fault,
)
from model.doctor_types import (
    Choice,
    DoctorEvent,
    DoctorRequest,
    EngineSpeed,
    EngineUnusable,
    Finding,
    Measuring,
)
from model.engine_choice import (
    ENGINE_TITLES,
    LoadedClassifier,
    import_onnx_runtime,
    is_onnx_runtime_there,
    load_classifier,
    load_onnx,
    load_torch,
    runs_on_cpu,
    user_cache,
)
from model.errors import PhotospotterError, WeightsError
from model.gpu_reasons import gpu_reasons
from model.gpu_view import TorchView, look_at_drivers, look_at_torch
from model.speed_trial import measure_decoding, measure_engine
from model.thread_split import default_split, known_split
from model.types import InstalledWeights, Problem
from model.weights import Catalogue

log = logging.getLogger(__name__)

_CLEARLY = 1.1
"""Another engine is called faster when it is by a tenth; less is chance."""

EngineEvent = Measuring | EngineSpeed | EngineUnusable


def examine(request: DoctorRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[DoctorEvent]:
    """Yield the facts and what is wrong, then one measurement after another, and last what is chosen and why.

    Whatever is wrong is a value; raises Cancelled alone.
    """
    busy = busyness() if request.measure else None
    drivers = look_at_drivers()
    yield from computer_facts()
    yield from driver_facts(drivers)
    yield from program_facts()
    for problem in dict.fromkeys(problems(catalogue)):
        yield Finding("problem", problem)
    if busy is not None:
        yield Finding("hint", busy)
    installed: InstalledWeights | None = None
    try:
        installed = catalogue.open(request.weights_id)
        yield from engine_facts(installed)
    except WeightsError as exc:
        yield Finding("problem", exc.problem)
    cancel.raise_if_cancelled()
    torch: TorchView | None = None
    try:
        torch = look_at_torch()
        yield from torch_facts(torch)
    except (ImportError, OSError) as exc:
        log.warning("torch cannot be imported: %s", exc)
        yield Finding("problem", torch_fault(exc))
    yield from onnx_facts()
    cancel.raise_if_cancelled()
    speeds: list[EngineSpeed] = []
    if installed is not None and request.measure:
        for event in _measure(installed, torch, request.seconds, cancel):
            if isinstance(event, EngineSpeed):
                speeds.append(event)
            yield event
        yield from measure_decoding(installed.weights.preprocess, request.seconds, cancel)
    choice: Choice | None = None
    if installed is not None:
        for value in _choose(installed, request, tuple(speeds)):
            choice = value if isinstance(value, Choice) else choice
            yield value
    for reason in gpu_reasons(request, drivers, torch, choice, tuple(speeds)):
        yield Finding("no-gpu", reason)


def _measure(
    installed: InstalledWeights, torch: TorchView | None, seconds: float, cancel: CancelToken
) -> Iterator[EngineEvent]:
    """Measure both engines on all devices that they have, with as many threads as a run has."""
    for number, device in enumerate([*torch.works, "cpu"] if torch is not None else []):
        # The first is what automatic takes; loaded so, what is kept of torch's choice for the next start is renewed.
        load = partial(_load_torch, installed, "auto" if number == 0 else device)
        yield from measure_engine("torch", device, load, seconds, cancel, threads=_torch_threads)
    exported = user_cache().find(installed) if is_onnx_runtime_there() else None
    if exported is None:
        yield EngineUnusable("onnx", "cpu", _why_no_export(installed))
        return
    try:
        import_onnx_runtime()
    except PhotospotterError as exc:
        yield EngineUnusable("onnx", "cpu", exc.problem)
        return
    from model.onnx_classifier import available_devices

    for device in available_devices():
        load = partial(load_onnx, installed, exported)
        yield from measure_engine("onnx", device, load, seconds, cancel, threads=_onnx_threads)


def _load_torch(installed: InstalledWeights, device: str, wish: ClassifierWish) -> LoadedClassifier:
    return load_torch(installed, replace(wish, device=device))


def _torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def _onnx_threads() -> int:
    return (known_split("onnx") or default_split()).compute


def _choose(
    installed: InstalledWeights, request: DoctorRequest, speeds: Sequence[EngineSpeed]
) -> Iterator[Choice | Finding]:
    """Load the network as a run does, and yield what came of it; then whether something else was measured faster."""
    took_cpu = runs_on_cpu(request.wish)  # before loading, which may keep what torch chose
    try:
        loaded = load_classifier(installed, request.wish)
    except PhotospotterError as exc:
        yield Finding("problem", exc.problem)
        return
    except (ImportError, OSError) as exc:
        log.warning("nothing can classify: %s", exc)  # torch's fault is among the findings
        return
    reason = _reason(loaded, request, took_cpu=took_cpu)
    choice = Choice(loaded.engine, loaded.device_key, loaded.device_label, loaded.batch_size, reason)
    yield choice
    faster = _faster(choice, speeds)
    if faster is not None:
        yield Finding("hint", faster)


def _reason(loaded: LoadedClassifier, request: DoctorRequest, *, took_cpu: bool) -> Problem:
    """Return why `load_classifier` gave this engine; `took_cpu` is what `runs_on_cpu` said before."""
    if request.engine != "auto":
        return Problem("doctor-why-engine-set")
    if loaded.engine == "onnx":
        return Problem("doctor-why-onnx")
    if loaded.device_key != "cpu":
        return Problem("doctor-why-gpu" if request.device == "auto" else "doctor-why-device-set")
    if not took_cpu:
        return Problem("doctor-why-driver-first")
    return _why_no_export(loaded.installed)


def _why_no_export(installed: InstalledWeights) -> Problem:
    """Return why ONNX Runtime has no network to compute with."""
    if not is_onnx_runtime_there():
        return Problem("doctor-why-no-runtime")
    record = user_cache().record(installed)
    if record is None:
        return Problem("doctor-why-not-exported", (("id", installed.weights.id),))
    if record.rejected:
        return Problem("doctor-why-rejected", (("reason", record.rejected),))
    return Problem("doctor-why-onnx-fails")


def _faster(choice: Choice, speeds: Sequence[EngineSpeed]) -> Problem | None:
    """Return that another engine or device was measured clearly faster, each with its best batch."""
    chosen = [speed.rate for speed in speeds if (speed.engine, speed.device) == (choice.engine, choice.device)]
    best = max(speeds, key=lambda speed: speed.rate, default=None)
    if not chosen or best is None or best.rate < _CLEARLY * max(chosen):
        return None
    params = (("engine", ENGINE_TITLES[best.engine]), ("device", best.device_label))
    rates = (("rate", f"{best.rate:.1f}"), ("chosen", f"{max(chosen):.1f}"))
    return Problem("doctor-faster", (*params, *rates))
