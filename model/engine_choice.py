"""Which engine classifies: PyTorch, the reference, or ONNX Runtime, the fast lane on the CPU; imported when chosen."""

import importlib.util
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from model import folders
from model.classify_request import ClassifierWish
from model.errors import DeviceError, PhotospotterError, WeightsError, first_line
from model.garbage import without_collecting
from model.gpu_presence import has_gpu_driver
from model.machine_notes import add_notes, read_notes
from model.onnx_cache import ExportedNetwork, OnnxCache
from model.pipeline import ImageClassifier
from model.thread_split import known_split
from model.types import EngineName, InstalledWeights

log = logging.getLogger(__name__)

_CHOSEN_DEVICE = "auto-device"

NOT_EXPORTED = "onnx-not-exported"
"""The code of the WeightsError that a new export would mend."""

ENGINE_TITLES: dict[EngineName, str] = {"torch": "PyTorch", "onnx": "ONNX Runtime"}
"""The engines' own names, for people."""


class LoadedClassifier(ImageClassifier, Protocol):
    """An ImageClassifier that can name its device."""

    @property
    def device_label(self) -> str:
        """The device in words."""

    @property
    def device_key(self) -> str:
        """The device: cpu, cuda or mps."""


class ClassifierFactory(Protocol):
    """Loads a weight set onto a device; slow, raises WeightsError or DeviceError."""

    def __call__(self, installed: InstalledWeights, wish: ClassifierWish, /) -> LoadedClassifier:
        """Return the loaded classifier."""


def user_cache() -> OnnxCache:
    """Return this user's exported networks."""
    return OnnxCache(folders.onnx_dir())


@without_collecting()
def load_classifier(installed: InstalledWeights, wish: ClassifierWish) -> LoadedClassifier:
    """Load the weights with the engine that is wished for.

    `auto` is ONNX Runtime where the network runs on the CPU and has been exported, else PyTorch. Raises WeightsError,
    with the code NOT_EXPORTED where ONNX Runtime is wished for and the export is missing or damaged, and DeviceError.
    """
    if wish.engine == "onnx":
        import_onnx_runtime()
        loaded = _load_export(installed, wish)
        if loaded is None:
            record = user_cache().record(installed)
            if record is None:
                raise WeightsError(NOT_EXPORTED, id=installed.weights.id)
            raise WeightsError("onnx-rejected", id=installed.weights.id, reason=record.rejected)
        return loaded
    if wish.engine == "auto" and runs_on_cpu(wish) and is_onnx_runtime_there():
        try:
            loaded = _load_export(installed, wish)
        except PhotospotterError as exc:
            log.warning("PyTorch is used instead: %s %s", exc, exc.problem.detail)
        else:
            if loaded is not None:
                return loaded
    return load_torch(installed, wish)


def _load_export(installed: InstalledWeights, wish: ClassifierWish) -> LoadedClassifier | None:
    """Load the set's export while another thread checks its digest; None when there is none that is sound."""
    cache = user_cache()
    candidate = cache.peek(installed)
    if candidate is None:
        return None
    with ThreadPoolExecutor(1) as checker:
        found = checker.submit(cache.find, installed)
        try:
            loaded = load_onnx(installed, candidate, wish)
        except PhotospotterError:
            if found.result() is None:  # no wonder
                return None
            raise
        return loaded if found.result() is not None else None


def load_torch(installed: InstalledWeights, wish: ClassifierWish) -> LoadedClassifier:
    """Import torch, choose the device and load the network."""
    from model.classifier import Classifier
    from model.devices import choose_device

    device = choose_device(wish.device)
    if wish.device == "auto" and has_gpu_driver():
        add_notes({_CHOSEN_DEVICE: device.key})
    return Classifier(installed, device, batch_size=wish.batch_size, threads=_threads(wish, "torch"))


def load_onnx(installed: InstalledWeights, exported: ExportedNetwork, wish: ClassifierWish) -> LoadedClassifier:
    """Import ONNX Runtime and load an exported network; without a wish for a GPU it runs on the CPU."""
    import_onnx_runtime()
    from model.onnx_classifier import OnnxClassifier

    device = "cpu" if wish.device == "auto" else wish.device
    threads = _threads(wish, "onnx")
    return OnnxClassifier(exported.path, installed, device=device, batch_size=wish.batch_size, threads=threads)


def runs_on_cpu(wish: ClassifierWish) -> bool:
    """Return whether the network is to run on the CPU, as far as can be told without importing torch.

    A GPU that torch passed over last time, for example because it was built without CUDA, counts as none.
    """
    if wish.device != "auto":
        return wish.device == "cpu"
    return not has_gpu_driver() or read_notes().get(_CHOSEN_DEVICE) == "cpu"


def import_onnx_runtime() -> None:
    """Import the package; raises DeviceError when it is absent, or its libraries cannot be loaded on this system."""
    try:
        importlib.import_module("onnxruntime")
    except ImportError as exc:
        raise DeviceError("onnx-runtime-absent", reason=first_line(exc)) from exc


def is_onnx_runtime_there() -> bool:
    """Return whether the package is installed; it is not imported."""
    return importlib.util.find_spec("onnxruntime") is not None


def _threads(wish: ClassifierWish, engine: EngineName) -> int | None:
    if wish.threads is not None:
        return wish.threads
    split = known_split(engine)
    return split.compute if split is not None else None
