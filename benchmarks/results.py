"""What was measured, as it goes into results.json and comes back from it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.answers import Agreement
from benchmarks.ceiling import Cost
from benchmarks.processes import Usage

RESULTS_FILE = "results.json"


@dataclass(frozen=True, slots=True)
class Pair:
    """A contestant's run, and the run of the reference directly before or after it."""

    own: Usage
    reference: Usage


@dataclass(slots=True)
class SizeResults:
    """All of one set of pictures. `labels` is how many different likeliest labels the reference gave.

    `costs_apart` has the costs measured beside a contestant that was run again without the others; theirs are `costs`.
    """

    title: str
    count: int
    bytes_median: int
    labels: int = 0
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    agreement: dict[str, Agreement] = field(default_factory=dict)
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    costs_apart: dict[str, dict[str, list[Cost]]] = field(default_factory=dict)

    def add(self, later: "SizeResults") -> "SizeResults":
        """Return these figures with those of `later` in their place; `later` alone if it is of other files."""
        same = (self.title, self.count, self.bytes_median, self.labels)
        if (
            same != (later.title, later.count, later.bytes_median, later.labels)
            or later.pairs.keys() >= self.pairs.keys()
        ):
            return later
        return replace(
            self,
            pairs=self.pairs | later.pairs,
            agreement=self.agreement | later.agreement,
            costs_apart=self.costs_apart | {key: later.costs for key in later.pairs},
        )


@dataclass(slots=True)
class MemoryResults:
    """Peak memory of ONNX Runtime, exact, in bytes, with many pictures and with few."""

    many: int
    few: int
    peaks_many: list[int] = field(default_factory=list)
    peaks_few: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """Everything. `first_label` has for each contestant pairs of seconds: its own, and the reference's beside it."""

    machine: Mapping[str, str]
    versions: Mapping[str, str]
    sizes: dict[str, SizeResults] = field(default_factory=dict)
    first_label: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    memory: MemoryResults | None = None

    def save(self, folder: Path) -> None:
        """Write results.json."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1)
        (folder / RESULTS_FILE).write_text(text + "\n", encoding="utf-8")


def load_results(folder: Path, machine: Mapping[str, str], versions: Mapping[str, str]) -> Results:
    """Return what results.json holds, to be added to; nothing of it when it is of another machine or other versions."""
    try:
        found = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Results(machine, versions)
    if found["machine"] != machine or found["versions"] != versions:
        return Results(machine, versions)
    return Results(
        machine=machine,
        versions=versions,
        sizes={name: _size(size) for name, size in found["sizes"].items()},
        first_label={key: [(own, other) for own, other in pairs] for key, pairs in found["first_label"].items()},
        memory=None if found["memory"] is None else MemoryResults(**found["memory"]),
    )


def _size(found: Mapping[str, Any]) -> SizeResults:
    return SizeResults(
        title=found["title"],
        count=found["count"],
        bytes_median=found["bytes_median"],
        labels=found["labels"],
        pairs={
            key: [Pair(Usage(**pair["own"]), Usage(**pair["reference"])) for pair in pairs]
            for key, pairs in found["pairs"].items()
        },
        agreement={key: Agreement(**one) for key, one in found["agreement"].items()},
        costs=_costs(found["costs"]),
        costs_apart={key: _costs(costs) for key, costs in found["costs_apart"].items()},
    )


def _costs(found: Mapping[str, Any]) -> dict[str, list[Cost]]:
    return {part: [Cost(**one) for one in costs] for part, costs in found.items()}
