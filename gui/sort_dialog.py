"""The sort dialog: choices with a preview, progress, and what came of it with a way back. Not modal."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDialog, QStackedWidget, QVBoxLayout, QWidget

from gui.sort_result_page import SortResultPage
from gui.sort_setup_page import SortSetupPage
from gui.theme import WIDE_GAP


class SortDialog(QDialog):
    """Shows and asks; what it is asked for is done by who listens. Closing hides it: what goes on goes on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with the choices."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Sort into folders"))
        self.setModal(False)
        self.setSizeGripEnabled(True)
        self.setMinimumSize(560, 480)
        self.resize(680, 640)
        self.setup = SortSetupPage()
        self.page = SortResultPage()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.setup)
        self._pages.addWidget(self.page)
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.addWidget(self._pages)
        self.setup.close_requested.connect(self.close)
        self.page.close_requested.connect(self.close)
        self.page.again_requested.connect(self.show_setup)

    @property
    def showing_setup(self) -> bool:
        """Whether the choices are shown."""
        return self._pages.currentWidget() is self.setup

    @Slot()
    def show_setup(self) -> None:
        """Show the choices, with a new preview."""
        self.setWindowTitle(self.tr("Sort into folders"))
        self._pages.setCurrentWidget(self.setup)
        self.setup.refresh()

    def show_result(self, *, undo: bool = False) -> None:
        """Show progress, or what came of it."""
        self.setWindowTitle(self.tr("Undo last sort") if undo else self.tr("Sort into folders"))
        self._pages.setCurrentWidget(self.page)
