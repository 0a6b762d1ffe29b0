"""Rows follow pictures that were moved."""

from pathlib import Path

from pytestqt.qtbot import QtBot
from result_makers import model_of, names_in, picture, put_in_order, result

from gui.results_order import OrderSpec, SortKey
from gui.results_view import ResultsView


def test_a_row_keeps_its_place_and_its_result(qtbot: QtBot) -> None:
    model = model_of("a", "b", "c", results=[result("b")])
    with qtbot.waitSignals([model.relocated, model.dataChanged]):
        model.relocate([(Path("/pictures/b"), picture("z", "/sorted"))])
    assert names_in(model) == ["a", "z", "c"]
    assert model.row_of(Path("/sorted/z")) == 1
    assert model.row_of(Path("/pictures/b")) is None
    moved = model.result_at(1)
    assert moved is not None
    assert moved.path == Path("/sorted/z")
    assert moved.predictions == result("b").predictions
    assert [one.path for one in model.results()] == [Path("/sorted/z")]
    assert model.counts().total == 3


def test_what_comes_later_is_for_the_new_place() -> None:
    model = model_of("a", "b")
    model.relocate([(Path("/pictures/a"), picture("a", "/sorted"))])
    model.apply([result("a"), result("a", folder="/sorted")])
    assert [one.path for one in model.results()] == [Path("/sorted/a")]
    assert model.add([picture("a", "/sorted")]) == 0, "the new place is known"
    assert model.add([picture("a")]) == 1, "the old one is free"


def test_names_are_sorted_anew() -> None:
    model = model_of("a", "b")
    model.relocate([(Path("/pictures/a"), picture("z"))])
    put_in_order(model, OrderSpec(SortKey.NAME))
    assert names_in(model) == ["b", "z"]


def test_unknown_pictures_and_places_that_are_taken_are_left_alone(qtbot: QtBot) -> None:
    model = model_of("a", "b")
    with qtbot.assertNotEmitted(model.relocated):
        model.relocate([(Path("/pictures/none"), picture("x")), (Path("/pictures/a"), picture("b"))])
    assert names_in(model) == ["a", "b"]
    model.relocate([])


def test_the_current_picture_is_told_anew(qtbot: QtBot) -> None:
    model = model_of("a", "b")
    view = ResultsView(model)
    qtbot.addWidget(view)
    view.select_path(Path("/pictures/a"))
    with qtbot.waitSignal(view.current_path_changed) as told:
        model.relocate([(Path("/pictures/a"), picture("a", "/sorted"))])
    assert told.args == [Path("/sorted/a")]
