"""Cycles are collected on the GUI thread, whoever made them."""

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from gui.garbage import GuiGarbageCollector


class Cycle:
    """Refers to itself, and notes the thread on which it is destroyed."""

    def __init__(self, destroyed_on: list[int]) -> None:
        self.itself = self
        self._destroyed_on = destroyed_on

    def __del__(self) -> None:
        self._destroyed_on.append(threading.get_ident())


@pytest.fixture
def enabled() -> Iterator[None]:
    """Python's own collection is on, as in any program."""
    before = gc.isenabled()
    gc.enable()
    yield
    if not before:
        gc.disable()


@pytest.mark.usefixtures("enabled")
def test_a_workers_cycles_are_destroyed_on_the_gui_thread(qtbot: QtBot) -> None:
    destroyed_on: list[int] = []
    collector = GuiGarbageCollector()
    try:

        def work() -> None:
            for _ in range(5000):
                Cycle(destroyed_on)

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        assert destroyed_on == []
        qtbot.waitUntil(lambda: len(destroyed_on) == 5000)
        assert set(destroyed_on) == {threading.get_ident()}
    finally:
        collector.stop()
    assert gc.isenabled()


@pytest.mark.usefixtures("enabled")
def test_rows_that_come_in_a_flood_are_not_looked_at_again(qtbot: QtBot) -> None:
    collector = GuiGarbageCollector()
    try:
        rows = [[number] for number in range(50_000)]
        collector.collect_if_due()
        assert gc.get_freeze_count() >= len(rows)
    finally:
        collector.stop()
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("state", [Qt.ApplicationState.ApplicationActive, Qt.ApplicationState.ApplicationInactive])
def test_frozen_cycles_are_destroyed_when_the_user_is_away(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, state: Qt.ApplicationState
) -> None:
    monkeypatch.setattr(QGuiApplication, "applicationState", staticmethod(lambda: state))
    destroyed_on: list[int] = []
    collector = GuiGarbageCollector()
    try:
        cycle = Cycle(destroyed_on)
        gc.freeze()
        del cycle
        for _ in range(12):
            collector._collect_old()
        assert len(destroyed_on) == (state is Qt.ApplicationState.ApplicationInactive)
    finally:
        collector.stop()


@pytest.mark.usefixtures("enabled")
def test_many_new_objects_are_collected_once_and_then_frozen(qtbot: QtBot) -> None:
    destroyed_on: list[int] = []
    collector = GuiGarbageCollector()
    try:
        rows = [[number] for number in range(10_000)]
        Cycle(destroyed_on)
        collector.collect_if_due()
        assert len(destroyed_on) == 1
        assert gc.get_freeze_count() >= len(rows)
    finally:
        collector.stop()


@pytest.mark.usefixtures("enabled")
def test_with_a_long_list_there_is_no_full_collection(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Qt.ApplicationState.ApplicationInactive
    monkeypatch.setattr(QGuiApplication, "applicationState", staticmethod(lambda: away))
    destroyed_on: list[int] = []
    collector = GuiGarbageCollector()
    try:
        cycle = Cycle(destroyed_on)
        rows = [[number] for number in range(250_000)]
        collector.collect_if_due()
        del cycle
        for _ in range(200):
            young = [[number] for number in range(2_000)]
            collector.collect_if_due()
            del young
        assert destroyed_on == []
        assert gc.get_freeze_count() >= len(rows)
    finally:
        collector.stop()
