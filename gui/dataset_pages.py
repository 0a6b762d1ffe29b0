"""What the Train dialog shows of a folder: an invitation, how far the reading is, or the classes that were found."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gui.class_list import ClassList
from gui.error_texts import problem_remedy, problem_text
from gui.line_art import draw_picture_frame
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel, panel_colours
from gui.training_texts import bad_files_text, survey_text
from model.dataset import ReadProgress
from model.survey_types import DatasetSurvey
from model.types import Problem

_MOST_NOTES_HEIGHT = 132


class EmptyPage(QWidget):
    """An invitation to drop a folder, or the reason why the one that was dropped will not do."""

    def __init__(self) -> None:
        """Start with the invitation."""
        super().__init__()
        self._frame = _Frame()
        self._title = TonedLabel("", wrap=True)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._more = TonedLabel("", Tone.MUTED, wrap=True)
        self._more.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * WIDE_GAP, WIDE_GAP, 2 * WIDE_GAP, WIDE_GAP)
        column.setSpacing(GAP)
        column.addStretch(2)
        column.addWidget(self._frame, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(GAP)
        column.addWidget(self._title)
        column.addWidget(self._more)
        column.addStretch(3)
        self.show_invitation()

    def show_invitation(self) -> None:
        """Ask for a folder."""
        self._frame.set_broken(False)
        self._title.set_tone(Tone.TEXT)
        self._title.setText(self.tr("Drop a folder of pictures here"))
        self._more.setText(
            self.tr(
                "It holds a folder for each class, such as “cat” and “dog”, with pictures of it. "
                "Folders called train, val and test with such folders in them are understood too."
            )
        )

    def show_fault(self, text: str, remedy: str) -> None:
        """Say why a folder cannot be used."""
        self._frame.set_broken(True)
        self._title.set_tone(Tone.DANGER)
        self._title.setText(text)
        self._more.setText(remedy)


class ReadingPage(QWidget):
    """How far the reading is."""

    def __init__(self) -> None:
        """Start without a length."""
        super().__init__()
        self._text = TonedLabel("", Tone.MUTED)
        self._bar = ThinBar()
        self._bar.setAccessibleName(self.tr("Progress of looking at the pictures"))
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * WIDE_GAP, WIDE_GAP, 2 * WIDE_GAP, WIDE_GAP)
        column.setSpacing(GAP)
        column.addStretch(2)
        column.addWidget(self._text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._bar)
        column.addStretch(3)
        self.begin()

    def begin(self) -> None:
        """Show that the reading has begun."""
        self._text.setText(self.tr("Looking at the pictures\u2026"))
        self._bar.set_indeterminate()

    def show_progress(self, progress: ReadProgress) -> None:
        """Show how far it is."""
        number = self.locale().toString
        text = self.tr("Looking at the pictures: {done} of {total}")
        self._text.setText(text.format(done=number(progress.done), total=number(progress.total)))
        self._bar.set_share(progress.done / progress.total if progress.total else 0.0)


class FoundPage(QWidget):
    """The classes, and what to know of them."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._summary = TonedLabel("")
        self._summary.setFont(bold_font(self._summary.font()))
        self._classes = ClassList()
        self._notes = QWidget()
        self._notes_column = QVBoxLayout(self._notes)
        self._notes_column.setContentsMargins(0, 0, GAP, 0)
        self._notes_column.setSpacing(GAP)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._notes)
        self._area.viewport().setAutoFillBackground(False)
        self._notes.setAutoFillBackground(False)
        self._area.setAccessibleName(self.tr("What to know of these pictures"))
        self._area.setMaximumHeight(_MOST_NOTES_HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._summary)
        column.addWidget(self._classes, 1)
        column.addWidget(self._area)
        column.addStretch(0)  # takes what a list of few classes leaves

    def show_survey(self, survey: DatasetSurvey) -> None:
        """Show classes and warnings."""
        self._summary.setText(survey_text(survey))
        self._classes.set_classes(survey.classes)
        self._show_notes(survey.warnings, bad_files_text(survey))

    def _show_notes(self, warnings: Sequence[Problem], bad_files: str) -> None:
        while (item := self._notes_column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for problem in warnings:
            self._notes_column.addWidget(_Note(problem, bad_files if problem.code == "survey-bad-files" else ""))
        self._notes_column.addStretch(1)
        self._area.setVisible(bool(warnings))


class _Note(QWidget):
    """One warning with its remedy, beside a mark."""

    def __init__(self, problem: Problem, more: str) -> None:
        super().__init__()
        text = TonedLabel(problem_text(problem), wrap=True)
        text.set_more(more)
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(text)
        remedy = problem_remedy(problem)
        if remedy:
            column.addWidget(TonedLabel(remedy, Tone.MUTED, small=True, wrap=True))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the mark: a short upright line."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(panel_colours(self.palette()).drawing)
            painter.drawRoundedRect(QRectF(SMALL_GAP, 2, 3, self.height() - 4), 1.5, 1.5)


class _Frame(QWidget):
    """A picture frame drawn in lines."""

    def __init__(self) -> None:
        super().__init__()
        self._broken = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_broken(self, broken: bool) -> None:
        self._broken = broken
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(72, 57)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            colour = panel_colours(self.palette()).drawing
            draw_picture_frame(painter, QRectF(self.rect()), colour, 2.0, broken=self._broken)
