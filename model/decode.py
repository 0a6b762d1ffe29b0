"""A path -> an upright RGB picture, and thumbnails of it."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.decode_errors import too_large, translated
from model.decode_limits import DecodeLimits
from model.errors import ImageError
from model.picture_file import icon_pixels, identify, is_cut_short, known_format, open_regular, set_up_pillow
from model.pixels import orientation, to_upright_rgb, upright_size
from model.types import PictureFacts

# Peak memory while decoding, in units of the 4 bytes a pixel that baseline JPEG and PNG take in Pillow: measured on
# 30-megapixel pictures with Pillow 13 and pi_heif 1.4, rounded up.
_MEMORY_WEIGHT = {"JPEG2000": 5, "WEBP": 4, "HEIF": 3, "AVIF": 3, "TIFF": 2}
# A thumbnail is made from at least this many times its size; less looks rough.
_DRAFT_FACTOR = 2
_TIFF_TILE_WIDTH, _TIFF_TILE_LENGTH = 322, 323


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A picture in mode RGB, upright, with what was found out about its file."""

    image: Image.Image
    facts: PictureFacts


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A small picture: uint8 (h, w, 3), RGB, C-contiguous; the facts are those of the whole picture."""

    pixels: NDArray[np.uint8]
    facts: PictureFacts


def decode(path: Path, *, limits: DecodeLimits, cancel: CancelToken | None = None) -> DecodedImage:
    """Decode a file's (first) picture; raises ImageError, or Cancelled.

    The picture no longer counts in the budget when this returns; `decoding` lets it count until it was used.
    """
    with decoding(path, limits=limits, cancel=cancel) as decoded:
        return decoded


@contextmanager
def decoding(path: Path, *, limits: DecodeLimits, cancel: CancelToken | None = None) -> Iterator[DecodedImage]:
    """Give a file's (first) picture, counted in the budget until the block ends; raises ImageError, or Cancelled."""
    with _upright_rgb(path, limits, cancel) as (image, facts):
        yield DecodedImage(image, facts)


def thumbnail(path: Path, side: int, *, limits: DecodeLimits, cancel: CancelToken | None = None) -> Thumbnail:
    """Return the picture that `decode` gives, made smaller where its longer side exceeds `side` pixels.

    JPEG files are decoded at a reduced size that is still at least twice the thumbnail's. Raises ImageError, or
    Cancelled.
    """
    with _upright_rgb(path, limits, cancel, draft_for=side) as (image, facts):
        scale = min(1.0, side / max(facts.width, facts.height))
        size = (max(1, round(facts.width * scale)), max(1, round(facts.height * scale)))
        with translated(limits.pixels):
            small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
            return Thumbnail(np.array(small, order="C"), facts)


@contextmanager
def _upright_rgb(
    path: Path, limits: DecodeLimits, cancel: CancelToken | None, draft_for: int | None = None
) -> Iterator[tuple[Image.Image, PictureFacts]]:
    """Give the upright RGB picture with its facts; JPEG reduced if it is only for a thumbnail of side `draft_for`."""
    formats = set_up_pillow(limits.pixels)
    _raise_if_cancelled(cancel)
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(path))
        with translated(limits.pixels):
            known = known_format(file)
            cut_short = is_cut_short(file, known)
            icon = icon_pixels(file) if known is not None and known.pillow == "ICO" else 0
        if icon:
            _require_within(limits, icon)
            stack.enter_context(limits.budget.hold(icon, cancel))
        with translated(limits.pixels, is_cut_short=cut_short):
            source = identify(file, path.name, known, formats)
            _require_within(limits, _most_pixels(source))
            whole_size = source.size
            if draft_for is not None:
                _set_draft(source, draft_for)
            is_draft = source.size != whole_size
            cost = _cost(source)
        if not icon:
            stack.enter_context(limits.budget.hold(cost, cancel))
        _raise_if_cancelled(cancel)
        with translated(limits.pixels, is_cut_short=cut_short):
            source.load()
            turn = orientation(source)
            image = to_upright_rgb(source, turn)
            facts = PictureFacts(source.format or "", *(upright_size(whole_size, turn) if is_draft else image.size))
            if image is not source:
                source.close()  # its pixels would otherwise stay in memory beside the new ones
            elif source.format == "HEIF" and getattr(source, "is_animated", False):
                image = source.copy()  # pi_heif's object would fetch the pixels anew at every use
        _raise_if_cancelled(cancel)
        yield image, facts


def _raise_if_cancelled(cancel: CancelToken | None) -> None:
    if cancel is not None:
        cancel.raise_if_cancelled()


def _require_within(limits: DecodeLimits, pixels: int) -> None:
    if pixels <= 0:
        raise ImageError("image-damaged", detail="it says that it has no pixels")
    if pixels > limits.pixels:
        raise too_large(pixels, limits.pixels)


def _most_pixels(image: Image.Image) -> int:
    """Return how many pixels are decoded in one piece: a TIFF's tile may be far larger than its picture."""
    tags = getattr(image, "tag_v2", None)
    tile = (tags.get(_TIFF_TILE_WIDTH, 0), tags.get(_TIFF_TILE_LENGTH, 0)) if tags is not None else (0, 0)
    tile_pixels = math.prod(tile) if all(isinstance(length, int) for length in tile) else 0
    return max(image.width * image.height, tile_pixels)


def _cost(image: Image.Image) -> int:
    """Return the picture's share of the budget: its pixels, more often where decoding needs several copies of them."""
    weight = _MEMORY_WEIGHT.get(image.format or "", 1)
    if "progressive" in image.info:
        weight += 1
    if image.mode != "RGB":
        weight += 1
    return _most_pixels(image) * weight


def _set_draft(image: Image.Image, side: int) -> None:
    scale = min(1.0, _DRAFT_FACTOR * side / max(image.size))
    image.draft(None, (max(1, math.ceil(image.width * scale)), max(1, math.ceil(image.height * scale))))
