"""Where bugs end up: in the log, and once each in a dialog that does not stand in the way."""

import contextlib
import faulthandler
import logging
import logging.handlers
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

import PySide6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from gui.desktop import open_in_viewer
from gui.theme import GAP, WIDE_GAP
from model.folders import data_dir

log = logging.getLogger(__name__)
qt_log = logging.getLogger("qt")

LOG_NAME = "photospotter.log"
FAULT_NAME = "faults.log"
_LOG_BYTES = 1_000_000
_LOG_BACKUPS = 3
_MOST_DIALOGS = 3  # a fault that leads to many others must not cover the screen
_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

ParentGetter = Callable[[], QWidget | None]


def fingerprint(report: str) -> str:
    """Return what makes a traceback distinct: its places in the code and the exception's class, not its message."""
    lines = report.strip().splitlines()
    places = [line.strip() for line in lines if line.startswith('  File "')]
    last = next((line for line in reversed(lines) if line and not line[0].isspace()), "")
    return "\n".join([*places, last.partition(":")[0]])


class CrashDialog(QDialog):
    """Shows one traceback, not modal, with a button that copies it."""

    def __init__(self, report: str, log_folder: Path, parent: QWidget | None = None) -> None:
        """Show `report`; `log_folder` is opened on request."""
        super().__init__(parent)
        self._log_folder = log_folder
        self.setWindowTitle(self.tr("Photospotter met a fault"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.resize(640, 400)
        words = QLabel(
            self.tr(
                "Something went wrong inside the program. You can go on working; what was classified is kept. "
                "If it happens again, please report it with the text below."
            )
        )
        words.setWordWrap(True)
        self._text = QPlainTextEdit(report)
        self._text.setReadOnly(True)
        self._text.setTabChangesFocus(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setAccessibleName(self.tr("Technical description of the fault"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = buttons.addButton(self.tr("&Copy text"), QDialogButtonBox.ButtonRole.ActionRole)
        self._open = buttons.addButton(self.tr("Open &log folder"), QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.clicked.connect(self.copy_report)
        self._open.clicked.connect(self._open_log_folder)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        layout.setSpacing(GAP)
        layout.addWidget(words)
        layout.addWidget(self._text, 1)
        layout.addWidget(buttons)

    @property
    def report_text(self) -> str:
        """The text shown."""
        return self._text.toPlainText()

    @Slot()
    def copy_report(self) -> None:
        """Put the whole text on the clipboard."""
        QGuiApplication.clipboard().setText(self.report_text)
        self._copy.setText(self.tr("Copied"))

    @Slot()
    def _open_log_folder(self) -> None:
        open_in_viewer(self._log_folder)


class CrashHandler(QObject):
    """The process's hooks for uncaught exceptions, Qt's messages and hard faults. Lives on the GUI thread.

    Exceptions may come from any thread; the dialog is raised on the GUI thread by a queued signal.
    """

    _caught = Signal(str)

    def __init__(self, parent_getter: ParentGetter, folder: Path) -> None:
        """Set nothing yet; `parent_getter` returns the window to put dialogs over, `folder` takes the logs."""
        super().__init__()
        self._parent_getter = parent_getter
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._dialogs: list[CrashDialog] = []
        self._handlers: list[logging.Handler] = []
        self._fault_file: TextIO | None = None
        self._undo = contextlib.ExitStack()
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    @property
    def dialogs(self) -> tuple[CrashDialog, ...]:
        """The dialogs on screen."""
        return tuple(self._dialogs)

    def install(self) -> None:
        """Take over the hooks and start the log; `remove` gives back what was there before."""
        self._start_logging()
        self._undo.callback(setattr, sys, "excepthook", sys.excepthook)
        self._undo.callback(setattr, threading, "excepthook", threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        previous = qInstallMessageHandler(_log_qt_message)
        self._undo.callback(qInstallMessageHandler, previous)
        self._watch_hard_faults()

    def remove(self) -> None:
        """Give the hooks back and close the logs."""
        self._undo.close()
        for dialog in self.dialogs:
            dialog.close()

    @Slot(str)
    def report(self, text: str) -> None:
        """Log a traceback, and show it unless one from the same place was shown before. Any thread may call."""
        key = fingerprint(text)
        with self._lock:
            count = self._seen[key] = self._seen.get(key, 0) + 1
        if count > 1:
            log.error("the same fault again (%d times): %s", count, key.splitlines()[-1] if key else "")
            return
        log.critical("fault in the program:\n%s", text.rstrip())
        with contextlib.suppress(RuntimeError):  # the application is being taken down, and this object with it
            self._caught.emit(text)

    @Slot(str)
    def _show(self, text: str) -> None:
        self._forget_closed()
        if not isinstance(QApplication.instance(), QApplication) or len(self._dialogs) >= _MOST_DIALOGS:
            return
        parent = self._parent_getter()
        if isinstance(parent, CrashDialog):  # closing that one must not take this one with it
            parent = parent.parentWidget()
        dialog = CrashDialog(_with_versions(text), self._folder, parent)
        self._dialogs.append(dialog)
        dialog.finished.connect(self._forget_closed)
        dialog.show()

    @Slot()
    def _forget_closed(self) -> None:
        self._dialogs = [dialog for dialog in self._dialogs if _is_visible(dialog)]

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            app = QApplication.instance()
            if app is not None:
                app.quit()
            return
        self.report("".join(traceback.format_exception(kind, error, trace)))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if issubclass(args.exc_type, SystemExit):
            return
        lines = traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback)
        self.report("".join(lines))

    def _start_logging(self) -> None:
        handlers: list[logging.Handler] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handlers.append(
                logging.handlers.RotatingFileHandler(
                    self._folder / LOG_NAME,
                    maxBytes=_LOG_BYTES,
                    backupCount=_LOG_BACKUPS,
                    encoding="utf-8",
                    errors="backslashreplace",
                )
            )
            handlers[0].setLevel(logging.INFO)
        except OSError as exc:
            log.warning("there will be no log file in %s: %s", self._folder, exc)
        if sys.stderr is not None:  # it is None in a windowed program on Windows
            to_terminal = logging.StreamHandler()
            to_terminal.setLevel(logging.WARNING)
            handlers.append(to_terminal)
        root = logging.getLogger()
        self._undo.callback(root.setLevel, root.level)
        root.setLevel(min(root.level, logging.INFO) if root.level else logging.INFO)
        for handler in handlers:
            handler.setFormatter(logging.Formatter(_FORMAT))
            root.addHandler(handler)
            self._undo.callback(handler.close)
            self._undo.callback(root.removeHandler, handler)

    def _watch_hard_faults(self) -> None:
        if faulthandler.is_enabled():
            return  # somebody, a test run for one, wants them elsewhere
        try:
            file = self._undo.enter_context((self._folder / FAULT_NAME).open("a", encoding="utf-8"))
        except OSError as exc:
            log.warning("hard faults will not be recorded: %s", exc)
            return
        faulthandler.enable(file)
        self._undo.callback(faulthandler.disable)


def install(parent_getter: ParentGetter, folder: Path | None = None) -> CrashHandler:
    """Install the hooks, logging to `folder` (the data folder by default); call on the GUI thread, keep the result."""
    handler = CrashHandler(parent_getter, folder or data_dir())
    handler.install()
    return handler


def _with_versions(report: str) -> str:
    import platform  # at a fault, not at the start

    versions = f"Python {platform.python_version()}, PySide6 {PySide6.__version__}, {platform.platform()}"
    return f"{report.rstrip()}\n\n{versions}\n"


def _is_visible(dialog: CrashDialog) -> bool:
    try:
        return dialog.isVisible()
    except RuntimeError:  # deleted together with the window it was over
        return False


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    category = context.category or "default"
    qt_log.log(_QT_LEVELS.get(kind, logging.WARNING), "%s: %s", category, message)
