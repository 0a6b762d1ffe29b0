"""The quiet line at the window's lower edge that says how far a training is; a click opens its dialog."""

from PySide6.QtWidgets import QWidget

from gui.lower_edge_button import LowerEdgeButton


class TrainingLine(LowerEdgeButton):
    """Owned by the GUI thread; hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(self.tr("Training"), self.tr("Show the training"), parent)
