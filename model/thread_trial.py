"""Finds out how many threads decode and how many compute best on this computer's CPU, by trying."""

import itertools
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from model.cancel import CancelToken
from model.classify_request import ClassifierWish
from model.decode_limits import DecodeLimits
from model.engine_choice import LoadedClassifier
from model.load_picture import make_load
from model.pipeline import classify_images
from model.thread_split import ThreadSplit, default_split, keep_split
from model.types import EngineName, ResultBatch, RunPaused

log = logging.getLogger(__name__)

TRIAL_SECONDS = 1.0
"""How long all arrangements together are tried, beside loading the network for each."""

# Measured for a quarter of a second each, arrangements differ by several per cent by chance alone.
_WORTH_A_CHANGE = 1.1
_TRIAL_SIZE = (1920, 1080)


def measure_split(
    make: Callable[[ClassifierWish], LoadedClassifier],
    wish: ClassifierWish,
    cancel: CancelToken,
    *,
    seconds: float = TRIAL_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> ThreadSplit | None:
    """Try arrangements on a photograph-sized picture, for `seconds` in all, and keep the best for the next start.

    `make` loads the network as wished, with the given number of threads. One that is not at least a tenth faster than
    the default does not replace it. None when cancelled.
    """
    rates: dict[ThreadSplit, float] = {}
    engine: EngineName | None = None
    arrangements = _arrangements()
    with tempfile.TemporaryDirectory(prefix="photospotter-") as folder:
        picture = write_picture(Path(folder), _TRIAL_SIZE)
        for compute, group in itertools.groupby(arrangements, key=lambda split: split.compute):
            classifier = make(replace(wish, threads=compute))
            engine = classifier.engine
            for split in group:
                rates[split] = _rate(picture, classifier, split, seconds / len(arrangements), cancel, clock)
                if cancel.cancelled:
                    return None
    log.info("images/s by threads: %s", rates)
    best = max(rates, key=lambda split: rates[split])
    if rates[best] < _WORTH_A_CHANGE * rates[default_split()]:
        best = default_split()
    assert engine is not None
    keep_split(engine, best)
    return best


def _arrangements() -> list[ThreadSplit]:
    """Return all processors or half of them for each kind of work, ordered by `compute`.

    Half, because on many processors two threads share one core.
    """
    whole = default_split()
    computes = dict.fromkeys((whole.compute, max(1, whole.compute // 2)))
    decodes = dict.fromkeys((whole.decode, max(1, whole.decode // 2)))
    return [ThreadSplit(decode, compute) for compute in computes for decode in decodes]


def _rate(
    picture: Path,
    classifier: LoadedClassifier,
    split: ThreadSplit,
    seconds: float,
    cancel: CancelToken,
    clock: Callable[[], float],
) -> float:
    """Return pictures a second, from the end of the first batch on."""
    load = make_load(classifier.installed.weights.preprocess, DecodeLimits())
    stop = CancelToken()
    started, done = None, 0
    results: Iterator[object] = classify_images(
        itertools.repeat(picture), classifier, load, cancel=stop, threads=split.decode
    )
    for event in results:
        if isinstance(event, RunPaused):
            stop.cancel()
        if not isinstance(event, ResultBatch):
            continue
        if started is None:
            started = clock()
            continue
        done += len(event.results)
        if cancel.cancelled or clock() - started >= seconds:
            stop.cancel()
    return 0.0 if started is None else done / max(clock() - started, 1e-6)


def write_picture(folder: Path, size: tuple[int, int]) -> Path:
    """Write a JPEG of a width and height that takes as long to decode as a photograph: smooth colours with grain."""
    generator = np.random.default_rng(1)
    coarse = Image.fromarray(generator.integers(0, 256, (27, 48, 3), dtype=np.uint8)).resize(size)
    grain = generator.integers(-8, 9, (*reversed(size), 3), dtype=np.int16)
    path = folder / "trial.jpg"
    Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(path, quality=92)
    return path
