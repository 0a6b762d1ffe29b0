"""The quiet text at the window's lower edge that says which folders are watched; a click offers to end that."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget

from gui.lower_edge_button import LowerEdgeButton
from gui.percent import counted
from model.names import shown_name

_MOST_CHARS = 30


class WatchLine(LowerEdgeButton):
    """Owned by the GUI thread; hidden while no folder is watched."""

    unwatch_requested = Signal(object)
    """This folder (Path) is to be watched no more."""
    unwatch_all_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(self.tr("Watched folders"), self.tr("New pictures of these folders are added"), parent)
        self.choices = QMenu(self)
        """What a click offers; not the button's own menu, whose arrow would be drawn into the text."""
        self.clicked.connect(self._offer)

    def show_folders(self, folders: Sequence[Path]) -> None:
        """Show which folders are watched."""
        self.choices.clear()
        for folder in folders:
            text = self.tr("Stop watching {folder}").format(folder=shown_name(folder).replace("&", "&&"))
            self.choices.addAction(text).triggered.connect(partial(self._request, folder))
        if len(folders) > 1:
            self.choices.addSeparator()
            self.choices.addAction(self.tr("Stop watching all of them")).triggered.connect(self._request_all)
        one = ""
        if folders:
            name = shown_name(folders[0].name or folders[0])
            room = _MOST_CHARS * self.fontMetrics().averageCharWidth()
            name = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
            one = self.tr("Watching {folder}").format(folder=name.replace("&", "&&"))
        self.show_text(counted(len(folders), one, self.tr("Watching {count} folders")) if folders else "")

    def _request(self, folder: Path, _checked: bool = False) -> None:
        self.unwatch_requested.emit(folder)

    @Slot()
    def _offer(self) -> None:
        self.choices.popup(self.mapToGlobal(QPoint(0, -self.choices.sizeHint().height())))

    @Slot()
    def _request_all(self) -> None:
        self.unwatch_all_requested.emit()
