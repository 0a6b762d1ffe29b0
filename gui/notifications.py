"""A message of the desktop, for when another window is in front. Imported only when there is one to be shown.

On Linux the desktop's own service (org.freedesktop.Notifications) is called by one of the small programs that desktops
bring along: its method takes an unsigned number, which PySide6's QtDBus cannot send. Elsewhere, and where there is no
such program, the message comes from a tray icon that is there for as long as the message.
"""

import json
import logging
import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QProcess, QStandardPaths, QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

log = logging.getLogger(__name__)

SHOWN_MS = 10_000
_SERVICE = "org.freedesktop.Notifications"
_OBJECT = "/org/freedesktop/Notifications"
_NAME, _ICON = "Photospotter", "photospotter"


def notify(title: str, text: str, window: QWidget) -> bool:
    """Show a message outside the window; return whether anybody could be asked to. Never waits for the desktop."""
    QApplication.alert(window)  # the window's entry in the task bar
    if sys.platform.startswith("linux") and _by_program(title, text):
        return True
    return _by_tray(title, text, window)


def commands(title: str, text: str) -> tuple[tuple[str, ...], ...]:
    """Return the commands by which the message can be shown, the best first."""
    shown = str(SHOWN_MS)
    plain = text.replace("&", "&amp;").replace("<", "&lt;")  # a text may have markup in it, a title not
    quoted = [json.dumps(value, ensure_ascii=False) for value in (_NAME, _ICON, title, plain)]
    name, icon, head, body = quoted
    return (
        ("notify-send", f"--app-name={_NAME}", f"--icon={_ICON}", f"--expire-time={shown}", "--", title, plain),
        (
            *("gdbus", "call", "--session", "--dest", _SERVICE, "--object-path", _OBJECT),
            *("--method", f"{_SERVICE}.Notify", name, "uint32 0", icon, head, body, "@as []", "@a{sv} {}", shown),
        ),
        (
            *("busctl", "--user", "call", _SERVICE, _OBJECT, _SERVICE, "Notify", "susssasa{sv}i"),
            *("--", _NAME, "0", _ICON, title, plain, "0", "0", shown),
        ),
    )


def _by_program(
    title: str,
    text: str,
    find: Callable[[str], str] = QStandardPaths.findExecutable,
    start: Callable[[str, Sequence[str]], object] = QProcess.startDetached,
) -> bool:
    for program, *arguments in commands(title, text):
        path = find(program)
        if path:
            return bool(start(path, arguments))
    return False


def _by_tray(title: str, text: str, window: QWidget) -> bool:
    if not QSystemTrayIcon.isSystemTrayAvailable():
        log.info("this desktop takes no messages")
        return False
    tray = QSystemTrayIcon(window.windowIcon(), window)
    tray.messageClicked.connect(window.activateWindow)
    tray.show()
    tray.showMessage(title, text, QSystemTrayIcon.MessageIcon.Information, SHOWN_MS)
    QTimer.singleShot(SHOWN_MS, tray.deleteLater)
    return True
