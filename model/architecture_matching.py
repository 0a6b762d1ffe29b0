"""Which network a state dict belongs to, told from its tensors' names and shapes. Imports torch."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch

from model.architecture_candidates import candidates_for
from model.checkpoint import describe_shape, is_computed
from model.errors import WeightsError
from model.names import display_name
from model.network import build_network

log = logging.getLogger(__name__)

Shape = tuple[int, ...]

# A prime that no layer's width is equal to: tensors of this length have a row for each class.
_PROBE_CLASSES = 7919
_MOST_NAMED = 3
# Above this share of tensors that differ, a network is no neighbour that would be worth naming.
_FARTHEST_NEIGHBOUR = 0.5
# A network is plainly the one that was meant when at most this share differs, and in every other that many times more.
_SMALL_DIFFERENCE = 0.1
_MUCH_FARTHER = 3


@dataclass(frozen=True, slots=True)
class NetworkShapes:
    """Names and shapes of a network's tensors, without those that it computes by itself.

    The tensors of `class_tensors` have a row for each class; `with_classes` says how many.
    """

    shapes: Mapping[str, Shape]
    class_tensors: tuple[str, ...]

    def with_classes(self, classes: int) -> dict[str, Shape]:
        """Return the shapes for a number of classes."""
        return {
            name: (classes, *shape[1:]) if name in self.class_tensors else shape for name, shape in self.shapes.items()
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a state dict differs from a network; `shapes` are sentences' parts, `name (this instead of that)`.

    `classes` is the number of classes that the state dict's head has, None where it has no such tensor.
    """

    architecture: str
    tensors: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    shapes: tuple[str, ...]
    classes: int | None

    @property
    def fits(self) -> bool:
        """Whether every tensor is there, in its shape, and none besides."""
        return not self.differences

    @property
    def differences(self) -> int:
        """How many tensors differ."""
        return len(self.missing) + len(self.surplus) + len(self.shapes)

    @property
    def first_fault(self) -> str:
        """One tensor that differs, in words for the text of an error."""
        for word, faults in (("lacks", self.missing), ("has no", self.surplus), ("differs in", self.shapes)):
            if faults:
                return f"{word} {display_name(faults[0])}"
        return ""


@cache
def network_shapes(architecture: str) -> NetworkShapes:
    """Return the shapes of a network of `library:name`; raises WeightsError when it is unknown."""
    own = build_network(architecture, _PROBE_CLASSES).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items() if not is_computed(name)}
    heads = tuple(name for name, shape in shapes.items() if shape and shape[0] == _PROBE_CLASSES)
    return NetworkShapes(shapes, heads)


def compare(state: Mapping[str, torch.Tensor], architecture: str) -> Comparison:
    """Compare the names and shapes of a state dict with those of a network; any number of classes fits.

    `state` is without computed tensors.
    """
    network = network_shapes(architecture)
    # A head of another rank, or one without rows, tells no number of classes; its shape is at fault.
    counts = [
        state[name].shape[0]
        for name in network.class_tensors
        if name in state and state[name].dim() == len(network.shapes[name]) and state[name].shape[0]
    ]
    expected = network.with_classes(counts[0] if counts else 1)
    return Comparison(
        architecture=architecture,
        tensors=len(expected),
        missing=tuple(name for name in expected if name not in state),
        surplus=tuple(name for name in state if name not in expected),
        shapes=tuple(
            f"{name} ({describe_shape(state[name].shape)} instead of {describe_shape(shape)})"
            for name, shape in expected.items()
            if name in state and tuple(state[name].shape) != shape
        ),
        classes=counts[0] if counts else None,
    )


def infer_architecture(state: Mapping[str, torch.Tensor]) -> str | None:
    """Return the one `library:name` whose tensors have these names and shapes; None when none or several have.

    Where torchvision and timm have the same network, it is torchvision's.
    """
    fitting = _fitting(_compare_with_candidates(state))
    return fitting[0] if len(fitting) == 1 else None


def find_architecture(state: Mapping[str, torch.Tensor], file: str) -> str:
    """Return what `infer_architecture` does, or the network that plainly was meant though a few tensors differ.

    `file` is the file's name for the error. Raises WeightsError that names the nearest networks, or those that all fit.
    """
    comparisons = _compare_with_candidates(state)
    fitting = _fitting(comparisons)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise WeightsError("weights-architecture-ambiguous", file=file, names=", ".join(fitting))
    neighbours = [c for c in comparisons if c.differences <= _FARTHEST_NEIGHBOUR * c.tensors][:_MOST_NAMED]
    if _is_plain(comparisons):
        return comparisons[0].architecture
    if not neighbours:
        first = next(iter(state), "")
        raise WeightsError("weights-architecture-unfamiliar", file=file, tensor=display_name(first))
    nearest = ", ".join(
        f"{c.architecture} ({c.differences} of {c.tensors} differ: {c.first_fault})" for c in neighbours
    )
    raise WeightsError("weights-architecture-near", file=file, nearest=nearest)


def _fitting(comparisons: Iterable[Comparison]) -> list[str]:
    fitting = [comparison.architecture for comparison in comparisons if comparison.fits]
    preferred = [architecture for architecture in fitting if architecture.startswith("torchvision:")]
    return preferred or fitting


def _is_plain(comparisons: Sequence[Comparison]) -> bool:
    """Return whether the nearest network is very near, and the next one far away."""
    if not comparisons or comparisons[0].differences > _SMALL_DIFFERENCE * comparisons[0].tensors:
        return False
    return len(comparisons) == 1 or comparisons[1].differences >= _MUCH_FARTHER * comparisons[0].differences


def _compare_with_candidates(state: Mapping[str, torch.Tensor]) -> list[Comparison]:
    """Return the candidates with their differences, the nearest first."""
    comparisons = []
    for architecture in candidates_for(state):
        try:
            comparisons.append(compare(state, architecture))
        except WeightsError:  # the installed library is older than the network, or has dropped it
            log.info("%s is not known here", architecture)
    return sorted(comparisons, key=lambda comparison: comparison.differences)
