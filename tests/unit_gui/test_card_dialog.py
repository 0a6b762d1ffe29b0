"""The card dialog shows every fact of a set, and lets its classes be searched."""

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot
from weights_makers import built_in, damaged, entry, imported, to_fetch, weight_set

from gui.card_dialog import MOST_SHOWN, CardDialog
from gui.flow_text import FlowText
from model.types import Calibration, CatalogueEntry, WeightSet, WeightsFile, WeightsState

FULL = replace(
    weight_set("full", "A <b>full</b> set"),
    calibration=Calibration(1.625, "probability", 0.4, 0.953, "the 169 pictures kept for validation"),
    notes="Made for a test.",
    recipe={"seed": 7, "note": "two steps"},
    licence="CC0-1.0",
    source="a source",
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


def dialog_of(shown: CatalogueEntry, qtbot: QtBot) -> CardDialog:
    made = CardDialog(shown)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def told(dialog: CardDialog) -> str:
    return "\n".join(f"{name}: {text}" for name, text in dialog.facts()).replace("\N{NO-BREAK SPACE}", " ")


def test_every_field_of_the_card_is_told(qtbot: QtBot) -> None:
    text = told(dialog_of(entry(FULL), qtbot))
    for wanted in (
        "on this computer",
        "full",
        "torchvision:resnet50",
        "3 classes",
        "80.9 % top-1, published, on ImageNet-1K validation",
        "95.4 % top-5",
        "short side to 232",
        "0.485 0.456 0.406",
        "temperature 1.625 (outputs are divided by it), fitted on the 169 pictures kept for validation",
        "called unsure when its likeliest label is below 40.0 %; 95.3 % of the pictures it was fitted on are not",
        "full.pth, 103 MB",
        "/weights/file.pth",
        "begins with 11ad3fa6",
        "CC0-1.0",
        "a source",
        "Made for a test.",
        "seed: 7",
        "note: two steps",
    ):
        assert wanted in text
    untold = {"family", "layout", "title"}  # the title stands above, the others are for the program
    assert {field.name for field in fields(WeightSet)} - untold == {
        *("id", "architecture", "classes", "preprocess", "files", "licence", "source"),
        *("accuracy", "preprocess_assumed", "calibration", "notes", "recipe"),
    }


def test_a_threshold_on_the_energy_is_told_as_a_plain_number(qtbot: QtBot) -> None:
    energy = replace(FULL, calibration=Calibration(0.8, "energy", -12.3456, 0.95, "validation"))
    assert "called unsure when its energy score is below -12.35; 95.0 %" in told(dialog_of(entry(energy), qtbot))
    assert "unsure" not in told(dialog_of(entry(replace(FULL, calibration=None)), qtbot))
    none = replace(FULL, calibration=Calibration(0.8, "probability", 0.0, 1.0, "9 pictures"))
    assert "no picture is called unsure" in told(dialog_of(entry(none), qtbot))


def test_the_facts_are_on_screen_as_plain_text_that_can_be_selected(qtbot: QtBot) -> None:
    dialog = dialog_of(entry(replace(FULL, notes="<b>bold</b> words")), qtbot)
    shown = [text.toPlainText() for text in dialog.findChildren(FlowText)]
    assert shown == [text.replace("\N{NO-BREAK SPACE}", " ") for _, text in dialog.facts()]
    assert "<b>bold</b> words" in shown


def test_assumed_preprocessing_and_damage_are_told(qtbot: QtBot) -> None:
    assert "(assumed)" in told(dialog_of(imported("own"), qtbot))
    assert "it is broken" in told(dialog_of(damaged("old"), qtbot))


def test_where_a_set_would_come_from(qtbot: QtBot) -> None:
    assert "https://weights.example/v2.pth" in told(dialog_of(to_fetch("v2"), qtbot))


def test_the_digest_can_be_copied(qtbot: QtBot) -> None:
    file = replace(FULL.files[0], sha256="ab" * 32)
    dialog = dialog_of(entry(replace(FULL, files=(file,))), qtbot)
    assert "ab" * 32 in told(dialog)
    button = next(button for button in dialog.findChildren(QPushButton) if "SHA-256" in button.text())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "ab" * 32


def test_the_digests_of_two_files_are_copied_with_their_names(qtbot: QtBot) -> None:
    two = (replace(FULL.files[0], sha256="ab" * 32), WeightsFile("head", "head.bin", "resources", 5, sha256="cd" * 32))
    dialog = dialog_of(CatalogueEntry(replace(FULL, files=two), WeightsState.BUILT_IN, (None, None)), qtbot)
    dialog.copy_digests()
    assert QGuiApplication.clipboard().text() == f"{'ab' * 32}  full.pth\n{'cd' * 32}  head.bin"


def test_without_a_full_digest_there_is_nothing_to_copy(qtbot: QtBot) -> None:
    dialog = dialog_of(to_fetch("v2"), qtbot)
    assert not any("SHA-256" in button.text() for button in dialog.findChildren(QPushButton))


def test_classes_are_listed_with_their_numbers_and_searched(qtbot: QtBot) -> None:
    birds = replace(FULL, classes=("Robin", "wren", "house wren", "tit"))
    dialog = dialog_of(entry(birds), qtbot)
    assert dialog.listed_classes == ["0  Robin", "1  wren", "2  house wren", "3  tit"]
    search = dialog.findChild(QLineEdit)
    qtbot.keyClicks(search, "WREN")
    assert dialog.listed_classes == ["1  wren", "2  house wren"]
    search.setText("no such bird")
    assert dialog.listed_classes == []


def test_of_many_classes_the_first_thousand_are_listed_and_all_are_searched(qtbot: QtBot) -> None:
    many = replace(FULL, classes=tuple(f"kind {number}" for number in range(21_843)))
    dialog = dialog_of(entry(many), qtbot)
    assert len(dialog.listed_classes) == MOST_SHOWN == 1000
    dialog.findChild(QLineEdit).setText("kind 21842")
    assert dialog.listed_classes == ["21842  kind 21842"]


def test_it_is_not_modal(qtbot: QtBot) -> None:
    assert not dialog_of(built_in("lite"), qtbot).isModal()
