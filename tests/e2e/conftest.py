"""The real window over real files; only the network is a fake, unless a test says otherwise."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import COLOURS, SMALL, ColourClassifier
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from weights_server import Server, card_of

from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shutdown import finish
from gui.weights_reports import PREFERRED_ID
from model.cards import card_bytes, card_to_json
from model.engine import Engine, LoadedClassifier
from model.errors import WeightsError
from model.safe_files import file_sha256
from model.types import InstalledWeights, WeightSet, WeightsFile
from model.weights import Catalogue

SHADES = ("crimson", "lime", "navy")


class FakeFactory:
    """Loads ColourClassifiers; a set named in `broken` cannot be loaded. Counts its calls by set.

    A set named in `slow` is loaded only when its event is set; `loading` counts those that have begun to wait.
    """

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.classifiers: list[ColourClassifier] = []
        self.broken: set[str] = set()
        self.gate: threading.Semaphore | None = None
        self.slow: dict[str, threading.Event] = {}
        self.loading = threading.Semaphore(0)

    def __call__(self, installed: InstalledWeights, device: str, batch_size: int | None) -> LoadedClassifier:
        self.loaded.append(installed.weights.id)
        event = self.slow.get(installed.weights.id)
        if event is not None:
            self.loading.release()
            assert event.wait(20), "the test never let the network load"
        if installed.weights.id in self.broken:
            raise WeightsError("weights-network-fails", id=installed.weights.id)
        classifier = ColourClassifier(installed, batch_size or 4, self.gate)
        self.classifiers.append(classifier)
        return classifier

    @property
    def pictures(self) -> int:
        """How many pictures were classified in all."""
        return sum(sum(classifier.batches) for classifier in self.classifiers)


def write_set(folder: Path, weights_id: str, classes: tuple[str, ...]) -> None:
    """Write a card and a file with a true digest."""
    file = folder / f"{weights_id}.safetensors"
    file.write_bytes(weights_id.encode() * 50)
    card = WeightSet(
        id=weights_id,
        title=f"Title of {weights_id}",
        family="custom",
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=classes,
        preprocess=SMALL,
        files=(WeightsFile("network", file.name, "resources", file.stat().st_size, file_sha256(file)),),
        licence="test",
        source="test",
    )
    (folder / f"{weights_id}.json").write_text(json.dumps(card_to_json(card)))


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


MakeWindow = Callable[[], MainWindow]


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


def drop(window: MainWindow, paths: list[Path]) -> None:
    """Drag files over the window and let them go, with real events."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    centre = window.rect().center()
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(centre), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    let_go = QDropEvent(QPointF(centre), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(window, let_go)
    assert let_go.isAccepted()


def wait_done(qtbot: QtBot, window: MainWindow, total: int) -> None:
    """Wait until `total` rows are there and none is pending."""

    def done() -> bool:
        counts = window.results.counts()
        return counts.total == total and counts.pending == 0 and not window.classify.running

    qtbot.waitUntil(done, timeout=30_000)


def strict(installed: InstalledWeights, threshold: float) -> InstalledWeights:
    """The same weights with a threshold of their own."""
    return replace(installed, weights=replace(installed.weights, threshold=threshold))
