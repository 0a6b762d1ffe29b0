"""A network so small that it exports in a second, with its card and file; for the tests of the second engine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import nn
from weights_samples import sha256

from model import classifier, onnx_export
from model.cancel import CancelToken
from model.cards import CARD_NAME, card_bytes
from model.onnx_cache import OnnxCache
from model.types import Calibration, InstalledWeights, NetworkExported, Preprocess, WeightSet, WeightsFile
from model.weights import default_catalogue

CONTENT = b"what the tests take for the tensors of a tiny network"
LABELS = ("ant", "bee", "cat", "dog", "eel", "fox")
TINY = WeightSet(
    id="tiny",
    title="A tiny network",
    family="custom",
    architecture="torchvision:resnet50",
    layout="torchvision",
    classes=LABELS,
    preprocess=Preprocess(18, 16, "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)),
    files=(WeightsFile("network", "tiny.safetensors", "user", len(CONTENT), sha256=sha256(CONTENT)),),
    licence="none",
    source="a test",
    calibration=Calibration(1.5, "probability", 0.3, 0.95, "a test"),
)


def tiny_network(seed: int = 3) -> nn.Module:
    """Return a network of the card TINY with random values, its BatchNorm's statistics among them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        norm = nn.BatchNorm2d(8)
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            assert tensor is not None
            nn.init.uniform_(tensor, 0.5, 1.5)
        layers = (nn.Conv2d(3, 8, 3, stride=2), norm, nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        return nn.Sequential(*layers, nn.Linear(32, len(LABELS))).eval().requires_grad_(False)


@contextmanager
def tiny_networks(seed: int = 3) -> Iterator[None]:
    """Let every weight set have a tiny network, whatever its files hold."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (onnx_export, classifier):
            patch.setattr(module, "load_network", lambda _installed: tiny_network(seed))
        yield


def give_tiny(data_dir: Path) -> InstalledWeights:
    """Put the card and its file into a user's data folder, which is that of the catalogue in use; return the set."""
    folder = data_dir / "weights" / TINY.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD_NAME).write_bytes(card_bytes(TINY))
    (folder / TINY.files[0].name).write_bytes(CONTENT)
    return default_catalogue().open(TINY.id)


def export_tiny(folder: Path) -> NetworkExported:
    """Export the tiny network into a cache in `folder`."""
    installed = InstalledWeights(TINY, {"network": folder / "tiny.safetensors"}, sha256(CONTENT))
    with tiny_networks():
        (done,) = onnx_export.export_network(installed, OnnxCache(folder), CancelToken())
    return done


def copy_export(done: NetworkExported, folder: Path) -> OnnxCache:
    """Return a cache in `folder` that holds a copy of the export."""
    shutil.copytree(done.path.parent, folder, dirs_exist_ok=True)
    return OnnxCache(folder)
