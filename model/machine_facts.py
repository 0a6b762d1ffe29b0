"""The computer's processor, memory and load, without a package for it; what the system does not tell is None."""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model.machine_notes import cpu_name

_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of main memory in all, and those that are free or can be freed at once."""

    total: int | None
    free: int | None


def processor_name() -> str:
    """Return the processor's name as its maker writes it, or the kind of processor where the system does not tell."""
    return _told_by_system() or cpu_name()


def usable_processors() -> int:
    """Return how many logical processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float | None:
    """Return how many processors were busy or wanted on average in the last minute; None on Windows."""
    with suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return None


def memory() -> Memory:
    """Return the main memory."""
    return _memory()


def _installed_memory() -> int | None:
    with suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _free_by_meminfo(path: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in path.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


if sys.platform == "win32":
    import ctypes
    import winreg

    class _Status(ctypes.Structure):
        """MEMORYSTATUSEX of sysinfoapi.h."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
        )

    def _memory() -> Memory:
        status = _Status(length=ctypes.sizeof(_Status))
        if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return Memory(None, None)
        return Memory(status.total, status.free)

    def _told_by_system() -> str:
        with suppress(OSError):
            key = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0")
            with key:
                return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
        return ""

elif sys.platform == "darwin":
    import ctypes

    def _memory() -> Memory:
        return Memory(_installed_memory(), None)

    def _told_by_system() -> str:
        size = ctypes.c_size_t(256)
        name = ctypes.create_string_buffer(size.value)
        with suppress(OSError, AttributeError):
            if ctypes.CDLL(None).sysctlbyname(b"machdep.cpu.brand_string", name, ctypes.byref(size), None, 0) == 0:
                return name.value.decode(errors="replace").strip()
        return ""

else:

    def _memory() -> Memory:
        return Memory(_installed_memory(), _free_by_meminfo(_MEMINFO))

    def _told_by_system() -> str:
        return ""
