"""Hands files to the rest of the desktop: the system's viewer and its file manager.

PySide6 makes a class with all its enums when it is first imported, 3 ms for QProcess: here when a file is handed over.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QUrl

FILE_MANAGER_CALL = (
    "dbus-send",
    "--session",
    # With a reply, the exit code tells whether there is such a file manager; it must not be waited for long.
    "--print-reply",
    "--reply-timeout=1500",
    "--dest=org.freedesktop.FileManager1",
    "--type=method_call",
    "/org/freedesktop/FileManager1",
    "org.freedesktop.FileManager1.ShowItems",
)


def file_url(path: Path) -> QUrl:
    """Return the file's URL; built from its bytes, so that names which are not UTF-8 survive."""
    from PySide6.QtCore import QUrl

    return QUrl.fromEncoded(path.absolute().as_uri().encode("ascii"))


def open_in_viewer(path: Path) -> bool:
    """Open the picture as a double click in the file manager would; return whether a program was found for it."""
    from PySide6.QtGui import QDesktopServices

    return QDesktopServices.openUrl(file_url(path))


def reveal(path: Path) -> bool:
    """Show the file chosen in its folder where the file manager can do that, else open the folder."""
    if sys.platform == "win32":
        import subprocess  # not at the head, for no other system needs it and the window's start would wait

        # explorer takes the comma form only as one argument, and its exit code says nothing.
        subprocess.Popen(f'explorer /select,"{path.absolute()}"')
        return True
    from PySide6.QtCore import QProcess

    if sys.platform == "darwin":
        return QProcess.startDetached("open", ["-R", str(path.absolute())])[0]
    uri = path.absolute().as_uri()
    program, *arguments = FILE_MANAGER_CALL
    shown = QProcess.execute(program, [*arguments, f"array:string:{uri}", "string:"]) == 0
    return shown or open_in_viewer(path.parent)
