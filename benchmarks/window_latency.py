"""How late the GUI thread is while the window classifies pictures of 12 megapixels, with each engine.

`python -m benchmarks.window_latency` needs Linux with Xvfb. On a screen of its own it starts the program with a folder
of pictures; a timer in the GUI thread notes by how much each of its ticks comes too late.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.pictures import KINDS, build_set
from benchmarks.screen import private_screen

WEIGHTS = "imagenet-lite2"
P99_BAR_MS, MAX_BAR_MS, IMPORT_BAR_MS = 16.0, 100.0, 600.0


def main() -> int:
    """Measure and print; return 1 when a bar is not met."""
    parser = argparse.ArgumentParser(description="Lateness of the GUI thread while 12 MP pictures are classified.")
    parser.add_argument("--count", type=int, default=40, help="pictures")
    parser.add_argument("--runs", type=int, default=3, help="of each engine, in turn")
    parser.add_argument("--pictures", type=Path, help="a folder of photographs to make the pictures of")
    parser.add_argument("--engines", nargs="+", choices=("torch", "onnx"), default=("torch", "onnx"))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    cache = Path(tempfile.gettempdir()) / "photospotter-benchmark-pictures"
    folder = build_set(KINDS["12mp"], chosen.count, chosen.pictures, cache)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as data, private_screen() as environment:
        environment |= {"PHOTOSPOTTER_DATA_DIR": data}
        _forget_first_start(environment)
        if "onnx" in chosen.engines:
            subprocess.run([sys.executable, "-m", "model", "export", WEIGHTS], env=environment, check=True)
        for run in range(chosen.runs):
            for engine in chosen.engines:
                for store in Path(data).glob("results.sqlite3*"):
                    store.unlink()  # what is stored would not be classified again
                rows += [{"run": run, **row} for row in _measure(folder, engine, environment)]
                _show(rows[-2:])
    if chosen.json:
        chosen.json.write_text(json.dumps({"pictures": chosen.count, "rows": rows}, indent=1), encoding="utf-8")
    return int(not all(row["met"] for row in rows))


def _forget_first_start(environment: dict[str, str]) -> None:
    """Have the welcome of a first start behind us."""
    program = "from gui.settings import Settings; s = Settings.for_user(); s.first_run = False; s.sync()"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def _measure(folder: Path, engine: str, environment: dict[str, str]) -> list[dict[str, object]]:
    """Run the program once; return a row for each phase."""
    command = [sys.executable, "-m", "benchmarks.window_latency_drive", os.fspath(folder), engine]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout.splitlines()[-1])
    marks, ticks = answer["marks"], answer["ticks"]
    if "end" not in marks or (engine == "onnx") == answer["torch"]:
        raise RuntimeError(f"the program did not classify with {engine}: {run.stderr[-2000:]}")
    before = [late for came, late in ticks if came <= marks["first"]]
    after = [late for came, late in ticks if marks["first"] < came <= marks["end"]]
    importing = engine == "torch"
    return [
        _row(engine, "window shown to first result", before, marks["first"] - marks["shown"], importing=importing),
        _row(engine, "first result to end", after, marks["end"] - marks["first"], importing=False),
    ]


def _row(engine: str, phase: str, late: list[float], seconds: float, *, importing: bool) -> dict[str, object]:
    late = sorted(late)
    p50, p99 = (late[math.ceil(share * len(late)) - 1] for share in (0.5, 0.99))
    met = late[-1] <= IMPORT_BAR_MS if importing else p99 <= P99_BAR_MS and late[-1] <= MAX_BAR_MS
    return {
        "engine": engine,
        "phase": phase,
        "seconds": seconds,
        "ticks": len(late),
        "p50_ms": p50,
        "p99_ms": p99,
        "max_ms": late[-1],
        "met": met,
    }


def _show(rows: list[dict[str, object]]) -> None:
    for row in rows:
        figures = " / ".join(f"{row[name]:.1f}" for name in ("p50_ms", "p99_ms", "max_ms"))
        verdict = "met" if row["met"] else "NOT met"
        print(  # noqa: T201
            f"{row['engine']:5} {row['phase']:29} {row['seconds']:5.1f} s  p50 / p99 / max {figures} ms  {verdict}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
