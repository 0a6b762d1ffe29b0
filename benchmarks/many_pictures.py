"""200,000 pictures in one sitting: memory over time, rows, and how soon they are there again.

`python -m benchmarks.many_pictures FOLDER` makes so many tiny pictures in FOLDER, separate files, and runs the command
line and the window over them. Everything is real but the network, which makes its answers up.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

_IN_ONE_FOLDER = 1000
_SIDE = 8
_EVERY = 2.0
MOST_SECONDS_TO_REOPEN = 5.0


def make_pictures(folder: Path, count: int) -> None:
    """Write PNG files of 8 pixels a side, no two alike, unless they are there."""
    for number in range(count):
        file = folder / f"{number // _IN_ONE_FOLDER:04}" / f"{number:06}.png"
        if number % _IN_ONE_FOLDER == 0:
            file.parent.mkdir(parents=True, exist_ok=True)
            if len(os.listdir(file.parent)) == min(_IN_ONE_FOLDER, count - number):
                continue
        if not file.exists():
            Image.new("RGB", (_SIDE, _SIDE), (number & 255, number >> 8 & 255, number >> 16)).save(file)


class Watch:
    """Notes a process's resident memory, in MiB, every two seconds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Begin."""
        self.seen: list[tuple[float, int]] = []
        self._process = process
        self._began = time.perf_counter()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self._process.poll() is None:
            try:
                status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("VmRSS"):
                    self.seen.append((round(time.perf_counter() - self._began, 1), int(line.split()[1]) >> 10))
            time.sleep(_EVERY)


def run(arguments: Sequence[str], data: Path) -> tuple[str, float, Watch]:
    """Run a module of this package to its end; return what it printed, the seconds, and its memory."""
    environment = {**os.environ, "PHOTOSPOTTER_DATA_DIR": str(data), "QT_QPA_PLATFORM": "offscreen"}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    watch = Watch(process)
    printed, _ = process.communicate()
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return printed, time.perf_counter() - began, watch


def curve(watch: Watch) -> str:
    """Return memory at tenths of the run."""
    seen = watch.seen
    return ", ".join(f"{seen[len(seen) * tenth // 10][1]}" for tenth in range(10)) + f", {seen[-1][1]} MiB"


def say(text: str) -> None:
    """Tell a finding."""
    print(text, flush=True)  # noqa: T201 - this is the command's voice


def main() -> int:
    """Run everything; return 1 where a row is missing or the list was not there again in time."""
    is_right = True
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--parts", nargs="+", choices=("cli", "window"), default=("cli", "window"))
    chosen = parser.parse_args()
    pictures, work = chosen.folder / f"pictures-{chosen.count}", chosen.folder
    make_pictures(pictures, chosen.count)
    say(f"{chosen.count:,} pictures")
    if "cli" in chosen.parts:
        table, data = work / "out.csv", work / f"data-cli-{time.time():.0f}"
        for title in ("command line, first run", "command line, again"):
            command = ["benchmarks.many_pictures_cli", "classify", str(pictures), "--csv", str(table), "--force"]
            _, seconds, watch = run(command, data)
            with table.open(encoding="utf-8", newline="") as stream:
                paths = [row["path"] for row in csv.DictReader(stream)]
            whole = len(paths) == len(set(paths)) == chosen.count
            is_right = is_right and whole
            say(f"{title}: {seconds:.0f} s, rows {'=' if whole else '!='} inputs, memory {curve(watch)}")
    if "window" in chosen.parts:
        data = work / f"data-window-{time.time():.0f}"
        for title in ("window, first run", "window, reopened"):
            printed, _, watch = run(["benchmarks.many_pictures_window", str(pictures), str(chosen.count)], data)
            found = json.loads(printed.splitlines()[-1])
            is_right = is_right and (title != "window, reopened" or found["seconds"] < MOST_SECONDS_TO_REOPEN)
            say(f"{title}: {found}, memory {curve(watch)}")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
