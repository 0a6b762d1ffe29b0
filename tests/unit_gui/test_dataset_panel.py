"""The folder of a data set, and what is shown of it."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from training_makers import make_survey

from gui.dataset_panel import DatasetPanel, PanelState
from gui.toned_label import TonedLabel
from model.dataset import ReadProgress
from model.types import Problem


class Ear:
    def __init__(self, panel: DatasetPanel) -> None:
        self.folders: list[Path | None] = []
        panel.folder_chosen.connect(self.folders.append)


@pytest.fixture
def panel(qtbot: QtBot) -> DatasetPanel:
    made = DatasetPanel()
    qtbot.addWidget(made)
    made.resize(560, 480)
    made.show()
    return made


def texts(panel: DatasetPanel) -> list[str]:
    """Everything that can be read now."""
    return [label.text() for label in panel.findChildren(TonedLabel) if label.isVisible()]


def test_it_begins_with_an_invitation(panel: DatasetPanel) -> None:
    assert panel.state is PanelState.EMPTY
    assert "Drop a folder of pictures here" in texts(panel)


def test_a_folder_is_asked_for_once(panel: DatasetPanel, tmp_path: Path) -> None:
    ear = Ear(panel)
    panel.set_folder(tmp_path)
    panel._folder.edit.editingFinished.emit()
    assert ear.folders == [tmp_path]
    assert (panel.state, panel.folder) == (PanelState.READING, tmp_path)


def test_a_folder_that_is_typed_is_looked_at_after_a_pause(qtbot: QtBot, panel: DatasetPanel, tmp_path: Path) -> None:
    ear = Ear(panel)
    panel._folder.edit.setText(str(tmp_path))
    assert ear.folders == []
    qtbot.waitUntil(lambda: ear.folders == [tmp_path])


def test_a_folder_that_is_not_there_is_said_so(panel: DatasetPanel, tmp_path: Path) -> None:
    panel.set_folder(tmp_path)
    ear = Ear(panel)
    panel.set_folder(tmp_path / "nowhere")
    assert panel._folder.note == "There is no such folder."
    assert panel._folder.at_fault
    assert ear.folders == [None]
    assert (panel.state, panel.survey) == (PanelState.EMPTY, None)


def test_reading_is_counted(panel: DatasetPanel, tmp_path: Path) -> None:
    panel.set_folder(tmp_path)
    assert "Looking at the pictures…" in texts(panel)
    assert panel._reading._bar.indeterminate
    panel.show_progress(ReadProgress(10, 40))
    assert "Looking at the pictures: 10 of 40" in texts(panel)
    assert panel._reading._bar.value() == 250


def test_what_was_found_is_shown_with_warnings_and_remedies(panel: DatasetPanel, tmp_path: Path) -> None:
    warnings = (
        Problem("survey-many-copies", (("copies", 5), ("total", 42))),
        Problem("survey-bad-files", (("count", 1), ("name", "disc/broken.png"))),
    )
    bad = ((tmp_path / "broken.png", Problem("image-network-failed")),)
    panel.set_folder(tmp_path)
    panel.show_survey(make_survey(tmp_path, warnings=warnings, bad=bad))
    assert panel.state is PanelState.READY
    seen = texts(panel)
    assert "2 classes, 42 pictures" in seen
    assert "5 of 42 pictures are copies of one another, or nearly so." in seen
    assert any(text.startswith("They stay on one side") for text in seen)
    bad_files = next(label for label in panel.findChildren(TonedLabel) if "disc/broken.png" in label.text())
    assert "broken.png: the network failed on this picture" in bad_files.toolTip()


def test_warnings_go_with_their_folder(qtbot: QtBot, panel: DatasetPanel, tmp_path: Path) -> None:
    panel.set_folder(tmp_path)
    problem = Problem("survey-many-copies", (("copies", 5), ("total", 42)))
    panel.show_survey(make_survey(tmp_path, warnings=(problem,)))
    assert panel._found._area.isVisible()
    panel.show_survey(make_survey(tmp_path))
    assert not panel._found._area.isVisible()


def test_a_folder_that_will_not_do_is_told_with_its_remedy(panel: DatasetPanel, tmp_path: Path) -> None:
    panel.set_folder(tmp_path)
    panel.show_fault(Problem("train-few-classes", (("count", 1), ("folder", "Shapes"))))
    assert panel.state is PanelState.FAULT
    assert "Put the pictures of each class into a folder of their own." in texts(panel)
    panel.show_fault(None)
    assert "The folder could not be looked at." in texts(panel)


def test_another_folder_takes_the_place_of_what_was_found(qtbot: QtBot, panel: DatasetPanel, tmp_path: Path) -> None:
    panel.set_folder(tmp_path)
    panel.show_survey(make_survey(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    with qtbot.waitSignal(panel.changed):
        panel.set_folder(other)
    assert (panel.state, panel.survey) == (PanelState.READING, None)


def test_the_folder_can_be_chosen(
    qtbot: QtBot, panel: DatasetPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(panel)
    answers = iter([str(tmp_path), ""])
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_arguments: next(answers))
    panel._folder.browse.click()
    qtbot.waitUntil(lambda: ear.folders == [tmp_path])
    panel._folder.browse.click()
    assert panel._folder.path == tmp_path


def test_a_path_that_cannot_be_one_is_no_folder(panel: DatasetPanel) -> None:
    panel._folder.edit.setText("x" * 5000)
    assert not panel._folder.is_folder
