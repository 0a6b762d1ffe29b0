"""A field for a file's path: typed or browsed for, with a line below it that says what is wrong or what was found."""

import os
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui.theme import GAP
from gui.toned_label import Tone, TonedLabel
from model.names import shown_name


class PathField(QWidget):
    """A line edit with a Browse button; owned by the GUI thread."""

    changed = Signal()

    def __init__(self, name: str, file_filter: str, parent: QWidget | None = None) -> None:
        """`name` says what file it is, for the chooser and for screen readers; `file_filter` is QFileDialog's."""
        super().__init__(parent)
        self._name = name
        self._filter = file_filter
        self._given: tuple[str, Path] | None = None
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setClearButtonEnabled(True)
        self.edit.textChanged.connect(self.changed)
        self.browse = QPushButton(self.tr("Browse\u2026"))
        self.browse.setAccessibleName(self.tr("Browse for: {name}").format(name=name))
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        self._note = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._note.hide()
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.edit, 1)
        row.addWidget(self.browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self._note)

    @property
    def path(self) -> Path | None:
        """The path given; None while there is none."""
        if self._given is not None and self._given[0] == self.edit.text():
            return self._given[1]
        text = self.edit.text().strip()
        # Unlike Path's own method this one does not raise at the name of an unknown user.
        return Path(os.path.expanduser(text)) if text else None  # noqa: PTH111

    @property
    def is_file(self) -> bool:
        """Whether there is a file at the path given."""
        path = self.path
        try:
            return path is not None and path.is_file()
        except (OSError, ValueError):  # a name too long, or with a NUL in it
            return False

    @property
    def note(self) -> str:
        """The line below the field."""
        return self._note.text()

    @property
    def at_fault(self) -> bool:
        """Whether the line below the field tells of a fault."""
        return self._note.tone is Tone.DANGER and bool(self._note.text())

    def set_path(self, path: Path) -> None:
        """Fill the field; until it is edited, also a name that is not UTF-8, which Qt's text cannot hold, is kept."""
        text = shown_name(path)
        self._given = (text, path)
        if self.edit.text() == text:
            self.changed.emit()  # the same name again, but what it names may have changed
        else:
            self.edit.setText(text)

    def show_note(self, text: str, *, fault: bool = False) -> None:
        """Say something below the field; an empty text takes the line away."""
        self._note.set_tone(Tone.DANGER if fault else Tone.MUTED)
        self._note.setText(text)
        self._note.setVisible(bool(text))
        self.edit.setAccessibleDescription(text)

    @Slot()
    def _browse(self) -> None:
        start = str(self.path.parent) if self.path is not None else ""
        chosen, _ = QFileDialog.getOpenFileName(self, self._name, start, self._filter)
        if chosen:
            self.edit.setText(chosen)
