"""What `benchmarks.engines` needs of a weight set: its ONNX file, pictures as pixels, and int8 networks, made once.

A process of its own makes them, since exporting and quantising take gigabytes. int8 networks are made twice, each
calibrated on one half of the pictures (every second one), to be judged by the other half.
"""

import argparse
import hashlib
import importlib.util
import json
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.cards import card_bytes
from model.decode import DecodeLimits
from model.labelled_files import read_labelled_files
from model.load_picture import make_load
from model.sources import find_images
from model.types import InstalledWeights, ScanBatch, WeightSet, WeightsFile
from model.weights import Catalogue, default_catalogue

RANDOM_RESNET50 = "resnet50-random"
"""Not in any catalogue: a ResNet-50 for 1,000 classes with random values, by which only speed can be judged."""
EXPORTED, PIXELS, ANSWERS, SECONDS = "network.onnx", "pixels.npy", "answers.npy", "seconds.json"
_OPTIMISED = "for-quantising.onnx"
MOST_CALIBRATING = 100
# Convolutions that stay fp32 in ONNX Runtime's int8 networks. With none, imagenet-lite2 had 90 of 100 top-1 labels the
# same as in fp32; with these, 99, and it was no slower.
_FP32_AT_BEGINNING, _FP32_AT_END = 2, 1
SEED = 50


def quantised_name(kind: str, half: int) -> str:
    """Return the file name of an int8 network: `onnx-s8s8`, `onnx-u8s8` or `openvino`."""
    return f"{kind}-{half}.{'xml' if kind == 'openvino' else 'onnx'}"


def open_weights(name: str, work: Path) -> InstalledWeights:
    """Return a set of the user's catalogue, or the random ResNet-50 of the work folder."""
    if name != RANDOM_RESNET50:
        return default_catalogue().open(name)
    return Catalogue(work / "data", work / "none").open(name)


