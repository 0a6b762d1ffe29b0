"""A run in the window is paused by hand or because its drive went away; failed rows are tried again."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import COLOURS, SMALL, write_picture
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot
from window_desk import FakeFactory, MakeWindow, drop, wait_done

from gui import run_reports
from gui.main_window import MainWindow
from gui.results_order import StatusFilter
from model import engine
from model.cancel import CancelToken
from model.errors import ImageError
from model.pipeline import Load
from model.types import PictureFacts

COUNT = 60
PATIENCE = 20.0


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    # No two alike: a copy of a picture is known from the store.
    return [write_picture(folder / f"{i:02}.png", COLOURS["red"], (16 + i, 12)) for i in range(COUNT)]


def gated(factory: FakeFactory) -> threading.Semaphore:
    factory.gate = threading.Semaphore(0)
    return factory.gate


def begin(qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path], batches: int) -> None:
    """Drop the pictures and let so many batches through."""
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.results.counts().total == len(pictures))
    assert factory.gate is not None
    factory.gate.release(batches)
    qtbot.waitUntil(lambda: bool(factory.classifiers) and len(factory.classifiers[0].batches) == batches)


def pause(qtbot: QtBot, window: MainWindow, gate: threading.Semaphore) -> int:
    """Pause, let everything through, and return how many pictures are done once the batch under way is."""
    window.actions_by_name["pause"].trigger()
    assert window.classify.paused
    gate.release(1000)
    return quiet_count(qtbot, window)


def quiet_count(qtbot: QtBot, window: MainWindow) -> int:
    """Return how many pictures are done once that has not changed for a while."""
    since, last = time.monotonic(), -1

    def is_quiet() -> bool:
        nonlocal since, last
        now = window.results.counts().done
        if now != last:
            since, last = time.monotonic(), now
        return time.monotonic() - since > 0.4

    qtbot.waitUntil(is_quiet, timeout=20_000)
    return last


def test_a_paused_run_finishes_its_batch_and_waits_until_it_is_resumed(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    begin(qtbot, window, factory, pictures, 2)
    action = window.actions_by_name["pause"]
    assert action.isEnabled()
    assert action.text().replace("&", "") == "Pause"
    done = pause(qtbot, window, gate)
    assert done == sum(factory.classifiers[0].batches) < COUNT
    assert len(factory.classifiers[0].batches) <= 3
    assert window.classify.running
    assert window.status.text.startswith("Paused")
    assert action.text().replace("&", "") == "Resume"
    assert quiet_count(qtbot, window) == done
    action.trigger()
    wait_done(qtbot, window, COUNT)
    assert factory.pictures == COUNT
    assert action.text().replace("&", "") == "Pause"
    assert not action.isEnabled()


def test_a_paused_run_can_be_added_to(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    begin(qtbot, window, factory, pictures[:40], 1)
    done = pause(qtbot, window, gate)
    drop(window, pictures[40:])
    qtbot.waitUntil(lambda: window.results.counts().total == COUNT)
    window.view.scrollToBottom()
    assert quiet_count(qtbot, window) == done
    assert window.classify.paused
    window.classify.resume()
    wait_done(qtbot, window, COUNT)


def test_a_paused_run_can_be_stopped(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    begin(qtbot, window, factory, pictures, 1)
    done = pause(qtbot, window, gate)
    window.actions_by_name["stop"].trigger()
    qtbot.waitUntil(lambda: not window.classify.running)
    assert not window.classify.paused
    assert window.results.counts().done == done
    window.classify.classify_pending()
    wait_done(qtbot, window, COUNT)


def test_a_paused_run_can_be_closed(
    qtbot: QtBot, make_window: MakeWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    window = make_window()
    begin(qtbot, window, factory, pictures, 1)
    pause(qtbot, window, gate)
    window.close()  # that its threads end is looked at by the fixture


def test_other_weights_lift_the_pause(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    begin(qtbot, window, factory, pictures, 1)
    pause(qtbot, window, gate)
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, COUNT)
    assert not window.classify.paused


# --- a drive that goes away ---


class Share:
    """Stands for `make_load`: answers while `there`; otherwise reading waits. Names in `damaged` cannot be read."""

    def __init__(self) -> None:
        self.there = True
        self.damaged: set[str] = set()
        self.reads: list[str] = []
        self.gate = threading.Event()

    def __call__(self, *_arguments: object) -> Load:
        return self.load

    def load(self, path: Path, _cancel: CancelToken) -> tuple[NDArray[np.uint8], PictureFacts]:
        self.reads.append(path.name)
        if not self.there:
            assert self.gate.wait(PATIENCE), "the test never brought the share back"
        if path.name in self.damaged:
            raise ImageError("image-truncated")
        return np.zeros((SMALL.crop, SMALL.crop, 3), np.uint8), PictureFacts("PNG", 8, 8)


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch) -> Iterator[Share]:
    made = Share()
    real = engine.classify_images

    def classify_images(*arguments: object, **settings: object) -> object:
        return real(*arguments, stall_seconds=0.1, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "make_load", made)
    monkeypatch.setattr(engine, "classify_images", classify_images)
    yield made
    made.gate.set()


def test_a_share_that_goes_away_pauses_the_run_with_a_message(
    qtbot: QtBot, share: Share, window: MainWindow, pictures: list[Path]
) -> None:
    share.there = False
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.classify.paused, timeout=20_000)
    shown = window.messages.shown
    assert shown is not None
    assert "does not answer" in shown.text
    assert "tried again" in shown.remedy
    counts = window.results.counts()
    assert (counts.errors, counts.pending) == (0, COUNT)
    assert window.status.text.startswith("Paused")
    share.there = True
    assert shown.actions[0].label == "Resume"
    window.messages._run_first()
    wait_done(qtbot, window, COUNT)
    assert window.results.counts().errors == 0
    assert not any("does not answer" in message.text for message in window.messages.messages)


def test_a_share_that_is_still_away_pauses_the_run_again(
    qtbot: QtBot, share: Share, window: MainWindow, pictures: list[Path]
) -> None:
    share.there = False
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.classify.paused, timeout=20_000)
    reads = len(share.reads)
    window.classify.resume()
    qtbot.waitUntil(lambda: window.classify.paused, timeout=20_000)
    assert len(share.reads) == reads + 1
    assert window.results.counts().pending == COUNT
    window.classify.stop()
    qtbot.waitUntil(lambda: not window.classify.running)


# --- trying again ---


def test_retry_failed_tries_all_failed_rows_again_and_no_others(
    qtbot: QtBot, share: Share, window: MainWindow, pictures: list[Path]
) -> None:
    share.damaged = {"03.png", "04.png", "41.png"}
    drop(window, pictures)
    wait_done(qtbot, window, COUNT)
    assert window.results.counts().errors == 3
    assert window.actions_by_name["retry_failed"].isEnabled()
    share.reads.clear()
    share.damaged = {"04.png"}
    window.actions_by_name["retry_failed"].trigger()
    wait_done(qtbot, window, COUNT)
    assert set(share.reads) == {"03.png", "04.png", "41.png"}
    assert [path.name for path in window.results.failed_paths()] == ["04.png"]
    share.damaged = set()
    window.actions_by_name["retry_failed"].trigger()
    wait_done(qtbot, window, COUNT)
    assert not window.actions_by_name["retry_failed"].isEnabled()


def test_of_selected_rows_only_the_failed_ones_are_tried_again(
    qtbot: QtBot, share: Share, window: MainWindow, pictures: list[Path]
) -> None:
    share.damaged = {"03.png", "41.png"}
    drop(window, pictures)
    wait_done(qtbot, window, COUNT)
    share.reads.clear()
    window.view.select_path(pictures[5])
    texts = [action.text() for action in window.view.make_menu().actions()]
    assert "Retry failed" not in texts
    window.view.retry_failed_requested.emit(pictures[:10])
    wait_done(qtbot, window, COUNT)
    assert set(share.reads) == {"03.png"}
    window.view.select_path(pictures[41])
    menu = window.view.make_menu()
    next(action for action in menu.actions() if action.text() == "Retry failed").trigger()
    wait_done(qtbot, window, COUNT)
    assert set(share.reads) == {"03.png", "41.png"}


def test_while_only_errors_are_shown_the_filter_offers_to_retry(
    qtbot: QtBot, share: Share, window: MainWindow, pictures: list[Path]
) -> None:
    share.damaged = {"03.png"}
    drop(window, pictures)
    wait_done(qtbot, window, COUNT)
    retry = window.filter_bar._retry
    assert retry.isHidden()
    window.filter_bar.show_status(StatusFilter.ERROR)
    qtbot.waitUntil(lambda: window.results.counts().visible == 1)
    assert not retry.isHidden()
    share.damaged = set()
    retry.click()
    wait_done(qtbot, window, COUNT)
    assert window.results.counts().errors == 0
    window.filter_bar.clear()
    assert retry.isHidden()


def test_trying_again_in_mid_run_loses_no_other_row(
    qtbot: QtBot, share: Share, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    share.damaged = {"00.png"}
    drop(window, pictures)
    gate.release(2)
    qtbot.waitUntil(lambda: window.results.counts().errors == 1)
    share.damaged = set()
    window.actions_by_name["retry_failed"].trigger()
    gate.release(1000)
    wait_done(qtbot, window, COUNT)
    assert window.results.counts().errors == 0


# --- the end of a run ---


def test_the_summary_stays_until_the_next_run_and_has_details(
    qtbot: QtBot, share: Share, window: MainWindow, pictures: list[Path]
) -> None:
    share.damaged = {"03.png", "04.png"}
    drop(window, pictures)
    wait_done(qtbot, window, COUNT)
    assert window.status.text.startswith("58 pictures classified \u00b7 2 could not be read")
    reports = window.reports.runs
    assert reports.panel is None, "made when it is asked for"
    window.status.details_requested.emit()
    panel = reports.panel
    assert panel is not None
    assert panel.isVisible()
    panel.show_failed.emit()
    qtbot.waitUntil(lambda: window.results.counts().visible == 2)
    panel.retry_failed.emit()
    assert panel.isHidden()
    wait_done(qtbot, window, COUNT)
    assert window.status.text.startswith("0 pictures classified \u00b7 2 could not be read")


def test_known_pictures_are_told_as_those_of_earlier_runs(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path]
) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, COUNT)
    first.close()
    second = make_window()
    drop(second, pictures)
    wait_done(qtbot, second, COUNT)
    qtbot.waitUntil(lambda: "60 from earlier runs" in second.status.text)


def test_the_desktop_is_told_of_the_end_of_a_long_run_only(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr("gui.notifications.notify", lambda title, text, _window: told.append((title, text)))
    monkeypatch.setattr("PySide6.QtWidgets.QApplication.activeWindow", lambda: None)
    drop(window, pictures[:20])
    wait_done(qtbot, window, 20)
    assert told == [], "a short run"
    monkeypatch.setattr(run_reports, "LONG_RUN", 0.0)
    drop(window, pictures[20:40])
    wait_done(qtbot, window, 40)
    assert [title for title, _ in told] == ["Photospotter has ended its work"]
    assert told[0][1].startswith("20 pictures classified")
    window.settings.notify = False
    drop(window, pictures[40:50])
    wait_done(qtbot, window, 50)
    window.settings.notify = True
    monkeypatch.setattr("PySide6.QtWidgets.QApplication.activeWindow", lambda: window)
    drop(window, pictures[50:])
    wait_done(qtbot, window, COUNT)
    assert len(told) == 1
