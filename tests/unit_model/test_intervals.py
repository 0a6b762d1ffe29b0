import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.intervals import wilson


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),  # (p + z²/2n -+ z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n) with z = 1.959964, by hand
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (186, 200, 0.8859, 0.9578),
    ],
)
def test_known_intervals(successes: int, count: int, low: float, high: float) -> None:
    estimate = wilson(successes, count)
    assert estimate.value == successes / count
    assert estimate.low == pytest.approx(low, abs=5e-5)
    assert estimate.high == pytest.approx(high, abs=5e-5)


@given(st.integers(1, 10**6).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_an_interval_holds_its_share_and_stays_between_nothing_and_all(numbers: tuple[int, int]) -> None:
    successes, count = numbers
    estimate = wilson(successes, count)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.high > estimate.low
    mirrored = wilson(count - successes, count)
    assert mirrored.low == pytest.approx(1 - estimate.high, abs=1e-9)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_more_pictures_make_it_narrower(count: int, times: int) -> None:
    few, many = wilson(count // 2, count), wilson(count // 2 * (times + 1), count * (times + 1))
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(("successes", "count"), [(0, 0), (2, 1), (-1, 3)])
def test_no_share_without_pictures(successes: int, count: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(successes, count)
