"""Weight set -> network ready for inference: built empty, filled from its files, folded and laid out for the device."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model.checkpoint import is_computed, map_by_order, read_state_dict
from model.errors import WeightsError
from model.types import InstalledWeights, WeightSet

log = logging.getLogger(__name__)

StateDict = dict[str, torch.Tensor]


def build_network(architecture: str, class_count: int, *, device: Literal["meta", "cpu"] = "meta") -> nn.Module:
    """Return the network of `library:name` with `class_count` outputs, without values (on torch's meta device).

    With `device` `cpu` it has random values, as for training from scratch; the few networks that cannot be built
    without values (torchvision's RegNets) have them in any case. Raises WeightsError for a library or a name that is
    not known.
    """
    library, _, name = architecture.partition(":")
    # The libraries are imported outside the block: importing them runs tensor code that fails on the meta device.
    if library == "torchvision":
        import torchvision

        if name in torchvision.models.list_models(module=torchvision.models):
            return _build_on(device, partial(torchvision.models.get_model, name, weights=None, num_classes=class_count))
    elif library == "timm":
        import timm

        if timm.is_model(name):
            return _build_on(device, partial(timm.create_model, name, pretrained=False, num_classes=class_count))
    raise WeightsError("weights-architecture-unknown", architecture=architecture)


def _build_on(device: Literal["meta", "cpu"], build: Callable[[], nn.Module]) -> nn.Module:
    try:
        with torch.device(device):
            return build()
    except NotImplementedError:  # what torch says to code that wants to know a value on the meta device
        if device != "meta":
            raise
        return build()


def load_network(installed: InstalledWeights, *, mmap: bool = True) -> nn.Module:
    """Return the weight set's network in eval mode on the CPU, its tensors read from the checked files.

    With `mmap` its tensors may lie in the files, which then must stay where they are. Raises WeightsError when a file
    cannot be read or its tensors do not fit the network.
    """
    weights = installed.weights
    network = build_network(weights.architecture, len(weights.classes))
    if _has_computed_buffers(network):
        network = build_network(weights.architecture, len(weights.classes), device="cpu")
    if "head" in installed.paths:
        state = _backbone_with_head(network, installed, mmap=mmap)
    else:
        state = read_state_dict(installed.paths["network"], mmap=mmap)
        if weights.layout == "by-order":
            state = map_by_order(state, network.state_dict())
    _fill(network, state, weights)
    return network.eval()


def _has_computed_buffers(network: nn.Module) -> bool:
    """Return whether the network has tables that no file holds and that it computes when it is built with values."""
    state = network.state_dict()
    return any(name not in state or _is_table(name) for name, _ in network.named_buffers())


def _is_table(key: str) -> bool:
    return is_computed(key) and not key.endswith("num_batches_tracked")


def _backbone_with_head(network: nn.Module, installed: InstalledWeights, *, mmap: bool) -> StateDict:
    """Return the backbone's tensors under the network's names, with the head's in place of the file's own head."""
    weights = installed.weights
    backbone = read_state_dict(installed.paths["backbone"], mmap=mmap)
    head = read_state_dict(installed.paths["head"], mmap=mmap)
    name, linear = classification_head(network)
    _check_head(head, linear.in_features, weights)
    own = network.state_dict()
    if weights.layout == "by-order":
        if len(backbone) != len(own):
            raise WeightsError("checkpoint-count-differs", actual=len(backbone), expected=len(own))
        backbone = dict(zip(own, backbone.values(), strict=True))
    # The file's own head has another number of rows, which does not matter, as it is not used.
    return {**backbone, **{f"{name}.{key}": tensor for key, tensor in head.items()}}


def replace_head(network: nn.Module, head: StateDict, weights: WeightSet) -> None:
    """Put a linear head with the tensors `weight` (classes, features) and `bias` (classes,) at the network's end."""
    name, old = classification_head(network)
    _check_head(head, old.in_features, weights)
    linear = nn.Linear(old.in_features, len(weights.classes), device="meta")
    linear.load_state_dict({key: tensor.float() for key, tensor in head.items()}, assign=True)
    network.set_submodule(name, linear)


def classification_head(network: nn.Module) -> tuple[str, nn.Linear]:
    """Return name and module of the last linear layer, the one that gives a logit for each class."""
    linears = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linears:
        raise WeightsError("weights-no-head")
    return linears[-1]


def _check_head(head: StateDict, features: int, weights: WeightSet) -> None:
    expected = {"weight": (len(weights.classes), features), "bias": (len(weights.classes),)}
    if {key: tuple(tensor.shape) for key, tensor in head.items()} != expected:
        raise WeightsError("weights-do-not-fit", id=weights.id, tensor="head")


def _fill(network: nn.Module, state: StateDict, weights: WeightSet) -> None:
    """Give the network's parameters their values, without a copy; refuse anything missing, surplus or of another shape.

    `num_batches_tracked` counts training steps and has no part in inference, so it may be missing or surplus; so may
    the tables that the network has computed itself.
    """
    own = network.state_dict()
    wanted = {key: tuple(tensor.shape) for key, tensor in own.items() if not is_computed(key)}
    given = {key: tuple(tensor.shape) for key, tensor in state.items() if not is_computed(key)}
    for key in [*wanted, *given]:
        if wanted.get(key) != given.get(key):
            raise WeightsError("weights-do-not-fit", id=weights.id, tensor=key)
    # Parameters are made float32: files may hold fp16, and a CPU is slower with anything but float32.
    values = {key: state[key].float() for key in wanted}
    values.update(
        {key: tensor if _is_table(key) else torch.tensor(0) for key, tensor in own.items() if is_computed(key)}
    )
    network.load_state_dict(values, strict=True, assign=True)
    network.requires_grad_(False)


@dataclass(frozen=True, slots=True)
class _FoldablePair:
    convolution: str
    batch_norm: str


def fold_batch_norm(network: nn.Module) -> int:
    """Multiply every BatchNorm that follows a convolution into that convolution; return how many were folded.

    Works in place on a network in eval mode. The network is traced only to find out which BatchNorm follows which
    convolution; where it cannot be traced it stays as it is, slower but right.
    """
    try:
        pairs = list(_foldable_pairs(network))
    except (fx.proxy.TraceError, TypeError, RuntimeError, AttributeError, NotImplementedError) as exc:
        log.info("BatchNorm stays unfolded, the network cannot be traced: %s", exc)
        return 0
    for pair in pairs:
        convolution = network.get_submodule(pair.convolution)
        batch_norm = network.get_submodule(pair.batch_norm)
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(batch_norm, nn.BatchNorm2d)
        network.set_submodule(pair.convolution, fuse_conv_bn_eval(convolution, batch_norm))
        # timm's BatchNormAct2d applies an activation after normalising; that must stay.
        activation = getattr(batch_norm, "act", None)
        network.set_submodule(pair.batch_norm, activation if activation is not None else nn.Identity())
    return len(pairs)


class _LeafTracer(fx.Tracer):
    """Takes convolutions and BatchNorms, subclasses too, as units and does not look inside them."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Return whether the module `m` is a unit."""
        return isinstance(m, (nn.Conv2d, nn.BatchNorm2d)) or super().is_leaf_module(m, module_qualified_name)


def _foldable_pairs(network: nn.Module) -> Iterator[_FoldablePair]:
    modules = dict(network.named_modules())
    graph = _LeafTracer().trace(network)
    calls = [node for node in graph.nodes if node.op == "call_module"]
    times_called = {target: sum(node.target == target for node in calls) for target in {node.target for node in calls}}
    for node in calls:
        before = node.args[0] if node.args else None
        if (
            type(modules[node.target]).__name__ in {"BatchNorm2d", "BatchNormAct2d"}
            and isinstance(before, fx.Node)
            and before.op == "call_module"
            and isinstance(modules[str(before.target)], nn.Conv2d)
            and len(before.users) == 1
            and times_called[node.target] == times_called[before.target] == 1
        ):
            yield _FoldablePair(str(before.target), str(node.target))


def prepare_for_inference(network: nn.Module, device: torch.device) -> nn.Module:
    """Fold, lay out (channels_last) and move the network, in eval mode; it must not be trained afterwards."""
    folded = fold_batch_norm(network)
    log.info("folded %d BatchNorm layers", folded)
    return network.to(device).to(memory_format=torch.channels_last).eval()
