"""The status line's words for every mixture of scanning, loading, running and having finished."""

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot
from result_makers import WEIGHTS, picture, result

from gui import run_status
from gui.progress_bar import RateMeter, StatusLine
from gui.results_model import ResultsModel
from gui.run_status import RunStatus
from model.run_summary import Failure, RunSummary
from model.types import Problem


class FakeController(QObject):
    """The signals and states of both controllers, set by hand."""

    loading = Signal(str)
    engine_ready = Signal(object)
    progressed = Signal(int)
    running_changed = Signal(bool)
    paused_changed = Signal(bool)
    finished = Signal(object)
    scanning_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.running = False
        self.paused = False
        self.scanning = False

    def run(self, running: bool) -> None:
        self.running = running
        self.running_changed.emit(running)

    def scan(self, scanning: bool) -> None:
        self.scanning = scanning
        self.scanning_changed.emit(scanning)

    def finish(self, done: int, errors: int = 0, *, cancelled: bool = False) -> None:
        failures = (Failure(Problem("image-empty"), errors),) if errors else ()
        self.finished.emit(RunSummary(done, failures, seconds=2.0, cancelled=cancelled))
        self.run(False)

    def pause(self, paused: bool) -> None:
        self.paused = paused
        self.paused_changed.emit(paused)


class Clock:
    """Goes on by one second each time it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class Bench:
    def __init__(self) -> None:
        self.controller = FakeController()
        self.results = ResultsModel()
        self.results.set_active_weights(WEIGHTS, None)
        self.line = StatusLine()
        controller = self.controller
        self.status = RunStatus(controller, controller, self.results, self.line, str.title)  # type: ignore[arg-type]

    def add(self, first: int, count: int) -> None:
        self.results.add([picture(f"{number}.jpg") for number in range(first, first + count)])

    def classify(self, first: int, count: int, *, computed: int) -> None:
        self.results.apply([result(f"{number}.jpg") for number in range(first, first + count)])
        self.controller.progressed.emit(computed)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace(" \u00b7 ", " | ")


@pytest.fixture
def bench(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(run_status, "RateMeter", lambda: RateMeter(Clock()))
    made = Bench()
    qtbot.addWidget(made.line)
    return made


def test_loading_is_told_until_the_first_result(bench: Bench) -> None:
    bench.add(0, 10)
    bench.controller.run(True)
    bench.controller.loading.emit("net")
    assert bench.line.text == "Loading Net…"
    bench.classify(0, 4, computed=0)
    assert bench.line.text == "4 of 10"


def test_a_run_that_ends_while_it_loads_leaves_nothing_behind(bench: Bench) -> None:
    bench.add(0, 10)
    bench.controller.run(True)
    bench.controller.loading.emit("net")
    bench.controller.run(False)
    assert (bench.line.text, bench.line.busy) == ("", False)
    bench.controller.run(True)
    assert bench.line.text == "0 of 10"


def test_rate_and_time_left_are_of_the_network_and_of_the_whole_list(bench: Bench) -> None:
    bench.add(0, 100)
    bench.controller.run(True)
    bench.classify(0, 50, computed=0)  # taken from the store in no time
    bench.classify(50, 2, computed=2)
    bench.classify(52, 2, computed=4)
    assert bench.line.text.split(" · ")[0] == "54 of 100"
    assert "2.0\N{NO-BREAK SPACE}images/s" in bench.line.text
    assert "23" in bench.line.text.split(" · ")[2]


def test_there_is_no_time_left_to_be_told_while_folders_are_read(bench: Bench) -> None:
    bench.controller.scan(True)
    assert bench.line.text == "Looking for pictures…"
    bench.add(0, 100)
    bench.controller.run(True)
    bench.classify(0, 2, computed=2)
    bench.classify(2, 2, computed=4)
    assert len(bench.line.text.split(" · ")) == 2
    bench.controller.scan(False)
    assert len(bench.line.text.split(" · ")) == 3


def test_runs_of_one_scan_are_summed_up_together_and_the_next_work_begins_anew(bench: Bench) -> None:
    bench.controller.scan(True)
    for number in range(3):
        bench.add(10 * number, 10)
        bench.controller.run(True)
        bench.controller.finish(10, errors=1)
        assert bench.line.text == "Looking for pictures…"
    bench.controller.scan(False)
    assert plain(bench.line.text) == "27 pictures classified | 3 could not be read | 6.0 s | 5.0 images/s"
    bench.controller.run(True)
    bench.controller.finish(5, cancelled=True)
    assert plain(bench.line.text) == "Stopped: 5 pictures classified | 2.0 s | 2.5 images/s"
    bench.status.forget()
    assert bench.line.text == ""


def test_a_pause_is_shown_and_is_no_part_of_the_rate(bench: Bench) -> None:
    bench.add(0, 100)
    bench.controller.run(True)
    bench.classify(0, 4, computed=4)
    bench.controller.pause(True)
    assert plain(bench.line.text) == "Paused | 4 of 100"
    bench.classify(4, 2, computed=6)  # the batch that was under way
    assert plain(bench.line.text) == "Paused | 6 of 100"
    bench.controller.pause(False)
    assert plain(bench.line.text) == "6 of 100"
    bench.classify(6, 2, computed=8)
    bench.classify(8, 2, computed=10)
    assert "2.0 images/s" in plain(bench.line.text)


def test_the_summary_is_told_once_when_all_work_has_ended_and_forgotten_when_it_begins(bench: Bench) -> None:
    told: list[object] = []
    ended: list[RunSummary] = []
    bench.status.summarised.connect(told.append)
    bench.status.ended.connect(ended.append)
    bench.controller.scan(True)
    bench.controller.run(True)
    bench.controller.finish(10)
    assert ended == []
    bench.controller.scan(False)
    assert [summary.done for summary in ended] == [10]
    assert told == [None, ended[0]]
    bench.status.refresh()
    assert len(ended) == 1
    assert bench.line.text, "it stays"
    bench.controller.run(True)
    assert told[-1] is None
