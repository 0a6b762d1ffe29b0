"""The classifier that is loaded now, and the job that runs it; window and command line start every run here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.classify_request import ClassifierWish, ClassifyRequest
from model.early_decode import EarlyDecode
from model.engine_choice import ClassifierFactory, load_classifier
from model.errors import PhotospotterError
from model.lane import Exporter, Lane
from model.load_picture import make_load
from model.pipeline import Load, classify_images
from model.recall import ResultMemory
from model.store import FileVersion, file_version
from model.thread_split import default_split, known_split
from model.types import (
    EngineReady,
    InstalledWeights,
    Notice,
    PictureFacts,
    ResultBatch,
    RunPaused,
    WeightsOpened,
)

if TYPE_CHECKING:
    from model.weights import Catalogue

log = logging.getLogger(__name__)

WORTH_A_TRIAL = 200
"""A run of so many pictures begins with measuring the thread split, which takes a second."""

RunEvent = WeightsOpened | EngineReady | ResultBatch | Notice | RunPaused


class Engine:
    """Keeps one classifier loaded between runs. Owned by the compute thread, which makes every call.

    A run with other weights loads them first; when that fails the classifier loaded before stays in place. A network
    that torch runs on the CPU is exported to ONNX by `exporter`, and the run goes on with ONNX Runtime from then on.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        factory: ClassifierFactory | None = None,
        *,
        store_file: Path | None = None,
        exporter: Exporter | None = None,
        tune: bool = False,
    ) -> None:
        """Nothing is loaded, and torch is not imported, before the first run. Without `store_file` nothing is kept.

        With `tune` the thread split is measured where that was not done yet: when there is time, or much to do.
        """
        self._catalogue = catalogue
        self._memory = ResultMemory(store_file)
        self._factory = factory or load_classifier
        self._lane = Lane(self._factory, exporter)
        self._tune = tune

    def run(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[RunEvent]:
        """Recall what is known, load what the request names unless it is loaded, and classify the rest.

        Raises WeightsError or DeviceError before the first result when the weights cannot be used. When the drive of
        the pictures goes away, the run yields RunPaused and waits for `cancel` to be resumed.
        """
        installed = self._catalogue.open(request.weights_id)
        yield WeightsOpened(installed)
        unknown: list[Path] = []
        for item in self._recalled(request, installed):
            cancel.wait_while_paused()
            if cancel.cancelled:
                return
            if isinstance(item, ResultBatch):
                yield item
            else:
                unknown.append(item)
        if not unknown:
            return
        is_worth_a_trial = len(unknown) >= WORTH_A_TRIAL
        request.queue.fill(unknown)
        versions: dict[Path, FileVersion] = {}
        load = _noting_versions(make_load(installed.weights.preprocess, request.limits, request.decode), versions)
        with closing(EarlyDecode(load, unknown[0])) as early:
            del unknown
            ready = self._lane.load(installed, request.wish, cancel)
            yield ready
            if is_worth_a_trial:
                self._measure_threads(installed, request.wish, cancel)
            for event in classify_images(
                request.queue,
                self._lane,
                early,
                cancel=cancel,
                threads=(known_split(self._lane.engine) or default_split()).decode,
                top=request.top,
                decode=request.decode,
            ):
                if isinstance(event, ResultBatch):
                    self._memory.keep(event.results, installed, versions)
                    for result in event.results:
                        versions.pop(result.path, None)
                if (now := self._lane.ready()) != ready:
                    ready = now
                    yield ready
                yield event

    def preload(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[EngineReady]:
        """Load the network before the first picture comes, so that its label comes at once; yields when it is done.

        Whatever fails is only logged here; the first run will meet it again and tell the user.
        """
        try:
            installed = self._catalogue.open(request.weights_id)
            cancel.raise_if_cancelled()
            yield self._lane.load(installed, request.wish, cancel)
            self._measure_threads(installed, request.wish, cancel)
        except PhotospotterError as exc:
            log.warning("could not load ahead: %s", exc)

    def close(self) -> None:
        """Close the store and end an export; to be called on the compute thread, as its last act."""
        self._lane.close()
        self._memory.close()

    def _measure_threads(self, installed: InstalledWeights, wish: ClassifierWish, cancel: CancelToken) -> None:
        """Find the best thread split for the engine that is loaded, unless it is known, and load it that way."""
        if not self._tune or self._lane.device_key != "cpu" or known_split(self._lane.engine) is not None:
            return
        from model.thread_trial import measure_split

        best = measure_split(partial(self._factory, installed), wish, cancel)
        if best is not None and best.compute != default_split().compute:
            self._lane.reload(installed, wish)

    def _recalled(self, request: ClassifyRequest, installed: InstalledWeights) -> Iterator[Path | ResultBatch]:
        if request.fresh:
            return iter(request.paths)
        return self._memory.recall(request.paths, installed, request.top, request.decode)


def _noting_versions(load: Load, versions: MutableMapping[Path, FileVersion]) -> Load:
    """Return `load`, which first notes the version of the file that it is going to read."""

    def noting(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        version = file_version(path)
        if version is not None:
            versions[path] = version
        return load(path, cancel)

    return noting
