"""The Train dialog before a training: pictures on the left, choices on the right."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gui.dataset_panel import DatasetPanel
from gui.theme import GAP, WIDE_GAP
from gui.training_choices import free_title, request_for
from gui.training_options import TrainingOptions
from gui.unfinished_strip import UnfinishedStrip
from model.decode_limits import DecodeLimits
from model.names import shown_name
from model.training_types import TrainRequest
from model.types import CatalogueEntry

_OPTIONS_WIDTH = 320


class TrainSetupPage(QWidget):
    """Owned by the GUI thread; Train works once folder and answers make sense."""

    train_requested = Signal()
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a folder."""
        super().__init__(parent)
        self.unfinished = UnfinishedStrip()
        self.dataset = DatasetPanel()
        self.options = TrainingOptions()
        self._train = QPushButton(self.tr("&Train"))
        self._close = QPushButton(self.tr("Close"))
        self._set_up()
        self._lay_out()
        self._check()

    def _set_up(self) -> None:
        self._train.setAccessibleName(self.tr("Train"))
        self._train.setDefault(True)
        self._close.setAccessibleName(self.tr("Close"))
        self._close.setAutoDefault(False)
        self._train.clicked.connect(self.train_requested)
        self._close.clicked.connect(self.close_requested)
        self.dataset.changed.connect(self._on_dataset_changed)
        self.options.changed.connect(self._check)

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(self.options)
        area.setFixedWidth(_OPTIONS_WIDTH)
        area.viewport().setAutoFillBackground(False)
        self.options.setAutoFillBackground(False)
        self.options.setContentsMargins(0, 0, GAP, 0)
        columns = QHBoxLayout()
        columns.setSpacing(2 * WIDE_GAP)
        columns.addWidget(self.dataset, 1)
        columns.addWidget(area)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addStretch(1)
        buttons.addWidget(self._close)
        buttons.addWidget(self._train)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(WIDE_GAP)
        column.addWidget(self.unfinished)
        column.addLayout(columns, 1)
        column.addLayout(buttons)

    @property
    def ready(self) -> bool:
        """Whether training can begin."""
        return self._train.isEnabled()

    def set_known(self, entries: Sequence[CatalogueEntry], unfinished: Sequence[TrainRequest]) -> None:
        """Take the weight sets there are, and the trainings that can go on."""
        self.options.set_entries(entries, [request.out for request in unfinished])
        self.unfinished.show_requests(unfinished)
        self._propose_title()
        self._check()

    def request(self, limits: DecodeLimits) -> TrainRequest:
        """Return what to train; raises ValueError while folder or answers do not make sense."""
        survey = self.dataset.survey
        if not self.ready or survey is None:
            raise ValueError("the request is incomplete")
        return request_for(self.options.choices, survey.root, limits)

    @Slot()
    def _on_dataset_changed(self) -> None:
        survey = self.dataset.survey
        classes = [one.name for one in survey.classes] if survey is not None else []
        self.options.set_pictures(classes, in_parts=survey is not None and survey.parts is not None)
        self._propose_title()
        self._check()

    def _propose_title(self) -> None:
        folder: Path | None = self.dataset.folder
        if folder is not None and folder.name:
            self.options.propose_title(free_title(shown_name(folder.name), self.options.taken))

    @Slot()
    def _check(self) -> None:
        self._train.setEnabled(self.dataset.survey is not None and self.options.complete)
