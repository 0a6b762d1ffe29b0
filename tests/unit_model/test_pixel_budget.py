import threading
from collections.abc import Callable, Iterator

import pytest

from model.cancel import Cancelled, CancelToken
from model.pixel_budget import DecodeToken, PixelBudget


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Holder:
    """A thread that holds pixels of a budget until it is told to let go."""

    def __init__(self, budget: PixelBudget, pixels: int, cancel: CancelToken | None = None) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()
        self.cancelled = False
        self._budget, self._pixels, self._cancel = budget, pixels, cancel
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._budget.hold(self._pixels, self._cancel):
                self.entered.set()
                assert self.release.wait(10)
        except Cancelled:
            self.cancelled = True

    def finish(self) -> None:
        self.release.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


Hold = Callable[..., Holder]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Make holders; all are let go, in the order of their making, when the test ends."""
    holders: list[Holder] = []

    def make(budget: PixelBudget, pixels: int, cancel: CancelToken | None = None) -> Holder:
        holders.append(Holder(budget, pixels, cancel))
        return holders[-1]

    yield make
    for holder in holders:
        holder.finish()


def wait_until_waiting(budget: PixelBudget, count: int) -> None:
    """Return once so many threads are waiting for room."""
    patience = threading.Event()
    for _ in range(1000):
        if budget.waiting == count:
            return
        patience.wait(0.01)
    pytest.fail(f"{budget.waiting} threads are waiting, not {count}")


def test_what_fits_goes_together(hold: Hold) -> None:
    budget = PixelBudget(10)
    assert all(hold(budget, 5).entered.wait(10) for _ in range(2))
    assert budget.held == 10


def test_what_does_not_fit_waits(hold: Hold) -> None:
    budget = PixelBudget(10)
    first = hold(budget, 6)
    assert first.entered.wait(10)
    second = hold(budget, 5)
    wait_until_waiting(budget, 1)
    assert not second.entered.is_set()
    first.finish()
    assert second.entered.wait(10)
    assert budget.held == 5


def test_more_than_the_whole_budget_goes_alone(hold: Hold) -> None:
    budget = PixelBudget(10)
    small = hold(budget, 1)
    assert small.entered.wait(10)
    big = hold(budget, 1000)
    wait_until_waiting(budget, 1)
    small.finish()
    assert big.entered.wait(10)
    after = hold(budget, 1)
    wait_until_waiting(budget, 1)
    assert not after.entered.is_set()
    big.finish()
    assert after.entered.wait(10)


def test_a_big_one_is_not_overtaken(hold: Hold) -> None:
    budget = PixelBudget(10)
    first = hold(budget, 6)
    assert first.entered.wait(10)
    big = hold(budget, 9)
    wait_until_waiting(budget, 1)
    small = hold(budget, 1)
    wait_until_waiting(budget, 2)
    assert not small.entered.is_set()
    first.finish()
    assert big.entered.wait(10)
    assert small.entered.wait(10)


def test_waiting_ends_on_cancel_and_lets_the_next_go(hold: Hold) -> None:
    budget = PixelBudget(10)
    first = hold(budget, 6)
    assert first.entered.wait(10)
    cancel = CancelToken()
    big = hold(budget, 9, cancel)
    wait_until_waiting(budget, 1)
    small = hold(budget, 1)
    wait_until_waiting(budget, 2)
    cancel.cancel()
    big.thread.join(10)
    assert big.cancelled
    assert small.entered.wait(10)
    assert budget.held == 7


def test_an_error_gives_the_pixels_back() -> None:
    budget = PixelBudget(10)
    with pytest.raises(KeyError), budget.hold(10):
        raise KeyError
    assert budget.held == 0


def test_a_read_that_hangs_stops_the_others_only_for_a_while(hold: Hold) -> None:
    clock = FakeClock()
    budget = PixelBudget(10, lease=30, clock=clock)
    stuck = hold(budget, 10)
    assert stuck.entered.wait(10)
    other = hold(budget, 10)
    wait_until_waiting(budget, 1)
    clock.now += 29
    assert not other.entered.wait(0.15)
    clock.now += 2
    assert other.entered.wait(10)
    stuck.finish()
    assert budget.held == 10


def test_an_empty_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="lets nothing through"):
        PixelBudget(0)


def test_the_token_does_not_count_waiting() -> None:
    clock = FakeClock()
    token = DecodeToken(clock)
    clock.now += 2
    with token.waiting():
        clock.now += 50
        assert token.busy_seconds == 2
    clock.now += 3
    assert token.busy_seconds == 5


def test_the_budget_stops_the_tokens_clock(hold: Hold) -> None:
    clock = FakeClock()
    token = DecodeToken(clock)
    budget = PixelBudget(10)
    first = hold(budget, 10)
    assert first.entered.wait(10)
    second = hold(budget, 10, token)
    wait_until_waiting(budget, 1)
    assert not second.entered.is_set()
    clock.now += 50
    first.finish()
    assert second.entered.wait(10)
    assert token.busy_seconds == 0
    clock.now += 1
    assert token.busy_seconds == 1
