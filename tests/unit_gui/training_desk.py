"""What tests of the Train dialog share: a controller whose jobs wait for the test's word, and buttons by their text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtWidgets import QAbstractButton, QWidget
from training_makers import FakeSurvey, FakeTraining
from weights_makers import built_in

from gui.training_controller import TrainingController
from gui.worker import JobRunner
from model.types import CatalogueEntry
from model.weights import Catalogue


class Known(Catalogue):
    """A catalogue of entries that need no files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "data", folder / "hub", shipped_dir=folder)
        self.known: list[CatalogueEntry] = [built_in("imagenet-lite2")]

    def entries(self) -> list[CatalogueEntry]:
        return list(self.known)


@contextmanager
def running_controller(folder: Path, survey: FakeSurvey, training: FakeTraining) -> Iterator[TrainingController]:
    """A controller with its thread, which must end."""
    runner = JobRunner("training")
    yield TrainingController(Known(folder), runner, survey=survey, train=training)
    survey.gate.release(100)
    runner.shutdown()
    assert runner.wait(5000)


def button(widget: QWidget, text: str) -> QAbstractButton:
    """The button of that text, which must be the only one and be there to be pressed."""
    found = [one for one in widget.findChildren(QAbstractButton) if one.text().replace("&", "") == text]
    assert len(found) == 1, [one.text() for one in widget.findChildren(QAbstractButton)]
    return found[0]


def press(widget: QWidget, text: str) -> None:
    found = button(widget, text)
    assert found.isVisible()
    assert found.isEnabled()
    found.click()
