"""What the thumbnail threads call: a picture from a file, small, as the network sees it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from model.decode import Thumbnail, thumbnail
from model.decode_limits import DecodeLimits


def thumbnail_load(limits: DecodeLimits) -> Callable[[Path, int], Thumbnail]:
    """Return the function (path, longer side in pixels) -> thumbnail; it raises ImageError and runs on any thread."""
    return partial(_load, limits)


def _load(limits: DecodeLimits, path: Path, side: int) -> Thumbnail:
    return thumbnail(path, side, limits=limits)
