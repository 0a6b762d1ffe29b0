"""From a folder of pictures to weights in use, through the real window; and what the window tells meanwhile."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from shape_pictures import draw
from training_makers import FakeTraining, ending_events, fine_tuning_events, make_epoch, make_request, quick_events
from weights_desk import keys, message, press
from window_desk import MakeWindow, drop, wait_done

from gui.dataset_panel import PanelState
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from gui.train_dialog import TrainDialog
from gui.training_page import PageState
from model.cancel import CancelToken
from model.cards import TOP_1
from model.child_process import run_in_child
from model.engine import Engine
from model.errors import PhotospotterError
from model.training_types import TrainRequest
from model.weights import Catalogue, default_catalogue


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Twenty discs and twenty squares."""
    root = tmp_path / "My shapes"
    for shape in ("disc", "square"):
        for number in range(20):
            draw(root / shape / f"{number}.png", shape, seed=number + 1000 * (shape == "square"))
    return root


@pytest.fixture
def real_window(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[MainWindow]:
    """The window over the weights that ship, with the real networks."""
    catalogue = default_catalogue()
    window = MainWindow(catalogue, Engine(catalogue, store_file=tmp_path / "store.sqlite3"), settings)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.start()
    yield window
    window.close()
    assert finish(window.runners, patience=60.0, leave=lambda _code: pytest.fail("a thread is still busy"))


def open_dialog(window: MainWindow) -> TrainDialog:
    window.actions_by_name["train"].trigger()
    dialog = window.training_reports.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def test_shapes_are_learnt_in_the_window_and_the_new_weights_used(
    qtbot: QtBot, real_window: MainWindow, shapes: Path, tmp_path: Path
) -> None:
    window = real_window
    dialog = open_dialog(window)
    dialog.choose_folder(shapes)
    qtbot.waitUntil(lambda: dialog.setup.dataset.state is PanelState.READY, timeout=60_000)
    assert dialog.setup.options.choices.title == "My shapes"
    dialog.setup._train.click()
    assert window.training_line.isVisible()
    qtbot.waitUntil(lambda: not window.training.running, timeout=600_000)
    progress = window.training.progress
    assert progress is not None
    assert dialog.page.state is PageState.DONE, dialog.page.headline
    assert sum(score.count for score in progress.scores) == 40
    assert progress.mean_score is not None
    assert progress.mean_score > 0.95
    assert "named rightly" in dialog.page.headline
    qtbot.waitUntil(window.weights_panel.row("my-shapes").isVisible)
    dialog.page._use.click()
    assert window.classify.weights_id == "my-shapes"
    assert not dialog.isVisible()
    new = [draw(tmp_path / "new" / f"{shape}.png", shape, seed=77) for shape in ("disc", "square")]
    drop(window, new)
    wait_done(qtbot, window, 2)
    named = {result.path.name: result.predictions[0].label for result in window.results.results()}
    assert named == {"disc.png": "disc", "square.png": "square"}
    card = window.catalogue.entry("my-shapes").weights
    assert card.classes == ("disc", "square")
    assert card.accuracy[0].metric == TOP_1


# --- with made-up trainings ---


@pytest.fixture
def training() -> FakeTraining:
    return FakeTraining()


@pytest.fixture
def trained_window(make_window: MakeWindow, training: FakeTraining) -> MainWindow:
    """The window, with a training that waits for the test's word."""
    window = make_window()
    window.training._train = training
    return window


def test_the_lower_edge_tells_how_far_a_training_is_and_opens_it(
    qtbot: QtBot, trained_window: MainWindow, training: FakeTraining
) -> None:
    line = trained_window.training_line
    assert not line.isVisible()
    trained_window.training.start(make_request(epochs=4, folds=0))
    training.give(*fine_tuning_events())
    qtbot.waitUntil(lambda: "epoch 3 of 4" in line.text())
    assert "Training Shapes" in line.text()
    line.click()
    dialog = trained_window.training_reports.dialog
    assert dialog is not None
    assert dialog.isVisible()
    assert dialog.showing_training
    assert dialog.page.curves.accuracy is not None
    assert len(dialog.page.curves.accuracy.curves[0]) == 2
    training.give(*ending_events())
    qtbot.waitUntil(lambda: not line.isVisible())


def test_the_end_is_told_by_a_message_where_the_dialog_is_closed(
    qtbot: QtBot, trained_window: MainWindow, training: FakeTraining
) -> None:
    trained_window.training.start(make_request("weather-lite2"))
    training.give(*quick_events("weather-lite2"))
    qtbot.waitUntil(lambda: "training-ended" in keys(trained_window))
    assert message(trained_window).text.startswith("Weather-Lite2 is trained. On average 96.0")
    press(trained_window, "Use it")
    assert trained_window.classify.weights_id == "weather-lite2"
    assert "training-ended" not in keys(trained_window)


def test_a_failure_in_the_background_is_told_and_shown(
    qtbot: QtBot, trained_window: MainWindow, training: FakeTraining
) -> None:
    trained_window.training.start(make_request())
    training.give(PhotospotterError("child-died"))
    qtbot.waitUntil(lambda: "training-ended" in keys(trained_window))
    press(trained_window, "Show")
    dialog = trained_window.training_reports.dialog
    assert dialog is not None
    assert dialog.showing_training
    assert dialog.page.state is PageState.FAULT


def test_while_the_dialog_is_open_it_alone_tells_of_the_end(
    qtbot: QtBot, trained_window: MainWindow, training: FakeTraining
) -> None:
    dialog = open_dialog(trained_window)
    dialog.start(make_request())
    training.give(*quick_events())
    qtbot.waitUntil(lambda: dialog.page.state is PageState.DONE)
    assert "training-ended" not in keys(trained_window)


def test_from_the_result_the_new_weights_can_be_evaluated(
    qtbot: QtBot, trained_window: MainWindow, training: FakeTraining
) -> None:
    dialog = open_dialog(trained_window)
    dialog.start(make_request("weather-lite2"))
    training.give(*quick_events("weather-lite2"))
    qtbot.waitUntil(lambda: dialog.page.state is PageState.DONE)
    dialog.page._evaluate.click()
    evaluate = trained_window.evaluation.dialog
    assert evaluate is not None
    assert evaluate.isVisible()
    assert evaluate.form.weights_id == "weather-lite2"


def test_classifying_goes_on_beside_a_training(
    qtbot: QtBot, trained_window: MainWindow, training: FakeTraining, tmp_path: Path
) -> None:
    trained_window.training.start(make_request(epochs=4, folds=0))
    training.give(make_epoch(1))
    drop(trained_window, [draw(tmp_path / "a.png", "disc", 1)])
    wait_done(qtbot, trained_window, 1)
    assert trained_window.training.running


def test_closing_the_window_ends_the_child_at_once(qtbot: QtBot, make_window: MakeWindow) -> None:
    """`make_window` also sees to it that the thread ends in the time that a closed window has."""
    window = make_window()
    with socket.create_server(("127.0.0.1", 0)) as home:
        home.settimeout(60)
        port = home.getsockname()[1]

        def train(
            _request: TrainRequest, _catalogue: Catalogue, abandon: CancelToken, cancel: CancelToken
        ) -> Iterator[object]:
            return run_in_child("child_jobs:call_home_and_never_end", (port,), cancel, abandon=abandon, patience=1000.0)

        window.training._train = train
        window.training.start(make_request())
        caller = home.accept()[0]
        with caller:
            window.close()
            assert finish(window.runners, leave=lambda _code: pytest.fail("the training held the end up"))
            caller.settimeout(10)
            try:
                assert caller.recv(1) == b""
            except ConnectionResetError:
                pass
