"""What the window tells of a training, and what the Train dialog asks of the window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from gui.message_bar import MessageAction, Severity
from gui.worker import Outcome
from model.decode_limits import DecodeLimits

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.train_dialog import TrainDialog

_ENDED = "training-ended"


class TrainingReports(QObject):
    """Owned by the GUI thread. The dialog, and with it pyqtgraph, is imported when it is opened first."""

    def __init__(self, window: MainWindow) -> None:
        """Take the window whose parts are written to."""
        super().__init__(window)
        self._window = window
        self._dialog: TrainDialog | None = None
        training = window.training
        training.progressed.connect(self._on_progressed)
        training.running_changed.connect(self._on_progressed)
        training.ended.connect(self._on_ended)
        window.training_line.clicked.connect(self.open)

    @property
    def dialog(self) -> TrainDialog | None:
        """The dialog; None before it was opened first."""
        return self._dialog

    @Slot()
    def open(self) -> None:
        """Show the dialog: with the training that is under way, or with choices for one."""
        if self._dialog is None:
            from gui.train_dialog import TrainDialog

            self._dialog = TrainDialog(self._window.training, self._limits, self._device, self._window)
            self._dialog.use_requested.connect(self.use)
            self._dialog.evaluate_requested.connect(self.evaluate)
        self._dialog.refresh()
        self._window.messages.dismiss(_ENDED)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    @Slot(str)
    def use(self, weights_id: str) -> None:
        """Classify with the new weights from now on, also the pictures that are in the list."""
        self._window.messages.dismiss(_ENDED)
        self._window.classify.choose_weights(weights_id)
        if self._dialog is not None:
            self._dialog.close()

    @Slot(str)
    def evaluate(self, weights_id: str) -> None:
        """Open the dialog that evaluates, with these weights chosen."""
        evaluation = self._window.evaluation
        evaluation.open()
        if evaluation.dialog is not None and not evaluation.running:
            evaluation.dialog.set_weights(self._window.catalogue.entries(), weights_id)

    def _limits(self) -> DecodeLimits:
        return self._window.limits

    def _device(self) -> str:
        return self._window.settings.device

    @Slot()
    def _on_progressed(self) -> None:
        training = self._window.training
        progress = training.progress
        if progress is None or not training.running:
            self._window.training_line.show_text("")
            return
        from gui.training_texts import short_text

        self._window.training_line.show_text(short_text(progress, stopping=training.stopping))

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        """The new set is in the weights panel at once; a message tells of the end where the dialog does not."""
        progress = self._window.training.progress
        if progress is None:
            return
        trained = progress.trained
        if trained is not None:
            self._window.weights.changed.emit()
        if self._dialog is not None and self._dialog.isVisible():
            return
        show = MessageAction(self.tr("Show"), self.open)
        if trained is not None and trained.entry is not None:
            from gui.training_texts import result_text, title_of

            text = self.tr("{title} is trained. {result}").format(
                title=title_of(progress), result=result_text(progress)
            )
            use = MessageAction(self.tr("Use it"), partial(self.use, trained.entry.weights.id))
            self._window.messages.show_message(_ENDED, text, actions=(use, show))
        elif outcome.problem is not None:
            self._window.reports.tell(outcome.problem, Severity.ERROR, key=_ENDED, actions=(show,))
