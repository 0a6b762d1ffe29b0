"""Suspects are decoded where a crash hurts nobody, and what they give is what decoding gives."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import SMALL, write_picture
from numpy.typing import NDArray
from store_samples import identities_of

from model import load_picture
from model import suspects as module
from model.cancel import Cancelled, CancelToken
from model.decode_limits import DecodeLimits
from model.errors import ImageError
from model.load_picture import make_load
from model.picture_notes import PictureNotes
from model.store_rows import CRASHED
from model.suspects import SuspectLoad, Tried, decode_each, try_in_child
from model.types import PictureFacts

Loaded = tuple[NDArray[np.uint8], PictureFacts]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def try_all(paths: list[Path], cancel: CancelToken | None = None) -> list[Tried]:
    return list(try_in_child(paths, SMALL, DecodeLimits(), "exact", cancel or CancelToken()))


def test_each_is_tried_and_those_that_kill_the_child_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JOB", "suspect_jobs:dying")
    names = ["a.png", "deadly1.png", "b.png", "deadly2.png", "c.png"]
    paths = [write_picture(tmp_path / name) for name in names]
    (tmp_path / "d.png").write_bytes(b"no picture")
    tried = try_all([*paths, tmp_path / "d.png"])
    assert [one.path.name for one in tried] == [*names, "d.png"]
    codes = [one.problem.code if one.problem is not None else None for one in tried]
    assert codes == [None, CRASHED, None, CRASHED, None, "image-unknown"]
    expected, facts = make_load(SMALL, DecodeLimits())(paths[0], CancelToken())
    assert tried[0].pixels is not None
    assert np.array_equal(tried[0].pixels, expected)
    assert tried[0].facts == facts
    assert tried[0].identity == identities_of(paths[0])[paths[0]]


def test_a_child_that_cannot_begin_leaves_them_untried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JOB", "suspect_jobs:dead_from_the_start")
    path = write_picture(tmp_path / "a.png")
    (tried,) = try_all([path])
    assert (tried.pixels, tried.problem) == (None, None)


def test_cancelling_ends_it(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        try_all([write_picture(tmp_path / "a.png")], cancel)


def test_after_one_that_stalls_the_rest_is_left_to_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_picture(tmp_path / name) for name in ("a.png", "b.png")]
    monkeypatch.setattr(module, "STALL_SECONDS", 0.05)
    back = threading.Event()

    def away(_path: Path, _cancel: CancelToken) -> Loaded:
        back.wait(20)
        raise ImageError("image-missing")

    monkeypatch.setattr(load_picture, "make_load", lambda *_arguments: away)
    values = list(decode_each(paths, SMALL, 1000, "exact", CancelToken()))
    back.set()
    tried = [value for value in values if isinstance(value, Tried)]
    assert [one.problem.code for one in tried if one.problem is not None] == ["image-stalled"]


def test_what_was_tried_is_not_decoded_again(tmp_path: Path) -> None:
    good, bad, other = (write_picture(tmp_path / name) for name in ("good.png", "bad.png", "other.png"))
    decoded: list[Path] = []
    real = make_load(SMALL, DecodeLimits())

    def counting(path: Path, cancel: CancelToken) -> Loaded:
        decoded.append(path)
        return real(path, cancel)

    notes = PictureNotes(counting)
    pixels, facts = real(good, CancelToken())
    identity = identities_of(good)[good]
    tried = [Tried(good, pixels, facts, identity), Tried(bad, problem=module.Problem(CRASHED)), Tried(other)]
    load = SuspectLoad(notes, tried)
    assert load(good, CancelToken())[0] is pixels
    assert notes.take(good) == identity
    for _ in range(2):  # who decodes the first picture early asks twice
        with pytest.raises(ImageError, match="crashed the decoder twice; skipped"):
            load(bad, CancelToken())
    load(other, CancelToken())
    assert decoded == [other]
