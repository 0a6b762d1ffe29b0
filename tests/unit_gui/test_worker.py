"""JobRunner: values in order, one outcome each, late values of superseded jobs dropped, the GUI thread not flooded."""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QThread, QTimer
from pytestqt.qtbot import QtBot

from gui.worker import JobRunner, Outcome
from model.cancel import CancelToken
from model.errors import ImageError


class Listener:
    """Records what a job tells, and on which thread."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.outcomes: list[Outcome] = []
        self.threads: set[QThread] = set()

    def on_value(self, value: object) -> None:
        self.threads.add(QThread.currentThread())
        self.values.append(value)

    def on_done(self, outcome: Outcome) -> None:
        self.threads.add(QThread.currentThread())
        self.outcomes.append(outcome)


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    made = JobRunner("test")
    yield made
    made.shutdown()
    assert made.wait(5000)


def start(runner: JobRunner, job: object, *, supersede: bool = False) -> Listener:
    listener = Listener()
    runner.start(job, listener.on_value, listener.on_done, supersede=supersede)  # type: ignore[arg-type]
    return listener


def counting(count: int) -> object:
    def job(_cancel: CancelToken) -> Iterator[object]:
        yield from range(count)

    return job


def test_values_come_in_order_on_the_gui_thread_and_the_outcome_last(qtbot: QtBot, runner: JobRunner) -> None:
    listener = start(runner, counting(1000))
    qtbot.waitUntil(lambda: bool(listener.outcomes))
    assert listener.values == list(range(1000))
    assert listener.outcomes == [Outcome()]
    assert listener.threads == {QThread.currentThread()}
    assert not runner.busy


def test_the_job_runs_on_another_thread(qtbot: QtBot, runner: JobRunner) -> None:
    seen: list[QThread] = []

    def job(_cancel: CancelToken) -> Iterator[object]:
        seen.append(QThread.currentThread())
        yield None

    listener = start(runner, job)
    qtbot.waitUntil(lambda: bool(listener.outcomes))
    assert seen[0] is not QThread.currentThread()


def test_an_expected_failure_is_told_as_its_problem(qtbot: QtBot, runner: JobRunner) -> None:
    def job(_cancel: CancelToken) -> Iterator[object]:
        yield 1
        raise ImageError("image-network-failed")

    listener = start(runner, job)
    qtbot.waitUntil(lambda: bool(listener.outcomes))
    assert listener.values == [1]
    problem = listener.outcomes[0].problem
    assert problem is not None
    assert problem.code == "image-network-failed"


def test_a_bug_is_told_with_its_traceback_and_the_worker_lives_on(
    qtbot: QtBot, runner: JobRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def job(_cancel: CancelToken) -> Iterator[object]:
        yield 1
        raise ZeroDivisionError("a bug")

    with qtbot.waitSignal(runner.crashed) as crashed:
        listener = start(runner, job)
    qtbot.waitUntil(lambda: bool(listener.outcomes))
    assert "ZeroDivisionError: a bug" in crashed.args[0]
    assert "ZeroDivisionError: a bug" in listener.outcomes[0].traceback
    after = start(runner, counting(2))
    qtbot.waitUntil(lambda: bool(after.outcomes))
    assert after.values == [0, 1]


def test_cancel_ends_a_job_quietly_and_what_came_is_kept(qtbot: QtBot, runner: JobRunner) -> None:
    go_on = threading.Event()

    def job(cancel: CancelToken) -> Iterator[object]:
        yield "before"
        go_on.wait(10)
        cancel.raise_if_cancelled()
        yield "after"

    listener = start(runner, job)
    qtbot.waitUntil(lambda: listener.values == ["before"])
    runner.cancel()
    go_on.set()
    qtbot.waitUntil(lambda: bool(listener.outcomes))
    assert listener.values == ["before"]
    assert listener.outcomes == [Outcome(cancelled=True)]


def test_nothing_is_heard_of_a_superseded_job(qtbot: QtBot, runner: JobRunner) -> None:
    go_on = threading.Event()

    def stubborn(_cancel: CancelToken) -> Iterator[object]:
        yield "early"
        go_on.wait(10)
        yield "late"

    old = start(runner, stubborn)
    qtbot.waitUntil(lambda: old.values == ["early"])
    new = start(runner, counting(3), supersede=True)
    go_on.set()
    qtbot.waitUntil(lambda: bool(new.outcomes))
    assert old.values == ["early"]
    assert old.outcomes == []
    assert new.values == [0, 1, 2]


def test_jobs_queue_up_in_order(qtbot: QtBot, runner: JobRunner) -> None:
    busy: list[bool] = []
    runner.busy_changed.connect(busy.append)
    first, second = start(runner, counting(5)), start(runner, counting(2))
    qtbot.waitUntil(lambda: bool(second.outcomes))
    assert first.outcomes
    assert busy == [True, False]


def test_a_fast_job_wakes_the_gui_thread_at_most_30_times_a_second(qtbot: QtBot, runner: JobRunner) -> None:
    wakes: list[None] = []
    original = runner._drain

    def counted() -> None:
        wakes.append(None)
        original()

    runner._timer.timeout.disconnect()
    runner._timer.timeout.connect(counted)
    listener = start(runner, counting(20_000))
    qtbot.waitUntil(lambda: bool(listener.outcomes))
    assert listener.values == list(range(20_000))
    assert len(wakes) < 100


def test_forgetting_a_job_leaves_the_others_alone(qtbot: QtBot, runner: JobRunner) -> None:
    entered, gate = threading.Event(), threading.Event()

    def waiting(cancel: CancelToken) -> Iterator[object]:
        entered.set()
        assert gate.wait(20)
        yield cancel.cancelled

    first, second = Listener(), Listener()
    ticket = runner.start(waiting, first.on_value, first.on_done)
    runner.start(waiting, second.on_value, second.on_done)
    qtbot.waitUntil(entered.is_set)
    runner.forget(ticket)
    assert runner.busy
    gate.set()
    qtbot.waitUntil(lambda: bool(second.outcomes))
    assert (first.values, first.outcomes) == ([], [])
    assert (second.values, second.outcomes) == ([False], [Outcome()])
    runner.forget(ticket)
    assert not runner.busy


def test_the_last_act_of_a_thread_is_done_on_it(qtbot: QtBot) -> None:
    seen: list[int] = []
    made = JobRunner("ending", at_end=lambda: seen.append(threading.get_ident()))
    made.shutdown()
    assert made.wait(5000)
    assert len(seen) == 1
    assert seen[0] != threading.get_ident()


def test_a_backlog_is_worked_off_in_slices_and_in_order(qtbot: QtBot, runner: JobRunner) -> None:
    taken: list[object] = []
    taken_when_the_loop_turned: list[int] = []
    ended: list[Outcome] = []

    def slow(value: object) -> None:
        deadline = time.perf_counter() + 0.003
        while time.perf_counter() < deadline:
            pass
        taken.append(value)

    turning = QTimer()
    turning.timeout.connect(lambda: taken_when_the_loop_turned.append(len(taken)))
    turning.start(0)
    runner.start(counting(60), slow, ended.append)
    qtbot.waitUntil(lambda: bool(ended))
    assert taken == list(range(60))
    steps = [after - before for before, after in itertools.pairwise(taken_when_the_loop_turned)]
    assert max(steps) < 20
