"""The Train dialog: a folder and a few choices, then curves while it learns, then the result; not modal."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from gui.dataset_panel import PanelState
from gui.fitting_dialog import FittingDialog
from gui.mime import paths_from
from gui.theme import WIDE_GAP
from gui.train_setup_page import TrainSetupPage
from gui.training_controller import TrainingController
from gui.training_page import TrainingPage
from gui.worker import Outcome
from model.dataset import ReadProgress
from model.decode_limits import DecodeLimits
from model.survey_types import DatasetSurvey
from model.training_types import TrainRequest
from model.types import Problem


class TrainDialog(FittingDialog):
    """Owned by the GUI thread. Closing it hides it: a training goes on, and the dialog can be opened again."""

    def __init__(
        self,
        controller: TrainingController,
        limits: Callable[[], DecodeLimits],
        device: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        """`limits` and `device` return the decoding limits and the device (`auto`, `cpu` ...) as they are set now."""
        super().__init__(parent)
        self._controller = controller
        self._limits = limits
        self._device = device
        self.setWindowTitle(self.tr("Train"))
        self.setAcceptDrops(True)
        self.setModal(False)
        self.resize(920, 600)
        self.setup = TrainSetupPage()
        self.page = TrainingPage()
        self.use_requested = self.page.use_requested
        self.evaluate_requested = self.page.evaluate_requested
        self._pages = QStackedWidget()
        self._pages.addWidget(self.setup)
        self._pages.addWidget(self.page)
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.addWidget(self._pages)
        self._connect()
        self.refresh()
        self._catch_up()

    def _connect(self) -> None:
        controller = self._controller
        controller.surveyed.connect(self._on_surveyed)
        controller.survey_failed.connect(self._on_survey_failed)
        controller.progressed.connect(self._on_progressed)
        controller.ended.connect(self._on_ended)
        self.setup.dataset.folder_chosen.connect(self._on_folder_chosen)
        self.setup.train_requested.connect(self.train)
        self.setup.close_requested.connect(self.close)
        self.setup.unfinished.resume_requested.connect(self.start)
        self.setup.unfinished.discard_requested.connect(self._discard)
        self.page.stop_requested.connect(controller.stop)
        self.page.close_requested.connect(self.close)
        self.page.another_requested.connect(self._go_back)
        self.page.resume_requested.connect(self._resume)

    def _catch_up(self) -> None:
        """Show the training that is under way already, or the last one."""
        progress = self._controller.progress
        if progress is None:
            return
        self._pages.setCurrentWidget(self.page)
        if self._controller.running:
            self.page.begin(progress)
        else:
            self._on_ended(self._controller.outcome)

    @property
    def showing_training(self) -> bool:
        """Whether a training, running or ended, is shown, not the choices for one."""
        return self._pages.currentWidget() is self.page

    def refresh(self) -> None:
        """Take the weight sets and the unfinished trainings as they are now."""
        self.setup.set_known(self._controller.catalogue.entries(), self._controller.unfinished(self._limits()))

    def choose_folder(self, folder: Path) -> None:
        """Look at a folder, unless a training is shown."""
        if not self.showing_training:
            self.setup.dataset.set_folder(folder)

    @Slot()
    def train(self) -> None:
        """Begin what was chosen."""
        if self.setup.ready:
            self.start(self.setup.request(self._limits()))

    @Slot(object)
    def start(self, request: TrainRequest) -> None:
        """Begin a training, or go on with one."""
        self._controller.start(replace(request, device=self._device()))
        if self._controller.progress is not None:
            self.page.begin(self._controller.progress)
        self._pages.setCurrentWidget(self.page)

    # --- what the controller tells ---

    @Slot(object)
    def _on_surveyed(self, value: object) -> None:
        if isinstance(value, ReadProgress):
            self.setup.dataset.show_progress(value)
        elif isinstance(value, DatasetSurvey):
            self.setup.dataset.show_survey(value)

    @Slot(object)
    def _on_survey_failed(self, problem: Problem | None) -> None:
        self.setup.dataset.show_fault(problem)

    @Slot()
    def _on_progressed(self) -> None:
        progress = self._controller.progress
        if progress is not None and self._controller.running:
            self.page.show_progress(progress, stopping=self._controller.stopping)

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        progress = self._controller.progress
        if progress is None:
            return
        self.refresh()
        resumable = self._unfinished_one() is not None
        self.page.show_end(progress, outcome, self._controller.seconds, resumable=resumable)

    # --- what is asked for ---

    @Slot(object)
    def _on_folder_chosen(self, folder: Path | None) -> None:
        if folder is None:
            self._controller.forget_survey()
        else:
            self._controller.survey(folder, self._limits())

    @Slot()
    def _go_back(self) -> None:
        self._pages.setCurrentWidget(self.setup)
        dataset = self.setup.dataset
        if dataset.state is PanelState.READING and dataset.folder is not None and not self._controller.surveying:
            self._controller.survey(dataset.folder, self._limits())  # a resumed training had come in between

    @Slot()
    def _resume(self) -> None:
        request = self._unfinished_one()
        if request is not None:
            self.start(request)

    @Slot(object)
    def _discard(self, request: TrainRequest) -> None:
        self._controller.discard(request.out)
        self.refresh()

    def _unfinished_one(self) -> TrainRequest | None:
        """Return the request to go on with the training shown, if it left something to go on from."""
        progress = self._controller.progress
        if progress is None:
            return None
        unfinished = self._controller.unfinished(self._limits())
        return next((request for request in unfinished if request.out == progress.request.out), None)

    # --- dropping a folder ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one folder or file; nothing is read from disk before the drop."""
        if len(paths_from(event.mimeData())) == 1 and not self.showing_training:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Accept over every part of the dialog."""
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at what was dropped; the field says so when it is no folder."""
        paths = paths_from(event.mimeData())
        if len(paths) == 1:
            event.acceptProposedAction()
            self.choose_folder(paths[0])
