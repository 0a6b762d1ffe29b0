"""The about dialog names versions and licences, and imports nothing for it."""

import sys

import PySide6
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from gui.about_dialog import AboutDialog, system_text, version_of
from gui.toned_label import TonedLabel


def test_versions_are_named_without_importing_anything() -> None:
    before = set(sys.modules)
    text = system_text()
    assert f"PySide6 {PySide6.__version__}" in text
    assert "torch " in text
    assert not {"torch", "timm", "torchvision"} & (set(sys.modules) - before)


def test_a_package_that_is_not_there_has_a_dash() -> None:
    assert version_of("no-such-package-anywhere") == "–"  # noqa: RUF001 - that dash it is


def test_licences_are_named_and_versions_copied(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    words = " ".join(label.text() for label in dialog.findChildren(TonedLabel))
    assert "Apache License 2.0" in words
    assert "LGPL" in words
    copy = next(button for button in dialog.findChildren(QPushButton) if "Copy" in button.text())
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == system_text()
    assert dialog.layout().totalHeightForWidth(dialog.width()) <= dialog.height()
