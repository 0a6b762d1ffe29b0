"""A weight set -> an ONNX file that ONNX Runtime runs with the same results, checked against torch before it counts.

The exporter takes seconds and over a gigabyte, and holds up all threads of its process: it belongs in a child process.
"""

import json
import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from model.cancel import CancelToken
from model.classifier import Classifier, Normalise
from model.devices import choose_device, is_out_of_memory
from model.engine_choice import user_cache
from model.errors import ExportError, WeightsError, first_line
from model.names import display_name
from model.network import fold_batch_norm, load_network
from model.onnx_cache import EXPORTER_VERSION, OnnxCache
from model.onnx_classifier import METADATA_KEY, OnnxClassifier
from model.types import InstalledWeights, NetworkExported
from model.versions import installed_versions
from model.weights import default_catalogue

log = logging.getLogger(__name__)

OPSET = 18
"""The operator set of exported files: the exporter's own of torch 2.6 and later, which later ones can still write."""
LARGEST_DIFFERENCE = 1e-4
"""The most that a probability may differ from torch's on a picture of the check."""

_CHECKED_PICTURES = 16
_CHECKED_TOP = 5
# The last digits depend on the order of additions: batch sizes alone move probabilities by 1e-7.
_TIE = 1e-6


def export_weights(weights_id: str, cancel: CancelToken) -> Iterator[NetworkExported]:
    """Export a set of this user's catalogue into this user's cache; the job of a child process."""
    yield from export_network(default_catalogue().open(weights_id), user_cache(), cancel)


def export_network(installed: InstalledWeights, cache: OnnxCache, cancel: CancelToken) -> Iterator[NetworkExported]:
    """Export, check and keep a network; the one value says where it is. An export that is there is left as it is.

    A network that cannot be exported, or whose results differ, is noted in the cache, so that nobody tries again; a
    lack of memory, or of a package, is not the network's fault and is not noted.

    Raises:
        ExportError: it could not be exported or saved, or failed its check.
        WeightsError: the set's files do not fit its network.
        Cancelled: when `cancel` was set; nothing is kept.
    """
    started = time.monotonic()
    found = cache.find(installed)
    if found is None:
        try:
            with cache.adding(installed) as part:
                _export(installed, part, cancel)
                cancel.raise_if_cancelled()
                difference = _check(installed, part)
                cancel.raise_if_cancelled()
                found = cache.keep(installed, part, difference)
        except OSError as exc:
            params = {"folder": display_name(cache.folder), "reason": exc.strerror or str(exc)}
            raise ExportError("onnx-not-saved", id=installed.weights.id, **params) from exc
        except ExportError as exc:
            if not _is_passing(exc):
                _note_rejection(installed, cache, exc)
            raise
    record = found.record
    yield NetworkExported(
        installed, found.path, record.size, record.largest_difference, seconds=time.monotonic() - started
    )


class _FromPixels(nn.Module):
    """A network that takes uint8 (N, S, S, 3) and normalises it itself, with torchvision's order of operations."""

    def __init__(self, normalise: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.normalise = normalise
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(self.normalise(pixels))
        return logits


def _export(installed: InstalledWeights, target: Path, cancel: CancelToken) -> None:
    weights = installed.weights
    network = load_network(installed)
    log.info("folded %d BatchNorm layers", fold_batch_norm(network))
    module = _FromPixels(Normalise(weights.preprocess), network).eval()
    # Two pictures: the exporter takes a batch of one for a size that never changes.
    example = torch.zeros(2, weights.preprocess.crop, weights.preprocess.crop, 3, dtype=torch.uint8)
    cancel.raise_if_cancelled()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own innards
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=["pixels"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("pictures")},),
            )
        assert program is not None
        program.model.metadata_props[METADATA_KEY] = json.dumps(_metadata(installed))
        program.save(target, external_data=False)
    except OSError:
        raise
    except Exception as exc:  # what a network can make the exporter raise has no common class
        raise ExportError("onnx-export-failed", id=weights.id, reason=first_line(exc), detail=str(exc)) from exc


def _metadata(installed: InstalledWeights) -> dict[str, object]:
    """Return what makes the file useful by itself: labels, preprocessing, whose network it is and who wrote it."""
    weights = installed.weights
    versions = installed_versions()
    return {
        "exporter": EXPORTER_VERSION,
        "id": weights.id,
        "title": weights.title,
        "architecture": weights.architecture,
        "weights_sha256": installed.sha256,
        "licence": weights.licence,
        "classes": weights.classes,
        "preprocess": asdict(weights.preprocess),
        "calibration": asdict(weights.calibration) if weights.calibration is not None else None,
        "versions": {name: versions[name] for name in ("photospotter", "torch", "torchvision", "timm")},
    }


def _check(installed: InstalledWeights, path: Path) -> float:
    """Return the largest difference of probabilities between torch and ONNX Runtime; raises ExportError."""
    pixels = check_pictures(installed.weights.preprocess.crop, _CHECKED_PICTURES)
    reference = Classifier(installed, choose_device("cpu"))
    try:
        candidate = OnnxClassifier(path, installed)
        expected, actual = reference.probabilities(pixels), candidate.probabilities(pixels)
    except (WeightsError, RuntimeError) as exc:
        raise ExportError("onnx-check-failed", id=installed.weights.id, reason=first_line(exc)) from exc
    difference = float(np.abs(expected - actual).max())
    if not difference < LARGEST_DIFFERENCE:  # NaN is not smaller either
        raise _differs(installed, f"a probability differs by {difference:.2g}")
    top = min(_CHECKED_TOP, expected.shape[1])
    if not _has_same_top(expected, actual, top):
        raise _differs(installed, f"the {top} likeliest labels are others")
    return difference


def _has_same_top(expected: NDArray[np.float32], actual: NDArray[np.float32], top: int) -> bool:
    """Return whether the likeliest labels are the same, where torch does not give two of them the same probability."""
    by_torch, by_onnx = _ranking(expected, top), _ranking(actual, top)
    gaps = np.take_along_axis(expected, by_torch, axis=1) - np.take_along_axis(expected, by_onnx, axis=1)
    return bool(np.abs(gaps).max() < _TIE)


def _ranking(probabilities: NDArray[np.float32], top: int) -> NDArray[np.intp]:
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :top]


def check_pictures(side: int, count: int) -> NDArray[np.uint8]:
    """Return pictures to compare engines by, uint8 (count, side, side, 3): from smooth fields of colour to noise."""
    generator = np.random.default_rng(20)
    pictures = []
    for number in range(count):
        grain = 2 + number * side // count
        small = Image.fromarray(generator.integers(0, 256, (grain, grain, 3), dtype=np.uint8))
        pictures.append(np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)))
    return np.stack(pictures)


def _differs(installed: InstalledWeights, reason: str) -> ExportError:
    return ExportError("onnx-check-failed", id=installed.weights.id, reason=reason)


def _is_passing(error: BaseException) -> bool:
    """Return whether the computer's state is to blame: libraries wrap such causes in errors of their own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImportError | MemoryError):
            return True
        if isinstance(cause, RuntimeError) and is_out_of_memory(cause):
            return True
        cause = cause.__cause__
    return False


def _note_rejection(installed: InstalledWeights, cache: OnnxCache, error: ExportError) -> None:
    log.warning("%s %s", error, error.problem.detail)
    try:
        cache.reject(installed, str(dict(error.problem.params)["reason"]))
    except OSError as exc:
        log.warning("the rejection could not be noted: %s", exc)
