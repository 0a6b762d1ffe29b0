"""A row of the weights panel shows its state and offers what fits it."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QPalette
from PySide6.QtWidgets import QApplication, QMenu, QProgressBar, QPushButton, QToolButton
from pytestqt.qtbot import QtBot
from weights_makers import built_in, damaged, entry, imported, to_fetch, weight_set

from gui.theme import contrast
from gui.toned_label import Tone, TonedLabel
from gui.weights_row import WeightsRow
from model.types import CatalogueEntry, DownloadProgress, WeightsState

MakeRow = Callable[[CatalogueEntry], WeightsRow]


@pytest.fixture
def make_row(qtbot: QtBot) -> MakeRow:
    def make(shown: CatalogueEntry) -> WeightsRow:
        row = WeightsRow(shown)
        qtbot.addWidget(row)
        row.resize(280, row.sizeHint().height())
        row.show()
        return row

    return make


def words(row: WeightsRow) -> str:
    labels = [label.text() for label in row.findChildren(TonedLabel) if label.isVisible()]
    return "\n".join(labels).replace("\N{NO-BREAK SPACE}", " ")


def fetch_button(row: WeightsRow) -> QPushButton:
    return row.findChildren(QPushButton)[0]


def cancel_button(row: WeightsRow) -> QToolButton:
    return next(button for button in row.findChildren(QToolButton) if button.accessibleName().startswith("Stop"))


def menu(row: WeightsRow) -> dict[str, QAction]:
    found = row.findChildren(QMenu)[0]
    found.aboutToShow.emit()
    actions = [action for action in found.actions() if action.isVisible() and not action.isSeparator()]
    return {action.text().split(" ")[0].rstrip("…"): action for action in actions}


def test_a_set_on_this_computer_can_be_chosen(make_row: MakeRow, qtbot: QtBot) -> None:
    row = make_row(entry("a"))
    assert "on this computer" in words(row)
    assert "80.9 % top-1, published" in words(row)
    assert "on ImageNet-1K validation" in words(row)
    assert not fetch_button(row).isVisible()
    with qtbot.waitSignal(row.chosen) as chosen:
        row.radio.click()
    assert chosen.args == ["a"]


def test_a_click_on_the_words_chooses_too(make_row: MakeRow, qtbot: QtBot) -> None:
    row = make_row(entry("a"))
    label = next(label for label in row.findChildren(TonedLabel) if "top-1" in label.text())
    with qtbot.waitSignal(row.chosen):
        qtbot.mouseClick(label, Qt.MouseButton.LeftButton)
    with qtbot.assertNotEmitted(row.chosen):
        qtbot.mouseClick(label, Qt.MouseButton.RightButton)


def test_a_set_to_be_fetched_cannot_be_chosen_only_fetched(make_row: MakeRow, qtbot: QtBot) -> None:
    row = make_row(to_fetch("a"))
    assert not row.radio.isEnabled()
    assert "to be fetched" in words(row)
    with qtbot.assertNotEmitted(row.chosen), qtbot.assertNotEmitted(row.fetch_requested):
        qtbot.mouseClick(row.radio, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(60, row.height() // 2))
    with qtbot.waitSignal(row.fetch_requested) as fetched:
        qtbot.mouseClick(fetch_button(row), Qt.MouseButton.LeftButton)
    assert fetched.args == ["a"]


def test_the_title_of_a_set_to_be_fetched_can_still_be_read(make_row: MakeRow) -> None:
    row = make_row(to_fetch("a"))
    palette = QPalette()
    for window, text in (("#efefef", "#000000"), ("#323232", "#f0f0f0")):
        palette.setColor(QPalette.ColorRole.Window, QColor(window))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
        row.setPalette(palette)
        shown = row.radio.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
        assert contrast(shown, QColor(window)) >= 4.5


def test_progress_is_in_the_row_and_can_be_stopped(make_row: MakeRow, qtbot: QtBot) -> None:
    row = make_row(to_fetch("a"))
    row.show_progress(DownloadProgress(51_270_208, 102_540_417, 35.0))
    assert row.fetching
    assert "51 MB of 103 MB · 35 s left" in words(row)
    assert row.findChild(QProgressBar).isVisible()
    assert row.findChild(QProgressBar).value() == 500
    assert not fetch_button(row).isVisible()
    with qtbot.waitSignal(row.cancel_fetch_requested) as cancelled:
        qtbot.mouseClick(cancel_button(row), Qt.MouseButton.LeftButton)
    assert cancelled.args == ["a"]
    row.show_progress(None)
    assert not row.findChild(QProgressBar).isVisible()
    assert fetch_button(row).isVisible()


def test_progress_survives_a_refresh_of_the_entry(make_row: MakeRow) -> None:
    row = make_row(to_fetch("a"))
    row.show_progress(DownloadProgress(1, 2, None))
    row.show_entry(to_fetch("a"))
    assert row.fetching
    assert row.findChild(QProgressBar).value() == 500
    assert not fetch_button(row).isVisible()


def test_a_fetch_of_unknown_length(make_row: MakeRow) -> None:
    row = make_row(to_fetch("a"))
    row.show_progress(DownloadProgress(41_000_000, None, None))
    assert "41 MB so far" in words(row)
    assert row.findChild(QProgressBar).maximum() == 0


def test_a_damaged_set_says_why_and_offers_to_fetch_again(make_row: MakeRow) -> None:
    row = make_row(damaged("a"))
    assert not row.radio.isEnabled()
    assert "damaged" in words(row)
    assert "it is broken" in words(row)
    note = next(label for label in row.findChildren(TonedLabel) if "it is broken" in label.text())
    assert note.tone is Tone.DANGER
    assert "some detail" in note.toolTip()
    assert fetch_button(row).text().startswith("Fetch again")


def test_assumed_preprocessing_is_noted(make_row: MakeRow) -> None:
    assert "preprocessing assumed" in words(make_row(imported("own")))
    assert "preprocessing assumed" not in words(make_row(imported("own", assumed=False)))


def test_loading_is_shown(make_row: MakeRow) -> None:
    row = make_row(entry("a"))
    row.set_loading(True)
    assert "loading…" in words(row)
    assert row.findChild(QProgressBar).isVisible()
    row.set_loading(False)
    assert "on this computer" in words(row)
    assert not row.findChild(QProgressBar).isVisible()


@pytest.mark.parametrize(
    ("shown", "offered", "refused"),
    [
        (entry("a"), {"Inspect", "Reveal", "Remove"}, set()),
        (built_in("a"), {"Inspect", "Reveal"}, set()),
        (to_fetch("a"), {"Fetch", "Import", "Inspect"}, {"Reveal", "Remove"}),
        (damaged("a"), {"Fetch", "Import", "Inspect", "Reveal", "Remove"}, set()),
        (imported("a"), {"Inspect", "Reveal", "Save", "Remove"}, set()),
        (entry(weight_set("a", place="resources"), WeightsState.BUILT_IN), {"Inspect", "Reveal", "Save"}, set()),
        (entry(weight_set("a", place="user"), WeightsState.DAMAGED), {"Inspect", "Reveal", "Remove"}, {"Save"}),
    ],
    ids=["here", "built in", "to fetch", "damaged", "own", "shipped", "own and damaged"],
)
def test_the_menu_offers_what_fits(
    make_row: MakeRow, shown: CatalogueEntry, offered: set[str], refused: set[str]
) -> None:
    row = make_row(shown)
    actions = menu(row)
    assert {name for name, action in actions.items() if action.isEnabled()} == offered
    assert {name for name, action in actions.items() if not action.isEnabled()} == refused


def test_each_action_asks_for_its_set(make_row: MakeRow, qtbot: QtBot) -> None:
    row = make_row(damaged("a"))
    asks = {
        "Fetch": row.fetch_requested,
        "Import": row.import_file_requested,
        "Inspect": row.inspect_requested,
        "Reveal": row.reveal_requested,
        "Remove": row.remove_requested,
    }
    for name, signal in asks.items():
        with qtbot.waitSignal(signal) as asked:
            menu(row)[name].trigger()
        assert asked.args == ["a"]
    own = make_row(imported("b"))
    with qtbot.waitSignal(own.save_requested) as asked:
        menu(own)["Save"].trigger()
    assert asked.args == ["b"]


def test_what_is_in_use_or_on_its_way_cannot_be_removed(make_row: MakeRow) -> None:
    row = make_row(entry("a"))
    assert menu(row)["Remove"].isEnabled()
    row.radio.setChecked(True)
    assert not menu(row)["Remove"].isEnabled()
    row.radio.setAutoExclusive(False)
    row.radio.setChecked(False)
    row.set_loading(True)
    assert not menu(row)["Remove"].isEnabled()


def test_a_fetch_under_way_is_not_started_again(make_row: MakeRow) -> None:
    row = make_row(to_fetch("a"))
    row.show_progress(DownloadProgress(1, 2, None))
    assert not menu(row)["Fetch"].isEnabled()
    assert not menu(row)["Import"].isEnabled()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_menu_comes_with_a_right_click(make_row: MakeRow, qtbot: QtBot) -> None:
    row = make_row(entry("a"))
    place = QPoint(30, 10)
    QApplication.sendEvent(row, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, row.mapToGlobal(place)))
    assert row.findChildren(QMenu)[0].isVisible()
    row.findChildren(QMenu)[0].hide()


def test_a_long_title_elides_with_a_tooltip_and_keeps_its_ampersand(make_row: MakeRow) -> None:
    title = "Fish & chips of the <b>seven</b> seas, the very long edition"
    row = make_row(entry(weight_set("a", title)))
    assert row.minimumSizeHint().width() <= 240
    assert row.radio.text().startswith("Fish && chips")
    assert row.radio.text().endswith("…")
    assert "&lt;b&gt;seven" in row.radio.toolTip()
    row.resize(900, row.height())
    assert row.radio.text() == title.replace("&", "&&")
    assert row.radio.toolTip() == ""


def test_every_control_has_a_name_that_says_of_which_set(make_row: MakeRow) -> None:
    row = make_row(to_fetch("a"))
    row.show_progress(DownloadProgress(1, 2, None))
    controls = [*row.findChildren(QPushButton), *row.findChildren(QToolButton), row.findChild(QProgressBar), row.radio]
    for control in controls:
        assert "The a set" in control.accessibleName()
    assert "to be fetched" in row.radio.accessibleName()
    assert "80.9" in row.radio.accessibleName()
