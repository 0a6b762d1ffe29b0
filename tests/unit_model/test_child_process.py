"""A job in a child process: values, every kind of end, cancelling, and that neither process outlives its purpose."""

import logging
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from child_jobs import OddError

from model.cancel import Cancelled, CancelToken
from model.child_process import ChildCrashError, run_in_child
from model.errors import DatasetError, PhotospotterError
from model.types import Problem

TESTS = Path(__file__).resolve().parents[1]

# The parent of a job, for tests that end it. Prints each value; Ctrl+C asks the job to stop.
PARENT = """
import signal, sys
from model.cancel import CancelToken
from model.child_process import run_in_child
if __name__ == "__main__":
    cancel = CancelToken()
    signal.signal(signal.SIGINT, lambda *_: cancel.cancel())
    for value in run_in_child(sys.argv[1], [int(argument) for argument in sys.argv[2:]], cancel):
        print(value, flush=True)
    print("ended", flush=True)
"""


@pytest.fixture
def parent_script(tmp_path: Path) -> list[str]:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    return [sys.executable, str(script)]


@pytest.fixture
def parent_environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}


def start(
    job: str, *arguments: object, cancel: CancelToken | None = None, **options: object
) -> Generator[object, None, None]:
    made = run_in_child(f"child_jobs:{job}", arguments, cancel or CancelToken(), **options)  # type: ignore[arg-type]
    assert isinstance(made, Generator)
    return made


def assert_gone(pid: int) -> None:
    """The process was ended and waited for, so its number is free."""
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_values_come_in_order() -> None:
    assert list(start("count", 300)) == [Problem("some-code", (("index", index),)) for index in range(300)]


def test_a_job_may_take_keywords() -> None:
    assert list(start("count", 5, keywords={"start": 4})) == [Problem("some-code", (("index", 4),))]


def test_the_job_has_a_light_process_of_its_own() -> None:
    pid, has_torch, policy, niceness, ignores_interrupts, blocked = start("tell_of_the_process")
    assert pid != os.getpid()
    assert (has_torch, policy, niceness, ignores_interrupts) == (False, "PASSIVE", os.nice(0), True)
    assert blocked == set()
    assert isinstance(pid, int)
    assert_gone(pid)


def test_a_job_can_make_way_for_others() -> None:
    assert list(start("tell_of_the_process", low_priority=True))[3] == min(19, os.nice(0) + 10)


def test_an_expected_failure_crosses_as_what_it_was() -> None:
    job = start("fail")
    assert next(job) == 1
    with pytest.raises(DatasetError) as caught:
        next(job)
    assert type(caught.value) is DatasetError
    expected = DatasetError("train-few-classes", detail="the log", folder="pictures", count=1)
    assert caught.value.problem == expected.problem
    assert str(caught.value) == str(expected)


def test_a_failure_with_a_constructor_of_its_own_crosses_too() -> None:
    with pytest.raises(OddError) as caught:
        list(start("fail_oddly"))
    assert caught.value.problem == OddError(7).problem


def test_a_bug_crosses_with_the_childs_traceback() -> None:
    job = start("crash")
    assert next(job) == 1
    with pytest.raises(ChildCrashError, match=r"child_jobs.py.*\n(.*\n)+ZeroDivisionError: this is the bug"):
        next(job)


@pytest.mark.parametrize(("job", "words"), [("yield_what_cannot_be_sent", "pickle"), ("no_such_job", "AttributeError")])
def test_a_job_that_cannot_work_is_a_bug(job: str, words: str) -> None:
    with pytest.raises(ChildCrashError, match=words):
        list(start(job))


def test_a_child_that_just_dies_is_told_in_words() -> None:
    job = start("die")
    assert next(job) == 1
    with pytest.raises(PhotospotterError) as caught:
        next(job)
    assert caught.value.problem.code == "child-died"
    assert "exit code -9" in caught.value.problem.detail
    assert "resumed" in caught.value.remedy


def test_a_process_that_cannot_be_started_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_process: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", refuse)
    with pytest.raises(PhotospotterError, match="Cannot allocate memory") as caught:
        list(start("count", 1))
    assert caught.value.problem.code == "child-not-started"


