"""The result of an evaluation: the headline and its figures, and below them tabs for whoever wants to know more."""

from collections.abc import Callable

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from gui.class_table import class_table, missed_pictures, unread_table
from gui.confusion_view import ConfusionView
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
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font, tabular_font
from gui.thumbnails import ThumbnailLoader
from gui.toned_label import Tone, TonedLabel
from gui.worst_errors import MOST_SHOWN, WorstErrors
from model.evaluation_queries import unique_labels, worst_errors
from model.evaluation_types import Evaluation
from model.names import one_line

_HEADLINE_SIZE = 1.35  # of the font's
_TABS_HEIGHT = 400


class EvaluationView(QWidget):
    """Shows one evaluation; owned by the GUI thread. pyqtgraph is imported when its diagram is first shown."""

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
        self._thumbnails = thumbnails
        self._labels = tuple(one_line(label) for label in unique_labels(evaluation.classes))
        self._errors = worst_errors(evaluation.images, len(evaluation.images))
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumHeight(_TABS_HEIGHT)
        self.tabs.setAccessibleName(self.tr("Details of the evaluation"))
        self._makers: dict[QWidget, Callable[[], QWidget]] = {}
        self.tabs.currentChanged.connect(self._fill_tab)
        self._add_tab(self.tr("&Confusions"), self._confusions)
        self._add_tab(self.tr("C&lasses"), self._classes)
        self._add_tab(self.tr("&Reliability"), self._reliability)
        self._add_tab(self.tr("&Worst errors"), self._worst)
        if evaluation.bad:
            title = counted(len(evaluation.bad), self.tr("1 &not read"), self.tr("{count} &not read"))
            self._add_tab(title, self._unread)
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

    def _add_tab(self, title: str, make: Callable[[], QWidget]) -> None:
        """Add a tab whose content is made when it is first shown: that of a thousand classes takes its time."""
        page = QWidget()
        self._makers[page] = make
        self.tabs.addTab(page, title)

    @Slot(int)
    def _fill_tab(self, _number: int) -> None:
        page = self.tabs.currentWidget()
        make = self._makers.pop(page, None)
        if make is not None:
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(make())

    def _confusions(self) -> QWidget:
        view = ConfusionView(self._evaluation, self._labels)
        view.pictures_wanted.connect(self.pictures_wanted)
        return view

    def _classes(self) -> QWidget:
        table = class_table(self._evaluation, self._labels)
        table.chosen.connect(self._show_missed)
        words = self.tr("A double click on a class shows in the main window which of its pictures were not recognised.")
        return _page(table, words)

    def _reliability(self) -> QWidget:
        from gui.reliability_plot import ReliabilityPlot

        return ReliabilityPlot(self._evaluation.reliability)

    def _worst(self) -> QWidget:
        if not self._errors:
            return _page(QWidget(), self.tr("Every picture was recognised."))
        shown = self._errors[:MOST_SHOWN]
        table = WorstErrors(shown, self._labels, self._thumbnails)
        table.open_requested.connect(self.open_requested)
        if len(shown) < len(self._errors):
            words = self.tr("The {shown} errors of {total} that the network was surest of.")
            number = QLocale().toString
            words = words.format(shown=number(len(shown)), total=number(len(self._errors)))
        else:
            words = self.tr("All errors, those first that the network was surest of.")
        button = QPushButton(self.tr("Show all &errors in the main window"))
        button.setAccessibleName(self.tr("Show all errors in the main window"))
        button.setAutoDefault(False)
        button.clicked.connect(self._show_errors)
        return _page(table, f"{words} {self.tr('A double click opens the picture.')}", button)

    def _unread(self) -> QWidget:
        table = unread_table(self._evaluation.bad, self._evaluation.root)
        table.chosen.connect(self.open_requested)
        return _page(table, self.tr("They have no part in any figure."))

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


def _page(content: QWidget, words: str, button: QPushButton | None = None) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(GAP, GAP, GAP, GAP)
    column.setSpacing(GAP)
    column.addWidget(TonedLabel(words, Tone.MUTED, small=True, wrap=True))
    column.addWidget(content, 1)
    if button is not None:
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
    return page
