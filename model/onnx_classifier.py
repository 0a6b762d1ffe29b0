"""A network exported to ONNX, run by ONNX Runtime: pictures in, labels with probabilities out, without torch."""

import json
import logging
import os
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
# Measured with a ResNet-50 on two cores: 43, 41, 39, 38, 38 ms a picture in batches of 1, 2, 4, 8, 16.
BATCH_SIZES = {"cpu": 8, "cuda": 32, "mps": 16}
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
        """Load the network; `threads` compute in it, None for one a processor.

        Raises WeightsError when the file cannot be used, DeviceError when ONNX Runtime has no such device.
        """
        if device not in available_devices():
            raise DeviceError("onnx-device-absent", device=device)
        self.installed = installed
        self.batch_size = batch_size or BATCH_SIZES[device]
        self.device_key = device
        self.device_label = _LABELS[device]
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        # A thread that spins while it waits takes the processor from those that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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
        parts = [pixels[start : start + self.batch_size] for start in range(0, len(pixels), self.batch_size)]
        return np.concatenate([self._run(part) for part in parts])

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, classes), as `model.classifier.Classifier.probabilities` does."""
        return self._softmax(self.logits(pixels))

    def _softmax(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        calibration = self.installed.weights.calibration
        return softmax(logits, 1.0 if calibration is None else calibration.temperature)

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
