"""What the window says while it works and after: status line, messages, and which actions can be used."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from pytestqt.qtbot import QtBot
from window_desk import FakeFactory, drop, wait_done

from gui import list_controller
from gui.main_window import MainWindow
from model.cancel import CancelToken
from model.doctor_types import DoctorRequest
from model.types import ScanBatch

ALWAYS = {
    *("open_images", "open_folder", "paste", "undo_sort", "quit", "find", "train", "evaluate", "settings", "diagnose"),
    "about",
}
ALWAYS |= {"watch_added"}
WITH_ROWS = {"rerun", "clear", "select_all", "copy", "remove", "open_viewer", "reveal"}


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    colours = list(COLOURS.values())
    return [write_picture(tmp_path / "pictures" / f"{i:02}.png", colours[i % 3]) for i in range(20)]


class SlowScan:
    """Finds five pictures at a time, and then the report, each when `go_on` lets it."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.find = list_controller.find_images

    def __call__(self, paths: tuple[Path, ...], recursive: bool, cancel: CancelToken) -> Iterator[object]:
        *batches, report = self.find(paths, recursive=recursive, cancel=cancel)
        found = [image for batch in batches if isinstance(batch, ScanBatch) for image in batch.found]
        for value in [*(ScanBatch(tuple(found[i : i + 5])) for i in range(0, len(found), 5)), report]:
            assert self.go_on.acquire(timeout=20), "the test never let the scan go on"
            cancel.raise_if_cancelled()
            yield value


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowScan]:
    made = SlowScan()
    monkeypatch.setattr(list_controller, "_scan", made)
    yield made
    made.go_on.release(1000)


def usable(window: MainWindow) -> set[str]:
    names = {action.objectName() for action in window.actions() + window.toolbar.actions()}
    names |= {action.objectName() for menu in window.menuBar().actions() for action in _menu_actions(menu)}
    return {name for name in names - {""} if window.actions_by_name[name].isEnabled()}


def _menu_actions(action: object) -> list[object]:
    return list(action.menu().actions())  # type: ignore[attr-defined]


def keys(window: MainWindow) -> list[str]:
    return [message.key for message in window.messages.messages]


def texts(window: MainWindow) -> list[str]:
    return [message.text for message in window.messages.messages]


def test_actions_can_be_used_only_when_they_make_sense(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, scan: SlowScan, pictures: list[Path]
) -> None:
    gate = factory.gate = threading.Semaphore(0)
    assert usable(window) == ALWAYS
    drop(window, pictures)
    assert usable(window) == ALWAYS | {"stop"}
    scan.go_on.release(5)
    qtbot.waitUntil(lambda: not window.lists.scanning)
    assert usable(window) == ALWAYS | WITH_ROWS | {"stop", "pause"}
    gate.release(1000)
    wait_done(qtbot, window, 20)
    assert usable(window) == ALWAYS | WITH_ROWS | {"export", "sort"}
    window.view.clearSelection()
    assert usable(window) == ALWAYS | WITH_ROWS - {"copy", "remove"} | {"export", "sort"}
    window.actions_by_name["clear"].trigger()
    assert usable(window) == ALWAYS


def test_numbers_are_of_the_whole_list_while_it_grows_and_the_end_sums_up(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, scan: SlowScan, pictures: list[Path]
) -> None:
    drop(window, pictures)
    assert window.status.text == "Looking for pictures…"
    scan.go_on.release()
    qtbot.waitUntil(lambda: window.results.counts().done == 5)
    qtbot.waitUntil(lambda: window.status.text == "Looking for pictures…")
    assert window.actions_by_name["stop"].isEnabled()
    gate = factory.gate = factory.classifiers[0].gate = threading.Semaphore(0)
    scan.go_on.release()
    qtbot.waitUntil(lambda: window.status.text.startswith("5 of 10"))
    assert "left" not in window.status.text
    scan.go_on.release(3)
    qtbot.waitUntil(lambda: not window.lists.scanning)
    gate.release(1000)
    wait_done(qtbot, window, 20)
    assert window.status.text.startswith("20 pictures classified \u00b7 ")
    assert not window.status.busy
    drop(window, [write_picture(pictures[0].with_name("new.png"))])
    scan.go_on.release(2)
    wait_done(qtbot, window, 21)
    qtbot.waitUntil(lambda: window.status.text.startswith("1 picture classified \u00b7 "))


def test_the_network_is_said_to_load_only_when_it_is_loaded(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    loads: list[str] = []
    qtbot.waitUntil(lambda: window.classify.device_label != "")
    window.classify.loading.connect(loads.append)
    drop(window, pictures[:5])
    wait_done(qtbot, window, 5)
    assert loads == []
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 5)
    window.actions_by_name["rerun"].trigger()
    wait_done(qtbot, window, 5)
    assert loads == ["weather-lite2"]


def test_after_stop_the_rest_waits_until_it_is_told_to_go_on(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, scan: SlowScan, pictures: list[Path]
) -> None:
    gate = factory.gate = threading.Semaphore(0)
    window.view.looked_at.disconnect(window.classify.prefer)  # it might begin the run anew behind the closed gate
    drop(window, pictures)
    scan.go_on.release(2)
    gate.release(1)
    qtbot.waitUntil(lambda: window.results.counts().done > 0 and window.results.counts().total == 10)
    window.actions_by_name["stop"].trigger()
    scan.go_on.release(10)
    gate.release(1)
    qtbot.waitUntil(lambda: not window.classify.running)
    done = window.results.counts().done
    assert window.status.text.startswith("Stopped: ")
    assert not window.actions_by_name["stop"].isEnabled()
    assert texts(window) == [f"{10 - done} pictures still wait."]
    qtbot.waitUntil(lambda: not window.files.busy)
    assert window.results.counts().total == 10
    gate.release(1000)
    window.messages._buttons[0].click()
    wait_done(qtbot, window, 10)
    assert keys(window) == []


