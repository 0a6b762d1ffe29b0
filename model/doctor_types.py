"""What the diagnostics are asked for and what they find: plain values, for the command line and the window."""

from dataclasses import dataclass
from typing import Literal

from model.classify_request import ClassifierWish
from model.types import DecodeMode, EngineName, EngineWish, Problem

Section = Literal["computer", "gpu", "programs", "engines"]
"""The groups of facts, in the order in which they are shown."""

FindingKind = Literal["problem", "no-gpu", "hint"]
"""Something to be mended; a reason why no GPU is used; something that could be better."""


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """Whose engines to look at, and the settings to choose one by. Each speed is measured for at most `seconds`."""

    weights_id: str
    device: str = "auto"
    engine: EngineWish = "auto"
    seconds: float = 1.0
    measure: bool = True

    @property
    def wish(self) -> ClassifierWish:
        """How a run with these settings loads its network."""
        return ClassifierWish(self.device, self.engine)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `name` is a code of `model.error_texts` for what it is called, `value` a text of that table."""

    section: Section
    name: str
    value: Problem


@dataclass(frozen=True, slots=True)
class Finding:
    """What the facts mean."""

    kind: FindingKind
    problem: Problem


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is going to be measured next: an engine on a device with a batch, or decoding, when there is no engine."""

    engine: EngineName | None = None
    device_label: str = ""
    batch: int = 0


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """How fast an engine classified `batch` pictures at a time that were decoded and prepared already.

    `rate` is images a second by the median of `repeats`, `slowest` and `fastest` are those of single repeats. `threads`
    computed; None on a GPU.
    """

    engine: EngineName
    device: str
    device_label: str
    batch: int
    rate: float
    slowest: float
    fastest: float
    repeats: int
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class EngineUnusable:
    """Why an engine could not be measured on a device, or with larger batches than those that were."""

    engine: EngineName
    device: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class DecodeSpeed:
    """Pictures a second that one thread decodes and prepares, of a JPEG of `pixels`, by the median of `repeats`."""

    mode: DecodeMode
    pixels: int
    rate: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run would use now by the settings that were asked about, and the reason."""

    engine: EngineName
    device: str
    device_label: str
    batch: int
    reason: Problem


DoctorEvent = Fact | Finding | Measuring | EngineSpeed | EngineUnusable | DecodeSpeed | Choice


def plain(text: object) -> Problem:
    """Return a value that is the same in all languages, such as a name or a version."""
    return Problem("doctor-plain", (("text", str(text)),))
