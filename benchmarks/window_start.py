"""How soon the window is on the screen, against `import torch` alone: whole processes, in turn, A B A B.

`python -m benchmarks.window_start` needs Linux with Xvfb. A is a Python that imports torch, from its start until it
has done so; B is `python -m gui`, from its start until the X server says that the window is mapped; C is the least that
a window of Qt takes, an empty QMainWindow shown in the same way.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.screen import MapWatch, private_screen

BAR = 0.25
"""The window's share of the time of `import torch` that is allowed."""
_TIMEOUT = 120.0
_SMALLEST_WIDTH = 600  # of the program's window; a message box is narrower
_IMPORT = "import torch; print('done', flush=True)"
_EMPTY_WINDOW = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1360, 820)
window.show()
app.exec()
"""


def main() -> int:
    """Measure and print; return 1 when the bar is not met."""
    parser = argparse.ArgumentParser(description="Window on screen against `import torch`.")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, private_screen() as environment:
        environment |= {"PHOTOSPOTTER_DATA_DIR": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs have compiled modules
        watch = MapWatch(environment["DISPLAY"])
        contestants: dict[str, Callable[[], float]] = {
            "import torch": lambda: _seconds_to_line([sys.executable, "-c", _IMPORT], environment),
            "window": lambda: _seconds_to_window([sys.executable, "-m", "gui"], environment, watch),
            "empty window": lambda: _seconds_to_window([sys.executable, "-c", _EMPTY_WINDOW], environment, watch),
        }
        for measure in contestants.values():
            measure()  # once for the disk's cache, the compiled modules and the settings of a first start
        seconds: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(chosen.pairs):
            for name, measure in contestants.items():
                seconds[name].append(measure())
        resolution = statistics.median(watch.resolution() for _ in range(20))
        watch.close()
    ratios = [window / torch for window, torch in zip(seconds["window"], seconds["import torch"], strict=True)]
    ratio = statistics.median(seconds["window"]) / statistics.median(seconds["import torch"])
    for name, values in seconds.items():
        print(f"{name:13} median {statistics.median(values):.3f} s, {min(values):.3f} to {max(values):.3f}")  # noqa: T201
    print(f"a MapNotify event is heard {1000 * resolution:.2f} ms after the request for it")  # noqa: T201
    print(f"window / import torch: {ratio:.3f} (pairs {min(ratios):.3f} to {max(ratios):.3f}), bar {BAR}")  # noqa: T201
    if chosen.json:
        found = {"seconds": seconds, "ratio": ratio, "pairs": ratios, "bar": BAR, "resolution": resolution}
        chosen.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return int(ratio > BAR)


def _seconds_to_line(command: list[str], environment: dict[str, str]) -> float:
    """Return how long a process takes until its first line of output."""
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
    if not line:
        raise RuntimeError(f"{command} said nothing")
    return seconds


def _seconds_to_window(command: list[str], environment: dict[str, str], watch: MapWatch) -> float:
    """Return how long a process takes until its window is mapped, and end it."""
    watch.forget()
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        return watch.wait(_TIMEOUT, _SMALLEST_WIDTH) - started
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
