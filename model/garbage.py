"""When Python looks for cyclic garbage: not while it imports, and not at its end."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Have nothing collected meanwhile, and what is there at the end never looked at: for imports of large libraries.

    Looking through all objects again and again takes a quarter of the time in which torch is imported, and finds hardly
    anything. Where collecting is off, as in the window, whose garbage has a time of its own, this changes nothing.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def end_without_collecting() -> None:
    """Have the interpreter end without looking for garbage, which with torch in memory takes most of a second."""
    atexit.register(gc.freeze)
