"""Starts the program with a folder, and notes how late its GUI thread is: the child process of `window_latency`."""

import json
import sys
import time
from pathlib import Path

BEGAN = time.perf_counter()
TICK_MS = 5
_LONGEST_RUN_MS = 280_000


def main() -> None:
    """Run the program on the folder of the command line with the engine named after it; print JSON when it is done."""
    folder, engine = Path(sys.argv[1]), sys.argv[2]
    from PySide6.QtCore import Qt, QTimer

    from gui import app
    from gui.main_window import MainWindow

    ticks: list[tuple[float, float]] = []  # when, in seconds since the process began; late by so many ms
    marks: dict[str, float] = {}
    plain_start = MainWindow.start

    def now() -> float:
        return time.perf_counter() - BEGAN

    def start(window: MainWindow) -> None:
        marks["shown"] = last = now()

        def tick() -> None:
            nonlocal last
            came = now()
            ticks.append((came, max(0.0, 1000 * (came - last) - TICK_MS)))
            last = came

        ticker = QTimer(window)
        ticker.setTimerType(Qt.TimerType.PreciseTimer)
        ticker.timeout.connect(tick)
        ticker.start(TICK_MS)
        window.settings.engine = engine
        window.classify.engine_ready.connect(lambda _ready: marks.setdefault("ready", now()))
        window.classify.progressed.connect(lambda _done: marks.setdefault("first", now()))
        window.classify.finished.connect(lambda _summary: (marks.setdefault("end", now()), window.close()))
        QTimer.singleShot(_LONGEST_RUN_MS, window.close)
        plain_start(window)

    MainWindow.start = start  # type: ignore[method-assign]
    app.main([str(folder)])
    print(json.dumps({"marks": marks, "ticks": ticks, "torch": "torch" in sys.modules}))  # noqa: T201


if __name__ == "__main__":
    main()
