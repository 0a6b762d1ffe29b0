"""Runs a whole process and says what it took: seconds, processor time, memory."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Set on a person's machine they would shape every contestant; each is to run as its library does by itself. Without
# compiled files kept, Photospotter would compile itself at each start, which no installed program does.
_SHAPING = {
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "MKL_NUM_THREADS",
    "KMP_BLOCKTIME",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
}
_POLL_SECONDS = 0.2
_KIBIBYTE = 1024


class ProcessFailedError(Exception):
    """A process ended with another exit code than 0; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took, from its start to its end.

    Attributes:
        seconds: by the clock.
        cpu_seconds: user and system time of it and of the child processes that it waited for.
        peak_bytes: the most memory at one time. Of one process that is the kernel's own figure (`ru_maxrss`, resident).
            While it has child processes it is the sum of all their proportional shares (`Pss`, so that pages which
            they share count once), looked at five times a second.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run_process(command: Sequence[str], environment: Mapping[str, str]) -> Usage:
    """Run a command to its end with no output shown; raises ProcessFailedError."""
    started = time.perf_counter()
    process = _start(command, environment, stdout=subprocess.DEVNULL)
    said: list[bytes] = []
    hearer = threading.Thread(target=_hear, args=(process, said))
    hearer.start()
    with _TreeMemory(process.pid) as memory:
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    hearer.join()
    if process.returncode:
        raise ProcessFailedError(b"".join(said)[-2000:].decode(errors="replace"))
    peak = max(used.ru_maxrss * _KIBIBYTE, memory.peak)
    return Usage(seconds, used.ru_utime + used.ru_stime, peak)


def seconds_to_line(command: Sequence[str], environment: Mapping[str, str], number: int) -> float:
    """Return the seconds from a process's start until its standard output holds `number` lines; it is ended then."""
    started = time.perf_counter()
    process = _start(command, environment, stdout=subprocess.PIPE)
    said: list[bytes] = []
    hearer = threading.Thread(target=_hear, args=(process, said))
    hearer.start()
    assert process.stdout is not None
    lines = 0
    while lines < number and process.stdout.readline():
        lines += 1
    seconds = time.perf_counter() - started
    _end(process)
    hearer.join()
    process.stdout.close()
    if lines < number:
        raise ProcessFailedError(b"".join(said)[-2000:].decode(errors="replace"))
    return seconds


def _start(command: Sequence[str], environment: Mapping[str, str], stdout: int) -> "subprocess.Popen[bytes]":
    kept = {name: value for name, value in os.environ.items() if name not in _SHAPING}
    return subprocess.Popen(
        command,
        env=kept | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _hear(process: "subprocess.Popen[bytes]", said: list[bytes]) -> None:
    assert process.stderr is not None
    with process.stderr:
        said.append(process.stderr.read())


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process with all that it started: they are a session of their own."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _TreeMemory:
    """Watches, while entered, how much memory a process and its children take together. Linux only, else 0."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> "_TreeMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._left.wait(_POLL_SECONDS):
            tree = process_tree(self._pid)
            if len(tree) > 1:
                self.peak = max(self.peak, sum(proportional_bytes(pid) for pid in tree))


def process_tree(pid: int) -> list[int]:
    """Return a process and all its descendants; only itself where the system does not tell."""
    tree = [pid]
    for parent in tree:
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                tree += [int(child) for child in listed.read_text().split()]
            except OSError:  # it has ended meanwhile
                continue
    return tree


def proportional_bytes(pid: int) -> int:
    """Return a process's proportional set size; 0 when it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KIBIBYTE for line in text.splitlines() if line.startswith("Pss:")), 0)
