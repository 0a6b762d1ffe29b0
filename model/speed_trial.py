"""Images a second, measured: of an engine on pictures that are ready, and of decoding."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.cancel import CancelToken
from model.classify_request import DEFAULT_TOP, ClassifierWish
from model.decode_limits import DecodeLimits
from model.doctor_types import DecodeSpeed, EngineSpeed, EngineUnusable, Measuring
from model.engine_choice import LoadedClassifier
from model.errors import PhotospotterError, first_line
from model.load_picture import make_load
from model.thread_trial import write_picture
from model.types import DecodeMode, EngineName, Preprocess, Problem

CPU_BATCHES = (1, 2, 4, 8)
GPU_BATCHES = (*CPU_BATCHES, 16, 32)

_DECODED_SIZE = (4000, 3000)
_MODES: tuple[DecodeMode, ...] = ("exact", "fast")

Clock = Callable[[], float]
Loader = Callable[[ClassifierWish], LoadedClassifier]
"""Loads a network as wished, onto the device that is measured."""


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds that each repeat took."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the repeats, in seconds, never 0."""
        return max(statistics.median(self.seconds), 1e-9)


def take_times(
    work: Callable[[], object], seconds: float, cancel: CancelToken, clock: Clock = time.perf_counter
) -> Times:
    """Do some work once to warm up, and then again and again for at most `seconds`, but at least once.

    Raises what the work raises, and Cancelled between two repeats.
    """
    work()
    times: list[float] = []
    began = clock()
    while not times or clock() - began + times[-1] <= seconds:
        cancel.raise_if_cancelled()
        start = clock()
        work()
        times.append(clock() - start)
    return Times(tuple(times))


def measure_engine(
    engine: EngineName,
    device: str,
    load: Loader,
    seconds: float,
    cancel: CancelToken,
    *,
    threads: Callable[[], int] | None = None,
    clock: Clock = time.perf_counter,
) -> Iterator[Measuring | EngineSpeed | EngineUnusable]:
    """Load a network and measure it with each batch size, smallest first; one that fails ends it with the reason.

    `load` may give another device than `device`, whose label counts then. `threads` is asked after loading, on a CPU.
    """
    batches = CPU_BATCHES if device == "cpu" else GPU_BATCHES
    try:
        # The largest batch, for a classifier cuts into parts what is larger than its own.
        classifier = load(ClassifierWish(device, engine, batch_size=batches[-1]))
    except PhotospotterError as exc:
        yield EngineUnusable(engine, device, exc.problem)
        return
    side = classifier.installed.weights.preprocess.crop
    pixels = np.random.default_rng(0).integers(0, 256, (batches[-1], side, side, 3), dtype=np.uint8)
    for batch in batches:
        yield Measuring(engine, classifier.device_label, batch)
        try:
            times = take_times(lambda: classifier.classify(pixels[:batch], DEFAULT_TOP), seconds, cancel, clock)  # noqa: B023
        except PhotospotterError as exc:
            yield EngineUnusable(engine, device, exc.problem)
            return
        except RuntimeError as exc:
            yield EngineUnusable(engine, device, Problem("doctor-engine-fails", (("reason", first_line(exc)),)))
            return
        if classifier.batch_size < batch:  # it ran out of memory, and has cut the batch into parts
            params = (("batch", classifier.batch_size), ("device", classifier.device_label))
            yield EngineUnusable(engine, device, Problem("device-batch-halved", params))
            return
        yield EngineSpeed(
            engine,
            device,
            classifier.device_label,
            batch,
            rate=batch / times.median,
            slowest=batch / max(*times.seconds, 1e-9),
            fastest=batch / max(min(times.seconds), 1e-9),
            repeats=len(times.seconds),
            threads=threads() if threads is not None and device == "cpu" else None,
        )


def measure_decoding(
    preprocess: Preprocess,
    seconds: float,
    cancel: CancelToken,
    *,
    size: tuple[int, int] = _DECODED_SIZE,
    clock: Clock = time.perf_counter,
) -> Iterator[Measuring | DecodeSpeed]:
    """Measure how fast one thread decodes a JPEG of a camera's size, made here, in both ways of decoding."""
    with tempfile.TemporaryDirectory(prefix="photospotter-") as folder:
        yield Measuring()
        picture = write_picture(Path(folder), size)
        for mode in _MODES:
            load = make_load(preprocess, DecodeLimits(), mode)
            times = take_times(lambda: load(picture, cancel), seconds, cancel, clock)  # noqa: B023
            yield DecodeSpeed(mode, size[0] * size[1], 1 / times.median, len(times.seconds))
