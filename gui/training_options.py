"""The right half of the Train dialog: what the new weights are called, what they start from, and how they learn."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from gui.advanced_options import AdvancedOptions
from gui.fold_out import FoldOut
from gui.theme import GAP, SMALL_GAP, WIDE_GAP
from gui.toned_label import Tone, TonedLabel
from gui.training_choices import (
    BUILT_IN_BACKBONE,
    TrainingChoices,
    id_for,
    possible_backbones,
    possible_teachers,
)
from model.architectures import list_backbones
from model.types import CatalogueEntry

_LONGEST_TITLE = 80
_INDENT = 24


class TrainingOptions(QWidget):
    """Owned by the GUI thread. `choices` is what was answered; `complete` whether it makes sense."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with the built-in network, quick, and no name."""
        super().__init__(parent)
        self._entries: tuple[CatalogueEntry, ...] = ()
        self._taken: frozenset[str] = frozenset()
        self._unfinished: frozenset[str] = frozenset()
        self._named_by_hand = False
        self._title = QLineEdit()
        self._note = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._backbone = QComboBox()
        self._quick = QRadioButton(self.tr("&Quick"))
        self._thorough = QRadioButton(self.tr("&Thorough"))
        self._quick_note = self._quiet(self.tr("Only a new last layer learns. Takes seconds to minutes."))
        self._thorough_note = self._quiet(
            self.tr("The layers below it learn too. Takes minutes to hours, and is as a rule more accurate.")
        )
        self._advanced = AdvancedOptions()
        self._more = FoldOut(self.tr("More choices"), self._advanced)
        self._set_up()
        self._lay_out()
        self._on_backbone_changed()

    def _set_up(self) -> None:
        self._title.setAccessibleName(self.tr("Name of the new weights"))
        self._title.setMaxLength(_LONGEST_TITLE)
        self._title.textEdited.connect(self._on_title_edited)
        self._title.textChanged.connect(self._check)
        self._backbone.setAccessibleName(self.tr("Network to start from"))
        self._backbone.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._backbone.setMinimumContentsLength(18)
        self._backbone.currentIndexChanged.connect(self._on_backbone_changed)
        self._ways = QButtonGroup(self)
        for button in (self._quick, self._thorough):
            self._ways.addButton(button)
        self._quick.setAccessibleName(self.tr("Quick"))
        self._thorough.setAccessibleName(self.tr("Thorough"))
        self._quick.setAccessibleDescription(self._quick_note.text())
        self._thorough.setAccessibleDescription(self._thorough_note.text())
        self._quick.setChecked(True)
        self._ways.buttonToggled.connect(self._on_way_changed)
        self._advanced.changed.connect(self.changed)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL_GAP)
        for text, field in (
            (self.tr("&Name of the new weights"), self._title),
            (self.tr("&Start from"), self._backbone),
        ):
            label = QLabel(text)
            label.setBuddy(field)
            column.addWidget(label)
            column.addWidget(field)
            if field is self._title:
                column.addWidget(self._note)
            column.addSpacing(WIDE_GAP - SMALL_GAP)
        for button, note in ((self._quick, self._quick_note), (self._thorough, self._thorough_note)):
            note.setContentsMargins(_INDENT, 0, 0, 0)
            column.addWidget(button)
            column.addWidget(note)
            column.addSpacing(GAP - SMALL_GAP)
        column.addSpacing(GAP)
        column.addWidget(self._more)
        column.addStretch(1)

    def _quiet(self, text: str) -> TonedLabel:
        return TonedLabel(text, Tone.MUTED, small=True, wrap=True)

    # --- what it knows ---

    def set_entries(self, entries: Sequence[CatalogueEntry], unfinished: Sequence[str] = ()) -> None:
        """Offer the sets that are here as backbones; names of sets are taken, those of `unfinished` are warned of."""
        self._taken = frozenset(entry.weights.id for entry in entries)
        self._unfinished = frozenset(unfinished)
        self._entries = tuple(entries)
        chosen = self._backbone.currentData() or BUILT_IN_BACKBONE
        with QSignalBlocker(self._backbone):
            self._backbone.clear()
            for entry in possible_backbones(entries):
                self._backbone.addItem(entry.weights.title, entry.weights.id)
            self._backbone.insertSeparator(self._backbone.count())
            for network in list_backbones():
                title = self.tr("{network}, from scratch").format(network=network.title)
                self._backbone.addItem(title, network.architecture)
            self._backbone.setCurrentIndex(max(0, self._backbone.findData(chosen)))
        self._on_backbone_changed()
        self._check()

    def set_pictures(self, classes: Sequence[str], *, in_parts: bool) -> None:
        """Offer as teachers the sets that know these classes; `in_parts`: the folders say what measures."""
        self._advanced.set_teachers(possible_teachers(self._entries, classes) if classes else [])
        self._advanced.set_in_parts(in_parts)

    def propose_title(self, title: str) -> None:
        """Name the new weights, unless somebody has named them by hand."""
        if not self._named_by_hand:
            self._title.setText(title[:_LONGEST_TITLE])

    @property
    def taken(self) -> frozenset[str]:
        """Ids that the new set cannot have."""
        return self._taken

    # --- what was answered ---

    @property
    def choices(self) -> TrainingChoices:
        """The answers as they are now."""
        return self._advanced.complete_choices(
            TrainingChoices(
                title=self._title.text().strip(),
                backbone=self._backbone.currentData() or BUILT_IN_BACKBONE,
                thorough=self._thorough.isChecked(),
            )
        )

    @property
    def complete(self) -> bool:
        """Whether the answers make sense."""
        title = self._title.text().strip()
        return bool(title) and id_for(title) not in self._taken

    @property
    def note(self) -> str:
        """The line below the name."""
        return self._note.text()

    # --- reactions ---

    @Slot()
    def _on_title_edited(self) -> None:
        self._named_by_hand = bool(self._title.text())

    @Slot()
    def _check(self) -> None:
        title = self._title.text().strip()
        weights_id = id_for(title)
        at_fault = False
        if not title:
            text = self.tr("For the list of weights, for example what the pictures show.")
        elif weights_id in self._taken:
            at_fault, text = True, self.tr("There are weights of this name already. Choose another.")
        elif weights_id in self._unfinished:
            text = self.tr("An unfinished training has this name; a new one takes its place.")
        else:
            text = self.tr("Kept as {id}.").format(id=weights_id)
        self._note.set_tone(Tone.DANGER if at_fault else Tone.MUTED)
        self._note.setText(text)
        self._title.setAccessibleDescription(text)
        self.changed.emit()

    @Slot()
    def _on_backbone_changed(self) -> None:
        """A network from scratch has nothing that a last layer alone could be put on."""
        from_scratch = self.choices.from_scratch
        self._quick.setEnabled(not from_scratch)
        if from_scratch:
            self._thorough.setChecked(True)
        note = (
            self.tr("All layers learn from nothing. Takes thousands of pictures and many hours without a GPU.")
            if from_scratch
            else self.tr("The layers below it learn too. Takes minutes to hours, and is as a rule more accurate.")
        )
        self._thorough_note.setText(note)
        self._thorough.setAccessibleDescription(note)
        self._advanced.set_way(thorough=self._thorough.isChecked(), from_scratch=from_scratch)
        self.changed.emit()

    @Slot()
    def _on_way_changed(self) -> None:
        self._advanced.set_way(thorough=self._thorough.isChecked(), from_scratch=self.choices.from_scratch)
        self.changed.emit()
