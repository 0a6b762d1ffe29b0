"""The left half of the Train dialog: a folder, and what was found in it."""

from enum import Enum
from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from gui.dataset_pages import EmptyPage, FoundPage, ReadingPage
from gui.error_texts import problem_remedy, problem_text
from gui.folder_field import FolderField
from gui.theme import GAP
from model.dataset import ReadProgress
from model.survey_types import DatasetSurvey
from model.types import Problem

_TYPING_PAUSE_MS = 600


class PanelState(Enum):
    """What the panel shows."""

    EMPTY = "empty"
    READING = "reading"
    READY = "ready"
    FAULT = "fault"


class DatasetPanel(QWidget):
    """Owned by the GUI thread. It asks for a survey by a signal and shows what it is given."""

    folder_chosen = Signal(object)
    """A folder (Path) to look at; None: there is none to look at any more."""
    changed = Signal()
    """`survey` is another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._survey: DatasetSurvey | None = None
        self._state = PanelState.EMPTY
        self._asked: Path | None = None
        self._folder = FolderField(self.tr("Folder of pictures"))
        self._folder.edit.setPlaceholderText(self.tr("A folder that holds one folder for each class"))
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_TYPING_PAUSE_MS)
        self._pages = QStackedWidget()
        self._empty = EmptyPage()
        self._reading = ReadingPage()
        self._found = FoundPage()
        for page in (self._empty, self._reading, self._found):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._folder)
        column.addWidget(self._pages, 1)
        self.setAccessibleName(self.tr("Pictures to learn from"))
        self._folder.changed.connect(self._on_edited)
        self._folder.edit.editingFinished.connect(self._look)
        self._pause.timeout.connect(self._look)

    @property
    def state(self) -> PanelState:
        """What the panel shows."""
        return self._state

    @property
    def survey(self) -> DatasetSurvey | None:
        """What was found in the folder shown; None before that is known."""
        return self._survey

    @property
    def folder(self) -> Path | None:
        """The folder that was asked for last."""
        return self._asked

    def set_folder(self, folder: Path) -> None:
        """Look at a folder, for example one that was dropped."""
        self._folder.set_path(folder)
        self._look()

    def show_progress(self, progress: ReadProgress) -> None:
        """Show how far the reading is."""
        self._show(PanelState.READING)
        self._reading.show_progress(progress)

    def show_survey(self, survey: DatasetSurvey) -> None:
        """Show what was found."""
        self._survey = survey
        self._found.show_survey(survey)
        self._show(PanelState.READY)
        self.changed.emit()

    def show_fault(self, problem: Problem | None) -> None:
        """Show why the folder cannot be used; None: the program is at fault, and has said so."""
        text = problem_text(problem) if problem is not None else self.tr("The folder could not be looked at.")
        remedy = problem_remedy(problem) if problem is not None else ""
        self._empty.show_fault(text, remedy)
        self._show(PanelState.FAULT)

    @Slot()
    def _on_edited(self) -> None:
        self._folder.show_note("")
        self._pause.start()

    @Slot()
    def _look(self) -> None:
        """Ask for a survey of the folder in the field, once for each."""
        self._pause.stop()
        path = self._folder.path
        if path == self._asked:
            return
        self._survey = None
        if path is None or not self._folder.is_folder:
            self._asked = None
            fault = path is not None
            self._folder.show_note(self.tr("There is no such folder.") if fault else "", fault=fault)
            self._empty.show_invitation()
            self._show(PanelState.EMPTY)
        else:
            self._asked = path
            self._reading.begin()
            self._show(PanelState.READING)
        self.folder_chosen.emit(self._asked)
        self.changed.emit()

    def _show(self, state: PanelState) -> None:
        self._state = state
        pages = {PanelState.READING: self._reading, PanelState.READY: self._found}
        self._pages.setCurrentWidget(pages.get(state, self._empty))
