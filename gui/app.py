"""Starts the window: `main()` is the command `photospotter`."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from gui.main_window import MainWindow

log = logging.getLogger(__name__)

EXIT_NO_SCREEN = 3
GIVE_WAY_SECONDS = 0.0001
"""After so long a thread that runs Python gives way to the GUI thread.

Each call into Qt lets go of the GIL, so a paint beside such a thread waits dozens of times: with Python's own 5 ms, and
even with 1 ms, copying or exporting 100,000 rows held the window up for a quarter of a second, with this for 57 ms.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window, with the given paths already added; return the process's exit code."""
    gc.disable()  # hardly anything that imports leave is garbage; GuiGarbageCollector takes over from here
    if getattr(sys, "frozen", False):  # an installed program is also the program of its child processes
        import multiprocessing

        multiprocessing.freeze_support()
    # Busy neighbours and spinning OpenMP threads slow torch down more than tenfold; read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    arguments = _parse(sys.argv[1:] if argv is None else argv)
    from gui.system_libraries import preflight

    obstacle = preflight()
    if obstacle is not None:
        print(obstacle, file=sys.stderr)  # noqa: T201 - there is no window to say it in
        return EXIT_NO_SCREEN
    if sys.platform == "win32":
        from gui.windows_dlls import load_torch_libraries

        load_torch_libraries()
    app = make_application()
    from gui import crash
    from gui.garbage import GuiGarbageCollector

    handler = crash.install(app.activeWindow)
    garbage = GuiGarbageCollector(app)
    window = make_window()
    for runner in window.runners:
        runner.crashed.connect(handler.report)
    window.watching.crashed.connect(handler.report)
    window.show()
    window.start()
    if arguments.paths:
        window.add_paths([Path(path).absolute() for path in arguments.paths])
    code = int(app.exec())
    from gui.shutdown import finish
    from model.garbage import end_without_collecting

    end_without_collecting()
    finish(window.runners)
    garbage.stop()
    return code


def make_application() -> QApplication:
    """Return the QApplication with its names and icon."""
    from PySide6.QtWidgets import QApplication

    from gui.plain_import import restore_import

    restore_import()
    from gui.assets import app_icon

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("photospotter")
    app.setApplicationDisplayName("Photospotter")
    app.setDesktopFileName("photospotter")
    app.setWindowIcon(app_icon())
    sys.setswitchinterval(GIVE_WAY_SECONDS)
    return app


def make_window() -> MainWindow:
    """Return the window on the user's own settings, weights and store."""
    from gui.late_engine import LateEngine
    from gui.main_window import MainWindow
    from gui.settings import Settings
    from model.weights import default_catalogue

    catalogue = default_catalogue()
    return MainWindow(catalogue, LateEngine(catalogue), Settings.for_user())


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="photospotter",
        description="Drop photographs on a window and see what is in them.",
        epilog="Without a window: photospotter-cli.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pictures and folders to begin with")
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    return parser.parse_args(argv)


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for: what reads it takes longer to import than all of argparse."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option_string: str | None = None
    ) -> NoReturn:
        """Print it and exit."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("photospotter")
        except PackageNotFoundError:
            found = "(not installed)"
        print(f"photospotter {found}")  # noqa: T201 - its answer
        parser.exit()
