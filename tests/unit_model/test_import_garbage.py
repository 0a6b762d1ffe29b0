"""Garbage collection keeps away from imports and from the end of the process."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from model.garbage import without_collecting


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    before = gc.isenabled()
    gc.enable()
    yield
    if not before:
        gc.disable()


def test_nothing_is_collected_meanwhile_and_nothing_of_it_is_looked_at_later() -> None:
    before = gc.get_freeze_count()
    with without_collecting():
        assert not gc.isenabled()
        kept = [[number] for number in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(kept)


def test_a_failure_leaves_collecting_on() -> None:
    with pytest.raises(ImportError), without_collecting():
        raise ImportError
    assert gc.isenabled()


def test_where_collecting_is_off_it_stays_off_and_nothing_is_frozen() -> None:
    gc.disable()
    before = gc.get_freeze_count()
    with without_collecting():
        pass
    assert (gc.isenabled(), gc.get_freeze_count()) == (False, before)


def test_the_command_line_ends_with_everything_frozen() -> None:
    # What is registered first runs last.
    code = """
import atexit, gc, sys
atexit.register(lambda: print(gc.get_freeze_count() > len(gc.get_objects())))
from model.cli import main
sys.exit(main(["weights", "list"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"
