from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.figure_table import FigureColumn, FigureModel, FigureRow, FigureTable

COLUMNS = (FigureColumn("Class"), FigureColumn("Recall", "How many were recognised", number=True))
ROWS = (
    FigureRow(("rain", "90 %"), ("rain", 0.9), 1, "rain <b>not</b> recognised: 1 picture"),
    FigureRow(("cloudy", "\u2013"), ("cloudy", None), 0),
    FigureRow(("shine", "7 %"), ("shine", 0.07), 2),
)


@pytest.fixture
def table(qtbot: QtBot) -> FigureTable:
    made = FigureTable(COLUMNS, "Figures")
    qtbot.addWidget(made)
    made.resize(300, 200)
    made.show()
    return made


def shown(table: FigureTable) -> list[str]:
    return [str(table.model().index(row, 0).data()) for row in range(table.model().rowCount())]


def test_the_model_keeps_qts_rules(qtmodeltester: Any) -> None:
    model = FigureModel(COLUMNS)
    model.set_rows(ROWS)
    qtmodeltester.check(model)


@pytest.mark.parametrize(
    ("column", "descending", "expected"),
    [
        (0, False, ["cloudy", "rain", "shine"]),
        (0, True, ["shine", "rain", "cloudy"]),
        (1, False, ["shine", "rain", "cloudy"]),
        (1, True, ["rain", "shine", "cloudy"]),
        (None, False, ["rain", "cloudy", "shine"]),
    ],
)
def test_sorting_by_value_with_the_unknown_last(
    table: FigureTable, column: int | None, descending: bool, expected: list[str]
) -> None:
    table.show_rows(ROWS, sort_by=column, descending=descending)
    assert shown(table) == expected


def test_a_click_on_a_title_sorts_and_the_choice_stays_with_its_row(table: FigureTable, qtbot: QtBot) -> None:
    table.show_rows(ROWS, sort_by=1)
    table.selectRow(0)
    titles = table.horizontalHeader()
    middle = titles.sectionViewportPosition(0) + 20
    qtbot.mouseClick(titles.viewport(), Qt.MouseButton.LeftButton, pos=titles.rect().center().__class__(middle, 8))
    assert shown(table) == ["cloudy", "rain", "shine"]
    assert table.currentIndex().siblingAtColumn(0).data() == "shine"


def test_enter_and_a_double_click_choose(table: FigureTable, qtbot: QtBot) -> None:
    table.show_rows(ROWS, sort_by=1)
    chosen: list[object] = []
    table.chosen.connect(chosen.append)
    table.setCurrentIndex(table.model().index(1, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    place = table.visualRect(table.model().index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [1]
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [1, 2]


def test_numbers_stand_at_the_right_and_words_have_the_room(table: FigureTable) -> None:
    table.show_rows(ROWS)
    model = table.model()
    role = Qt.ItemDataRole.TextAlignmentRole
    assert model.index(0, 1).data(role) & int(Qt.AlignmentFlag.AlignRight)
    assert model.headerData(1, Qt.Orientation.Horizontal, role) & int(Qt.AlignmentFlag.AlignRight)
    assert model.index(0, 0).data(role) & int(Qt.AlignmentFlag.AlignLeft)
    assert table.columnWidth(0) > table.columnWidth(1)
    assert table.columnWidth(0) + table.columnWidth(1) == table.viewport().width()


def test_tooltips_show_text_as_it_is(table: FigureTable) -> None:
    table.show_rows(ROWS)
    assert table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole).count("&lt;b&gt;") == 1
    tip = table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "How many were recognised" in tip
