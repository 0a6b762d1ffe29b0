"""How late the GUI thread is while a user works on 100,000 pictures: the real window, results that are made up.

`python -m benchmarks.window_table` makes so many small pictures in a temporary folder, drives the window over them,
once without a screen and once on a screen of its own (Xvfb), and prints each phase's lateness.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.screen import private_screen

STALL_MS, DROP_STALL_MS, FRAME_MS = 50.0, 200.0, 16.0
"""No stall may be longer, but that of a drop of single files; the median paint of the table may take FRAME_MS."""

_IN_A_FOLDER = 1000
_LONGEST_SECONDS = 900


def make_pictures(folder: Path, count: int) -> None:
    """Write `count` JPEG files of 96 x 72 pixels, 1,000 to a folder."""
    buffer = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").resize((96, 72)).save(buffer, "JPEG", quality=60)
    content = buffer.getvalue()
    for number in range(count):
        part = folder / f"folder {number // _IN_A_FOLDER:03d}"
        if number % _IN_A_FOLDER == 0:
            part.mkdir(parents=True)
        (part / f"picture {number}.jpg").write_bytes(content)


def measure(folder: Path, data_dir: Path, per_second: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Drive a window in a process of its own; return what `window_table_drive` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.window_table_drive", str(folder), "--per-second", str(per_second)],
        env={**environment, "PHOTOSPOTTER_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def table(measured: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a Markdown table; what is over its bar is set in bold."""
    yield "| phase | p50 | p99 | longest stall | paint, median | paint, longest |"
    yield "|---|---|---|---|---|---|"
    for phase in measured["phases"]:
        bar = DROP_STALL_MS if phase["phase"].startswith("drop") else STALL_MS
        numbers = (
            _cell(phase["p50_ms"], FRAME_MS),
            _cell(phase["p99_ms"], STALL_MS),
            _cell(phase["max_ms"], bar),
            _cell(phase["paint_p50_ms"], FRAME_MS) if phase["paint_max_ms"] else "",
            _cell(phase["paint_max_ms"], STALL_MS) if phase["paint_max_ms"] else "",
        )
        yield f"| {phase['phase']} | {' | '.join(numbers)} |"


def _cell(milliseconds: float, bar: float) -> str:
    text = f"{milliseconds:.1f}"
    return f"**{text}**" if milliseconds > bar else text


def main() -> None:
    """Measure on each platform, print tables and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--per-second", type=int, default=200, help="results a second that the engine makes up")
    parser.add_argument("--platform", choices=("offscreen", "xvfb", "both"), default="both")
    parser.add_argument("--json", type=Path, help="where to write all that was measured")
    arguments = parser.parse_args()
    platforms = ("offscreen", "xvfb") if arguments.platform == "both" else (arguments.platform,)
    measured = []
    with tempfile.TemporaryDirectory(prefix="window-table-") as name:
        folder = Path(name) / "pictures"
        make_pictures(folder, arguments.pictures)
        for platform in platforms:
            with ExitStack() as stack:
                environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
                if platform == "xvfb":
                    environment = stack.enter_context(private_screen())
                measured.append(measure(folder, Path(name) / platform, arguments.per_second, environment))
            print(f"\n{platform}, {arguments.pictures:,} pictures, {arguments.per_second} results a second, ms\n")  # noqa: T201
            print("\n".join(table(measured[-1])), flush=True)  # noqa: T201
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(measured, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
