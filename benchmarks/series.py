"""The runs: contestants in turn over one set of pictures, first labels, and memory."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.answers import check_run, compare, read_answers
from benchmarks.ceiling import Cost, measure
from benchmarks.contestants import REFERENCE, Contestant
from benchmarks.pairs import plan_round
from benchmarks.processes import Usage, run_process, seconds_to_line
from benchmarks.results import MemoryResults, Pair, SizeResults

Say = Callable[[str], None]
Figure = TypeVar("Figure")
COST_PARTS = ("decode-exact", "decode-fast", "torch", "onnx", "multiplication")
_HEADER_AND_ROW = 2


def run_in_turn(
    contestants: Sequence[Contestant],
    rounds: int,
    run: Callable[[Contestant], Figure],
    before_round: Callable[[int], None] = lambda _: None,
) -> dict[str, list[tuple[Figure, Figure]]]:
    """Run each contestant `rounds` times, the reference beside it; return for each its figures with the reference's."""
    by_key = {one.key: one for one in (REFERENCE, *contestants)}
    found: dict[str, list[tuple[Figure, Figure]]] = {one.key: [] for one in contestants}
    for number in range(rounds):
        before_round(number)
        for group in plan_round(list(found), REFERENCE.key, backwards=bool(number % 2)):
            figures = {key: run(by_key[key]) for key in group}
            for key in set(group) - {REFERENCE.key}:
                found[key].append((figures[key], figures[REFERENCE.key]))
    return found


def run_size(
    title: str, folder: Path, work: Path, contestants: Sequence[Contestant], rounds: int, say: Say
) -> SizeResults:
    """Run the contestants over one set of pictures, the ceiling's parts before each round, and compare the answers."""
    files = sorted(file for file in folder.iterdir() if file.suffix in {".jpg", ".png"})
    results = SizeResults(title, len(files), int(statistics.median(file.stat().st_size for file in files)))
    costs: dict[str, list[Cost]] = {part: [] for part in COST_PARTS}

    def table(contestant: Contestant) -> Path:
        return work / f"{contestant.key}.csv"

    def run(contestant: Contestant) -> Usage:
        command = contestant.command(folder, str(table(contestant)), work)
        used = run_process(command, contestant.environment(work))
        if contestant.module is None:
            check_run(table(contestant), contestant.engine, contestant.decode, len(files))
        say(f"{title}: {contestant.key} {used.seconds:.2f} s")
        return used

    def measure_costs(_number: int) -> None:
        for part, measured in costs.items():
            measured.append(measure(part, folder, work))

    for contestant in (REFERENCE, *contestants):
        run(contestant)  # without counting: files come into the page cache, and what is found out once is found out
    pairs = run_in_turn(contestants, rounds, run, measure_costs)
    results.pairs = {key: [Pair(own, reference) for own, reference in found] for key, found in pairs.items()}
    results.costs = costs
    reference = read_answers(table(REFERENCE))
    results.labels = len({label for label, _ in reference.values()})
    names = [file.name for file in files]
    results.agreement = {one.key: compare(names, reference, read_answers(table(one))) for one in contestants}
    return results


def run_first_labels(
    folder: Path, work: Path, contestants: Sequence[Contestant], rounds: int, say: Say
) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds from each process's start to its first row on standard output, with the reference's beside it.

    Each runs once before it counts, so that nobody pays for compiling Python files or reading libraries from disk.
    """

    def run(contestant: Contestant) -> float:
        command = contestant.command(folder, "-", work)
        seconds = seconds_to_line(command, contestant.environment(work), _HEADER_AND_ROW)
        say(f"first label: {contestant.key} {seconds:.2f} s")
        return seconds

    for contestant in (REFERENCE, *contestants):
        run(contestant)
    return run_in_turn(contestants, rounds, run)


def run_memory(many: Path, few: Path, work: Path, contestant: Contestant, rounds: int, say: Say) -> MemoryResults:
    """Classify a folder of many pictures and one of few, in turn, and keep the peaks of memory."""
    results = MemoryResults(sum(1 for _ in many.glob("*.jpg")), sum(1 for _ in few.glob("*.jpg")))
    for _ in range(rounds):
        for folder, peaks in ((few, results.peaks_few), (many, results.peaks_many)):
            command = contestant.command(folder, str(work / "memory.csv"), work)
            peaks.append(run_process(command, contestant.environment(work)).peak_bytes)
            say(f"memory: {folder.name} {peaks[-1] / 2**20:.0f} MiB")
    return results
