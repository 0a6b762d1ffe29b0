"""What becomes of hostile files: each is opened in a process of its own, which is measured, and the table is written.

    python -m benchmarks.hostile --shared ../shared/data/hostile --into docs/hostile-table.md

Linux only: processes are forked, and their peak memory comes from the system.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile_bytes import encoded
from benchmarks.hostile_files import Hostile, hostile_pictures, odd_files, odd_names
from model.decode import thumbnail
from model.decode_limits import DecodeLimits
from model.errors import ImageError, describe
from model.load_picture import make_load
from model.names import display_name
from model.picture_file import set_up_pillow
from model.pixel_budget import DecodeToken
from model.types import Preprocess, Problem

MOST_SECONDS = 20.0
MOST_MIB = 1536
_KILLED_AFTER = 90
_PREPROCESS = Preprocess(260, 260, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_SIDE = 96
_HEAD = (
    "# Hostile files, one by one",
    "",
    "Written by `python -m benchmarks.hostile`; [what it means](hostile.md). A picture is one that was",
    "opened; anything else is what its row says. Seconds are those of the slower of network input and thumbnail.",
    "",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file: `ok` or a code, in words, and what it took.

    `seconds` are those of the slower of the two things that the program does with a picture, `mib` the process's peak.
    """

    code: str
    words: str
    seconds: float
    mib: float


def open_picture(path: Path) -> tuple[str, str, float]:
    """Make network input and thumbnail, as the program does; return code, words, and the slower's seconds."""
    limits = DecodeLimits()
    code, words, slower = "ok", "", 0.0
    for work in (
        lambda: make_load(_PREPROCESS, limits)(path, DecodeToken()),
        lambda: thumbnail(path, _SIDE, limits=limits),
    ):
        started = time.perf_counter()
        try:
            work()
        except ImageError as exc:
            code, words = exc.problem.code, describe(exc.problem)
        except MemoryError:
            code, words = "image-out-of-memory", describe(Problem("image-out-of-memory"))
        slower = max(slower, time.perf_counter() - started)
    return code, words, slower


def measure(path: Path, work: Callable[[Path], tuple[str, str, float]] = open_picture) -> Outcome:
    """Run `work` in a forked process; a crash or a wait without end is an outcome, too."""
    reader, writer = os.pipe()
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        code, words, slower = "image-unexpected", "", 0.0
        try:
            signal.alarm(_KILLED_AFTER)
            code, words, slower = work(path)
        except BaseException as exc:  # noqa: BLE001 - what the program does not expect is what is looked for
            words = repr(exc)
        finally:
            os.write(writer, f"{code}\n{slower}\n{words}".encode()[:60_000])
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read().decode()
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    code, slower, words = told.split("\n", 2) if told else ("", "0", "")
    if os.WIFSIGNALED(status):
        code, words = "crashed", signal.Signals(os.WTERMSIG(status)).name
    return Outcome(code, words, float(slower) or seconds, usage.ru_maxrss / 1024)


def _write(path: Path, hostile: Hostile) -> None:
    """Make the file in a process of its own, whose memory is no part of what is measured."""
    child = os.fork()
    if child == 0:
        failed = 1
        try:
            path.write_bytes(hostile.make())
            failed = 0
        finally:
            os._exit(failed)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"{hostile.name} could not be made")


