"""A picture's open file that ends a reading which gets out of hand, whatever library it is that reads."""

import io
import os

from model.cancel import CancelToken

# Sound pictures stay far below: a header is a few dozen segments, and each takes its reader a few calls.
HEADER_READS = 200_000
# Pillow joins the segments of EXIF one by one, and copies what it has each time.
_HEADER_BYTES = 32 << 20
# Layers of Photoshop lie in a tag of TIFF, which is read with the others.
_TIFF_HEADER_BYTES = 512 << 20
# PNG goes on reading chunks after the pixels; libpng makes them of 8 KB, others of any size but not of a few bytes.
_SMALLEST_CHUNK = 256


class WatchedFile(io.BufferedReader):
    """A file opened for reading. Reading raises Cancelled once `cancel` was set, and ValueError above the limits.

    So a thread whose picture was given up as stalled ends at its next read, and a file of a hundred megabytes of tiny
    segments, which a reader written in Python would take minutes over, ends in an error. Belongs to one thread.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over a file descriptor."""
        super().__init__(io.FileIO(descriptor, "rb"))
        self._size = os.fstat(descriptor).st_size
        self.cancel: CancelToken | None = None
        self._reads: float = float("inf")
        self._bytes: float = float("inf")

    def expect_header(self, pillow: str | None) -> None:
        """From here on a picture's header is read, in the format that Pillow calls so."""
        whole = pillow in ("WEBP", "HEIF", "AVIF")  # their size was looked at
        self._reads = HEADER_READS
        self._bytes = float("inf") if whole else _TIFF_HEADER_BYTES if pillow == "TIFF" else _HEADER_BYTES

    def expect_pixels(self, pillow: str | None) -> None:
        """From here on its pixels are read."""
        self._reads = HEADER_READS + self._size // _SMALLEST_CHUNK if pillow == "PNG" else float("inf")
        self._bytes = float("inf")

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raises Cancelled, ValueError above the limits, and OSError."""
        if self.cancel is not None:
            self.cancel.raise_if_cancelled()
        data = super().read(size)
        self._reads -= 1
        self._bytes -= len(data)
        if self._reads < 0 or self._bytes < 0:
            raise ValueError("what stands beside its pixels has far more parts or bytes than any sound picture")
        return data
