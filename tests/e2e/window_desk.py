"""What tests of the window share: the fake network's factory, weight sets on disk, drops, waiting."""

import json
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

from fakes import SMALL, ColourClassifier
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.main_window import MainWindow
from model.cards import card_to_json
from model.classify_request import ClassifierWish
from model.engine_choice import LoadedClassifier
from model.errors import WeightsError
from model.safe_files import file_sha256
from model.types import InstalledWeights, WeightSet, WeightsFile

MakeWindow = Callable[[], MainWindow]


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

    def __call__(self, installed: InstalledWeights, wish: ClassifierWish, /) -> LoadedClassifier:
        self.loaded.append(installed.weights.id)
        event = self.slow.get(installed.weights.id)
        if event is not None:
            self.loading.release()
            assert event.wait(20), "the test never let the network load"
        if installed.weights.id in self.broken:
            raise WeightsError("weights-network-fails", id=installed.weights.id)
        classifier = ColourClassifier(installed, wish.batch_size or 4, self.gate)
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


def drag_enter_event(point: QPoint, mime: QMimeData) -> QDragEnterEvent:
    """Return the event with which a drag comes in at `point`."""
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    with warnings.catch_warnings():
        # Qt 6.12 would have a QPointF, of which earlier versions know nothing.
        warnings.simplefilter("ignore", DeprecationWarning)
        return QDragEnterEvent(point, Qt.DropAction.CopyAction, mime, buttons, keys)


def drop(window: MainWindow, paths: list[Path]) -> None:
    """Drag files over the window and let them go, with real events."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    centre = window.rect().center()
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = drag_enter_event(centre, mime)
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
