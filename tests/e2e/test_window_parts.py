"""The window as a person meets it: drops, keys, panels, states that come back, both schemes, sharp at every ratio."""

from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QAccessible, QColor, QDragLeaveEvent, QGuiApplication, QImage, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot
from window_desk import FakeFactory, MakeWindow, drag_enter_event, drop, wait_done

from gui.main_window import MainWindow
from gui.results_order import SortKey
from gui.settings import Settings


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    colours = enumerate(COLOURS.items(), start=1)
    return [write_picture(tmp_path / "pictures" / f"{i} {name}.png", colour) for i, (name, colour) in colours]


def drag_in(window: MainWindow, mime: QMimeData) -> bool:
    event = drag_enter_event(QPoint(50, 50), mime)
    event.ignore()
    QApplication.sendEvent(window, event)
    return event.isAccepted()


def test_dragging_names_what_a_drop_will_do_and_reads_nothing(window: MainWindow) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(f"/no/such/{i}.jpg") for i in range(37)])
    assert drag_in(window, mime)
    assert window.overlay.isVisible()
    assert "37" in window.overlay.text
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.overlay.isVisible()
    assert window.results.counts().total == 0


def test_dragging_something_else_is_refused(window: MainWindow) -> None:
    mime = QMimeData()
    mime.setData("application/x-other", b"x")
    assert not drag_in(window, mime)
    assert not window.overlay.isVisible()


def test_a_folder_is_dropped_with_its_subfolders_and_the_rest_is_counted(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    write_picture(pictures[0].parent / "deep" / "red.png")
    (pictures[0].parent / "notes.txt").write_text("no picture")
    drop(window, [pictures[0].parent])
    wait_done(qtbot, window, 4)
    assert window.messages.shown is not None
    assert "1 other file" in window.messages.shown.text


def test_subfolders_can_be_left_out(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    write_picture(pictures[0].parent / "deep" / "red.png")
    window.folders.include_subfolders = False
    window.folders.folder_opened.emit(pictures[0].parent)
    wait_done(qtbot, window, 3)


def test_pasting_takes_files_paths_as_text_and_a_copied_picture(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    clipboard = QGuiApplication.clipboard()
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(pictures[0]))])
    clipboard.setMimeData(files)
    window.actions_by_name["paste"].trigger()
    wait_done(qtbot, window, 1)
    clipboard.setText(f"{pictures[1]}\n{pictures[2]}")
    window.actions_by_name["paste"].trigger()
    wait_done(qtbot, window, 3)
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(QColor(*COLOURS["green"]))
    clipboard.setImage(image)
    window.actions_by_name["paste"].trigger()
    wait_done(qtbot, window, 4)
    assert window.results.results()[-1].predictions[0].label == "green"
    assert window.results.paths()[-1].parent.name == "pasted"
    clipboard.setText("nothing of use")
    window.actions_by_name["paste"].trigger()
    assert window.messages.shown is not None
    assert "clipboard" in window.messages.shown.text


