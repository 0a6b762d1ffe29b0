"""The process that exports beside the run: how it is started, that nothing disturbs it, and how it ends."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import make_weights

from model import background_export as module
from model.background_export import OFF_VARIABLE, BackgroundExport, command_line
from model.cancel import CancelToken
from model.onnx_cache import OnnxCache

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS, OTHER = make_weights(), make_weights("other")
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and process groups are POSIX's")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnnxCache:
    monkeypatch.delenv(OFF_VARIABLE)
    return OnnxCache(tmp_path / "onnx")


class Process:
    """A process that was started with these arguments and runs until `returncode` is set."""

    started: list["Process"]

    def __init__(self, command: list[str], **settings: Any) -> None:
        self.command = command
        self.settings = settings
        self.returncode: int | None = None
        self.started.append(self)

    def poll(self) -> int | None:
        return self.returncode


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """Processes are fakes; those that were started."""
    processes: list[Process] = []
    monkeypatch.setattr(Process, "started", processes, raising=False)
    monkeypatch.setattr(module.subprocess, "Popen", Process)
    return processes


def make(cache: OnnxCache) -> None:
    with cache.adding(WEIGHTS) as part:
        part.write_bytes(b"a network")
        cache.keep(WEIGHTS, part, 0.0)


# --- how it is started ---


@posix_only
def test_it_is_the_programs_own_command_in_a_group_of_its_own(cache: OnnxCache, started: list[Process]) -> None:
    BackgroundExport(cache).start(WEIGHTS)
    (process,) = started
    assert process.command == [sys.executable, "-m", "model", "export", "--background", "colours"]
    settings = process.settings
    assert settings["process_group"] == 0, "Ctrl+C of the terminal would end it"
    assert settings["creationflags"] == 0
    assert "start_new_session" not in settings, "Linux weighs priorities within a session only"
    assert {settings[name] for name in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}
    assert settings["env"]["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_on_windows_it_opens_no_window(
    cache: OnnxCache, started: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Windows:
        name = "nt"

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

    monkeypatch.setattr(module, "os", Windows())
    BackgroundExport(cache).start(WEIGHTS)
    assert started[0].settings["creationflags"] == 0x08000000
    assert started[0].settings["process_group"] is None


@pytest.mark.parametrize(("system", "name"), [("posix", "photospotter-cli"), ("nt", "photospotter-cli.exe")])
def test_an_installed_program_starts_the_command_line_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, name: str
) -> None:
    class System:
        def __getattr__(self, name: str) -> object:
            return system if name == "name" else getattr(os, name)

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "photospotter"))
    monkeypatch.setattr(module, "os", System())
    assert command_line() == [str(tmp_path / name)]


def test_a_search_path_that_was_given_goes_along(
    cache: OnnxCache, started: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    BackgroundExport(cache).start(WEIGHTS)
    assert started[0].settings["env"]["PYTHONPATH"] == os.pathsep.join((str(ROOT), "elsewhere"))


def test_failing_to_start_is_only_logged_and_not_tried_again(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_arguments: object, **_settings: object) -> object:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(module.subprocess, "Popen", refuse)
    exporter = BackgroundExport(cache)
    assert exporter.is_wanted(WEIGHTS)
    exporter.start(WEIGHTS)
    assert "Cannot allocate memory" in caplog.text
    assert not exporter.is_wanted(WEIGHTS)
    assert not exporter.has_made(WEIGHTS)
    exporter.close()


# --- whether it is wanted ---


def test_a_set_is_tried_once_in_a_run_of_the_program(cache: OnnxCache, started: list[Process]) -> None:
    exporter = BackgroundExport(cache)
    assert exporter.is_wanted(WEIGHTS)
    exporter.start(WEIGHTS)
    assert not exporter.is_wanted(WEIGHTS)
    started[0].returncode = 3
    assert not exporter.has_made(WEIGHTS)
    assert not exporter.is_wanted(WEIGHTS), "it failed, and would fail again"
    assert exporter.is_wanted(OTHER)


def test_one_process_at_a_time(cache: OnnxCache, started: list[Process]) -> None:
    exporter = BackgroundExport(cache)
    exporter.start(WEIGHTS)
    exporter.start(OTHER)
    assert len(started) == 1
    assert exporter.is_wanted(OTHER), "its turn comes later"
    started[0].returncode = 0
    exporter.start(OTHER)
    assert [process.command[-1] for process in started] == ["colours", "other"]


@pytest.mark.parametrize("made", [True, False])
def test_what_is_there_or_was_rejected_is_not_wanted(cache: OnnxCache, made: bool) -> None:
    make(cache) if made else cache.reject(WEIGHTS, "a reason")
    assert not BackgroundExport(cache).is_wanted(WEIGHTS)
    assert BackgroundExport(cache).is_wanted(OTHER)


def test_an_environment_variable_switches_it_off(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFF_VARIABLE, "1")
    assert not BackgroundExport(cache).is_wanted(WEIGHTS)


def test_without_onnx_runtime_it_is_of_no_use(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert not BackgroundExport(cache).is_wanted(WEIGHTS)


# --- whether it has come ---


def test_an_export_has_come_when_its_process_has_ended_and_told_once(cache: OnnxCache, started: list[Process]) -> None:
    exporter = BackgroundExport(cache)
    assert not exporter.has_made(WEIGHTS)
    exporter.start(WEIGHTS)
    make(cache)
    assert not exporter.has_made(WEIGHTS), "the process is still at it"
    started[0].returncode = 0
    assert exporter.has_made(WEIGHTS)
    assert not exporter.has_made(WEIGHTS)


def test_a_rejected_export_has_not_come(cache: OnnxCache, started: list[Process]) -> None:
    exporter = BackgroundExport(cache)
    exporter.start(WEIGHTS)
    cache.reject(WEIGHTS, "a reason")
    started[0].returncode = 3
    assert not exporter.has_made(WEIGHTS)


def test_an_export_that_another_process_makes_is_waited_for(cache: OnnxCache, started: list[Process]) -> None:
    exporter = BackgroundExport(cache)
    with cache.adding(WEIGHTS) as part:
        assert not exporter.is_wanted(WEIGHTS)
        assert not exporter.has_made(WEIGHTS)
        part.write_bytes(b"a network")
        cache.keep(WEIGHTS, part, 0.0)
    assert exporter.has_made(WEIGHTS)
    assert not exporter.has_made(WEIGHTS)
    assert started == []


def test_what_another_process_gave_up_is_taken_over(cache: OnnxCache, started: list[Process]) -> None:
    exporter = BackgroundExport(cache)
    with cache.adding(WEIGHTS):
        assert not exporter.is_wanted(WEIGHTS)
    assert not exporter.has_made(WEIGHTS)
    assert exporter.is_wanted(WEIGHTS)


# --- real processes ---

# Calls home, then waits for a word; the end of the line is the end of the process.
CALLER = """
import signal, socket, sys
seen = []
def told(*_):
    seen.append(1)
    if len(seen) == 2 and sys.argv[2] == "second":
        raise KeyboardInterrupt
