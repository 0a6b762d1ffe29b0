"""The next start offers the last list: rows, results, sorting, filter and weights; the user may decline."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from store_samples import known, put_in
from window_desk import FakeFactory, MakeWindow, drop, wait_done

from gui import session_controller
from gui.main_window import MainWindow
from gui.message_bar import Message
from gui.results_order import OrderSpec, ResultFilter, SortKey, StatusFilter
from gui.shutdown import finish
from model.cancel import CancelToken
from model.folders import sessions_dir, store_file
from model.session_file import Session
from model.store import ResultStore
from model.types import ImageResult, ScanBatch


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [
        write_picture(tmp_path / "pictures" / f"{name}{i}.png", colour, size=(16 + i, 12))
        for i in range(4)
        for name, colour in COLOURS.items()
    ]


def close(window: MainWindow) -> None:
    window.close()
    finish(window.runners)


def offer(qtbot: QtBot, window: MainWindow) -> Message:
    def offered() -> Message | None:
        return next((message for message in window.messages.messages if message.key == "last-session"), None)

    qtbot.waitUntil(lambda: offered() is not None)
    message = offered()
    assert message is not None
    return message


def press(message: Message, label: str) -> None:
    (action,) = (action for action in message.actions if action.label == label)
    action.callback()


def _counted(
    apply: Callable[[Sequence[ImageResult]], None], batches: list[int]
) -> Callable[[Sequence[ImageResult]], None]:
    def counted(results: Sequence[ImageResult]) -> None:
        batches.append(len(results))
        apply(results)

    return counted


def has_no_offer(qtbot: QtBot, window: MainWindow) -> bool:
    qtbot.waitUntil(lambda: not window.files.busy)
    return all(message.key != "last-session" for message in window.messages.messages)


def test_the_list_comes_back_with_all_its_results_and_nothing_is_classified_again(
    qtbot: QtBot, make_window: MakeWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    first = make_window()
    assert has_no_offer(qtbot, first)
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    first.classify.choose_weights("weather-lite2")
    wait_done(qtbot, first, 12)
    first.results.remove(pictures[:2])
    spec = OrderSpec(SortKey.NAME, True, ResultFilter("crim", 0.4, StatusFilter.DONE))
    first.filter_bar.show_spec(spec)
    qtbot.waitUntil(lambda: first.results.spec == spec)
    shown = first.results.paths()
    rows = [first.results.path_at(row) for row in range(first.results.rowCount())]
    results = first.results.results()
    close(first)
    classified = factory.pictures

    second = make_window()
    message = offer(qtbot, second)
    assert message.text == "Last time the list had 10 pictures."
    assert second.results.counts().total == 0, "it is the user's to decide"
    press(message, "Show again")
    wait_done(qtbot, second, 10)
    qtbot.waitUntil(lambda: rows == [second.results.path_at(row) for row in range(second.results.rowCount())])
    assert (second.results.paths(), second.results.spec) == (shown, spec)
    assert second.results.results() == results
    assert second.classify.weights_id == "weather-lite2"
    assert (second.filter_bar.spec(), second.weights_panel.isEnabled()) == (spec, True)
    assert factory.pictures == classified
    close(second)

    third = make_window()
    assert offer(qtbot, third).text == "Last time the list had 10 pictures.", "the list is kept on"


def test_the_results_of_a_long_list_are_looked_up_at_once(
    qtbot: QtBot,
    make_window: MakeWindow,
    factory: FakeFactory,
    pictures: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    close(first)
    classified = factory.pictures
    monkeypatch.setattr(session_controller, "_ROWS_AT_ONCE", 5)
    second = make_window()
    batches: list[int] = []
    monkeypatch.setattr(second.results, "apply", _counted(second.results.apply, batches))
    press(offer(qtbot, second), "Show again")
    wait_done(qtbot, second, 12)
    assert (batches, factory.pictures) == ([12], classified)


def test_stopping_while_a_list_comes_back_leaves_the_rest_out_and_what_is_added_then_is_classified(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    close(first)
    gate = threading.Event()
    real = session_controller._in_batches

    def halting(session: Session, cancel: CancelToken) -> Iterator[ScanBatch]:
        for number, batch in enumerate(real(session, cancel)):
            if number == 1:
                gate.wait(30)
            yield batch

    monkeypatch.setattr(session_controller, "_in_batches", halting)
    monkeypatch.setattr(session_controller, "_ROWS_AT_ONCE", 5)
    second = make_window()
    press(offer(qtbot, second), "Show again")
    qtbot.waitUntil(lambda: second.results.counts().total == 5)
    second.lists.stop_scans()
    gate.set()
    drop(second, [write_picture(pictures[0].with_name("new.png"), size=(50, 40))])
    wait_done(qtbot, second, 6)


def test_a_declined_list_is_not_offered_again(qtbot: QtBot, make_window: MakeWindow, pictures: list[Path]) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    close(first)
    second = make_window()
    press(offer(qtbot, second), "No, thanks")
    qtbot.waitUntil(lambda: not second.files.busy)
    assert list(sessions_dir().glob("*.session")) == []
    close(second)
    third = make_window()
    assert has_no_offer(qtbot, third)


def test_a_message_that_is_closed_leaves_the_list_for_another_time(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path]
) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    close(first)
    second = make_window()
    offer(qtbot, second)
    second.messages.dismiss("last-session")
    close(second)
    assert offer(qtbot, make_window()).text == "Last time the list had 12 pictures."


def test_a_cleared_list_is_not_offered(qtbot: QtBot, make_window: MakeWindow, pictures: list[Path]) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    first.actions_by_name["clear"].trigger()
    drop(first, pictures[:1])
    wait_done(qtbot, first, 1)
    qtbot.keyClick(first.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    first.actions_by_name["remove"].trigger()
    assert first.results.counts().total == 0
    close(first)
    assert has_no_offer(qtbot, make_window())


def test_what_was_added_meanwhile_is_not_lost_by_showing_the_last_list(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path], tmp_path: Path
) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    close(first)
    second = make_window()
    message = offer(qtbot, second)
    own = write_picture(tmp_path / "own.png")
    drop(second, [own, pictures[5]])
    wait_done(qtbot, second, 2)
    press(message, "Show again")
    wait_done(qtbot, second, 13)
    assert second.results.paths()[:2] == [own, pictures[5]]
    close(second)
    assert offer(qtbot, make_window()).text == "Last time the list had 13 pictures."


def test_a_view_from_another_version_reads_as_the_default(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path]
) -> None:
    first = make_window()
    drop(first, pictures)
    wait_done(qtbot, first, 12)
    first.session._writer.view({"sort": "of the future"})
    first.session._writer.weights("gone")
    close(first)
    second = make_window()
    press(offer(qtbot, second), "Show again")
    wait_done(qtbot, second, 12)
    assert second.filter_bar.spec() == OrderSpec()
    assert second.classify.weights_id == "imagenet-lite2"


def test_weights_used_before_show_their_results_at_once(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    window.classify.choose_weights("weather-lite2")
    wait_done(qtbot, window, 12)
    assert factory.pictures == 24
    window.actions_by_name["clear"].trigger()
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    window.classify.choose_weights("imagenet-lite2")
    wait_done(qtbot, window, 12)
    assert factory.pictures == 24


def test_the_history_can_be_cleared_and_limited_in_the_settings(
    qtbot: QtBot, window: MainWindow, pictures: list[Path]
) -> None:
    with closing(ResultStore(store_file())) as store:
        put_in(store, pictures[0])
        window.settings.history_megabytes = 77
        window.commands.apply_settings()
        qtbot.waitUntil(lambda: store.most_bytes == 77 << 20)
        assert known(store, pictures[0]) is not None
        window.commands.clear_history()
        qtbot.waitUntil(lambda: known(store, pictures[0]) is None)
    qtbot.waitUntil(lambda: not window.files.busy)
    assert "The history of results was cleared." in [message.text[:35] for message in window.messages.messages]