def test_rows_are_copied_as_text_and_removed_without_touching_files(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    window.view.selectRow(1)
    window.actions_by_name["copy"].trigger()
    text = QGuiApplication.clipboard().text()
    cells = text.split("\t")
    assert cells[0] == str(pictures[1])
    assert "green" in cells
    window.actions_by_name["remove"].trigger()
    assert window.results.paths() == [pictures[0], pictures[2]]
    assert pictures[1].is_file()
    drop(window, [pictures[1]])
    wait_done(qtbot, window, 3)
    window.actions_by_name["select_all"].trigger()
    window.actions_by_name["remove"].trigger()
    assert window.results.counts().total == 0
    assert window.pages.currentWidget() is window.empty


def test_sorting_and_filtering_happen_in_one_step_and_count(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    window.filter_bar.set_sort(SortKey.LABEL, False)
    order = [pictures[2], pictures[1], pictures[0]]
    qtbot.waitUntil(lambda: [window.results.path_at(row) for row in range(3)] == order)
    window.filter_bar._text.setText("gre")
    window.filter_bar._minimum.setValue(50)
    qtbot.waitUntil(lambda: window.results.counts().visible == 1)
    assert window.results.path_at(0) == pictures[1]
    window.filter_bar._text.setText("zebra")
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.empty)
    window.empty.clear_filter.emit()
    qtbot.waitUntil(lambda: window.results.counts().visible == 3)


def test_the_chosen_picture_is_shown_with_its_facts(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    with qtbot.waitSignal(window.view.current_path_changed):
        window.view.selectRow(2)
    assert window.view.current_path() == pictures[2]
    qtbot.waitUntil(lambda: window.thumbnails.request(pictures[2], 1024) is not None)


def test_the_first_picture_is_chosen_by_itself(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    assert window.view.current_path() == pictures[0]


def test_window_and_column_states_come_back(qtbot: QtBot, make_window: MakeWindow, settings: Settings) -> None:
    first = make_window()
    first.resize(790, 555)  # the offscreen screen has 800 x 800 pixels
    first.columns.setSizes([200, 330, 260])
    first.view.setColumnWidth(0, 221)
    size = first.size()
    first.classify.choose_weights("weather-lite2")
    sizes = first.columns.sizes()
    first.close()
    second = make_window()
    assert second.size() == size != MainWindow.sizeHint(second)
    assert second.columns.sizes() == sizes
    assert second.view.columnWidth(0) == 221
    assert second.classify.weights_id == "weather-lite2"


def test_a_set_that_has_gone_is_not_begun_with(make_window: MakeWindow, settings: Settings) -> None:
    settings.last_weights = "gone"
    assert make_window().classify.weights_id == "imagenet-lite2"


def test_every_control_has_an_accessible_name(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractItemView)
    controls = [child for kind in kinds for child in window.findChildren(kind) if child.isVisibleTo(window)]
    assert len(controls) > 10
    nameless = [
        f"{type(control).__name__} in {type(control.parentWidget()).__name__}"
        for control in controls
        if not _name_of(control) and not _is_part_of_a_control(control)
    ]
    assert nameless == []


def _is_part_of_a_control(widget: QWidget) -> bool:
    """Qt makes a line edit inside each spin box, and a button in a table's corner, which is off here."""
    parent = widget.parentWidget()
    return isinstance(parent, QAbstractSpinBox) or (isinstance(parent, QAbstractItemView) and not widget.isEnabled())


def _name_of(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name)


def test_everything_can_be_reached_by_tab(qtbot: QtBot, window: MainWindow, pictures: list[Path]) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    reached = set()
    widget: QWidget | None = window.nextInFocusChain()
    while widget is not None and widget not in reached:
        reached.add(widget)
        widget = widget.nextInFocusChain()
    wanted = [window.view, window.filter_bar._text, *window.weights_panel.findChildren(QComboBox)]
    for control in wanted:
        assert control in reached
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_keys_are_the_standard_ones(window: MainWindow) -> None:
    keys = {
        "open_images": "Ctrl+O",
        "open_folder": "Ctrl+Shift+O",
        "paste": "Ctrl+V",
        "export": "Ctrl+E",
        "find": "Ctrl+F",
        "stop": "Esc",
        "remove": "Del",
        "copy": "Ctrl+C",
        "select_all": "Ctrl+A",
    }
    assert {name: window.actions_by_name[name].shortcut().toString() for name in keys} == keys


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_paint_readable_rows(qtbot: QtBot, window: MainWindow, pictures: list[Path], scheme: str) -> None:
    palette = QPalette(QColor("#2b2b2b") if scheme == "dark" else QColor("#f0f0f0"))
    window.setPalette(palette)
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    shot = window.view.grab().toImage()
    base = window.view.palette().base().color().lightness()
    lightness = {shot.pixelColor(x, y).lightness() for x in range(0, shot.width(), 3) for y in range(0, 200, 3)}
    assert max(abs(value - base) for value in lightness) > 100


def test_a_swap_by_keyboard_and_the_device_choice_reach_the_engine(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    window.weights_panel.device_chosen.emit("cpu")
    drop(window, [write_picture(pictures[0].with_name("more.png"))])
    wait_done(qtbot, window, 4)
    assert window.settings.device == "cpu"
    assert factory.loaded == ["imagenet-lite2", "imagenet-lite2"]


def test_arrow_keys_in_the_large_view_go_through_the_list(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    window.view.large_view_requested.emit(pictures[0])
    window.detail.step_requested.emit(1)
    assert window.view.current_path() == pictures[1]
    window.detail.step_requested.emit(1)
    window.detail.step_requested.emit(1)
    assert window.view.current_path() == pictures[2]
    window.detail.close_large()


def test_a_higher_limit_lets_a_refused_picture_through(
    qtbot: QtBot, window: MainWindow, settings: Settings, tmp_path: Path
) -> None:
    settings.pixel_limit_mp = 1
    window.commands.apply_settings()
    large = write_picture(tmp_path / "large.png", COLOURS["blue"], (1200, 1000))
    drop(window, [large])
    wait_done(qtbot, window, 1)
    problem = window.results.results()[0].problem
    assert problem is not None
    assert problem.code == "image-too-large"
    settings.pixel_limit_mp = 2
    window.commands.apply_settings()
    window.commands.retry([large])
    wait_done(qtbot, window, 1)
    assert window.results.results()[0].predictions[0].label == "blue"
