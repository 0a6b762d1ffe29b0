"""The quiet text at the window's lower edge that says which folders are watched; a click offers to end that."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gui.lower_edge_button import LowerEdgeButton
from gui.percent import counted
from model.names import display_name


class WatchLine(LowerEdgeButton):
    """Owned by the GUI thread; hidden while no folder is watched."""

    unwatch_requested = Signal(object)
    """This folder (Path) is to be watched no more."""
    unwatch_all_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(self.tr("Watched folders"), self.tr("New pictures of these folders are added"), parent)
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def show_folders(self, folders: Sequence[Path]) -> None:
        """Show which folders are watched."""
        self._menu.clear()
        for folder in folders:
            text = self.tr("Stop watching {folder}").format(folder=display_name(folder).replace("&", "&&"))
            self._menu.addAction(text).triggered.connect(partial(self._request, folder))
        if len(folders) > 1:
            self._menu.addSeparator()
            self._menu.addAction(self.tr("Stop watching all of them")).triggered.connect(self._request_all)
        one = ""
        if folders:
            name = display_name(folders[0].name or folders[0])
            one = self.tr("Watching {folder}").format(folder=name.replace("&", "&&"))
        self.show_text(counted(len(folders), one, self.tr("Watching {count} folders")) if folders else "")

    def _request(self, folder: Path, _checked: bool = False) -> None:
        self.unwatch_requested.emit(folder)

    @Slot()
    def _request_all(self) -> None:
        self.unwatch_all_requested.emit()
