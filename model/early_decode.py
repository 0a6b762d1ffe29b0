"""The first picture's decoding, begun while the network is being loaded."""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.pipeline import Load
from model.pixel_budget import DecodeToken
from model.types import PictureFacts

# How often, in seconds, a thread that waits for the early picture looks at its own cancel token.
_POLL = 0.1


class EarlyDecode:
    """A Load that has begun with one path before it is asked for; all others it loads when they come.

    Made on the compute thread, called on the decode threads.
    """

    def __init__(self, load: Load, first: Path) -> None:
        """Begin to load `first`, on a daemon thread: a read that hangs must not keep the program from ending."""
        self._load = load
        self._first: Path | None = first
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._token = DecodeToken()
        self._loaded: tuple[NDArray[np.uint8], PictureFacts] | None = None
        threading.Thread(target=self._run, args=(first,), name="decode-early", daemon=True).start()

    def __call__(self, path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        """Return the network input and what is known of the picture; raises ImageError."""
        if not self._take(path):
            return self._load(path, cancel)
        while not self._done.wait(_POLL):
            if cancel.cancelled:
                self._token.cancel()
                break
        loaded, self._loaded = self._loaded, None
        # What went wrong, if anything did, comes again here, where somebody hears it.
        return loaded if loaded is not None else self._load(path, cancel)

    def close(self) -> None:
        """Drop the early picture if nobody came for it."""
        self._token.cancel()
        with self._lock:
            self._first = self._loaded = None

    def _take(self, path: Path) -> bool:
        """Return whether this is the first call for the early path."""
        with self._lock:
            if path != self._first:
                return False
            self._first = None
            return True

    def _run(self, path: Path) -> None:
        try:
            self._loaded = self._load(path, self._token)
        except Exception:  # noqa: BLE001 - see __call__
            self._loaded = None
        finally:
            self._done.set()
