"""Trainings that can be waited for: tinted pictures, tiny networks, and what they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import nn

import model.train
from model.cancel import CancelToken
from model.cards import card_bytes
from model.checkpoint import write_safetensors
from model.fine_tuning import FineTuning, TrainingSet
from model.network import build_network
from model.safe_files import file_sha256
from model.training_types import EpochDone, Recipe, Trained, TrainRequest
from model.types import Preprocess, WeightSet, WeightsFile
from model.weights import Catalogue

TINY_NETWORK = "timm:test_resnet"
"""Half a million values, and stages like a large ResNet's."""
TINY = Recipe(epochs=3, sizes=(32,), batch_size=8, learning_rate=3e-3, rand_augment=0, precision="fp32")
SMALL_PICTURES = Preprocess(36, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
TINTS = {"red": (200, 60, 60), "blue": (60, 60, 200), "green": (60, 200, 60)}


def request_for(shapes: Path, out: str = "shapes", folds: int = 3) -> TrainRequest:
    """A linear head on the built-in network."""
    return TrainRequest(shapes, out, folds=folds, seeds=1)


def network_request(root: Path, out: str = "tiny", **changes: Any) -> TrainRequest:
    """A whole tiny network from scratch, judged by hold-out parts."""
    request = TrainRequest(root, out, backbone=TINY_NETWORK, recipe=TINY, folds=0, validation_share=0.25, device="cpu")
    return replace(request, **changes)


def train(request: TrainRequest, catalogue: Catalogue) -> tuple[Trained, list[object]]:
    """Train to the end; return the last value and all values."""
    events = list(model.train.train(request, catalogue, CancelToken()))
    last = events[-1]
    assert isinstance(last, Trained)
    return last, list(events)


def train_until(request: TrainRequest, catalogue: Catalogue, enough: Callable[[object], bool]) -> list[object]:
    """Train, and cancel at the first value that is enough; return all values. Raises what the training raises."""
    cancel = CancelToken()
    events = []
    for event in model.train.train(request, catalogue, cancel):
        events.append(event)
        if enough(event):
            cancel.cancel()
    assert cancel.cancelled, "the value never came"
    return events


def is_epoch(number: int, fold: int | None = None) -> Callable[[object], bool]:
    """Whether a value is the end of this epoch."""
    return lambda event: isinstance(event, EpochDone) and (event.epoch, event.fold) == (number, fold)


def tint(path: Path, colour: tuple[int, int, int], seed: int) -> Path:
    """Save a picture of coarse noise in shades of one colour; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(0.3, 1.2, (6, 8, 1)) * np.array(colour)
    picture = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    picture.resize((48, 40), Image.Resampling.BICUBIC).save(path)
    return path


def tint_folders(root: Path, counts: Mapping[str, int], *, first_seed: int = 0) -> Path:
    """Fill a folder for each class, a tint's name behind any number of folders, with so many different pictures."""
    seed = first_seed
    for name, count in counts.items():
        for number in range(count):
            tint(root / name / f"{number}.png", TINTS[Path(name).name], seed)
            seed += 1
    return root


def own_set(
    catalogue: Catalogue,
    weights_id: str,
    *,
    architecture: str = TINY_NETWORK,
    classes: tuple[str, ...] = ("a", "b", "c"),
    preprocess: Preprocess = SMALL_PICTURES,
    recipe: Mapping[str, object] | None = None,
) -> WeightSet:
    """Put a set of the user's into the data folder: random values that keep numbers moderate, as after a training."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for key, tensor in build_network(architecture, len(classes)).state_dict().items():
        if tensor.dim() > 1:
            fan_in = tensor[0].numel()
            state[key] = torch.randn(tensor.shape, generator=generator) * (2 / fan_in) ** 0.5
        elif key.endswith(("running_var", "weight")):
            state[key] = torch.rand(tensor.shape, generator=generator) * 0.5 + 0.75
        elif tensor.is_floating_point():
            state[key] = torch.randn(tensor.shape, generator=generator) * 0.1
    folder = catalogue.folder(weights_id)
    folder.mkdir(parents=True)
    path = folder / f"{weights_id}.safetensors"
    write_safetensors(path, state, {})
    weights = WeightSet(
        id=weights_id,
        title=weights_id,
        family="custom",
        architecture=architecture,
        layout="timm" if architecture.startswith("timm:") else "torchvision",
        classes=classes,
        preprocess=preprocess,
        files=(WeightsFile("network", path.name, "user", path.stat().st_size, file_sha256(path)),),
        licence="none",
        source="a test",
        recipe=recipe or {},
    )
    (folder / "card.json").write_bytes(card_bytes(weights))
    return weights


def stored_tensors(catalogue: Catalogue, weights_id: str) -> dict[str, torch.Tensor]:
    """The tensors of a set of one file."""
    return safetensors.torch.load_file(catalogue.open(weights_id).paths["network"])


def assert_equal(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> None:
    """All tensors are there, and equal to the last bit."""
    assert one.keys() == other.keys()
    different = [key for key in one if not torch.equal(one[key], other[key])]
    assert different == []


def without_seconds(epochs: tuple[EpochDone, ...]) -> list[EpochDone]:
    """All figures that a repetition gives again."""
    return [replace(epoch, seconds=0.0) for epoch in epochs]


class Pixels:
    """Pictures of two tints in memory, in place of TrainingPictures; counts what was asked for."""

    def __init__(self, count: int) -> None:
        generator = np.random.default_rng(7)
        self.labels = torch.arange(count) % 2
        self.asked: list[int] = []
        self._pictures = []
        for label in self.labels.tolist():
            colour = np.array(list(TINTS.values())[label])
            noise = generator.uniform(0.3, 1.2, (40, 48, 1)) * colour
            self._pictures.append(torch.from_numpy(noise.clip(0, 255).astype(np.uint8)).permute(2, 0, 1).contiguous())

    def get(self, index: int, cancel: CancelToken) -> torch.Tensor:
        cancel.raise_if_cancelled()
        self.asked.append(index)
        return self._pictures[index]

    def prepared(self, indices: np.ndarray) -> np.ndarray:
        """As they are used: uint8 (N, 32, 32, 3)."""
        return np.stack([self._pictures[i][:, 4:36, 8:40].permute(1, 2, 0).numpy() for i in indices])


def tiny_network(architecture: str = TINY_NETWORK, classes: int = 2, seed: int = 0) -> nn.Module:
    """Random values, as at the start from scratch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_network(architecture, classes, device="cpu")


def fine_tuning(folder: Path, recipe: Recipe = TINY, *, count: int = 24, **changes: Any) -> FineTuning:
    """One training of a tiny network on two tints: the first 8 pictures judge, the others are learnt from."""
    pixels = changes.pop("pixels", None) or Pixels(count)
    validation, train = np.arange(changes.pop("validation", 8)), np.arange(8, count)
    data = TrainingSet(
        pictures=pixels,
        labels=changes.pop("labels", pixels.labels),
        train=train,
        validation=validation,
        validation_pixels=pixels.prepared(validation) if len(validation) else np.empty((0, 32, 32, 3), np.uint8),
        class_count=2,
    )
    settings: dict[str, Any] = {
        "folder": folder,
        "seed": 0,
        "fold": None,
        "device": torch.device("cpu"),
        "precision": "fp32",
        "from_scratch": True,
    }
    network = changes.pop("network", None) or tiny_network()
    return FineTuning(network, data, recipe, SMALL_PICTURES, **{**settings, **changes})


def run(tuning: FineTuning, *, resume: bool = False, until: int | None = None) -> list[EpochDone]:
    """Train to the end, or, cancelled, to the first batch after epoch `until`; return the epochs."""
    cancel = CancelToken()
    epochs = []
    with closing_hooks(tuning), closing(tuning.run(cancel, resume=resume)) as events:
        for event in events:
            if isinstance(event, EpochDone):
                epochs.append(event)
            elif len(epochs) == until:
                cancel.cancel()
    return epochs


class closing_hooks:  # noqa: N801 - in the manner of contextlib.closing
    """Closes the training at the end, whatever was raised."""

    def __init__(self, tuning: FineTuning) -> None:
        self._tuning = tuning

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._tuning.close()


def events_of(kind: type, events: list[object]) -> Iterator[Any]:
    """The values of one kind."""
    return (event for event in events if isinstance(event, kind))
