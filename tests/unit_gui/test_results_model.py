from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from pytestqt.qtbot import QtBot
from result_makers import (
    CAT,
    OTHER_WEIGHTS,
    TRUNCATED,
    WEIGHTS,
    model_of,
    names_in,
    order_of,
    picture,
    put_in_order,
    result,
)

from gui.results_model import ROW_ROLE, ResultsModel
from gui.results_order import (
    OrderSpec,
    ResultFilter,
    RowStatus,
    SortKey,
    StatusFilter,
)
from gui.shown_row import Counts
from model.types import Calibration, FoundImage

CATS = OrderSpec(filter=ResultFilter("cat"))
DOG = (("dog", 0.9), ("wolf", 0.05))

Models = Callable[..., ResultsModel]


@pytest.fixture
def make(qapp: object) -> Models:
    return model_of


def test_qt_finds_no_fault(make: Models, qtmodeltester: object) -> None:
    model = make("a.jpg", "b.jpg", results=[result("a.jpg")])
    qtmodeltester.check(model)  # type: ignore[attr-defined]


def test_pictures_are_added_once(make: Models) -> None:
    model = make("a.jpg")
    link = FoundImage(Path("/elsewhere/link.jpg"), picture("a.jpg").identity)
    replaced = FoundImage(picture("a.jpg").path, "/now/another/file.jpg")
    assert model.add([picture("b.jpg"), picture("a.jpg"), picture("b.jpg"), link, replaced]) == 1
    assert names_in(model) == ["a.jpg", "b.jpg"]
    assert model.counts() == Counts(total=2, pending=2, visible=2)


def test_a_removed_picture_can_come_back(make: Models) -> None:
    model = make("a.jpg", "b.jpg", results=[result("a.jpg")])
    model.remove([picture("a.jpg").path, Path("/unknown.jpg")])
    assert names_in(model) == ["b.jpg"]
    assert model.add([picture("a.jpg")]) == 1
    assert names_in(model) == ["b.jpg", "a.jpg"]
    assert model.result_at(1) is None


def test_results_go_to_the_row_of_their_path(make: Models) -> None:
    model = make("a.jpg", "b.jpg", "c.jpg")
    model.apply([result("c.jpg", DOG), result("a.jpg"), result("unknown.jpg")])
    assert [model.shown_row(row).status for row in range(3)] == [RowStatus.DONE, RowStatus.PENDING, RowStatus.DONE]
    assert [r.predictions[0].label for r in model.results()] == ["Egyptian cat", "dog"]
    assert [path.name for path in model.pending_paths()] == ["b.jpg"]
    assert model.pending_paths() == [picture("b.jpg").path]


def test_a_picture_twice_in_a_batch_is_one_row(make: Models) -> None:
    model = make("a.jpg")
    put_in_order(model, CATS)
    model.apply([result("a.jpg", DOG), result("a.jpg")])
    assert names_in(model) == ["a.jpg"]


def test_results_of_other_weights_are_ignored(make: Models) -> None:
    model = make("a.jpg")
    model.apply([result("a.jpg", weights=OTHER_WEIGHTS)])
    assert model.result_at(0) is None
    assert model.results() == []