def main() -> int:
    """Measure, write the table, and return 1 where a file broke a bound or had another outcome than is right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, help="a folder of difficult pictures with INDEX.tsv")
    parser.add_argument("--into", type=Path, help="the file to write; otherwise standard output")
    parser.add_argument("--small", action="store_true", help="leave out what takes more than a moment")
    parser.add_argument("--only", default="", help="only made files with this text in their name")
    chosen = parser.parse_args()
    set_up_pillow(DecodeLimits().pixels)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as name:
        rows, wrong = _made(Path(name), chosen.only, small=chosen.small)
        lines = ["## Files made for the purpose", "", *_table(rows)]
        if not chosen.only:
            others, more = _odd(Path(name))
            lines += ["", "## Names, and what is no file", "", *_table(others)]
            wrong += more
        if chosen.shared is not None:
            lines += ["", f"## {chosen.shared.name}: files of other projects", "", *_shared(chosen.shared, wrong)]
            lines += ["", "## The command line on whole folders", ""]
            lines += [*_command_line("the files of other projects", chosen.shared), ""]
            lines += [*_command_line("the files made for the purpose, odd names and odd files", Path(name))]
    text = "\n".join(line.rstrip() for line in [*_HEAD, *lines]) + "\n"
    if chosen.into is None:
        sys.stdout.write(text)
    else:
        chosen.into.write_text(text, encoding="utf-8")
    for line in wrong:
        sys.stderr.write(f"WRONG {line}\n")
    return 1 if wrong else 0


Row = tuple[str, str, str, Outcome]


def _made(folder: Path, only: str, *, small: bool) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    wrong: list[str] = []
    for hostile in hostile_pictures():
        if only not in hostile.name or (small and hostile.is_large):
            continue
        path = folder / hostile.name
        _write(path, hostile)
        outcome = measure(path)
        rows.append((hostile.stress, hostile.name, _bytes(path.stat().st_size), outcome))
        sys.stderr.write(f"{hostile.name}: {outcome.code} {outcome.seconds:.2f} s {outcome.mib:.0f} MiB\n")
        wrong += _faults(hostile.name, outcome, hostile.right)
    return rows, wrong


def _odd(folder: Path) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    wrong: list[str] = []
    for path in odd_names(folder / "names", encoded("PNG")):
        outcome = measure(path)
        rows.append(("a name", display_name(path.name), "", outcome))
        wrong += _faults(path.name, outcome, {"ok"})
    for path, code in odd_files(folder / "odd").items():
        outcome = measure(path)
        rows.append(("no file", path.name, "", outcome))
        wrong += _faults(path.name, outcome, {code})
    return rows, wrong


def _shared(folder: Path, wrong: list[str]) -> Iterable[str]:
    """Measure a folder of difficult files; yield a row for each thing that they stress, and those that took most."""
    by_stress: defaultdict[str, list[tuple[str, Outcome]]] = defaultdict(list)
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    outcomes: list[tuple[str, Outcome]] = []
    for row in index:
        outcome = measure(folder / row["file"])
        outcomes.append((row["file"], outcome))
        wrong += _faults(row["file"], outcome, None)
        for stress in {word.partition("=")[0] for word in row["stresses"].split() if word} or {"none named"}:
            by_stress[stress].append((row["file"], outcome))
    yield f"{len(outcomes)} files; one may stress several things."
    yield ""
    yield "| stress | files | outcomes | slowest | most memory |"
    yield "|---|---:|---|---:|---:|"
    for stress, found in sorted(by_stress.items(), key=lambda item: -len(item[1])):
        counts = Counter(outcome.code for _, outcome in found)
        words = ", ".join(f"{count} {code}" for code, count in counts.most_common())
        slowest, most = max(one.seconds for _, one in found), max(one.mib for _, one in found)
        yield f"| {stress} | {len(found)} | {words} | {slowest:.2f} s | {most:.0f} MiB |"
    yield ""
    yield "Those that took longest and most:"
    yield ""
    slow = sorted(outcomes, key=lambda one: -one[1].seconds)[:3]
    large = sorted(outcomes, key=lambda one: -one[1].mib)[:3]
    yield from _table([("", name, "", outcome) for name, outcome in [*slow, *large]])


def _command_line(title: str, folder: Path) -> Iterable[str]:
    """Classify a folder by the real command; yield what it said and took."""
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "out.csv"
        environment = os.environ | {"PHOTOSPOTTER_DATA_DIR": name, "PHOTOSPOTTER_NO_EXPORT": "1"}
        command = [sys.executable, "-m", "model", "classify", str(folder), "--csv", str(table)]
        started = time.perf_counter()
        with (Path(name) / "said").open("w+", encoding="utf-8") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            words = said.read().splitlines()
        seconds = time.perf_counter() - started
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    counts = Counter(row["status"] for row in rows)
    told = all(row["error"] for row in rows if row["status"] == "error")
    yield f"`photospotter-cli classify` on {title}: {len(rows)} rows, {counts['ok']} with labels and "
    yield f"{counts['error']} with an error, {'each' if told else 'NOT each'} in words; exit code {process.returncode},"
    yield f"{seconds:.0f} s, at most {usage.ru_maxrss / 1024:.0f} MiB. It said:"
    yield ""
    yield from (f"    {line}" for line in words[-4:])


def _faults(name: str, outcome: Outcome, right: Iterable[str] | None) -> list[str]:
    shown = display_name(name)
    faults = []
    if outcome.code in ("crashed", "image-unexpected") or (right is not None and outcome.code not in right):
        faults.append(f"{shown}: {outcome.code} {outcome.words}")
    if outcome.seconds > MOST_SECONDS:
        faults.append(f"{shown}: {outcome.seconds:.1f} s")
    if outcome.mib > MOST_MIB:
        faults.append(f"{shown}: {outcome.mib:.0f} MiB")
    return faults


def _table(rows: Iterable[Row]) -> Iterable[str]:
    yield "| stress | file | bytes | what happens | seconds | peak MiB |"
    yield "|---|---|---:|---|---:|---:|"
    for stress, name, size, outcome in rows:
        words = outcome.words or "a picture"
        yield f"| {stress} | {_cell(name)} | {size} | {_cell(words)} | {outcome.seconds:.2f} | {outcome.mib:.0f} |"


def _cell(text: str) -> str:
    """Return text for a Markdown table: in one cell, on one line, and as it is."""
    plain = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    short = plain if len(plain) <= 60 else f"{plain[:40]}... ({len(plain)} characters)"
    return "".join(f"\\{char}" if char in "|\\`*_<>[]&" else char for char in short)


def _bytes(size: int) -> str:
    return f"{size:,}"


if __name__ == "__main__":
    sys.exit(main())
