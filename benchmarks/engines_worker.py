"""One candidate in a process of its own: it says what importing and loading took, then obeys commands, one a line.

`rate SECONDS` -> pictures a second over at least that long; `logits FIRST STEP FILE` -> the logits of every STEP-th
picture from FIRST on, into a file; the end of the input ends it. Each answer is a line of JSON.
"""

import argparse
import importlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines_candidates import CANDIDATES, Request, Run
from benchmarks.engines_files import PIXELS

_WARM_UP = 3


def main() -> None:
    """Load the candidate and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("candidate", choices=CANDIDATES)
    parser.add_argument("weights")
    parser.add_argument("work", type=Path)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--half", type=int, default=0)
    chosen = parser.parse_args()
    request = Request(chosen.weights, chosen.work, chosen.batch, chosen.threads, chosen.callers, chosen.half)
    candidate = CANDIDATES[chosen.candidate]
    pixels = np.load(request.folder / PIXELS, mmap_mode="r")
    before = peak_memory()
    started = time.monotonic()
    importlib.import_module(candidate.module)
    imported = time.monotonic()
    run = candidate.build(request)
    loaded = time.monotonic()
    run(_batch(pixels, 0, request.batch))
    answered = time.monotonic()
    for number in range(_WARM_UP):
        run(_batch(pixels, number, request.batch))
    _say(
        import_seconds=imported - started,
        load_seconds=loaded - imported,
        first_run_seconds=answered - loaded,
        start_memory=before,
        peak_memory=peak_memory(),
    )
    for line in sys.stdin:
        command, *words = line.split(" ")
        if command == "rate":
            _say(rate=_rate(run, pixels, request, float(words[0])))
        else:
            first, step, file = int(words[0]), int(words[1]), Path(" ".join(words[2:]).rstrip("\n"))
            np.save(file, np.concatenate(list(_logits(run, pixels[first::step], request.batch))))
            _say(saved=True)


def peak_memory() -> int:
    """Return the most resident memory, bytes, that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _rate(run: Run, pixels: NDArray[np.uint8], request: Request, seconds: float) -> float:
    batches = [_batch(pixels, number, request.batch) for number in range(4)]

    def own_rate(_: int) -> float:
        started = time.monotonic()
        done = 0
        while (passed := time.monotonic() - started) < seconds:
            run(batches[done % len(batches)])
            done += 1
        return done * request.batch / passed

    with ThreadPoolExecutor(request.callers) as callers:
        return sum(callers.map(own_rate, range(request.callers)))


def _batch(pixels: NDArray[np.uint8], number: int, batch: int) -> NDArray[np.uint8]:
    return pixels[np.arange(number * batch, (number + 1) * batch) % len(pixels)]


def _logits(run: Run, pixels: NDArray[np.uint8], batch: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(pixels), batch):
        part = np.ascontiguousarray(pixels[start : start + batch])
        # A last part-batch is filled up, for engines whose batch size never changes.
        padded = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
        yield run(padded)[: len(part)]


def _say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
