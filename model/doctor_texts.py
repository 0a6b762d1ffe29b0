"""What the diagnostics found as English lines, and as JSON for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from model.doctor_types import (
    Choice,
    DecodeSpeed,
    DoctorEvent,
    EngineSpeed,
    EngineUnusable,
    Fact,
    Finding,
    FindingKind,
    Section,
)
from model.engine_choice import ENGINE_TITLES
from model.errors import describe, remedy
from model.types import EngineName, Problem

SCHEMA = "photospotter-doctor/1"

_SECTIONS: dict[Section, str] = {
    "computer": "This computer",
    "gpu": "GPU",
    "programs": "Programs",
    "engines": "Engines",
}
_FINDINGS: dict[FindingKind, str] = {
    "problem": "Problems",
    "no-gpu": "Why no GPU is used",
    "hint": "Please note",
}
_NO_PROBLEM = "No problem was found."

SpeedRow = tuple[EngineName, str, int | None]
"""Engine, device in words, and threads: what stands in one row of the table of speeds."""


def report_lines(events: Sequence[DoctorEvent]) -> list[str]:
    """Return the report, each section after an empty line; a diagnosis that was broken off has fewer of them."""
    lines: list[str] = []
    for section in _sections(events):
        if section:
            lines += ["", *section] if lines else section
    return lines


def speed_rows(events: Sequence[DoctorEvent]) -> dict[SpeedRow, dict[int, float]]:
    """Return images a second by batch, for each engine on each device, in the order in which they were measured."""
    rows: dict[SpeedRow, dict[int, float]] = {}
    for event in events:
        if isinstance(event, EngineSpeed):
            rows.setdefault((event.engine, event.device_label, event.threads), {})[event.batch] = event.rate
    return rows


def report_json(events: Sequence[DoctorEvent], versions: dict[str, str | None]) -> dict[str, object]:
    """Return everything as plain values; rates are images a second, a problem has its code beside its English text."""
    facts: dict[str, dict[str, object]] = {}
    for event in events:
        if isinstance(event, Fact):
            name = event.name.removeprefix("doctor-fact-")
            facts.setdefault(event.section, {})[name] = _plain(event.value)
    choice = next((event for event in events if isinstance(event, Choice)), None)
    return {
        "schema": SCHEMA,
        "facts": facts,
        "versions": versions,
        "findings": [{"kind": event.kind, **_plain(event.problem)} for event in events if isinstance(event, Finding)],
        "speeds": [asdict(event) for event in events if isinstance(event, EngineSpeed)],
        "unusable": [
            {"engine": event.engine, "device": event.device, **_plain(event.problem)}
            for event in events
            if isinstance(event, EngineUnusable)
        ],
        "decode": [asdict(event) for event in events if isinstance(event, DecodeSpeed)],
        "choice": None if choice is None else asdict(choice) | {"reason": _plain(choice.reason)},
    }


def finding_line(problem: Problem) -> str:
    """Return what is so and what to do about it, as one line."""
    return f"{describe(problem)} {remedy(problem)}".strip()


def _sections(events: Sequence[DoctorEvent]) -> Iterator[list[str]]:
    for section, title in _SECTIONS.items():
        facts = [event for event in events if isinstance(event, Fact) and event.section == section]
        names = [describe(Problem(fact.name)) for fact in facts]
        width = max(map(len, names), default=0)
        values = (describe(fact.value) for fact in facts)
        yield _titled(title, [f"{name:{width}}  {value}" for name, value in zip(names, values, strict=True)])
    yield list(_speeds(events))
    yield [*_choice(events), *(finding_line(problem) for problem in _of_kind(events, "hint"))]
    yield _titled(_FINDINGS["no-gpu"], [finding_line(problem) for problem in _of_kind(events, "no-gpu")])
    problems = [finding_line(problem) for problem in _of_kind(events, "problem")]
    yield _titled(_FINDINGS["problem"], problems) or [_NO_PROBLEM]


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines)] if lines else []


def _of_kind(events: Sequence[DoctorEvent], kind: FindingKind) -> Iterator[Problem]:
    return (event.problem for event in events if isinstance(event, Finding) and event.kind == kind)


def _speeds(events: Sequence[DoctorEvent]) -> Iterator[str]:
    rows = speed_rows(events)
    unusable = [event for event in events if isinstance(event, EngineUnusable)]
    decode = [event for event in events if isinstance(event, DecodeSpeed)]
    if not rows and not unusable and not decode:
        return
    yield "Images a second, measured just now, by the number of pictures at a time"
    batches = sorted({batch for rates in rows.values() for batch in rates})
    if rows:
        width = max(len(label) for _, label, _ in rows)
        yield f"  {'engine':12}  {'device':{width}}  threads  " + "".join(f"{batch:>8}" for batch in batches)
    for (engine, label, threads), rates in rows.items():
        cells = "".join(f"{rates[batch]:8.1f}" if batch in rates else f"{'-':>8}" for batch in batches)
        yield f"  {ENGINE_TITLES[engine]:12}  {label:{width}}  {threads or '-':>7}  {cells}"
    for event in unusable:
        yield f"  {ENGINE_TITLES[event.engine]} on {event.device}: {describe(event.problem)}"
    if decode:
        rates_by_mode = ", ".join(f"{event.rate:.1f} {event.mode}" for event in decode)
        yield f"  Decoding on one thread, JPEG of {decode[0].pixels / 1e6:.0f} megapixels: {rates_by_mode}"


def _choice(events: Sequence[DoctorEvent]) -> Iterator[str]:
    for event in events:
        if isinstance(event, Choice):
            yield (
                f"Used now: {ENGINE_TITLES[event.engine]} on {event.device_label}, "
                f"up to {event.batch} pictures at a time"
            )
            yield f"  {finding_line(event.reason)}"


def _plain(problem: Problem) -> dict[str, object]:
    plain: dict[str, object] = {"text": describe(problem)}
    if problem.code != "doctor-plain":
        plain |= {"code": problem.code, "params": dict(problem.params), "remedy": remedy(problem)}
    return plain
