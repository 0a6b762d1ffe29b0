"""The CSV that the window exports: read back, and compared with the command line's."""

import csv
import math
from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from pytestqt.qtbot import QtBot
from window_desk import MakeWindow, drop, wait_done

from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from model.cli import main
from model.engine import Engine
from model.exit_codes import EXIT_SOME_FAILED
from model.weights import default_catalogue


def rows_of(file: Path) -> dict[str, dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


def export(qtbot: QtBot, window: MainWindow, target: Path) -> None:
    with qtbot.waitSignal(window.lists.exported, timeout=10_000):
        window.commands.export_to(target)


def test_dropped_files_are_exported_with_their_labels(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / "in" / f"{name}.png", colour) for name, colour in COLOURS.items()]
    paths.append(tmp_path / "in" / "=evil(1).png")
    paths[-1].write_bytes(b"not a picture")
    drop(window, paths)
    wait_done(qtbot, window, 4)
    export(qtbot, window, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = rows_of(tmp_path / "out.csv")
    assert {path: row["label_1"] for path, row in rows.items()} == {
        "red.png": "red",
        "green.png": "green",
        "blue.png": "blue",
        "'=evil(1).png": "",
    }
    assert rows["'=evil(1).png"]["status"] == "error"
    assert (tmp_path / "out.run.json").is_file()
    assert window.messages.isVisible()


def test_only_the_active_weights_results_are_exported(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / "in" / f"{name}.png", colour) for name, colour in COLOURS.items()]
    drop(window, paths)
    wait_done(qtbot, window, 3)
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 3)
    window.results.mark_pending([paths[0]])
    with qtbot.waitSignal(window.lists.exported) as exported:
        window.commands.export_to(tmp_path / "out")
    done = exported.args[0]
    assert (done.rows, done.pending) == (2, 1)
    assert {row["weights"] for row in rows_of(tmp_path / "out.csv").values()} == {"weather-lite2"}


def test_a_target_that_cannot_be_written_is_told(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    drop(window, [write_picture(tmp_path / "red.png")])
    wait_done(qtbot, window, 1)
    with qtbot.waitSignal(window.lists.failed) as failed:
        window.commands.export_to(tmp_path / "nowhere" / "out.csv")
    assert failed.args[0].code == "export-folder-missing"
    assert window.messages.isVisible()


@pytest.mark.parametrize("weights", ["imagenet-lite2", "weather-lite2"])
def test_window_and_command_line_agree_with_the_real_network(
    qtbot: QtBot, settings: Settings, tmp_path: Path, weights: str
) -> None:
    folder = tmp_path / "pictures"
    for number in range(5):
        size = (300 + 40 * number, 420 - 30 * number)
        picture = write_picture(folder / f"picture {number}.jpg", list(COLOURS.values())[number % 3], size)
        assert picture.is_file()
    (folder / "damaged.jpg").write_bytes((folder / "picture 0.jpg").read_bytes()[:900])
    (folder / "inner").mkdir()
    write_picture(folder / "inner" / "picture.png", (200, 180, 20), (333, 222))

    settings.last_weights = weights
    catalogue = default_catalogue()
    window = MainWindow(catalogue, Engine(catalogue), settings)
    qtbot.addWidget(window)
    window.show()
    window.start()
    assert window.classify.weights_id == weights
    drop(window, [folder])
    wait_done(qtbot, window, 7)
    export(qtbot, window, tmp_path / "window.csv")
    window.close()
    assert finish(window.runners)

    arguments = ["classify", str(folder), "--weights", weights, "--csv", str(tmp_path / "line.csv"), "--quiet"]
    assert main(arguments) == EXIT_SOME_FAILED
    by_window, by_line = rows_of(tmp_path / "window.csv"), rows_of(tmp_path / "line.csv")
    assert list(by_window) == list(by_line)
    assert len(by_window) == 7
    for path, row in by_window.items():
        other = by_line[path]
        assert row.keys() == other.keys()
        for column, value in row.items():
            if column == "classified_at":
                continue
            if column.startswith("prob_") or column == "margin":
                assert (value == "") == (other[column] == "")
                assert not value or math.isclose(float(value), float(other[column]), abs_tol=1e-5)
            else:
                assert value == other[column], (path, column)


def test_a_first_start_tells_which_weights_are_in_use(make_window: MakeWindow, settings: Settings) -> None:
    settings.first_run = True
    window = make_window()
    assert window.messages.isVisible()
    assert window.messages.shown is not None
    assert "Title of imagenet-lite2" in window.messages.shown.text
    assert settings.first_run is False