def test_counts(make: Models, qtbot: QtBot) -> None:
    model = make("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    with qtbot.waitSignal(model.counts_changed):
        model.apply([result("a.jpg"), result("b.jpg", unsure=True), result("c.jpg", problem=TRUNCATED)])
    assert model.counts() == Counts(total=4, pending=1, done=2, errors=1, unsure=1, visible=4)


def test_swapping_weights_keeps_rows_and_places_and_greys_old_results(make: Models) -> None:
    model = make("a.jpg", "b.jpg", "c.jpg", results=[result("a.jpg"), result("b.jpg", DOG)])
    put_in_order(model, OrderSpec(filter=ResultFilter("dog")))
    assert names_in(model) == ["b.jpg"]
    model.mark_all_pending()
    assert names_in(model) == ["b.jpg"]
    assert model.shown_row(0).stale
    assert model.results() == []
    assert [path.name for path in model.pending_paths()] == ["a.jpg", "b.jpg", "c.jpg"]
    model.set_active_weights(OTHER_WEIGHTS, None)
    model.apply([result("b.jpg", CAT)])
    assert model.shown_row(0).stale, "a late result of the old weights came in"
    model.apply([result("b.jpg", CAT, weights=OTHER_WEIGHTS)])
    assert not model.shown_row(0).stale
    assert [r.weights_sha256 for r in model.results()] == [OTHER_WEIGHTS]


def test_choosing_other_weights_makes_their_predecessors_results_stale(make: Models) -> None:
    model = make("a.jpg", "b.jpg", results=[result("a.jpg"), result("b.jpg", problem=TRUNCATED)])
    model.set_active_weights(OTHER_WEIGHTS, None)
    assert model.results() == []
    assert [model.shown_row(row).stale for row in range(2)] == [True, True]


def test_after_a_failed_swap_the_last_good_weights_bring_their_results_back(make: Models) -> None:
    model = make("a.jpg", "b.jpg", "c.jpg", results=[result("a.jpg"), result("b.jpg", problem=TRUNCATED)])
    model.set_active_weights("", None)
    assert model.counts().pending == 3
    model.set_active_weights(WEIGHTS, None)
    assert model.counts() == Counts(total=3, pending=1, done=1, errors=1, visible=3)
    assert len(model.results()) == 2


def test_running_again_does_not_take_back_what_is_to_be_replaced(make: Models) -> None:
    model = make("a.jpg", "b.jpg", results=[result("a.jpg"), result("b.jpg")])
    model.mark_pending([picture("a.jpg").path])
    model.set_active_weights(WEIGHTS, None)
    assert [model.shown_row(row).stale for row in range(2)] == [True, False]


def test_the_verdict_is_the_results_own(make: Models) -> None:
    """However probable: the score that is judged by need not be a probability."""
    low = (("cat", 0.3), ("dog", 0.2))
    model = make(
        *("a.jpg", "b.jpg", "c.jpg"),
        results=[result("a.jpg", low), result("b.jpg", low, unsure=False), result("c.jpg", DOG, unsure=True)],
    )
    assert [model.shown_row(row).status for row in range(3)] == [RowStatus.DONE, RowStatus.DONE, RowStatus.UNSURE]
    assert model.counts().unsure == 1
    assert [model.shown_row(row).bold_from for row in range(2)] == [0.5, 0.0]


def test_the_same_weights_with_another_calibration_are_other_weights(make: Models) -> None:
    fitted, anew = (Calibration(t, "probability", 0.5, 0.95, "a test") for t in (1.5, 2.0))
    model = make("a.jpg", "b.jpg", results=[result("a.jpg"), result("b.jpg")])
    model.set_active_weights(WEIGHTS, fitted)
    assert model.results() == []
    assert [model.shown_row(row).stale for row in range(2)] == [True, True]
    model.apply([result("a.jpg")])
    assert model.results() == [], "the plain softmax was taken for calibrated"
    judged = result("a.jpg", unsure=True, calibration=fitted)
    model.apply([judged])
    assert model.results() == [judged]
    model.set_active_weights(WEIGHTS, anew)
    assert model.shown_row(0).stale
    model.set_active_weights(WEIGHTS, fitted)
    assert model.results() == [judged]
    assert model.shown_row(0).status is RowStatus.UNSURE


def test_rows_keep_their_places_while_results_arrive(make: Models) -> None:
    model = make("b.jpg", "a.jpg", "c.jpg", results=[result("b.jpg", DOG)])
    put_in_order(model, OrderSpec(SortKey.PROBABILITY, True))
    model.apply([result("a.jpg", (("dog", 0.99),)), result("c.jpg", (("dog", 0.95),))])
    assert names_in(model) == ["b.jpg", "a.jpg", "c.jpg"]
    put_in_order(model, OrderSpec(SortKey.PROBABILITY, True))
    assert names_in(model) == ["a.jpg", "c.jpg", "b.jpg"]


def test_rows_that_begin_to_match_come_last_and_others_stay_until_asked(make: Models) -> None:
    model = make("a.jpg", "b.jpg", "c.jpg", results=[result("c.jpg")])
    put_in_order(model, CATS)
    assert names_in(model) == ["c.jpg"]
    model.apply([result("a.jpg"), result("b.jpg", DOG)])
    assert names_in(model) == ["c.jpg", "a.jpg"]
    model.apply([result("c.jpg", DOG)])
    assert names_in(model) == ["c.jpg", "a.jpg"]
    assert model.counts().visible == 2
    put_in_order(model, CATS)
    assert names_in(model) == ["a.jpg"]


def test_new_rows_show_only_if_they_match(make: Models) -> None:
    model = make("a.jpg", results=[result("a.jpg")])
    put_in_order(model, CATS)
    model.add([picture("b.jpg")])
    assert names_in(model) == ["a.jpg"]
    put_in_order(model, OrderSpec(filter=ResultFilter(status=StatusFilter.PENDING)))
    model.add([picture("c.jpg")])
    assert names_in(model) == ["b.jpg", "c.jpg"]


def test_an_ordering_may_come_late(make: Models) -> None:
    model = make("c.jpg", "b.jpg", "a.jpg", "x.jpg", results=[result("c.jpg"), result("b.jpg"), result("x.jpg", DOG)])
    late = order_of(model, OrderSpec(SortKey.NAME, filter=ResultFilter("cat")))
    model.remove([picture("c.jpg").path])
    model.add([picture("new.jpg"), picture("other.jpg"), picture("c.jpg")])
    model.apply([result("new.jpg"), result("other.jpg", DOG), result("a.jpg"), result("c.jpg")])
    model.swap_order(late)
    assert names_in(model) == ["b.jpg", "a.jpg", "new.jpg", "c.jpg"]


def test_an_ordering_of_a_list_that_was_cleared_loses_nothing(make: Models) -> None:
    model = make("b.jpg", "a.jpg")
    late = order_of(model, OrderSpec(SortKey.NAME))
    model.clear()
    assert model.counts() == Counts()
    model.add([picture("z.jpg"), picture("y.jpg")])
    model.swap_order(late)
    assert names_in(model) == ["z.jpg", "y.jpg"]


def test_persistent_indexes_follow_their_pictures(make: Models) -> None:
    model = make("b.jpg", "a.jpg", "c.jpg", results=[result("b.jpg"), result("c.jpg")])
    kept = {name: QPersistentModelIndex(model.index(row, 1)) for row, name in enumerate(("b.jpg", "a.jpg", "c.jpg"))}
    put_in_order(model, OrderSpec(SortKey.NAME, True))
    assert {name: index.row() for name, index in kept.items()} == {"c.jpg": 0, "b.jpg": 1, "a.jpg": 2}
    assert kept["a.jpg"].column() == 1
    put_in_order(model, CATS)
    assert not kept["a.jpg"].isValid()
    assert [model.path_at(kept[name].row()).name for name in ("b.jpg", "c.jpg")] == ["b.jpg", "c.jpg"]


@pytest.mark.parametrize("step", [2, 3])
def test_removing_scattered_rows(make: Models, step: int) -> None:
    names = [f"{number}.jpg" for number in range(150)]
    model = make(*names)
    stays = QPersistentModelIndex(model.index(149 if step == 2 else 148, 0))
    removed: list[np.ndarray] = []
    model.leaving.connect(removed.append)
    model.remove([picture(name).path for name in names[::step]])
    rest = [name for place, name in enumerate(names) if place % step]
    assert names_in(model) == rest
    assert [model.row_of(picture(name).path) for name in rest] == list(range(len(rest)))
    assert model.path_at(stays.row()).name == names[149 if step == 2 else 148]
    assert len(removed) == 1
    assert removed[0].tolist() == list(range(0, 150, step))


def test_rows_are_found_by_path_and_by_name(make: Models) -> None:
    model = make("IMG_1.jpg", "img_2.jpg", "b.jpg", results=[result("b.jpg")])
    assert model.row_of(picture("b.jpg").path) == 2
    assert model.row_of(Path("/unknown.jpg")) is None
    assert model.row_named("IMG", 0) == 0
    assert model.row_named("img_2", 0) == 1
    assert model.row_named("img", 2) == 0
    assert model.row_named("zzz", 1) is None
    put_in_order(model, CATS)
    assert model.row_of(picture("b.jpg").path) == 0
    assert model.row_of(picture("img_2.jpg").path) is None
    assert ResultsModel().row_named("a", 0) is None


def test_results_in_a_batch_are_announced_once(make: Models) -> None:
    names = [f"{number}.jpg" for number in range(64)]
    model = make(*names)
    spans: list[tuple[int, int, int]] = []
    model.dataChanged.connect(lambda first, last: spans.append((first.row(), last.row(), last.column())))
    model.apply([result(name) for name in names[3:]])
    assert spans == [(3, 63, 2)]


def cell(model: ResultsModel, row: int, column: int, role: Qt.ItemDataRole) -> str:
    text = model.index(row, column).data(role)
    assert isinstance(text, str)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_cells_speak_for_screen_readers(make: Models) -> None:
    model = make("cat.jpg", "bad.jpg", "new.jpg", "hm.jpg")
    model.apply([result("cat.jpg"), result("bad.jpg", problem=TRUNCATED), result("hm.jpg", unsure=True)])
    role = Qt.ItemDataRole.AccessibleTextRole
    assert cell(model, 0, 0, role) == "cat.jpg, Egyptian cat, 57 %"
    assert cell(model, 0, 1, role).startswith("cat.jpg, Egyptian cat 57 %, tiger cat 15 %, tabby 11 %, lynx 1 %,")
    assert cell(model, 0, 2, role) == "cat.jpg, Done"
    assert cell(model, 1, 0, role) == "bad.jpg, could not be read: the file ends too early"
    assert cell(model, 2, 1, role) == "new.jpg, waiting\N{HORIZONTAL ELLIPSIS}"
    unsure = "hm.jpg, unsure \N{EN DASH} not like the training pictures"
    assert cell(model, 3, 0, role) == unsure, "no winner is to be crowned"
    assert cell(model, 3, 1, role).startswith(f"{unsure}: Egyptian cat 57 %, tiger cat 15 %")
    assert cell(model, 3, 2, role) == "hm.jpg, Unsure"
    model.mark_all_pending()
    assert "from the earlier weights" in cell(model, 0, 0, role)


def test_statuses_in_words(make: Models) -> None:
    model = make("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    model.apply([result("a.jpg"), result("b.jpg", unsure=True), result("c.jpg", problem=TRUNCATED)])
    words = [cell(model, row, 2, Qt.ItemDataRole.DisplayRole) for row in range(4)]
    assert words == ["Done", "Unsure", "Error", "Waiting"]
    assert "unsure" not in cell(model, 0, 1, Qt.ItemDataRole.DisplayRole)
    model.mark_all_pending()
    assert "unsure" not in cell(model, 1, 1, Qt.ItemDataRole.DisplayRole), "that was an earlier run"


def test_tooltips_tell_all_and_show_names_as_text(make: Models) -> None:
    model = ResultsModel()
    model.set_active_weights(WEIGHTS, None)
    odd = picture("<b>x</b>\n.jpg", "/pictures/bad\udcff")
    model.add([odd, picture("bad.jpg"), picture("hm.jpg")])
    model.apply([result("bad.jpg", problem=TRUNCATED), result("hm.jpg", unsure=True)])
    role = Qt.ItemDataRole.ToolTipRole
    assert "&lt;b&gt;x&lt;/b&gt;\N{REPLACEMENT CHARACTER}.jpg" in cell(model, 0, 0, role)
    assert r"bad\xff" in cell(model, 0, 0, role)
    tip = cell(model, 1, 1, role)
    assert "could not be read: the file ends too early" in tip
    assert "Copy it again" in tip
    assert "broken data stream" in tip
    tip = cell(model, 2, 1, role)
    assert tip.startswith("<qt>unsure \N{EN DASH} not like the training pictures<br>Egyptian cat: 57.0 %<br>")
    assert "lens cap" in tip, "all labels that the row has no room for"


def test_headers_and_the_whole_row(make: Models) -> None:
    model = make("a.jpg")
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(4)]
    assert titles == ["Picture", "Labels", "Status", None]
    assert model.index(0, 2).data(ROW_ROLE) == model.shown_row(0)
    assert model.data(QModelIndex(), ROW_ROLE) is None
    assert model.rowCount(model.index(0, 0)) == 0


def test_a_copy_of_rows_stays_what_it_was() -> None:
    model = model_of("a.jpg", "b.jpg", "c.jpg", results=[result("b.jpg")])
    every, one = model.rows_snapshot(), model.rows_snapshot(np.array([1]))
    model.remove([model.path_at(0)])
    assert [row.found.path.name for row in every.rows()] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [(row.found.path.name, row.status) for row in one.rows()] == [("b.jpg", RowStatus.DONE)]


def test_rows_added_later_are_told_from_earlier_ones() -> None:
    model = model_of("a.jpg")
    mark = model.mark
    model.add([picture("b.jpg")])
    assert model.has_newer([picture("b.jpg").path], mark)
    assert not model.has_newer([picture("a.jpg").path, picture("unknown.jpg").path], mark)
    model.apply([result("b.jpg")])
    assert not model.has_newer([picture("b.jpg").path], mark)


def test_what_a_cleared_list_leaves_is_destroyed_piece_by_piece(qtbot: QtBot) -> None:
    model = model_of(*(f"{number}.jpg" for number in range(3000)))
    model.clear()
    assert model._rows.trash
    qtbot.waitUntil(lambda: not model._rows.trash)
    assert not model._destroying.isActive()


def test_all_rows_are_newer_than_the_empty_list(qapp: object) -> None:
    model = ResultsModel()
    before = model.mark
    assert (model.rowCount(), model.counts(), model.spec) == (0, Counts(), OrderSpec())
    assert not model.has_newer([picture("a.jpg").path], before)
    model.add([picture("a.jpg")])
    assert model.has_newer([picture("a.jpg").path], before)
