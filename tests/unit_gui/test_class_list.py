"""The list of classes: name, count, bar, samples."""

from pathlib import Path

import numpy as np
import pytest
from pixels import pixels_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from training_makers import make_survey

from gui.class_list import ClassList, image_of
from model.survey_types import SurveyedClass


@pytest.fixture
def classes(qtbot: QtBot) -> ClassList:
    made = ClassList()
    qtbot.addWidget(made)
    made.resize(420, 200)
    made.show()
    made.set_classes(make_survey(Path("/shapes")).classes)
    return made


def test_the_model_keeps_qts_rules(classes: ClassList) -> None:
    tester = QAbstractItemModelTester(classes.model(), QAbstractItemModelTester.FailureReportingMode.Fatal)
    classes.set_classes(make_survey(Path("/shapes")).classes)
    assert tester.model() is classes.model()


def test_each_class_is_named_and_counted(classes: ClassList) -> None:
    model = classes.model()
    words = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    assert words == ["disc: 30 pictures", "square: 12 pictures"]
    assert [model.index(row, 0).data() for row in range(2)] == ["disc", "square"]


def test_bars_are_shares_of_the_largest_class(classes: ClassList) -> None:
    rows = [classes.model().index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(2)]
    assert [row.share for row in rows] == [1.0, 12 / 30]


def test_samples_are_drawn(classes: ClassList) -> None:
    reds = int((pixels_of(classes) == (200, 20, 20)).all(axis=2).sum())
    assert reds > 2 * 2 * 30 * 30


def test_a_class_without_pictures_or_samples_can_be_drawn(classes: ClassList) -> None:
    classes.set_classes([SurveyedClass("nothing", 0, None, ())])
    assert classes.grab().width() == 420
    assert classes.model().index(0, 0).data(Qt.ItemDataRole.UserRole).share == 0.0


def test_an_image_owns_its_pixels() -> None:
    pixels = np.zeros((3, 5, 3), dtype=np.uint8)
    pixels[:, :, 2] = 255
    image = image_of(pixels[:, ::-1])
    pixels[:] = 0
    assert (image.width(), image.height()) == (5, 3)
    assert image.pixelColor(4, 2).getRgb() == (0, 0, 255, 255)
