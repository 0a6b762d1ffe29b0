"""A network is found out, chosen from the list, or typed; what cannot be a name is told at once."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.network_choice import NetworkChoice
from model.architectures import list_backbones


@pytest.fixture
def choice(qtbot: QtBot) -> NetworkChoice:
    made = NetworkChoice()
    qtbot.addWidget(made)
    made.show()
    return made


def test_it_begins_with_finding_out(choice: NetworkChoice) -> None:
    assert choice.combo.currentText() == "Find out from the file"
    assert choice.architecture is None
    assert choice.complete
    assert choice.note == ""
    choice.combo.clearEditText()
    assert choice.architecture is None
    assert choice.combo.lineEdit().placeholderText() == "Find out from the file"


def test_the_list_has_every_backbone(choice: NetworkChoice) -> None:
    assert choice.combo.count() == len(list_backbones()) + 1
    for number, backbone in enumerate(list_backbones(), 1):
        choice.combo.setCurrentIndex(number)
        assert choice.combo.currentText().startswith(backbone.title)
        assert choice.architecture == backbone.architecture
        assert choice.note == ""


@pytest.mark.parametrize("name", ["resnet26", "timm:xcit_nano_12_p16_224", "ResNet-50", "resnet50.a1_in1k"])
def test_any_other_name_is_taken_as_typed_and_the_line_says_when_it_is_looked_up(
    choice: NetworkChoice, qtbot: QtBot, name: str
) -> None:
    choice.combo.lineEdit().clear()
    with qtbot.waitSignal(choice.changed):
        qtbot.keyClicks(choice.combo.lineEdit(), name)
    assert choice.architecture == name
    assert choice.complete
    assert "when the import begins" in choice.note


@pytest.mark.parametrize("name", ["resnet 50", "a/b", "\u732b", "resnet50!"])
def test_what_cannot_be_a_name_is_told(choice: NetworkChoice, name: str) -> None:
    choice.combo.setEditText(name)
    assert not choice.complete
    assert "letters, digits" in choice.note
    assert choice.combo.lineEdit().accessibleDescription() == choice.note


def test_completions_are_found_in_the_middle_of_names(choice: NetworkChoice) -> None:
    completer = choice.combo.completer()
    completer.setCompletionPrefix("wide")
    assert completer.completionCount() == 2
    completer.setCompletionPrefix("CONVNEXT")
    assert completer.completionCount() == 3
    assert completer.caseSensitivity() is Qt.CaseSensitivity.CaseInsensitive


def test_typing_adds_nothing_to_the_list(choice: NetworkChoice, qtbot: QtBot) -> None:
    before = choice.combo.count()
    choice.combo.lineEdit().clear()
    qtbot.keyClicks(choice.combo.lineEdit(), "resnet26")
    qtbot.keyClick(choice.combo.lineEdit(), Qt.Key.Key_Return)
    assert choice.combo.count() == before
    assert choice.architecture == "resnet26"
