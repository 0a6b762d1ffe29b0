"""The weights panel shows what the catalogue says and chooses nothing by itself."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QScrollArea, QScrollBar, QToolButton
from pytestqt.qtbot import QtBot
from weights_makers import built_in, damaged, entry, imported, to_fetch

from gui.toned_label import TonedLabel
from gui.weights_panel import WeightsPanel
from gui.weights_row import WeightsRow
from model.types import DownloadProgress

ALL = [to_fetch("v2"), entry("v1"), built_in("lite"), damaged("old"), imported("own")]


@pytest.fixture
def panel(qtbot: QtBot) -> WeightsPanel:
    made = WeightsPanel()
    qtbot.addWidget(made)
    made.resize(280, 500)
    made.show()
    return made


def words(panel: WeightsPanel) -> list[str]:
    QApplication.processEvents()  # a layout shows what is added to it in the next turn of the loop
    return [label.text() for label in panel.findChildren(TonedLabel) if label.isVisible()]


def listed(panel: WeightsPanel) -> list[str]:
    rows = [row for row in panel.findChildren(WeightsRow) if row.isVisible()]
    return [row.weights_id for row in sorted(rows, key=lambda row: row.y())]


def test_it_begins_as_if_loading_and_says_when_there_is_nothing(panel: WeightsPanel) -> None:
    assert "Looking for weights…" in words(panel)
    panel.set_entries([])
    assert any("no weights here yet" in text for text in words(panel))
    panel.set_entries(ALL)
    assert not any("no weights" in text or "Looking" in text for text in words(panel))


def test_rows_come_in_the_catalogues_order_and_change_with_it(panel: WeightsPanel, qtbot: QtBot) -> None:
    panel.set_entries(ALL)
    qtbot.waitUntil(lambda: listed(panel) == ["v2", "v1", "lite", "old", "own"])
    panel.set_entries([imported("own"), entry("v2"), built_in("lite")])
    qtbot.waitUntil(lambda: listed(panel) == ["own", "v2", "lite"])
    assert panel.row("v2").radio.isEnabled()


def test_choosing_asks_and_the_answer_is_shown(panel: WeightsPanel, qtbot: QtBot) -> None:
    panel.set_entries(ALL)
    panel.set_active("lite")
    with qtbot.waitSignal(panel.weights_chosen) as chosen:
        panel.row("v1").radio.click()
    assert chosen.args == ["v1"]
    assert panel.active == "lite"
    panel.set_active("v1")
    assert panel.row("v1").radio.isChecked()
    assert not panel.row("lite").radio.isChecked()


def test_a_refused_choice_goes_back(panel: WeightsPanel) -> None:
    panel.set_entries(ALL)
    panel.set_active("lite")
    panel.row("v1").radio.click()
    panel.set_active("lite")
    assert panel.row("lite").radio.isChecked()
    assert not panel.row("v1").radio.isChecked()


def test_showing_the_active_set_emits_nothing(panel: WeightsPanel, qtbot: QtBot) -> None:
    panel.set_entries(ALL)
    with qtbot.assertNotEmitted(panel.weights_chosen):
        panel.set_active("lite")
        panel.set_active("v1")
        panel.set_active("")
        panel.set_entries(ALL)
        panel.set_active("lite")
        panel.row("lite").radio.click()


def test_an_unknown_id_leaves_none_chosen(panel: WeightsPanel) -> None:
    panel.set_entries(ALL)
    panel.set_active("lite")
    panel.set_active("no-such-set")
    assert not any(panel.row(shown.weights.id).radio.isChecked() for shown in ALL)
    panel.set_active("v1")
    assert panel.row("v1").radio.isChecked()


def test_the_active_set_may_be_told_before_the_sets_are(panel: WeightsPanel) -> None:
    panel.set_active("lite")
    panel.set_loading("lite")
    panel.set_entries(ALL)
    assert panel.row("lite").radio.isChecked()
    assert any("loading" in text for text in words(panel))


def test_only_one_row_is_chosen_at_a_time(panel: WeightsPanel) -> None:
    panel.set_entries(ALL)
    panel.set_active("lite")
    panel.row("own").radio.click()
    assert [shown.weights.id for shown in ALL if panel.row(shown.weights.id).radio.isChecked()] == ["own"]


def test_the_rows_questions_are_passed_on(panel: WeightsPanel, qtbot: QtBot) -> None:
    panel.set_entries(ALL)
    row = panel.row("v2")
    for inner, outer in (
        (row.fetch_requested, panel.fetch_requested),
        (row.cancel_fetch_requested, panel.cancel_fetch_requested),
        (row.import_file_requested, panel.import_file_requested),
        (row.inspect_requested, panel.inspect_requested),
        (row.reveal_requested, panel.reveal_requested),
        (row.remove_requested, panel.remove_requested),
    ):
        with qtbot.waitSignal(outer) as asked:
            inner.emit("v2")
        assert asked.args == ["v2"]


def test_progress_goes_to_its_row_and_ends(panel: WeightsPanel) -> None:
    panel.set_entries(ALL)
    panel.show_progress("v2", DownloadProgress(1_000_000, 2_000_000, None))
    assert panel.row("v2").fetching
    panel.set_entries(ALL)
    assert panel.row("v2").fetching
    panel.clear_progress("v2")
    assert not panel.row("v2").fetching
    panel.show_progress("gone", DownloadProgress(1, 2, None))
    panel.clear_progress("gone")


def test_loading_moves_from_row_to_row(panel: WeightsPanel) -> None:
    panel.set_entries(ALL)
    panel.set_loading("lite")
    assert any("loading" in text for text in words(panel))
    panel.set_loading(None)
    assert not any("loading" in text for text in words(panel))


def test_importing_is_asked_for(panel: WeightsPanel, qtbot: QtBot) -> None:
    button = next(button for button in panel.findChildren(QPushButton) if "Import" in button.text())
    with qtbot.waitSignal(panel.import_requested):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_devices(panel: WeightsPanel, qtbot: QtBot) -> None:
    combo = panel.findChild(QComboBox)
    with qtbot.assertNotEmitted(panel.device_chosen):
        panel.set_devices([("auto", "Automatic (GPU)"), ("cuda", "GPU"), ("cpu", "CPU")], "cpu")
        panel.set_device_in_use("CPU")
    assert combo.currentText() == "CPU"
    assert "In use: CPU" in words(panel)
    with qtbot.waitSignal(panel.device_chosen) as chosen:
        combo.setFocus()
        qtbot.keyClick(combo, Qt.Key.Key_Up)
    assert chosen.args == ["cuda"]
    panel.set_devices([("auto", "Automatic")], "mps")
    assert combo.currentData() == "mps"


def test_many_sets_scroll_and_nothing_is_wider_than_the_column(panel: WeightsPanel, qtbot: QtBot) -> None:
    panel.set_entries([entry(f"a-set-with-quite-a-long-title-{number}" * 2) for number in range(12)])
    area = panel.findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    assert panel.minimumSizeHint().width() <= 240
    assert area.widget().width() <= area.viewport().width()


def test_the_place_scrolled_to_survives_a_refresh(panel: WeightsPanel, qtbot: QtBot) -> None:
    many = [entry(f"set-{number}") for number in range(12)]
    panel.set_entries(many)
    bar: QScrollBar = panel.findChild(QScrollArea).verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 200)
    bar.setValue(150)
    panel.set_entries(many)
    panel.grab()
    assert bar.value() == 150


def test_the_keyboard_reaches_everything_in_order(panel: WeightsPanel, qtbot: QtBot) -> None:
    panel.set_entries([entry("later"), to_fetch("first")])
    panel.set_entries([to_fetch("first"), entry("later")])
    panel.set_active("later")
    qtbot.waitUntil(lambda: panel.row("first").y() < panel.row("later").y())
    panel.activateWindow()
    panel.row("first").findChildren(QToolButton)[0].setFocus()
    seen = []
    for _ in range(6):
        focused = panel.focusWidget()
        seen.append(focused.accessibleName().split(",")[0])
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert seen[0] == "More about The first set"
    assert seen[1].startswith("Fetch")
    assert seen[2:] == ["The later set", "More about The later set", "Import weights from a file", "Device"]
