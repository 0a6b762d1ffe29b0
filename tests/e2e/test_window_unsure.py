"""Pictures that are none of the classes, in the window: said in words, filtered, exported, and remembered."""

import csv
import json
from pathlib import Path

from fakes import COLOURS, write_picture
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot
from window_desk import FakeFactory, MakeWindow, drop, wait_done

from gui.filter_bar import FilterBar
from gui.main_window import MainWindow
from gui.result_texts import LABELS
from gui.results_order import RowStatus, StatusFilter
from gui.shutdown import finish

CALIBRATION = {"temperature": 1.5, "score": "probability", "threshold": 0.77, "kept": 0.95, "on": "a test"}


def statuses(window: MainWindow) -> dict[str, RowStatus]:
    rows = (window.results.shown_row(row) for row in range(window.results.rowCount()))
    return {row.found.path.stem: row.status for row in rows}


def test_a_set_that_is_calibrated_afterwards_classifies_anew_and_remembers_its_verdicts(
    qtbot: QtBot, make_window: MakeWindow, factory: FakeFactory, tmp_path: Path
) -> None:
    paths = [write_picture(tmp_path / "in" / f"{name}.png", colour) for name, colour in COLOURS.items()]
    plain = make_window()
    drop(plain, paths)
    wait_done(qtbot, plain, 3)
    assert set(statuses(plain).values()) == {RowStatus.DONE}
    plain.close()
    assert finish(plain.runners)

    card = tmp_path / "shipped" / "imagenet-lite2.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "calibration": CALIBRATION}))
    window = make_window()
    drop(window, paths)
    wait_done(qtbot, window, 3)
    assert factory.pictures == 6, "plain probabilities were taken from the store for calibrated ones"
    expected = {"red": RowStatus.DONE, "green": RowStatus.UNSURE, "blue": RowStatus.DONE}
    assert statuses(window) == expected
    row = window.results.row_of(tmp_path / "in" / "green.png")
    assert row is not None
    text = window.results.index(row, LABELS).data()
    assert text.startswith("unsure \N{EN DASH} not like the training pictures: green ")

    with qtbot.waitSignal(window.lists.exported, timeout=10_000):
        window.commands.export_to(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = {row["file_name"]: (row["status"], row["unsure"]) for row in csv.DictReader(stream)}
    assert cells == {"red.png": ("ok", "false"), "green.png": ("ok", "true"), "blue.png": ("ok", "false")}

    (combo,) = (
        box for box in window.findChild(FilterBar).findChildren(QComboBox) if box.findData(StatusFilter.UNSURE) >= 0
    )
    combo.setCurrentIndex(combo.findData(StatusFilter.UNSURE))
    qtbot.waitUntil(lambda: list(statuses(window)) == ["green"])
    window.close()
    assert finish(window.runners)

    again = make_window()
    drop(again, paths)
    wait_done(qtbot, again, 3)
    assert statuses(again) == expected
    assert factory.pictures == 6, "the verdicts were not remembered"
