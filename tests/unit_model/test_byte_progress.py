"""The count of a transfer's bytes, and the time it still takes."""

import pytest

from model.byte_progress import ByteProgress
from model.types import DownloadProgress


class Clock:
    """Shows the time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TestByteProgress:
    def test_the_time_left_follows_the_last_seconds(self) -> None:
        clock = Clock()
        progress = ByteProgress(1000, clock)
        assert progress.now().seconds_left is None
        for _ in range(4):
            clock.now += 1
            progress.add(10)
        assert progress.now().seconds_left == pytest.approx(960 / 10)
        for _ in range(6):
            clock.now += 1
            progress.add(100)
        assert progress.now() == DownloadProgress(640, 1000, pytest.approx(3.6))

    def test_a_resumed_transfer_is_not_thought_faster_than_it_is(self) -> None:
        clock = Clock()
        progress = ByteProgress(1000, clock, done=900)
        clock.now = 1.0
        progress.add(10)
        assert progress.now().seconds_left == pytest.approx(9)

    def test_reports_are_due_ten_times_a_second_at_most(self) -> None:
        clock = Clock()
        progress = ByteProgress(None, clock)
        reports = 0
        for step in range(1001):
            clock.now = step / 1000
            progress.add(1)
            if progress.is_due():
                progress.now()
                reports += 1
        assert 9 <= reports <= 10

    def test_without_a_total_there_is_no_time_left(self) -> None:
        clock = Clock()
        progress = ByteProgress(None, clock)
        clock.now = 3.0
        progress.add(5)
        assert progress.now() == DownloadProgress(5, None, None)
