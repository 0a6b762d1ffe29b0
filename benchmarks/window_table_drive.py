"""Drives the real window as a user does, and notes how late the GUI thread is: the child process of `window_table`."""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

from PySide6.QtCore import QEventLoop, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollBar

from benchmarks.window_table_engine import MadeUpEngine
from gui.app import make_application
from gui.garbage import GuiGarbageCollector
from gui.main_window import MainWindow
from gui.results_order import SortKey, StatusFilter
from gui.results_view import ResultsView
from gui.settings import Settings
from gui.shutdown import finish
from model.weights import default_catalogue

TICK_MS = 2
_LONGEST_WAIT = 300.0
_STORED_PER_SECOND = 3000
_LEFT, _PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Ticker:
    """A timer of the GUI thread that notes, in ms, by how much each tick came later than it should."""

    def __init__(self) -> None:
        """Start ticking."""
        self.late: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def restart(self) -> None:
        """Forget what was noted until now."""
        self.late.clear()
        self._last = time.perf_counter()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, 1000 * (now - self._last) - TICK_MS))
        self._last = now


class Bench:
    """The window and what was measured of it."""

    def __init__(self, per_second: int) -> None:
        """Build and show the window as `gui.app.main` does, but with an engine that makes its results up."""
        self.application = make_application()
        self.garbage = GuiGarbageCollector(self.application)
        catalogue = default_catalogue()
        self.engine = MadeUpEngine(catalogue, per_second)
        self.window = MainWindow(catalogue, self.engine, Settings.for_user())
        self.paints = _timed_paints()
        self.window.show()
        self.window.start()
        self.ticker = Ticker()
        self.phases: list[dict[str, object]] = []
        spin(1.0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens within, and a little after."""
        self.ticker.restart()
        self.paints.clear()
        began = time.perf_counter()
        yield
        spin(0.3)
        late = sorted(self.ticker.late)
        self.phases.append(
            {
                "phase": name,
                "seconds": time.perf_counter() - began,
                "ticks": len(late),
                "p50_ms": _quantile(late, 0.5),
                "p99_ms": _quantile(late, 0.99),
                "max_ms": late[-1],
                "over_50_ms": sum(one > 50 for one in late),
                "paint_p50_ms": statistics.median(self.paints) if self.paints else 0.0,
                "paint_max_ms": max(self.paints, default=0.0),
                "rows": self.window.results.rowCount(),
                "waiting": self.window.results.counts().pending,
            }
        )
        print(json.dumps(self.phases[-1]), file=sys.stderr, flush=True)  # noqa: T201


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _timed_paints() -> list[float]:
    """Have every paint of the table timed; return the list that the milliseconds go to."""
    times: list[float] = []
    plain = ResultsView.paintEvent

    @wraps(plain)
    def timed(view: ResultsView, event: object) -> None:
        began = time.perf_counter()
        plain(view, event)  # type: ignore[arg-type]
        times.append(1000 * (time.perf_counter() - began))

    ResultsView.paintEvent = timed  # type: ignore[method-assign,assignment]
    return times


def spin(seconds: float) -> None:
    """Let the event loop turn."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def spin_until(done: Callable[[], bool]) -> None:
    """Let the event loop turn until something has happened."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not happen")
        spin(0.02)


def drive(bench: Bench, folder: Path, per_second: int) -> None:
    """Go through all phases."""
    window = bench.window
    files = sorted(folder.rglob("*.jpg"))
    bench.engine.per_second = 0
    with bench.phase("add a folder"):
        window.add_paths([folder])
        spin_until(lambda: not window.lists.scanning and window.results.counts().total == len(files))
    bench.engine.per_second = per_second
    with bench.phase("results stream in"):
        spin(3.0)
    _sort(bench)
    _filter(bench)
    _scroll(bench)
    _select(bench)
    _export(bench, folder)
    bench.engine.per_second = _STORED_PER_SECOND
    with bench.phase("the rest of the results, as fast as from the store"):
        spin_until(lambda: window.results.counts().pending == 0 and not window.classify.running)
    _sort(bench, "all done, ")
    with bench.phase("remove 5,000 rows"):
        _select_rows(window.view, 1000, 5999)
        window.commands.remove()
    with bench.phase("remove all by select all"):
        window.actions_by_name["select_all"].trigger()
        spin(0.2)
        window.commands.remove()
    bench.engine.per_second = 0
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    with bench.phase("drop single files"):
        _drop(window, mime)
        spin_until(lambda: not window.lists.scanning and window.results.counts().total == len(files))
    bench.engine.per_second = per_second
    with bench.phase("results stream in after the drop"):
        spin(2.0)
    with bench.phase("choose other weights"):
        window.classify.choose_weights("weather-lite2")
        spin(2.0)
    with bench.phase("classify all anew"):
        window.commands.rerun()
        spin(2.0)
    with bench.phase("clear"):
        window.commands.clear()
    with bench.phase("close"):
        window.close()


def _sort(bench: Bench, when: str = "") -> None:
    view, header = bench.window.view, bench.window.view.horizontalHeader()
    for column, name in enumerate(("name", "label", "status")):
        place = QPoint(header.sectionViewportPosition(column) + 60, header.height() // 2)
        for direction in ("", " descending"):
            with bench.phase(f"{when}sort by {name}{direction}"):
                view.scrollToTop()
                QTest.mouseClick(header.viewport(), _LEFT, _PLAIN, place)
                spin(1.5)
    with bench.phase(f"{when}sort by probability"):
        bench.window.filter_bar.set_sort(SortKey.PROBABILITY, True)
        spin(1.5)


def _filter(bench: Bench) -> None:
    bar = bench.window.filter_bar
    with bench.phase("filter by text"):
        QTest.keyClicks(bar._text, "cat")
        spin(1.5)
    with bench.phase("filter by nothing"):
        bar.clear()
        spin(1.5)
    with bench.phase("filter by probability"):
        bar._minimum.setValue(40)
        spin(1.5)
        bar.clear()
        spin(1.0)
    with bench.phase("filter unsure"):
        bar._status.setCurrentIndex(bar._status.findData(StatusFilter.UNSURE))
        spin(1.5)
        bar.clear()
        spin(1.0)


def _scroll(bench: Bench) -> None:
    view = bench.window.view
    with bench.phase("scroll by wheel"):
        for _ in range(200):
            _wheel(view)
            spin(0.01)
    with bench.phase("scroll by dragging"):
        _drag(view.verticalScrollBar())
    with bench.phase("page keys"):
        view.setFocus()
        for key in [Qt.Key.Key_PageDown] * 40 + [Qt.Key.Key_PageUp] * 40 + [Qt.Key.Key_End, Qt.Key.Key_Home] * 3:
            QTest.keyClick(view, key)
            spin(0.01)


def _select(bench: Bench) -> None:
    window = bench.window
    with bench.phase("select all"):
        window.actions_by_name["select_all"].trigger()
        spin(1.0)
    with bench.phase("scroll with all selected"):
        for _ in range(50):
            _wheel(window.view)
            spin(0.01)
    with bench.phase("shift+end, shift+home"):
        view = window.view
        for key in (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Home):
            QTest.keyClick(view, key, Qt.KeyboardModifier.ShiftModifier if key == Qt.Key.Key_End else _PLAIN)
            spin(0.1)
    with bench.phase("sort with all selected"):
        window.actions_by_name["select_all"].trigger()
        window.filter_bar.set_sort(SortKey.NAME, False)
        spin(1.5)
    with bench.phase("copy all"):
        window.actions_by_name["select_all"].trigger()
        window.commands.copy()
        spin(1.0)
    spin_until(lambda: len(QGuiApplication.clipboard().text()) > 1000)


def _export(bench: Bench, folder: Path) -> None:
    exported: list[object] = []
    bench.window.lists.exported.connect(exported.append)
    with bench.phase("export CSV"):
        bench.window.commands.export_to(folder.parent / "results.csv")
        spin_until(lambda: bool(exported))


def _select_rows(view: ResultsView, first: int, last: int) -> None:
    view.scrollTo(view.model().index(first, 0))
    view.selectionModel().clear()
    view.setCurrentIndex(view.model().index(first, 0))
    for row in (first, last):
        view.scrollTo(view.model().index(row, 0))
        place = view.visualRect(view.model().index(row, 0)).center()
        keys = _PLAIN if row == first else Qt.KeyboardModifier.ShiftModifier
        QTest.mouseClick(view.viewport(), _LEFT, keys, place)
        spin(0.1)  # nobody does two things in one turn of the event loop


def _wheel(view: ResultsView) -> None:
    centre = QPointF(view.viewport().rect().center())
    everywhere = QPointF(view.viewport().mapToGlobal(centre.toPoint()))
    event = QWheelEvent(
        centre,
        everywhere,
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        _PLAIN,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)


def _drag(bar: QScrollBar) -> None:
    """Take the scroll bar's handle from its top to the bottom and half the way back."""
    bar.setSliderDown(True)
    steps = 120
    for step in [*range(steps), *range(steps, steps // 2, -1)]:
        bar.setSliderPosition(bar.maximum() * step // steps)
        spin(0.016)
    bar.setSliderDown(False)


def _drop(window: MainWindow, mime: QMimeData) -> None:
    centre = window.rect().center()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Qt 6.12 would have a QPointF, earlier versions not
        QApplication.sendEvent(window, QDragEnterEvent(centre, Qt.DropAction.CopyAction, mime, _LEFT, _PLAIN))
    spin(0.1)
    QApplication.sendEvent(window, QDropEvent(QPointF(centre), Qt.DropAction.CopyAction, mime, _LEFT, _PLAIN))


def main() -> None:
    """Drive a window over the pictures of a folder; print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-second", type=int, required=True, help="results a second that the engine makes up")
    arguments = parser.parse_args()
    bench = Bench(arguments.per_second)
    drive(bench, arguments.folder, arguments.per_second)
    ended = finish(bench.window.runners)
    print(json.dumps({"platform": QGuiApplication.platformName(), "ended": ended, "phases": bench.phases}))  # noqa: T201


if __name__ == "__main__":
    main()
