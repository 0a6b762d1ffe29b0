"""Pictures of two shapes, easy to tell apart."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def draw(path: Path, shape: str, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(150, 250, (6, 6, 3), dtype=np.uint8)).resize((96, 96))
    colour = tuple(int(value) for value in rng.integers(0, 100, 3))
    left, top = rng.integers(5, 30, 2)
    box = [int(left), int(top), int(left) + 50, int(top) + 50]
    pen = ImageDraw.Draw(image)
    pen.ellipse(box, colour) if shape == "disc" else pen.rectangle(box, colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path
