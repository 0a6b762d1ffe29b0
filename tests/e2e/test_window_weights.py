"""Weights in the window: removed, damaged, offered at the first start, described by broken cards, and swapped."""

import threading
from pathlib import Path

import pytest
from fakes import COLOURS
from pytestqt.qtbot import QtBot
from weights_desk import keys, labels, message, press, put_here, row_of, write_pictures
from weights_server import OTHER, Server
from window_desk import FakeFactory, MakeWindow, drop, wait_done

from gui.main_window import MainWindow
from gui.settings import Settings
from gui.weights_reports import PREFERRED_ID
from model.weights import Catalogue

pytestmark = pytest.mark.usefixtures("better")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return write_pictures(tmp_path / "pictures")


# --- removing, and files that go bad ---


def test_the_set_in_use_is_not_removed_and_says_so(
    qtbot: QtBot, make_window: MakeWindow, settings: Settings, better: Path, pictures: list[Path]
) -> None:
    file = put_here(better)
    settings.last_weights = PREFERRED_ID
    window = make_window()
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    row_of(window).remove_requested.emit(PREFERRED_ID)
    assert file.is_file()
    assert "Choose other weights first" in message(window).text
    row_of(window)._menu.aboutToShow.emit()
    assert "(in use)" in row_of(window)._remove_action.text()
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 12)
    row_of(window).remove_requested.emit(PREFERRED_ID)
    assert not file.exists()
    assert not row_of(window).radio.isEnabled()
    assert labels(window) == {"crimson", "lime", "navy"}


def test_the_last_good_set_is_not_removed_while_another_loads(
    qtbot: QtBot, make_window: MakeWindow, settings: Settings, factory: FakeFactory, better: Path, pictures: list[Path]
) -> None:
    file = put_here(better)
    settings.last_weights = PREFERRED_ID
    factory.broken.add("weather-lite2")
    factory.slow["weather-lite2"] = threading.Event()
    window = make_window()
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    window.classify.choose_weights("weather-lite2")
    qtbot.waitUntil(lambda: factory.loading.acquire(blocking=False))
    row_of(window).remove_requested.emit(PREFERRED_ID)
    assert file.is_file()
    with qtbot.waitSignal(window.classify.failed):
        factory.slow["weather-lite2"].set()
    assert window.classify.weights_id == PREFERRED_ID
    assert labels(window) == {"scarlet", "emerald", "azure"}


