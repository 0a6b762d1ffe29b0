"""The real window over real files; only the network is a fake, unless a test says otherwise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import COLOURS
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from weights_server import Server, card_of
from window_desk import FakeFactory, MakeWindow, write_set

from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from gui.weights_reports import PREFERRED_ID
from model.cards import card_bytes
from model.engine import Engine
from model.weights import Catalogue

SHADES = ("crimson", "lime", "navy")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    write_set(shipped, "imagenet-lite2", tuple(COLOURS))
    write_set(shipped, "weather-lite2", SHADES)
    write_set(shipped, "broken", SHADES)
    return Catalogue(tmp_path / "user", tmp_path / "hub", shipped_dir=shipped)


@pytest.fixture
def factory() -> Iterator[FakeFactory]:
    made = FakeFactory()
    yield made
    for event in made.slow.values():
        event.set()
    if made.gate is not None:
        made.gate.release(100_000)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    made.first_run = False
    return made


@pytest.fixture
def better(catalogue: Catalogue, tmp_path: Path) -> Path:
    """Add a set that can be fetched, the one offered at the first start; return the folder for its file."""
    card = replace(card_of(), id=PREFERRED_ID, title="The better net", classes=("scarlet", "emerald", "azure"))
    (tmp_path / "shipped" / f"{PREFERRED_ID}.json").write_bytes(card_bytes(card))
    return catalogue.folder(PREFERRED_ID)


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this computer, set as the mirror to fetch weights from."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    settings.mirror_url = made.url
    yield made
    made.stop()


@pytest.fixture
def make_window(
    qtbot: QtBot, catalogue: Catalogue, factory: FakeFactory, settings: Settings, tmp_path: Path
) -> Iterator[MakeWindow]:
    """Build, show and start windows; at the end each is closed and its threads must end."""
    windows: list[MainWindow] = []

    def make() -> MainWindow:
        engine = Engine(catalogue, factory, store_file=tmp_path / "store.sqlite3")
        window = MainWindow(catalogue, engine, settings)
        qtbot.addWidget(window)
        windows.append(window)
        window.show()
        qtbot.waitExposed(window)
        window.start()
        return window

    yield make
    for window in windows:
        window.close()
        if factory.gate is not None:
            factory.gate.release(100_000)
        assert finish(window.runners, leave=_must_not_leave)


def _must_not_leave(_code: int) -> None:
    pytest.fail("a thread was still busy after the window was closed")


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    return make_window()
