"""What to evaluate: a folder of pictures, how their right labels are known, and the weights."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QPushButton, QWidget

from gui.folder_field import FolderField
from gui.path_field import PathField
from gui.theme import GAP, WIDE_GAP
from gui.weights_texts import is_usable
from model.types import CatalogueEntry


class EvaluateForm(QWidget):
    """Fields and the buttons that start and stop. Says beside each field what is wrong. Owned by the GUI thread."""

    start_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._running = False
        self._folder = FolderField(self.tr("Folder of labelled pictures"))
        self._labels = PathField(self.tr("Labels file"), self.tr("Labels (*.csv *.tsv *.txt);;All files (*)"))
        self._weights = QComboBox()
        self._start = QPushButton(self.tr("E&valuate"))
        self._stop = QPushButton(self.tr("S&top"))
        self._set_up()
        self._lay_out()
        self._check()

    def _set_up(self) -> None:
        self._folder.edit.setPlaceholderText(self.tr("a folder with a folder of pictures for each class"))
        self._labels.edit.setPlaceholderText(self.tr("none: the folders are named after the classes"))
        self._weights.setAccessibleName(self.tr("Weights to evaluate"))
        self._start.setAccessibleName(self.tr("Evaluate"))
        self._start.setDefault(True)
        self._stop.setAccessibleName(self.tr("Stop evaluating"))
        self._stop.setAutoDefault(False)
        self._stop.hide()
        self._folder.changed.connect(self._check)
        self._labels.changed.connect(self._check)
        self._weights.currentIndexChanged.connect(self._check)
        self._start.clicked.connect(self._ask_to_start)
        self._stop.clicked.connect(self._ask_to_stop)

    def _lay_out(self) -> None:
        last = QHBoxLayout()
        last.setSpacing(GAP)
        last.addWidget(self._weights, 1)
        last.addWidget(self._start)
        last.addWidget(self._stop)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(WIDE_GAP)
        form.setVerticalSpacing(GAP)
        form.addRow(self.tr("&Pictures"), self._folder)
        form.addRow(self.tr("La&bels file"), self._labels)
        form.addRow(self.tr("Wei&ghts"), last)
        for field, buddy in ((self._folder, self._folder.edit), (self._labels, self._labels.edit)):
            form.labelForField(field).setBuddy(buddy)  # type: ignore[attr-defined]
        form.labelForField(last).setBuddy(self._weights)  # type: ignore[attr-defined]

    @property
    def folder(self) -> Path | None:
        """The folder given, absolute; None while there is none that exists."""
        path = self._folder.path
        return path.absolute() if path is not None and self._folder.is_folder else None

    @property
    def labels(self) -> Path | None:
        """The labels file given, absolute; None without one."""
        path = self._labels.path
        return None if path is None else path.absolute()

    @property
    def weights_id(self) -> str:
        """The id of the weight set to evaluate; empty when there is none."""
        return str(self._weights.currentData() or "")

    @property
    def complete(self) -> bool:
        """Whether an evaluation could start."""
        labels_good = self._labels.path is None or self._labels.is_file
        return self.folder is not None and labels_good and bool(self.weights_id)

    def set_folder(self, folder: Path) -> None:
        """Fill in the folder."""
        self._folder.set_path(folder)

    def set_labels(self, file: Path) -> None:
        """Fill in the labels file."""
        self._labels.set_path(file)

    def set_weights(self, entries: Sequence[CatalogueEntry], chosen_id: str) -> None:
        """Offer the sets that can classify now, with `chosen_id` chosen if it is one of them."""
        self._weights.clear()
        for entry in entries:
            if is_usable(entry):
                self._weights.addItem(entry.weights.title, entry.weights.id)
        self._weights.setCurrentIndex(max(0, self._weights.findData(chosen_id)))
        self._check()

    def set_running(self, running: bool) -> None:
        """Offer to stop while an evaluation runs, and leave the fields alone."""
        self._running = running
        had_focus = self._start.hasFocus() or self._stop.hasFocus()
        self._start.setVisible(not running)
        self._stop.setVisible(running)
        for field in (self._folder, self._labels, self._weights):
            field.setEnabled(not running)
        self._check()
        if had_focus:
            (self._stop if running else self._start).setFocus()

    @Slot()
    def _check(self) -> None:
        folder_at_fault = self._folder.path is not None and not self._folder.is_folder
        self._folder.show_note(self.tr("There is no such folder.") if folder_at_fault else "", fault=folder_at_fault)
        labels_at_fault = self._labels.path is not None and not self._labels.is_file
        self._labels.show_note(self.tr("There is no such file.") if labels_at_fault else "", fault=labels_at_fault)
        self._start.setEnabled(self.complete and not self._running)

    @Slot()
    def _ask_to_start(self) -> None:
        self.start_requested.emit()

    @Slot()
    def _ask_to_stop(self) -> None:
        self.stop_requested.emit()
