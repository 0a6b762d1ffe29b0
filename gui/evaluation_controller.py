"""Evaluations in the window: opens the dialog, runs the job, and shows in the results table what was clicked on.

The window makes one with a JobRunner of its own, so that classifying goes on beside it, and calls `open`:

    self.evaluations = JobRunner("evaluation", self)
    self.evaluation = EvaluationController(self, self.evaluations)  # after the panels and controllers

The dialog, and with it pyqtgraph, is imported when it is opened first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.worker import JobRunner
from model.cancel import CancelToken
from model.evaluation_types import EvaluateRequest
from model.weights import Catalogue

if TYPE_CHECKING:
    from gui.main_window import MainWindow

EvaluateJob = Callable[[EvaluateRequest, Catalogue, CancelToken], Iterator[object]]
"""Yields EvaluationProgress and at the end an Evaluation; called and iterated on the runner's thread."""


def evaluate_in_child(request: EvaluateRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    """Evaluate in a child process, so that the network neither slows nor blocks the one that classifies."""
    from model.child_process import run_in_child

    return run_in_child("model.evaluate:evaluate", (request, catalogue), cancel)


class EvaluationController(QObject):
    """Owned by the GUI thread; at most one dialog and one evaluation at a time."""

    def __init__(self, window: MainWindow, runner: JobRunner, evaluate: EvaluateJob = evaluate_in_child) -> None:
        """`runner` runs the evaluations, each by `evaluate`."""
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._evaluate = evaluate

    @Slot()
    def open(self) -> None:
        """Show the dialog; the one of before, with its result, if there is one."""
