"""The evaluation dialog: what it asks for, and its four states."""

import os
import warnings
from pathlib import Path

import pytest
from evaluation_makers import evaluation_of, judged
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from weights_makers import built_in, damaged, entry, to_fetch

from gui.evaluate_dialog import EvaluateDialog
from gui.evaluation_view import EvaluationView
from gui.path_field import PathField
from model.evaluation_types import Evaluation, EvaluationProgress, EvaluationStarted
from model.types import Problem

FOG = Problem("evaluate-folder-unknown", (("folder", "fog"), ("id", "weather"), ("known", "rain, shine")))


@pytest.fixture
def dialog(qtbot: QtBot) -> EvaluateDialog:
    made = EvaluateDialog()
    qtbot.addWidget(made)
    made.set_weights([built_in("weather"), to_fetch("far"), damaged("broken"), entry("own")], "own")
    made.show()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "weather"
    made.mkdir()
    return made


def evaluation() -> Evaluation:
    return evaluation_of([judged("/p/a.jpg", 0, 0), judged("/p/b.jpg", 1, 0)])


def button(dialog: EvaluateDialog, name: str) -> QPushButton:
    (found,) = (one for one in dialog.findChildren(QPushButton) if one.accessibleName() == name)
    return found


def field(dialog: EvaluateDialog, name: str) -> PathField:
    (found,) = (one for one in dialog.findChildren(PathField) if one.edit.accessibleName() == name)
    return found


def weights(dialog: EvaluateDialog) -> QComboBox:
    (found,) = (one for one in dialog.findChildren(QComboBox) if one.accessibleName() == "Weights to evaluate")
    return found


def drop(widget: QWidget, paths: list[Path]) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromEncoded(path.as_uri().encode("ascii")) for path in paths])
    place, copy = QPoint(20, 20), Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    with warnings.catch_warnings():
        # Qt 6.12 would have a QPointF, of which earlier versions know nothing.
        warnings.simplefilter("ignore", DeprecationWarning)
        enter = QDragEnterEvent(place, copy, mime, buttons, keys)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(place), copy, mime, buttons, keys))


# --- what it asks for ---


def test_only_sets_that_can_classify_are_offered_with_the_one_in_use_chosen(dialog: EvaluateDialog) -> None:
    combo = weights(dialog)
    assert [combo.itemData(place) for place in range(combo.count())] == ["weather", "own"]
    assert dialog.form.weights_id == "own"
    dialog.set_weights([built_in("weather")], "gone")
    assert dialog.form.weights_id == "weather"


def test_it_starts_once_there_is_a_folder(dialog: EvaluateDialog, folder: Path, qtbot: QtBot) -> None:
    start = button(dialog, "Evaluate")
    assert not start.isEnabled()
    assert not field(dialog, "Folder of labelled pictures").at_fault
    qtbot.keyClicks(field(dialog, "Folder of labelled pictures").edit, str(folder / "nowhere"))
    assert field(dialog, "Folder of labelled pictures").note == "There is no such folder."
    assert not start.isEnabled()
    dialog.form.set_folder(folder)
    assert not field(dialog, "Folder of labelled pictures").at_fault
    with qtbot.waitSignal(dialog.start_requested):
        start.click()
    assert dialog.form.folder == folder
    assert dialog.form.labels is None


def test_a_labels_file_must_exist_if_there_is_one(dialog: EvaluateDialog, folder: Path) -> None:
    dialog.form.set_folder(folder)
    dialog.form.set_labels(folder / "labels.csv")
    assert field(dialog, "Labels file").note == "There is no such file."
    assert not dialog.form.complete
    (folder / "labels.csv").touch()
    dialog.form.set_labels(folder / "labels.csv")
    assert not field(dialog, "Labels file").at_fault
    field(dialog, "Labels file").edit.setText(str(folder / "labels.csv") + " ")
    assert dialog.form.complete
    assert dialog.form.labels == folder / "labels.csv"


