"""A sorting run killed by SIGKILL at any moment is taken back whole."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sorting_desk import give_file, tree, undo

from model.sorting_journal import runs
from model.sorting_types import SortAction

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")

COUNT = 200
# Tells of every step; drives differ where `across` says so. The first argument is the action.
CHILD = """
import errno, os, sys
from pathlib import Path
from model import picture_placing, sorting
from model.cancel import CancelToken
from model.sorting_plan import plan_sorting
from model.sorting_types import SortItem, SortRequest
action, across, source, target = sys.argv[1:]
real = picture_placing.give_name
def rename(path, name):
    if across == "across" and ("out" in path.parts) != ("out" in name.parts):
        raise OSError(errno.EXDEV, "another drive")
    real(path, name)
picture_placing.give_name = rename
sorting._STEP_SECONDS = 0.0
paths = sorted(Path(source).rglob("*.jpg"))
items = [SortItem(path, "cat" if path.stem < "5" else "dog", 0.9, False) for path in paths]
request = SortRequest(action, Path(target) if action != "xmp" else None)
*_, plan = plan_sorting(items, ("cat", "dog"), request, CancelToken())
for event in sorting.carry_out(plan, CancelToken()):
    print("step", flush=True)
"""


@pytest.mark.parametrize(("action", "across"), [("copy", ""), ("move", ""), ("move", "across"), ("xmp", "")])
def test_a_run_killed_at_a_random_moment_is_undone(tmp_path: Path, action: SortAction, across: str) -> None:
    chance = random.Random(f"{action}{across}")
    source, target = tmp_path / "in", tmp_path / "out"
    for number in range(COUNT):
        give_file(source / str(number % 7) / f"{number % 50}.jpg", os.urandom(2000) + str(number).encode())
        if number % 20 == 0:
            give_file(source / str(number % 7) / f"{number % 50}.jpg.xmp", sidecar(number))
    before = tree(source)
    pictures = sum(name.endswith(".jpg") for name in before)
    for _round in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, action, across, str(source), str(target)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as child:
            assert child.stdout is not None
            for _ in range(chance.randrange(1, pictures)):
                assert child.stdout.readline() == "step\n"
            child.send_signal(signal.SIGKILL)
            child.communicate()
        assert child.returncode == -signal.SIGKILL
        assert tree(source) != before or target.exists(), "something had been done"
        (run,) = runs()
        assert undo(run.run)[0].kept == 0
        assert tree(source) == before
        assert not target.exists()


def sidecar(number: int) -> bytes:
    from model.xmp_packet import new_packet

    return new_packet([f"mine {number}"])
