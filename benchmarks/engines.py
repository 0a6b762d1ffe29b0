"""Engines for the CPU side by side, on real weights and real pictures: speed, size, memory and agreement with torch.

`python -m benchmarks.engines --pictures FOLDER` prints tables and, with `--json`, writes all figures. Candidates whose
package is not installed are left out. docs/benchmarks/engines.md says what came of it.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from benchmarks.engines_agreement import compare
from benchmarks.engines_candidates import CANDIDATES, REFERENCE, Request
from benchmarks.engines_files import ANSWERS, QUANTISERS, RANDOM_RESNET50, SECONDS

_BASE = "onnx"
"""What speeds are also compared with."""
_LEFT_OUT = {"torch-compile", "onnx-spinning", "onnx-no-prepacking", "onnx-no-arena", "onnx-basic", "onnx-optimised"}
"""Candidates that run only when they are named."""


class Worker:
    """A candidate in its own process (`benchmarks.engines_worker`), which ends with the `with` block."""

    def __init__(self, name: str, request: Request) -> None:
        """Start the process and wait until it has answered once; `loaded` is what it says of its start."""
        self.name = name
        settings = [f"--{key}={getattr(request, key)}" for key in ("batch", "threads", "callers", "half")]
        command = [
            sys.executable,
            "-m",
            "benchmarks.engines_worker",
            name,
            request.weights,
            str(request.work),
            *settings,
        ]
        environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
        )
        self.loaded = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def rate(self, seconds: float) -> float:
        """Return pictures a second, measured for at least so long."""
        return float(self._ask(f"rate {seconds}")["rate"])

    def logits(self, first: int, step: int, file: Path) -> None:
        """Save the logits of every `step`-th picture from `first` on."""
        self._ask(f"logits {first} {step} {file}")

    def _ask(self, line: str) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.communicate()
            raise RuntimeError(f"{self.name} has ended; its message is above")
        return dict(json.loads(line))


def measure_speed(names: Sequence[str], request: Request, rounds: int, seconds: float) -> dict[str, object]:
    """Return for each candidate what starting took and its rates, all measured in turn, round by round."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(name, request)) for name in names]
        rounds = [[worker.rate(seconds) for worker in workers] for _ in range(rounds)]
    by_name = {name: [rates[i] for rates in rounds] for i, name in enumerate(names)}
    return {
        worker.name: {
            **worker.loaded,
            "rates": by_name[worker.name],
            "median_rate": statistics.median(by_name[worker.name]),
            **{
                f"to_{base}": _ratio(by_name[worker.name], by_name[base])
                for base in (REFERENCE, _BASE)
                if base in names
            },
        }
        for worker in workers
    }


def _ratio(rates: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return median, least and greatest of the ratios within the rounds."""
    ratios = [rate / other for rate, other in zip(rates, base, strict=True)]
    return [statistics.median(ratios), min(ratios), max(ratios)]


def measure_agreement(names: Sequence[str], request: Request) -> dict[str, object]:
    """Return for each candidate how it agrees with the reference; int8 by pictures that it was not calibrated on."""
    answers = np.load(request.folder / ANSWERS)
    card = request.installed().weights
    logits = {name: np.zeros((len(answers), len(card.classes)), dtype=np.float32) for name in names}
    file = request.folder / "logits.npy"
    for name in names:
        # An int8 network that was calibrated on one half gives the logits of the other.
        parts = [(0, 1, 2), (1, 0, 2)] if CANDIDATES[name].quantiser else [(0, 0, 1)]
        for half, first, step in parts:
            with Worker(name, replace(request, half=half)) as worker:
                worker.logits(first, step, file)
            logits[name][first::step] = np.load(file)
    return {name: asdict(compare(logits[name], logits[REFERENCE], answers, card)) for name in names}


def usable(names: Sequence[str]) -> Iterator[str]:
    """Yield the candidates whose packages are installed; say of the others why they are left out."""
    for name in names:
        candidate = CANDIDATES[name]
        needed = [candidate.module, *([QUANTISERS[candidate.quantiser][0]] if candidate.quantiser else [])]
        absent = [module for module in needed if importlib.util.find_spec(module) is None]
        if absent:
            _say(f"{name} is left out: {', '.join(absent)} is not installed")
        else:
            yield name


def installed_size(package: str) -> int:
    """Return the bytes of a package's files, without those that it depends on."""
    files = importlib.metadata.distribution(package).files or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())


