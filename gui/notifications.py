"""A message of the desktop, for when another window is in front. Imported only when there is one to be shown."""

import logging
import sys

from PySide6.QtWidgets import QSystemTrayIcon, QWidget

log = logging.getLogger(__name__)

_SHOWN_MS = 10_000


def notify(title: str, text: str, window: QWidget) -> bool:
    """Show a message outside the window; return whether anybody took it. Never waits for the desktop."""
    if sys.platform.startswith("linux") and _by_dbus(title, text):
        return True
    return _by_tray(title, text, window)
