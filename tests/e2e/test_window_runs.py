"""Runs in the window: labels stream in, and nothing is lost by stopping, swapping, failing or closing."""

import threading
import time
from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from pytestqt.qtbot import QtBot
from window_desk import FakeFactory, MakeWindow, drop, wait_done

from gui.main_window import MainWindow
from gui.shutdown import finish


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Sixty pictures: red, green, blue, red ..."""
    colours = list(COLOURS.values())
    sizes = [(16 + i, 12) for i in range(60)]  # no two alike: the same picture would be recognised
    return [write_picture(tmp_path / "pictures" / f"{i:02}.png", colours[i % 3], size) for i, size in enumerate(sizes)]


def labels(window: MainWindow) -> list[str]:
    return [result.predictions[0].label for result in window.results.results() if result.problem is None]


def gated(factory: FakeFactory) -> threading.Semaphore:
    factory.gate = threading.Semaphore(0)
    return factory.gate


def test_dropped_pictures_get_their_labels(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    assert window.pages.currentWidget() is window.empty
    drop(window, pictures)
    wait_done(qtbot, window, 60)
    assert window.pages.currentWidget() is window.view
    assert labels(window) == ["red", "green", "blue"] * 20
    assert window.results.paths() == pictures


def test_a_drop_during_a_run_is_added_to_it(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    drop(window, pictures[:10])
    qtbot.waitUntil(lambda: window.classify.running)
    drop(window, [pictures[3], *pictures[10:20]])
    gate.release(1000)
    wait_done(qtbot, window, 20)
    assert labels(window) == (["red", "green", "blue"] * 7)[:20]
    assert factory.pictures == 20


def test_stop_keeps_what_is_finished_and_the_rest_can_go_on(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.results.counts().total == 60)
    gate.release(2)
    qtbot.waitUntil(lambda: window.results.counts().done > 0)
    qtbot.waitUntil(lambda: len(factory.classifiers[0].batches) == 2)
    window.actions_by_name["stop"].trigger()
    gate.release(1)
    qtbot.waitUntil(lambda: not window.classify.running)
    done = window.results.counts().done
    assert done == sum(factory.classifiers[0].batches)
    assert len(factory.classifiers[0].batches) <= 3
    assert window.results.counts().pending == 60 - done
    gate.release(1000)
    window.classify.classify_pending()
    wait_done(qtbot, window, 60)
    assert factory.pictures == 60


def test_swapping_in_mid_run_classifies_every_row_again_in_its_place(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.results.counts().total == 60)
    gate.release(3)
    qtbot.waitUntil(lambda: window.results.counts().done >= 7)
    window.filter_bar.set_sort(window.filter_bar.spec().key, True)
    qtbot.waitUntil(lambda: window.results.path_at(0) == pictures[-1])
    window.weights_panel.weights_chosen.emit("weather-lite2")
    assert window.results.counts().pending == 60
    assert sum(window.results.shown_row(row).stale for row in range(60)) >= 7
    assert window.results.results() == []
    gate.release(10_000)
    wait_done(qtbot, window, 60)
    assert labels(window) == ["crimson", "lime", "navy"] * 20
    assert [window.results.path_at(row) for row in range(60)] == pictures[::-1]
    assert {result.weights_id for result in window.results.results()} == {"weather-lite2"}


def test_swapping_back_takes_the_old_results_without_the_network(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 60)
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 60)
    classified = factory.pictures
    window.classify.choose_weights("imagenet-lite2")
    wait_done(qtbot, window, 60)
    assert labels(window) == ["red", "green", "blue"] * 20
    assert factory.pictures == classified == 120


def test_filtered_rows_are_swapped_too(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 60)
    window.filter_bar._text.setText("red")
    window.filter_bar._minimum.setValue(50)
    qtbot.waitUntil(lambda: window.results.counts().visible == 20)
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 60)
    assert labels(window) == ["crimson", "lime", "navy"] * 20


def test_weights_that_fail_leave_the_last_good_ones_with_all_results(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    factory.broken.add("broken")
    drop(window, pictures)
    wait_done(qtbot, window, 60)
    with qtbot.waitSignal(window.classify.failed) as failed:
        window.classify.choose_weights("broken")
    assert failed.args[0].code == "weights-network-fails"
    assert window.classify.weights_id == "imagenet-lite2"
    assert window.results.counts().done == 60
    assert labels(window) == ["red", "green", "blue"] * 20
    assert window.messages.isVisible()
    drop(window, [write_picture(pictures[0].with_name("new.png"), COLOURS["blue"])])
    wait_done(qtbot, window, 61)
    assert labels(window)[-1] == "blue"


def test_failing_weights_in_mid_run_go_on_with_the_last_good_ones(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    factory.broken.add("broken")
    gate = gated(factory)
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.results.counts().total == 60)
    gate.release(2)
    qtbot.waitUntil(lambda: window.results.counts().done > 0)
    gate.release(1000)
    with qtbot.waitSignal(window.classify.failed):
        window.classify.choose_weights("broken")
    wait_done(qtbot, window, 60)
    assert labels(window) == ["red", "green", "blue"] * 20


def test_weights_whose_file_has_gone_are_refused_likewise(
    qtbot: QtBot, window: MainWindow, pictures: list[Path], tmp_path: Path
) -> None:
    drop(window, pictures[:6])
    wait_done(qtbot, window, 6)
    (tmp_path / "shipped" / "weather-lite2.safetensors").unlink()
    with qtbot.waitSignal(window.classify.failed):
        window.classify.choose_weights("weather-lite2")
    assert window.classify.weights_id == "imagenet-lite2"
    assert window.results.counts().done == 6


def test_closing_in_mid_run_hides_at_once_and_keeps_the_finished_results(
    qtbot: QtBot, make_window: MakeWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    window = make_window()
    gate = gated(factory)
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.results.counts().total == 60)
    gate.release(3)
    qtbot.waitUntil(lambda: window.results.counts().done >= 7)
    started = time.monotonic()
    window.close()
    assert time.monotonic() - started < 1
    assert not window.isVisible()
    gate.release(10_000)
    assert finish(window.runners)
    known = factory.pictures
    factory.gate = None
    again = make_window()
    drop(again, pictures)
    wait_done(qtbot, again, 60)
    assert known >= 7
    assert factory.pictures == 60


def test_five_thousand_dropped_files_become_five_thousand_rows(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, tmp_path: Path
) -> None:
    original = write_picture(tmp_path / "many" / "0000.png", COLOURS["green"], size=(4, 4)).read_bytes()
    paths = [tmp_path / "many" / f"{i:04}.png" for i in range(5000)]
    for path in paths[1:]:
        path.write_bytes(original + path.name.encode())  # no two alike
    drop(window, paths)
    wait_done(qtbot, window, 5000)
    assert window.results.paths() == paths
    assert labels(window) == ["green"] * 5000
    assert factory.pictures == 5000


def test_a_bad_picture_is_a_row_with_a_reason_and_can_be_tried_again(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    bad = pictures[0].with_name("bad.png")
    bad.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    drop(window, [*pictures[:2], bad])
    wait_done(qtbot, window, 3)
    counts = window.results.counts()
    assert (counts.done, counts.errors) == (2, 1)
    write_picture(bad, COLOURS["blue"])
    window.commands.retry([bad])
    wait_done(qtbot, window, 3)
    assert window.results.counts().errors == 0
    assert labels(window)[-1] == "blue"


def test_rerun_asks_the_network_again_and_not_the_store(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    drop(window, pictures[:5])
    wait_done(qtbot, window, 5)
    window.actions_by_name["rerun"].trigger()
    wait_done(qtbot, window, 5)
    assert factory.pictures == 10


def test_clearing_in_mid_run_empties_the_list_for_good(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    gate = gated(factory)
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.results.counts().total == 60)
    gate.release(2)
    qtbot.waitUntil(lambda: window.results.counts().done > 0)
    window.actions_by_name["clear"].trigger()
    gate.release(1000)
    assert window.results.counts().total == 0
    drop(window, pictures[:3])
    wait_done(qtbot, window, 3)
    assert window.results.paths() == pictures[:3]
