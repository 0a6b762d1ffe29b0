"""Spoiled files of every kind, opened in a child process: each is read or refused in words, and nothing crashes.

A few seconds by default. Half an hour over all targets, with more files to begin with:

    PHOTOSPOTTER_FUZZ_MINUTES=30 PHOTOSPOTTER_FUZZ_SEEDS=../shared/data/hostile python -m pytest tests/fuzz/test_fuzz.py

The numbers of the files go on from PHOTOSPOTTER_FUZZ_FIRST; while the file PHOTOSPOTTER_FUZZ_PAUSE exists it waits.
What is found is written, file and words, into PHOTOSPOTTER_FUZZ_FINDINGS.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz_mutation import mutate
from fuzz_targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
MINUTES = float(os.environ.get("PHOTOSPOTTER_FUZZ_MINUTES", "0"))
SECONDS = MINUTES * 60 / len(TARGETS) if MINUTES else 0.5
FIRST = int(os.environ.get("PHOTOSPOTTER_FUZZ_FIRST", "0"))
FINDINGS = os.environ.get("PHOTOSPOTTER_FUZZ_FINDINGS", "")
_MOST_CHILDREN = 20


def run_child(target: Target, first: int, seconds: float, folder: Path) -> list[dict[str, object]]:
    """Return what a child process tells; the last is its end, or how it died."""
    paths = os.pathsep.join([str(ROOT), *(str(ROOT / "tests" / name) for name in ("", "fuzz", "unit_model"))])
    arguments = [target.name, str(first), str(seconds), str(folder), os.environ.get("PHOTOSPOTTER_FUZZ_PAUSE", "")]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fuzz_child.py")), *arguments],
        env=os.environ | {"PYTHONPATH": paths, "PYTHONFAULTHANDLER": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not told or told[-1]["kind"] != "end":
        number = int((folder / "number").read_text()) if (folder / "number").exists() else first
        told.append({"number": number, "kind": f"ended with {done.returncode}", "words": done.stderr[-3000:]})
    return told


def fuzz(target: Target, folder: Path) -> list[dict[str, object]]:
    """Return the findings; a child that died is followed by another, which begins after the file at fault."""
    findings: list[dict[str, object]] = []
    first, end, refused = FIRST, time.monotonic() + SECONDS, 0
    for _ in range(_MOST_CHILDREN):
        told = run_child(target, first, max(0.1, end - time.monotonic()), folder)
        last = told.pop()
        findings += told
        first = int(str(last["number"]))
        if last["kind"] == "end":
            refused += int(str(last["words"]))
            break
        findings.append(last)
        keep(target, folder, first)
        first += 1
        if time.monotonic() > end:
            break
    note(f"{target.name}: {first - FIRST} executions, {refused} refused, {len(findings)} findings")
    return findings


def keep(target: Target, folder: Path, number: int) -> None:
    """Keep the file at which a child died."""
    case = folder / f"case{target.suffix}"
    if FINDINGS and case.exists():
        shutil.copy(case, Path(FINDINGS) / f"{target.name}-{number}{target.suffix}")


def note(line: str) -> None:
    """Note what was done, where the variable says to."""
    if FINDINGS:
        Path(FINDINGS).mkdir(parents=True, exist_ok=True)
        with (Path(FINDINGS) / "log.txt").open("a", encoding="utf-8") as log:
            log.write(line + "\n")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_spoiled_files_are_read_or_refused(target: Target, tmp_path: Path) -> None:
    findings = [f"{target.name} {one['number']}: {one['kind']}\n{one['words']}" for one in fuzz(target, tmp_path)]
    for finding in findings:
        note(finding)
    assert not findings, "\n\n".join(findings)


def test_the_same_number_gives_the_same_file() -> None:
    data = bytes(range(256)) * 4
    made = [mutate(data, [b"other" * 50, data], number) for number in range(200)]
    assert made == [mutate(data, [b"other" * 50, data], number) for number in range(200)]
    assert len(set(made)) > 190


def test_a_child_that_dies_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness itself: what it would miss, nothing would find."""
    (tmp_path / "sitecustomize.py").write_text("import os, sys\nif 'fuzz_child' in sys.argv[0]: os.abort()\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    told = run_child(TARGETS[0], 7, 0.1, tmp_path)
    assert [(one["number"], one["kind"]) for one in told] == [(7, "ended with -6")]
