"""What the Train dialog asks of those who want to know: epochs, layers, size, measuring, teacher, seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QSpinBox, QWidget

from gui.theme import GAP, SMALL_GAP
from gui.training_choices import EPOCHS, EPOCHS_FROM_SCRATCH, FOLDS, TrainingChoices
from model.types import CatalogueEntry

_MOST_EPOCHS = 1000
_MOST_BLOCKS = 50
_LEAST_SIDE, _MOST_SIDE, _SIDE_STEP = 64, 512, 32
_LARGEST_SEED = 2**31 - 1


class AdvancedOptions(QWidget):
    """Owned by the GUI thread. The proposal that suits the way of learning follows it until it is changed by hand."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with what suits a quick training."""
        super().__init__(parent)
        self._thorough = self._from_scratch = self._in_parts = False
        self._touched: set[QWidget] = set()
        self._epochs = QSpinBox()
        self._layers = QSpinBox()
        self._size = QSpinBox()
        self._measure = QComboBox()
        self._teacher = QComboBox()
        self._seed = QSpinBox()
        self._form = QFormLayout(self)
        self._set_up()
        self._lay_out()
        self.set_teachers([])
        self.set_way(thorough=False, from_scratch=False)

    def _set_up(self) -> None:
        self._epochs.setRange(1, _MOST_EPOCHS)
        self._epochs.setAccessibleName(self.tr("Epochs"))
        self._epochs.setToolTip(self.tr("How often the network sees every picture"))
        self._layers.setRange(0, _MOST_BLOCKS)
        self._layers.setSpecialValueText(self.tr("All"))
        self._layers.setPrefix(self.tr("the top "))
        self._layers.setAccessibleName(self.tr("Blocks of layers that learn"))
        self._layers.setToolTip(self.tr("The fewer learn, the faster it is; few pictures need few"))
        self._size.setRange(_LEAST_SIDE - _SIDE_STEP, _MOST_SIDE)
        self._size.setSingleStep(_SIDE_STEP)
        self._size.setSpecialValueText(self.tr("Automatic"))
        self._size.setSuffix(self.tr(" pixels"))
        self._size.setAccessibleName(self.tr("Side of the pictures in training"))
        self._measure.setAccessibleName(self.tr("Measured by"))
        self._measure.addItem(self.tr("Pictures set aside (15 %)"), 0)
        self._measure.addItem(self.tr("{folds} parts, each held out in turn").format(folds=FOLDS), FOLDS)
        self._teacher.setAccessibleName(self.tr("Teacher"))
        self._teacher.setToolTip(self.tr("Weights whose answers are learnt from, beside the names of the folders"))
        self._seed.setRange(0, _LARGEST_SEED)
        self._seed.setAccessibleName(self.tr("Seed"))
        self._seed.setToolTip(self.tr("Decides all that is random: the same seed gives the same weights on the CPU"))
        for box in (self._epochs, self._layers, self._size, self._seed):
            box.valueChanged.connect(self._on_touched)
        for choice in (self._measure, self._teacher):
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(14)
            choice.currentIndexChanged.connect(self._on_touched)

    def _lay_out(self) -> None:
        self._form.setContentsMargins(GAP, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setHorizontalSpacing(GAP)
        self._form.setVerticalSpacing(SMALL_GAP)
        self._form.addRow(self.tr("&Measured by"), self._measure)
        self._form.addRow(self.tr("&Epochs"), self._epochs)
        self._form.addRow(self.tr("&Layers that learn"), self._layers)
        self._form.addRow(self.tr("Picture si&ze"), self._size)
        self._form.addRow(self.tr("Teac&her"), self._teacher)
        self._form.addRow(self.tr("See&d"), self._seed)

    def set_teachers(self, entries: Sequence[CatalogueEntry]) -> None:
        """Offer these sets as teachers, or none."""
        chosen = self._teacher.currentData()
        with QSignalBlocker(self._teacher):
            self._teacher.clear()
            self._teacher.addItem(self.tr("None"), None)
            for entry in entries:
                self._teacher.addItem(entry.weights.title, entry.weights.id)
            self._teacher.setCurrentIndex(max(0, self._teacher.findData(chosen)))
        self._show_rows()

    def set_in_parts(self, in_parts: bool) -> None:
        """Take note that the folders themselves say which pictures are for training and which for measuring."""
        self._in_parts = in_parts
        self._show_rows()

    def set_way(self, *, thorough: bool, from_scratch: bool) -> None:
        """Ask only what the way of learning depends on, and propose what suits it."""
        self._thorough, self._from_scratch = thorough, from_scratch
        self._propose(self._epochs, EPOCHS_FROM_SCRATCH if from_scratch else EPOCHS)
        if self._measure not in self._touched:
            with QSignalBlocker(self._measure):
                self._measure.setCurrentIndex(self._measure.findData(0 if thorough else FOLDS))
        self._show_rows()

    def complete_choices(self, choices: TrainingChoices) -> TrainingChoices:
        """Return the choices with what was answered here."""
        size = self._size.value()
        layers: int | Literal["all"] = self._layers.value() or "all"
        return replace(
            choices,
            folds=0 if self._in_parts else self._measure.currentData(),
            epochs=self._epochs.value(),
            unfreeze=layers,
            size=size if size >= _LEAST_SIDE else 0,
            teacher=self._teacher.currentData() if choices.thorough else None,
            seed=self._seed.value(),
        )

    def _propose(self, box: QSpinBox, value: int) -> None:
        if box not in self._touched:
            with QSignalBlocker(box):
                box.setValue(value)

    def _show_rows(self) -> None:
        thorough = self._thorough
        self._form.setRowVisible(self._measure, not self._in_parts)
        self._form.setRowVisible(self._epochs, thorough)
        self._form.setRowVisible(self._layers, thorough and not self._from_scratch)
        self._form.setRowVisible(self._size, thorough)
        self._form.setRowVisible(self._teacher, thorough and self._teacher.count() > 1)

    @Slot()
    def _on_touched(self) -> None:
        sender = self.sender()
        if isinstance(sender, QWidget):
            self._touched.add(sender)
        self.changed.emit()
