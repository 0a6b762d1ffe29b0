"""A network with its weights on a device: pictures in, labels with probabilities out."""

import logging

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.devices import Device, is_out_of_memory, release_memory
from model.errors import DeviceError, WeightsError
from model.network import load_network, prepare_for_inference
from model.top_labels import top_labels
from model.types import BatchOutput, EngineName, InstalledWeights, Precision, Prediction, Preprocess, Problem

log = logging.getLogger(__name__)


class Classifier:
    """Classifies batches of prepared pictures. Owned by one thread, which makes every torch call."""

    engine: EngineName = "torch"

    def __init__(
        self, installed: InstalledWeights, device: Device, *, batch_size: int | None = None, threads: int | None = None
    ) -> None:
        """Load the network; `threads` compute in it on a CPU, None leaves that to torch.

        Raises WeightsError when the files do not fit it, DeviceError when the device is full.
        """
        if threads is not None and device.key == "cpu":
            torch.set_num_threads(threads)
        self.installed = installed
        self.device = device
        self.batch_size = batch_size or device.batch_size
        self._calibration = installed.weights.calibration
        # Not bfloat16, which is as fast: it has three bits less for the probabilities to agree with the CPU's.
        self._is_half = device.key in ("cuda", "mps")
        try:
            self._network = prepare_for_inference(load_network(installed), device.torch_device)
        except RuntimeError as exc:
            if is_out_of_memory(exc):
                raise DeviceError("device-full", device=device.label, detail=str(exc)) from exc
            raise WeightsError("weights-network-fails", id=installed.weights.id, detail=str(exc)) from exc
        self._normalise = Normalise(installed.weights.preprocess).to(device.torch_device)

    @property
    def device_label(self) -> str:
        """The device in words, with the precision where that is not float32."""
        return f"{self.device.label}, fp16" if self._is_half else self.device.label

    @property
    def device_key(self) -> str:
        """Torch's device type."""
        return self.device.key

    def classify(self, pixels: NDArray[np.uint8], top: int) -> BatchOutput:
        """Return the `top` likeliest labels of each picture, most likely first.

        `pixels` is uint8 (N, S, S, 3), RGB, S the crop size of the set's preprocessing. Probabilities are those of
        `probabilities`; a calibrated set also has a verdict for each picture. When the device runs out of memory the
        batch is halved, for this call and those after it, and the output says so; a single picture that does not fit
        raises DeviceError. A network that puts out what is no number raises WeightsError.
        """
        notices: list[Problem] = []
        rows: list[tuple[Prediction, ...]] = []
        unsure: list[bool] = []
        start = 0
        while start < len(pixels):
            part = pixels[start : start + self.batch_size]
            try:
                logits = self.logits(part)
            except RuntimeError as exc:
                if not is_out_of_memory(exc):
                    raise
                notices.append(self._shrink(len(part), exc))
                continue
            part_rows, part_unsure = top_labels(logits, self._softmax(logits), self.installed, top)
            rows.extend(part_rows)
            unsure.extend(part_unsure)
            start += len(part)
        precision: Precision = "float16" if self._is_half else "float32"
        return BatchOutput(tuple(rows), tuple(notices), tuple(unsure), precision)

    @torch.inference_mode()
    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's plain outputs, float32 (N, classes), of uint8 (N, S, S, 3) pictures in RGB.

        On a GPU the network computes in half precision, unless its numbers outgrow that; then in float32 from here on.
        Raises RuntimeError when the network fails, for lack of memory among other things.
        """
        batch = self._normalise(self._on_device(pixels))
        if self._is_half:
            with torch.autocast(self.device.key, dtype=torch.float16):
                outputs = self._network(batch)
            result: NDArray[np.float32] = outputs.float().cpu().numpy()
            if np.isfinite(result).all():
                return result
            log.warning("%s is too large for half precision, now in float32", self.installed.weights.id)
            self._is_half = False
        result = self._network(batch).float().cpu().numpy()
        return result

    def _on_device(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Send uint8 pictures to the device, where they are normalised: a quarter of the bytes of float32 ones."""
        batch = torch.from_numpy(np.ascontiguousarray(pixels))
        if self.device.key == "cuda":  # from pinned memory the GPU fetches them itself
            return batch.pin_memory().to(self.device.torch_device, non_blocking=True)
        return batch.to(self.device.torch_device)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, classes), of uint8 (N, S, S, 3) pictures in RGB.

        They are the softmax over all classes, of logits divided by the temperature where the set is calibrated.
        """
        return self._softmax(self.logits(pixels))

    def _softmax(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled = torch.from_numpy(logits)
        if self._calibration is not None:
            scaled = scaled / self._calibration.temperature
        # torch's, not numpy's: without calibration the numbers are torchvision's to the last bit.
        result: NDArray[np.float32] = scaled.softmax(dim=1).numpy()
        return result

    def _shrink(self, used: int, error: RuntimeError) -> Problem:
        release_memory(self.device.key)
        if used <= 1:
            raise DeviceError("device-full", device=self.device_label, detail=str(error)) from error
        self.batch_size = used // 2
        log.warning("%s is out of memory, batch size is now %d", self.device_label, self.batch_size)
        params = (("batch", self.batch_size), ("device", self.device_label))
        return Problem("device-batch-halved", params, str(error))


class Normalise(nn.Module):
    """uint8 (N, S, S, 3) -> float32 (N, 3, S, S), channels_last, `(x / 255 - mean) / std` for each channel.

    The order of operations is torchvision's (`ToTensor`, then `Normalize`), so that results agree to the last bit.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, preprocess: Preprocess) -> None:
        """Take mean and std from a weight set's preprocessing."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocess.mean, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocess.std, dtype=torch.float32).view(1, 3, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalise on the device where `pixels` are; permuting NHWC gives channels_last without a copy."""
        return pixels.permute(0, 3, 1, 2).float().div_(255).sub_(self.mean).div_(self.std)
