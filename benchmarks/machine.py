"""What the figures were taken on: facts of the machine and versions, nothing that names its owner."""

import importlib.metadata
import os
import platform
from pathlib import Path

PEERS = (
    "photospotter",
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "onnxruntime",
    "pillow",
    "numpy",
)


def machine_facts() -> dict[str, str]:
    """Return processor, cores, memory and operating system in words."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": _system(),
        "python": platform.python_version(),
    }


def peer_versions() -> dict[str, str]:
    """Return the versions of all that take part."""
    return {name: importlib.metadata.version(name) for name in PEERS}


def _processor() -> str:
    """Return the processor's name with what tells generations of one name apart, and its widest instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    flags = facts.get("flags", "").split()
    widest = next((title for flag, title in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "")
    named = facts.get("model name", platform.machine())
    generation = f"family {facts['cpu family']} model {facts['model']}" if "cpu family" in facts else ""
    return ", ".join(part for part in (named, generation, widest) if part)


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = platform.system()
    return f"{name}, {platform.system()} {platform.machine()}"
