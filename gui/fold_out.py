"""A part of a dialog that most people never need, folded away behind its title."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gui.theme import GAP


class FoldOut(QWidget):
    """Owned by the GUI thread; folded at first."""

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        """Hide `content` behind a button called `title`."""
        super().__init__(parent)
        self._content = content
        self._button = QToolButton()
        self._button.setText(title)
        self._button.setAccessibleName(title)
        self._button.setAutoRaise(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._button.clicked.connect(self._turn)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(content)
        self._open = True
        self.set_open(False)

    @property
    def open(self) -> bool:
        """Whether the content is shown."""
        return self._open

    def set_open(self, open_: bool) -> None:
        """Show or hide the content."""
        self._open = open_
        self._button.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._button.setAccessibleDescription(self.tr("shown") if open_ else self.tr("folded away"))
        self._content.setVisible(open_)

    @Slot()
    def _turn(self) -> None:
        self.set_open(not self._open)
