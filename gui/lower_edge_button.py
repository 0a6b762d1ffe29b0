"""Quiet buttons at the window's lower edge: a text that can be clicked, hidden while there is nothing to say."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from gui.theme import tabular_font
from gui.toned_label import Tone, tone_colour


class LowerEdgeButton(QToolButton):
    """Owned by the GUI thread; hidden at first."""

    def __init__(self, name: str, tip: str, parent: QWidget | None = None) -> None:
        """Be called `name` for assistive technology while there is no text; `tip` says what a click does."""
        super().__init__(parent)
        self._name = name
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFont(tabular_font(self.font()))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(tip)
        self._tint()
        self.show_text("")

    def show_text(self, text: str) -> None:
        """Show a text; an empty one takes the button away."""
        self.setText(text)
        self.setAccessibleName(text or self._name)
        self.setVisible(bool(text))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        colour = tone_colour(self.palette(), Tone.MUTED)
        if self.palette().color(QPalette.ColorRole.ButtonText) != colour:  # each change of the palette leads here again
            palette = QPalette()
            palette.setColor(QPalette.ColorRole.ButtonText, colour)
            self.setPalette(palette)


class TrainingLine(LowerEdgeButton):
    """Says how far a training is; a click opens its dialog."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(self.tr("Training"), self.tr("Show the training"), parent)
