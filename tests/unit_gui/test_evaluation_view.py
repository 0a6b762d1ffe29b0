from pathlib import Path

import pytest
from evaluation_makers import WEATHER, evaluation_of, judged
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gui.confusion_view import ConfusionView
from gui.evaluation_view import EvaluationView
from gui.figure_table import FigureTable
from gui.reliability_plot import ReliabilityPlot
from gui.toned_label import TonedLabel
from gui.worst_errors import MOST_SHOWN, WorstErrors
from model.evaluation_types import Evaluation
from model.types import Problem

CASES = ((0, 0, 0.9), (0, 1, 0.7), (1, 1, 0.8), (1, 0, 0.95), (2, 2, 0.9), (3, 3, 0.9))
BAD = ((Path("/data/weather/rain/x.jpg"), Problem("image-truncated")),)


def weather(**more: object) -> Evaluation:
    images = [judged(f"/p/{n}.jpg", true, said, share) for n, (true, said, share) in enumerate(CASES)]
    return evaluation_of(images, WEATHER, **more)  # type: ignore[arg-type]


def view_of(qtbot: QtBot, evaluation: Evaluation) -> EvaluationView:
    view = EvaluationView(evaluation)
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.show()
    return view


def titles(view: EvaluationView) -> list[str]:
    return [view.tabs.tabText(number).replace("&", "") for number in range(view.tabs.count())]


def tab(view: EvaluationView, title: str) -> QWidget:
    view.tabs.setCurrentIndex(titles(view).index(title))
    return view.tabs.currentWidget()


def words(view: EvaluationView) -> str:
    return "\n".join(label.text() for label in view.findChildren(TonedLabel)).replace("\u00a0", " ")


def test_the_headline_and_its_figures(qtbot: QtBot) -> None:
    shown = words(view_of(qtbot, weather()))
    assert "4 of 6 right: 66.7 %, 95 % interval" in shown
    for name in ("Macro F1", "Calibration error", "Unsure"):
        assert name in shown
    assert "learnt" not in shown
    assert "learnt from these very pictures" in words(view_of(qtbot, weather(trained_on_these=True)))


def test_a_tab_is_filled_when_it_is_looked_at(qtbot: QtBot) -> None:
    view = view_of(qtbot, weather(bad=BAD))
    assert titles(view) == ["Confusions", "Classes", "Reliability", "Worst errors", "1 not read"]
    assert view.findChild(ConfusionView) is not None
    for title, kind in (("Classes", FigureTable), ("Reliability", ReliabilityPlot), ("Worst errors", WorstErrors)):
        page = view.tabs.widget(titles(view).index(title))
        assert page.findChild(kind) is None
        tab(view, title)
        tab(view, "Confusions")
        tab(view, title)
        assert len(page.findChildren(kind)) == 1
    assert tab(view, "1 not read").findChild(FigureTable).figures.rows[0].texts[0] == "rain/x.jpg"


def test_all_was_read(qtbot: QtBot) -> None:
    assert titles(view_of(qtbot, weather())) == ["Confusions", "Classes", "Reliability", "Worst errors"]


def test_a_class_shows_what_was_missed_of_it(qtbot: QtBot) -> None:
    view = view_of(qtbot, weather())
    asked: list[tuple[list[Path], str]] = []
    view.pictures_wanted.connect(lambda paths, title: asked.append((paths, title)))
    table = tab(view, "Classes").findChild(FigureTable)
    for row in range(table.model().rowCount()):
        table.setCurrentIndex(table.model().index(row, 0))
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert asked == [
        ([Path("/p/1.jpg")], "cloudy not recognised: 1 picture"),
        ([Path("/p/3.jpg")], "rain not recognised: 1 picture"),
    ]


def test_the_worst_errors_the_surest_first(qtbot: QtBot) -> None:
    view = view_of(qtbot, weather())
    asked: list[tuple[list[Path], str]] = []
    view.pictures_wanted.connect(lambda paths, title: asked.append((paths, title)))
    page = tab(view, "Worst errors")
    model = page.findChild(WorstErrors).model()
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["3.jpg", "1.jpg"]
    page.findChild(QPushButton).click()
    assert asked == [([Path("/p/3.jpg"), Path("/p/1.jpg")], "Not recognised: 2 pictures")]


def test_of_very_many_errors_some_are_listed_and_all_can_be_shown(qtbot: QtBot) -> None:
    wrong = MOST_SHOWN + 5
    view = view_of(qtbot, evaluation_of([judged(f"/p/{n}.jpg", 0, 1, 0.5 + n / 1000) for n in range(wrong)]))
    page = tab(view, "Worst errors")
    assert page.findChild(WorstErrors).model().rowCount() == MOST_SHOWN
    assert f"The {MOST_SHOWN} errors of {wrong}" in words(view)
    with qtbot.waitSignal(view.pictures_wanted) as asked:
        page.findChild(QPushButton).click()
    assert len(asked.args[0]) == wrong


def test_without_errors_it_says_so(qtbot: QtBot) -> None:
    view = view_of(qtbot, evaluation_of([judged("a.jpg", 0, 0)]))
    assert tab(view, "Worst errors").findChild(WorstErrors) is None
    assert "Every picture was recognised." in words(view)


@pytest.mark.parametrize(("label", "shown"), [("<b>rain</b>", "<b>rain</b>"), ("rain\nshine", "rain\ufffdshine")])
def test_labels_are_shown_as_they_are_on_one_line(qtbot: QtBot, label: str, shown: str) -> None:
    view = view_of(qtbot, evaluation_of([judged("a.jpg", 0, 1)], ("cloudy", label, "shine", "sunrise")))
    grid = view.findChild(ConfusionView).grid
    assert grid is not None
    with qtbot.waitSignal(view.pictures_wanted) as asked:
        for column in range(grid.model().columnCount()):
            grid.go_to(0, column)
            qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert asked.args[1] == f"cloudy taken for {shown}: 1 picture"


def test_classes_of_one_name_are_told_apart(qtbot: QtBot) -> None:
    labels = ("crane", "crane", "shine", "sunrise")
    view = view_of(qtbot, evaluation_of([judged("a.jpg", 0, 1)], labels))
    grid = view.findChild(ConfusionView).grid
    assert grid is not None
    grid.go_to(0, 1)
    with qtbot.waitSignal(view.pictures_wanted) as asked:
        qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert asked.args[1] == "crane (0) taken for crane (1): 1 picture"
