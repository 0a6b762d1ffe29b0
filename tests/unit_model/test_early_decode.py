"""The first picture, decoded while the network is being loaded."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.cancel import CancelToken
from model.early_decode import EarlyDecode
from model.errors import ImageError
from model.types import PictureFacts

FIRST, OTHER = Path("first.jpg"), Path("other.jpg")
FACTS = PictureFacts("JPEG", 8, 8)
WAIT = 60.0


class Loader:
    """Gives pixels that say how many calls there were before; waits at `gate`, raises `error`."""

    def __init__(self) -> None:
        self.calls: list[Path] = []
        self.tokens: list[CancelToken] = []
        self.error: ImageError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.called = threading.Event()

    def __call__(self, path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        self.calls.append(path)
        self.tokens.append(cancel)
        self.called.set()
        assert self.gate.wait(WAIT)
        if self.error is not None:
            raise self.error
        return np.full((8, 8, 3), len(self.calls), np.uint8), FACTS


@pytest.fixture
def loader() -> Loader:
    return Loader()


def test_the_first_picture_is_begun_before_it_is_asked_for_and_loaded_once(loader: Loader) -> None:
    early = EarlyDecode(loader, FIRST)
    assert loader.called.wait(WAIT)
    pixels, facts = early(FIRST, CancelToken())
    assert loader.calls == [FIRST]
    assert (pixels[0, 0, 0], facts) == (1, FACTS)


def test_other_pictures_and_the_same_again_are_loaded_when_they_come(loader: Loader) -> None:
    early = EarlyDecode(loader, FIRST)
    assert early(FIRST, CancelToken())[0][0, 0, 0] == 1
    early(OTHER, CancelToken())
    early(FIRST, CancelToken())
    assert loader.calls == [FIRST, OTHER, FIRST], "a file that was named twice is read twice"


def test_what_went_wrong_is_told_to_who_asks(loader: Loader) -> None:
    loader.error = ImageError("image-empty")
    early = EarlyDecode(loader, FIRST)
    with pytest.raises(ImageError) as caught:
        early(FIRST, CancelToken())
    assert caught.value.problem.code == "image-empty"


def test_who_waits_for_a_picture_that_hangs_can_be_cancelled(loader: Loader) -> None:
    loader.gate.clear()
    early = EarlyDecode(loader, FIRST)
    assert loader.called.wait(WAIT)
    token = CancelToken()
    loader.called.clear()
    asking = threading.Thread(target=early, args=(FIRST, token), daemon=True)
    asking.start()
    token.cancel()
    assert loader.called.wait(WAIT), "it waits although nobody wants the picture any more"
    assert loader.tokens[0].cancelled
    assert loader.tokens[1] is token
    loader.gate.set()
    asking.join(WAIT)


def test_closing_cancels_what_nobody_came_for(loader: Loader) -> None:
    loader.gate.clear()
    early = EarlyDecode(loader, FIRST)
    assert loader.called.wait(WAIT)
    early.close()
    assert loader.tokens[0].cancelled
    loader.gate.set()
    early(FIRST, CancelToken())
    assert loader.calls == [FIRST, FIRST]
