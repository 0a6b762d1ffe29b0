"""How many threads decode and how many compute on the CPU, as measured on this computer (`model.thread_trial`)."""

import os
from dataclasses import dataclass

from model.decode_pool import decode_threads
from model.machine_notes import add_notes, read_notes
from model.types import EngineName


@dataclass(frozen=True, slots=True)
class ThreadSplit:
    """`decode` threads decode pictures, `compute` threads work on each batch."""

    decode: int
    compute: int


def default_split() -> ThreadSplit:
    """Return what is used until it has been measured: one of each for each processor, since neither is always busy."""
    return ThreadSplit(decode_threads(), os.cpu_count() or 1)


def known_split(engine: EngineName) -> ThreadSplit | None:
    """Return what was measured on this computer; None when nothing was."""
    match read_notes().get(_note(engine)):
        case [int(decode), int(compute)] if 1 <= decode <= 64 and 1 <= compute <= 1024:
            return ThreadSplit(decode, compute)
        case _:
            return None


def keep_split(engine: EngineName, split: ThreadSplit) -> None:
    """Keep what was measured for the next start."""
    add_notes({_note(engine): [split.decode, split.compute]})


def _note(engine: EngineName) -> str:
    return f"threads-{engine}"
