"""Pictures that were in a decoder when a process died, decoded one by one where a crash hurts nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model.cancel import CancelToken
from model.errors import ImageError, PhotospotterError
from model.names import display_name
from model.picture_identity import PictureIdentity
from model.store_rows import CRASHED
from model.types import DecodeMode, PictureFacts, Preprocess, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from model.decode_limits import DecodeLimits
    from model.picture_notes import PictureNotes

log = logging.getLogger(__name__)

STALL_SECONDS = 30.0
JOB = "model.suspects:decode_each"


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """How it went with one picture: its network input, uint8 (S, S, 3), with facts and identity, or a problem.

    All is None for one that was not tried in the end.
    """

    path: Path
    pixels: NDArray[np.uint8] | None = None
    facts: PictureFacts | None = None
    identity: PictureIdentity | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The child is about to decode this one."""

    path: Path


class SuspectLoad:
    """A Load that gives what a child process found out about suspects, and loads all others. For decode threads."""

    def __init__(self, notes: PictureNotes, tried: Iterable[Tried]) -> None:
        """Know of `tried`; others are loaded by `notes`, which also takes the identities."""
        self._notes = notes
        self._tried = {one.path: one for one in tried if one.pixels is not None or one.problem is not None}

    def __call__(self, path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        """Return the network input and what is known of the picture; raises ImageError."""
        one = self._tried.get(path)  # and it stays: who asked early asks again after a failure
        if one is None:
            return self._notes(path, cancel)
        if one.problem is not None:
            raise ImageError(one.problem.code, detail=one.problem.detail, **dict(one.problem.params))
        assert one.pixels is not None
        assert one.facts is not None
        self._notes.add(path, one.identity)
        return one.pixels, one.facts


def try_in_child(
    paths: Sequence[Path], preprocess: Preprocess, limits: DecodeLimits, decode: DecodeMode, cancel: CancelToken
) -> Iterator[Tried]:
    """Decode each picture in a child process and yield how it went, in order; one that kills the child has CRASHED.

    Raises Cancelled. When no child can be started, the pictures are yielded as not tried.
    """
    from model.child_process import run_in_child

    remaining = list(paths)
    while remaining:
        begun: Path | None = None
        arguments = (remaining, preprocess, limits.pixels, decode)
        try:
            for value in run_in_child(JOB, arguments, cancel):
                if isinstance(value, Begun):
                    begun = value.path
                elif isinstance(value, Tried):
                    begun = None
                    remaining.remove(value.path)
                    yield value
        except PhotospotterError as exc:
            if begun is None:
                log.warning("pictures could not be tried one by one: %s", exc)
            else:
                log.warning("%s killed the process that decoded it: %s", display_name(begun), exc.problem.detail)
                remaining.remove(begun)
                yield Tried(begun, problem=Problem(CRASHED))
                continue
        cancel.raise_if_cancelled()
        yield from map(Tried, remaining)
        return


def decode_each(
    paths: Sequence[Path], preprocess: Preprocess, pixels: int, decode: DecodeMode, cancel: CancelToken
) -> Iterator[Begun | Tried]:
    """Decode one after another: the child's job. After one that stalls the rest is not tried: their drive is away."""
    from model.decode_limits import DecodeLimits
    from model.decode_pool import DecodePool
    from model.load_picture import make_load
    from model.picture_notes import PictureNotes

    notes = PictureNotes(make_load(preprocess, DecodeLimits(pixels=pixels), decode))
    with DecodePool(1, notes, stall_seconds=STALL_SECONDS) as pool:
        for index, path in enumerate(paths):
            yield Begun(path)
            pool.submit(index, path)
            while (decoded := pool.take(0.1)) is None:
                cancel.raise_if_cancelled()
            identity = notes.take(path)
            yield Tried(path, decoded.pixels, decoded.facts, identity, decoded.problem)
            if decoded.problem is not None and decoded.problem.code == "image-stalled":
                return