def test_cancelling_reaches_the_child_and_its_last_values_arrive() -> None:
    cancel = CancelToken()
    job = start("wait_and_save", cancel=cancel)
    pid = next(job)
    cancel.cancel()
    assert list(job) == ["saved"]
    assert isinstance(pid, int)
    assert_gone(pid)


def test_a_job_that_stops_because_it_was_told_to_is_cancelled_quietly() -> None:
    cancel = CancelToken()
    job = start("stop_when_told", cancel=cancel)
    next(job)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(job)


def test_a_job_cancelled_before_it_began_hears_of_it() -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert list(start("wait_and_save", cancel=cancel))[1:] == ["saved"]


@pytest.fixture
def home() -> Iterator[socket.socket]:
    """Where jobs that never end call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def assert_hung_up(caller: socket.socket) -> None:
    """The process at the other end is gone: the system has closed its connection."""
    caller.settimeout(60)
    try:
        assert caller.recv(1) == b""
    except ConnectionResetError:
        pass
    caller.close()


def call_home(home: socket.socket, **options: object) -> tuple[Generator[object, None, None], socket.socket]:
    job = start("call_home_and_never_end", home.getsockname()[1], **options)  # type: ignore[arg-type]
    assert next(job) == "called"
    return job, home.accept()[0]


def test_a_child_that_does_not_stop_is_ended_in_time(home: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    cancel = CancelToken()
    job, caller = call_home(home, cancel=cancel, patience=0.3)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(job)
    assert_hung_up(caller)
    assert "did not end within" in caplog.text


def test_an_abandoned_child_is_ended_at_once(home: socket.socket) -> None:
    cancel, abandon = CancelToken(), CancelToken()
    job, caller = call_home(home, cancel=cancel, abandon=abandon, patience=1000.0)
    cancel.cancel()
    abandon.cancel()
    with pytest.raises(Cancelled):
        next(job)
    assert_hung_up(caller)


def test_closing_the_generator_ends_the_child(home: socket.socket) -> None:
    job, caller = call_home(home)
    job.close()
    assert_hung_up(caller)


def test_the_child_dies_with_its_parent_even_when_that_is_killed(
    home: socket.socket, parent_script: list[str], parent_environment: dict[str, str]
) -> None:
    port = str(home.getsockname()[1])
    command = [*parent_script, "child_jobs:call_home_and_never_end", port]
    with subprocess.Popen(command, env=parent_environment, stdout=subprocess.PIPE, text=True) as parent:
        caller = home.accept()[0]
        assert parent.stdout is not None
        assert parent.stdout.readline() == "called\n"
        parent.kill()
    assert_hung_up(caller)


def test_an_interrupt_for_all_processes_of_a_terminal_stops_the_job_through_its_parent(
    parent_script: list[str], parent_environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        [*parent_script, "child_jobs:wait_and_save"],
        env=parent_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().strip().isdigit()
        os.killpg(parent.pid, signal.SIGINT)
        out, err = parent.communicate(timeout=60)
    assert out.splitlines() == ["saved", "ended"]
    assert err == ""
    assert parent.returncode == 0


def test_values_that_nobody_reads_hold_the_job_up(tmp_path: Path) -> None:
    counter, number = tmp_path / "counter", 4000
    counter.write_bytes(bytes(8))
    job = start("run_ahead", counter, number)
    next(job)
    pause, last = CancelToken(), -1
    # It stands still when it has got nowhere between two looks; a job that is not held up gets to its end.
    while (now := struct.unpack("q", counter.read_bytes())[0]) != last:
        last = now
        pause.wait(0.3)
    assert last < 100
    assert sum(1 for _ in job) == number - 1


def test_what_the_child_logs_is_logged_here(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert list(start("speak")) == [1]
    first, second = caplog.records
    assert (first.name, first.levelname, first.getMessage()) == ("child_jobs", "WARNING", "7 pictures")
    assert second.levelname == "ERROR"
    assert second.getMessage().startswith("with its traceback\nTraceback (most recent call last)")
    assert second.getMessage().endswith("invalid literal for int() with base 10: 'inner'")
