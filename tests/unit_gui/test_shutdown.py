"""The program's end: threads that end are waited for, a stuck one cannot hold the program up."""

import logging
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from gui.shutdown import finish
from gui.worker import JobRunner, Outcome
from model.cancel import CancelToken


def ignore_value(_value: object) -> None:
    """Listen to nothing."""


def ignore_outcome(_outcome: Outcome) -> None:
    """Listen to nothing."""


def test_idle_threads_end_and_the_process_is_not_left(qtbot: QtBot) -> None:
    runners = [JobRunner("one"), JobRunner("two")]
    for runner in runners:
        runner.shutdown()
    left: list[int] = []
    assert finish(runners, leave=left.append)
    assert left == []


def test_a_stuck_thread_ends_the_process_after_the_patience(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate = threading.Event(), threading.Event()
    flushed: list[None] = []
    monkeypatch.setattr(logging, "shutdown", lambda: flushed.append(None))

    def stalled_read(_cancel: CancelToken) -> Iterator[object]:
        entered.set()
        gate.wait(30)
        yield None

    runner = JobRunner("stuck thread")
    runner.start(stalled_read, ignore_value, ignore_outcome)
    assert entered.wait(10)
    runner.shutdown()
    left: list[int] = []
    try:
        with caplog.at_level(logging.WARNING):
            assert not finish([runner], patience=0.05, leave=left.append)
    finally:
        gate.set()
    assert left == [0]
    assert flushed == [None]
    assert "stuck thread" in caplog.text
    assert runner.wait(10_000)


def test_the_patience_is_shared_by_all_threads(qtbot: QtBot) -> None:
    class Slow(JobRunner):
        def wait(self, milliseconds: int) -> bool:
            waits.append(milliseconds)
            return super().wait(5000)

    waits: list[int] = []
    now = iter([0.0, 1.0, 2.5])
    runners = [Slow("one"), Slow("two")]
    for runner in runners:
        runner.shutdown()
    assert finish(runners, patience=3.0, clock=lambda: next(now))
    assert waits == [2000, 500]
