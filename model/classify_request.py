"""What a run is asked for; a value of plain parts, so that the window can make one without importing what runs it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from model.decode_limits import DecodeLimits
from model.types import DecodeMode, EngineWish
from model.work_queue import WorkQueue

DEFAULT_TOP = 5


@dataclass(frozen=True, slots=True)
class ClassifierWish:
    """How to load: `device` is auto, cpu, cuda or mps, `batch_size` None the device's own.

    `threads` compute on a CPU; None is what was measured on this computer.
    """

    device: str = "auto"
    engine: EngineWish = "auto"
    batch_size: int | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """What to classify and with what.

    `device` is auto, cpu, cuda or mps; `batch_size` None is the device's own. `fresh` takes nothing from the store.
    `queue` is filled by the run with what the store does not know; any thread may say there what comes first.
    """

    paths: Iterable[Path]
    weights_id: str
    device: str = "auto"
    batch_size: int | None = None
    top: int = DEFAULT_TOP
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    fresh: bool = False
    engine: EngineWish = "auto"
    decode: DecodeMode = "exact"
    queue: WorkQueue = field(default_factory=WorkQueue, compare=False)

    @property
    def wish(self) -> ClassifierWish:
        """How the classifier is to be loaded."""
        return ClassifierWish(self.device, self.engine, self.batch_size)
