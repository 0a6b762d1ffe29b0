"""Data sets of small pictures that are no copies of one another."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from model.cancel import CancelToken
from model.dataset import Dataset, LabelledImage, read_dataset
from model.decode_limits import DecodeLimits


def read(root: Path, cache: Path | None = None) -> Dataset:
    """Read to the end."""
    *_, last = read_dataset(root, DecodeLimits(), CancelToken(), cache=cache)
    assert isinstance(last, Dataset)
    return last


def noise_picture(path: Path, seed: int) -> Path:
    """Save coarse noise of this seed; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC).save(path)
    return path


def make_folders(root: Path, counts: Mapping[str, int]) -> Path:
    """Fill each folder of `counts`, relative to `root`, with so many pictures 0.png, 1.png ... that all differ."""
    seed = len(list(root.rglob("*.png"))) if root.is_dir() else 0  # none that is there already
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            noise_picture(root / name / f"{number}.png", seed)
            seed += 1
    return root


def make_image(number: int, pixels: np.ndarray, label: int = 0) -> LabelledImage:
    """A picture without a file, whose bytes no other one has; its thumbnail is made of float32 (256,)."""
    thumbnail = pixels.astype(np.float32) - np.float32(pixels.mean())
    norm = np.float32(np.linalg.norm(thumbnail))
    return LabelledImage(Path(f"{number}.png"), label, str(number), thumbnail / norm if norm else thumbnail, 1)
