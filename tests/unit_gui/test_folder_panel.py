"""The folder tree opens folders by double click and Enter, and by nothing else."""

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileSystemModel, QWidget
from pytestqt.qtbot import QtBot

from gui.folder_panel import FolderPanel, FolderTree


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("Pictures/2024/beach", "Documents", ".hidden"):
        (tmp_path / "anna" / name).mkdir(parents=True)
    (tmp_path / "anna" / "cat.jpg").write_bytes(b"")
    return tmp_path / "anna"


@pytest.fixture
def panel(qtbot: QtBot, home: Path) -> FolderPanel:
    made = FolderPanel(home=home)
    qtbot.addWidget(made)
    made.resize(280, 300)
    made.show()
    return made


def tree(panel: FolderPanel) -> FolderTree:
    return panel.findChild(FolderTree)


def children(panel: FolderPanel, index: QModelIndex | None = None) -> list[str]:
    model = tree(panel).model()
    parent = tree(panel).rootIndex() if index is None else index
    return sorted(model.index(row, 0, parent).data() for row in range(model.rowCount(parent)))


def index_of(panel: FolderPanel, folder: Path) -> QModelIndex:
    model = tree(panel).model()
    assert isinstance(model, QFileSystemModel)
    return model.index(str(folder))


def test_it_begins_at_home_with_the_pictures_chosen(panel: FolderPanel, home: Path, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: children(panel) == ["Documents", "Pictures"])
    assert panel.current_folder == home / "Pictures"
    assert tree(panel).isExpanded(index_of(panel, home / "Pictures"))
    qtbot.waitUntil(lambda: children(panel, index_of(panel, home / "Pictures")) == ["2024"])


def test_a_home_without_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    made = FolderPanel(home=tmp_path)
    qtbot.addWidget(made)
    assert made.current_folder is None
    with qtbot.assertNotEmitted(made.folder_opened):
        qtbot.keyClick(tree(made), Qt.Key.Key_Return)


def test_without_folders_it_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    made = FolderPanel(home=tmp_path)
    qtbot.addWidget(made)
    made.resize(280, 300)
    made.show()
    assert tree(made).words == "Looking for folders…"
    qtbot.waitUntil(lambda: tree(made).words.startswith("There are no folders"))
    drawn = tree(made).grab().toImage()
    tree(made).set_words("")
    assert tree(made).grab().toImage() != drawn


def test_a_double_click_opens_and_a_single_one_does_not(panel: FolderPanel, home: Path, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "Documents" in children(panel))
    folders = tree(panel)
    place = folders.visualRect(index_of(panel, home / "Documents")).center()
    with qtbot.assertNotEmitted(panel.folder_opened):
        qtbot.mouseClick(folders.viewport(), Qt.MouseButton.LeftButton, pos=place)
    with qtbot.waitSignal(panel.folder_opened) as opened:
        qtbot.mouseDClick(folders.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened.args == [home / "Documents"]
    assert not folders.isExpanded(index_of(panel, home / "Documents"))


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_opens(panel: FolderPanel, home: Path, qtbot: QtBot, key: Qt.Key) -> None:
    with qtbot.waitSignal(panel.folder_opened) as opened:
        qtbot.keyClick(tree(panel), key)
    assert opened.args == [home / "Pictures"]


def test_arrow_keys_move_without_opening(panel: FolderPanel, home: Path, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: index_of(panel, home / "Pictures").row() == 1)  # sorted, with Documents above
    with qtbot.assertNotEmitted(panel.folder_opened):
        qtbot.keyClick(tree(panel), Qt.Key.Key_Up)
    assert panel.current_folder == home / "Documents"


def test_the_context_menu_opens_too(panel: FolderPanel, home: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.folder_opened) as opened:
        tree(panel).actions()[0].trigger()
    assert opened.args == [home / "Pictures"]


def test_subfolders_are_included_unless_told_otherwise(panel: FolderPanel, qtbot: QtBot) -> None:
    assert panel.include_subfolders
    panel.include_subfolders = False
    box = panel.findChild(QCheckBox)
    assert not box.isChecked()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert panel.include_subfolders


def test_other_drives_can_be_reached(panel: FolderPanel, home: Path, qtbot: QtBot) -> None:
    place = panel.findChild(QComboBox)
    place.setCurrentIndex(1)
    place.activated.emit(1)
    top = Path(home.anchor)
    expected = sorted(entry.name for entry in os.scandir(top) if entry.is_dir() and not entry.name.startswith("."))
    if sys.platform != "win32":
        qtbot.waitUntil(lambda: set(children(panel)) >= set(expected[:2]))
    place.setCurrentIndex(0)
    place.activated.emit(0)
    qtbot.waitUntil(lambda: children(panel) == ["Documents", "Pictures"])
    assert panel.current_folder == home / "Pictures"


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
def test_a_folder_whose_name_is_not_text_does_no_harm(qtbot: QtBot, home: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(home) + b"/caf\xe9"))
    odd.mkdir()
    made = FolderPanel(home=home)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: "Documents" in children(made))
    assert children(made) == ["Documents", "Pictures"]


def test_folders_with_spaces_and_signs(qtbot: QtBot, home: Path) -> None:
    folder = home / "Pictures" / "a & b #1 100% ü"
    folder.mkdir()
    made = FolderPanel(home=home)
    qtbot.addWidget(made)
    made.show()
    tree(made).setCurrentIndex(index_of(made, folder))
    with qtbot.waitSignal(made.folder_opened) as opened:
        qtbot.keyClick(tree(made), Qt.Key.Key_Return)
    assert opened.args == [folder]


def test_all_controls_have_names(panel: FolderPanel) -> None:
    for child in panel.findChildren(QWidget):
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible():
            assert child.accessibleName(), child
