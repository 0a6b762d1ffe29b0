from pathlib import Path
from typing import Any

import pytest
from evaluation_makers import WEATHER, evaluation_of, judged
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from gui.confusion_grid import ConfusionGrid
from gui.confusion_map import ConfusionMap
from gui.confusion_model import CELL_ROLE, ConfusionCell, ConfusionModel
from gui.confusion_view import MOST_TILES, ConfusionView
from gui.confusions import ClassOrder, confusion_table
from gui.figure_table import FigureTable
from gui.heat_colours import heat_colour
from model.evaluation_types import Evaluation

# cloudy, rain and shine; nothing is sunrise, though one picture was taken for it.
CASES = ((0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0), (2, 2), (2, 2), (2, 2), (2, 2), (2, 3))
MANY = MOST_TILES + 10

Asked = list[tuple[list[Path], str]]


def few() -> Evaluation:
    return evaluation_of([judged(f"/p/{n}.jpg", true, said) for n, (true, said) in enumerate(CASES)])


def many() -> Evaluation:
    """Each class has two pictures; one of each third class is taken for the next class but one."""
    images = []
    for index in range(MANY):
        said = (index + 2) % MANY if index % 3 == 0 else index
        images += [
            judged(f"/p/{index}a.jpg", index, index, classes=MANY),
            judged(f"/p/{index}b.jpg", index, said, classes=MANY),
        ]
    return evaluation_of(images, [f"class {index:02}" for index in range(MANY)])


def view_of(qtbot: QtBot, evaluation: Evaluation) -> tuple[ConfusionView, Asked]:
    view = ConfusionView(evaluation, evaluation.classes)
    qtbot.addWidget(view)
    asked: Asked = []
    view.pictures_wanted.connect(lambda paths, title: asked.append((paths, title)))
    view.resize(800, 500)
    view.show()
    qtbot.waitExposed(view)
    return view, asked


def grid_of(view: ConfusionView) -> ConfusionGrid:
    assert view.grid is not None
    return view.grid


def map_of(view: ConfusionView) -> ConfusionMap:
    assert view.map is not None
    return view.map


def names(grid: ConfusionGrid, orientation: Qt.Orientation) -> list[str]:
    count = grid.model().columnCount() if orientation is Qt.Orientation.Horizontal else grid.model().rowCount()
    return [str(grid.model().headerData(section, orientation)) for section in range(count)]


def centre(grid: ConfusionGrid, row: int, column: int) -> QPoint:
    return grid.visualRect(grid.model().index(row, column)).center()


def test_the_model_keeps_qts_rules(qtmodeltester: Any) -> None:
    table = confusion_table(few().confusion, WEATHER, ClassOrder.NAME)
    qtmodeltester.check(ConfusionModel(table, WEATHER))


def test_rows_are_what_the_pictures_are_and_columns_what_they_were_taken_for(qtbot: QtBot) -> None:
    view, _ = view_of(qtbot, few())
    grid = grid_of(view)
    assert names(grid, Qt.Orientation.Vertical) == ["cloudy", "rain", "shine"]
    assert names(grid, Qt.Orientation.Horizontal) == ["cloudy", "rain", "shine", "sunrise"]
    index = grid.model().index(1, 0)
    assert index.data() == "2"
    assert index.data(CELL_ROLE) == ConfusionCell(1, 0, 2, pytest.approx(2 / 3))
    for role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
        words = str(index.data(role)).replace("\u00a0", " ")
        assert "rain taken for cloudy: 2 pictures, 66.7 % of rain" in words
    tip = grid.model().headerData(3, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "1 picture taken for sunrise" in tip


def test_a_click_on_a_cell_asks_for_its_pictures(qtbot: QtBot) -> None:
    view, asked = view_of(qtbot, few())
    grid = grid_of(view)
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(grid, 1, 0))
    assert asked == [([Path("/p/5.jpg"), Path("/p/6.jpg")], "rain taken for cloudy: 2 pictures")]
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(grid, 1, 2))
    assert len(asked) == 1  # there is nothing in this cell
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(grid, 0, 0))
    assert asked[1][1] == "cloudy recognised: 3 pictures"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_the_grid_is_walked_and_asked_by_keys(qtbot: QtBot, key: Qt.Key) -> None:
    view, asked = view_of(qtbot, few())
    grid = grid_of(view)
    grid.go_to(0, 0)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.keyClick(grid, key)
    assert asked == [([Path("/p/3.jpg")], "cloudy taken for rain: 1 picture")]


