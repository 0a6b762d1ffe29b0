"""A path in a panel: it breaks anywhere, and its text can be selected and copied."""

from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from gui.result_texts import one_line
from gui.theme import small_font
from gui.toned_label import Tone, tone_colour
from model.names import display_name


class PathText(QTextEdit):
    """A path that breaks anywhere, as high as it needs to be, whose text can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFont(small_font(self.font()))
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(self.tr("Full path"))
        self._tint()

    def set_path(self, path: Path) -> None:
        """Show a path."""
        self.setPlainText(one_line(display_name(path)))
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
        muted = tone_colour(self.palette(), Tone.MUTED)
        if self.palette().color(QPalette.ColorRole.Text) != muted:  # each change of the palette leads here again
            palette = QPalette()
            palette.setColor(QPalette.ColorRole.Text, muted)
            self.setPalette(palette)
