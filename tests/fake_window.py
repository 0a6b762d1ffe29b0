"""The window with a fake network, as a process of its own: `python tests/fake_window.py FOLDER TABLE`.

It shows the last list again where one is offered, else it adds FOLDER; when all is classified it exports to TABLE and
closes. FAKE_SECONDS is how long the network takes for a picture.
"""

import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from fake_cli import SlowClassifier
from fakes import make_weights
from PySide6.QtCore import QTimer

from gui.app import make_application
from gui.garbage import GuiGarbageCollector
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from model.engine import Engine
from model.folders import in_flight_dir, store_file
from model.in_flight import process_in_flight
from model.weights import Catalogue, default_catalogue

POLL_MS = 20


class Desk:
    """The user at the window."""

    def __init__(self, window: MainWindow, folder: Path, table: Path) -> None:
        self._window = window
        self._folder = folder
        self._table = table
        self._began = self._exported = False
        window.lists.exported.connect(lambda _done: window.close())
        self._timer = QTimer(interval=POLL_MS)
        self._timer.timeout.connect(self._look)
        window.first_shown.connect(self._timer.start)

    def _look(self) -> None:
        window = self._window
        if not self._began:
            if any(message.key == "last-session" for message in window.messages.messages):
                self._began = True
                print("restored", flush=True)  # noqa: T201 - the test reads it
                window.session.restore()
            elif not window.files.busy:
                self._began = True
                window.add_paths([self._folder])
            return
        counts = window.results.counts()
        is_idle = not (window.files.busy or window.compute.busy or window.lists.scanning)
        if counts.total and not counts.pending and is_idle and not self._exported:
            self._exported = True
            self._table.unlink(missing_ok=True)
            window.commands.export_to(self._table)


def main() -> int:
    """Run the window to its end."""
    weights = make_weights("imagenet-lite2")
    Catalogue.open = lambda _self, _id: weights  # type: ignore[method-assign]
    application = make_application()
    garbage = GuiGarbageCollector(application)
    catalogue = default_catalogue()
    classifier = SlowClassifier(weights)
    engine = Engine(
        catalogue, lambda *_arguments: classifier, store_file=store_file(), in_flight=process_in_flight(in_flight_dir())
    )
    window = MainWindow(catalogue, engine, Settings.for_user())
    desk = Desk(window, Path(sys.argv[1]), Path(sys.argv[2]))
    window.show()
    window.start()
    application.exec()
    del desk
    finish(window.runners)
    garbage.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
