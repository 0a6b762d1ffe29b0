"""What the child process of `model.suspects` runs in tests."""

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from model.cancel import CancelToken
from model.suspects import Begun, Tried, decode_each
from model.types import DecodeMode, Preprocess


def dying(
    paths: Sequence[Path], preprocess: Preprocess, pixels: int, decode: DecodeMode, cancel: CancelToken
) -> Iterator[Begun | Tried]:
    """Decode, but die of pictures whose names say so."""
    for value in decode_each(paths, preprocess, pixels, decode, cancel):
        yield value
        if isinstance(value, Begun) and "deadly" in value.path.name:
            os.kill(os.getpid(), signal.SIGKILL)


def dead_from_the_start(*_arguments: object) -> Iterator[Begun | Tried]:
    """Die before the first picture."""
    os.kill(os.getpid(), signal.SIGKILL)
    yield Begun(Path())
