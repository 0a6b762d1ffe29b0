"""The threads that decode pictures for the pipeline.

They are daemon threads of their own, not those of `concurrent.futures`: that module joins its threads when the
interpreter exits, and a read that hangs on a dead network drive would keep the program from ending.
"""

import itertools
import logging
import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.errors import ImageError
from model.names import display_name
from model.picture_file import free_kept_memory
from model.picture_notes import Recalled
from model.pixel_budget import DecodeToken
from model.types import ImageResult, PictureFacts, Problem

log = logging.getLogger(__name__)

Work = Callable[[Path, CancelToken], tuple[NDArray[np.uint8], PictureFacts]]
"""Runs on a decode thread: path -> network input and facts; raises ImageError, or Recalled with what is known."""

DEFAULT_STALL_SECONDS = 30.0

MOST_ABANDONED = 32
"""Threads of this process that sit in a read nobody waits for; with so many, no pool starts another."""


def decode_threads() -> int:
    """Return how many threads decode: Pillow releases the GIL, so one for each processor, up to 8."""
    return min(8, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The outcome for one submitted path: either `pixels` and `facts`, or a `problem`, or the result known before.

    `seconds` is how long the picture kept its thread busy, without waiting for room in the pixel budget.
    """

    index: int
    path: Path
    pixels: NDArray[np.uint8] | None
    facts: PictureFacts | None
    problem: Problem | None
    seconds: float
    recalled: ImageResult | None = None


@dataclass(slots=True, eq=False)
class _Running:
    """A picture that a thread is busy with; taken off the pool's list when it is done, or given up on."""

    index: int
    path: Path
    token: DecodeToken


_abandoned: set[_Running] = set()
_abandoned_lock = threading.Lock()


def abandoned_threads() -> int:
    """Return how many threads sit in a read that nobody waits for; from any thread."""
    with _abandoned_lock:
        return len(_abandoned)


class DecodePool:
    """Decodes what is submitted, on up to `threads` threads, and gives it back in the order of finishing.

    `submit`, `take` and `close` belong to one thread, the pipeline's. A picture that keeps its thread busy for more
    than `stall_seconds` comes back as a problem; its thread is abandoned and replaced, its late result is dropped.
    Where too many are abandoned already, what is queued comes back as a problem too, after the same time.
    """

    def __init__(
        self,
        threads: int,
        work: Work,
        *,
        stall_seconds: float = DEFAULT_STALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a pool of `threads` (at least 1); they start when there is something for them to do."""
        if threads < 1:
            raise ValueError(f"a pool of {threads} threads decodes nothing")
        self._threads = threads
        self._work = work
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._changed = threading.Condition()
        self._pending: deque[tuple[int, Path]] = deque()
        self._running: set[_Running] = set()
        self._done: deque[Decoded] = deque()
        self._alive = 0  # threads that are not abandoned
        self._numbers = itertools.count(1)
        self._closed = False
        self._held = False
        self._without_thread_since: float | None = None

    @property
    def in_flight(self) -> int:
        """How many pictures were submitted and not yet taken."""
        with self._changed:
            return len(self._pending) + len(self._running) + len(self._done)

    def submit(self, index: int, path: Path) -> None:
        """Queue a picture; `index` is given back with it."""
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed")
            self._pending.append((index, path))
            self._start_threads()
            self._changed.notify_all()

    def take(self, timeout: float) -> Decoded | None:
        """Return the next finished picture, or None if there is none within `timeout` seconds or nothing in flight."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                next_stall = self._give_up_stalled()
                if self._done:
                    return self._done.popleft()
                left = deadline - time.monotonic()
                if left <= 0 or not (self._pending or self._running):
                    return None
                self._changed.wait(min(left, next_stall))

    def close(self) -> None:
        """Stop: forget what is queued, cancel what is being decoded, and let idle threads end. Never blocks."""
        with self._changed:
            self._closed = True
            self._pending.clear()
            self._done.clear()
            for running in list(self._running):
                self._abandon(running)
            self._changed.notify_all()
        free_kept_memory()

    def hold(self) -> None:
        """Begin with no further picture until `go_on`; those that are being decoded are finished."""
        with self._changed:
            self._held = True

    def go_on(self) -> None:
        """Decode again after `hold`."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def restart(self) -> list[Path]:
        """Give up what is queued, being decoded or failed, and return its paths; other finished ones can be taken."""
        with self._changed:
            failed = [decoded for decoded in self._done if decoded.problem is not None]
            paths = [path for _, path in self._pending]
            paths += [running.path for running in self._running] + [decoded.path for decoded in failed]
            self._pending.clear()
            self._done = deque(decoded for decoded in self._done if decoded.problem is None)
            for running in list(self._running):
                self._abandon(running)
            return paths

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_threads(self) -> None:
        """Have a thread for each picture, up to the limits. Called with the lock held."""
        while self._alive < min(self._threads, len(self._pending) + len(self._running)):
            if abandoned_threads() >= MOST_ABANDONED:
                break
            thread = threading.Thread(target=self._run, name=f"decode-{next(self._numbers)}", daemon=True)
            thread.start()
            self._alive += 1

    def _give_up_stalled(self) -> float:
        """Turn stalled pictures into problems; return the seconds until the next could stall. Called with the lock."""
        next_stall = self._stall_seconds
        for running in list(self._running):
            seconds = running.token.busy_seconds
            if seconds <= self._stall_seconds:
                next_stall = min(next_stall, self._stall_seconds - seconds)
                continue
            log.warning("%s has been decoding for %.0f s, its thread is given up", display_name(running.path), seconds)
            self._abandon(running)
            self._done.append(self._stalled(running.index, running.path, seconds))
        self._start_threads()
        self._give_up_queued()
        return max(next_stall, 0.01)

    def _give_up_queued(self) -> None:
        """Turn the next picture into a problem where no thread may be started for it in time. Called with the lock."""
        if self._alive or not self._pending:
            self._without_thread_since = None
        elif self._without_thread_since is None:
            self._without_thread_since = self._clock()
        elif (seconds := self._clock() - self._without_thread_since) > self._stall_seconds:
            self._without_thread_since = None
            self._done.append(self._stalled(*self._pending.popleft(), seconds))

    def _abandon(self, running: _Running) -> None:
        """Wait no longer for a picture, nor for its thread. Called with the lock held."""
        running.token.cancel()
        self._running.discard(running)
        self._alive -= 1
        with _abandoned_lock:
            _abandoned.add(running)

    def _stalled(self, index: int, path: Path, seconds: float) -> Decoded:
        problem = Problem("image-stalled", (("seconds", round(self._stall_seconds)),))
        return Decoded(index, path, None, None, problem, seconds)

    def _run(self) -> None:
        """Decode until the pool is closed or this thread is given up; the body of each thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: (self._pending and not self._held) or self._closed)
                if self._closed:
                    return
                index, path = self._pending.popleft()
                running = _Running(index, path, DecodeToken(self._clock))
                self._running.add(running)
            decoded = self._decode(running)
            with self._changed:
                if running not in self._running:
                    with _abandoned_lock:
                        _abandoned.discard(running)
                    return  # given up or closed: nobody waits for this result, and another thread has this one's place
                self._running.discard(running)
                self._done.append(decoded)
                self._changed.notify_all()
            del decoded, running  # an idle thread must not keep a picture in memory

    def _decode(self, running: _Running) -> Decoded:
        pixels, facts, problem, recalled = None, None, None, None
        try:
            pixels, facts = self._work(running.path, running.token)
        except Recalled as exc:
            recalled = exc.result
        except ImageError as exc:
            problem = exc.problem
        except MemoryError as exc:
            problem = Problem("image-out-of-memory", detail=str(exc))
        except Exception:  # the worker boundary: a fault in one picture must not end the run or hang it
            problem = Problem("image-unexpected", detail=traceback.format_exc())
            if not running.token.cancelled:
                log.exception("decoding %s failed unexpectedly", display_name(running.path))
        return Decoded(running.index, running.path, pixels, facts, problem, running.token.busy_seconds, recalled)