if sys.argv[2] != "first":
    signal.signal(signal.SIGTERM, told)
home = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
home.sendall(b"here")
try:
    while home.recv(4) not in (b"go", b""):  # nothing: the test is gone
        pass
    home.sendall(b"gone on " + sys.argv[-1].encode())
except KeyboardInterrupt:
    home.sendall(b"tidied up")
"""
# Exports in the background, says so, and then waits for its end.
PARENT = """
import sys, time
from pathlib import Path
from fakes import make_weights
from model.background_export import BackgroundExport
from model.onnx_cache import OnnxCache

exporter = BackgroundExport(OnnxCache(Path(sys.argv[1])), sys.argv[2:])
assert exporter.is_wanted(make_weights())
exporter.start(make_weights())
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[socket.socket]:
    """Where the processes call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        yield server


def call(home: socket.socket) -> socket.socket:
    caller, _ = home.accept()
    caller.settimeout(60)
    assert caller.recv(4) == b"here"
    return caller


def command(home: socket.socket, ends_at: str) -> list[str]:
    return [sys.executable, "-c", CALLER, str(home.getsockname()[1]), ends_at]


@posix_only
def test_ctrl_c_in_the_terminal_does_not_reach_it(home: socket.socket, cache: OnnxCache) -> None:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(cache.folder), *command(home, "first")],
        env=os.environ | {"PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        with call(home) as caller:
            os.killpg(parent.pid, signal.SIGINT)
            _, errors = parent.communicate(timeout=60)
            assert parent.returncode == -signal.SIGINT
            assert "KeyboardInterrupt" in errors
            caller.sendall(b"go")
            assert caller.recv(100) == b"gone on colours", "the export ended with its parent"


@posix_only
@pytest.mark.parametrize(
    ("ends_at", "last_words"), [("first", b""), ("second", b"tidied up"), ("never", b"")], ids=["1", "2", "never"]
)
def test_closing_ends_it_and_lets_it_tidy_up(
    home: socket.socket, cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, ends_at: str, last_words: bytes
) -> None:
    monkeypatch.setattr(module, "_SECONDS_TO_END", (0.1, 0.1) if ends_at == "never" else (0.1, 60.0))
    exporter = BackgroundExport(cache, command(home, ends_at))
    exporter.start(WEIGHTS)
    with call(home) as caller:
        exporter.close()
        assert caller.recv(100) == last_words
        assert caller.recv(100) == b""
    assert exporter._process is None
    exporter.close()


@posix_only
def test_closing_takes_no_longer_than_the_window_has() -> None:
    assert sum(module._SECONDS_TO_END) <= 3.0


@posix_only
def test_a_process_that_has_ended_is_closed_without_ado(
    home: socket.socket, cache: OnnxCache, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = BackgroundExport(cache, command(home, "first"))
    exporter.start(WEIGHTS)
    with call(home) as caller:
        caller.sendall(b"go")
        assert caller.recv(100) == b"gone on colours"
        assert caller.recv(100) == b""
    deadline = time.monotonic() + 60
    with caplog.at_level(logging.INFO):
        while exporter._process is not None:
            assert not exporter.has_made(WEIGHTS)
            assert time.monotonic() < deadline
            CancelToken().wait(0.02)
    assert "ended with 0" in caplog.text
    exporter.close()


def test_who_waits_for_an_export_is_told_what_went_wrong(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("model.child_process.run_in_child", lambda *arguments: asked.append(arguments) or iter([1]))
    token = CancelToken()
    BackgroundExport(cache).export_now(WEIGHTS, token)
    assert asked == [("model.onnx_export:export_weights", ("colours",), token)]
