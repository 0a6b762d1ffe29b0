from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gui.filter_bar import FilterBar
from gui.results_order import OrderSpec, ResultFilter, SortKey, StatusFilter

# The offscreen platform says so of every window with a least size.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")

Control = TypeVar("Control", bound=QWidget)


@pytest.fixture
def bar(qtbot: QtBot) -> FilterBar:
    bar = FilterBar()
    qtbot.addWidget(bar)
    bar.show()
    return bar


@pytest.fixture
def heard(bar: FilterBar) -> list[OrderSpec]:
    specs: list[OrderSpec] = []
    bar.spec_changed.connect(specs.append)
    return specs


def control(bar: FilterBar, kind: type[Control], name: str) -> Control:
    (found,) = (widget for widget in bar.findChildren(kind) if widget.accessibleName() == name)
    return found


def choose(qtbot: QtBot, combo: QComboBox, word: str) -> None:
    combo.setFocus()
    while combo.currentText() != word:
        before = combo.currentIndex()
        qtbot.keyClick(combo, Qt.Key.Key_Down)
        assert combo.currentIndex() != before


def test_everything_together(bar: FilterBar, qtbot: QtBot) -> None:
    assert bar.spec() == OrderSpec()
    qtbot.keyClicks(control(bar, QLineEdit, "Filter by label"), " cat ")
    control(bar, QSpinBox, "Least probability, in percent").setValue(35)
    choose(qtbot, control(bar, QComboBox, "Filter by status"), "Unsure")
    choose(qtbot, control(bar, QComboBox, "Sort by"), "Name")
    control(bar, QToolButton, "Ascending").click()
    wanted = OrderSpec(SortKey.NAME, True, ResultFilter("cat", 0.35, StatusFilter.UNSURE))
    with qtbot.waitSignal(bar.spec_changed) as blocker:
        pass
    assert blocker.args == [wanted]
    assert bar.spec() == wanted


def test_typing_is_awaited(bar: FilterBar, heard: list[OrderSpec], qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.spec_changed):
        qtbot.keyClicks(control(bar, QLineEdit, "Filter by label"), "tabby")
    assert heard == [OrderSpec(filter=ResultFilter("tabby"))]


def test_what_was_undone_in_time_is_not_sent(bar: FilterBar, heard: list[OrderSpec], qtbot: QtBot) -> None:
    text = control(bar, QLineEdit, "Filter by label")
    qtbot.keyClicks(text, "a")
    qtbot.keyClick(text, Qt.Key.Key_Backspace)
    with qtbot.waitSignal(bar.spec_changed):
        bar.set_sort(SortKey.NAME, False)
    assert heard == [OrderSpec(SortKey.NAME)]


def test_return_filters_once_more(bar: FilterBar, heard: list[OrderSpec], qtbot: QtBot) -> None:
    text = control(bar, QLineEdit, "Filter by label")
    qtbot.keyClicks(text, "cat")
    qtbot.keyClick(text, Qt.Key.Key_Return)
    qtbot.keyClick(text, Qt.Key.Key_Return)
    assert heard == [OrderSpec(filter=ResultFilter("cat"))] * 2


def test_a_click_on_a_column_sets_the_sorting(bar: FilterBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.spec_changed) as blocker:
        bar.set_sort(SortKey.LABEL, True)
    assert blocker.args == [OrderSpec(SortKey.LABEL, True)]
    assert control(bar, QComboBox, "Sort by").currentText() == "Label"
    assert control(bar, QToolButton, "Descending").isChecked()


def test_the_most_probable_come_first_when_sorting_by_probability(bar: FilterBar, qtbot: QtBot) -> None:
    combo = control(bar, QComboBox, "Sort by")
    choose(qtbot, combo, "Probability")
    assert bar.spec().descending
    qtbot.keyClick(combo, Qt.Key.Key_Up)
    assert bar.spec() == OrderSpec(SortKey.LABEL, False)


def test_clearing_keeps_the_sorting_and_takes_effect_at_once(
    bar: FilterBar, heard: list[OrderSpec], qtbot: QtBot
) -> None:
    with qtbot.waitSignal(bar.spec_changed):
        bar.set_sort(SortKey.NAME, True)
        qtbot.keyClicks(control(bar, QLineEdit, "Filter by label"), "cat")
        control(bar, QSpinBox, "Least probability, in percent").setValue(50)
        choose(qtbot, control(bar, QComboBox, "Filter by status"), "Errors")
    bar.clear()
    assert heard[-1] == OrderSpec(SortKey.NAME, True)
    bar.clear()
    assert len(heard) == 2


def test_focus(bar: FilterBar, qtbot: QtBot) -> None:
    text = control(bar, QLineEdit, "Filter by label")
    qtbot.keyClicks(text, "cat")
    control(bar, QComboBox, "Sort by").setFocus()
    bar.focus_filter()
    assert text.selectedText() == "cat"
    assert bar.focusWidget() is text


@pytest.mark.parametrize(
    ("visible", "total", "words"),
    [(37, 1000, "37 of 1000"), (1000, 1000, "1000 pictures"), (1, 1, "1 picture"), (0, 5, "0 of 5")],
)
def test_the_filters_count(bar: FilterBar, visible: int, total: int, words: str) -> None:
    bar.set_counts(visible, total)
    assert control(bar, QLabel, "Pictures shown").text().replace(",", "") == words


def test_it_is_told_what_unsure_means(bar: FilterBar) -> None:
    combo = control(bar, QComboBox, "Filter by status")
    tips = {combo.itemText(place): combo.itemData(place, Qt.ItemDataRole.ToolTipRole) for place in range(combo.count())}
    assert "not like those that the weights were trained on" in tips["Unsure"]
    assert tips["Done"] is None


def test_every_control_has_a_name_and_can_be_reached_by_key(bar: FilterBar) -> None:
    for kind in (QLineEdit, QSpinBox, QComboBox, QToolButton):
        for widget in bar.findChildren(kind):
            if isinstance(widget.parent(), FilterBar):
                assert widget.accessibleName()
                assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_zero_percent_reads_as_no_limit(bar: FilterBar) -> None:
    spin = control(bar, QSpinBox, "Least probability, in percent")
    assert spin.text() == "any probability"
    spin.setValue(50)
    assert spin.text() == "at least 50\N{NO-BREAK SPACE}%"


CHOSEN = frozenset({"/pictures/a.jpg"})


def test_pictures_chosen_elsewhere_are_shown_alone(bar: FilterBar, heard: list[OrderSpec], qtbot: QtBot) -> None:
    bar.set_sort(SortKey.NAME, True)
    qtbot.keyClicks(control(bar, QLineEdit, "Filter by label"), "cat")
    height = bar.sizeHint().height()
    bar.show_only(CHOSEN, "cloudy taken for rain: 1 picture")
    assert heard == [OrderSpec(SortKey.NAME, True, ResultFilter(only=CHOSEN))]
    assert bar.title == "cloudy taken for rain: 1 picture"
    assert bar.sizeHint().height() > height
    qtbot.keyClicks(control(bar, QLineEdit, "Filter by label"), "dog")
    control(bar, QToolButton, "Show all pictures again").click()
    assert heard[1:] == [OrderSpec(SortKey.NAME, True, ResultFilter("dog"))]
    assert bar.title == ""
    assert bar.sizeHint().height() == height


def test_clearing_the_filter_shows_all_again(bar: FilterBar, heard: list[OrderSpec]) -> None:
    bar.show_only(CHOSEN, "1 picture")
    bar.clear()
    assert heard == [OrderSpec(filter=ResultFilter(only=CHOSEN)), OrderSpec()]
    assert bar.title == ""
