"""Which networks there are, by the names that people give them; torchvision and timm are imported only when asked."""

import difflib
import math
from collections.abc import Sequence
from typing import NamedTuple, cast, get_args

from model.errors import WeightsError
from model.names import display_name
from model.types import Interpolation, Preprocess

LIBRARIES = ("torchvision", "timm")

# torchvision's for its first ImageNet weights of the ResNets: `ResNet50_Weights.IMAGENET1K_V1.transforms()`.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
USUAL_PREPROCESS = Preprocess(256, 224, "bilinear", IMAGENET_MEAN, IMAGENET_STD)

_MOST_SUGGESTIONS = 5
_SUGGESTED = ("resnet18", "resnet50", "wide_resnet50_2", "timm:convnext_tiny")


class Backbone(NamedTuple):
    """A network worth offering: the card's name of it, `library:name`, and a name for people."""

    architecture: str
    title: str


_BACKBONES = (
    Backbone("torchvision:resnet18", "ResNet-18"),
    Backbone("torchvision:resnet34", "ResNet-34"),
    Backbone("torchvision:resnet50", "ResNet-50"),
    Backbone("torchvision:resnet101", "ResNet-101"),
    Backbone("torchvision:resnet152", "ResNet-152"),
    Backbone("torchvision:resnext50_32x4d", "ResNeXt-50 32x4d"),
    Backbone("torchvision:resnext101_32x8d", "ResNeXt-101 32x8d"),
    Backbone("torchvision:resnext101_64x4d", "ResNeXt-101 64x4d"),
    Backbone("torchvision:wide_resnet50_2", "Wide ResNet-50-2"),
    Backbone("torchvision:wide_resnet101_2", "Wide ResNet-101-2"),
    Backbone("torchvision:mobilenet_v3_large", "MobileNetV3-Large"),
    Backbone("torchvision:efficientnet_v2_s", "EfficientNetV2-S"),
    Backbone("torchvision:convnext_tiny", "ConvNeXt-Tiny"),
    Backbone("timm:tf_efficientnet_lite0", "EfficientNet-Lite0"),
    Backbone("timm:tf_efficientnet_lite2", "EfficientNet-Lite2"),
    Backbone("timm:efficientnet_b0", "EfficientNet-B0"),
    Backbone("timm:mobilenetv3_large_100", "MobileNetV3-Large (timm)"),
    Backbone("timm:regnety_016", "RegNetY-1.6GF"),
    Backbone("timm:resnet50d", "ResNet-50-D"),
    Backbone("timm:seresnext50_32x4d", "SE-ResNeXt-50 32x4d"),
    Backbone("timm:convnext_tiny", "ConvNeXt-Tiny (timm)"),
    Backbone("timm:convnextv2_tiny", "ConvNeXt V2-Tiny"),
    Backbone("timm:vit_small_patch16_224", "ViT-Small/16"),
    Backbone("timm:vit_base_patch16_224", "ViT-Base/16"),
    Backbone("timm:swin_tiny_patch4_window7_224", "Swin-Tiny"),
)


def list_backbones() -> tuple[Backbone, ...]:
    """Return the networks that dialogs offer: torchvision's ResNets first. Any other of both libraries works too."""
    return _BACKBONES


def title_of(architecture: str) -> str:
    """Return a network's name for people: the list's, else `name (library)`."""
    known = {backbone.architecture: backbone.title for backbone in _BACKBONES}
    library, _, name = architecture.partition(":")
    return known.get(architecture, f"{name} ({library})")


def parse_architecture(name: str) -> str:
    """Return the `library:name` that a name stands for: `resnet50`, `ResNet-50`, `timm:convnext_tiny`.

    A name without a library is looked for in torchvision first, then in timm. timm's names may carry the tag of a
    pretraining (`resnet50.a1_in1k`). Nothing is downloaded. Raises WeightsError, with similar names, for an unknown
    one; may import torchvision and timm, which takes seconds.
    """
    library, colon, rest = name.strip().partition(":")
    libraries = (library.strip().lower(),) if colon else LIBRARIES
    wanted = rest if colon else library
    for candidate in libraries:
        found = _find(candidate, wanted)
        if found is not None:
            return f"{candidate}:{found}"
    nearest = _similar(wanted, libraries) or _SUGGESTED
    raise WeightsError("weights-architecture-name", name=display_name(name.strip()), nearest=", ".join(nearest))


