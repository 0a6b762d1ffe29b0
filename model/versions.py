"""The versions of everything that has a say in a result, for those who want to repeat it."""

import importlib.metadata
import platform

_PACKAGES = (
    "photospotter",
    "torch",
    "torchvision",
    "timm",
    "onnxruntime",
    "onnx",
    "onnxscript",
    "torchmetrics",
    "pillow",
    "pi-heif",
    "numpy",
    "safetensors",
)


def installed_versions() -> dict[str, str | None]:
    """Return the versions of Python, the system and the packages; None for a package that is not installed."""
    versions: dict[str, str | None] = {"python": platform.python_version(), "system": platform.platform()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions
