"""What `photospotter` does around its window: paths from the command line, crash reports, obstacles told in words."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes import write_picture
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_desk import MakeWindow, wait_done

from gui import app, crash, shutdown, system_libraries
from gui.crash import CrashHandler
from gui.main_window import MainWindow
from gui.worker import JobRunner


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[CrashHandler]:
    """The crash handlers that were installed; they are removed at the end."""
    made: list[CrashHandler] = []
    install = crash.install

    def noting(parent_getter: crash.ParentGetter) -> CrashHandler:
        made.append(install(parent_getter, tmp_path / "crash"))
        return made[-1]

    monkeypatch.setattr(crash, "install", noting)
    return made


@pytest.fixture
def started(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, handlers: list[CrashHandler]
) -> MainWindow:
    """`main()` with a path was called; its event loop is the test's, so it came back at once."""
    windows: list[MainWindow] = []
    waited_for: list[Sequence[JobRunner]] = []

    def make() -> MainWindow:
        windows.append(make_window())
        return windows[-1]

    monkeypatch.setattr(app, "make_window", make)
    monkeypatch.setattr(QApplication, "exec", lambda _self: 0)
    monkeypatch.setattr(shutdown, "finish", waited_for.append)
    assert app.main([str(write_picture(tmp_path / "red.png"))]) == 0
    assert waited_for == [windows[0].runners]
    return windows[0]


def test_paths_of_the_command_line_are_classified_and_a_workers_bug_is_shown(
    qtbot: QtBot, started: MainWindow, handlers: list[CrashHandler], caplog: pytest.LogCaptureFixture
) -> None:
    try:
        wait_done(qtbot, started, 1)
        for runner in started.runners:
            lines = ["Traceback (most recent call last):", f'  File "{runner.name}.py", line 1, in work', "KeyError: 7"]
            runner.crashed.emit("\n".join(lines))
        qtbot.waitUntil(lambda: bool(handlers[0].dialogs))
        assert "order.py" in handlers[0].dialogs[0].report_text
        assert all(f"{runner.name}.py" in caplog.text for runner in started.runners)
    finally:
        for dialog in handlers[0].dialogs:
            dialog.close()
        handlers[0].remove()


def test_an_obstacle_is_told_instead_of_a_window(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_libraries, "preflight", lambda: "libEGL.so.1 is missing; install libegl1")
    monkeypatch.setattr(app, "make_application", lambda: pytest.fail("Qt was started all the same"))
    assert app.main([]) == app.EXIT_NO_SCREEN
    assert "install libegl1" in capsys.readouterr().err
