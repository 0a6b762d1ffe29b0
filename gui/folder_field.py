"""A field for a folder's path."""

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.path_field import PathField


class FolderField(PathField):
    """A PathField whose chooser asks for a folder; owned by the GUI thread."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """`name` says what folder it is, for the chooser and for screen readers."""
        super().__init__(name, "", parent)

    @property
    def is_folder(self) -> bool:
        """Whether there is a folder at the path given."""
        path = self.path
        try:
            return path is not None and path.is_dir()
        except (OSError, ValueError):  # a name too long, or with a NUL in it
            return False

    @Slot()
    def _browse(self) -> None:
        start = self.path
        chosen = QFileDialog.getExistingDirectory(self, self._name, str(start) if start is not None else "")
        if chosen:
            self.set_path(Path(chosen))