def test_the_classes_can_be_sorted_by_frequency(qtbot: QtBot) -> None:
    view, asked = view_of(qtbot, few())
    grid = grid_of(view)
    combo = view.findChild(QComboBox)
    assert combo.currentText() == "A\u2013Z"
    qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert names(grid, Qt.Orientation.Horizontal) == ["shine", "cloudy", "rain", "sunrise"]
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(grid, 0, 3))
    assert asked == [([Path("/p/11.jpg")], "shine taken for sunrise: 1 picture")]


def test_the_tiles_have_the_colours_of_their_shares(qtbot: QtBot) -> None:
    view, _ = view_of(qtbot, few())
    grid = grid_of(view)
    image = grid.viewport().grab().toImage()
    for row, column, share in ((0, 0, 0.75), (1, 0, 2 / 3), (2, 3, 0.2), (2, 0, 0.0)):
        corner = grid.visualRect(grid.model().index(row, column)).topLeft() + QPoint(4, 4)
        assert image.pixelColor(corner) == heat_colour(share, grid.palette())


def test_all_tiles_are_seen_and_no_name_is_cut_while_there_is_room(qtbot: QtBot) -> None:
    view, _ = view_of(qtbot, few())
    grid = grid_of(view)
    assert not grid.horizontalScrollBar().isVisible()
    assert not grid.verticalScrollBar().isVisible()
    for header, name in ((grid.verticalHeader(), "cloudy"), (grid.horizontalHeader(), "sunrise")):
        width = header.width() if header is grid.verticalHeader() else header.sectionSize(3)
        assert width > header.fontMetrics().horizontalAdvance(name) + 8


def test_many_classes_have_a_list_of_pairs_and_a_picture(qtbot: QtBot) -> None:
    view, asked = view_of(qtbot, many())
    assert view.grid is None
    pairs = view.findChild(FigureTable)
    assert [row.texts[:3] for row in pairs.figures.rows[:2]] == [
        ("class 00", "class 02", "1"),
        ("class 03", "class 05", "1"),
    ]
    assert len(pairs.figures.rows) == len(range(0, MANY, 3))
    pairs.setCurrentIndex(pairs.model().index(1, 0))
    qtbot.keyClick(pairs, Qt.Key.Key_Return)
    assert asked == [([Path("/p/3b.jpg")], "class 03 taken for class 05: 1 picture")]


def test_a_click_into_the_picture_asks_for_the_nearest_pictures(qtbot: QtBot) -> None:
    view, asked = view_of(qtbot, many())
    picture = map_of(view)
    step = (min(picture.width(), picture.height()) - 2) / MANY
    spot = QPointF(1 + 5.5 * step, 1 + 3.5 * step)  # column 5, row 3
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=(spot + QPointF(2, 2)).toPoint())
    assert asked == [([Path("/p/3b.jpg")], "class 03 taken for class 05: 1 picture")]
    far_from_all = QPoint(picture.width() - 30, 30)
    assert picture.cell_at(QPointF(far_from_all)) is None
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=far_from_all)
    assert len(asked) == 1


def test_the_picture_is_walked_by_keys_and_says_where_it_is(qtbot: QtBot) -> None:
    view, asked = view_of(qtbot, many())
    picture = map_of(view)
    qtbot.keyClick(picture, Qt.Key.Key_Return)
    assert asked == []  # nowhere yet
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(picture, key)
    assert picture.current is not None
    assert (picture.current.true, picture.current.predicted) == (1, 1)
    qtbot.keyClick(picture, Qt.Key.Key_Left)
    assert (picture.current.true, picture.current.predicted) == (0, 2)
    assert "class 00 taken for class 02: 1 picture" in picture.accessibleDescription()
    qtbot.keyClick(picture, Qt.Key.Key_Space)
    assert asked == [([Path("/p/0b.jpg")], "class 00 taken for class 02: 1 picture")]


def test_the_pictures_diagonal_is_drawn(qtbot: QtBot) -> None:
    view, _ = view_of(qtbot, many())
    picture = map_of(view)
    image = picture.grab().toImage()
    side = min(picture.width(), picture.height()) - 2
    middle = 1 + round((20 + 0.5) * side / MANY)
    assert image.pixelColor(middle, middle) == heat_colour(1.0, picture.palette())
    assert image.pixelColor(side - 20, 20) == heat_colour(0.0, picture.palette())
