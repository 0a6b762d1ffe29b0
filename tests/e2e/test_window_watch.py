"""Folders that the window watches: new pictures get rows and labels by themselves."""

from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot
from window_desk import MakeWindow, drop, wait_done

from gui.main_window import MainWindow
from model.watch import WatchTimes

QUICK = WatchTimes(settle=0.1, patience=0.6, look=0.1, poll=0.1)


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    made = make_window()
    made.watching._times = QUICK
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        write_picture(tmp_path / "holiday" / f"{number}.png", COLOURS["red"])
    return tmp_path / "holiday"


def label_of(window: MainWindow, name: str) -> str:
    labels = {result.path.name: result.predictions[0].label for result in window.results.results()}
    return labels[name]


def test_new_pictures_of_added_folders_are_classified(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    drop(window, [folder])
    wait_done(qtbot, window, 3)
    assert window.watch_line.isHidden()
    window.actions_by_name["watch_added"].trigger()
    assert window.watching.folders == (folder,)
    assert window.watch_line.text() == "Watching holiday"
    write_picture(folder / "new.png", COLOURS["green"])
    write_picture(folder / "sub" / "deep.png", COLOURS["blue"])
    wait_done(qtbot, window, 5)
    assert (label_of(window, "new.png"), label_of(window, "deep.png")) == ("green", "blue")
    window.actions_by_name["watch_added"].trigger()
    assert window.watching.folders == ()
    assert window.watch_line.isHidden()


def test_folders_that_are_added_later_are_watched_too(
    qtbot: QtBot, window: MainWindow, folder: Path, tmp_path: Path
) -> None:
    window.actions_by_name["watch_added"].trigger()
    assert window.watching.folders == ()
    write_picture(tmp_path / "other" / "a.png")
    drop(window, [folder, tmp_path / "other"])
    wait_done(qtbot, window, 4)
    assert set(window.watching.folders) == {folder, tmp_path / "other"}
    assert window.watch_line.text() == "Watching 2 folders"
    write_picture(tmp_path / "other" / "b.png")
    wait_done(qtbot, window, 5)
    texts = [action.text() for action in window.watch_line.choices.actions()]
    assert texts == [f"Stop watching {folder}", f"Stop watching {tmp_path / 'other'}", "", "Stop watching all of them"]
    window.watch_line.choices.actions()[0].trigger()
    assert window.watching.folders == (tmp_path / "other",)
    window.watch_line.unwatch_all_requested.emit()
    assert window.watching.folders == ()
    assert not window.actions_by_name["watch_added"].isChecked()


def test_a_folder_of_the_tree_is_watched_by_its_menu(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    window.folders.watch_requested.emit(folder, True)
    wait_done(qtbot, window, 3)  # what is in it is added too
    assert window.watching.folders == (folder,)
    window.folders._choose(str(folder))
    qtbot.waitUntil(lambda: window.folders.current_folder == folder)
    action = next(a for a in window.folders.findChildren(QAction) if a.text() == "Watch this folder")
    assert action.isChecked()
    action.trigger()
    assert window.watching.folders == ()


def test_a_picture_that_is_written_anew_is_classified_anew(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    window.watching.watch(folder)
    wait_done(qtbot, window, 3)
    assert label_of(window, "1.png") == "red"
    write_picture(folder / "1.png", COLOURS["blue"], (40, 40))
    qtbot.waitUntil(lambda: not window.classify.running and label_of(window, "1.png") == "blue", timeout=20_000)
    assert window.results.counts().total == 3


def test_a_watched_folder_that_goes_is_told_of(qtbot: QtBot, window: MainWindow, folder: Path, tmp_path: Path) -> None:
    window.watching.watch(folder)
    wait_done(qtbot, window, 3)
    folder.rename(tmp_path / "away")

    def says(words: str) -> bool:
        return any(words in message.text for message in window.messages.messages)

    qtbot.waitUntil(lambda: says("is not there any more"), timeout=20_000)
    (tmp_path / "away").rename(folder)
    qtbot.waitUntil(lambda: says("is there and watched again"), timeout=20_000)
    assert not says("is not there any more")


def test_closing_ends_the_watch(qtbot: QtBot, make_window: MakeWindow, folder: Path) -> None:
    made = make_window()
    made.watching.watch(folder)
    qtbot.waitUntil(lambda: made.results.counts().total == 3, timeout=20_000)
    made.close()  # that its threads end is looked at by the fixture
