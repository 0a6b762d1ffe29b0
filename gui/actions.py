"""The window's actions: names, keys, icons, and their places in menus and toolbar."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from gui.assets import line_icon
from model.error_text import QT_TRANSLATE_NOOP


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `key` is a standard key, a key sequence as text, or empty; `icon` a name in resources/icons."""

    name: str
    text: str
    tip: str
    key: QKeySequence.StandardKey | str = ""
    icon: str = ""
    checkable: bool = False


_SPECS = (
    ActionSpec(
        "open_images",
        QT_TRANSLATE_NOOP("Actions", "Open &images..."),
        QT_TRANSLATE_NOOP("Actions", "Add pictures to the list"),
        QKeySequence.StandardKey.Open,
        "open-images",
    ),
    ActionSpec(
        "open_folder",
        QT_TRANSLATE_NOOP("Actions", "Open &folder..."),
        QT_TRANSLATE_NOOP("Actions", "Add the pictures of a folder to the list"),
        "Ctrl+Shift+O",
        "open-folder",
    ),
    ActionSpec(
        "paste",
        QT_TRANSLATE_NOOP("Actions", "&Paste"),
        QT_TRANSLATE_NOOP("Actions", "Add the files or the picture on the clipboard"),
        QKeySequence.StandardKey.Paste,
    ),
    ActionSpec(
        "export",
        QT_TRANSLATE_NOOP("Actions", "&Export table..."),
        QT_TRANSLATE_NOOP("Actions", "Save the results as a table for Excel and other programs"),
        "Ctrl+E",
        "export",
    ),
    ActionSpec(
        "sort",
        QT_TRANSLATE_NOOP("Actions", "S&ort into folders..."),
        QT_TRANSLATE_NOOP("Actions", "Copy or move the pictures into folders by label, or write keywords beside them"),
        "Ctrl+Shift+S",
    ),
    ActionSpec(
        "undo_sort",
        QT_TRANSLATE_NOOP("Actions", "&Undo last sort..."),
        QT_TRANSLATE_NOOP("Actions", "Take back the last copying, moving or writing of keywords"),
    ),
    ActionSpec(
        "quit",
        QT_TRANSLATE_NOOP("Actions", "&Quit"),
        QT_TRANSLATE_NOOP("Actions", "Close Photospotter"),
        QKeySequence.StandardKey.Quit,
    ),
    ActionSpec(
        "copy",
        QT_TRANSLATE_NOOP("Actions", "&Copy rows"),
        QT_TRANSLATE_NOOP("Actions", "Copy the chosen rows as text"),
        QKeySequence.StandardKey.Copy,
    ),
    ActionSpec(
        "select_all",
        QT_TRANSLATE_NOOP("Actions", "Select &all"),
        QT_TRANSLATE_NOOP("Actions", "Choose all rows shown"),
        QKeySequence.StandardKey.SelectAll,
    ),
    ActionSpec(
        "remove",
        QT_TRANSLATE_NOOP("Actions", "&Remove rows"),
        QT_TRANSLATE_NOOP("Actions", "Take the chosen rows off the list; the files stay"),
        QKeySequence.StandardKey.Delete,
    ),
    ActionSpec(
        "clear",
        QT_TRANSLATE_NOOP("Actions", "C&lear list"),
        QT_TRANSLATE_NOOP("Actions", "Take all rows off the list; the files stay"),
        "",
        "clear",
    ),
    ActionSpec(
        "find",
        QT_TRANSLATE_NOOP("Actions", "&Filter"),
        QT_TRANSLATE_NOOP("Actions", "Show only some of the rows"),
        QKeySequence.StandardKey.Find,
    ),
    ActionSpec(
        "stop",
        QT_TRANSLATE_NOOP("Actions", "&Stop"),
        QT_TRANSLATE_NOOP("Actions", "Stop classifying; what is finished stays"),
        "Esc",
        "stop",
    ),
    ActionSpec(
        "pause",
        QT_TRANSLATE_NOOP("Actions", "P&ause"),
        QT_TRANSLATE_NOOP("Actions", "Wait with classifying, and leave the processor to other programs"),
        "Ctrl+P",
        "pause",
    ),
    ActionSpec(
        "rerun",
        QT_TRANSLATE_NOOP("Actions", "Re-&run"),
        QT_TRANSLATE_NOOP("Actions", "Classify all pictures again"),
        QKeySequence.StandardKey.Refresh,
        "rerun",
    ),
    ActionSpec(
        "retry_failed",
        QT_TRANSLATE_NOOP("Actions", "Retry &failed"),
        QT_TRANSLATE_NOOP("Actions", "Classify all pictures with an error again"),
        "Shift+F5",
    ),
    ActionSpec(
        "watch_added",
        QT_TRANSLATE_NOOP("Actions", "&Watch added folders"),
        QT_TRANSLATE_NOOP("Actions", "Add new pictures of the folders in the list as they appear"),
        checkable=True,
    ),
    ActionSpec(
        "open_viewer",
        QT_TRANSLATE_NOOP("Actions", "Open in &viewer"),
        QT_TRANSLATE_NOOP("Actions", "Open the chosen picture in the system's viewer"),
    ),
    ActionSpec(
        "reveal",
        QT_TRANSLATE_NOOP("Actions", "Re&veal in file manager"),
        QT_TRANSLATE_NOOP("Actions", "Show the chosen picture's file in its folder"),
        "Ctrl+R",
    ),
    ActionSpec(
        "train",
        QT_TRANSLATE_NOOP("Actions", "&Train..."),
        QT_TRANSLATE_NOOP("Actions", "Make weights of your own from folders of pictures"),
        "Ctrl+T",
    ),
    ActionSpec(
        "evaluate",
        QT_TRANSLATE_NOOP("Actions", "&Evaluate..."),
        QT_TRANSLATE_NOOP("Actions", "See how good weights are on pictures whose labels are known"),
        "Ctrl+Shift+E",
    ),
    ActionSpec(
        "settings",
        QT_TRANSLATE_NOOP("Actions", "Se&ttings..."),
        QT_TRANSLATE_NOOP("Actions", "Change how Photospotter works"),
        QKeySequence.StandardKey.Preferences,
        "settings",
    ),
    ActionSpec(
        "diagnose",
        QT_TRANSLATE_NOOP("Actions", "&Diagnostics..."),
        QT_TRANSLATE_NOOP("Actions", "See what this computer has and how fast pictures are classified on it"),
    ),
    ActionSpec(
        "about",
        QT_TRANSLATE_NOOP("Actions", "&About Photospotter"),
        QT_TRANSLATE_NOOP("Actions", "Version, licences and credits"),
    ),
)
_RESUME = ActionSpec(
    "pause",
    QT_TRANSLATE_NOOP("Actions", "Res&ume"),
    QT_TRANSLATE_NOOP("Actions", "Go on with classifying"),
    "Ctrl+P",
    "resume",
)
"""What `pause` is while the run is paused."""

_MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        QT_TRANSLATE_NOOP("Actions", "&File"),
        ("open_images", "open_folder", "paste", "", "export", "", "sort", "undo_sort", "", "settings", "", "quit"),
    ),
    (QT_TRANSLATE_NOOP("Actions", "&Edit"), ("copy", "select_all", "find", "", "remove", "clear")),
    (
        QT_TRANSLATE_NOOP("Actions", "&Pictures"),
        ("pause", "stop", "", "rerun", "retry_failed", "", "watch_added", "", "open_viewer", "reveal"),
    ),
    (QT_TRANSLATE_NOOP("Actions", "&Weights"), ("train", "evaluate")),
    (QT_TRANSLATE_NOOP("Actions", "&Help"), ("diagnose", "", "about")),
)
_TOOLBAR = ("open_images", "open_folder", "", "pause", "stop", "rerun", "", "export", "", "clear")


class Actions:
    """All actions of the window by name; owned by the GUI thread."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], None]]) -> None:
        """Make the actions, each calling the handler of its name; a handler must be a bound method of a QObject."""
        self._actions: dict[str, QAction] = {}
        self._paused = False
        for spec in _SPECS:
            action = QAction(window)
            action.setObjectName(spec.name)
            action.setCheckable(spec.checkable)
            if spec.key != "":
                action.setShortcut(QKeySequence(spec.key))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            _name(action, spec)
            action.triggered.connect(handlers[spec.name])
            self._actions[spec.name] = action
        self._actions["quit"].setMenuRole(QAction.MenuRole.QuitRole)
        self._actions["settings"].setMenuRole(QAction.MenuRole.PreferencesRole)
        self._actions["about"].setMenuRole(QAction.MenuRole.AboutRole)
        self.refresh_icons()

    def __getitem__(self, name: str) -> QAction:
        """Return the action of that name."""
        return self._actions[name]

    def refresh_icons(self) -> None:
        """Tint the icons anew, after a change between light and dark."""
        for spec in _SPECS:
            if spec.icon:
                icon = _RESUME.icon if spec.name == _RESUME.name and self._paused else spec.icon
                self._actions[spec.name].setIcon(line_icon(icon))

    def show_paused(self, paused: bool) -> None:
        """Have the action `pause` stand for resuming, or for pausing again."""
        self._paused = paused
        plain = next(spec for spec in _SPECS if spec.name == _RESUME.name)
        spec = _RESUME if paused else plain
        _name(self._actions[spec.name], spec)
        self._actions[spec.name].setIcon(line_icon(spec.icon))

    def fill_menus(self, window: QMainWindow) -> None:
        """Put every action into the menu bar."""
        for title, names in _MENUS:
            self._fill(window.menuBar().addMenu(_translate(title)), names)

    def fill_toolbar(self, toolbar: QToolBar) -> None:
        """Put the most used actions into the toolbar."""
        self._fill(toolbar, _TOOLBAR)

    def _fill(self, target: QMenu | QToolBar, names: tuple[str, ...]) -> None:
        for name in names:
            if name:
                target.addAction(self._actions[name])
            else:
                target.addSeparator()


def _name(action: QAction, spec: ActionSpec) -> None:
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    tip = _translate(spec.tip)
    action.setText(_translate(spec.text))
    action.setToolTip(f"{tip} ({keys})" if keys else tip)
    action.setStatusTip(tip)


def _translate(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
