"""The command line's training is killed in the middle of an epoch, resumed, and ends as if nothing had happened."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from training_samples import TINY_NETWORK, tint_folders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no signals that kill")

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 8
COMMAND = ["train", "--out", "tiny", "--backbone", TINY_NETWORK, "--device", "cpu", "--precision", "fp32"]
SETTINGS = ["--epochs", str(EPOCHS), "--size", "32", "--batch", "2", "--learning-rate", "0.002", "--ema", "0.9"]
WAYS = ["--mixup", "0.2", "--folds", "0", "--validation", "0.3", "--test", "0.3"]


def start(pictures: Path, data_dir: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "model", *COMMAND, *SETTINGS, *WAYS, *more, str(pictures)],
        cwd=ROOT,
        env=os.environ | {"PHOTOSPOTTER_DATA_DIR": str(data_dir), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What it said on standard output; it must have ended well."""
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out


def kill_after_epoch(number: int, process: subprocess.Popen[str], *, whole_group: bool) -> None:
    """SIGKILL while the next epoch is under way; returns when the process that trains is gone too."""
    assert process.stderr is not None
    assert process.stdout is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith(f"epoch {number} of {EPOCHS}"):
            break
    else:
        pytest.fail("".join(said))
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    # Both processes hold the other ends: these streams end when the last one is gone.
    rest = process.stderr.read()
    process.stdout.read()
    process.stderr.close()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    assert f"epoch {EPOCHS} of" not in rest


def stored(data_dir: Path) -> tuple[str, dict[str, object]]:
    """The digest of the stored network, and all on the card that is not another time each time."""
    folder = data_dir / "weights" / "tiny"
    card = json.loads((folder / "card.json").read_text())
    for key in ("trained_at", "seconds"):
        del card["recipe"][key]
    for epoch in card["recipe"]["epochs"]:
        del epoch["seconds"]
    return hashlib.sha256((folder / "tiny.safetensors").read_bytes()).hexdigest(), card


def test_killed_in_mid_epoch_and_resumed_it_gives_the_same_network(tmp_path: Path) -> None:
    """Once with its whole process group, once the parent alone, whose end the training process must notice."""
    pictures = tint_folders(tmp_path / "pictures", {"red": 24, "blue": 24})
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    printed = finish(start(pictures, whole))
    assert printed.startswith("test: ")
    kill_after_epoch(1, start(pictures, broken), whole_group=True)
    run_folder = broken / "training" / "tiny"
    assert (run_folder / "final" / "state.pt").exists()
    assert not (broken / "weights").exists()

    other = start(pictures, broken, "--resume", "--seed", "5")
    _, errors = other.communicate(timeout=120)
    assert other.returncode == 3
    assert "begun with something else: seed" in errors

    kill_after_epoch(3, start(pictures, broken, "--resume"), whole_group=False)
    assert not (broken / "weights").exists()
    assert finish(start(pictures, broken, "--resume")) == printed
    assert stored(broken) == stored(whole)
    assert not run_folder.exists()
