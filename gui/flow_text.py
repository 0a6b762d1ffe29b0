"""Text in a panel that can be selected and copied, and that breaks anywhere if it has to: paths, digests, notes."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from gui.theme import small_font
from gui.toned_label import Tone, tone_colour


class FlowText(QTextEdit):
    """Plain text on the panel's own background, as wide as it may be and as high as it needs to be."""

    def __init__(
        self, text: str = "", tone: Tone = Tone.TEXT, parent: QWidget | None = None, *, small: bool = False
    ) -> None:
        """Show `text`; `small` takes the smaller of the two font sizes."""
        super().__init__(parent)
        self._tone = tone
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if small:
            self.setFont(small_font(self.font()))
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self._tint()
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show another text."""
        self.setPlainText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many lines as the width needs."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _fit(self) -> None:
        self.setFixedHeight(round(self.document().size().height()) + 1)

    def _tint(self) -> None:
        colour = tone_colour(self.palette(), self._tone)
        if self.palette().color(QPalette.ColorRole.Text) != colour:  # each change of the palette leads here again
            palette = QPalette()
            palette.setColor(QPalette.ColorRole.Text, colour)
            self.setPalette(palette)