def test_a_set_in_the_cache_of_another_program_is_not_removed(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    file = put_here(tmp_path / "hub")
    window = make_window()
    window.classify.choose_weights("imagenet-lite2")
    row_of(window).remove_requested.emit(PREFERRED_ID)
    assert file.is_file()
    assert "nothing to remove" in message(window).text


def test_a_damaged_file_is_found_when_it_is_chosen_and_fetched_again(
    qtbot: QtBot, window: MainWindow, server: Server, better: Path, pictures: list[Path]
) -> None:
    put_here(better, OTHER)
    window.reports.refresh_weights()
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    with qtbot.waitSignal(window.classify.failed):
        window.classify.choose_weights(PREFERRED_ID)
    assert window.classify.weights_id == "imagenet-lite2"
    assert labels(window) == set(COLOURS)
    row = row_of(window)
    assert "damaged" in row._note.text()
    assert not row.radio.isEnabled()
    assert "damaged" in message(window).text
    with qtbot.waitSignal(window.weights.installed):
        row._fetch.click()
    assert row.radio.isEnabled()
    assert not row._note.isVisibleTo(row)


def test_pictures_that_wait_for_a_damaged_set_are_classified_once_it_is_here_again(
    qtbot: QtBot, make_window: MakeWindow, server: Server, settings: Settings, better: Path, pictures: list[Path]
) -> None:
    put_here(better, OTHER)
    settings.last_weights = PREFERRED_ID
    window = make_window()
    drop(window, pictures)
    qtbot.waitUntil(lambda: "swap-failed" in keys(window))
    assert window.results.counts().pending == 12
    row_of(window)._fetch.click()
    wait_done(qtbot, window, 12)
    assert labels(window) == {"scarlet", "emerald", "azure"}
    assert [shown.key for shown in window.messages.messages if shown.actions or shown.remedy] == []


# --- the first start, and broken cards ---


def test_the_first_start_names_the_weights_and_offers_the_better_ones(
    qtbot: QtBot, make_window: MakeWindow, server: Server, settings: Settings
) -> None:
    settings.first_run = True
    window = make_window()
    assert "Title of imagenet-lite2" in message(window).text
    assert "The better net is more accurate" in message(window).text
    with qtbot.waitSignal(window.weights.installed):
        press(window, "Fetch 524 kB")
    assert keys(window) == [f"installed-{PREFERRED_ID}"]
    window.close()
    assert keys(make_window()) == []


def test_the_first_start_offers_nothing_when_the_better_ones_are_here(
    make_window: MakeWindow, settings: Settings, tmp_path: Path
) -> None:
    put_here(tmp_path / "hub")
    settings.first_run = True
    window = make_window()
    assert "The better net" in message(window).text
    assert message(window).actions == ()
    window.classify.choose_weights("weather-lite2")
    assert keys(window) == []


def test_the_offer_goes_when_the_panel_is_used_instead(
    qtbot: QtBot, make_window: MakeWindow, server: Server, settings: Settings
) -> None:
    settings.first_run = True
    window = make_window()
    with qtbot.waitSignal(window.weights.installed):
        row_of(window)._fetch.click()
    assert keys(window) == [f"installed-{PREFERRED_ID}"]


def test_a_broken_card_is_told_of_once_and_hides_nothing_else(
    qtbot: QtBot, make_window: MakeWindow, catalogue: Catalogue, pictures: list[Path]
) -> None:
    card = catalogue.folder("mine") / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text("{")
    window = make_window()
    assert len(keys(window)) == 1
    assert "card.json" in message(window).text
    assert {"broken", "imagenet-lite2", "weather-lite2", PREFERRED_ID} == set(window.weights_panel._rows)
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    window.messages.dismiss(keys(window)[0])
    window.reports.refresh_weights()
    assert keys(window) == []
    card.write_text("[]")
    window.reports.refresh_weights()
    assert len(keys(window)) == 1
    card.unlink()
    window.reports.refresh_weights()
    assert keys(window) == []


# --- swapping ---


def test_choosing_another_set_while_one_loads(
    qtbot: QtBot, make_window: MakeWindow, factory: FakeFactory, better: Path, pictures: list[Path]
) -> None:
    put_here(better)
    factory.slow["weather-lite2"] = threading.Event()
    window = make_window()
    window.classify.choose_weights("imagenet-lite2")
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    row_of(window, "weather-lite2").radio.click()
    qtbot.waitUntil(lambda: factory.loading.acquire(blocking=False))
    assert "Title of weather-lite2" in window.status.text
    row_of(window).radio.click()
    assert "The better net" in window.status.text
    assert "loading" in row_of(window)._summary.text()
    assert "loading" not in row_of(window, "weather-lite2")._summary.text()
    factory.slow["weather-lite2"].set()
    wait_done(qtbot, window, 12)
    assert labels(window) == {"scarlet", "emerald", "azure"}
    assert window.weights_panel.active == PREFERRED_ID
    assert "loading" not in row_of(window)._summary.text()


def test_choosing_the_old_set_back_while_another_loads_brings_its_results_back(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    factory.slow["weather-lite2"] = threading.Event()
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    row_of(window, "weather-lite2").radio.click()
    qtbot.waitUntil(lambda: factory.loading.acquire(blocking=False))
    row_of(window, "imagenet-lite2").radio.click()
    factory.slow["weather-lite2"].set()
    wait_done(qtbot, window, 12)
    assert labels(window) == set(COLOURS)
    assert factory.pictures == 12


def test_weights_that_fail_before_any_picture_give_way_to_those_loaded_ahead(
    qtbot: QtBot, make_window: MakeWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    factory.broken.add("weather-lite2")
    window = make_window()
    qtbot.waitUntil(lambda: window.classify.device_label != "")
    window.classify.choose_weights("weather-lite2")
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    assert labels(window) == set(COLOURS)
    assert keys(window) == ["swap-failed"]
