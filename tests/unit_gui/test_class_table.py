from pathlib import Path

from evaluation_makers import WEATHER, evaluation_of, judged
from pytestqt.qtbot import QtBot

from gui.class_table import F1, PICTURES, class_table, missed_pictures, unread_table
from model.types import Problem

# sunrise has no pictures, and nothing is taken for rain.
CASES = ((0, 0), (0, 0), (0, 2), (1, 0), (2, 2), (2, 3))


def texts(value: str) -> str:
    return value.replace("\u00a0", " ")


def test_figures_of_each_class_the_weakest_first(qtbot: QtBot) -> None:
    evaluation = evaluation_of([judged(f"/p/{n}.jpg", true, said) for n, (true, said) in enumerate(CASES)])
    table = class_table(evaluation, WEATHER)
    qtbot.addWidget(table)
    rows = [tuple(texts(text) for text in row.texts) for row in table.figures.rows]
    assert rows == [
        ("rain", "\u2013", "0.0 %", "0.0 %", "1"),
        ("shine", "50.0 %", "50.0 %", "50.0 %", "2"),
        ("cloudy", "66.7 %", "66.7 %", "66.7 %", "3"),
        ("sunrise", "0.0 %", "\u2013", "\u2013", "0"),
    ]
    table.sortByColumn(PICTURES, table.horizontalHeader().sortIndicatorOrder())
    assert [row.texts[0] for row in table.figures.rows] == ["sunrise", "rain", "shine", "cloudy"]
    assert table.figures.headerData(F1, table.horizontalHeader().orientation()) == "F1"


def test_classes_that_do_not_occur_are_left_out(qtbot: QtBot) -> None:
    table = class_table(evaluation_of([judged("a", 0, 0), judged("b", 0, 1)]), WEATHER)
    qtbot.addWidget(table)
    assert [row.payload for row in table.figures.rows] == [0, 1]


def test_the_pictures_that_were_missed() -> None:
    evaluation = evaluation_of([judged(f"/p/{n}.jpg", true, said) for n, (true, said) in enumerate(CASES)])
    assert missed_pictures(evaluation, 0) == [Path("/p/2.jpg")]
    assert missed_pictures(evaluation, 3) == []


def test_unread_pictures_with_their_reasons(qtbot: QtBot) -> None:
    bad = [
        (Path("/data/weather/rain/img10.jpg"), Problem("image-truncated", (), "broken data stream")),
        (Path("/data/weather/rain/img9.jpg"), Problem("image-truncated")),
        (Path("/elsewhere/x.jpg"), Problem("image-truncated")),
    ]
    table = unread_table(bad, Path("/data/weather"))
    qtbot.addWidget(table)
    assert [row.texts[0] for row in table.figures.rows] == ["/elsewhere/x.jpg", "rain/img9.jpg", "rain/img10.jpg"]
    last = table.figures.rows[2]
    assert last.payload == bad[0][0]
    assert last.texts[1] == "the file ends too early"
    assert "broken data stream" in last.tooltip
