"""The window over a folder of many pictures: its first run, or, where there was one, the way back to its list."""

import json
import sys
import time
from pathlib import Path

from benchmarks.made_up_classifier import MadeUpClassifier
from benchmarks.window_table_drive import Ticker, spin_until
from gui.app import make_application
from gui.garbage import GuiGarbageCollector
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from model.engine import Engine
from model.folders import in_flight_dir, sessions_dir, store_file
from model.in_flight import InFlight
from model.weights import default_catalogue


def main() -> None:
    """Print how long it took, in seconds, and how late the GUI thread was at most, in ms."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    application = make_application()
    garbage = GuiGarbageCollector(application)
    catalogue = default_catalogue()
    engine = Engine(catalogue, MadeUpClassifier, store_file=store_file(), in_flight=InFlight(in_flight_dir()))
    has_session = sessions_dir().is_dir()
    window = MainWindow(catalogue, engine, Settings.for_user())
    window.show()
    window.start()
    offered = 0.0
    if has_session:
        asked = time.perf_counter()
        spin_until(lambda: any(message.key == "last-session" for message in window.messages.messages))
        offered = time.perf_counter() - asked
    ticker = Ticker()
    began = time.perf_counter()
    if has_session:
        window.session.restore()
    else:
        window.add_paths([folder])
    spin_until(lambda: window.results.counts().finished == count)
    seconds = time.perf_counter() - began
    late = max(ticker.late)
    window.close()
    finish(window.runners)
    garbage.stop()
    found = {"offered": round(offered, 2), "seconds": round(seconds, 2), "late_ms": round(late)}
    print(json.dumps(found))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
