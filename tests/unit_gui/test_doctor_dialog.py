"""The diagnostics in the window: filled as values come, copied as text, ended by closing."""

from collections.abc import Iterator
from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from gui.doctor_dialog import DoctorDialog
from gui.toned_label import TonedLabel
from gui.worker import JobRunner
from model.cancel import CancelToken
from model.doctor_texts import report_lines
from model.doctor_types import (
    Choice,
    DecodeSpeed,
    DoctorEvent,
    EngineSpeed,
    EngineUnusable,
    Fact,
    Finding,
    Measuring,
    plain,
)
from model.errors import PhotospotterError
from model.types import Problem

FACTS: list[DoctorEvent] = [
    Fact("computer", "doctor-fact-processor", plain("A fast one")),
    Measuring("torch", "CPU", 1),
]
REST: list[DoctorEvent] = [
    EngineSpeed("torch", "cpu", "CPU", 1, 10.0, 9.0, 11.0, 3, 2),
    EngineSpeed("torch", "cpu", "CPU", 2, 12.5, 9.0, 13.0, 3, 2),
    EngineUnusable("onnx", "cpu", Problem("doctor-why-no-runtime")),
    DecodeSpeed("exact", 12_000_000, 5.5, 3),
    DecodeSpeed("fast", 12_000_000, 21.0, 9),
    Choice("torch", "cpu", "CPU", 8, Problem("doctor-why-no-runtime")),
    Finding("no-gpu", Problem("doctor-gpu-none")),
]
ON_GPU = EngineSpeed("torch", "cuda", "GPU (fast)", 32, 900.0, 890.0, 910.0, 30)
BAD = Finding("problem", Problem("doctor-wait-policy", (("value", "ACTIVE"),)))


class Jobs:
    """Yields `events`; then fails with `error`, or waits until it is cancelled when it is to `hang`."""

    def __init__(self) -> None:
        self.events: list[DoctorEvent] = [*FACTS, *REST]
        self.error: Exception | None = None
        self.hang = False
        self.started = 0
        self.tokens: list[CancelToken] = []

    def __call__(self, cancel: CancelToken) -> Iterator[object]:
        self.started += 1
        self.tokens.append(cancel)
        yield from self.events
        if self.error is not None:
            raise self.error
        if self.hang:
            assert cancel.wait(20), "the dialog never ended the job"


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    made = JobRunner("diagnosis")
    yield made
    made.shutdown()
    assert made.wait(5000)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


def open_dialog(qtbot: QtBot, runner: JobRunner, jobs: Jobs, *, busy: bool = False) -> DoctorDialog:
    dialog = DoctorDialog(runner, jobs, lambda: busy)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def words(dialog: DoctorDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(TonedLabel) if label.isVisible()]


def cells(dialog: DoctorDialog) -> list[tuple[str, ...]]:
    return [row.texts for row in dialog._table.figures.rows]


def button(dialog: DoctorDialog, name: str) -> QPushButton:
    (found,) = (one for one in dialog.findChildren(QPushButton) if one.accessibleName() == name)
    return found


def ended(dialog: DoctorDialog) -> bool:
    """Whether the job has ended and its first fact is on the screen, which new rows reach with the next event."""
    return not dialog.running and "A fast one" in words(dialog)


def test_what_was_found_is_shown_and_can_be_copied(qtbot: QtBot, runner: JobRunner, jobs: Jobs) -> None:
    dialog = open_dialog(qtbot, runner, jobs)
    qtbot.waitUntil(partial(ended, dialog))
    shown = words(dialog)
    assert "A fast one" in shown
    assert "Processor" in shown
    assert "Used now: PyTorch on CPU, up to 8 pictures at a time" in shown
    assert any(text.startswith("No driver on this computer") for text in shown)
    assert any("12 megapixels: 5.5 exact, 21.0 fast" in text for text in shown)
    assert "Measured just now on this computer." in shown
    assert cells(dialog) == [("PyTorch", "CPU", "2", "10.0", "12.5", "–", "–", "–", "–")]  # noqa: RUF001
    qtbot.mouseClick(button(dialog, "Copy as text"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "\n".join(report_lines([*FACTS, *REST])) + "\n"


def test_the_columns_of_large_batches_are_there_for_a_gpu_alone(qtbot: QtBot, runner: JobRunner, jobs: Jobs) -> None:
    dialog = open_dialog(qtbot, runner, jobs)
    qtbot.waitUntil(partial(ended, dialog))
    hidden = [dialog._table.isColumnHidden(column) for column in range(9)]
    assert hidden == [False] * 7 + [True] * 2
    jobs.events = [*FACTS, ON_GPU]
    dialog.start()
    qtbot.waitUntil(partial(ended, dialog))
    assert not any(dialog._table.isColumnHidden(column) for column in range(9))
    assert cells(dialog)[0][2] == "–"  # noqa: RUF001 - threads say nothing of a GPU


def test_it_says_what_is_being_measured_and_measuring_again_begins_anew(
    qtbot: QtBot, runner: JobRunner, jobs: Jobs
) -> None:
    jobs.events, jobs.hang = FACTS, True
    dialog = open_dialog(qtbot, runner, jobs)
    qtbot.waitUntil(lambda: "Measuring PyTorch on CPU, 1 at a time…" in words(dialog))
    assert not button(dialog, "Measure again").isEnabled()
    dialog.start()
    assert jobs.started == 1
    jobs.tokens[0].cancel()
    qtbot.waitUntil(partial(ended, dialog))
    assert "Stopped." in words(dialog)
    jobs.hang = False
    qtbot.mouseClick(button(dialog, "Measure again"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(partial(ended, dialog))
    assert jobs.started == 2
    qtbot.waitUntil(lambda: words(dialog).count("A fast one") == 1)


@pytest.mark.parametrize("way", ["close", "reject"])
def test_closing_ends_the_measuring(qtbot: QtBot, runner: JobRunner, jobs: Jobs, way: str) -> None:
    jobs.hang = True
    dialog = open_dialog(qtbot, runner, jobs)
    qtbot.waitUntil(lambda: bool(cells(dialog)))
    getattr(dialog, way)()
    assert jobs.tokens[0].cancelled
    assert not dialog.running
    assert not dialog.isVisible()


def test_problems_stand_first_and_failures_are_told(qtbot: QtBot, runner: JobRunner, jobs: Jobs) -> None:
    jobs.events, jobs.error = [*FACTS, BAD], PhotospotterError("child-died")
    dialog = open_dialog(qtbot, runner, jobs)
    qtbot.waitUntil(partial(ended, dialog))
    shown = words(dialog)
    assert any(text.startswith("OMP_WAIT_POLICY is ACTIVE") for text in shown)
    assert any(text.startswith("The process that did this work ended") for text in shown)
    assert "A fast one" in shown


@pytest.mark.parametrize("busy", [True, False])
def test_a_run_beside_it_is_told(qtbot: QtBot, runner: JobRunner, jobs: Jobs, busy: bool) -> None:
    dialog = open_dialog(qtbot, runner, jobs, busy=busy)
    qtbot.waitUntil(partial(ended, dialog))
    assert any("figures are lower" in text for text in words(dialog)) is busy
