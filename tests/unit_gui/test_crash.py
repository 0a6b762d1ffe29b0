"""A bug is logged and told once, on the GUI thread, whichever thread it comes from; and the hooks can be taken off."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui import crash
from gui.crash import FAULT_NAME, LOG_NAME, CrashHandler, fingerprint


def no_parent() -> QWidget | None:
    return None


@pytest.fixture
def handler(qtbot: QtBot, tmp_path: Path) -> Iterator[CrashHandler]:
    installed = crash.install(no_parent, tmp_path)
    yield installed
    installed.remove()


def log_text(folder: Path) -> str:
    return (folder / LOG_NAME).read_text(encoding="utf-8")


def fail(number: int = 0) -> None:
    raise ArithmeticError(f"number {number}")


def fail_elsewhere() -> None:
    raise ArithmeticError("elsewhere")


def raise_through_hook(function: object) -> None:
    try:
        function()  # type: ignore[operator]
    except ArithmeticError:
        kind, error, trace = sys.exc_info()
        assert kind is not None
        assert error is not None
        sys.excepthook(kind, error, trace)


def test_an_exception_in_a_slot_is_logged_and_shown(handler: CrashHandler, qtbot: QtBot, tmp_path: Path) -> None:
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
    dialog = handler.dialogs[0]
    assert dialog.isVisible()
    assert not dialog.isModal()
    shown = dialog.report_text
    assert "ArithmeticError: number 0" in shown
    assert "PySide6" in shown
    assert "ArithmeticError: number 0" in log_text(tmp_path)


def test_an_exception_on_another_thread_is_shown_by_the_gui_thread(
    handler: CrashHandler, qtbot: QtBot, tmp_path: Path
) -> None:
    thread = threading.Thread(target=fail, name="busy-bee")
    thread.start()
    thread.join()
    assert handler.dialogs == ()
    qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
    assert handler.dialogs[0].thread() is handler.thread()
    assert "busy-bee" in log_text(tmp_path)


def test_the_same_fault_is_shown_once(handler: CrashHandler, qtbot: QtBot, tmp_path: Path) -> None:
    for number in range(3):
        raise_through_hook(lambda number=number: fail(number))
    qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
    raise_through_hook(fail_elsewhere)
    qtbot.waitUntil(lambda: len(handler.dialogs) == 2)
    text = log_text(tmp_path)
    assert text.count("Traceback") == 2
    assert "the same fault again (3 times)" in text


def test_a_storm_of_faults_does_not_cover_the_screen(handler: CrashHandler, qtbot: QtBot, tmp_path: Path) -> None:
    for number in range(12):
        handler.report(f'Traceback:\n  File "x.py", line {number}, in f\nKeyError: 1\n')
    handler.report('Traceback:\n  File "last.py", line 1, in f\nKeyError: 1\n')
    qtbot.waitUntil(lambda: len(handler.dialogs) == 3)
    qtbot.wait(1)
    assert len(handler.dialogs) == 3
    assert "last.py" in log_text(tmp_path)


def test_a_closed_dialog_makes_room(handler: CrashHandler, qtbot: QtBot) -> None:
    handler.report("KeyError: 1\n")
    qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
    handler.dialogs[0].close()
    assert handler.dialogs == ()


def test_a_dialog_that_went_with_its_window_is_forgotten(qtbot: QtBot, tmp_path: Path) -> None:
    windows = [QWidget()]
    handler = crash.install(lambda: windows[0] if windows else None, tmp_path)
    try:
        handler.report("KeyError: 1\n")
        qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
        assert handler.dialogs[0].parent() is windows[0]
        window = windows.pop()
        window.deleteLater()
        del window
        handler.report("ValueError: 1\n")
        qtbot.waitUntil(lambda: len(handler.dialogs) == 1 and "ValueError" in handler.dialogs[0].report_text)
    finally:
        handler.remove()


def test_the_text_can_be_copied(handler: CrashHandler, qtbot: QtBot) -> None:
    handler.report("KeyError: 'what'\n")
    qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
    handler.dialogs[0].copy_report()
    assert "KeyError: 'what'" in QGuiApplication.clipboard().text()


def test_messages_of_qt_go_to_the_log(handler: CrashHandler, tmp_path: Path) -> None:
    qWarning("a pipe is leaking")
    assert "WARNING" in log_text(tmp_path)
    assert "a pipe is leaking" in log_text(tmp_path)


def test_names_that_are_not_utf8_can_be_logged(handler: CrashHandler, tmp_path: Path) -> None:
    logging.getLogger("model.sources").warning("cannot read %s", "a\udcff.jpg")
    assert "a\\udcff.jpg" in log_text(tmp_path)


def test_leaving_a_thread_or_the_program_is_no_fault(handler: CrashHandler, qtbot: QtBot, tmp_path: Path) -> None:
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    qtbot.wait(1)
    assert handler.dialogs == ()
    assert log_text(tmp_path) == ""


def test_removing_gives_the_hooks_back(qtbot: QtBot, tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (sys.excepthook, threading.excepthook, tuple(root.handlers), root.level)
    handler = crash.install(no_parent, tmp_path)
    assert sys.excepthook is not before[0]
    assert threading.excepthook is not before[1]
    handler.remove()
    assert (sys.excepthook, threading.excepthook, tuple(root.handlers), root.level) == before


def test_a_folder_that_cannot_be_used_is_no_hindrance(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    handler = crash.install(no_parent, tmp_path / "taken")
    try:
        handler.report("KeyError: 1\n")
        qtbot.waitUntil(lambda: len(handler.dialogs) == 1)
    finally:
        handler.remove()


def test_what_makes_a_fault_distinct() -> None:
    first = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    x[1]\nKeyError: 1\n'
    assert fingerprint(first) == fingerprint(first.replace("KeyError: 1", "KeyError: 2"))
    assert fingerprint(first) != fingerprint(first.replace("line 3", "line 4"))
    assert fingerprint(first) != fingerprint(first.replace("KeyError", "IndexError"))
    assert fingerprint("") == ""


def test_a_hard_fault_leaves_its_stack_in_a_file(tmp_path: Path) -> None:
    script = (
        "import ctypes, sys; from pathlib import Path; from PySide6.QtWidgets import QApplication;"
        "from gui import crash;"
        "app = QApplication([]); handler = crash.install(lambda: None, Path(sys.argv[1])); ctypes.string_at(0)"
    )
    root = Path(crash.__file__).parents[1]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONFAULTHANDLER"}
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, env=environ, capture_output=True)
    assert done.returncode != 0
    assert "string_at" in (tmp_path / FAULT_NAME).read_text()
