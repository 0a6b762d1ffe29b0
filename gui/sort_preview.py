"""The tree that sorting would make: folders with how many pictures go into each."""

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QFrame, QHeaderView, QStackedWidget, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from gui.sort_texts import renumbered_text
from gui.theme import tabular_font
from gui.toned_label import Tone, TonedLabel, plain_tooltip
from model.names import shown_name
from model.sorting_types import SortPlan

_FOLDER, _COUNT, _NOTE = range(3)


class SortPreview(QWidget):
    """Owned by the GUI thread; shows what it is given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a plan."""
        super().__init__(parent)
        self._tree = QTreeWidget()
        self._words = TonedLabel("", Tone.MUTED, wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._words)
        self._pages.addWidget(self._tree)
        self._set_up()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self.show_nothing()

    def _set_up(self) -> None:
        self._tree.setAccessibleName(self.tr("Preview"))
        self._tree.setHeaderLabels([self.tr("Folder"), self.tr("Pictures"), ""])
        self._tree.setFrameShape(QFrame.Shape.StyledPanel)
        self._tree.setUniformRowHeights(True)
        self._tree.setEditTriggers(QTreeWidget.EditTrigger.NoEditTriggers)
        self._tree.headerItem().setTextAlignment(_COUNT, Qt.AlignmentFlag.AlignRight)
        titles = self._tree.header()
        titles.setStretchLastSection(True)
        titles.setSectionResizeMode(_FOLDER, QHeaderView.ResizeMode.Interactive)
        self._tree.setMinimumHeight(160)

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What is shown, the top first; empty while there is no plan."""
        top = self._tree.topLevelItem(0) if self._pages.currentWidget() is self._tree else None
        if top is None:
            return []
        items = (top, *(top.child(place) for place in range(top.childCount())))
        return [(item.text(_FOLDER), item.text(_COUNT), item.text(_NOTE)) for item in items if item is not None]

    @property
    def text(self) -> str:
        """What is said while there is no plan."""
        return self._words.text() if self._pages.currentWidget() is self._words else ""

    def show_nothing(self) -> None:
        """Say what is missing."""
        self._say(self.tr("Choose a folder to see what would go where."))

    def show_waiting(self) -> None:
        """Leave the old tree, greyed, while a new one is made; say so where there is none."""
        if self._pages.currentWidget() is self._words:
            self._say(self.tr("Looking\u2026"))
        self._tree.setEnabled(False)

    def show_plan(self, plan: SortPlan) -> None:
        """Show the tree of a plan."""
        if not plan.files:
            self._say(self.tr("There is nothing to do: every picture stays where it is."))
            return
        number = QLocale().toString
        target = plan.request.target
        name = self.tr("Keywords") if target is None else shown_name(target)
        self._tree.setHeaderLabels(
            [self.tr("Keyword") if target is None else self.tr("Folder"), self.tr("Pictures"), ""]
        )
        top = self._item(name, number(len(plan.files)), "", name)
        for folder in plan.folders:
            note = renumbered_text(folder.renumbered) if folder.renumbered else ""
            top.addChild(self._item(shown_name(folder.name), number(folder.count), note, shown_name(folder.label)))
        self._tree.clear()
        self._tree.addTopLevelItem(top)
        top.setExpanded(True)
        self._tree.setEnabled(True)
        self._tree.setColumnWidth(_FOLDER, 320)
        self._pages.setCurrentWidget(self._tree)

    def _item(self, name: str, count: str, note: str, tip: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([name, count, note])
        item.setToolTip(_FOLDER, plain_tooltip(tip))
        item.setTextAlignment(_COUNT, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setFont(_COUNT, tabular_font(self._tree.font()))
        return item

    def _say(self, text: str) -> None:
        self._words.setText(text)
        self._pages.setCurrentWidget(self._words)
