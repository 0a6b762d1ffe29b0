"""A path -> an upright RGB picture, and thumbnails of it."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.decode_errors import too_large, translated
from model.decode_limits import DecodeLimits
from model.decode_work import (
    MOST_PYTHON_STEPS,
    MOST_SCANNED_PIXELS,
    MOST_TIFF_NUMBERS,
    memory_cost,
    most_pixels,
    python_steps,
    scanned_pixels,
    tiff_numbers,
)
from model.errors import ImageError
from model.image_formats import ImageFormat
from model.picture_file import (
    free_kept_memory,
    icon_pixels,
    identify,
    is_cut_short,
    known_format,
    open_regular,
    set_up_pillow,
)
from model.pixel_budget import BYTES_PER_PIXEL
from model.pixels import orientation, to_upright_rgb, upright_size
from model.types import PictureFacts
from model.watched_file import WatchedFile

# A thumbnail is made from at least this many times its size; less looks rough.
_DRAFT_FACTOR = 2
# An icon's pixels, their copy with a mask, and that on white.
_ICON_WEIGHT = 3


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A picture in mode RGB, upright, with what was found out about its file.

    `reduction` is how many of the whole picture's pixels make one of `image` in each direction: 1, 2, 4 or 8. The
    facts give the whole picture's size.
    """

    image: Image.Image
    facts: PictureFacts
    reduction: int = 1


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
def decoding(
    path: Path, *, limits: DecodeLimits, cancel: CancelToken | None = None, short_side: int | None = None
) -> Iterator[DecodedImage]:
    """Give a file's (first) picture, counted in the budget until the block ends; raises ImageError, or Cancelled.

    With `short_side` (pixels) JPEG files are decoded at a reduced size whose shorter side is still at least that.
    """
    wanted = None if short_side is None else lambda width, height: short_side / min(width, height)
    with _upright_rgb(path, limits, cancel, wanted) as decoded:
        yield decoded


def thumbnail(path: Path, side: int, *, limits: DecodeLimits, cancel: CancelToken | None = None) -> Thumbnail:
    """Return the picture that `decode` gives, made smaller where its longer side exceeds `side` pixels.

    JPEG files are decoded at a reduced size that is still at least twice the thumbnail's. Raises ImageError, or
    Cancelled.
    """
    with _upright_rgb(path, limits, cancel, lambda *size: _DRAFT_FACTOR * side / max(size)) as decoded:
        image, facts = decoded.image, decoded.facts
        scale = min(1.0, side / max(facts.width, facts.height))
        size = (max(1, round(facts.width * scale)), max(1, round(facts.height * scale)))
        with translated(limits.pixels):
            small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
            return Thumbnail(np.array(small, order="C"), facts)


@contextmanager
def _upright_rgb(
    path: Path,
    limits: DecodeLimits,
    cancel: CancelToken | None,
    scale: Callable[[int, int], float] | None = None,
) -> Iterator[DecodedImage]:
    """Give the upright RGB picture; JPEG reduced, but by no more than `scale` of its width and height allows.

    A JPEG that would take more memory than one picture may is given at half its size.
    """
    formats = set_up_pillow(limits.pixels)
    _raise_if_cancelled(cancel)
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(path))
        watched = file if isinstance(file, WatchedFile) else None
        with translated(limits.pixels):
            known = known_format(file)
            cut_short = is_cut_short(file, known)
            icon = icon_pixels(file) if known is not None and known.pillow == "ICO" else 0
            if known is not None and known.pillow == "TIFF" and tiff_numbers(file) > MOST_TIFF_NUMBERS:
                raise ImageError("image-damaged", detail="its tags hold more numbers than any picture has strips")
        if watched is not None:
            watched.cancel = cancel
            watched.expect_header(known.pillow if known is not None else None)
        if icon:
            _require_within(limits, icon)
            _require_memory(limits, _ICON_WEIGHT * icon)
            stack.enter_context(limits.budget.hold(icon, cancel))
        with translated(limits.pixels, is_cut_short=cut_short):
            source = identify(file, path.name, known, formats)
            if watched is not None:
                watched.expect_pixels(source.format)
            _require_within(limits, most_pixels(source))
            _require_work(source, file, known)
            whole_size = source.size
            reduction = 1 if scale is None else _set_draft(source, scale(*whole_size))
            if reduction == 1 and _is_too_much_to_turn(source, limits):
                reduction = _set_draft(source, 0.5)
            cost = memory_cost(source, math.prod(whole_size))
            _require_memory(limits, cost)
        if not icon:
            stack.enter_context(limits.budget.hold(cost, cancel))
        if cost > limits.budget.pixels:
            free_kept_memory()  # this one goes alone, and what was kept for others would come on top
        _raise_if_cancelled(cancel)
        with translated(limits.pixels, is_cut_short=cut_short):
            source.load()
            turn = orientation(source)
            image = to_upright_rgb(source, turn)
            size = upright_size(whole_size, turn) if reduction > 1 else image.size
            facts = PictureFacts(source.format or "", *size)
            if image is not source:
                source.close()  # its pixels would otherwise stay in memory beside the new ones
            elif source.format == "HEIF" and getattr(source, "is_animated", False):
                image = source.copy()  # pi_heif's object would fetch the pixels anew at every use
        _raise_if_cancelled(cancel)
        yield DecodedImage(image, facts, reduction)


def _raise_if_cancelled(cancel: CancelToken | None) -> None:
    if cancel is not None:
        cancel.raise_if_cancelled()


def _require_within(limits: DecodeLimits, pixels: int) -> None:
    if pixels <= 0:
        raise ImageError("image-damaged", detail="it says that it has no pixels")
    if pixels > limits.pixels:
        raise too_large(pixels, limits.pixels)


def _require_memory(limits: DecodeLimits, cost: int) -> None:
    if cost > limits.memory:
        megabytes, limit = (units * BYTES_PER_PIXEL // 1_000_000 for units in (cost, limits.memory))
        raise ImageError("image-memory", megabytes=megabytes, limit=limit)


def _require_work(image: Image.Image, file: BinaryIO, known: ImageFormat | None) -> None:
    """Refuse pictures that are made to keep their decoder busy."""
    steps = python_steps(image, file)
    if steps > MOST_PYTHON_STEPS:
        raise ImageError("image-slow-format", format=image.format or "", seconds=math.ceil(steps / 1e6))
    if scanned_pixels(image, file, known) > MOST_SCANNED_PIXELS:
        raise ImageError("image-damaged", detail="it is divided into more scans than any program makes")


def _is_too_much_to_turn(image: Image.Image, limits: DecodeLimits) -> bool:
    """Return whether a JPEG, with the copy that turning it upright makes, takes more memory than one picture may."""
    if image.format not in ("JPEG", "MPO"):
        return False
    pixels = math.prod(image.size)
    room = limits.memory - memory_cost(image, pixels)
    return room < 0 or (room < pixels and orientation(image) != 1)


def _set_draft(image: Image.Image, scale: float) -> int:
    """Have a JPEG decoded at no less than `scale` times its size; return by how much it will be reduced."""
    width, height = image.size
    scale = min(1.0, scale)
    drafted = image.draft(None, (max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))))
    return 1 if drafted is None else round(width / drafted[1][2])
