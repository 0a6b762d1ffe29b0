"""The window and the history of results: what it says when that cannot be used; and nothing leaves the computer."""

import socket
from pathlib import Path

import pytest
from fakes import COLOURS, write_picture
from pytestqt.qtbot import QtBot
from window_desk import MakeWindow, drop, wait_done


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [write_picture(tmp_path / "pictures" / f"{name}.png", colour) for name, colour in COLOURS.items()]


def test_a_damaged_history_is_told_in_the_window(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"this is no database" * 100)
    window = make_window()
    drop(window, pictures)
    wait_done(qtbot, window, 3)

    def is_told() -> bool:
        return any("The history of results was damaged" in one.text for one in window.messages.messages)

    qtbot.waitUntil(is_told)


def test_a_window_and_its_run_open_no_connection(
    qtbot: QtBot, make_window: MakeWindow, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def refused(*arguments: object, **_: object) -> object:
        asked.append(arguments)
        raise OSError("no network here")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    window = make_window()
    drop(window, pictures)
    wait_done(qtbot, window, 3)
    assert asked == []
