import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.percent import format_size, percent_text


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0 %"),
        (1e-12, "<1 %"),
        (0.0099, "<1 %"),
        (0.01, "1 %"),
        (0.574, "57 %"),
        (0.994, "99 %"),
        (0.9951, ">99 %"),
        (0.99999999, ">99 %"),
        (1.0, "100 %"),
    ],
)
def test_percentages_are_whole_and_never_claim_zero_or_certainty(probability: float, text: str) -> None:
    assert percent_text(probability) == text.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("probability", "text"), [(0.5737, "57.4 %"), (0.0004, "<0.1 %"), (0.99999, ">99.9 %"), (1.0, "100.0 %")]
)
def test_one_decimal(probability: float, text: str) -> None:
    assert percent_text(probability, 1) == text.replace(" ", "\N{NO-BREAK SPACE}")


@given(st.floats(0.0, 1.0), st.integers(0, 1))
def test_text_reads_as_zero_or_hundred_only_when_it_is(probability: float, decimals: int) -> None:
    number = percent_text(probability, decimals).removesuffix("\N{NO-BREAK SPACE}%")
    if number[0] in "<>":
        assert 0.0 < probability < 1.0
    else:
        assert float(number) == pytest.approx(100 * probability, abs=0.5 * 10**-decimals + 1e-9)
        assert (float(number) == 0.0) == (probability == 0.0)
        assert (float(number) == 100.0) == (100.0 * probability >= 100.0)


def test_sizes_are_decimal() -> None:
    assert format_size(97_781_249) == "98 MB"
