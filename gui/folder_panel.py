"""The folder tree at the left: opening a folder adds its pictures to the list."""

from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QDir, QModelIndex, QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFileIconProvider,
    QFileSystemModel,
    QHBoxLayout,
    QLabel,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font, row_colours

_ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FolderTree(QTreeView):
    """A tree of folders. A double click or Enter opens one; an arrow or a click on the triangle unfolds it."""

    opened = Signal(QModelIndex)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without folders."""
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._words = ""
        # `activated` would fire at a single click on desktops that are set so; adding a folder should be meant.
        self.doubleClicked.connect(self.opened)

    @property
    def words(self) -> str:
        """What stands in place of folders while there are none."""
        return self._words

    def set_words(self, words: str) -> None:
        """Say why there are no folders."""
        self._words = words
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the folders, or say why there are none."""
        super().paintEvent(event)
        if self._words and self.model().rowCount(self.rootIndex()) == 0:
            with QPainter(self.viewport()) as painter:
                painter.setPen(row_colours(self.palette()).muted)
                room = self.viewport().rect().adjusted(WIDE_GAP, WIDE_GAP, -WIDE_GAP, -WIDE_GAP)
                flags = Qt.AlignmentFlag.AlignHCenter.value | Qt.TextFlag.TextWordWrap.value
                painter.drawText(room, flags, self._words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the current folder by Enter."""
        if event.key() in _ENTER_KEYS and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)


class FolderPanel(QWidget):
    """Owned by the GUI thread; Qt reads the folders on a thread of its own.

    Folders whose names are not valid Unicode are left out by Qt; they can be dropped on the window.
    """

    folder_opened = Signal(object)
    """A folder (Path) whose pictures are wanted."""
    watch_requested = Signal(object, bool)
    """A folder (Path) is to be watched for new pictures, or no more."""

    def __init__(self, parent: QWidget | None = None, *, home: Path | None = None) -> None:
        """Start at `home`, by default the user's home folder, with its pictures folder chosen."""
        super().__init__(parent)
        self._home = str(home) if home is not None else QDir.homePath()
        self._watched: frozenset[Path] = frozenset()
        self._model = QFileSystemModel(self)
        self._tree = FolderTree()
        self._place = QComboBox()
        self._subfolders = QCheckBox(self.tr("Include &subfolders"))
        self._set_up_model()
        self._set_up_controls()
        self._lay_out()
        self.show_home()

    def _set_up_model(self) -> None:
        icons = QFileIconProvider()
        # Asking each folder for an icon of its own would touch every one of them on disk.
        icons.setOptions(QFileIconProvider.Option.DontUseCustomDirectoryIcons)
        self._icons = icons
        self._model.setIconProvider(icons)
        self._model.setFilter(QDir.Filter.Dirs | QDir.Filter.Drives | QDir.Filter.NoDotAndDotDot)
        self._model.setReadOnly(True)
        self._model.directoryLoaded.connect(self._on_loaded)
        self._tree.setModel(self._model)
        for column in range(1, self._model.columnCount()):
            self._tree.hideColumn(column)

    def _set_up_controls(self) -> None:
        self.setAccessibleName(self.tr("Folders"))
        self._tree.setAccessibleName(self.tr("Folders"))
        self._tree.setToolTip(self.tr("Double-click a folder, or press Enter, to add its pictures"))
        self._tree.opened.connect(self._on_opened)
        self._add_action = QAction(self.tr("Add this folder's pictures"), self._tree)
        self._add_action.triggered.connect(self._open_current)
        self._tree.addAction(self._add_action)
        self._watch_action = QAction(self.tr("Watch this folder"), self._tree)
        self._watch_action.setCheckable(True)
        self._watch_action.setToolTip(self.tr("Add the pictures of this folder, and new ones as they appear"))
        self._watch_action.triggered.connect(self._request_watch)
        self._tree.addAction(self._watch_action)
        self._tree.selectionModel().currentChanged.connect(self._show_watched)
        self._tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._place.addItem(self.tr("Home"))
        self._place.addItem(self.tr("Computer"))
        self._place.setAccessibleName(self.tr("Where the folder tree begins"))
        self._place.setToolTip(self._place.accessibleName())
        self._place.activated.connect(self._on_place_chosen)
        self._subfolders.setChecked(True)
        self._subfolders.setAccessibleName(self.tr("Include subfolders"))
        self._subfolders.setToolTip(self.tr("Opening a folder adds the pictures of all folders in it too"))

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Folders"))
        heading.setFont(bold_font(heading.font()))
        top = QHBoxLayout()
        top.setContentsMargins(GAP, 0, GAP, 0)
        top.addWidget(heading, 1)
        top.addWidget(self._place)
        foot = QHBoxLayout()
        foot.setContentsMargins(GAP, 0, GAP, 0)
        foot.addWidget(self._subfolders)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, SMALL_GAP)
        column.setSpacing(SMALL_GAP)
        column.addLayout(top)
        column.addWidget(self._tree, 1)
        column.addLayout(foot)

    @property
    def include_subfolders(self) -> bool:
        """Whether opening a folder takes the folders in it too."""
        return self._subfolders.isChecked()

    @include_subfolders.setter
    def include_subfolders(self, value: bool) -> None:
        self._subfolders.setChecked(value)

    @property
    def current_folder(self) -> Path | None:
        """The folder chosen in the tree."""
        index = self._tree.currentIndex()
        return self._path(index) if index.isValid() else None

    def set_watched(self, folders: Collection[Path]) -> None:
        """Mark which folders are watched."""
        self._watched = frozenset(folders)
        self._show_watched()

    def show_home(self) -> None:
        """Begin the tree at the home folder, with the pictures folder chosen if there is one."""
        self._place.setCurrentIndex(0)
        self._tree.set_words(self.tr("Looking for folders\u2026"))
        self._tree.setRootIndex(self._model.setRootPath(self._home))
        pictures = self._pictures_folder()
        if pictures is not None:
            self._choose(pictures)

    def show_computer(self) -> None:
        """Begin the tree at the top of the file system, so that other drives can be reached."""
        self._place.setCurrentIndex(1)
        self._tree.set_words(self.tr("Looking for folders\u2026"))
        self._model.setRootPath("")
        self._tree.setRootIndex(self._model.index(QDir.rootPath()) if QDir.rootPath() == "/" else QModelIndex())

    def _choose(self, folder: str) -> None:
        index = self._model.index(folder)
        if index.isValid():
            self._tree.setCurrentIndex(index)
            self._tree.expand(index)
            self._tree.scrollTo(index)

    def _pictures_folder(self) -> str | None:
        """Return the user's pictures folder if it is inside the home folder shown."""
        known = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        candidates = [Path(known)] if known else []
        candidates.append(Path(self._home) / "Pictures")
        home = Path(self._home)
        fitting = (
            folder for folder in candidates if folder != home and folder.is_relative_to(home) and folder.is_dir()
        )
        found = next(fitting, None)
        return None if found is None else str(found)

    def _path(self, index: QModelIndex) -> Path:
        return Path(self._model.filePath(index))

    @Slot(QModelIndex)
    def _on_opened(self, index: QModelIndex) -> None:
        self.folder_opened.emit(self._path(index))

    @Slot()
    def _open_current(self) -> None:
        if self._tree.currentIndex().isValid():
            self._on_opened(self._tree.currentIndex())

    @Slot(bool)
    def _request_watch(self, wanted: bool) -> None:
        folder = self.current_folder
        if folder is not None:
            self.watch_requested.emit(folder, wanted)

    @Slot()
    def _show_watched(self) -> None:
        folder = self.current_folder
        self._watch_action.setEnabled(folder is not None)
        self._watch_action.setChecked(folder in self._watched)

    @Slot(str)
    def _on_loaded(self, folder: str) -> None:
        if folder == self._model.rootPath():
            self._tree.set_words(self.tr("There are no folders here."))

    @Slot(int)
    def _on_place_chosen(self, place: int) -> None:
        self.show_home() if place == 0 else self.show_computer()