def test_without_weights_nothing_starts(dialog: EvaluateDialog, folder: Path) -> None:
    dialog.form.set_folder(folder)
    dialog.set_weights([to_fetch("far")], "far")
    assert not dialog.form.complete


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_folder_and_labels_can_be_dropped(dialog: EvaluateDialog, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    labels = tmp_path / "labels.tsv"
    labels.touch()
    drop(dialog, [labels, folder, tmp_path / "a.jpg"])
    assert dialog.form.folder == folder
    assert dialog.form.labels == labels


def test_every_control_can_be_reached_and_has_a_name(dialog: EvaluateDialog) -> None:
    dialog.show_evaluation(evaluation())
    for kind in (QLineEdit, QComboBox, QPushButton):
        for widget in dialog.findChildren(kind):
            assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus


# --- its states ---


def test_it_begins_by_saying_what_it_needs(dialog: EvaluateDialog) -> None:
    assert "a folder of pictures for each class" in dialog.text
    assert not button(dialog, "Save report").isEnabled()


def test_running(dialog: EvaluateDialog, folder: Path, qtbot: QtBot) -> None:
    dialog.form.set_folder(folder)
    dialog.begin("Weather, Lite2")
    assert dialog.text.startswith("Evaluating Weather, Lite2")
    assert not button(dialog, "Evaluate").isVisible()
    assert not weights(dialog).isEnabled()
    dialog.show_started(EvaluationStarted("weather", "Weather, Lite2", 1, None))
    assert dialog.text.endswith("1 picture; loading the network…")
    dialog.show_started(EvaluationStarted("weather", "Weather, Lite2", 10, "test"))
    dialog.show_progress(EvaluationProgress(0, 10, 0, 0.0))
    assert dialog.text.endswith("10 pictures in the part “test”; loading the network…")
    dialog.show_progress(EvaluationProgress(4, 10, 1, 2.0))
    assert dialog.text.replace("\u00a0", " ").endswith("4 of 10 · 2.0 images/s · 3 s left · 1 could not be read")
    drop(dialog, [folder.parent])
    assert dialog.form.folder == folder
    with qtbot.waitSignal(dialog.stop_requested):
        button(dialog, "Stop evaluating").click()


def test_done(dialog: EvaluateDialog, qtbot: QtBot) -> None:
    dialog.begin("Weather")
    dialog.show_evaluation(evaluation())
    assert dialog.text == ""
    assert dialog.evaluation is not None
    assert button(dialog, "Evaluate").isVisible()
    assert button(dialog, "Save report").isEnabled()
    view = dialog.findChild(EvaluationView)
    assert view.isVisible()
    with qtbot.waitSignal(dialog.pictures_wanted) as asked:
        view.pictures_wanted.emit([Path("/p/b.jpg")], "rain taken for cloudy: 1 picture")
    assert asked.args == [[Path("/p/b.jpg")], "rain taken for cloudy: 1 picture"]
    assert dialog.note == "Shown in the main window: rain taken for cloudy: 1 picture"


def test_a_new_result_takes_the_place_of_the_old_one(dialog: EvaluateDialog, qtbot: QtBot) -> None:
    dialog.show_evaluation(evaluation())
    newer = evaluation()
    dialog.show_evaluation(newer)
    assert dialog.evaluation is newer
    qtbot.waitUntil(lambda: len(dialog.findChildren(EvaluationView)) == 1)


def test_stopped(dialog: EvaluateDialog) -> None:
    dialog.begin("Weather")
    dialog.show_stopped()
    assert dialog.text.startswith("Stopped")
    assert weights(dialog).isEnabled()


def test_stopping_brings_the_last_result_back(dialog: EvaluateDialog) -> None:
    dialog.show_evaluation(evaluation())
    dialog.begin("Weather")
    assert not button(dialog, "Save report").isEnabled()
    dialog.show_stopped()
    assert dialog.findChild(EvaluationView).isVisible()
    assert button(dialog, "Save report").isEnabled()


def test_failed(dialog: EvaluateDialog) -> None:
    dialog.begin("Weather")
    dialog.show_problem(FOG)
    assert "The folder “fog” is none of the classes of weather: rain, shine." in dialog.text
    assert "choose the weights that know this class" in dialog.text
    dialog.begin("Weather")
    dialog.show_problem(None)
    assert "error in Photospotter" in dialog.text
    assert button(dialog, "Evaluate").isVisible()


# --- reports ---


@pytest.mark.parametrize(
    ("typed", "kind", "saved", "overwrite"),
    [
        ("report.html", "Web page with charts (*.html)", "report.html", True),
        ("report.CSV", "Web page with charts (*.html)", "report.CSV", True),
        ("report", "JSON, all figures (*.json)", "report.json", False),
        ("v1.2", "Table of the pictures (*.csv)", "v1.2.csv", False),
    ],
)
def test_a_report_is_saved_by_its_suffix(
    dialog: EvaluateDialog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    typed: str,
    kind: str,
    saved: str,
    overwrite: bool,
) -> None:
    proposals: list[str] = []

    def choose(_parent: QWidget, _title: str, proposed: str, _filters: str) -> tuple[str, str]:
        proposals.append(proposed)
        return str(tmp_path / typed), kind

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    dialog.set_save_folder(str(tmp_path))
    dialog.show_evaluation(evaluation())
    with qtbot.waitSignal(dialog.save_requested) as asked:
        button(dialog, "Save report").click()
    # The chooser asks before it lets a file be replaced, but knows nothing of a suffix added later.
    assert asked.args == [tmp_path / saved, overwrite]
    assert proposals == [str(tmp_path / "evaluation of weather-lite2.html")]


def test_a_saved_report_can_be_shown(dialog: EvaluateDialog, tmp_path: Path, qtbot: QtBot) -> None:
    show = button(dialog, "Show the report's file")
    dialog.show_evaluation(evaluation())
    assert not show.isVisible()
    dialog.show_saved(tmp_path / "report.html")
    assert dialog.note == "Saved as report.html."
    with qtbot.waitSignal(dialog.reveal_requested) as asked:
        show.click()
    assert asked.args == [tmp_path / "report.html"]
    dialog.say("Something went wrong.", fault=True)
    assert not show.isVisible()
