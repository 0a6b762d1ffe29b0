"""The settings dialog writes what was accepted and nothing else."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDialogButtonBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from gui.settings import Settings
from gui.settings_dialog import SettingsDialog


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    kept = Settings.in_folder(tmp_path)
    kept.pixel_limit_mp = 100
    kept.batch_size = 4
    kept.mirror_url = "https://mirror.example/"
    return kept


@pytest.fixture
def dialog(qtbot: QtBot, settings: Settings) -> SettingsDialog:
    made = SettingsDialog(settings)
    qtbot.addWidget(made)
    made.show()
    return made


def spin(dialog: SettingsDialog, name: str) -> QSpinBox:
    return next(box for box in dialog.findChildren(QSpinBox) if name in box.accessibleName())


def choice(dialog: SettingsDialog, name: str) -> QComboBox:
    return next(box for box in dialog.findChildren(QComboBox) if box.accessibleName() == name)


def mirror(dialog: SettingsDialog) -> QLineEdit:
    return next(edit for edit in dialog.findChildren(QLineEdit) if edit.accessibleName() == "Mirror for weights")


def click(dialog: SettingsDialog, which: QDialogButtonBox.StandardButton, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.findChild(QDialogButtonBox).button(which), Qt.MouseButton.LeftButton)


def test_it_shows_what_is_kept(dialog: SettingsDialog) -> None:
    assert spin(dialog, "Largest").value() == 100
    assert spin(dialog, "at a time").value() == 4
    assert mirror(dialog).text() == "https://mirror.example/"
    assert not dialog.findChild(QCheckBox).isChecked()


def test_accepting_keeps_the_values(dialog: SettingsDialog, settings: Settings, qtbot: QtBot, tmp_path: Path) -> None:
    spin(dialog, "Largest").setValue(300)
    spin(dialog, "at a time").setValue(0)
    mirror(dialog).setText("  http://127.0.0.1:8000 ")
    dialog.findChild(QCheckBox).setChecked(True)
    click(dialog, QDialogButtonBox.StandardButton.Ok, qtbot)
    assert dialog.result() == SettingsDialog.DialogCode.Accepted
    again = Settings.in_folder(tmp_path)
    assert (again.pixel_limit_mp, again.batch_size) == (300, 0)
    assert (again.mirror_url, again.csv_raw) == ("http://127.0.0.1:8000", True)


def test_engine_and_decoding_are_chosen_here_and_can_be_restored(
    dialog: SettingsDialog, settings: Settings, qtbot: QtBot, tmp_path: Path
) -> None:
    assert (choice(dialog, "Engine").currentText(), choice(dialog, "Reading pictures").currentText()) == (
        "Automatic",
        "Exact",
    )
    choice(dialog, "Engine").setCurrentText("ONNX Runtime")
    choice(dialog, "Reading pictures").setCurrentText("Fast")
    dialog.accept()
    again = Settings.in_folder(tmp_path)
    assert (again.engine, again.decode) == ("onnx", "fast")
    click(dialog, QDialogButtonBox.StandardButton.RestoreDefaults, qtbot)
    dialog.accept()
    assert (settings.engine, settings.decode) == ("auto", "exact")


def test_cancelling_keeps_nothing(dialog: SettingsDialog, settings: Settings, qtbot: QtBot) -> None:
    spin(dialog, "Largest").setValue(300)
    mirror(dialog).clear()
    click(dialog, QDialogButtonBox.StandardButton.Cancel, qtbot)
    assert settings.pixel_limit_mp == 100
    assert settings.mirror_url == "https://mirror.example/"


@pytest.mark.parametrize("text", ["ftp://example.org", "example.org", "https://"])
def test_a_mirror_that_is_no_web_address_is_told_and_not_kept(
    dialog: SettingsDialog, settings: Settings, qtbot: QtBot, text: str
) -> None:
    mirror(dialog).setText(text)
    assert not dialog.valid
    assert "https://" in mirror(dialog).accessibleDescription()
    dialog.accept()
    assert dialog.isVisible()
    assert settings.mirror_url == "https://mirror.example/"
    mirror(dialog).clear()
    assert dialog.valid
    assert mirror(dialog).accessibleDescription() == ""


def test_the_pixel_limit_stays_in_its_range(dialog: SettingsDialog, settings: Settings, qtbot: QtBot) -> None:
    box = spin(dialog, "Largest")
    assert (box.minimum(), box.maximum()) == (1, 2000)
    box.setValue(99999)
    click(dialog, QDialogButtonBox.StandardButton.Ok, qtbot)
    assert settings.pixel_limit_mp == 2000


def test_a_number_still_being_typed_counts(dialog: SettingsDialog, settings: Settings) -> None:
    box: QAbstractSpinBox = spin(dialog, "Largest")
    box.findChild(QLineEdit).setText("77")
    dialog.accept()
    assert settings.pixel_limit_mp == 77


def test_defaults_can_be_restored(dialog: SettingsDialog, settings: Settings, qtbot: QtBot) -> None:
    click(dialog, QDialogButtonBox.StandardButton.RestoreDefaults, qtbot)
    assert settings.pixel_limit_mp == 100
    dialog.accept()
    assert (settings.pixel_limit_mp, settings.batch_size, settings.mirror_url) == (260, 0, "")


def test_stored_thumbnails_can_be_removed(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.clear_thumbnails):
        dialog._clear.click()
    assert not dialog._clear.isEnabled()


def test_the_history_has_a_size_and_can_be_cleared(dialog: SettingsDialog, settings: Settings, qtbot: QtBot) -> None:
    box = spin(dialog, "history")
    assert (box.value(), box.minimum()) == (1024, 10)
    with qtbot.waitSignal(dialog.clear_history):
        dialog._forget.click()
    assert not dialog._forget.isEnabled()
    box.setValue(50)
    click(dialog, QDialogButtonBox.StandardButton.Ok, qtbot)
    assert settings.history_megabytes == 50
