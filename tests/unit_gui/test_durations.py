"""Times are told with the exactness that they have."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from gui.durations import time_left_text, time_taken_text


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1 s left"),
        (0.4, "1 s left"),
        (35.2, "35 s left"),
        (59.4, "59 s left"),
        (59.6, "1 min left"),
        (125, "2 min left"),
        (3560, "59 min left"),
        (3590, "1.0 h left"),
        (5400, "1.5 h left"),
        (36_000, "10 h left"),
        (1e12, "9,999 h left"),
    ],
)
def test_time_left(seconds: float, text: str) -> None:
    assert time_left_text(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "1 ms"), (0.0831, "83 ms"), (0.9999, "1.0 s"), (1.44, "1.4 s"), (31, "31.0 s")]
)
def test_time_taken(seconds: float, text: str) -> None:
    assert time_taken_text(seconds).replace("\N{NO-BREAK SPACE}", " ") == text
