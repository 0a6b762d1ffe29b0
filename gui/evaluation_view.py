"""The result of an evaluation: the headline and its figures, and below them tabs for whoever wants to know more."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from gui.class_table import class_table, missed_pictures, unread_table
from gui.confusion_view import ConfusionView
from gui.confusions import distinct_labels
from gui.evaluation_texts import (
    Figure,
    figures,
    headline,
    missed_title,
    subject_text,
    titled,
    warning_text,
)
from gui.percent import counted
from gui.result_texts import one_line
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font, tabular_font
from gui.thumbnails import ThumbnailLoader
from gui.toned_label import Tone, TonedLabel
from gui.worst_errors import MOST_SHOWN, WorstErrors, worst_errors
from model.evaluation_types import Evaluation

_HEADLINE_SIZE = 1.35  # of the font's


class EvaluationView(QWidget):
    """Shows one evaluation; owned by the GUI thread. pyqtgraph is imported when the reliability tab is first shown."""

    pictures_wanted = Signal(object, str)
    """A list of Paths to show in the main window's table, and what they are called."""
    open_requested = Signal(object)
    """The Path of a picture to show in the system's viewer."""

    def __init__(
        self, evaluation: Evaluation, thumbnails: ThumbnailLoader | None = None, parent: QWidget | None = None
    ) -> None:
        """Show `evaluation`; `thumbnails` loads the pictures of the worst errors."""
        super().__init__(parent)
        self._evaluation = evaluation
        self._labels = tuple(one_line(label) for label in distinct_labels(evaluation.classes))
        self._errors = worst_errors(evaluation.images)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("Details of the evaluation"))
        self._reliability = QWidget()
        self._fill_tabs(thumbnails)
        self.tabs.currentChanged.connect(self._make_reliability)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL_GAP)
        column.addWidget(self._headline())
        column.addWidget(TonedLabel(subject_text(evaluation), Tone.MUTED, small=True))
        warning = warning_text(evaluation)
        if warning:
            column.addWidget(TonedLabel(warning, Tone.DANGER, wrap=True))
        column.addSpacing(GAP)
        column.addLayout(self._figures())
        column.addSpacing(GAP)
        column.addWidget(self.tabs, 1)

    @property
    def evaluation(self) -> Evaluation:
        """What is shown."""
        return self._evaluation

    def _headline(self) -> TonedLabel:
        label = TonedLabel(headline(self._evaluation))
        font = bold_font(tabular_font(label.font()))
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * _HEADLINE_SIZE)
        label.setFont(font)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        return label

    def _figures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(WIDE_GAP)
        grid.setVerticalSpacing(2)
        for column, figure in enumerate(figures(self._evaluation)):
            for row, part in enumerate(_figure_parts(figure)):
                grid.addWidget(part, row, column, Qt.AlignmentFlag.AlignTop if row == 2 else Qt.AlignmentFlag(0))
            grid.setColumnStretch(column, 1)
        return grid

    # --- tabs ---

    def _fill_tabs(self, thumbnails: ThumbnailLoader | None) -> None:
        evaluation = self._evaluation
        confusion = ConfusionView(evaluation, self._labels)
        confusion.pictures_wanted.connect(self.pictures_wanted)
        self.tabs.addTab(confusion, self.tr("&Confusions"))
        self._classes = class_table(evaluation, self._labels)
        self._classes.chosen.connect(self._show_missed)
        words = self.tr("A double click on a class shows in the main window which of its pictures were not recognised.")
        self.tabs.addTab(_page(self._classes, words), self.tr("C&lasses"))
        self.tabs.addTab(self._reliability, self.tr("&Reliability"))
        self.tabs.addTab(self._errors_page(thumbnails), self.tr("&Worst errors"))
        if evaluation.bad:
            unread = unread_table(evaluation.bad, evaluation.root)
            unread.chosen.connect(self.open_requested)
            words = self.tr("They have no part in any figure.")
            title = counted(len(evaluation.bad), self.tr("1 &not read"), self.tr("{count} &not read"))
            self.tabs.addTab(_page(unread, words), title)

    def _errors_page(self, thumbnails: ThumbnailLoader | None) -> QWidget:
        if not self._errors:
            return _page(QWidget(), self.tr("Every picture was recognised."))
        shown = self._errors[:MOST_SHOWN]
        table = WorstErrors(shown, self._labels, thumbnails)
        table.open_requested.connect(self.open_requested)
        if len(shown) < len(self._errors):
            words = self.tr("The {shown} errors of {total} that the network was surest of.")
            words = words.format(shown=len(shown), total=len(self._errors))
        else:
            words = self.tr("All errors, those first that the network was surest of.")
        page = _page(table, f"{words} {self.tr('A double click opens the picture.')}")
        button = QPushButton(self.tr("&Show all errors in the main window"))
        button.setAccessibleName(self.tr("Show all errors in the main window"))
        button.setAutoDefault(False)
        button.clicked.connect(self._show_errors)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch(1)
        layout = page.layout()
        if isinstance(layout, QVBoxLayout):
            layout.addLayout(row)
        return page

    @Slot(int)
    def _make_reliability(self, _number: int) -> None:
        if self.tabs.currentWidget() is self._reliability and self._reliability.layout() is None:
            from gui.reliability_plot import ReliabilityPlot

            column = QVBoxLayout(self._reliability)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(ReliabilityPlot(self._evaluation.reliability))

    @Slot(object)
    def _show_missed(self, class_index: int) -> None:
        paths = missed_pictures(self._evaluation, class_index)
        if paths:
            self.pictures_wanted.emit(paths, missed_title(self._labels[class_index], len(paths)))

    @Slot()
    def _show_errors(self) -> None:
        paths = [image.path for image in self._errors]
        self.pictures_wanted.emit(paths, titled(self.tr("Not recognised"), len(paths)))


def _figure_parts(figure: Figure) -> tuple[TonedLabel, TonedLabel, TonedLabel]:
    name = TonedLabel(figure.name, Tone.MUTED, small=True)
    value = TonedLabel(figure.value)
    value.setFont(bold_font(tabular_font(value.font())))
    value.setAccessibleName(f"{figure.name}: {figure.value}. {figure.meaning}")
    return name, value, TonedLabel(figure.meaning, Tone.MUTED, small=True, wrap=True)


def _page(content: QWidget, words: str) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(GAP, GAP, GAP, GAP)
    column.setSpacing(GAP)
    column.addWidget(TonedLabel(words, Tone.MUTED, small=True, wrap=True))
    column.addWidget(content, 1)
    return page
