"""A network exported to ONNX, run by ONNX Runtime: pictures in, labels with probabilities out, without torch."""

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model.errors import DeviceError, WeightsError
from model.top_labels import softmax, top_labels
from model.types import BatchOutput, EngineName, InstalledWeights

log = logging.getLogger(__name__)

METADATA_KEY = "photospotter"
"""Under this name the file holds its metadata, as JSON."""

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "mps": "CoreMLExecutionProvider",
}
"""Device -> the execution provider of ONNX Runtime that serves it."""
_LABELS = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "Apple (Core ML)"}
BATCH_SIZES = {"cuda": 32, "mps": 16}
# On the CPU each thread works on a part of the batch by itself. A ResNet-50 gains a tenth from parts of 4 over single
# pictures, and nothing from 8.
_PART = 4
_MOST_THREADS = 16  # each holds the activations of its part
_QUIET = 3  # errors only: of warnings the user can make nothing


class OnnxClassifier:
    """Classifies batches of prepared pictures. Owned by one thread."""

    engine: EngineName = "onnx"

    def __init__(
        self,
        path: Path,
        installed: InstalledWeights,
        *,
        device: str = "cpu",
        batch_size: int | None = None,
        threads: int | None = None,
    ) -> None:
        """Load the network; `threads` compute on a CPU, None for one a processor.

        Raises WeightsError when the file cannot be used, DeviceError when ONNX Runtime has no such device.
        """
        if device not in available_devices():
            raise DeviceError("onnx-device-absent", device=device)
        self.installed = installed
        self._threads = min(threads or os.cpu_count() or 1, _MOST_THREADS) if device == "cpu" else 1
        self.batch_size = batch_size or BATCH_SIZES.get(device, _PART * self._threads)
        self.device_key = device
        self.device_label = _LABELS[device]
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        # Not ONNX Runtime's own threads, which wait for the slowest of them at each layer: beside threads that decode,
        # and other programs, that takes a tenth to a third longer, and more processor time.
        options.intra_op_num_threads = 1
        self._helpers = ThreadPoolExecutor(max(1, self._threads - 1), thread_name_prefix="onnx")
        providers = list(dict.fromkeys((PROVIDERS[device], PROVIDERS["cpu"])))
        try:
            self._session = onnxruntime.InferenceSession(os.fspath(path), options, providers=providers)
            metadata = json.loads(self._session.get_modelmeta().custom_metadata_map[METADATA_KEY])
            source = metadata["weights_sha256"]
        except Exception as exc:  # ONNX Runtime's own exceptions share no class but this
            raise WeightsError(
                "onnx-not-loaded", id=installed.weights.id, reason=type(exc).__name__, detail=str(exc)
            ) from exc
        # Where a GPU's libraries are missing, ONNX Runtime takes the CPU without a word.
        if PROVIDERS[device] not in self._session.get_providers():
            raise DeviceError("onnx-device-absent", device=device)
        if source != installed.sha256:
            raise WeightsError("onnx-not-loaded", id=installed.weights.id, reason="it was made of other weights")

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        """Return the `top` likeliest labels of each picture, most likely first.

        `pixels` is uint8 (N, S, S, 3), RGB, S the crop size of the set's preprocessing. Raises RuntimeError when the
        network fails, and WeightsError when it puts out what is no number.
        """
        logits = self.logits(pixels)
        rows, unsure = top_labels(logits, self._softmax(logits), self.installed, top)
        return BatchOutput(tuple(rows), unsure=tuple(unsure))

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's plain outputs, float32 (N, classes), of uint8 (N, S, S, 3) pictures in RGB."""
        batches = [pixels[start : start + self.batch_size] for start in range(0, len(pixels), self.batch_size)]
        return np.concatenate([self._run_in_parts(batch) for batch in batches])

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, classes), as `model.classifier.Classifier.probabilities` does."""
        return self._softmax(self.logits(pixels))

    def _softmax(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        calibration = self.installed.weights.calibration
        return softmax(logits, 1.0 if calibration is None else calibration.temperature)

    def _run_in_parts(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        own, *others = np.array_split(pixels, min(self._threads, len(pixels)))
        running = [self._helpers.submit(self._run, part) for part in others]
        try:
            first = self._run(own)
        finally:
            wait(running)  # also after a failure: nothing may be under way when the caller tries again
        return np.concatenate([first, *(part.result() for part in running)])

    def _run(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            (logits,) = self._session.run(["logits"], {"pixels": np.ascontiguousarray(pixels)})
        except Exception as exc:  # as above; the pipeline knows what to do about a RuntimeError
            raise RuntimeError(str(exc)) from exc
        result: NDArray[np.float32] = logits
        return result


def available_devices() -> list[str]:
    """Return the devices that the installed ONNX Runtime says it can use."""
    present = onnxruntime.get_available_providers()
    return [device for device, provider in PROVIDERS.items() if provider in present]
