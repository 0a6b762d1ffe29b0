"""What goes wrong while a picture is read -> ImageError with words for people."""

import math
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from model.errors import ImageError

# What Pillow 11 to 13 and pi_heif raise on damaged files, seen on fuzzed ones: their readers work through whatever
# bytes they find and do not wrap the errors of the Python operations that fail on the way. AssertionError and
# AttributeError are among them because Pillow asserts what a sound file would guarantee. Warnings are here because a
# process may turn them into errors.
READER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    MemoryError,
    RuntimeError,
    Warning,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

_TOO_SHORT = re.compile(
    r"truncated|not enough|only got|too short|unexpected end|end of file|buffer is not large enough|"
    r"failed to decode next frame|Insufficient|premature",
    re.IGNORECASE,
)
_BOMB_SIZE = re.compile(r"\((\d+) pixels\)")


@contextmanager
def translated(pixel_limit: int, *, is_cut_short: bool = False) -> Iterator[None]:
    """Raise what readers raise inside the block as ImageError; an ImageError passes as it is.

    In a file that is cut short, damage is explained by that.
    """
    try:
        yield
    except READER_ERRORS as exc:
        raise _worded(exc, pixel_limit, is_cut_short=is_cut_short) from exc


def _worded(exc: BaseException, pixel_limit: int, *, is_cut_short: bool) -> ImageError:
    # Not in a variable of the function that raises it: an error and the frame in its traceback would hold one another,
    # and with them a picture of up to a gigabyte, until the next collection of garbage.
    error = translate(exc, pixel_limit)
    if is_cut_short and error.problem.code == "image-damaged":
        return ImageError("image-truncated", detail=error.problem.detail)
    return error


def translate(exc: BaseException, pixel_limit: int) -> ImageError:
    """Return the ImageError for an exception of a reader."""
    detail = f"{type(exc).__name__}: {exc}"
    if isinstance(exc, MemoryError):
        return ImageError("image-out-of-memory", detail=detail)
    if isinstance(exc, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        found = _BOMB_SIZE.search(str(exc))
        return too_large(int(found[1]) if found else pixel_limit + 1, pixel_limit, detail=detail)
    if isinstance(exc, OSError) and exc.errno is not None:
        return ImageError("image-io", reason=exc.strerror or type(exc).__name__, detail=detail)
    if isinstance(exc, EOFError) or _TOO_SHORT.search(str(exc)):
        return ImageError("image-truncated", detail=detail)
    return ImageError("image-damaged", detail=detail)


def too_large(pixels: int, limit: int, *, detail: str = "") -> ImageError:
    """Return the error for a picture with more pixels than the limit; the figures are in megapixels."""
    return ImageError("image-too-large", megapixels=math.ceil(pixels / 1e6), limit=limit // 1_000_000, detail=detail)
