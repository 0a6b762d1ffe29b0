"""The classifier that the pipeline runs on; it moves from torch to ONNX Runtime in mid-run once the export is there."""

import logging
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.classify_request import ClassifierWish
from model.engine_choice import NOT_EXPORTED, ClassifierFactory, LoadedClassifier
from model.errors import PhotospotterError, WeightsError
from model.types import BatchOutput, EngineName, EngineReady, InstalledWeights

log = logging.getLogger(__name__)


class Exporter(Protocol):
    """Exports networks to ONNX beside the run; owned by the compute thread."""

    def is_wanted(self, installed: InstalledWeights) -> bool:
        """Return whether an export could be of use and was not tried yet."""

    def start(self, installed: InstalledWeights) -> None:
        """Begin to export in the background, unless an export is under way; failing is only logged."""

    def has_made(self, installed: InstalledWeights) -> bool:
        """Return whether an export that was under way has ended since the last call, and this set's may be used."""

    def export_now(self, installed: InstalledWeights, cancel: CancelToken) -> None:
        """Export and wait for it; raises ExportError, WeightsError or Cancelled."""

    def close(self) -> None:
        """End an export that is under way; what it has written so far counts for nothing."""


class Lane:
    """An ImageClassifier that stands for the one that is loaded. Owned by the compute thread."""

    def __init__(self, factory: ClassifierFactory, exporter: Exporter | None = None) -> None:
        """Nothing is loaded yet; without an `exporter` the lane stays with what the factory gave."""
        self._factory = factory
        self._exporter = exporter
        self._loaded: LoadedClassifier | None = None
        self._loaded_for: tuple[InstalledWeights, ClassifierWish] | None = None

    def load(self, installed: InstalledWeights, wish: ClassifierWish, cancel: CancelToken) -> EngineReady:
        """Load what is wished for unless it is loaded; when that fails, what was loaded before stays.

        Raises WeightsError, DeviceError, ExportError or Cancelled.
        """
        # The whole card counts, not the digest alone: one file may have been imported twice, with different labels.
        if self._loaded is None or self._loaded_for != (installed, wish):
            try:
                self.reload(installed, wish)
            except WeightsError as exc:
                if exc.problem.code != NOT_EXPORTED or self._exporter is None:
                    raise
                self._exporter.export_now(installed, cancel)
                self.reload(installed, wish)
        else:
            self._move()
        return self.ready()

    def reload(self, installed: InstalledWeights, wish: ClassifierWish) -> None:
        """Load again what is loaded; raises WeightsError or DeviceError."""
        self._loaded = self._factory(installed, wish)
        self._loaded_for = (installed, wish)

    def ready(self) -> EngineReady:
        """Return what is loaded now."""
        loaded = self._now
        return EngineReady(loaded.installed, loaded.device_label, loaded.batch_size, loaded.engine)

    @property
    def installed(self) -> InstalledWeights:
        """The weights in use."""
        return self._now.installed

    @property
    def batch_size(self) -> int:
        """How many pictures the device takes at a time."""
        return self._now.batch_size

    @property
    def engine(self) -> EngineName:
        """What computes now."""
        return self._now.engine

    @property
    def device_key(self) -> str:
        """The device in use: cpu, cuda or mps."""
        return self._now.device_key

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        """Classify uint8 (N, S, S, 3), with ONNX Runtime if its file has come since the last batch.

        Torch's first answer starts the export.
        """
        self._move()
        output = self._now.classify(pixels, top)
        if self._is_for_moving() and self._exporter is not None and self._exporter.is_wanted(self.installed):
            self._exporter.start(self.installed)
        return output

    def close(self) -> None:
        """End an export that is under way."""
        if self._exporter is not None:
            self._exporter.close()

    @property
    def _now(self) -> LoadedClassifier:
        if self._loaded is None:
            raise RuntimeError("nothing is loaded")
        return self._loaded

    def _is_for_moving(self) -> bool:
        """Return whether ONNX Runtime would do better than what is loaded, and nobody has chosen otherwise."""
        loaded, wish = self._loaded, self._loaded_for[1] if self._loaded_for is not None else None
        return (
            loaded is not None
            and wish is not None
            and wish.engine == "auto"
            and loaded.engine == "torch"
            and loaded.device_key == "cpu"
        )

    def _move(self) -> None:
        if not self._is_for_moving() or self._exporter is None or self._loaded_for is None:
            return
        installed, wish = self._loaded_for
        if not self._exporter.has_made(installed):
            return
        try:
            self.reload(installed, wish)
        except PhotospotterError as exc:
            log.warning("the run goes on with torch: %s %s", exc, exc.problem.detail)
