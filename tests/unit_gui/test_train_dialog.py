"""The Train dialog from an empty folder field to the new weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot
from training_desk import Known, button, press, running_controller
from training_makers import (
    FakeSurvey,
    FakeTraining,
    ending_events,
    fine_tuning_events,
    make_entry,
    make_epoch,
    make_request,
    quick_events,
)

from gui.dataset_panel import PanelState
from gui.train_dialog import TrainDialog
from gui.training_controller import TrainingController
from gui.training_page import PageState
from model.dataset import ReadProgress
from model.decode_limits import DecodeLimits
from model.errors import DatasetError, PhotospotterError
from model.training_plan import run_folder
from model.training_types import RunStarted


@pytest.fixture
def survey() -> FakeSurvey:
    return FakeSurvey()


@pytest.fixture
def training() -> FakeTraining:
    return FakeTraining()


@pytest.fixture
def controller(
    qtbot: QtBot, tmp_path: Path, survey: FakeSurvey, training: FakeTraining
) -> Iterator[TrainingController]:
    with running_controller(tmp_path, survey, training) as made:
        yield made


@pytest.fixture
def dialog(qtbot: QtBot, controller: TrainingController) -> TrainDialog:
    made = TrainDialog(controller, lambda: DecodeLimits(pixels=9), lambda: "cpu")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    folder = tmp_path / "Shapes"
    folder.mkdir()
    return folder


@pytest.fixture
def ready(qtbot: QtBot, dialog: TrainDialog, survey: FakeSurvey, shapes: Path) -> TrainDialog:
    """The dialog with a folder that was looked at."""
    dialog.choose_folder(shapes)
    survey.gate.release()
    qtbot.waitUntil(lambda: dialog.setup.dataset.state is PanelState.READY)
    return dialog


def name_it(dialog: TrainDialog, title: str) -> None:
    field = dialog.setup.options._title
    field.setText(title)
    field.textEdited.emit(title)


def test_it_begins_with_an_invitation_and_cannot_train(dialog: TrainDialog) -> None:
    assert dialog.setup.dataset.state is PanelState.EMPTY
    assert not button(dialog.setup, "Train").isEnabled()
    assert not dialog.isModal()
    with pytest.raises(ValueError, match="incomplete"):
        dialog.setup.request(DecodeLimits())


def test_a_folder_is_looked_at_and_names_the_weights(
    qtbot: QtBot, dialog: TrainDialog, survey: FakeSurvey, shapes: Path
) -> None:
    dialog.choose_folder(shapes)
    qtbot.waitUntil(lambda: dialog.setup.dataset.state is PanelState.READING)
    assert not dialog.setup.ready
    survey.gate.release()
    qtbot.waitUntil(lambda: dialog.setup.dataset.state is PanelState.READY)
    assert survey.asked == [shapes]
    assert dialog.setup.options.choices.title == "Shapes"
    assert dialog.setup.ready


def test_a_folder_that_will_not_do_says_why(
    qtbot: QtBot, dialog: TrainDialog, survey: FakeSurvey, shapes: Path
) -> None:
    survey.result = DatasetError("train-few-classes", folder="Shapes", count=1)
    survey.gate.release()
    dialog.choose_folder(shapes)
    qtbot.waitUntil(lambda: dialog.setup.dataset.state is PanelState.FAULT)
    assert not dialog.setup.ready


def test_a_quick_training_to_its_end_and_the_weights_are_used(
    qtbot: QtBot, ready: TrainDialog, training: FakeTraining
) -> None:
    used: list[str] = []
    ready.use_requested.connect(used.append)
    press(ready.setup, "Train")
    assert ready.showing_training
    assert ready.page.state is PageState.RUNNING
    training.give(*quick_events())
    qtbot.waitUntil(lambda: ready.page.state is PageState.DONE)
    assert "On average 96.0" in ready.page.headline
    assert ready.page._scores.isVisible()
    assert ready.page.curves.accuracy is None  # and pyqtgraph is not imported for it
    request = training.requests[0]
    assert (request.out, request.recipe.epochs, request.device, request.limits.pixels) == ("shapes", 0, "cpu", 9)
    press(ready.page, "Use these weights now")
    assert used == ["shapes"]


def test_a_thorough_training_shows_its_curves_as_they_come(
    qtbot: QtBot, ready: TrainDialog, training: FakeTraining
) -> None:
    ready.setup.options._thorough.click()
    ready.setup.options._more.set_open(True)
    ready.setup.options._advanced._epochs.setValue(4)
    press(ready.setup, "Train")
    training.give(*fine_tuning_events(epochs=4, done=2))
    page = ready.page
    qtbot.waitUntil(lambda: page.best != "")
    accuracy, loss = page.curves.accuracy, page.curves.loss
    assert accuracy is not None
    assert loss is not None
    qtbot.waitUntil(lambda: len(accuracy.curves[0]) == 2)
    assert accuracy.isVisible()
    assert accuracy.curves == (((1, 0.55), (2, 0.6)), ((1, 0.65), (2, 0.7)))
    assert loss.curves[1] == ((1, pytest.approx(0.85)), (2, pytest.approx(0.8)))
    assert loss.best == 2
    qtbot.waitUntil(lambda: "Epoch 3 of 4" in page.text)
    assert "1\u00a0min left" in page.text
    assert page.best.startswith("Best so far: epoch 2")
    training.give(*ending_events())
    qtbot.waitUntil(lambda: page.state is PageState.DONE)
    assert page.headline.startswith("90\u00a0%")
    assert len(accuracy.curves[0]) == 2  # they stay
    assert (training.requests[0].recipe.epochs, training.requests[0].folds) == (4, 0)


def test_a_stop_keeps_the_best(qtbot: QtBot, ready: TrainDialog, training: FakeTraining) -> None:
    training.at_stop = ending_events()[:-1]
    ready.setup.options._thorough.click()
    press(ready.setup, "Train")
    assert button(ready.page, "Stop").isVisible()  # there is nothing to keep yet
    training.give(*fine_tuning_events())
    qtbot.waitUntil(lambda: ready.page.best != "")
    press(ready.page, "Stop and keep the best")
    assert ready.page.state is PageState.STOPPING
    assert "best network so far" in ready.page.text
    assert not button(ready.page, "Stop and keep the best").isEnabled()
    qtbot.waitUntil(lambda: ready.page.state is PageState.DONE)


def test_a_stop_in_a_held_out_part_promises_nothing(qtbot: QtBot, ready: TrainDialog, training: FakeTraining) -> None:
    ready.setup.options._thorough.click()
    press(ready.setup, "Train")
    training.give(RunStarted(0, 30, 6, 6, 4, "CPU", "fp32"), make_epoch(1))
    qtbot.waitUntil(lambda: ready.page.best != "")
    press(ready.page, "Stop")
    assert ready.page.text == "Stopping…"
    qtbot.waitUntil(lambda: ready.page.state is PageState.STOPPED)
    assert ready.page.headline == "It was stopped before there were weights to keep."
    assert not button(ready.page, "Use these weights now").isVisible()
    press(ready.page, "Back")
    assert not ready.showing_training


def test_a_failure_is_told_with_its_remedy_and_can_be_resumed(
    qtbot: QtBot, ready: TrainDialog, training: FakeTraining, controller: TrainingController
) -> None:
    ready.setup.options._thorough.click()
    press(ready.setup, "Train")
    state = run_folder(controller.catalogue.data_dir, "shapes") / "final" / "state.pt"
    state.parent.mkdir(parents=True)
    state.touch()
    training.give(*fine_tuning_events(), PhotospotterError("child-died"))
    qtbot.waitUntil(lambda: ready.page.state is PageState.FAULT)
    assert "ended before it was done" in ready.page.headline
    assert "Close other programs" in ready.page.text
    press(ready.page, "Resume")
    assert ready.page.state is PageState.RUNNING
    training.give(None)
    qtbot.waitUntil(lambda: len(training.requests) == 2)
    first, second = training.requests
    assert second.resume
    assert (second.out, second.recipe, second.root) == (first.out, first.recipe, first.root)


def test_a_bug_is_told_without_technical_words(qtbot: QtBot, ready: TrainDialog, training: FakeTraining) -> None:
    press(ready.setup, "Train")
    training.give(ZeroDivisionError("bug"))
    qtbot.waitUntil(lambda: ready.page.state is PageState.FAULT)
    assert ready.page.headline == "Something went wrong inside the program."
    assert not button(ready.page, "Resume").isVisible()


def test_an_unfinished_training_is_offered_and_can_be_resumed_or_discarded(
    qtbot: QtBot, ready: TrainDialog, training: FakeTraining, controller: TrainingController, shapes: Path
) -> None:
    for name in ("one", "two"):
        name_it(ready, name)
        ready.setup.options._thorough.click()
        press(ready.setup, "Train")
        state = run_folder(controller.catalogue.data_dir, name) / "final" / "state.pt"
        state.parent.mkdir(parents=True)
        state.touch()
        training.give(make_epoch(1))
        qtbot.waitUntil(lambda: controller.progress is not None and bool(controller.progress.epochs))
        controller.stop()
        qtbot.waitUntil(lambda: ready.page.state is PageState.STOPPED)
        assert ready.page.text == "It can go on where it stopped."
        press(ready.page, "Back")
    strip = ready.setup.unfinished
    assert strip.isVisible()
    assert strip.request is not None
    assert strip.request.out == "one"
    assert "unfinished training has this name" in ready.setup.options.note  # of "two", which stands there still
    press(strip, "Discard")
    assert not run_folder(controller.catalogue.data_dir, "one").exists()
    assert strip.request.out == "two"
    press(strip, "Resume")
    assert ready.showing_training
    training.give(*quick_events("two"))
    qtbot.waitUntil(lambda: ready.page.state is PageState.DONE)
    assert training.requests[-1].resume
    press(ready.page, "Train another")
    assert not strip.isVisible()


def test_closing_it_leaves_the_training_alone(
    qtbot: QtBot, ready: TrainDialog, training: FakeTraining, controller: TrainingController
) -> None:
    press(ready.setup, "Train")
    training.give(ReadProgress(1, 42))
    press(ready.page, "Close")
    assert not ready.isVisible()
    assert controller.running
    training.give(*quick_events())
    qtbot.waitUntil(lambda: not controller.running)
    ready.show()
    assert ready.page.state is PageState.DONE


def test_the_next_training_gets_another_name(
    qtbot: QtBot, ready: TrainDialog, training: FakeTraining, controller: TrainingController
) -> None:
    press(ready.setup, "Train")
    assert isinstance(controller.catalogue, Known)
    controller.catalogue.known.append(make_entry("shapes"))
    training.give(*quick_events())
    qtbot.waitUntil(lambda: ready.page.state is PageState.DONE)
    press(ready.page, "Train another")
    assert ready.setup.options.choices.title == "Shapes 2"
    assert ready.setup.ready


def test_a_look_that_a_training_interrupted_is_taken_again(
    qtbot: QtBot, dialog: TrainDialog, survey: FakeSurvey, training: FakeTraining, shapes: Path
) -> None:
    dialog.choose_folder(shapes)
    qtbot.waitUntil(lambda: len(survey.asked) == 1)
    dialog.start(make_request(root=shapes))
    survey.gate.release(2)
    training.give(*quick_events())
    qtbot.waitUntil(lambda: dialog.page.state is PageState.DONE)
    press(dialog.page, "Train another")
    qtbot.waitUntil(lambda: dialog.setup.dataset.state is PanelState.READY)
    assert survey.asked == [shapes, shapes]


def mime_of(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drag_in(dialog: TrainDialog, mime: QMimeData) -> bool:
    event = QDragEnterEvent(
        QPoint(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    event.setAccepted(False)
    QApplication.sendEvent(dialog, event)
    return event.isAccepted()


def test_a_folder_can_be_dropped(qtbot: QtBot, dialog: TrainDialog, survey: FakeSurvey, shapes: Path) -> None:
    mime = mime_of(shapes)
    assert drag_in(dialog, mime)
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(dialog, event)
    qtbot.waitUntil(lambda: survey.asked == [shapes])
    assert not drag_in(dialog, mime_of(shapes, shapes.parent))


def test_every_control_has_a_name_for_screen_readers(dialog: TrainDialog) -> None:
    dialog.setup.options._more.set_open(True)
    nameless = [
        widget
        for kind in (QAbstractButton, QComboBox, QSpinBox, QLineEdit)
        for widget in dialog.findChildren(kind)
        if not (widget.accessibleName() or isinstance(widget.parent(), QLineEdit | QSpinBox))  # Qt's own parts
    ]
    assert [(type(one).__name__, one.parent()) for one in nameless] == []
