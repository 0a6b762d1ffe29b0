"""An engine that makes up results as fast as it is told, for measuring the window alone."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from model.cancel import CancelToken
from model.classify_request import ClassifyRequest
from model.types import EngineReady, ImageResult, InstalledWeights, PictureFacts, Prediction, ResultBatch, WeightsOpened
from model.weights import Catalogue

BATCH = 8


class MadeUpEngine:
    """Gives every picture five labels of ImageNet, one in ten the verdict unsure; `per_second` pictures, 0 to pause."""

    def __init__(self, catalogue: Catalogue, per_second: int) -> None:
        """Take the weights' cards from `catalogue`; nothing is opened or loaded."""
        self._catalogue = catalogue
        self.per_second = per_second
        self._random = random.Random(0)

    def run(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[object]:
        """Yield what `model.engine.Engine.run` does."""
        installed = self._installed(request)
        yield WeightsOpened(installed)
        request.queue.fill(request.paths)
        yield EngineReady(installed, "made up", BATCH)
        pause = threading.Event()
        due = time.perf_counter()
        while not cancel.cancelled:
            if not self.per_second:
                pause.wait(0.02)
                due = time.perf_counter()
                continue
            paths = [path for _ in range(BATCH) if (path := next(request.queue, None)) is not None]
            if not paths:
                return
            yield ResultBatch(tuple(self._result(path, installed) for path in paths))
            due += BATCH / self.per_second
            pause.wait(max(0.0, due - time.perf_counter()))

    def preload(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[EngineReady]:
        """Yield at once: there is nothing to load."""
        yield EngineReady(self._installed(request), "made up", BATCH)

    def close(self) -> None:
        """There is nothing to close."""

    def _installed(self, request: ClassifyRequest) -> InstalledWeights:
        weights = self._catalogue.entry(request.weights_id).weights
        return InstalledWeights(weights, {}, f"{weights.id:0<64}")

    def _result(self, path: Path, installed: InstalledWeights) -> ImageResult:
        classes = installed.weights.classes
        chosen = self._random.sample(range(len(classes)), min(5, len(classes)))
        shares = sorted((self._random.random() ** 3 for _ in chosen), reverse=True)
        whole = sum(shares) * 1.1
        return ImageResult(
            path=path,
            predictions=tuple(
                Prediction(place, classes[place], share / whole) for place, share in zip(chosen, shares, strict=True)
            ),
            problem=None,
            facts=PictureFacts("JPEG", 640, 480),
            weights_id=installed.weights.id,
            weights_sha256=installed.sha256,
            seconds=0.05,
            classified_at=datetime.now(UTC),
            unsure=self._random.random() < 0.1,
            calibration=installed.weights.calibration,
        )