def test_clearing_takes_away_what_was_said_of_the_list(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    pictures[0].with_name("notes.txt").write_text("no picture")
    drop(window, [pictures[0].parent])
    wait_done(qtbot, window, 20)
    assert keys(window) == ["scan"]
    window.actions_by_name["clear"].trigger()
    assert keys(window) == []
    assert window.status.text == ""
    gate = factory.gate = threading.Semaphore(0)
    factory.classifiers[0].gate = gate
    window.classify.choose_weights("weather-lite2")
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.classify.running)
    window.actions_by_name["clear"].trigger()
    assert window.status.text == ""
    assert not window.status.busy
    assert not window.actions_by_name["stop"].isEnabled()


def test_an_export_under_way_survives_clear_and_stop(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 20)
    with qtbot.waitSignal(window.lists.exported):
        window.commands.export_to(tmp_path / "out.csv")
        window.actions_by_name["stop"].trigger()
        window.actions_by_name["clear"].trigger()
    assert texts(window) == ["20 rows saved to out.csv."]


def test_an_export_does_not_wait_for_a_folder_that_cannot_be_read_to_the_end(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], scan: SlowScan, tmp_path: Path
) -> None:
    scan.go_on.release(100)
    drop(window, pictures)
    wait_done(qtbot, window, 20)
    while scan.go_on.acquire(blocking=False):
        pass
    (tmp_path / "share").mkdir()
    drop(window, [tmp_path / "share"])
    assert window.lists.scanning
    with qtbot.waitSignal(window.lists.exported):
        window.commands.export_to(tmp_path / "out.csv")
    assert window.lists.scanning
    scan.go_on.release(100)


def test_many_scans_tell_together_what_they_left_out(
    qtbot: QtBot, window: MainWindow, scan: SlowScan, tmp_path: Path
) -> None:
    shown: list[str] = []
    show = window.messages.show_message

    def counting(key: str, text: str, *args: object, **more: object) -> None:
        shown.append(key)
        show(key, text, *args, **more)  # type: ignore[arg-type]

    window.messages.show_message = counting  # type: ignore[method-assign, assignment]
    for number in range(100):
        folder = tmp_path / f"folder {number}"
        write_picture(folder / "red.png")
        (folder / "notes.txt").write_text("no picture")
        drop(window, [folder])
    scan.go_on.release(1000)
    wait_done(qtbot, window, 100)
    qtbot.waitUntil(lambda: not window.lists.scanning)
    assert shown == ["scan"]
    assert texts(window) == ["100 other files left out."]


@pytest.mark.parametrize("again", [False, True])
def test_a_drop_that_adds_nothing_says_so(qtbot: QtBot, window: MainWindow, pictures: list[Path], again: bool) -> None:
    if again:
        drop(window, pictures)
        wait_done(qtbot, window, 20)
        drop(window, pictures)
        words = "Everything there is in the list already."
    else:
        (pictures[0].parent / "empty").mkdir()
        drop(window, [pictures[0].parent / "empty"])
        words = "No pictures were found."
    qtbot.waitUntil(lambda: texts(window) == [words])


def test_a_bug_in_a_run_does_not_leave_the_window_busy(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: window.classify.device_label != "")

    def broken(_request: object, _cancel: CancelToken) -> Iterator[object]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(window.classify._engine, "run", broken)
    with qtbot.waitSignal(window.compute.crashed):
        drop(window, pictures)
    qtbot.waitUntil(lambda: not window.status.busy)
    assert not window.actions_by_name["stop"].isEnabled()
    assert window.status.text == ""


def test_the_chosen_picture_turns_stale_with_its_row_and_is_not_built_anew_for_others(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 20)
    built: list[object] = []
    show = window.detail._show_outcome
    monkeypatch.setattr(window.detail, "_show_outcome", lambda row: (built.append(row.stale), show(row)))
    gate = factory.gate = threading.Semaphore(0)
    window.classify.choose_weights("weather-lite2")
    assert built == [True]
    gate.release(1000)
    wait_done(qtbot, window, 20)
    assert built[-1] is False
    assert len(built) <= 3


def test_the_diagnostics_open_once_and_end_with_the_window(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gui import doctor_job
    from gui.doctor_dialog import DoctorDialog

    asked: list[object] = []

    def wait(request: object, _catalogue: object, cancel: CancelToken) -> Iterator[object]:
        asked.append(request)
        assert cancel.wait(20), "closing the window never ended the diagnostics"
        yield from ()

    monkeypatch.setattr(doctor_job, "_run", wait)
    window.settings.device = "cpu"
    for _ in range(2):
        window.actions_by_name["diagnose"].trigger()
    qtbot.waitUntil(lambda: len(asked) == 1)
    assert len(window.findChildren(DoctorDialog)) == 1
    assert asked == [DoctorRequest(window.classify.weights_id, "cpu", "auto")]
    window.close()
    qtbot.waitUntil(lambda: not window.diagnoses.busy)
    assert asked == [DoctorRequest(window.classify.weights_id, "cpu", "auto")]
