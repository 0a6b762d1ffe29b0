"""Evaluation through the real window; the child process is a fake, except in the last test."""

import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from evaluation_makers import evaluation_of, judged
from fakes import write_picture
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton
from pytestqt.qtbot import QtBot
from window_desk import MakeWindow, drop, wait_done

from gui.confusion_grid import ConfusionGrid
from gui.evaluate_dialog import EvaluateDialog
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from gui.toned_label import TonedLabel
from model.cancel import CancelToken
from model.engine import Engine
from model.errors import DatasetError
from model.evaluation_types import EvaluateRequest, EvaluationProgress, EvaluationStarted
from model.weights import Catalogue, default_catalogue

CLASSES = ("cloudy", "rain", "shine")


class FakeChild:
    """Evaluates without a network: each picture is named after what it is taken for. Counts its calls."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.requests: list[EvaluateRequest] = []
        self.gate: threading.Event | None = None
        self.waiting = threading.Event()
        self.abandoned = 0
        self.problem: DatasetError | None = None

    def __call__(
        self,
        target: str,
        arguments: tuple[EvaluateRequest, Catalogue],
        cancel: CancelToken,
        *,
        abandon: CancelToken,
    ) -> Iterator[object]:
        request, _ = arguments
        self.targets.append(target)
        self.requests.append(request)
        paths = sorted(path for path in request.root.rglob("*.png"))
        yield EvaluationStarted(request.weights, request.weights, len(paths), None)
        yield EvaluationProgress(0, len(paths), 0, 0.0)
        yield EvaluationProgress(len(paths) // 2, len(paths), 0, 12.0)
        if self.gate is not None:
            self.waiting.set()
            while not self.gate.wait(0.01):
                if abandon.cancelled:
                    self.abandoned += 1
                    return
        if self.problem is not None:
            raise self.problem
        images = [
            judged(path, CLASSES.index(path.parent.name), CLASSES.index(path.stem.split("-")[0]), classes=3)
            for path in paths
        ]
        yield evaluation_of(images, CLASSES, root=request.root, weights_id=request.weights)


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeChild]:
    made = FakeChild()
    monkeypatch.setattr("model.child_process.run_in_child", made)
    yield made
    if made.gate is not None:
        made.gate.set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three of cloudy are right and two are taken for rain; one of rain is taken for shine."""
    root = tmp_path / "weather"
    for label, names in {
        "cloudy": ("cloudy-1", "cloudy-2", "cloudy-3", "rain-1", "rain-2"),
        "rain": ("shine-1",),
    }.items():
        for name in names:
            write_picture(root / label / f"{name}.png")
    write_picture(root / "shine" / "shine-9.png", (20, 20, 200))
    return root


def open_dialog(window: MainWindow) -> EvaluateDialog:
    window.actions_by_name["evaluate"].trigger()
    dialog = window.evaluation.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def press(dialog: EvaluateDialog, name: str) -> None:
    (found,) = (one for one in dialog.findChildren(QPushButton) if one.accessibleName() == name)
    found.click()


def evaluate(qtbot: QtBot, window: MainWindow, folder: Path) -> EvaluateDialog:
    dialog = open_dialog(window)
    dialog.form.set_folder(folder)
    press(dialog, "Evaluate")
    qtbot.waitUntil(lambda: not window.evaluation.running, timeout=60_000)
    return dialog


def click(qtbot: QtBot, dialog: EvaluateDialog, true: str, predicted: str) -> None:
    grid = dialog.findChild(ConfusionGrid)
    model = grid.model()
    rows = [model.headerData(row, Qt.Orientation.Vertical) for row in range(model.rowCount())]
    columns = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
    index = model.index(rows.index(true), columns.index(predicted))
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(index).center())


def shown(window: MainWindow) -> list[str]:
    return [window.results.path_at(row).name for row in range(window.results.rowCount())]


def wait_shown(qtbot: QtBot, window: MainWindow, *names: str) -> None:
    qtbot.waitUntil(lambda: sorted(shown(window)) == sorted(names), timeout=10_000)


def words(dialog: EvaluateDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(TonedLabel)).replace("\u00a0", " ")


# --- the result ---


def test_what_is_asked_for_is_evaluated_in_a_child_process(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path, settings: Settings
) -> None:
    settings.device = "cpu"
    settings.batch_size = 7
    dialog = evaluate(qtbot, window, folder)
    assert child.targets == ["model.evaluate:evaluate"]
    (request,) = child.requests
    assert request == EvaluateRequest(folder, "imagenet-lite2", None, "cpu", 7, window.limits)
    assert "4 of 7 right: 57.1 %, 95 % interval" in words(dialog)


