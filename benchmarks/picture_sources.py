"""Photographs to make pictures of: those that installed packages ship, or those of a folder."""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

# Package -> the folder in it, and the colour photographs of some size among what lies there.
SHIPPED = {
    "skimage": (
        "data",
        ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg"),
    ),
}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
FEWEST = 6
"""With fewer photographs than this, made ones are added."""


def find_sources(folder: Path | None) -> list[Path]:
    """Return the photographs to use, in a fixed order; none may be found."""
    if folder is not None:
        return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    found = []
    for package, (place, names) in SHIPPED.items():
        spec = importlib.util.find_spec(package)
        for parent in (spec.submodule_search_locations or []) if spec is not None else []:
            found += [file for name in names if (file := Path(parent, place, name)).is_file()]
    return found


def open_sources(files: list[Path]) -> list[Image.Image]:
    """Return the photographs in RGB, with made ones added until there are enough."""
    photographs = [Image.open(file).convert("RGB") for file in files]
    return photographs + [made_photograph(seed) for seed in range(max(0, FEWEST - len(photographs)))]


def made_photograph(seed: int) -> Image.Image:
    """Return 1200 x 900 pixels whose spectrum falls with frequency as that of photographs does.

    Amplitude ~ 1/f (Field 1987, "Relations between the statistics of natural images and the response properties of
    cortical cells"), three channels that are mostly alike.
    """
    rng = np.random.default_rng(seed)
    height, width = 900, 1200
    distance = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    distance[0, 0] = 1
    planes = []
    for _ in range(4):
        spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / distance
        spectrum[0, 0] = 0
        plane = np.fft.irfft2(spectrum, (height, width))
        planes.append(plane / plane.std())
    colour = rng.uniform(60, 190, 3)
    channels = [colour[c] + 45 * planes[0] + 18 * planes[c + 1] for c in range(3)]
    return Image.fromarray(np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8))
