"""PySide6 6.12.0 on Python 3.11 loses a reference of True at each emit; the pin in pyproject.toml keeps it out."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
EMISSIONS = 20_000

EMIT = """
import sys
from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

class Source(QObject):
    flag = Signal(bool)
    thing = Signal(object)

class Target(QObject):
    received = 0

    @Slot(bool)
    def take_flag(self, value):
        self.received += 1

    @Slot(object)
    def take_thing(self, value):
        self.received += 1

app = QCoreApplication([])
source, target = Source(), Target()
source.flag.connect(target.take_flag)
source.thing.connect(target.take_thing)
value = True
before = sys.getrefcount(value)
for _ in range(int(sys.argv[1])):
    source.flag.emit(value)
    source.thing.emit(value)
print(target.received, sys.getrefcount(value) - before)
"""


def pyside_requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = [Requirement(text) for text in project["dependencies"] if text.startswith("PySide6")]
    assert {requirement.name for requirement in found} == {"PySide6-Essentials"}
    return found


@pytest.mark.parametrize(
    ("python_version", "pyside", "allowed"),
    [
        ("3.11", "6.12.0", False),
        ("3.11", "6.13.1", False),
        ("3.11", "6.11.3", True),
        ("3.12", "6.12.0", True),
        ("3.14", "6.12.0", True),
    ],
)
def test_which_pyside_is_asked_for(python_version: str, pyside: str, allowed: bool) -> None:
    environment = {"python_version": python_version}
    active = [r for r in pyside_requirements() if r.marker is None or r.marker.evaluate(environment)]
    assert len(active) == 1
    assert active[0].specifier.contains(pyside) is allowed


def test_installed_pyside_is_a_sound_one() -> None:
    if sys.version_info < (3, 12):
        assert Version(version("PySide6-Essentials")) < Version("6.12")
    assert version("shiboken6") == version("PySide6-Essentials")


def test_emitting_keeps_the_references_of_true() -> None:
    run = subprocess.run(
        [sys.executable, "-c", EMIT, str(EMISSIONS)], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, f"the process died: {run.returncode} {run.stderr}"
    received, drift = map(int, run.stdout.split())
    assert received == 2 * EMISSIONS
    assert abs(drift) < 100, f"{drift} references of True after {2 * EMISSIONS} emissions"
