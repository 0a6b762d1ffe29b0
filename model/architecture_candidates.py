"""The networks that a file of weights may be recognised as; any other has to be named."""

from collections.abc import Container, Iterator
from typing import NamedTuple


class _Family(NamedTuple):
    """Networks that all have the tensor `mark`, with names between spaces."""

    mark: str
    library: str
    names: str

    def architectures(self) -> Iterator[str]:
        return (f"{self.library}:{name}" for name in self.names.split())


# Networks of equal names and shapes that compute different things stand together, so that a file of theirs is found to
# be ambiguous: the names and shapes of all 1,371 networks of timm 1.0.31 were compared with these. Left out are timm's
# copies of torchvision's networks, and its variants of the ResNets that only pool in another way.
_FAMILIES = (
    _Family(
        "layer1.0.conv1.weight",
        "torchvision",
        "resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d resnext101_32x8d resnext101_64x4d "
        "wide_resnet50_2 wide_resnet101_2",
    ),
    _Family("layer1.0.conv1.weight", "timm", "resnet26"),
    _Family("layer1.0.se.fc1.weight", "timm", "seresnet50 seresnext50_32x4d seresnext101_32x4d"),
    _Family(
        "conv1.3.weight",
        "timm",
        "resnet18d resnet26d resnet34d resnetaa34d resnet50d resnetaa50d resnetblur50d resnet101d resnetaa101d "
        "resnetblur101d",
    ),
    _Family(
        "features.denseblock1.denselayer1.norm1.weight",
        "torchvision",
        "densenet121 densenet161 densenet169 densenet201",
    ),
    _Family("features.1.conv.0.0.weight", "torchvision", "mobilenet_v2"),
    _Family("features.1.block.0.0.weight", "torchvision", "mobilenet_v3_small mobilenet_v3_large"),
    _Family(
        "features.1.0.block.0.0.weight",
        "torchvision",
        "efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5 "
        "efficientnet_b6 efficientnet_b7 efficientnet_v2_s efficientnet_v2_m efficientnet_v2_l",
    ),
    _Family("features.1.0.layer_scale", "torchvision", "convnext_tiny convnext_small convnext_base convnext_large"),
    _Family(
        "stage2.0.branch1.0.weight",
        "torchvision",
        "shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0",
    ),
    _Family("encoder.layers.encoder_layer_0.ln_1.weight", "torchvision", "vit_b_16 vit_b_32 vit_l_16 vit_l_32"),
    _Family("features.1.0.attn.relative_position_bias_table", "torchvision", "swin_t swin_s swin_b"),
    _Family(
        "stages.0.blocks.0.conv_dw.weight",
        "timm",
        "convnext_atto convnext_femto convnext_pico convnext_nano convnext_tiny convnext_small convnext_base "
        "convnext_large convnextv2_atto convnextv2_femto convnextv2_pico convnextv2_nano convnextv2_tiny "
        "convnextv2_base convnextv2_large",
    ),
    _Family(
        "conv_stem.weight",
        "timm",
        "efficientnet_b0 tf_efficientnet_b0 efficientnet_blur_b0 efficientnet_b1 tf_efficientnet_b1 efficientnet_b2 "
        "tf_efficientnet_b2 efficientnet_b3 tf_efficientnet_b3 efficientnet_b4 tf_efficientnet_b4 efficientnet_lite0 "
        "tf_efficientnet_lite0 efficientnet_lite1 tf_efficientnet_lite1 efficientnet_lite2 tf_efficientnet_lite2 "
        "efficientnetv2_s tf_efficientnetv2_s efficientnetv2_rw_s mobilenetv2_100 mobilenetv3_small_100 "
        "tf_mobilenetv3_small_100 mobilenetv3_large_100 tf_mobilenetv3_large_100",
    ),
    _Family(
        "s1.b1.conv1.conv.weight",
        "timm",
        "regnetx_004 regnetx_008 regnetx_016 regnetx_032 regnety_004 regnety_008 regnety_016 regnety_032",
    ),
    _Family(
        "patch_embed.proj.weight",
        "timm",
        "vit_tiny_patch16_224 deit_tiny_patch16_224 vit_small_patch16_224 deit_small_patch16_224 "
        "vit_base_patch16_224 deit_base_patch16_224 deit3_small_patch16_224 deit3_base_patch16_224 "
        "swin_tiny_patch4_window7_224 swin_small_patch4_window7_224 swin_base_patch4_window7_224",
    ),
)


def candidates_for(names: Container[str]) -> Iterator[str]:
    """Yield each `library:name` that a state dict with tensors of these names may belong to, the preferred first."""
    for family in _FAMILIES:
        if family.mark in names:
            yield from family.architectures()
