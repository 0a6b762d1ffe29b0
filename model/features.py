"""Pictures -> the features that a frozen backbone sees in them, kept on disk so that they are computed once."""

import hashlib
import io
import logging
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.cancel import CancelToken
from model.classifier import Normalise
from model.dataset import LabelledImage
from model.decode_limits import DecodeLimits
from model.names import display_name
from model.network import classification_head, load_network, prepare_for_inference
from model.safe_files import write_atomically
from model.training_pictures import read_prepared
from model.training_types import FeatureProgress
from model.types import InstalledWeights

log = logging.getLogger(__name__)

_BATCH = 8


class FeatureExtractor:
    """A weight set's network without its head."""

    def __init__(self, installed: InstalledWeights) -> None:
        """Load the network; raises WeightsError."""
        network = load_network(installed)
        name, head = classification_head(network)
        self.width = head.in_features
        network.set_submodule(name, nn.Identity())
        self._network = prepare_for_inference(network, torch.device("cpu"))
        self._normalise = Normalise(installed.weights.preprocess)

    @torch.inference_mode()
    def extract(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return float32 (N, F) for uint8 (N, S, S, 3)."""
        features: NDArray[np.float32] = self._network(self._normalise(torch.from_numpy(pixels))).numpy()
        return features


def compute_features(
    images: tuple[LabelledImage, ...],
    backbone: InstalledWeights,
    cache: Path,
    limits: DecodeLimits,
    cancel: CancelToken,
) -> Iterator[FeatureProgress | NDArray[np.float32]]:
    """Yield progress and, last, the features, float32 (N, F) in the order of `images`.

    They are read from `cache` when the same pictures (by content) went through the same weights before. Raises
    DatasetError when a picture can no longer be read.
    """
    key = hashlib.sha256(repr((backbone.sha256, backbone.weights.preprocess)).encode())
    for image in images:
        key.update(image.sha256.encode())
    file = cache / f"features-{key.hexdigest()[:32]}.npy"
    kept = _read(file, len(images))
    if kept is not None:
        yield kept
        return
    extractor = FeatureExtractor(backbone)
    features = np.empty((len(images), extractor.width), dtype=np.float32)
    paths = [image.path for image in images]
    with closing(read_prepared(paths, backbone.weights.preprocess, limits, cancel)) as pictures:
        for start in range(0, len(images), _BATCH):
            cancel.raise_if_cancelled()
            part = list(islice(pictures, _BATCH))
            features[start : start + len(part)] = extractor.extract(np.stack(part))
            yield FeatureProgress(start + len(part), len(images))
    _write(file, features)
    yield features


def _read(file: Path, count: int) -> NDArray[np.float32] | None:
    """Return the features of an earlier run; None where there are none, or the file is damaged."""
    try:
        features: NDArray[np.float32] = np.load(file, allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, SyntaxError) as exc:
        log.warning("the kept features %s are damaged, and computed anew: %s", display_name(file), exc)
        return None
    sound = (
        isinstance(features, np.ndarray)
        and features.dtype == np.float32
        and features.ndim == 2
        and len(features) == count
        and bool(np.isfinite(features).all())
    )
    if not sound:
        log.warning("the kept features %s are damaged, and computed anew", display_name(file))
        return None
    return features


def _write(file: Path, features: NDArray[np.float32]) -> None:
    """Keep the features for next time; where that fails the training goes on without."""
    buffer = io.BytesIO()
    np.save(buffer, features, allow_pickle=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, buffer.getvalue())
    except OSError as exc:
        log.warning("the features could not be kept in %s: %s", display_name(file), exc)
