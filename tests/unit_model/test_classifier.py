"""The classifier: right numbers, and a way out when memory runs out or the weights are worthless."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import numpy as np
import pytest
import torch
from fakes import make_weights
from numpy.typing import NDArray
from torch import nn

from model import classifier as module
from model.calibration import calibrated_probabilities, is_unsure, scores
from model.classifier import Classifier, Normalise
from model.devices import Device
from model.errors import DeviceError, WeightsError
from model.types import Calibration, Preprocess

CPU = Device("cpu", "CPU", 8)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class MeanColour(nn.Module):
    """Logits are the mean of each channel; fails as told for batches larger than `limit`."""

    def __init__(self, limit: int = 100, error: type[RuntimeError] = torch.OutOfMemoryError) -> None:
        super().__init__()
        self.limit = limit
        self.error = error
        self.seen: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > self.limit:
            raise self.error("out of memory")
        self.seen.append(len(images))
        return images.mean(dim=(2, 3)) * 3


def make(network: nn.Module, batch_size: int = 8, calibration: Calibration | None = None) -> Classifier:
    with patch.object(module, "load_network", lambda _installed: network):
        return Classifier(make_weights(calibration=calibration), CPU, batch_size=batch_size)


def pictures(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)


def test_probabilities_are_the_softmax_over_all_classes_and_labels_go_with_them() -> None:
    pixels = pictures(5)
    output = make(MeanColour()).classify(pixels, top=2)
    logits = 3 * pixels.astype(np.float64).mean(axis=(1, 2)) / 255
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for row, predictions in zip(expected, output.predictions, strict=True):
        order = np.argsort(-row)
        assert [p.class_index for p in predictions] == order[:2].tolist()
        assert [p.label for p in predictions] == [("red", "green", "blue")[i] for i in order[:2]]
        assert [p.probability for p in predictions] == pytest.approx(row[order[:2]], abs=1e-6)


def test_without_calibration_the_probabilities_are_torchs_softmax_to_the_last_bit() -> None:
    network, pixels = MeanColour(), pictures(7)
    classifier = make(network)
    outputs = network(Normalise(make_weights().weights.preprocess)(torch.from_numpy(pixels)))
    assert classifier.logits(pixels).dtype == np.float32
    assert np.array_equal(classifier.logits(pixels), outputs.numpy())
    expected = outputs.softmax(dim=1).numpy()
    assert np.array_equal(classifier.probabilities(pixels), expected)
    output = classifier.classify(pixels, top=3)
    assert [row[0].probability for row in output.predictions] == expected.max(axis=1).tolist()
    assert output.unsure == ()


@pytest.mark.parametrize("score", ["probability", "energy"])
def test_a_calibrated_set_has_its_temperature_in_the_probabilities_and_a_verdict_each(
    score: Literal["probability", "energy"],
) -> None:
    pixels = pictures(9)
    logits = make(MeanColour()).logits(pixels)
    between = float(np.median(scores(logits, Calibration(0.2, score, 0.0, 0.95, "a test"))))
    calibration = Calibration(0.2, score, between, 0.95, "a test")
    classifier = make(MeanColour(limit=4), calibration=calibration)
    output = classifier.classify(pixels, top=3)
    expected = calibrated_probabilities(logits, 0.2)
    np.testing.assert_allclose(classifier.probabilities(pixels[:4]), expected[:4], atol=1e-6)
    for row, predictions in zip(expected, output.predictions, strict=True):
        assert [p.probability for p in predictions] == pytest.approx(sorted(row, reverse=True), abs=1e-6)
    assert output.notices, "the batch was meant to be halved"
    assert output.unsure == tuple(is_unsure(logits, calibration).tolist())
    assert {type(verdict) for verdict in output.unsure} == {bool}
    assert sum(output.unsure) == 4


def test_more_labels_than_classes_gives_all_classes() -> None:
    output = make(MeanColour()).classify(pictures(1), top=10)
    assert len(output.predictions[0]) == 3
    assert sum(p.probability for p in output.predictions[0]) == pytest.approx(1)


def test_out_of_memory_halves_the_batch_goes_on_and_says_so() -> None:
    network = MeanColour(limit=2)
    classifier = make(network)
    expected = make(MeanColour()).classify(pictures(9), 3)
    output = classifier.classify(pictures(9), 3)
    for row, wanted in zip(output.predictions, expected.predictions, strict=True):
        assert [p.probability for p in row] == pytest.approx([p.probability for p in wanted], abs=1e-6)
    assert classifier.batch_size == 2
    assert [dict(notice.params)["batch"] for notice in output.notices] == [4, 2]
    assert network.seen == [2, 2, 2, 2, 1]


@dataclass(frozen=True, slots=True)
class FakeGpu(Device):
    """A GPU that computes on the CPU."""

    @property
    def torch_device(self) -> torch.device:
        return torch.device("cpu")


@pytest.fixture
def autocasts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, torch.dtype]]:
    """What the network was asked to compute in; pinning does nothing but is noted as well."""
    seen: list[tuple[str, torch.dtype]] = []

    def autocast(device: str, *, dtype: torch.dtype) -> AbstractContextManager[None]:
        seen.append((device, dtype))
        return nullcontext()

    def pin(tensor: torch.Tensor) -> torch.Tensor:
        seen.append(("pinned", tensor.dtype))
        return tensor

    monkeypatch.setattr(torch, "autocast", autocast)
    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    return seen


@pytest.mark.parametrize("key", ["cuda", "mps"])
def test_a_gpu_gets_bytes_and_computes_in_half_precision(key: str, autocasts: list[tuple[str, torch.dtype]]) -> None:
    with patch.object(module, "load_network", lambda _installed: MeanColour()):
        classifier = Classifier(make_weights(), FakeGpu(key, "GPU", 8))
    assert classifier.device_label == "GPU, fp16"
    assert np.isfinite(classifier.logits(pictures(3))).all()
    expected = [("cuda", torch.float16), ("mps", torch.float16)][key == "mps"]
    assert autocasts == ([("pinned", torch.uint8), expected] if key == "cuda" else [expected])


def test_numbers_too_large_for_half_precision_are_computed_again_in_full(
    autocasts: list[tuple[str, torch.dtype]],
) -> None:
    class Overflowing(MeanColour):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            outputs = super().forward(images)
            return outputs / 0 if len(self.seen) == 1 else outputs

    network = Overflowing()
    with patch.object(module, "load_network", lambda _installed: network):
        classifier = Classifier(make_weights(), FakeGpu("mps", "GPU", 8))
    assert np.isfinite(classifier.logits(pictures(2))).all()
    assert classifier.device_label == "GPU"
    classifier.logits(pictures(2))
    assert len(autocasts) == 1


def test_the_cpu_computes_in_full_precision(autocasts: list[tuple[str, torch.dtype]]) -> None:
    make(MeanColour()).logits(pictures(2))
    assert autocasts == []


def test_a_device_too_small_for_one_picture_is_an_error() -> None:
    with pytest.raises(DeviceError, match="too little free memory"):
        make(MeanColour(limit=0)).classify(pictures(3), 3)


def test_other_failures_are_not_taken_for_lack_of_memory() -> None:
    class Broken(MeanColour):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("some kernel failed")

    with pytest.raises(RuntimeError, match="some kernel failed"):
        make(Broken()).classify(pictures(3), 3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("calibrated", [False, True])
def test_weights_that_give_no_numbers_are_refused(value: float, calibrated: bool) -> None:
    class Nonsense(MeanColour):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logits = super().forward(images)
            logits[-1, 0] = value
            return logits

    calibration = Calibration(1.5, "energy", 0.0, 0.95, "a test") if calibrated else None
    with pytest.raises(WeightsError, match="no usable numbers"):
        make(Nonsense(), calibration=calibration).classify(pictures(2), 3)


def test_normalising_is_torchvisions_to_the_last_bit() -> None:
    from torchvision.transforms.functional import convert_image_dtype, normalize

    pixels = torch.arange(256, dtype=torch.uint8).repeat(3).view(1, 3, 16, 16).permute(0, 2, 3, 1).contiguous()
    for mean, std in ((IMAGENET_MEAN, IMAGENET_STD), ((127 / 255,) * 3, (128 / 255,) * 3)):
        ours = Normalise(Preprocess(8, 8, "bilinear", mean, std))(pixels)
        theirs = normalize(convert_image_dtype(pixels.permute(0, 3, 1, 2), torch.float), mean, std)
        assert torch.equal(ours, theirs)


def test_the_network_gets_channels_last_input_without_a_copy_in_between() -> None:
    class Looking(MeanColour):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.layouts = (images.shape, images.is_contiguous(memory_format=torch.channels_last))
            return super().forward(images)

    network = Looking()
    make(network).classify(pictures(4), 3)
    assert network.layouts == ((4, 3, 8, 8), True)


def test_real_pictures_get_their_right_labels(shared_data: Path) -> None:
    from model.decode import decode
    from model.decode_limits import DecodeLimits
    from model.devices import choose_device
    from model.preprocess import prepare
    from model.weights import default_catalogue

    installed = default_catalogue().open("imagenet-lite2")
    names = {"n01614925_bald_eagle.JPEG": 22, "n01631663_eft.JPEG": 27, "n01532829_house_finch.JPEG": 12}
    pixels = np.stack(
        [
            prepare(decode(shared_data / "imagenet" / name, limits=DecodeLimits()).image, installed.weights.preprocess)
            for name in names
        ]
    )
    output = Classifier(installed, choose_device("cpu")).classify(pixels, 5)
    assert [row[0].class_index for row in output.predictions] == list(names.values())
