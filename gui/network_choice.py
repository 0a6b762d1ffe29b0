"""Which network a file of weights is for: found out from the file, chosen from a list, or typed."""

import re

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QVBoxLayout, QWidget

from gui.toned_label import Tone, TonedLabel
from model.architectures import list_backbones

_NAME = re.compile(r"[A-Za-z0-9_.:-]+")


class NetworkChoice(QWidget):
    """An editable list of networks with a line below it that says what a typed name means."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with finding out from the file."""
        super().__init__(parent)
        self.combo = QComboBox()
        self._edit = QLineEdit()
        self._note = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._names: dict[str, str] = {}
        self._set_up()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.combo)
        column.addWidget(self._note)
        self._check()

    def _set_up(self) -> None:
        self.combo.setEditable(True)
        self.combo.setLineEdit(self._edit)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for widget in (self.combo, self._edit):
            widget.setAccessibleName(self.tr("Network"))
        find_out = self.tr("Find out from the file")
        self._edit.setPlaceholderText(find_out)
        self.combo.addItem(find_out)
        for backbone in list_backbones():
            text = f"{backbone.title} \u00b7 {backbone.architecture}"
            self._names[text] = backbone.architecture
            self.combo.addItem(text)
        completer = QCompleter(self.combo.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.combo.setCompleter(completer)
        self.combo.editTextChanged.connect(self._check)

    @property
    def architecture(self) -> str | None:
        """The network chosen or typed, as `model.architectures.parse_architecture` takes it; None to find out."""
        text = self.combo.currentText().strip()
        if not text or text == self.combo.itemText(0):
            return None
        return self._names.get(text, text)

    @property
    def complete(self) -> bool:
        """Whether the name could be that of a network; torchvision and timm are asked when the import begins."""
        architecture = self.architecture
        return architecture is None or _NAME.fullmatch(architecture) is not None

    @property
    def note(self) -> str:
        """The line below the list."""
        return self._note.text()

    @Slot()
    def _check(self) -> None:
        architecture = self.architecture
        if not self.complete:
            text = self.tr("A network\u2019s name has letters, digits and _ alone, for example resnet18.")
        elif architecture is None or architecture in self._names.values():
            text = ""
        else:
            text = self.tr("Any name that torchvision or timm knows; it is looked up when the import begins.")
        self._note.set_tone(Tone.MUTED if self.complete else Tone.DANGER)
        self._note.setText(text)
        self._note.setVisible(bool(text))
        self._edit.setAccessibleDescription(text)
        self.changed.emit()
