"""A path -> what a network sees of the picture: decoding and preprocessing, as the decode threads run them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.decode import decoding
from model.decode_limits import DecodeLimits
from model.pipeline import Load
from model.preprocess import prepare
from model.types import DecodeMode, PictureFacts, Preprocess


def make_load(preprocess: Preprocess, limits: DecodeLimits, mode: DecodeMode = "exact") -> Load:
    """Return the function that the decode threads run: path -> network input of a weight set's preprocessing."""

    def load(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        with decoding(path, limits=limits, cancel=cancel) as decoded:
            return prepare(decoded.image, preprocess), decoded.facts

    return load
