"""What came of the last run, in detail: over the status line until it is closed, or until the next run begins."""

from PySide6.QtCore import QEvent, QLocale, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from gui.assets import line_icon
from gui.durations import time_taken_text
from gui.error_texts import problem_text
from gui.percent import counted
from gui.summary_texts import rate_text
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font, tabular_font
from gui.toned_label import Tone, TonedLabel, panel_colours
from model.run_summary import RunSummary

MOST_REASONS = 8
"""Reasons shown; what is left over is counted."""


class SummaryPanel(QWidget):
    """Made when it is first asked for; owned by the GUI thread."""

    show_unsure = Signal()
    show_failed = Signal()
    """The rows of these pictures are wanted."""
    retry_failed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden, without a summary."""
        super().__init__(parent)
        self.setAccessibleName(self.tr("Summary of the last run"))
        title = QLabel(self.tr("Last run"))
        title.setFont(bold_font(title.font()))
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Close the summary"))
        self._close.setToolTip(self.tr("Close the summary"))
        self._close.clicked.connect(self.hide)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self._close)
        self._lines = QGridLayout()
        self._lines.setHorizontalSpacing(WIDE_GAP)
        self._lines.setVerticalSpacing(SMALL_GAP)
        self._lines.setColumnStretch(4, 1)  # what can be done stands beside the words
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, SMALL_GAP, SMALL_GAP, GAP)
        column.setSpacing(SMALL_GAP)
        column.addLayout(head)
        column.addLayout(self._lines)
        self._tint()
        self.hide()

    def set_summary(self, summary: RunSummary) -> None:
        """Fill in the figures of a run."""
        self._clear()
        self._add(summary.done - summary.errors, self.tr("classified"))
        if summary.unsure:
            self._add(summary.unsure, self.tr("of these unsure"), (self.tr("Show them"), self.show_unsure))
        if summary.recalled:
            self._add(summary.recalled, self.tr("known from earlier runs"))
        if summary.errors:
            show, again = (self.tr("Show them"), self.show_failed), (self.tr("Retry failed"), self.retry_failed)
            self._add(summary.errors, self.tr("could not be read"), show, again)
        for failure in summary.failures[:MOST_REASONS]:
            self._add(failure.count, problem_text(failure.problem), tone=Tone.MUTED)
        left = sum(failure.count for failure in summary.failures[MOST_REASONS:])
        if left:
            self._add(left, self.tr("for other reasons"), tone=Tone.MUTED)
        spent = time_taken_text(summary.seconds)
        rate = rate_text(summary)
        words = self.tr("{time}, {rate}").format(time=spent, rate=rate) if rate else spent
        self._lines.addWidget(TonedLabel(words, Tone.MUTED), self._lines.rowCount(), 1)
        pictures = counted(summary.done, self.tr("1 picture"), self.tr("{count} pictures"))
        self.setAccessibleDescription(f"{pictures}. {words}")

    def _add(self, count: int, words: str, *buttons: tuple[str, SignalInstance], tone: Tone = Tone.TEXT) -> None:
        row = self._lines.rowCount()
        number = TonedLabel(QLocale().toString(count), tone)
        number.setFont(tabular_font(number.font()))
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._lines.addWidget(number, row, 0)
        self._lines.addWidget(TonedLabel(words, tone), row, 1)
        for place, (text, signal) in enumerate(buttons):
            button = QPushButton(text)
            button.setAccessibleName(f"{text}: {words}")
            button.clicked.connect(signal)
            self._lines.addWidget(button, row, 2 + place)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        self._close.setIcon(line_icon("close", self.palette()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a hairline over the panel."""
        super().paintEvent(event)
        with QPainter(self) as painter:
            painter.fillRect(0, 0, self.width(), 1, panel_colours(self.palette()).hairline)

    @Slot()
    def _clear(self) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