def report(weights: str, figures: dict[str, dict[str, dict[str, object]]], batch: int) -> None:
    """Print the tables of one weight set."""
    speed, agreement = figures["speed"], figures.get("agreement", {})
    _say(f"\n## {weights}, batch {batch}\n")
    _say("| candidate | images/s | to torch | to ONNX Runtime | import s | load s | first run s | peak MB |")
    _say("|---|---|---|---|---|---|---|---|")
    for name, row in speed.items():
        ratios = [_spread(row[f"to_{base}"]) if f"to_{base}" in row else "-" for base in (REFERENCE, _BASE)]
        seconds = [f"{row[f'{part}_seconds']:.2f}" for part in ("import", "load", "first_run")]
        cells = [CANDIDATES[name].title, f"{row['median_rate']:.1f}", *ratios, *seconds]
        _say(f"| {' | '.join(cells)} | {row['peak_memory'] / 1e6:.0f} |")
    if not agreement:
        return
    _say("\n| candidate | pictures | top-1 same | top-5 set same | right | largest difference | unsure changed |")
    _say("|---|---|---|---|---|---|---|")
    for name, row in agreement.items():
        count = row["pictures"]
        changed = "-" if row["unsure_changed"] is None else str(row["unsure_changed"])
        shares = [f"{row[key] / count:.2%}" for key in ("top_1_same", "top_5_same", "right")]
        cells = [CANDIDATES[name].title, str(count), *shares, f"{row['largest_difference']:.2g}", changed]
        _say(f"| {' | '.join(cells)} |")


def _spread(ratio: Sequence[float]) -> str:
    return f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pictures", type=Path, required=True, help="class folders, or a folder that --labels names files of"
    )
    parser.add_argument("--labels", type=Path, help="a labels file, as photospotter-cli evaluate takes it")
    parser.add_argument("--weights", default="imagenet-lite2", help=f"a set's id, or {RANDOM_RESNET50} (speed only)")
    parser.add_argument(
        "--candidates", nargs="+", choices=CANDIDATES, default=[n for n in CANDIDATES if n not in _LEFT_OUT]
    )
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "photospotter-engines")
    parser.add_argument("--most", type=int, default=2000, help="pictures at the most")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="that compute in each call")
    parser.add_argument("--callers", type=int, default=1, help="threads that call the network at the same time")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each candidate in each round")
    parser.add_argument("--speed-only", action="store_true")
    parser.add_argument("--agreement-only", action="store_true")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Prepare, measure, print."""
    chosen = _arguments()
    names = list(usable(chosen.candidates))
    command = [sys.executable, "-m", "benchmarks.engines_files", chosen.weights, str(chosen.work), str(chosen.pictures)]
    labels = [] if chosen.labels is None else [f"--labels={chosen.labels}"]
    subprocess.run([*command, *labels, f"--most={chosen.most}"], check=True)
    request = Request(chosen.weights, chosen.work, chosen.batch, chosen.threads, chosen.callers)
    wheels = sorted({wheel for name in names for wheel in CANDIDATES[name].wheels})
    figures: dict[str, object] = {
        "weights": chosen.weights,
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "packages": {
            wheel: {"version": importlib.metadata.version(wheel), "bytes": installed_size(wheel)} for wheel in wheels
        },
        "settings": {key: getattr(chosen, key) for key in ("batch", "threads", "callers", "rounds", "seconds")},
        "preparing_seconds": json.loads((chosen.work / chosen.weights / SECONDS).read_text(encoding="utf-8")),
        "speed": {} if chosen.agreement_only else measure_speed(names, request, chosen.rounds, chosen.seconds),
    }
    if chosen.weights != RANDOM_RESNET50 and not chosen.speed_only:
        figures["agreement"] = measure_agreement(names, request)
    report(chosen.weights, figures, chosen.batch)  # type: ignore[arg-type] - of these figures only tables are printed
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _processor() -> str:
    """Return the processor's name with what it has for int8 and bf16, where Linux says so."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    lines = dict(line.split("\t", 1) for line in text.split("\n\n")[0].splitlines() if "\t" in line)
    flags = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if f" {flag}" in text]
    return " ".join([lines.get("model name", "").lstrip("\t: "), *flags])


if __name__ == "__main__":
    main()
