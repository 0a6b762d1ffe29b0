"""Notes which picture it was that a decode thread read, and recognises one that was classified under another name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from model.picture_identity import PictureIdentity, file_version, picture_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from model.cancel import CancelToken
    from model.in_flight import InFlight
    from model.pipeline import Load
    from model.types import ImageResult, PictureFacts

Recognise = Callable[[Path, bytes], "ImageResult | None"]
"""Path and digest -> the result of a picture of the same bytes, under this path; called on decode threads."""

# Larger files are decoded first: a damaged or mislabelled one is refused by its first bytes, and reading all of a
# file of gigabytes for that would take minutes.
_DIGEST_FIRST_BYTES = 256 << 20


class Recalled(Exception):  # noqa: N818 - good news
    """Raised instead of decoding a picture whose result is known."""

    def __init__(self, result: ImageResult) -> None:
        """Carry the result."""
        super().__init__()
        self.result = result


class PictureNotes:
    """A Load that takes a digest of each file before it is decoded. Called on the decode threads."""

    def __init__(self, load: Load, recognise: Recognise | None = None, in_flight: InFlight | None = None) -> None:
        """Decode by `load` what `recognise` does not know, noting in `in_flight` what is being decoded."""
        self._load = load
        self._recognise = recognise
        self._in_flight = in_flight
        self._lock = threading.Lock()
        self._identities: dict[Path, PictureIdentity] = {}

    def __call__(self, path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        """Return the network input and what is known of the picture; raises ImageError, Cancelled, and Recalled."""
        version = file_version(path)
        is_large = version is not None and version.size > _DIGEST_FIRST_BYTES
        digest = b"" if is_large else picture_digest(path, cancel)
        if digest and self._recognise is not None and (result := self._recognise(path, digest)) is not None:
            self._note(path, digest, version)
            raise Recalled(result)
        if self._in_flight is not None:
            self._in_flight.begin(path)
        try:
            loaded = self._load(path, cancel)
        finally:
            if self._in_flight is not None:
                self._in_flight.finish(path)
        self._note(path, digest or picture_digest(path, cancel), version)
        return loaded

    def add(self, path: Path, identity: PictureIdentity | None) -> None:
        """Note the identity of a picture that was read elsewhere."""
        if identity is not None:
            with self._lock:
                self._identities[path] = identity

    def take(self, path: Path) -> PictureIdentity | None:
        """Return the identity of a picture that was read and forget it; None when it changed while it was read."""
        with self._lock:
            return self._identities.pop(path, None)

    def _note(self, path: Path, digest: bytes, before: object) -> None:
        version = file_version(path)
        # The digest and the pixels come from two readings; in between, the file must have been left alone.
        if version is not None and version == before:
            with self._lock:
                self._identities[path] = PictureIdentity(version, digest)