def is_known_architecture(architecture: str) -> bool:
    """Return whether an installed library can build a `library:name`, tag included."""
    library, _, name = architecture.partition(":")
    return _is_known(library, name)


def default_preprocess(architecture: str) -> Preprocess:
    """Return how pictures are usually prepared for a network of `parse_architecture`.

    torchvision: as for the first weights that it published for that network, of those that take 224 pixels if there
    are such. timm: as the network's default configuration says, with the resize that timm's own evaluation makes of
    `crop_pct`. Nothing is downloaded. Raises WeightsError for an unknown architecture.
    """
    library, _, name = parse_architecture(architecture).partition(":")
    return _timm_preprocess(name) if library == "timm" else _torchvision_preprocess(name)


def _find(library: str, name: str) -> str | None:
    """Return the library's own spelling of a name, None where it has no such network."""
    spellings = dict.fromkeys((name.strip(), name.strip().lower(), name.strip().lower().replace("-", "_")))
    spellings.update({spelling.replace("resnet_", "resnet"): None for spelling in spellings})
    return next((spelling for spelling in spellings if _is_known(library, spelling)), None)


def _is_known(library: str, name: str) -> bool:
    if library == "torchvision":
        return name in _torchvision_names()
    if library != "timm":
        return False
    import timm

    if not timm.is_model(name):
        return False
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError:  # the network is known, the tag behind its name is not
        return False
    return True


def _torchvision_names() -> list[str]:
    import torchvision

    return cast(list[str], torchvision.models.list_models(module=torchvision.models))


def _similar(name: str, libraries: tuple[str, ...]) -> list[str]:
    names: list[str] = []
    if "torchvision" in libraries or not set(libraries) <= set(LIBRARIES):
        names += [f"torchvision:{known}" for known in _torchvision_names()]
    if "timm" in libraries or not set(libraries) <= set(LIBRARIES):
        import timm

        names += [f"timm:{known}" for known in timm.list_models()]
    bare = {known: known.partition(":")[2] for known in names}
    close = difflib.get_close_matches(name.strip().lower(), sorted(set(bare.values())), _MOST_SUGGESTIONS)
    found = [known for match in close for known in names if bare[known] == match]
    return found[:_MOST_SUGGESTIONS]


def _torchvision_preprocess(name: str) -> Preprocess:
    import torchvision

    # The transforms of torchvision's classification weights are one class: resize, crop, mean and std are its fields.
    published = [weights.transforms() for weights in torchvision.models.get_model_weights(name)]
    if not published:
        return USUAL_PREPROCESS
    # vit_h_14 is built for 224 pixels, whereas the first weights of that name take 518.
    transforms = next((found for found in published if found.crop_size == [USUAL_PREPROCESS.crop]), published[0])
    return Preprocess(
        resize=transforms.resize_size[0],
        crop=transforms.crop_size[0],
        interpolation=_interpolation(transforms.interpolation.value, "bilinear"),
        mean=_triple(transforms.mean),
        std=_triple(transforms.std),
    )


def _timm_preprocess(name: str) -> Preprocess:
    import timm

    found = timm.get_pretrained_cfg(name)
    if found is None:
        return USUAL_PREPROCESS
    crop = found.input_size[-1]
    return Preprocess(
        # timm/data/transforms_factory.py, for `crop_mode` center: `math.floor(img_size / crop_pct)`.
        resize=max(crop, math.floor(crop / (found.crop_pct or 0.875))),
        crop=crop,
        interpolation=_interpolation(found.interpolation, "bicubic"),
        mean=_triple(found.mean or IMAGENET_MEAN),
        std=_triple(found.std or IMAGENET_STD),
    )


def _interpolation(name: str | None, fallback: Interpolation) -> Interpolation:
    return cast(Interpolation, name) if name in get_args(Interpolation) else fallback


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue
