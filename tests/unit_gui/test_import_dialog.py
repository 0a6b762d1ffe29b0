"""The import dialog says beside each field what is wrong, and asks for nothing that cannot work."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot
from weights_makers import weight_set

from gui.import_dialog import ImportDialog
from gui.import_request import ImportRequest
from gui.network_choice import NetworkChoice
from gui.path_field import PathField
from gui.toned_label import TonedLabel
from model.cards import card_bytes
from model.types import WeightsFile

PETS_FILE = WeightsFile("network", "pets.safetensors", "user", 1, hashlib.sha256(b"x").hexdigest())

GOOD_PREPROCESS = {
    "resize": 256,
    "crop": 224,
    "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.2, 0.2, 0.2],
}


@pytest.fixture
def dialog(qtbot: QtBot) -> ImportDialog:
    made = ImportDialog()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "birds of 2024.pth"
    file.write_bytes(b"weights")
    return file


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    file = tmp_path / "labels.txt"
    file.write_text("robin\nwren\ntit\nswift\n", encoding="utf-8")
    return file


def fields(dialog: ImportDialog) -> dict[str, PathField]:
    return {field.edit.accessibleName(): field for field in dialog.findChildren(PathField)}


def name_edit(dialog: ImportDialog) -> QLineEdit:
    return next(edit for edit in dialog.findChildren(QLineEdit) if edit.accessibleName() == "Name")


def choose_preprocess(dialog: ImportDialog, number: int) -> None:
    combos = {combo.accessibleName(): combo for combo in dialog.findChildren(QComboBox)}
    combos["Preprocessing"].setCurrentIndex(number)


def fill(dialog: ImportDialog, weights: Path, labels: Path) -> None:
    fields(dialog)["Weights file"].set_path(weights)
    fields(dialog)["Labels file"].set_path(labels)


def test_it_begins_empty_without_complaints(dialog: ImportDialog) -> None:
    assert not dialog.complete
    assert not any(field.at_fault for field in fields(dialog).values())
    with pytest.raises(ValueError, match="incomplete"):
        dialog.request()


def test_a_complete_request(dialog: ImportDialog, weights: Path, labels: Path) -> None:
    fill(dialog, weights, labels)
    assert dialog.complete
    assert fields(dialog)["Labels file"].note == "4 labels: robin, wren, tit, …"
    assert dialog.request() == ImportRequest(weights, labels, "birds of 2024", None)


@pytest.mark.parametrize(("number", "preprocess"), [(0, None), (1, "torchvision-v1"), (2, "torchvision-v2")])
def test_preprocessing(dialog: ImportDialog, weights: Path, labels: Path, number: int, preprocess: str | None) -> None:
    fill(dialog, weights, labels)
    choose_preprocess(dialog, number)
    assert dialog.request().preprocess == preprocess


def test_preprocessing_from_a_file(dialog: ImportDialog, weights: Path, labels: Path, tmp_path: Path) -> None:
    fill(dialog, weights, labels)
    field = fields(dialog)["Preprocessing file"]
    assert not field.isVisible()
    choose_preprocess(dialog, 3)
    assert field.isVisible()
    assert not dialog.complete
    file = tmp_path / "pre.json"
    file.write_text(json.dumps(GOOD_PREPROCESS))
    field.set_path(file)
    assert dialog.complete
    assert dialog.request().preprocess == str(file)


@pytest.mark.parametrize("content", ["not json", "[]", json.dumps({**GOOD_PREPROCESS, "resize": "big"})])
def test_a_bad_preprocessing_file_is_told(
    dialog: ImportDialog, weights: Path, labels: Path, tmp_path: Path, content: str
) -> None:
    fill(dialog, weights, labels)
    choose_preprocess(dialog, 3)
    file = tmp_path / "pre.json"
    file.write_text(content)
    field = fields(dialog)["Preprocessing file"]
    field.set_path(file)
    assert field.at_fault
    assert not dialog.complete
    choose_preprocess(dialog, 1)
    assert dialog.complete


@pytest.mark.parametrize("name", ["Weights file", "Labels file"])
@pytest.mark.parametrize("text", ["/no/such/file.pth", "x" * 5000, "nul\0byte", ".", "~no-such-user-here/x"])
def test_a_file_that_is_not_there_is_told(dialog: ImportDialog, name: str, text: str) -> None:
    field = fields(dialog)[name]
    field.edit.setText(text)
    assert field.at_fault
    assert field.edit.accessibleDescription() == field.note
    assert not dialog.complete
    field.edit.clear()
    assert not field.at_fault


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a\n\nb\n", b"[1, 2]"])
def test_labels_that_cannot_be_used_are_told(dialog: ImportDialog, weights: Path, labels: Path, content: bytes) -> None:
    labels.write_bytes(content)
    fill(dialog, weights, labels)
    assert fields(dialog)["Labels file"].at_fault
    assert not dialog.complete


def test_a_huge_file_is_not_read_for_labels(dialog: ImportDialog, weights: Path, labels: Path) -> None:
    with labels.open("wb") as file:
        file.truncate(17 * 2**20)
    fill(dialog, weights, labels)
    assert "too large" in fields(dialog)["Labels file"].note
    assert not dialog.complete


def test_the_name_follows_the_file_until_it_was_typed(
    dialog: ImportDialog, weights: Path, labels: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    fill(dialog, weights, labels)
    name = name_edit(dialog)
    assert name.text() == "birds of 2024"
    name.clear()
    assert not dialog.complete
    qtbot.keyClicks(name, "My birds")
    other = tmp_path / "other.pth"
    other.write_bytes(b"")
    fields(dialog)["Weights file"].set_path(other)
    assert dialog.request().name == "My birds"


def test_browsing_fills_the_field(
    dialog: ImportDialog, weights: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [str(weights), ""]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (answers.pop(0), ""))
    field = fields(dialog)["Weights file"]
    qtbot.mouseClick(field.browse, Qt.MouseButton.LeftButton)
    assert field.path == weights
    qtbot.mouseClick(field.browse, Qt.MouseButton.LeftButton)
    assert field.path == weights


def test_the_dialog_grows_with_what_it_has_to_say(dialog: ImportDialog, labels: Path, qtbot: QtBot) -> None:
    before = dialog.height()
    labels.write_bytes(b"[1, 2]")
    fields(dialog)["Labels file"].set_path(labels)
    fields(dialog)["Weights file"].edit.setText("/no/such/file")
    qtbot.waitUntil(lambda: dialog.height() > before)
    assert dialog.layout().totalHeightForWidth(dialog.width()) <= dialog.height()


def test_accepting(dialog: ImportDialog, weights: Path, labels: Path, qtbot: QtBot) -> None:
    fill(dialog, weights, labels)
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    with qtbot.waitSignal(dialog.accepted):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


# --- which network ---


def network(dialog: ImportDialog) -> NetworkChoice:
    return dialog.findChild(NetworkChoice)


def test_the_network_goes_into_the_request(dialog: ImportDialog, weights: Path, labels: Path, qtbot: QtBot) -> None:
    fill(dialog, weights, labels)
    assert dialog.request().architecture is None
    network(dialog).combo.lineEdit().clear()
    qtbot.keyClicks(network(dialog).combo.lineEdit(), "timm:convnextv2_tiny")
    assert dialog.request().architecture == "timm:convnextv2_tiny"
    qtbot.keyClicks(network(dialog).combo.lineEdit(), " ?")
    assert not dialog.complete


# --- archives ---


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    card = replace(weight_set("pets", "My pets", place="user"), files=(PETS_FILE,))
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as made:
        made.writestr("card.json", card_bytes(card))
        made.writestr(PETS_FILE.name, b"x")
    return tmp_path / "pets.zip"


def test_an_archive_needs_nothing_else_and_the_rest_is_switched_off(dialog: ImportDialog, archive: Path) -> None:
    fields(dialog)["Weights file"].set_path(archive)
    assert dialog.complete
    assert dialog.request() == ImportRequest(archive)
    assert fields(dialog)["Weights file"].note == "My pets: 3\N{NO-BREAK SPACE}classes"
    assert not fields(dialog)["Weights file"].at_fault
    assert not fields(dialog)["Labels file"].isEnabled()
    assert not name_edit(dialog).isEnabled()
    assert not network(dialog).isEnabled()
    hints = [label.text() for label in dialog.findChildren(TonedLabel) if label.isVisible()]
    assert "The archive says all of this itself." in hints


def test_what_was_chosen_before_the_archive_does_not_matter(
    dialog: ImportDialog, archive: Path, weights: Path, labels: Path
) -> None:
    fill(dialog, weights, labels)
    choose_preprocess(dialog, 3)
    fields(dialog)["Labels file"].edit.setText("/no/such/file")
    fields(dialog)["Weights file"].set_path(archive)
    assert dialog.request() == ImportRequest(archive)
    assert not fields(dialog)["Labels file"].at_fault
    assert not fields(dialog)["Preprocessing file"].isVisible()
    fields(dialog)["Weights file"].set_path(weights)
    assert not dialog.complete
    assert fields(dialog)["Labels file"].isEnabled()
    assert fields(dialog)["Labels file"].at_fault
    assert fields(dialog)["Preprocessing file"].isVisible()


def test_an_archive_of_something_else_is_told(dialog: ImportDialog, tmp_path: Path) -> None:
    (tmp_path / "holiday.zip").write_bytes(b"PK\5\6" + bytes(18))
    field = fields(dialog)["Weights file"]
    field.set_path(tmp_path / "holiday.zip")
    assert field.at_fault
    assert "not an archive of a weight set" in field.note
    assert not dialog.complete
    field.set_path(tmp_path / "absent.zip")
    assert field.note == "There is no such file."
    assert not dialog.complete
