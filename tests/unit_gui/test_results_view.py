from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QHeaderView, QMenu
from pytestqt.qtbot import QtBot
from result_makers import CAT, WEIGHTS, model_of, names_in, picture, put_in_order, result

from gui.result_delegate import pixels_side, row_height
from gui.results_model import ResultsModel
from gui.results_order import OrderSpec, ResultFilter, SortKey
from gui.results_view import ResultsView
from gui.thumbnails import ThumbnailLoader

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")

Views = Callable[..., ResultsView]
NAMES = ("c.jpg", "a.jpg", "b.jpg", "e.jpg", "d.jpg")
Key = Qt.Key


class CountingModel(ResultsModel):
    """Counts how often Qt asks for a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        self.asked += 1
        return super().flags(index)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        self.asked += 1
        return super().data(index, role)


class CountingLoader(ThumbnailLoader):
    """Counts which pictures are painted; loads none."""

    def __init__(self) -> None:
        super().__init__(lambda _path, _side: pytest.fail("nothing is to be loaded"))
        self.painted: list[str] = []

    def request(self, path: Path, side: int) -> QImage | None:
        self.painted.append(path.name)
        return None


@pytest.fixture
def show(qtbot: QtBot) -> Views:
    def show(model: ResultsModel, thumbnails: ThumbnailLoader | None = None) -> ResultsView:
        view = ResultsView(model, thumbnails)
        view.model_kept = model  # type: ignore[attr-defined]
        qtbot.addWidget(view)
        view.resize(700, 600)
        with qtbot.waitExposed(view):
            view.show()
        return view

    return show


@pytest.fixture
def view(show: Views) -> ResultsView:
    return show(model_of(*NAMES))


def current_name(view: ResultsView) -> str | None:
    path = view.current_path()
    return None if path is None else path.name


def selected_names(view: ResultsView) -> list[str]:
    return [path.name for path in view.selected_paths()]


def select(view: ResultsView, *names: str) -> None:
    view.selectionModel().clear()
    for name in names:
        row = model_in(view).row_of(picture(name).path)
        assert row is not None
        flag = view.selectionModel().SelectionFlag
        view.selectionModel().setCurrentIndex(model_in(view).index(row, 0), flag.Select | flag.Rows)


def model_in(view: ResultsView) -> ResultsModel:
    model: QAbstractItemModel = view.model()
    assert isinstance(model, ResultsModel)
    return model


def test_all_rows_have_one_fixed_height(view: ResultsView) -> None:
    header = view.verticalHeader()
    assert header.sectionResizeMode(0) is QHeaderView.ResizeMode.Fixed
    assert {view.rowHeight(row) for row in range(5)} == {row_height(view.font())}
    model_in(view).apply([result("a.jpg")])
    assert {view.rowHeight(row) for row in range(5)} == {row_height(view.font())}


def test_rows_follow_the_systems_font(view: ResultsView) -> None:
    before = view.rowHeight(0)
    font = view.font()
    font.setPointSizeF(2 * font.pointSizeF())
    view.setFont(font)
    assert view.rowHeight(0) > before
    assert view.rowHeight(0) == row_height(font)


def test_a_hundred_thousand_rows_are_selected_painted_and_sorted_without_asking_for_each(
    show: Views, qtbot: QtBot
) -> None:
    model = CountingModel()
    model.add([picture(f"{number}.jpg") for number in range(100_000)])
    view = show(model)
    view.grab()
    model.asked = 0
    qtbot.keyClick(view, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    view.grab()
    assert len(view.selected_paths()) == 100_000
    put_in_order(model, OrderSpec(SortKey.NAME, True))
    view.grab()
    assert len(view.selected_rows()) == 100_000
    resized: list[int] = []
    view.verticalHeader().sectionResized.connect(lambda row: resized.append(row))
    font = view.font()
    font.setPointSizeF(2 * font.pointSizeF())
    view.setFont(font)
    assert len(resized) < 10, "rows were resized one by one"
    model.remove(view.selected_paths())
    assert model.rowCount() == 0
    assert model.asked < 3_000


def test_only_visible_rows_ask_for_pictures(show: Views) -> None:
    loader = CountingLoader()
    model = model_of(*(f"{number}.jpg" for number in range(1_000)))
    view = show(model, loader)
    view.grab()
    assert len(set(loader.painted)) <= 8


def test_a_picture_that_was_loaded_repaints_its_row_alone(show: Views, qtbot: QtBot) -> None:
    loader = CountingLoader()
    view = show(model_of(*NAMES), loader)
    qtbot.waitUntil(lambda: len(loader.painted) >= 5)
    QApplication.processEvents()
    loader.painted.clear()
    side = pixels_side(view.font(), view.viewport().devicePixelRatioF())
    loader.ready.emit(picture("b.jpg").path, 1024)
    loader.ready.emit(Path("/unknown.jpg"), side)
    QApplication.processEvents()
    assert loader.painted == []
    loader.ready.emit(picture("b.jpg").path, side)
    qtbot.waitUntil(lambda: bool(loader.painted))
    assert loader.painted == ["b.jpg"]


def test_selection_and_current_row_survive_sorting(view: ResultsView, qtbot: QtBot) -> None:
    select(view, "a.jpg", "e.jpg")
    with qtbot.assertNotEmitted(view.current_path_changed):
        put_in_order(model_in(view), OrderSpec(SortKey.NAME))
    assert names_in(model_in(view)) == sorted(NAMES)
    assert selected_names(view) == ["a.jpg", "e.jpg"]
    assert current_name(view) == "e.jpg"
    assert view.selected_rows().tolist() == [0, 4]


def test_everything_stays_selected_through_sorting(view: ResultsView) -> None:
    view.selectAll()
    put_in_order(model_in(view), OrderSpec(SortKey.NAME))
    assert selected_names(view) == sorted(NAMES)


def test_a_hidden_current_row_gives_way_to_the_nearest(view: ResultsView, qtbot: QtBot) -> None:
    model_in(view).apply([result("c.jpg"), result("e.jpg")])
    select(view, "b.jpg")
    with qtbot.waitSignal(view.current_path_changed) as blocker:
        put_in_order(model_in(view), OrderSpec(filter=ResultFilter("cat")))
    assert blocker.args == [picture("e.jpg").path]
    assert selected_names(view) == ["e.jpg"]


def test_what_stays_selected_is_not_disturbed_by_a_filter(view: ResultsView) -> None:
    model_in(view).apply([result("c.jpg"), result("e.jpg")])
    select(view, "c.jpg", "b.jpg")
    put_in_order(model_in(view), OrderSpec(filter=ResultFilter("cat")))
    assert selected_names(view) == ["c.jpg"]
    assert current_name(view) == "e.jpg"


def test_after_removal_the_next_row_is_chosen(view: ResultsView) -> None:
    select(view, "a.jpg", "b.jpg")
    model_in(view).remove(view.selected_paths())
    assert (current_name(view), selected_names(view)) == ("e.jpg", ["e.jpg"])
    select(view, "d.jpg")
    model_in(view).remove(view.selected_paths())
    assert (current_name(view), selected_names(view)) == ("e.jpg", ["e.jpg"])


def test_removing_a_row_that_is_not_chosen_changes_nothing(view: ResultsView, qtbot: QtBot) -> None:
    select(view, "b.jpg")
    with qtbot.assertNotEmitted(view.current_path_changed):
        model_in(view).remove([picture("c.jpg").path])
    assert (current_name(view), selected_names(view)) == ("b.jpg", ["b.jpg"])


def test_an_emptied_list_has_no_current_picture(view: ResultsView, qtbot: QtBot) -> None:
    select(view, "b.jpg")
    with qtbot.waitSignal(view.current_path_changed) as blocker:
        model_in(view).clear()
    assert blocker.args == [None]
    assert view.current_path() is None
    assert view.selected_paths() == []
    view.selectAll()
    model_in(view).add([picture("x.jpg")])
    select(view, "x.jpg")
    with qtbot.waitSignal(view.current_path_changed) as blocker:
        model_in(view).remove([picture("x.jpg").path])
    assert blocker.args == [None]


def test_keys(view: ResultsView, qtbot: QtBot) -> None:
    select(view, "a.jpg", "b.jpg")
    path = picture("b.jpg").path
    for key, signal, args in (
        (Key.Key_Space, view.large_view_requested, [path]),
        (Key.Key_Return, view.open_requested, [path]),
        (Key.Key_Enter, view.open_requested, [path]),
        (Key.Key_Delete, view.remove_requested, [[picture("a.jpg").path, path]]),
    ):
        with qtbot.waitSignal(signal) as blocker:
            qtbot.keyClick(view, key)
        assert blocker.args == args
    with qtbot.waitSignal(view.copy_requested):
        qtbot.keyClick(view, Key.Key_C, Qt.KeyboardModifier.ControlModifier)


def test_keys_do_nothing_without_rows(view: ResultsView, qtbot: QtBot) -> None:
    model_in(view).clear()
    for key, signal in (
        (Key.Key_Space, view.large_view_requested),
        (Key.Key_Return, view.open_requested),
        (Key.Key_Delete, view.remove_requested),
    ):
        with qtbot.assertNotEmitted(signal):
            qtbot.keyClick(view, key)
    qtbot.keyClicks(view, "a")


def test_moving_by_key(view: ResultsView, qtbot: QtBot) -> None:
    view.select_path(picture("a.jpg").path)
    for key, name in (
        (Key.Key_Down, "b.jpg"),
        (Key.Key_End, "d.jpg"),
        (Key.Key_Up, "e.jpg"),
        (Key.Key_Home, "c.jpg"),
    ):
        qtbot.keyClick(view, key)
        assert selected_names(view) == [name] == [current_name(view)]
    qtbot.keyClick(view, Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert len(view.selected_paths()) == 5


def test_typing_goes_to_a_name(show: Views, qtbot: QtBot) -> None:
    view = show(model_of("cat.jpg", "dog 2.jpg", "Dog 10.jpg", "bee.jpg"))
    qtbot.keyClicks(view, "dog 1")
    assert current_name(view) == "Dog 10.jpg"


def test_a_double_click_opens(view: ResultsView, qtbot: QtBot) -> None:
    place = view.visualRect(model_in(view).index(1, 1)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    with qtbot.waitSignal(view.open_requested) as blocker:
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert blocker.args == [picture("a.jpg").path]
    assert view.selected_rows().tolist() == [1]


def test_select_path(view: ResultsView) -> None:
    assert view.select_path(picture("e.jpg").path)
    assert selected_names(view) == ["e.jpg"]
    assert not view.select_path(Path("/unknown.jpg"))
    assert current_name(view) == "e.jpg"


@pytest.mark.parametrize(
    ("words", "signal", "args"),
    [
        ("Open in the system's viewer", "open_requested", [picture("b.jpg").path]),
        ("Show large", "large_view_requested", [picture("b.jpg").path]),
        ("Show in the file manager", "reveal_requested", [picture("b.jpg").path]),
        ("Copy", "copy_requested", []),
        ("Classify again", "retry_requested", [[picture("a.jpg").path, picture("b.jpg").path]]),
        ("Remove from the list", "remove_requested", [[picture("a.jpg").path, picture("b.jpg").path]]),
    ],
)
def test_the_menu(view: ResultsView, qtbot: QtBot, words: str, signal: str, args: list[object]) -> None:
    select(view, "a.jpg", "b.jpg")
    menu = view.make_menu()
    (action,) = (action for action in menu.actions() if action.text() == words)
    with qtbot.waitSignal(getattr(view, signal)) as blocker:
        action.trigger()
    assert blocker.args == args


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
@pytest.mark.parametrize("reason", [QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard])
def test_the_menu_opens_where_rows_are_chosen(
    view: ResultsView, qtbot: QtBot, reason: QContextMenuEvent.Reason
) -> None:
    place = QPoint(20, 20)
    event = QContextMenuEvent(reason, place, view.viewport().mapToGlobal(place))
    view.contextMenuEvent(event)
    assert view.findChildren(QMenu) == []
    select(view, "a.jpg")
    view.contextMenuEvent(event)
    (menu,) = view.findChildren(QMenu)
    assert menu.isVisible()
    menu.close()
    qtbot.waitUntil(lambda: view.findChildren(QMenu) == [])


def click_title(view: ResultsView, qtbot: QtBot, column: int) -> list[object]:
    titles = view.horizontalHeader()
    place = QPoint(titles.sectionViewportPosition(column) + titles.sectionSize(column) // 2, titles.height() // 2)
    with qtbot.waitSignal(view.sort_requested) as blocker:
        qtbot.mouseClick(titles.viewport(), Qt.MouseButton.LeftButton, pos=place)
    return list(blocker.args or [])


def test_titles_ask_for_sorting_and_show_what_is_sorted(view: ResultsView, qtbot: QtBot) -> None:
    titles = view.horizontalHeader()
    assert titles.sortIndicatorSection() == -1
    assert click_title(view, qtbot, 0) == [SortKey.NAME, False]
    assert titles.sortIndicatorSection() == -1, "the arrow came before the rows were sorted"
    put_in_order(model_in(view), OrderSpec(SortKey.NAME))
    assert (titles.sortIndicatorSection(), titles.sortIndicatorOrder()) == (0, Qt.SortOrder.AscendingOrder)
    assert click_title(view, qtbot, 0) == [SortKey.NAME, True]
    assert click_title(view, qtbot, 1) == [SortKey.LABEL, False]
    assert click_title(view, qtbot, 2) == [SortKey.STATUS, False]
    put_in_order(model_in(view), OrderSpec(SortKey.PROBABILITY, True))
    assert (titles.sortIndicatorSection(), titles.sortIndicatorOrder()) == (1, Qt.SortOrder.DescendingOrder)
    assert click_title(view, qtbot, 1) == [SortKey.PROBABILITY, False]


def test_a_new_order_is_shown_from_its_top_but_the_same_order_again_moves_nothing(show: Views) -> None:
    model = model_of(*(f"{number}.jpg" for number in range(100)))
    view = show(model)
    view.verticalScrollBar().setValue(500)
    put_in_order(model, OrderSpec(SortKey.NAME, True))
    assert view.verticalScrollBar().value() == 0
    view.verticalScrollBar().setValue(500)
    put_in_order(model, OrderSpec(SortKey.NAME, True))
    assert view.verticalScrollBar().value() == 500


def test_results_do_not_move_the_rows_on_screen(show: Views) -> None:
    names = [f"{number}.jpg" for number in range(100)]
    model = model_of(*names)
    view = show(model)
    view.verticalScrollBar().setValue(500)
    model.apply([result(name, CAT) for name in names])
    model.set_active_weights("", None)
    model.set_active_weights(WEIGHTS, None)
    model.add([picture("new.jpg")])
    assert view.verticalScrollBar().value() == 500


def test_widths_come_back(view: ResultsView, show: Views) -> None:
    view.setColumnWidth(0, 333)
    view.setColumnWidth(2, 144)
    state = view.save_state()
    other = show(model_of("a.jpg"))
    put_in_order(model_in(other), OrderSpec(SortKey.NAME, True))
    assert other.restore_state(state)
    assert (other.columnWidth(0), other.columnWidth(2)) == (333, 144)
    assert other.horizontalHeader().sortIndicatorSection() == 0


def test_the_labels_take_the_room_that_is_left(view: ResultsView) -> None:
    before = view.columnWidth(1)
    view.resize(view.width() + 200, view.height())
    assert view.columnWidth(1) == before + 200


def test_tab_leaves_the_table_which_has_a_name_and_selected_rows_are_ascending(view: ResultsView) -> None:
    assert not view.tabKeyNavigation()
    assert view.accessibleName() == "Results"
    select(view, "d.jpg", "a.jpg", "c.jpg")
    assert view.selected_rows().tolist() == [0, 1, 4]


def test_it_tells_what_is_looked_at_the_current_picture_first(view: ResultsView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.looked_at) as told:
        assert view.select_path(model_in(view).path_at(2))
    assert told.args == [[model_in(view).path_at(2), *view.visible_paths()]]
    assert view.visible_paths()[0] == model_in(view).path_at(view.rowAt(0))