def make_random_resnet50(work: Path) -> None:
    """Write the random ResNet-50 and its card where `open_weights` finds them."""
    import torch
    import torchvision

    folder = work / "data" / "weights" / RANDOM_RESNET50
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    file = folder / "network.pth"
    torch.save(torchvision.models.resnet50().state_dict(), file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    files = (WeightsFile(role="network", name=file.name, place="user", size=file.stat().st_size, sha256=digest),)
    likeness = default_catalogue().entry("imagenet-resnet50-v1").weights
    card = replace(likeness, id=RANDOM_RESNET50, title="ResNet-50, random values", files=files, accuracy=())
    (folder / "card.json").write_bytes(card_bytes(card))


def export(installed: InstalledWeights, folder: Path) -> None:
    """Export and check the network as the program does."""
    from model.onnx_cache import OnnxCache
    from model.onnx_export import export_network

    for exported in export_network(installed, OnnxCache(folder / "cache"), CancelToken()):
        shutil.copyfile(exported.path, folder / EXPORTED)


def load_pictures(root: Path, labels: Path | None, weights: WeightSet, folder: Path, most: int) -> None:
    """Decode labelled pictures, evenly chosen if there are more than `most`; pixels and right classes go to files."""
    files = read_labelled_files(root, labels, weights, CancelToken()).files
    chosen = [files[i] for i in np.linspace(0, len(files) - 1, min(most, len(files))).astype(int)]
    load = make_load(weights.preprocess, DecodeLimits())
    np.save(folder / PIXELS, np.stack([load(file.path, CancelToken())[0] for file in chosen]))
    np.save(folder / ANSWERS, np.array([file.class_index for file in chosen]))


def load_any_pictures(root: Path, weights: WeightSet, folder: Path, most: int) -> None:
    """Decode pictures whose classes do not matter; pixels alone go to a file."""
    scan = find_images([root], recursive=True, cancel=CancelToken())
    paths = [image.path for event in scan if isinstance(event, ScanBatch) for image in event.found]
    load = make_load(weights.preprocess, DecodeLimits())
    np.save(folder / PIXELS, np.stack([load(path, CancelToken())[0] for path in paths[:most]]))


def calibrating(pixels: NDArray[np.uint8], half: int) -> NDArray[np.uint8]:
    """Return the pictures of a half that an int8 network is calibrated on."""
    own = pixels[half::2]
    return own[np.linspace(0, len(own) - 1, min(MOST_CALIBRATING, len(own))).astype(int)]


def quantise_for_onnx(folder: Path, pixels: NDArray[np.uint8], half: int) -> None:
    """Quantise most convolutions by ONNX Runtime's own tools: static, QDQ, weights per channel."""
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        """Gives one picture after the other."""

        def __init__(self) -> None:
            self._rest: Iterator[NDArray[np.uint8]] = iter(calibrating(pixels, half))

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            """Return the next picture as the network's input, None at the end."""
            picture = next(self._rest, None)
            return None if picture is None else {"pixels": picture[np.newaxis]}

    if not (folder / _OPTIMISED).exists():
        quant_pre_process(folder / EXPORTED, folder / _OPTIMISED, skip_symbolic_shape=True)
    graph = onnx.load(folder / _OPTIMISED).graph
    convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
    for kind, activations in (("onnx-s8s8", QuantType.QInt8), ("onnx-u8s8", QuantType.QUInt8)):
        quantize_static(
            folder / _OPTIMISED,
            folder / quantised_name(kind, half),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=[*convolutions[:_FP32_AT_BEGINNING], *convolutions[-_FP32_AT_END:]],
            per_channel=True,
            activation_type=activations,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


def quantise_for_openvino(folder: Path, pixels: NDArray[np.uint8], half: int) -> None:
    """Quantise by NNCF's post-training quantisation with its own defaults for a CPU."""
    import nncf
    import openvino

    chosen = calibrating(pixels, half)
    dataset = nncf.Dataset(list(chosen), lambda picture: picture[np.newaxis])
    model = openvino.Core().read_model(folder / EXPORTED)
    quantised = nncf.quantize(model, dataset, subset_size=len(chosen), preset=nncf.QuantizationPreset.MIXED)
    openvino.save_model(quantised, folder / quantised_name("openvino", half), compress_to_fp16=False)


QUANTISERS = {"onnx": ("onnx", quantise_for_onnx), "openvino": ("nncf", quantise_for_openvino)}
"""Kind of network -> the module that quantises for it, and how."""


def prepare(name: str, work: Path, root: Path, labels: Path | None, most: int) -> None:
    """Make all files of a set that are not there yet, and note how many seconds each kind took."""
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    seconds = json.loads((folder / SECONDS).read_text(encoding="utf-8")) if (folder / SECONDS).exists() else {}
    if name == RANDOM_RESNET50 and not (work / "data").exists():
        make_random_resnet50(work)
    installed = open_weights(name, work)
    if not (folder / PIXELS).exists():
        if name == RANDOM_RESNET50:
            load_any_pictures(root, installed.weights, folder, most)
        else:
            load_pictures(root, labels, installed.weights, folder, most)
    if not (folder / EXPORTED).exists():
        started = time.monotonic()
        export(installed, folder)
        seconds["export"] = time.monotonic() - started
    pixels = np.load(folder / PIXELS, mmap_mode="r")
    for kind, (module, quantise) in QUANTISERS.items():
        last = folder / quantised_name("onnx-u8s8" if kind == "onnx" else kind, 1)
        if importlib.util.find_spec(module) is None or last.exists():
            continue
        started = time.monotonic()
        for half in (0, 1):
            quantise(folder, pixels, half)
        seconds[f"quantise for {kind}"] = (time.monotonic() - started) / 2
    (folder / SECONDS).write_text(json.dumps(seconds), encoding="utf-8")


def main() -> None:
    """Prepare one weight set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("work", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--most", type=int, required=True)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    prepare(chosen.weights, chosen.work, chosen.pictures, chosen.labels, chosen.most)


if __name__ == "__main__":
    main()
