import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.cancel import Cancelled, CancelToken
from model.decode_pool import Decoded, DecodePool
from model.errors import ImageError
from model.picture_file import set_up_pillow
from model.pixel_budget import DecodeToken, PixelBudget
from model.types import PictureFacts

FACTS = PictureFacts("PNG", 2, 1)
PATIENCE = 10.0


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class GatedWork:
    """Decodes at once, except those names for which there is a gate; counts its calls."""

    def __init__(self, *gated: str) -> None:
        self.gates = {name: threading.Event() for name in gated}
        self.started = {name: threading.Event() for name in gated}
        self.tokens: dict[str, CancelToken] = {}
        self.calls: list[str] = []

    def __call__(self, path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        self.calls.append(path.name)
        self.tokens[path.name] = cancel
        if path.name in self.gates:
            self.started[path.name].set()
            assert self.gates[path.name].wait(PATIENCE)
        return np.full((2, 2, 3), len(path.name), dtype=np.uint8), FACTS

    def open_all(self) -> None:
        for gate in self.gates.values():
            gate.set()


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Every test lets all its decode threads end."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("decode-"):
            thread.join(PATIENCE)
            assert not thread.is_alive(), thread.name


def take_all(pool: DecodePool) -> list[Decoded]:
    taken = []
    while (decoded := pool.take(PATIENCE)) is not None:
        taken.append(decoded)
    return taken


def decode_threads() -> int:
    return sum(thread.name.startswith("decode-") for thread in threading.enumerate())


def test_every_picture_comes_back_once_with_its_own_identity() -> None:
    names = ["a" * length for length in range(1, 60)]
    with DecodePool(3, GatedWork()) as pool:
        for index, name in enumerate(names):
            pool.submit(index, Path(name))
        taken = take_all(pool)
        assert pool.in_flight == 0
    assert sorted(decoded.index for decoded in taken) == list(range(59))
    for decoded in taken:
        assert decoded.path.name == names[decoded.index]
        assert decoded.pixels is not None
        assert decoded.pixels[0, 0, 0] == len(decoded.path.name)
        assert (decoded.facts, decoded.problem) == (FACTS, None)


def test_results_come_as_they_finish() -> None:
    work = GatedWork("slow")
    with DecodePool(2, work) as pool:
        pool.submit(0, Path("slow"))
        pool.submit(1, Path("quick"))
        first = pool.take(PATIENCE)
        assert first is not None
        assert first.index == 1
        assert pool.in_flight == 1
        work.open_all()
        second = pool.take(PATIENCE)
        assert second is not None
        assert second.index == 0


def test_take_returns_none_when_nothing_is_finished_or_in_flight() -> None:
    work = GatedWork("slow")
    with DecodePool(1, work) as pool:
        assert pool.take(PATIENCE) is None
        pool.submit(0, Path("slow"))
        assert pool.take(0.0) is None
        assert pool.take(0.01) is None
        assert pool.in_flight == 1
        work.open_all()


def test_there_are_only_as_many_threads_as_asked_for_or_needed() -> None:
    work = GatedWork(*(str(number) for number in range(5)))
    with DecodePool(3, work) as pool:
        assert decode_threads() == 0
        pool.submit(0, Path("0"))
        assert decode_threads() == 1
        for number in range(1, 5):
            pool.submit(number, Path(str(number)))
        assert all(work.started[str(number)].wait(PATIENCE) for number in range(3))
        assert decode_threads() == 3
        assert len(work.calls) == 3
        work.open_all()
        assert len(take_all(pool)) == 5
    with pytest.raises(ValueError, match="decodes nothing"):
        DecodePool(0, work)


def test_a_bad_picture_is_a_problem() -> None:
    def work(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        raise ImageError("image-truncated", detail="17 bytes missing")

    with DecodePool(1, work) as pool:
        pool.submit(7, Path("a"))
        decoded = pool.take(PATIENCE)
    assert decoded is not None
    assert decoded.problem is not None
    assert (decoded.index, decoded.problem.code, decoded.problem.detail) == (7, "image-truncated", "17 bytes missing")
    assert (decoded.pixels, decoded.facts) == (None, None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("a bug"), "image-unexpected"),
        (Cancelled(), "image-unexpected"),
        (MemoryError(), "image-out-of-memory"),
    ],
)
def test_an_unexpected_error_is_a_problem_and_the_thread_goes_on(
    error: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        if path.name == "bad":
            raise error
        return np.zeros((1, 1, 3), np.uint8), FACTS

    with DecodePool(1, work) as pool:
        pool.submit(0, Path("bad"))
        pool.submit(1, Path("good"))
        bad, good = take_all(pool)
    assert bad.problem is not None
    assert bad.problem.code == code
    assert good.problem is None
    if code == "image-unexpected":
        assert f"{type(error).__name__}" in bad.problem.detail
        assert "Traceback" in bad.problem.detail
        assert "bad" in caplog.text


# --- stalls ---


def test_a_stalled_picture_becomes_a_problem_and_its_thread_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    clock, work = FakeClock(), GatedWork("stuck")
    with DecodePool(1, work, clock=clock) as pool:
        pool.submit(0, Path("stuck"))
        pool.submit(1, Path("next"))
        assert work.started["stuck"].wait(PATIENCE)
        clock.now += 30
        assert pool.take(0.0) is None
        clock.now += 0.5
        stalled = pool.take(0.0)
        assert stalled is not None
        assert stalled.problem is not None
        assert (stalled.index, stalled.problem.code, stalled.seconds) == (0, "image-stalled", 30.5)
        assert dict(stalled.problem.params) == {"seconds": 30}
        assert work.tokens["stuck"].cancelled
        following = pool.take(PATIENCE)
        assert following is not None
        assert (following.index, following.problem) == (1, None)
        assert pool.in_flight == 0
        work.open_all()
        for thread in threading.enumerate():  # the abandoned thread ends; its replacement waits for work
            if thread.name == "decode-1":
                thread.join(PATIENCE)
        assert pool.take(0.0) is None  # its late result is dropped
        assert decode_threads() == 1
        pool.submit(2, Path("later"))
        later = pool.take(PATIENCE)
        assert later is not None
        assert later.index == 2
    assert "given up" in caplog.text


def test_the_stall_is_counted_from_the_start_of_decoding() -> None:
    clock, work = FakeClock(), GatedWork("first", "queued")
    with DecodePool(1, work, clock=clock) as pool:
        pool.submit(0, Path("first"))
        pool.submit(1, Path("queued"))
        assert work.started["first"].wait(PATIENCE)
        clock.now += 29
        work.gates["first"].set()
        first = pool.take(PATIENCE)
        assert first is not None
        assert (first.problem, first.seconds) == (None, 29)
        assert work.started["queued"].wait(PATIENCE)
        clock.now += 29
        assert pool.take(0.0) is None
        work.open_all()
        second = pool.take(PATIENCE)
        assert second is not None
        assert (second.problem, second.seconds) == (None, 29)


def test_a_stall_is_found_while_take_is_waiting() -> None:
    work = GatedWork("stuck")
    with DecodePool(1, work, stall_seconds=0.05) as pool:
        pool.submit(0, Path("stuck"))
        stalled = pool.take(PATIENCE)
        work.open_all()
    assert stalled is not None
    assert stalled.problem is not None
    assert stalled.problem.code == "image-stalled"


def test_waiting_for_the_pixel_budget_is_no_stall() -> None:
    clock, budget = FakeClock(), PixelBudget(10)
    waiting = threading.Event()

    def work(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        assert isinstance(cancel, DecodeToken)
        waiting.set()
        with budget.hold(10, cancel):
            return np.zeros((1, 1, 3), np.uint8), FACTS

    with DecodePool(1, work, clock=clock) as pool:
        with budget.hold(10):
            pool.submit(0, Path("a"))
            assert waiting.wait(PATIENCE)
            for _ in range(1000):
                if budget.waiting:
                    break
                threading.Event().wait(0.01)
            clock.now += 500
            assert pool.take(0.0) is None
        decoded = pool.take(PATIENCE)
    assert decoded is not None
    assert (decoded.problem, decoded.seconds) == (None, 0)


def test_all_threads_may_stall_one_after_the_other() -> None:
    names = [str(number) for number in range(6)]
    clock, work = FakeClock(), GatedWork(*names)
    with DecodePool(2, work, clock=clock) as pool:
        for index, name in enumerate(names):
            pool.submit(index, Path(name))
        problems = []
        for pair in (names[:2], names[2:4], names[4:]):
            assert all(work.started[name].wait(PATIENCE) for name in pair)
            clock.now += 31
            problems += [pool.take(0.0), pool.take(0.0)]
        assert pool.in_flight == 0
        work.open_all()
    assert sorted(decoded.index for decoded in problems if decoded is not None) == list(range(6))


# --- closing ---


def test_close_does_not_block_and_cancels(caplog: pytest.LogCaptureFixture) -> None:
    work = GatedWork("stuck")
    pool = DecodePool(2, work)
    pool.submit(0, Path("stuck"))
    assert work.started["stuck"].wait(PATIENCE)
    pool.submit(1, Path("quick"))
    quick = pool.take(PATIENCE)
    assert quick is not None
    assert quick.index == 1
    pool.submit(2, Path("quick"))
    pool.close()
    assert work.tokens["stuck"].cancelled
    assert pool.in_flight == 0
    assert pool.take(PATIENCE) is None
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(3, Path("late"))
    pool.close()
    work.open_all()
    assert caplog.text == ""


def test_a_cancelled_picture_says_nothing_after_close(caplog: pytest.LogCaptureFixture) -> None:
    started = threading.Event()

    def work(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        started.set()
        cancel.wait(PATIENCE)
        cancel.raise_if_cancelled()
        raise AssertionError("it was not cancelled")

    with DecodePool(1, work) as pool:
        pool.submit(0, Path("a"))
        assert started.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name.startswith("decode-"):
            thread.join(PATIENCE)
    assert pool.take(0.0) is None
    assert caplog.text == ""


def test_idle_threads_end_at_close_and_never_hold_up_the_exit() -> None:
    with DecodePool(2, GatedWork()) as pool:
        for index in range(2):
            pool.submit(index, Path("a"))
        take_all(pool)
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("decode-")]
        assert threads
        assert all(thread.daemon for thread in threads)
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_closing_gives_pillows_memory_back() -> None:
    def decode(_path: Path, _cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        set_up_pillow(1000)
        return np.asarray(Image.new("RGB", (600, 400))), FACTS

    with DecodePool(1, decode) as pool:
        pool.submit(0, Path("a"))
        assert pool.take(PATIENCE) is not None
        assert Image.core.get_stats()["blocks_cached"] > 0
    assert Image.core.get_stats()["blocks_cached"] == 0


def test_an_idle_thread_keeps_no_picture_in_memory() -> None:
    import gc
    import weakref

    made: list[Callable[[], object]] = []

    def work(path: Path, cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        pixels = np.zeros((4, 4, 3), np.uint8)
        made.append(weakref.ref(pixels))
        return pixels, FACTS

    with DecodePool(1, work) as pool:
        pool.submit(0, Path("a"))
        assert pool.take(PATIENCE) is not None
        pool.submit(1, Path("b"))  # the thread has come back for more
        assert pool.take(PATIENCE) is not None
        gc.collect()
        assert made[0]() is None
