"""What the thumbnail threads call: a picture as it is to be shown, from the disk cache or from its file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model.decode_limits import DecodeLimits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from model.cancel import CancelToken
    from model.thumbnail_cache import ThumbnailCache


@dataclass(frozen=True, slots=True, eq=False)
class SmallPicture:
    """A picture to show: uint8 (h, w, 3), RGB."""

    pixels: NDArray[np.uint8]


@contextmanager
def _noted(path: Path) -> Iterator[None]:
    """Note for the next start that the picture is in a decoder, in the block; raises ImageError for a dangerous one."""
    from model.errors import ImageError
    from model.folders import in_flight_dir, store_file
    from model.history import has_crashed
    from model.in_flight import process_in_flight
    from model.store_rows import CRASHED

    notes = process_in_flight(in_flight_dir())
    if notes.is_suspect(path) or has_crashed(store_file(), path):
        raise ImageError(CRASHED)
    notes.begin(path)
    try:
        yield
    finally:
        notes.finish(path)


class PictureSource:
    """Reads pictures for the window; any thread may call it. Nothing is imported or opened before the first picture."""

    def __init__(self, cache_file: Path, limits: DecodeLimits) -> None:
        """Keep thumbnails in `cache_file`; read files within `limits`, which can be set anew."""
        self.limits = limits
        self._cache_file = cache_file
        self._lock = threading.Lock()
        self._cache: ThumbnailCache | None = None
        self._closed = False

    def load(self, path: Path, side: int) -> SmallPicture:
        """Return the picture, its longer side at most `side` pixels; raises ImageError.

        Refused is also one that killed a decoder, or may have done so and was not tried since.
        """
        from model.decode import thumbnail  # with Pillow, which a start does without
        from model.picture_identity import file_version

        cache = self._opened()
        stored = cache.find(path, side)
        if stored is not None:
            return SmallPicture(stored)
        version = file_version(path)
        with _noted(path):
            pixels = thumbnail(path, side, limits=self.limits).pixels
        cache.keep(path, side, version, pixels)
        return SmallPicture(pixels)

    def clear(self, cancel: CancelToken) -> Iterator[None]:
        """Remove the stored thumbnails from the disk: a job, for it may take seconds."""
        cancel.raise_if_cancelled()
        self._opened().clear()
        yield None

    def close(self) -> None:
        """Close the cache's file; what is loaded later is not kept."""
        with self._lock:
            self._closed = True
            if self._cache is not None:
                self._cache.close()

    def _opened(self) -> ThumbnailCache:
        from model.thumbnail_cache import ThumbnailCache

        with self._lock:
            if self._cache is None:
                self._cache = ThumbnailCache(self._cache_file)
                if self._closed:
                    self._cache.close()
            return self._cache
