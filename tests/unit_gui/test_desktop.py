"""Handing files to the desktop."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from gui import desktop


@pytest.mark.skipif(os.name == "nt", reason="Windows names are text")
def test_a_name_that_is_not_utf8_survives() -> None:
    assert desktop.file_url(Path(os.fsdecode(b"/tmp/\xff #1.png"))).toEncoded().data() == b"file:///tmp/%FF%20%231.png"


def test_reveal_falls_back_to_opening_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(desktop.sys, "platform", "linux")
    monkeypatch.setattr(QProcess, "execute", lambda *_arguments: -2)
    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    assert desktop.reveal(tmp_path / "a.png")
    assert opened == [QUrl.fromLocalFile(str(tmp_path))]


def test_reveal_asks_the_file_manager_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[str, list[str]]] = []

    def execute(program: str, arguments: list[str]) -> int:
        calls.append((program, arguments))
        return 0

    monkeypatch.setattr(desktop.sys, "platform", "linux")
    monkeypatch.setattr(QProcess, "execute", execute)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: pytest.fail("the folder was opened too"))
    assert desktop.reveal(tmp_path / "a.png")
    program, arguments = calls[0]
    assert program == "dbus-send"
    assert f"array:string:{(tmp_path / 'a.png').as_uri()}" in arguments
