"""Data sets are decoded on several threads: the order stays, cancelling is prompt, and one bad picture is one."""

import threading
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import make_folders, noise_picture
from numpy.typing import NDArray

from model import signatures
from model.cancel import Cancelled, CancelToken
from model.dataset import Dataset, ReadProgress, read_dataset
from model.decode_in_order import decode_in_order
from model.decode_limits import DecodeLimits
from model.decode_pool import Decoded
from model.types import PictureFacts

FACTS = PictureFacts("", 0, 0)


def number_of(decoded: Decoded) -> int:
    assert decoded.pixels is not None
    return int(decoded.pixels[0])


def test_results_come_in_the_order_of_the_paths_whichever_is_finished_first() -> None:
    second_done = threading.Event()

    def work(path: Path, _token: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        number = int(path.name)
        if number == 0:
            assert second_done.wait(20)
        if number == 1:
            second_done.set()
        return np.array([number], dtype=np.uint8), FACTS

    paths = [Path(str(number)) for number in range(200)]
    found = list(decode_in_order(paths, work, CancelToken(), threads=2))
    assert [number_of(decoded) for decoded in found] == list(range(200))
    assert [decoded.path for decoded in found] == paths


def test_paths_are_pulled_only_so_far_ahead() -> None:
    pulled: list[int] = []

    def paths() -> "list[Path]":
        for number in range(10_000):
            pulled.append(number)
            yield Path(str(number))

    def work(_path: Path, _token: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        return np.zeros(1, dtype=np.uint8), FACTS

    results = decode_in_order(paths(), work, CancelToken(), threads=2)
    next(results)
    assert len(pulled) <= 100
    results.close()


def test_cancelling_does_not_wait_for_a_picture_that_hangs() -> None:
    cancel, entered, never = CancelToken(), threading.Event(), threading.Event()

    def work(_path: Path, _token: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        entered.set()
        never.wait(20)
        return np.zeros(1, dtype=np.uint8), FACTS

    def cancel_when_entered() -> None:
        entered.wait(20)
        cancel.cancel()

    threading.Thread(target=cancel_when_entered).start()
    with pytest.raises(Cancelled):
        next(decode_in_order([Path("a")], work, cancel, threads=1))
    assert not never.is_set()
    never.set()


def test_reading_a_data_set_can_be_cancelled_at_any_picture(tmp_path: Path) -> None:
    make_folders(tmp_path, {"cat": 20, "dog": 20})
    cancel = CancelToken()
    events = read_dataset(tmp_path, DecodeLimits(), cancel)
    assert next(events) == ReadProgress(1, 40)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(events)


def test_a_bug_in_decoding_one_picture_leaves_out_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_folders(tmp_path, {"cat": 2, "dog": 2})
    noise_picture(tmp_path / "cat" / "odd.png", 9)
    real = signatures.make_signature

    def make(path: Path, limits: DecodeLimits, token: CancelToken) -> NDArray[np.void]:
        if path.name == "odd.png":
            raise KeyError("a bug")
        return real(path, limits, token)

    monkeypatch.setattr(signatures, "make_signature", make)
    *_, dataset = read_dataset(tmp_path, DecodeLimits(), CancelToken())
    assert isinstance(dataset, Dataset)
    assert [(path.name, problem.code) for path, problem in dataset.bad] == [("odd.png", "image-unexpected")]
    assert len(dataset.images) == 4
    assert "odd.png" in caplog.text
