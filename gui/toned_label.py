"""A label of plain text in one of the theme's tones, that elides or wraps where it has too little room."""

import html
from enum import Enum
from functools import lru_cache

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from gui.theme import TEXT_CONTRAST, Colours, small_font, window_colours, with_contrast

_LEAST_CHARS = 6


class Tone(Enum):
    """How loud a text is."""

    TEXT = "text"
    MUTED = "muted"
    DANGER = "danger"


def panel_colours(palette: QPalette) -> Colours:
    """Return `theme.window_colours` of the palette, computed once for each window and text colour."""
    roles = (QPalette.ColorRole.Window, QPalette.ColorRole.WindowText, QPalette.ColorRole.Highlight)
    return _colours_of(*(palette.color(QPalette.ColorGroup.Active, role).rgb() for role in roles))


@lru_cache(maxsize=16)
def _colours_of(window: int, text: int, highlight: int) -> Colours:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    palette.setColor(QPalette.ColorRole.Highlight, QColor(highlight))
    return window_colours(palette)


def plain_tooltip(text: str) -> str:
    """Return a tooltip that shows `text` as it is, wrapped: Qt takes text with tags for HTML otherwise."""
    return "<qt>" + html.escape(text).replace("\n", "<br>") + "</qt>" if text else ""


class TonedLabel(QLabel):
    """Plain text in a tone that has enough contrast in both schemes.

    On one line by default: what does not fit is elided, and the tooltip has it all. With `wrap`, on several lines.
    """

    def __init__(
        self,
        text: str = "",
        tone: Tone = Tone.TEXT,
        parent: QWidget | None = None,
        *,
        small: bool = False,
        wrap: bool = False,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        """Show `text`; `small` takes the smaller of the two font sizes."""
        super().__init__(parent)
        self._tone = tone
        self._elide = elide
        self._more = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if small:
            self.setFont(small_font(self.font()))
        policy = self.sizePolicy()
        policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored if wrap else QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(wrap)
        self.setSizePolicy(policy)
        self.setText(text)

    @property
    def tone(self) -> Tone:
        """How loud the text is."""
        return self._tone

    def set_tone(self, tone: Tone) -> None:
        """Change how loud the text is."""
        self._tone = tone
        self.update()

    def set_more(self, text: str) -> None:
        """Add something to the tooltip that is not in the label."""
        self._more = text
        self._refresh_tooltip()

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(text)
        self._refresh_tooltip()

    def shown_text(self) -> str:
        """Return the text as painted on one line, elided where it is too long."""
        return self.fontMetrics().elidedText(self.text(), self._elide, self.contentsRect().width())

    def minimumSizeHint(self) -> QSize:
        """Return room for a few characters."""
        if self.wordWrap():
            return super().minimumSizeHint()
        return QSize(self.fontMetrics().averageCharWidth() * _LEAST_CHARS, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the tooltip to what does not fit."""
        super().resizeEvent(event)
        self._refresh_tooltip()

    def changeEvent(self, event: QEvent) -> None:
        """Measure anew with another font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._refresh_tooltip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the text in its tone."""
        flags = Qt.TextFlag.TextWordWrap.value if self.wordWrap() else Qt.TextFlag.TextSingleLine.value
        with QPainter(self) as painter:
            painter.setFont(self.font())
            painter.setPen(tone_colour(self.palette(), self._tone))
            alignment = int(self.alignment().value)
            text = self.text() if self.wordWrap() else self.shown_text()
            painter.drawText(self.contentsRect(), alignment | flags, text)

    def _refresh_tooltip(self) -> None:
        cut = not self.wordWrap() and self.shown_text() != self.text()
        parts = [self.text() if cut else "", self._more]
        self.setToolTip(plain_tooltip("\n".join(part for part in parts if part)))


def tone_colour(palette: QPalette, tone: Tone) -> QColor:
    """Return the colour of a tone on a window or panel of that palette."""
    colours = panel_colours(palette)
    if tone is Tone.DANGER:
        return with_contrast(colours.chip_text, colours.background, TEXT_CONTRAST)
    return colours.muted if tone is Tone.MUTED else colours.text
