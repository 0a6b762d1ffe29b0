"""The network that is to be trained: where it starts from, which of its blocks learn, what is stored. Imports torch."""

import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from model.architectures import IMAGENET_MEAN, IMAGENET_STD
from model.errors import WeightsError
from model.network import build_network, classification_head, load_network
from model.training_types import ALL_LAYERS, Precision, Recipe
from model.types import InstalledWeights, Preprocess, StateDictLayout
from model.weights import ALIASES, Catalogue

log = logging.getLogger(__name__)

# A network is used at a larger size than it was trained at, for a random crop shows things larger than the centre crop
# does (Touvron et al., "Fixing the train-test resolution discrepancy", 2019). torchvision's own recipe: 176 and 224.
TRAIN_TEST_RATIO = 0.8
_DEFAULT_CROP = 224
# The margin around the centre crop: torchvision's 256 for 224.
RESIZE_RATIO = 256 / 224
_BatchNorm = nn.modules.batchnorm._BatchNorm


@dataclass(frozen=True, slots=True)
class Backbone:
    """What the training starts from: a weight set, or (None) an architecture with random values."""

    architecture: str
    layout: StateDictLayout
    preprocess: Preprocess
    installed: InstalledWeights | None

    @property
    def name(self) -> str:
        """The weight set's id, or the architecture."""
        return self.architecture if self.installed is None else self.installed.weights.id


def find_backbone(name: str, catalogue: Catalogue, sizes: tuple[int, ...]) -> Backbone:
    """Return the backbone of a weight set's id, `torchvision:NAME`, `timm:NAME` or a bare torchvision name.

    From scratch, the last of the training `sizes` decides at which size the network will be used. Raises WeightsError
    for a set that is not there and an architecture that is not known.
    """
    library, colon, _ = name.partition(":")
    if not colon and (name in ALIASES or any(entry.weights.id == name for entry in catalogue.entries())):
        installed = catalogue.open(catalogue.resolve(name))
        weights = installed.weights
        return Backbone(weights.architecture, weights.layout, weights.preprocess, installed)
    architecture = name if colon else f"torchvision:{name}"
    try:
        build_network(architecture, 2)
    except WeightsError:
        if not colon:
            catalogue.resolve(name)  # raises the error that lists the weight sets
        raise
    crop = 8 * round(sizes[-1] / TRAIN_TEST_RATIO / 8) if sizes else _DEFAULT_CROP
    preprocess = Preprocess(round(crop * RESIZE_RATIO), crop, "bilinear", IMAGENET_MEAN, IMAGENET_STD)
    layout: StateDictLayout = "timm" if library == "timm" else "torchvision"
    return Backbone(architecture, layout, preprocess, None)


def training_sizes(recipe: Recipe, preprocess: Preprocess) -> tuple[int, ...]:
    """Return the sides of the training crops, in the order of the epochs; one that suits if the recipe names none."""
    return recipe.sizes or (8 * round(preprocess.crop * TRAIN_TEST_RATIO / 8),)


def start_network(backbone: Backbone, class_count: int, seed: int) -> nn.Module:
    """Return the network with float32 values of its own and a fresh head of `class_count` outputs.

    From scratch it is drawn by `seed`, with torchvision's and timm's own initialisation; the last BatchNorm of each
    residual block starts at zero where the library offers that.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if backbone.installed is None:
            return _from_scratch(backbone.architecture, class_count)
        network = copy.deepcopy(load_network(backbone.installed))
        name, head = classification_head(network)
        network.set_submodule(name, nn.Linear(head.in_features, class_count))
        return network.requires_grad_(True)


def _from_scratch(architecture: str, class_count: int) -> nn.Module:
    library, _, name = architecture.partition(":")
    if library == "timm":
        import timm

        network: nn.Module = timm.create_model(name, pretrained=False, num_classes=class_count)
        return network
    import torchvision

    try:
        network = torchvision.models.get_model(name, weights=None, num_classes=class_count, zero_init_residual=True)
    except TypeError:  # not a ResNet
        network = torchvision.models.get_model(name, weights=None, num_classes=class_count)
    return network


def set_head(network: nn.Module, weight: torch.Tensor, bias: torch.Tensor) -> None:
    """Give the network's last layer the values of a linear head, float32 (classes, features) and (classes,)."""
    _, head = classification_head(network)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)


def freeze(network: nn.Module, recipe: Recipe, *, from_scratch: bool) -> list[nn.Module]:
    """Let only the head and the blocks that the recipe unfreezes learn; return the norms that keep their statistics.

    With all blocks also that learns which belongs to none, such as a transformer's table of positions.
    BatchNorms of frozen blocks always stay as they are. Those of learning blocks learn their statistics when the
    network starts from scratch; from trained weights they keep them, which is safer for small data sets, unless the
    recipe says otherwise. The modules returned are to be put in eval mode after each `network.train()`.
    """
    blocks = list(_blocks(network))
    count = len(blocks) if recipe.unfreeze == ALL_LAYERS else min(int(recipe.unfreeze), len(blocks))
    _, head = classification_head(network)
    network.requires_grad_(count == len(blocks))
    for block in (*blocks[len(blocks) - count :], head):
        block.requires_grad_(True)
    keep = recipe.batch_norm == "frozen" or (recipe.batch_norm == "auto" and not from_scratch)
    frozen = blocks if keep else blocks[: len(blocks) - count]
    log.info("%d of %d blocks learn", count, len(blocks))
    return [module for block in frozen for module in block.modules() if isinstance(module, _BatchNorm)]


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the parts with parameters that come before the head, from the input to the output; sequences are opened."""
    _, head = classification_head(module)
    yield from _opened(module, head)


def _opened(module: nn.Module, head: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        if child is head or not any(True for _ in child.parameters()):
            continue
        if isinstance(child, (nn.Sequential, nn.ModuleList)) or any(part is head for part in child.modules()):
            yield from _opened(child, head)
        else:
            yield child


def choose_precision(wish: Precision, device: torch.device, network: nn.Module) -> str:
    """Return fp32, bf16 or fp16: the wish, or for `auto` the one that is fast on the device.

    CUDA devices before Ampere get fp16. On CPUs bf16 needs instructions of its own; with them a ResNet-50 learns twice
    as fast as in fp32, but depthwise convolutions learn more slowly (measured with torch 2.14: 0.8 of the speed).
    """
    if wish != "auto":
        return wish
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if device.type != "cpu" or any(_is_depthwise(module) for module in network.modules()):
        return "fp32"
    # These questions have no public name in torch; a version that no longer answers them gets the safe choice.
    asks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return "bf16" if any(ask is not None and ask() for ask in asks) else "fp32"


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1
