"""The devices that the window offers. Which of them work is found out when torch is there; asking would import it."""

import sys

from PySide6.QtCore import QCoreApplication


def device_choices() -> list[tuple[str, str]]:
    """Return the choices as (key of `model.devices.choose_device`, label)."""
    gpu = ("mps", QCoreApplication.translate("Devices", "Apple GPU"))
    if sys.platform != "darwin":
        gpu = ("cuda", QCoreApplication.translate("Devices", "NVIDIA GPU (CUDA)"))
    return [
        ("auto", QCoreApplication.translate("Devices", "Automatic")),
        ("cpu", QCoreApplication.translate("Devices", "CPU")),
        gpu,
    ]
