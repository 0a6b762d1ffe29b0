"""A path -> what a network sees of the picture: decoding and preprocessing, as the decode threads run them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.decode import decoding
from model.decode_limits import DecodeLimits
from model.pipeline import Load
from model.preprocess import prepare, prepare_fast
from model.types import DecodeMode, PictureFacts, Preprocess

# Fast decoding leaves the shorter side at least this many times as long as the network's resize makes it.
_FAST_OVERSAMPLING = 2


def make_load(preprocess: Preprocess, limits: DecodeLimits, mode: DecodeMode = "exact") -> Load:
    """Return the function that the decode threads run: path -> network input of a weight set's preprocessing."""

    def load_exact(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        with decoding(path, limits=limits, cancel=cancel) as decoded:
            return prepare(decoded.image, preprocess), decoded.facts

    def load_fast(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        short_side = _FAST_OVERSAMPLING * preprocess.resize
        with decoding(path, limits=limits, cancel=cancel, short_side=short_side) as decoded:
            facts = decoded.facts
            pixels = prepare_fast(decoded.image, preprocess, (facts.width, facts.height), decoded.reduction)
            return pixels, facts

    return load_fast if mode == "fast" else load_exact
