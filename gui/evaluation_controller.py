"""Evaluations in the window: opens the dialog, runs the job, and shows in the results table what was clicked on.

The window makes one with a JobRunner of its own, so that classifying goes on beside it, and calls `open`:

    self.evaluations = JobRunner("evaluation", self)
    self.evaluation = EvaluationController(self, self.evaluations)  # after the panels and controllers

The dialog is imported when it is opened first, and pyqtgraph when its diagram is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Slot

from gui.error_texts import problem_remedy, problem_text
from gui.message_bar import MessageAction
from gui.worker import JobRunner, Outcome, Ticket
from model.cancel import CancelToken
from model.decode_limits import DecodeLimits
from model.errors import WeightsError
from model.types import FoundImage, Notice
from model.weights import Catalogue

if TYPE_CHECKING:
    from gui.evaluate_dialog import EvaluateDialog
    from gui.main_window import MainWindow
    from model.evaluation_types import EvaluateRequest, Evaluation

EvaluateJob = Callable[["EvaluateRequest", Catalogue, CancelToken], Iterator[object]]
"""Yields EvaluationStarted, EvaluationProgress and last an Evaluation; called and iterated on the runner's thread."""

_DONE, _WEIGHTS = "evaluation", "evaluation-weights"


def evaluate_in_child(request: EvaluateRequest, catalogue: Catalogue, cancel: CancelToken) -> Iterator[object]:
    """Evaluate in a child process, beside the network that classifies; there is nothing to save on a stop."""
    from model.child_process import run_in_child

    return run_in_child("model.evaluate:evaluate", (request, catalogue), cancel, abandon=cancel)


@dataclass(slots=True, eq=False)
class _Wanted:
    """Pictures that the table is to show alone: their paths and identities, and what they are called."""

    names: set[str]
    title: str


