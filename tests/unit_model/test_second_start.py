"""From the second start on, classifying on the CPU needs no torch: the whole program, with torch blocked."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from onnx_desk import copy_export, tiny_networks
from pictures import pattern

from model import folders
from model.cli import main
from model.exit_codes import EXIT_OK
from model.types import InstalledWeights, NetworkExported

ROOT = Path(__file__).resolve().parents[2]
# `python -m model`, where whatever imports torch fails; says at the end what was loaded nonetheless.
PROGRAM = """
import atexit, runpy, sys

blocked = ("torch", "torchvision", "timm")
for name in blocked:
    sys.modules[name] = None


@atexit.register
def tell():
    print([name for name, module in sys.modules.items() if module and name.partition(".")[0] in blocked])


runpy.run_module("model", run_name="__main__", alter_sys=True)
"""


def classified(table: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    lines = [json.loads(line)["predictions"] for line in table.read_text().splitlines()]
    return lines, json.loads(table.with_name(f"{table.name}.run.json").read_text())


@pytest.mark.parametrize("engine", ["auto", "onnx"])
def test_a_cached_export_classifies_without_torch_and_says_the_same(
    tiny: InstalledWeights,
    exported: NetworkExported,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        pattern(30 + number, 25).rotate(40 * number).save(folder / f"{number}.png")
    monkeypatch.setattr("model.engine_choice.has_gpu_driver", lambda: False)
    by_torch, by_onnx = tmp_path / "torch.jsonl", tmp_path / "onnx.jsonl"
    arguments = ["classify", str(folder), "--weights", "tiny", "--device", "cpu", "--quiet", "--fresh", "--json"]
    with tiny_networks():
        assert main([*arguments, str(by_torch), "--engine", "torch"]) == EXIT_OK
    copy_export(exported, folders.onnx_dir())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, str(by_onnx), "--engine", engine],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr, done.stdout) == (EXIT_OK, "", "[]\n")
    (expected, torch_run), (actual, onnx_run) = classified(by_torch), classified(by_onnx)
    assert (torch_run["engines"], onnx_run["engines"]) == ({"torch": 5}, {"onnx": 5})
    for ours, theirs in zip(actual, expected, strict=True):
        assert [one["label"] for one in ours] == [one["label"] for one in theirs]
        assert [one["prob"] for one in ours] == pytest.approx([one["prob"] for one in theirs], abs=1e-6)


def test_without_an_export_the_same_start_needs_torch(tiny: InstalledWeights, tmp_path: Path) -> None:
    """Else the test above would show nothing."""
    picture = tmp_path / "a.png"
    pattern().save(picture)
    arguments = ["classify", str(picture), "--weights", "tiny", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode != EXIT_OK
    assert "import of torch halted" in done.stderr
