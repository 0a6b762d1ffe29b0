"""A second network teaches: its soft labels, and what it sees at several depths, enter the loss. Imports torch.

Soft labels: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015. Features: Romero et al., "FitNets",
2015. Teacher and student see the same crop (Beyer et al., "A good teacher is patient and consistent", 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import torch
from torch import nn
from torch.nn import functional

from model.network import classification_head

# Where torchvision's ResNets have their maps: module -> pixels of the picture for one of the map.
_TORCHVISION_RESNET = {8: "layer2", 16: "layer3", 32: "layer4"}
_REDUCTIONS = (8, 16, 32)
_POOLED = 0


def feature_modules(network: nn.Module) -> dict[int, str]:
    """Return the module that ends each stage, by how many pixels of the picture make one of its map.

    Known for timm's networks and torchvision's ResNets; empty for others, which are then compared by their pooled
    features alone.
    """
    info = getattr(network, "feature_info", None)
    if info is not None:
        entries = info if isinstance(info, list) else info.get_dicts()
        return {entry["reduction"]: entry["module"] for entry in entries if entry["reduction"] in _REDUCTIONS}
    modules = dict(network.named_modules())
    if all(name in modules for name in _TORCHVISION_RESNET.values()):
        return dict(_TORCHVISION_RESNET)
    return {}


class FeatureTap:
    """Listens to a network: after each forward pass `maps` has what its stages gave, and the pooled features at 0."""

    def __init__(self, network: nn.Module, reductions: Sequence[int]) -> None:
        """`reductions` names the stages, as `feature_modules` has them."""
        self.maps: dict[int, torch.Tensor] = {}
        modules = feature_modules(network)
        self._handles = [
            network.get_submodule(modules[reduction]).register_forward_hook(self._keep(reduction))
            for reduction in reductions
        ]
        _, head = classification_head(network)
        self._handles.append(head.register_forward_pre_hook(self._keep_pooled))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()

    def _keep(self, reduction: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - torch's hook types are private
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            self.maps[reduction] = output

        return hook

    def _keep_pooled(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self.maps[_POOLED] = inputs[0]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the teacher says of a batch: logits float32 (N, classes), None if its classes are others, and its maps."""

    logits: torch.Tensor | None
    maps: dict[int, torch.Tensor]


class Teacher:
    """A network in eval mode whose outputs the student learns from. `close` takes its hooks off."""

    def __init__(self, network: nn.Module, normalise: nn.Module, student: nn.Module, *, same_classes: bool) -> None:
        """`network` in eval mode; `normalise` takes uint8-range float pictures (N, 3, S, S)."""
        self._network = network
        self._normalise = normalise
        self._same_classes = same_classes
        shared = feature_modules(network).keys() & feature_modules(student).keys()
        self.reductions = tuple(sorted(shared))
        self._tap = FeatureTap(network, self.reductions)

    @torch.no_grad()
    def teach(self, pictures: torch.Tensor) -> Lesson:
        """Return the lesson on float32 (N, 3, S, S), 0..255."""
        logits = self._network(self._normalise(pictures))
        maps = {key: value.float() for key, value in self._tap.maps.items()}
        self._tap.maps.clear()
        return Lesson(logits.float() if self._same_classes else None, maps)

    def close(self) -> None:
        """Stop listening."""
        self._tap.__exit__(None, None, None)


class FeatureMatch(nn.Module):
    """How far the student's features are from the teacher's, each seen through a linear map that is learnt too."""

    def __init__(self, student: dict[int, int], teacher: dict[int, int]) -> None:
        """Take the channels of each map, by its reduction; what only one of the two has is left out."""
        super().__init__()
        shared = sorted(student.keys() & teacher.keys())
        self.maps = nn.ModuleDict({str(key): nn.Conv2d(student[key], teacher[key], kernel_size=1) for key in shared})

    def forward(self, student: dict[int, torch.Tensor], teacher: dict[int, torch.Tensor]) -> torch.Tensor:
        """Return the mean over all maps of the smooth L1 distance to the teacher's channels, which are standardised.

        Without that, the few channels with large values would be all that counts.
        """
        losses = []
        for key, projection in self.maps.items():
            ours, theirs = _as_map(student[int(key)]).float(), _as_map(teacher[int(key)])
            ours, theirs = _to_common_grid(ours, theirs)
            theirs = functional.batch_norm(theirs, None, None, training=True)
            losses.append(functional.smooth_l1_loss(projection(ours), theirs))
        return torch.stack(losses).mean()


def _as_map(features: torch.Tensor) -> torch.Tensor:
    return features if features.dim() == 4 else features.flatten(1)[:, :, None, None]


def _to_common_grid(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    height, width = min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3])
    return tuple(  # type: ignore[return-value]
        item if item.shape[2:] == (height, width) else functional.adaptive_avg_pool2d(item, (height, width))
        for item in (a, b)
    )


def soft_label_loss(logits: torch.Tensor, teacher_logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the mean Kullback-Leibler divergence from the teacher's softened labels, times temperature squared."""
    ours = functional.log_softmax(logits / temperature, dim=1)
    theirs = functional.log_softmax(teacher_logits / temperature, dim=1)
    return functional.kl_div(ours, theirs, reduction="batchmean", log_target=True) * temperature**2


def channels_of(maps: dict[int, torch.Tensor]) -> dict[int, int]:
    """Return the number of channels of each map of a square picture, float (N, C, H, H), and of pooled features.

    What stages of transformers give, rows of tokens or maps with their channels last, is left out.
    """
    return {
        key: value.flatten(1).shape[1] if key == _POOLED else value.shape[1]
        for key, value in maps.items()
        if key == _POOLED or (value.dim() == 4 and value.shape[2] == value.shape[3])
    }