class EvaluationController(QObject):
    """Owned by the GUI thread; at most one dialog and one evaluation at a time."""

    def __init__(self, window: MainWindow, runner: JobRunner, evaluate: EvaluateJob = evaluate_in_child) -> None:
        """`runner` runs the evaluations, each by `evaluate`."""
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._evaluate = evaluate
        self._dialog: EvaluateDialog | None = None
        self._ticket: Ticket | None = None
        self._wanted: _Wanted | None = None
        window.results.modelReset.connect(window.filter_bar.show_all)  # a list that was cleared begins without a filter
        window.results.spec_changed.connect(self._choose_first)
        window.installEventFilter(self)

    @property
    def dialog(self) -> EvaluateDialog | None:
        """The dialog; None before it is opened first."""
        return self._dialog

    @property
    def running(self) -> bool:
        """Whether an evaluation is under way."""
        return self._ticket is not None

    def open(self, weights_id: str = "") -> None:
        """Show the dialog; the one of before, with its result, if there is one.

        `weights_id` is chosen among the weights; empty for those that classify.
        """
        dialog = self._dialog or self._make_dialog()
        if not self.running and (weights_id or not dialog.isVisible()):
            dialog.set_weights(self._window.catalogue.entries(), weights_id or self._window.classify.weights_id)
        dialog.set_save_folder(self._window.settings.last_export_folder)
        self._window.messages.dismiss(_DONE)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _make_dialog(self) -> EvaluateDialog:
        from gui.evaluate_dialog import EvaluateDialog

        dialog = EvaluateDialog(self._window.thumbnails)
        dialog.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)  # the main window's end is the program's
        dialog.start_requested.connect(self.start)
        dialog.stop_requested.connect(self.stop)
        dialog.pictures_wanted.connect(self.show_pictures)
        dialog.save_requested.connect(self.save)
        dialog.open_requested.connect(self._window.commands.open_path)
        dialog.reveal_requested.connect(self._window.commands.reveal_path)
        self._dialog = dialog
        return dialog

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Close the dialog, which is a window of its own, together with the main window."""
        if event.type() == QEvent.Type.Close and watched is self._window and self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None
        return False

    # --- the job ---

    @Slot()
    def start(self) -> None:
        """Evaluate what the dialog says; does nothing while an evaluation runs, or something is missing."""
        dialog = self._dialog
        if dialog is None or self.running or not dialog.form.complete or dialog.form.folder is None:
            return
        from model.evaluation_types import EvaluateRequest

        window, form, folder = self._window, dialog.form, dialog.form.folder
        request = EvaluateRequest(
            root=folder,
            weights=form.weights_id,
            labels=form.labels,
            device=window.settings.device,
            batch_size=window.settings.batch_size or None,
            limits=window.limits,
        )
        dialog.begin(self._title_of(form.weights_id))
        job = partial(self._evaluate, request, window.catalogue)
        self._ticket = self._runner.start(job, self._on_value, self._on_done)

    @Slot()
    def stop(self) -> None:
        """Break the evaluation off."""
        if self._ticket is not None:
            self._ticket.token.cancel()

    def _title_of(self, weights_id: str) -> str:
        try:
            return self._window.catalogue.entry(weights_id).weights.title
        except WeightsError:
            return weights_id

    def _on_value(self, value: object) -> None:
        from gui.evaluation_texts import headline
        from model.evaluation_types import Evaluation, EvaluationProgress, EvaluationStarted

        dialog = self._dialog
        if dialog is None:
            return
        if isinstance(value, EvaluationStarted):
            dialog.show_started(value)
        elif isinstance(value, EvaluationProgress):
            dialog.show_progress(value)
        elif isinstance(value, Notice):
            dialog.say(problem_text(value.problem))
        elif isinstance(value, Evaluation):
            dialog.show_evaluation(value)
            if not dialog.isVisible():
                self._tell(f"{value.weights_title}: {headline(value)}")

    def _on_done(self, outcome: Outcome) -> None:
        self._ticket = None
        dialog = self._dialog
        if dialog is None:
            return
        if outcome.problem is not None or outcome.traceback:
            dialog.show_problem(outcome.problem)
        elif outcome.cancelled:
            dialog.show_stopped()
        if outcome.problem is not None and not dialog.isVisible():
            self._tell(f"{problem_text(outcome.problem)} {problem_remedy(outcome.problem)}".strip())

    def _tell(self, text: str) -> None:
        """Tell in the main window what has come of an evaluation whose dialog was closed."""
        self._window.messages.show_message(_DONE, text, actions=(MessageAction(self.tr("Show"), self.open),))

    # --- pictures in the table ---

    @Slot(object, str)
    def show_pictures(self, paths: Sequence[Path], title: str) -> None:
        """Show these pictures alone in the table, and add those that are not in it yet."""
        window = self._window
        wanted = self._wanted = _Wanted({str(path) for path in paths}, title)
        window.filter_bar.show_only(frozenset(wanted.names), title)
        listed = {str(path) for path in window.results.paths()}
        missing = [path for path in paths if str(path) not in listed]
        window.lists.add(missing, recursive=False, on_found=partial(self._on_found, wanted))
        self._compare_weights()
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()

    def _on_found(self, wanted: _Wanted, found: Sequence[FoundImage]) -> None:
        """Let a picture through that is in the list under another path: its identity is the same."""
        names = {name for image in found for name in (str(image.path), image.identity)}
        if names <= wanted.names or self._wanted is not wanted or self._window.filter_bar.title != wanted.title:
            return
        wanted.names |= names
        self._window.filter_bar.show_only(frozenset(wanted.names), wanted.title)

    @Slot()
    def _choose_first(self) -> None:
        """Choose the first of the pictures that were asked for, where none of them is chosen."""
        view, results = self._window.view, self._window.results
        if results.spec.filter.only is not None and view.current_path() is None and results.rowCount():
            view.select_path(results.path_at(0))

    def _compare_weights(self) -> None:
        """Say so when the table shows the labels of other weights than those that were evaluated."""
        evaluation = None if self._dialog is None else self._dialog.evaluation
        classify = self._window.classify
        if evaluation is None or evaluation.weights_id == classify.weights_id:
            self._window.messages.dismiss(_WEIGHTS)
            return
        text = self.tr("{evaluated} was evaluated; the labels in the table are those of {used}.")
        text = text.format(evaluated=evaluation.weights_title, used=self._title_of(classify.weights_id))
        use = MessageAction(self.tr("Use those evaluated"), partial(classify.choose_weights, evaluation.weights_id))
        self._window.messages.show_message(_WEIGHTS, text, actions=(use,))

    # --- reports ---

    @Slot(object, bool)
    def save(self, target: Path, overwrite: bool) -> None:
        """Write the report of the result that is shown; the kind follows the suffix."""
        if self._dialog is None or self._dialog.evaluation is None:
            return
        self._window.settings.last_export_folder = str(target.parent)
        self._dialog.set_save_folder(str(target.parent))
        raw = self._window.settings.csv_raw
        job = partial(_write_report, self._dialog.evaluation, target, self._window.limits, overwrite, raw)
        self._window.files.start(job, self._on_saved, self._on_save_done)

    def _on_saved(self, target: object) -> None:
        if isinstance(target, Path) and self._dialog is not None:
            self._dialog.show_saved(target)

    def _on_save_done(self, outcome: Outcome) -> None:
        if outcome.problem is not None and self._dialog is not None:
            words = f"{problem_text(outcome.problem)} {problem_remedy(outcome.problem)}".strip()
            self._dialog.say(words, fault=True)


def _write_report(
    evaluation: Evaluation, target: Path, limits: DecodeLimits, overwrite: bool, raw: bool, _cancel: CancelToken
) -> Iterator[Path]:
    from model.report_files import write_csv, write_html, write_json

    match target.suffix.lower():
        case ".json":
            write_json(evaluation, target, overwrite=overwrite)
        case ".csv":
            write_csv(evaluation, target, overwrite=overwrite, raw=raw)
        case _:
            write_html(evaluation, target, overwrite=overwrite, limits=limits)
    yield target
