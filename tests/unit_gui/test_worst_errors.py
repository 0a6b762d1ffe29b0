import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_makers import WEATHER, judged
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from gui.thumbnails import ThumbnailLoader
from gui.worst_errors import IS, PICTURE, SIDE, TAKEN_FOR, ErrorsModel, WorstErrors
from model.decode import Thumbnail
from model.types import PictureFacts

IMAGES = (judged("/p/a.jpg", 0, 1, 0.97), judged("/p/b.jpg", 2, 3, 0.6))


class Loader:
    """Loads red squares, and notes on which threads."""

    def __init__(self) -> None:
        self.asked: list[tuple[Path, int]] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, path: Path, side: int) -> Thumbnail:
        self.asked.append((path, side))
        self.threads.add(threading.current_thread())
        pixels = np.full((side, side, 3), (220, 0, 0), np.uint8)
        return Thumbnail(pixels, PictureFacts("PNG", side, side))


def test_the_model_keeps_qts_rules(qtmodeltester: Any) -> None:
    qtmodeltester.check(ErrorsModel(IMAGES, WEATHER))


def test_what_each_picture_is_and_was_taken_for() -> None:
    model = ErrorsModel(IMAGES, WEATHER)
    cells = [str(model.index(0, column).data()).replace("\u00a0", " ") for column in (PICTURE, IS, TAKEN_FOR)]
    assert cells == ["a.jpg", "cloudy, 2 %", "rain, 97 %"]
    tip = str(model.index(0, IS).data(Qt.ItemDataRole.ToolTipRole)).replace("\u00a0", " ")
    assert "/p" in tip
    assert "97 %  rain" in tip


def test_thumbnails_are_loaded_off_the_gui_thread_and_drawn(qtbot: QtBot) -> None:
    load = Loader()
    thumbnails = ThumbnailLoader(load)
    table = WorstErrors(IMAGES, WEATHER, thumbnails)
    qtbot.addWidget(table)
    table.resize(600, 240)
    table.show()
    corners = [table.visualRect(table.model().index(row, PICTURE)).topLeft() for row in range(len(IMAGES))]

    def drawn() -> bool:
        image = table.viewport().grab().toImage()
        middle = QPoint(SIDE // 2, SIDE // 2)
        return all(image.pixelColor(corner + middle) == QColor(220, 0, 0) for corner in corners)

    qtbot.waitUntil(drawn, timeout=30_000)
    thumbnails.close()
    assert set(load.asked) == {(image.path, SIDE) for image in IMAGES}
    assert threading.main_thread() not in load.threads


@pytest.mark.parametrize("by_key", [True, False])
def test_a_picture_is_opened(qtbot: QtBot, by_key: bool) -> None:
    table = WorstErrors(IMAGES, WEATHER)
    qtbot.addWidget(table)
    table.resize(600, 240)
    table.show()
    opened: list[Path] = []
    table.open_requested.connect(opened.append)
    index = table.model().index(1, IS)
    table.setCurrentIndex(index)
    if by_key:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    else:
        spot = table.visualRect(index).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert opened == [Path("/p/b.jpg")]
