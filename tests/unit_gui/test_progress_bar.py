"""The status line tells numbers in the user's format; the rate is smooth and does not count loading."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QProgressBar
from pytestqt.qtbot import QtBot

from gui.progress_bar import RateMeter, StatusLine


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


@pytest.fixture
def line(qtbot: QtBot, english: None) -> StatusLine:
    made = StatusLine()
    qtbot.addWidget(made)
    made.show()
    return made


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace(" · ", " | ")


def test_progress_in_words(line: StatusLine) -> None:
    line.update_progress(412, 1000, 17.2, 35.0)
    assert plain(line.text) == "412 of 1,000 | 17 images/s | 35 s left"
    assert line.busy
    assert line.findChild(QProgressBar).value() == 412
    assert line.findChild(QProgressBar).maximum() == 1000


def test_what_is_not_known_is_not_said(line: StatusLine) -> None:
    line.update_progress(0, 5000, None, None)
    assert plain(line.text) == "0 of 5,000"
    line.update_progress(3, 4, 0.5, 2.0)
    assert plain(line.text) == "3 of 4 | 0.5 images/s | 2 s left"
    line.update_progress(4, 4, 3, 0.0)
    assert plain(line.text) == "4 of 4 | 3.0 images/s"
    line.update_progress(0, 0, None, None)
    assert plain(line.text) == "0 of 0"


def test_numbers_are_those_of_the_users_language(line: StatusLine) -> None:
    QLocale.setDefault(QLocale("de_DE"))
    line.update_progress(1412, 12000, 1.5, None)
    assert plain(line.text) == "1.412 of 12.000 | 1,5 images/s"


def test_idle_and_busy(line: StatusLine) -> None:
    line.set_busy("Loading")
    bar = line.findChild(QProgressBar)
    assert (bar.minimum(), bar.maximum()) == (0, 0)
    assert line.busy
    line.update_progress(1, 2, None, None)
    assert bar.maximum() > 0
    line.set_idle("2 pictures classified in 3.0 s.")
    assert not line.busy
    assert line.text == "2 pictures classified in 3.0 s."


def test_the_line_keeps_its_height(line: StatusLine) -> None:
    idle = line.sizeHint().height()
    line.update_progress(1, 2, 3.0, 4.0)
    assert line.sizeHint().height() == idle


def test_the_bar_does_not_jump_with_every_digit(line: StatusLine, qtbot: QtBot) -> None:
    line.resize(700, line.sizeHint().height())
    line.update_progress(1111, 5000, 17.2, 3500.0)
    qtbot.wait(1)
    width = line.findChild(QProgressBar).width()
    line.update_progress(1112, 5000, 9.0, 35.0)
    qtbot.wait(1)
    assert line.findChild(QProgressBar).width() == width


def test_the_device_is_shown_when_known(line: StatusLine) -> None:
    assert line.device_text == ""
    line.set_device("CPU (ONNX Runtime)")
    assert line.device_text == "CPU (ONNX Runtime)"


def test_the_rate_is_unknown_at_first_and_loading_does_not_count() -> None:
    clock = FakeClock()
    meter = RateMeter(clock)
    clock.now += 30
    assert meter.update(0) is None
    clock.now += 1
    assert meter.update(10) == pytest.approx(10)
    assert meter.seconds_left(110) == pytest.approx(10)


def test_time_that_stands_still_gives_no_rate() -> None:
    meter = RateMeter(FakeClock())
    meter.update(0)
    assert meter.update(5) is None
    assert meter.seconds_left(10) is None


def test_a_short_hiccup_does_not_throw_the_rate_off() -> None:
    clock = FakeClock()
    meter = RateMeter(clock)
    for done in range(0, 200, 5):
        meter.update(done)
        clock.now += 0.5
    clock.now += 0.5
    rate = meter.update(200)
    assert rate == pytest.approx(10, rel=0.1)


def test_the_rate_follows_a_lasting_change() -> None:
    clock = FakeClock()
    meter = RateMeter(clock)
    done = 0
    rates: list[float] = []
    for step in range(120):
        clock.now += 1
        done += 20 if step < 60 else 2
        rates.append(meter.update(done) or 0.0)
    assert rates[55] == pytest.approx(20)
    assert rates[-1] == pytest.approx(2, rel=0.05)
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(rates[60:]))


def test_a_count_that_falls_back_begins_anew() -> None:
    clock = FakeClock()
    meter = RateMeter(clock)
    meter.update(0)
    clock.now += 1
    meter.update(100)
    clock.now += 1
    assert meter.update(3) is None
    clock.now += 1
    assert meter.update(7) == pytest.approx(4)


@given(steps=st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), min_size=1, max_size=40))
def test_the_rate_lies_between_the_slowest_and_the_fastest_stretch(steps: list[tuple[float, int]]) -> None:
    clock = FakeClock()
    meter = RateMeter(clock)
    done = 0
    meter.update(done)
    fastest = 0.0
    for elapsed, count in steps:
        before = clock.now
        clock.now += elapsed
        done += count
        fastest = max(fastest, count / (clock.now - before) if clock.now > before else float("inf"))
        rate = meter.update(done)
        assert rate is None or 0 < rate <= fastest * 1.0000001
        left = meter.seconds_left(done + 10)
        assert left is None or left > 0