def test_a_click_on_a_cell_shows_exactly_its_pictures(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path, tmp_path: Path
) -> None:
    others = [write_picture(tmp_path / "holiday" / f"{name}.png") for name in ("a", "b")]
    drop(window, [*others, folder / "cloudy" / "rain-2.png", folder / "cloudy" / "cloudy-1.png"])
    wait_done(qtbot, window, 4)
    dialog = evaluate(qtbot, window, folder)

    click(qtbot, dialog, "cloudy", "rain")
    wait_shown(qtbot, window, "rain-1.png", "rain-2.png")
    wait_done(qtbot, window, 5)  # the one that was not in the list yet is classified, too
    assert sorted(shown(window)) == ["rain-1.png", "rain-2.png"]
    assert window.filter_bar.title == "cloudy taken for rain: 2 pictures"
    assert window.pages.currentWidget() is window.view
    assert dialog.isVisible()

    click(qtbot, dialog, "rain", "shine")
    wait_shown(qtbot, window, "shine-1.png")
    assert window.filter_bar.title == "rain taken for shine: 1 picture"
    wait_done(qtbot, window, 6)

    click(qtbot, dialog, "cloudy", "rain")
    wait_shown(qtbot, window, "rain-1.png", "rain-2.png")
    assert window.view.current_path() == window.results.path_at(0)

    (cross,) = (
        one for one in window.filter_bar.findChildren(QToolButton) if one.accessibleName() == "Show all pictures again"
    )
    cross.click()
    wait_shown(qtbot, window, "a.png", "b.png", "rain-2.png", "cloudy-1.png", "rain-1.png", "shine-1.png")
    assert window.filter_bar.title == ""


def test_a_click_undoes_other_filters(qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path) -> None:
    drop(window, [folder])
    wait_done(qtbot, window, 7)
    window.filter_bar.focus_filter()
    qtbot.keyClicks(window.filter_bar.focusWidget(), "nothing is called so")
    qtbot.waitUntil(lambda: not shown(window))
    click(qtbot, evaluate(qtbot, window, folder), "cloudy", "cloudy")
    wait_shown(qtbot, window, "cloudy-1.png", "cloudy-2.png", "cloudy-3.png")


@pytest.mark.parametrize("listed_by_link", [True, False])
def test_a_picture_that_is_in_the_list_by_another_way_is_shown_once(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path, tmp_path: Path, listed_by_link: bool
) -> None:
    try:
        (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    listed, evaluated = (tmp_path / "link", folder) if listed_by_link else (folder, tmp_path / "link")
    drop(window, [listed / "cloudy" / "rain-1.png", listed / "shine"])
    wait_done(qtbot, window, 2)
    click(qtbot, evaluate(qtbot, window, evaluated), "cloudy", "rain")
    wait_shown(qtbot, window, "rain-1.png", "rain-2.png")
    wait_done(qtbot, window, 3)
    assert listed / "cloudy" / "rain-1.png" in window.results.paths()


def test_a_cleared_list_begins_without_the_filter(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path
) -> None:
    click(qtbot, evaluate(qtbot, window, folder), "cloudy", "rain")
    wait_shown(qtbot, window, "rain-1.png", "rain-2.png")
    wait_done(qtbot, window, 2)
    window.commands.clear()
    drop(window, [folder / "shine"])
    wait_shown(qtbot, window, "shine-9.png")
    assert window.filter_bar.title == ""


def test_other_weights_in_the_table_are_told_of_and_can_be_changed(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path
) -> None:
    dialog = evaluate(qtbot, window, folder)
    click(qtbot, dialog, "cloudy", "rain")
    wait_done(qtbot, window, 2)
    assert window.messages.shown is None or "was evaluated" not in window.messages.shown.text
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 2)
    click(qtbot, dialog, "cloudy", "rain")
    message = window.messages.shown
    assert message is not None
    assert message.text.endswith("the labels in the table are those of Title of weather-lite2.")
    message.actions[0].callback()
    wait_done(qtbot, window, 2)
    assert window.classify.weights_id == "imagenet-lite2"


# --- while it runs ---


def test_classifying_goes_on_beside_an_evaluation_and_it_can_be_stopped(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path
) -> None:
    child.gate = threading.Event()
    dialog = open_dialog(window)
    dialog.form.set_folder(folder)
    press(dialog, "Evaluate")
    qtbot.waitUntil(lambda: "3 of 7" in dialog.text)
    drop(window, [folder / "shine"])
    wait_done(qtbot, window, 1)
    assert window.evaluation.running
    press(dialog, "Stop evaluating")
    qtbot.waitUntil(lambda: not window.evaluation.running)
    assert child.abandoned == 1
    assert dialog.text.startswith("Stopped")
    window.evaluation.start()
    child.gate.set()
    qtbot.waitUntil(lambda: dialog.evaluation is not None)


