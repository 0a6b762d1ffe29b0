"""What the thumbnail threads call: a picture from a file, small, as the network sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from model.decode_limits import DecodeLimits

if TYPE_CHECKING:
    from model.decode import Thumbnail


def thumbnail_load(limits: DecodeLimits) -> Callable[[Path, int], Thumbnail]:
    """Return the function (path, longer side in pixels) -> thumbnail; it raises ImageError and runs on any thread."""
    return partial(_load, limits)


def _load(limits: DecodeLimits, path: Path, side: int) -> Thumbnail:
    from model.decode import thumbnail  # with Pillow, which a start does without

    return thumbnail(path, side, limits=limits)
