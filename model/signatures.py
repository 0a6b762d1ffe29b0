"""The signature of a picture: what tells it from others and finds its copies, in one small record."""

import hashlib
import logging
import os
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.decode import thumbnail
from model.decode_in_order import decode_in_order
from model.decode_limits import DecodeLimits
from model.decode_pool import Decoded
from model.errors import ImageError
from model.picture_file import open_regular
from model.signature_cache import SIGNATURE, THUMBNAIL_SIDE, SignatureCache
from model.types import PictureFacts, Problem

log = logging.getLogger(__name__)

# The grey thumbnail is made from a thumbnail of this side, in pixels: JPEG files are then decoded at a reduced size,
# several times faster. On 1,124 photographs it finds the same copies as whole pictures do.
_DECODED_SIDE = 4 * THUMBNAIL_SIDE
_CHUNK = 1 << 20
# The pool gives facts beside pixels; a signature has none.
_NO_FACTS = PictureFacts("", 0, 0)


def read_signatures(
    paths: Sequence[Path], cache: SignatureCache, limits: DecodeLimits, cancel: CancelToken
) -> Generator[np.void | Problem, None, None]:
    """Yield the signature of each picture, a record of SIGNATURE, or why it cannot be read; in the order of `paths`.

    Pictures that `cache` knows are not opened, and those that it does not know are added to it. Raises Cancelled.
    """

    def work(path: Path, token: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        known = cache.find(path)
        record = make_signature(path, limits, token) if known is None else known
        return record.reshape(1).view(np.uint8), _NO_FACTS

    for decoded in decode_in_order(paths, work, cancel):
        outcome = _record_or_problem(decoded)
        if isinstance(outcome, np.void):
            cache.keep(decoded.path, outcome)
        yield outcome


def _record_or_problem(decoded: Decoded) -> np.void | Problem:
    if decoded.pixels is None:
        return decoded.problem or Problem("image-unexpected")
    record: np.void = decoded.pixels.view(SIGNATURE)[0]
    return record


def make_signature(path: Path, limits: DecodeLimits, cancel: CancelToken) -> NDArray[np.void]:
    """Return the picture's record of SIGNATURE, (); raises ImageError, or Cancelled.

    The file is read twice, for its pixels and for its hash; the second time it comes from the system's memory.
    """
    small = Image.fromarray(thumbnail(path, _DECODED_SIDE, limits=limits, cancel=cancel).pixels)
    grey = small.convert("L").resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX)
    record = np.zeros((), dtype=SIGNATURE)
    record["grey"] = np.asarray(grey, dtype=np.uint8).ravel()
    digest = hashlib.sha256()
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        try:
            while chunk := file.read(_CHUNK):
                cancel.raise_if_cancelled()
                digest.update(chunk)
        except OSError as exc:
            raise ImageError("image-io", reason=exc.strerror or type(exc).__name__) from exc
    record["sha256"] = np.frombuffer(digest.digest(), dtype=np.uint8)
    record["size"], record["mtime_ns"] = status.st_size, status.st_mtime_ns
    return record


def normalised_thumbnail(signature: np.void) -> NDArray[np.float32]:
    """Return the grey thumbnail as float32 (256,) with mean 0 and norm 1, or all 0 where the picture is of one grey.

    The dot product of two of them is their correlation.
    """
    pixels: NDArray[np.float32] = signature["grey"].astype(np.float32)
    pixels -= pixels.mean()
    norm = float(np.linalg.norm(pixels))
    return pixels / np.float32(norm) if norm else pixels