def test_what_went_wrong_is_told_with_its_remedy(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path
) -> None:
    child.problem = DatasetError("evaluate-folder-unknown", folder="fog", id="weather", known="rain, shine")
    dialog = evaluate(qtbot, window, folder)
    assert "“fog” is none of the classes" in dialog.text
    assert "choose the weights that know this class" in dialog.text
    assert window.messages.shown is None


@pytest.mark.parametrize("fails", [False, True])
def test_the_end_of_an_evaluation_whose_dialog_was_closed_is_told_in_the_window(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path, fails: bool
) -> None:
    child.gate = threading.Event()
    if fails:
        child.problem = DatasetError("evaluate-no-pictures", folder="weather")
    dialog = open_dialog(window)
    dialog.form.set_folder(folder)
    press(dialog, "Evaluate")
    assert child.waiting.wait(10)
    dialog.close()
    child.gate.set()
    qtbot.waitUntil(lambda: window.messages.shown is not None)
    message = window.messages.shown
    assert message is not None
    assert ("no labelled pictures" if fails else "4 of 7 right") in message.text
    message.actions[0].callback()
    assert dialog.isVisible()
    assert window.evaluation.dialog is dialog
    assert (dialog.evaluation is None) is fails


def test_there_is_one_dialog_and_it_keeps_its_result(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path
) -> None:
    dialog = evaluate(qtbot, window, folder)
    dialog.close()
    window.classify.choose_weights("weather-lite2")
    assert open_dialog(window) is dialog
    assert dialog.evaluation is not None
    assert dialog.form.weights_id == "weather-lite2"
    window.evaluation.open("broken")
    assert dialog.form.weights_id == "broken"


def test_the_dialog_closes_with_the_window_and_the_evaluation_ends(
    qtbot: QtBot, make_window: MakeWindow, child: FakeChild, folder: Path
) -> None:
    window = make_window()
    child.gate = threading.Event()
    dialog = open_dialog(window)
    assert not dialog.testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)
    dialog.form.set_folder(folder)
    press(dialog, "Evaluate")
    assert child.waiting.wait(10)
    window.close()
    assert not dialog.isVisible()
    assert finish(window.runners, leave=lambda code: pytest.fail(f"a thread was stuck: {code}"))
    assert child.abandoned == 1


# --- reports ---


def test_reports_are_saved(
    qtbot: QtBot, window: MainWindow, child: FakeChild, folder: Path, tmp_path: Path, settings: Settings
) -> None:
    dialog = evaluate(qtbot, window, folder)
    for name in ("report.html", "report.json", "report.csv"):
        window.evaluation.save(tmp_path / name, False)
        qtbot.waitUntil(lambda name=name: dialog.note == f"Saved as {name}.", timeout=20_000)  # type: ignore[misc]
    assert "<!doctype html>" in (tmp_path / "report.html").read_text(encoding="utf-8").lower()
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 7
    assert settings.last_export_folder == str(tmp_path)
    before = (tmp_path / "report.json").read_bytes()
    window.evaluation.save(tmp_path / "report.json", False)
    qtbot.waitUntil(lambda: "report.json" in dialog.note and not dialog.note.startswith("Saved"))
    assert (tmp_path / "report.json").read_bytes() == before


# --- all of it ---


def test_the_real_network_in_a_real_child_process(qtbot: QtBot, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "weather"
    for label, colour in {"cloudy": (150, 150, 160), "sunrise": (250, 120, 30)}.items():
        for number in range(2):
            write_picture(folder / label / f"{number}.png", colour, (300, 280 + number))
    settings.last_weights = "weather-lite2"
    catalogue = default_catalogue()
    window = MainWindow(catalogue, Engine(catalogue), settings)
    qtbot.addWidget(window)
    window.show()
    window.start()
    dialog = open_dialog(window)
    dialog.form.set_folder(folder)
    press(dialog, "Evaluate")
    qtbot.waitUntil(lambda: not window.evaluation.running, timeout=500_000)
    evaluation = dialog.evaluation
    assert evaluation is not None, dialog.text
    assert evaluation.weights_id == "weather-lite2"
    assert int(evaluation.confusion.sum()) == len(evaluation.images) == 4
    first = evaluation.images[0]
    labels = evaluation.classes
    click(qtbot, dialog, labels[first.true], labels[first.predicted])
    wanted = [
        image.path for image in evaluation.images if (image.true, image.predicted) == (first.true, first.predicted)
    ]
    qtbot.waitUntil(lambda: sorted(window.results.paths()) == sorted(wanted), timeout=10_000)
    wait_done(qtbot, window, len(wanted))
    window.close()
    assert finish(window.runners)
