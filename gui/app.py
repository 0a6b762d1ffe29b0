"""Starts the window: `main()` is the command `photospotter`."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from gui.main_window import MainWindow

log = logging.getLogger(__name__)

EXIT_NO_SCREEN = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window, with the given paths already added; return the process's exit code."""
    multiprocessing.freeze_support()  # an installed program is also the program of its child processes
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
    window.show()
    window.start()
    if arguments.paths:
        window.add_paths([Path(path).absolute() for path in arguments.paths])
    code = int(app.exec())
    from gui.shutdown import finish

    finish(window.runners)
    garbage.stop()
    return code


def make_application() -> QApplication:
    """Return the QApplication with its names and icon."""
    from PySide6.QtWidgets import QApplication

    from gui.assets import app_icon

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("photospotter")
    app.setApplicationDisplayName("Photospotter")
    app.setApplicationVersion(_version())
    app.setDesktopFileName("photospotter")
    app.setWindowIcon(app_icon())
    return app


def make_window() -> MainWindow:
    """Return the window on the user's own settings, weights and store."""
    from gui.main_window import MainWindow
    from gui.settings import Settings
    from model.background_export import BackgroundExport
    from model.engine import Engine
    from model.engine_choice import user_cache
    from model.folders import data_dir
    from model.weights import default_catalogue

    catalogue = default_catalogue()
    exporter = BackgroundExport(user_cache())
    engine = Engine(catalogue, store_file=data_dir() / "results.sqlite3", exporter=exporter)
    return MainWindow(catalogue, engine, Settings.for_user())


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="photospotter",
        description="Drop photographs on a window and see what is in them.",
        epilog="Without a window: photospotter-cli.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pictures and folders to begin with")
    parser.add_argument("--version", action="version", version=f"photospotter {_version()}")
    return parser.parse_args(argv)


def _version() -> str:
    try:
        return version("photospotter")
    except PackageNotFoundError:
        return "(not installed)"
