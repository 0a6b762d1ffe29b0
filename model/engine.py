"""The classifier that is loaded now, and the job that runs it; window and command line start every run here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.decode import DecodeLimits
from model.decode_pool import decode_threads
from model.errors import PhotospotterError
from model.load_picture import make_load
from model.pipeline import DEFAULT_TOP, ImageClassifier, Load, classify_images
from model.recall import ResultMemory
from model.store import FileVersion, file_version
from model.types import (
    EngineReady,
    InstalledWeights,
    Notice,
    PictureFacts,
    ResultBatch,
    WeightsOpened,
)

if TYPE_CHECKING:
    from model.weights import Catalogue

log = logging.getLogger(__name__)

RunEvent = WeightsOpened | EngineReady | ResultBatch | Notice


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """What to classify and with what.

    `device` is auto, cpu, cuda or mps; `batch_size` None is the device's own. `fresh` takes nothing from the store.
    """

    paths: Iterable[Path]
    weights_id: str
    device: str = "auto"
    batch_size: int | None = None
    top: int = DEFAULT_TOP
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    fresh: bool = False


class LoadedClassifier(ImageClassifier, Protocol):
    """An ImageClassifier that can name its device."""

    @property
    def device_label(self) -> str:
        """The device in words."""


class ClassifierFactory(Protocol):
    """Loads a weight set onto a device; slow, raises WeightsError or DeviceError."""

    def __call__(self, installed: InstalledWeights, device: str, batch_size: int | None) -> LoadedClassifier:
        """Return the loaded classifier."""


class Engine:
    """Keeps one classifier loaded between runs. Owned by the compute thread, which makes every call.

    A run with other weights loads them first; when that fails the classifier loaded before stays in place.
    """

    def __init__(
        self, catalogue: Catalogue, factory: ClassifierFactory | None = None, *, store_file: Path | None = None
    ) -> None:
        """Nothing is loaded, and torch is not imported, before the first run. Without `store_file` nothing is kept."""
        self._catalogue = catalogue
        self._memory = ResultMemory(store_file)
        self._factory = factory or load_classifier
        self._loaded: LoadedClassifier | None = None
        self._loaded_for: tuple[InstalledWeights, str, int | None] | None = None

    def run(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[RunEvent]:
        """Recall what is known, load what the request names unless it is loaded, and classify the rest.

        Raises WeightsError or DeviceError before the first result when the weights cannot be used.
        """
        installed = self._catalogue.open(request.weights_id)
        yield WeightsOpened(installed)
        unknown: list[Path] = []
        for item in self._recalled(request, installed):
            if cancel.cancelled:
                return
            if isinstance(item, ResultBatch):
                yield item
            else:
                unknown.append(item)
        if not unknown:
            return
        classifier = self._classifier_for(installed, request)
        yield EngineReady(classifier.installed, classifier.device_label, classifier.batch_size)
        versions: dict[Path, FileVersion] = {}
        load = _noting_versions(make_load(installed.weights.preprocess, request.limits), versions)
        for event in classify_images(
            unknown, classifier, load, cancel=cancel, threads=decode_threads(), top=request.top
        ):
            if isinstance(event, ResultBatch):
                self._memory.keep(event.results, installed, versions)
                for result in event.results:
                    versions.pop(result.path, None)
            yield event

    def preload(self, request: ClassifyRequest, cancel: CancelToken) -> Iterator[EngineReady]:
        """Load the network before the first picture comes, so that its label comes at once; yields when it is done.

        Whatever fails is only logged here; the first run will meet it again and tell the user.
        """
        try:
            installed = self._catalogue.open(request.weights_id)
            cancel.raise_if_cancelled()
            classifier = self._classifier_for(installed, request)
        except PhotospotterError as exc:
            log.warning("could not load ahead: %s", exc)
            return
        yield EngineReady(classifier.installed, classifier.device_label, classifier.batch_size)

    def close(self) -> None:
        """Close the store; to be called on the compute thread, as its last act."""
        self._memory.close()

    def _recalled(self, request: ClassifyRequest, installed: InstalledWeights) -> Iterator[Path | ResultBatch]:
        if request.fresh:
            return iter(request.paths)
        return self._memory.recall(request.paths, installed, request.top)

    def _classifier_for(self, installed: InstalledWeights, request: ClassifyRequest) -> LoadedClassifier:
        # The whole card counts, not the digest alone: one file may have been imported twice, with different labels.
        wanted = (installed, request.device, request.batch_size)
        if self._loaded is None or self._loaded_for != wanted:
            self._loaded = self._factory(installed, request.device, request.batch_size)
            self._loaded_for = wanted
        return self._loaded


def load_classifier(installed: InstalledWeights, device: str, batch_size: int | None) -> LoadedClassifier:
    """Import torch, choose the device and load the network."""
    from model.classifier import Classifier
    from model.devices import choose_device

    return Classifier(installed, choose_device(device), batch_size=batch_size)


def _noting_versions(load: Load, versions: MutableMapping[Path, FileVersion]) -> Load:
    """Return `load`, which first notes the version of the file that it is going to read."""

    def noting(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        version = file_version(path)
        if version is not None:
            versions[path] = version
        return load(path, cancel)

    return noting
