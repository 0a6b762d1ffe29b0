"""Messages of the desktop: by which program, with which words."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence

import pytest
from PySide6.QtWidgets import QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from gui import notifications
from gui.notifications import commands, notify

TITLE, TEXT = "It has ended", '5 classified, "2" <unread> & more'
ESCAPED = TEXT.replace("&", "&amp;").replace("<", "&lt;")
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the way of Linux desktops")


def test_the_first_program_that_is_there_is_asked() -> None:
    started: list[tuple[str, list[str]]] = []

    def start(path: str, arguments: Sequence[str]) -> bool:
        started.append((path, list(arguments)))
        return True

    def find(program: str) -> str:
        return "" if program == "notify-send" else f"/bin/{program}"

    assert notifications._by_program(TITLE, TEXT, find, start)
    assert [path for path, _ in started] == ["/bin/gdbus"]
    assert not notifications._by_program(TITLE, TEXT, lambda _program: "", start)


@linux_only
def test_the_desktop_service_gets_what_its_specification_asks_for() -> None:
    """Nobody answers on a bus of the test's own, but what is on its wire can be seen."""
    needed = ("dbus-run-session", "dbus-monitor", "busctl", "gdbus")
    if not all(map(shutil.which, needed)):
        pytest.skip(f"needs {', '.join(needed)}")
    calls = [shlex.join(command) for command in commands(TITLE, TEXT)[1:]]
    script = f"dbus-monitor --session interface={notifications._SERVICE} & monitor=$!; sleep 0.5; {'; '.join(calls)}; "
    script += "sleep 0.2; kill $monitor"
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    told = [block for block in done.stdout.split("method call ") if "member=Notify" in block]
    assert len(told) == 2, done
    for block in told:
        lines = [line.strip() for line in block.splitlines()[1:]]
        values = [line for line in lines if line.startswith(("string", "uint32", "int32", "array"))][:8]
        assert values == [
            'string "Photospotter"',
            "uint32 0",
            'string "photospotter"',
            f'string "{TITLE}"',
            f'string "{ESCAPED}"',
            "array [",
            "array [",
            "int32 10000",
        ]


def test_without_a_program_a_tray_icon_shows_it(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    shown: list[tuple[object, ...]] = []
    monkeypatch.setattr(notifications, "_by_program", lambda *_words: False)
    monkeypatch.setattr(notifications, "SHOWN_MS", 1)
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda _self: None)
    monkeypatch.setattr(QSystemTrayIcon, "showMessage", lambda _self, *words: shown.append(words))
    assert notify(TITLE, TEXT, window)
    assert shown[0][:2] == (TITLE, TEXT)
    qtbot.waitUntil(lambda: window.findChild(QSystemTrayIcon) is None)


def test_a_desktop_that_takes_no_messages_is_no_error(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    monkeypatch.setattr(notifications, "_by_program", lambda *_words: False)
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    assert not notify(TITLE, TEXT, window)
