"""Sets of pictures as cameras write them, made once and kept."""

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.exif_block import exif_block
from benchmarks.picture_sources import find_sources, open_sources

VERSION = 1
"""To be raised when the same request gives other pictures."""
MANIFEST = "manifest.json"
_NOISE_SIDE = 1024
_GRAIN, _COLOUR_GRAIN = 3.0, 2.0
"""Standard deviations of a sensor's noise, of 255: as in pictures taken at a middling ISO."""


@dataclass(frozen=True, slots=True)
class SetKind:
    """A kind of picture: pixels, file format, and how many there are when nobody says."""

    width: int
    height: int
    suffix: str
    count: int
    title: str


KINDS = {
    "500": SetKind(500, 375, ".jpg", 200, "500 px"),
    "hd": SetKind(1920, 1080, ".jpg", 160, "full HD"),
    "12mp": SetKind(4000, 3000, ".jpg", 80, "12 MP"),
    "24mp": SetKind(6000, 4000, ".jpg", 48, "24 MP"),
    "png": SetKind(1920, 1080, ".png", 80, "full HD, PNG"),
    "small": SetKind(160, 120, ".jpg", 100, "160 px"),
}


def build_set(kind: SetKind, count: int, source_folder: Path | None, cache: Path) -> Path:
    """Return the folder with `count` pictures of a kind; made unless it is there already.

    The folder is named by all that its pictures depend on, and counts as whole when its manifest is there.
    """
    sources = find_sources(source_folder)
    request = {
        "version": VERSION,
        "pixels": [kind.width, kind.height],
        "format": kind.suffix,
        "count": count,
        "sources": [[file.name, file.stat().st_size] for file in sources],
    }
    digest = hashlib.sha256(json.dumps(request).encode()).hexdigest()[:12]
    folder = cache / f"{kind.width}x{kind.height}{kind.suffix.replace('.', '-')}-{count}-{digest}"
    if is_whole(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for index, picture in enumerate(make_pictures(kind, count, sources)):
        save_as_camera(picture, folder / f"picture-{index:05}{kind.suffix}", index)
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    (folder / MANIFEST).write_text(json.dumps({"request": request, "files": sizes}, indent=1), encoding="utf-8")
    return folder


def is_whole(folder: Path) -> bool:
    """Return whether the folder holds just the files, by name and size, that its manifest tells of."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return bool({f.name: f.stat().st_size for f in folder.iterdir() if f.name != MANIFEST} == files)
    except (OSError, ValueError, KeyError):
        return False


def make_pictures(kind: SetKind, count: int, sources: list[Path]) -> Iterator[Image.Image]:
    """Yield different pictures of a kind, the same on every call."""
    photographs = open_sources(sources)
    noise = _sensor_noise()
    for index in range(count):
        rng = np.random.default_rng((VERSION, index))
        view = _view(photographs[index % len(photographs)], kind, rng)
        yield _with_noise(view, noise, rng)


def _view(photograph: Image.Image, kind: SetKind, rng: np.random.Generator) -> Image.Image:
    """Return a part of a photograph at the kind's size, perhaps mirrored, a little brighter or darker."""
    whole = min(photograph.width / kind.width, photograph.height / kind.height)
    scale = whole * rng.uniform(0.5, 1.0)
    width, height = kind.width * scale, kind.height * scale
    left, top = rng.uniform(0, photograph.width - width), rng.uniform(0, photograph.height - height)
    box = (left, top, left + width, top + height)
    view = photograph.resize((kind.width, kind.height), Image.Resampling.BICUBIC, box)
    if rng.random() < 0.5:
        view = ImageOps.mirror(view)
    return ImageEnhance.Brightness(view).enhance(rng.uniform(0.8, 1.2))


def _sensor_noise() -> NDArray[np.int16]:
    """Return a square of noise to be laid over pictures: mostly of brightness, less of colour."""
    rng = np.random.default_rng(VERSION)
    shape = (_NOISE_SIDE, _NOISE_SIDE)
    grain = rng.normal(0, _GRAIN, shape)[:, :, None] + rng.normal(0, _COLOUR_GRAIN, (*shape, 3))
    return np.rint(grain).astype(np.int16)


def _with_noise(view: Image.Image, noise: NDArray[np.int16], rng: np.random.Generator) -> Image.Image:
    down, across = rng.integers(0, _NOISE_SIDE, 2)
    rows, columns = (np.arange(view.height) + down) % _NOISE_SIDE, (np.arange(view.width) + across) % _NOISE_SIDE
    laid = noise[rows][:, columns]
    return Image.fromarray(np.clip(np.asarray(view, dtype=np.int16) + laid, 0, 255).astype(np.uint8))


def save_as_camera(picture: Image.Image, file: Path, index: int) -> None:
    """Write PNG, or JPEG of quality 92 to 95 with 4:2:2 or 4:2:0 chroma and an EXIF block with a thumbnail."""
    if file.suffix == ".png":
        picture.save(file, compress_level=6)
        return
    chroma = "4:2:2" if index % 2 else "4:2:0"
    picture.save(file, quality=92 + index % 4, subsampling=chroma, exif=exif_block(picture))


def main() -> None:
    """Build one set and print its folder: a process of its own, so that the memory it takes burdens no measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("count", type=int)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    print(build_set(KINDS[chosen.kind], chosen.count, chosen.pictures, chosen.cache))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
