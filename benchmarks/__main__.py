"""`python -m benchmarks`: makes the pictures, runs everyone in turn, writes the figures and the page."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from benchmarks.bars import faults, verdicts
from benchmarks.contestants import CONTESTANTS
from benchmarks.machine import machine_facts, peer_versions
from benchmarks.page import write_page
from benchmarks.pictures import KINDS
from benchmarks.results import load_results
from benchmarks.series import run_first_labels, run_memory, run_size
from benchmarks.tables import all_tables

SIZES = ("500", "hd", "12mp", "24mp", "png")
START_SET = "500"
MANY, FEW = 10_000, 100
_MEMORY_ROUNDS = 2


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the command's voice


def main() -> int:
    """Run what the command line asks for; return 1 when labels differ that must not, or rows are missing."""
    chosen = _arguments()
    contestants = [one for one in CONTESTANTS if one.key in chosen.only]
    everything = not (chosen.startup or chosen.memory or chosen.sizes)
    results = load_results(chosen.out, machine_facts(), peer_versions())
    work = chosen.cache / "work"
    _prepare(_pictures(START_SET, KINDS[START_SET].count, chosen), work)
    if everything or chosen.startup:
        folder = _pictures(START_SET, KINDS[START_SET].count, chosen)
        results.first_label |= run_first_labels(folder, work, contestants, chosen.pairs, say)
        results.save(chosen.out)
    for name in SIZES if everything else chosen.sizes:
        folder = _pictures(name, chosen.count or KINDS[name].count, chosen)
        found = run_size(KINDS[name].title, folder, work, contestants, chosen.pairs, say)
        results.sizes[name] = results.sizes[name].add(found) if name in results.sizes else found
        results.save(chosen.out)
    if everything or chosen.memory:
        many, few = (_pictures("small", count, chosen) for count in (MANY, FEW))
        exact = next(one for one in CONTESTANTS if one.key == "onnx-exact")
        results.memory = run_memory(many, few, work, exact, _MEMORY_ROUNDS, say)
        results.save(chosen.out)
    write_page(results, chosen.out)
    print(all_tables(results))  # noqa: T201
    say(f"{sum(not one.is_met for one in verdicts(results))} bars are not met")
    found = faults(results)
    for fault in found:
        say(fault)
    return 1 if found else 0


def _pictures(name: str, count: int, chosen: argparse.Namespace) -> Path:
    """Return a set's folder; made by another process, whose memory burdens no measurement.

    Linux counts the memory of a process at its fork towards the peak of the program that it goes on to run.
    """
    command = [sys.executable, "-m", "benchmarks.pictures", name, str(count), str(chosen.cache)]
    if chosen.pictures is not None:
        command += ["--pictures", str(chosen.pictures)]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def _prepare(pictures: Path, work: Path) -> None:
    subprocess.run([sys.executable, "-m", "benchmarks.prepare", str(pictures), str(work)], check=True)


def _arguments() -> argparse.Namespace:
    keys = [one.key for one in CONTESTANTS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Photospotter side by side with others.")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="photographs to make the pictures of")
    parser.add_argument("--sizes", type=_some_of(SIZES), default=(), help=f"only these sets, of {','.join(SIZES)}")
    parser.add_argument("--count", type=int, help="pictures in each set (default: fewer of larger ones)")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each contestant (default: 5)")
    parser.add_argument("--only", type=_some_of(keys), default=keys, help=f"contestants (default: {','.join(keys)})")
    parser.add_argument("--startup", action="store_true", help="only the time to the first label")
    parser.add_argument("--memory", action="store_true", help="only peak memory, of many pictures and of few")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"), help="default: docs/benchmarks")
    cache = platformdirs.user_cache_path("photospotter-benchmarks")
    parser.add_argument("--cache", type=Path, default=cache, help="where pictures and weights are kept")
    return parser.parse_args()


def _some_of(names: Sequence[str]) -> Callable[[str], list[str]]:
    """Return what makes a list of some of `names` of a text with commas."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in names]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(names)}")
        return chosen

    return parse


if __name__ == "__main__":
    sys.exit(main())
