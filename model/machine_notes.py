"""What was measured on this computer, kept for the next start: the thread split, and the device that torch chose.

It holds for one processor and one set of versions; a note that does not is measured again.
"""

import functools
import importlib.metadata
import json
import logging
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from model import folders
from model.names import display_name
from model.safe_files import write_atomically

log = logging.getLogger(__name__)

_FILE_NAME = "machine.json"
_MOST_BYTES = 1 << 16
_PACKAGES = ("torch", "onnxruntime", "pillow")


def read_notes() -> dict[str, object]:
    """Return the notes about this computer as it is now; empty when there are none."""
    path = _file()
    try:
        with path.open("rb") as handle:
            values = json.loads(handle.read(_MOST_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as exc:
        log.warning("the notes in %s are unusable: %s", display_name(path), exc)
        return {}
    if not isinstance(values, dict) or values.get("machine") != _machine():
        return {}
    notes = values.get("notes")
    return notes if isinstance(notes, dict) else {}


def add_notes(notes: Mapping[str, object]) -> None:
    """Keep these notes beside the others; a folder that cannot be written is logged and left."""
    path = _file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {"machine": _machine(), "notes": {**read_notes(), **notes}}
        write_atomically(path, json.dumps(values, indent=2).encode())
    except OSError as exc:
        log.warning("the notes could not be kept in %s: %s", display_name(path), exc)


def cpu_name() -> str:
    """Return the processor's name, or the kind of processor where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _machine() -> list[object]:
    return [cpu_name(), os.cpu_count(), *_versions()]


@functools.cache
def _versions() -> tuple[str, ...]:
    """Return the packages' versions, read once: each run asks for the notes several times."""
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return tuple(versions)


def _file() -> Path:
    return folders.data_dir() / _FILE_NAME
