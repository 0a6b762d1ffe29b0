import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

import gui.thumbnails
from gui.thumbnails import QUEUE_LIMIT, ThumbnailLoader
from model.errors import ImageError

A, B, C = Path("/a.jpg"), Path("/b.jpg"), Path("/c.jpg")


@dataclass
class Loaded:
    pixels: NDArray[np.uint8]


@dataclass
class Reader:
    """Gives pictures of one colour; waits at the gate, and notes what was asked for and where."""

    asked: list[tuple[Path, int]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    faults: dict[Path, Exception] = field(default_factory=dict)

    def __call__(self, path: Path, side: int) -> Loaded:
        self.asked.append((path, side))
        self.threads.add(threading.get_ident())
        self.begun.release()
        assert self.gate.wait(10)
        if path in self.faults:
            raise self.faults[path]
        pixels = np.zeros((side // 2, side, 3), np.uint8)
        pixels[:] = (200, 100, 50)
        return Loaded(pixels)


@pytest.fixture
def reader() -> Reader:
    reader = Reader()
    reader.gate.set()
    return reader


Loaders = Callable[..., ThumbnailLoader]


@pytest.fixture
def make(qapp: object, reader: Reader) -> Iterator[Loaders]:
    loaders: list[ThumbnailLoader] = []

    def make(**options: int) -> ThumbnailLoader:
        loaders.append(ThumbnailLoader(reader, **options))
        return loaders[-1]

    yield make
    reader.gate.set()
    for loader in loaders:
        loader.close()
        for thread in loader._threads:
            thread.join(10)
            assert not thread.is_alive()


def load(qtbot: QtBot, loader: ThumbnailLoader, path: Path, side: int = 8) -> None:
    with qtbot.waitSignal(loader.ready, check_params_cb=lambda *args: args == (path, side)):
        assert loader.request(path, side) is None


def test_a_picture_comes_from_another_thread_and_then_from_memory(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    loader = make()
    load(qtbot, loader, A)
    image = loader.request(A, 8)
    assert image is not None
    assert (image.width(), image.height()) == (8, 4)
    assert image.pixelColor(3, 3) == QColor(200, 100, 50)
    assert reader.asked == [(A, 8)]
    assert threading.get_ident() not in reader.threads


def test_an_image_owns_its_bytes(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    class Reused:
        pixels = np.full((4, 4, 3), 200, np.uint8)

    loader = make()
    loader.set_load(lambda _path, _side: Reused())
    load(qtbot, loader, A)
    Reused.pixels[:] = 0
    image = loader.request(A, 8)
    assert image is not None
    assert image.pixelColor(1, 1) == QColor(200, 200, 200)


def test_rows_of_pixels_that_are_not_packed_are_read_right(make: Loaders, qtbot: QtBot) -> None:
    pixels = np.zeros((5, 7, 3), np.uint8)
    pixels[4, 2] = (10, 20, 30)
    loader = make()
    loader.set_load(lambda _path, _side: Loaded(pixels[:, :5]))
    load(qtbot, loader, A)
    image = loader.request(A, 8)
    assert image is not None
    assert image.pixelColor(2, 4) == QColor(10, 20, 30)


def test_each_size_is_a_picture_of_its_own(make: Loaders, qtbot: QtBot) -> None:
    loader = make()
    load(qtbot, loader, A, 8)
    load(qtbot, loader, A, 16)
    small, large = loader.request(A, 8), loader.request(A, 16)
    assert small is not None
    assert large is not None
    assert (small.width(), large.width()) == (8, 16)


def test_the_newest_request_is_served_first(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    loader = make(threads=1)
    reader.gate.clear()
    loader.request(A, 8)
    assert reader.begun.acquire(timeout=10)
    for path in (B, C):
        loader.request(path, 8)
    loader.request(B, 8)  # asked for again: now the newest
    with qtbot.waitSignals([loader.ready] * 3):
        reader.gate.set()
    assert [path for path, _ in reader.asked] == [A, B, C]


def test_requests_that_were_scrolled_away_are_dropped_and_can_be_made_again(
    make: Loaders, qtbot: QtBot, reader: Reader
) -> None:
    loader = make(threads=1)
    reader.gate.clear()
    loader.request(A, 8)
    assert reader.begun.acquire(timeout=10)
    many = [Path(f"/{number}.jpg") for number in range(QUEUE_LIMIT + 10)]
    for path in many:
        loader.request(path, 8)
    with qtbot.waitSignals([loader.ready] * (QUEUE_LIMIT + 1)):
        reader.gate.set()
    assert [path for path, _ in reader.asked] == [A, *reversed(many[10:])]
    load(qtbot, loader, many[0])


def test_a_picture_being_read_is_not_read_twice(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    loader = make(threads=2)
    reader.gate.clear()
    loader.request(A, 8)
    assert reader.begun.acquire(timeout=10)
    loader.request(A, 8)
    with qtbot.waitSignal(loader.ready):
        reader.gate.set()
    load(qtbot, loader, B)
    assert [path for path, _ in reader.asked] == [A, B]


def test_memory_is_bounded_and_what_was_used_last_stays(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    one = 8 * 4 * 4  # bytes of RGB32
    loader = make(memory_limit=2 * one)
    load(qtbot, loader, A)
    load(qtbot, loader, B)
    assert loader.request(A, 8) is not None
    load(qtbot, loader, C)
    assert loader.request(A, 8) is not None
    assert loader.request(C, 8) is not None
    load(qtbot, loader, B)
    assert [path for path, _ in reader.asked] == [A, B, C, B]


def test_failures_are_told_and_not_tried_again(
    make: Loaders, qtbot: QtBot, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    loader = make()
    reader.faults = {A: ImageError("image-truncated"), B: MemoryError("a fault in a library")}
    load(qtbot, loader, A)
    assert not caplog.records
    load(qtbot, loader, B)
    assert [record.name for record in caplog.records] == ["gui.thumbnails"]
    for path in (A, B):
        assert loader.has_failed(path, 8)
        assert loader.request(path, 8) is None
    load(qtbot, loader, C)
    assert not loader.has_failed(C, 8)
    assert len(reader.asked) == 3


def test_forgotten_pictures_are_read_anew(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    loader = make()
    reader.faults = {B: ImageError("image-truncated")}
    for path in (A, B, C):
        load(qtbot, loader, path)
    reader.faults = {}
    loader.forget([A, B])
    assert not loader.has_failed(B, 8)
    load(qtbot, loader, A)
    load(qtbot, loader, B)
    assert loader.request(B, 8) is not None
    assert loader.request(C, 8) is not None
    assert [path for path, _ in reader.asked] == [A, B, C, A, B]


def test_other_limits_give_failed_pictures_another_chance(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    loader = make()
    reader.faults = {A: ImageError("image-truncated")}
    load(qtbot, loader, A)
    other = Reader()
    other.gate.set()
    loader.set_load(other)
    load(qtbot, loader, A)
    assert other.asked == [(A, 8)]
    assert loader.request(A, 8) is not None


def test_a_stuck_picture_does_not_hold_up_the_others(
    make: Loaders, qtbot: QtBot, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = make(threads=1)
    reader.gate.clear()
    loader.request(A, 8)
    assert reader.begun.acquire(timeout=10)
    other = Reader()
    other.gate.set()
    loader.set_load(other)
    monkeypatch.setattr(gui.thumbnails, "STUCK_AFTER", -1.0)
    load(qtbot, loader, B)
    assert loader.request(B, 8) is not None


def test_closing_does_not_wait_and_nothing_comes_afterwards(make: Loaders, qtbot: QtBot, reader: Reader) -> None:
    loader = make(threads=1)
    reader.gate.clear()
    loader.request(A, 8)
    assert reader.begun.acquire(timeout=10)
    loader.request(B, 8)
    loader.close()
    with qtbot.assertNotEmitted(loader.ready):
        reader.gate.set()
        for thread in loader._threads:
            thread.join(10)
    assert loader.request(C, 8) is None
    assert reader.asked == [(A, 8)]


def test_no_thread_is_started_before_a_picture_is_asked_for(make: Loaders) -> None:
    assert make()._threads == []
