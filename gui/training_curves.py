"""The two plots of a fine-tuning, side by side: accuracy and loss over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.theme import WIDE_GAP
from gui.training_progress import TrainingProgress

if TYPE_CHECKING:
    from gui.plots import CurvePlot


class TrainingCurves(QWidget):
    """Owned by the GUI thread. The plots, and with them pyqtgraph, are made for the first training that needs them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without plots."""
        super().__init__(parent)
        self.accuracy: CurvePlot | None = None
        self.loss: CurvePlot | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2 * WIDE_GAP)

    def show_progress(self, progress: TrainingProgress) -> None:
        """Show the epochs of the network that learns; nothing where only a last layer is fitted."""
        if not progress.fine_tuning:
            for plot in (self.accuracy, self.loss):
                if plot is not None:
                    plot.hide()
            return
        accuracy, loss = self._plots()
        epochs, run, best = progress.epochs, progress.run, progress.best
        last = run.epochs if run is not None else progress.request.recipe.epochs
        kept = best.epoch if best is not None else None
        accuracy.show_curves(
            tuple((epoch.epoch, epoch.train_accuracy) for epoch in epochs),
            tuple((e.epoch, e.validation_accuracy) for e in epochs if e.validation_accuracy is not None),
            epochs=last,
            best=kept,
        )
        loss.show_curves(
            tuple((epoch.epoch, epoch.train_loss) for epoch in epochs),
            tuple((e.epoch, e.validation_loss) for e in epochs if e.validation_loss is not None),
            epochs=last,
            best=kept,
        )
        accuracy.show()
        loss.show()

    def _plots(self) -> tuple[CurvePlot, CurvePlot]:
        if self.accuracy is None or self.loss is None:
            from gui.plots import CurvePlot

            self.accuracy = CurvePlot(self.tr("Accuracy"), percent=True)
            self.loss = CurvePlot(self.tr("Loss"), percent=False)
            for plot in (self.accuracy, self.loss):
                self._row.addWidget(plot, 1)
        return self.accuracy, self.loss
