"""The window: composes panels, menus and controllers; what they do is decided in those."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from gui.actions import Actions
from gui.classify_controller import ClassifyController
from gui.detail_panel import DetailPanel
from gui.device_choices import device_choices
from gui.drop_overlay import DropOverlay
from gui.empty_state import EmptyReason, EmptyState
from gui.evaluation_controller import EvaluationController
from gui.filter_bar import FilterBar
from gui.folder_panel import FolderPanel
from gui.list_controller import ListController
from gui.lower_edge_button import TrainingLine
from gui.message_bar import MessageBar
from gui.mime import summarise_drop
from gui.picture_loading import PictureSource
from gui.progress_bar import StatusLine
from gui.results_model import ResultsModel
from gui.results_view import ResultsView
from gui.session_controller import SessionController
from gui.settings import Settings
from gui.thumbnails import ThumbnailLoader
from gui.training_controller import TrainingController
from gui.training_reports import TrainingReports
from gui.watch_controller import WatchController
from gui.watch_line import WatchLine
from gui.weights_controller import WeightsController
from gui.weights_panel import WeightsPanel
from gui.window_commands import WindowCommands
from gui.window_reports import WindowReports
from gui.worker import JobRunner
from model.decode_limits import DecodeLimits
from model.errors import WeightsError
from model.folders import data_dir
from model.types import WeightsState
from model.weights import Catalogue

if TYPE_CHECKING:
    from gui.late_engine import LateEngine
    from model.engine import Engine

log = logging.getLogger(__name__)

SIDE_WIDTH = 280
DETAIL_WIDTH = 360


class MainWindow(QMainWindow):
    """Photospotter's window. Owns the threads; `runners` are ended by `gui.shutdown` after it was closed."""

    first_shown = Signal()

    def __init__(self, catalogue: Catalogue, engine: Engine | LateEngine, settings: Settings) -> None:
        """Build the window; nothing is loaded and no file is read yet."""
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle(self.tr("Photospotter"))
        self.setAcceptDrops(True)
        self.settings = settings
        self.catalogue = catalogue
        self.limits = DecodeLimits(pixels=settings.pixel_limit)
        self.compute = JobRunner("compute", self, at_end=engine.close)
        self.files = JobRunner("files", self)
        self.exports = JobRunner("exports", self)
        self.fetches = JobRunner("fetches", self)
        self.order = JobRunner("order", self)
        self.trainings = JobRunner("training", self)
        self.evaluations = JobRunner("evaluation", self)
        self.diagnoses = JobRunner("diagnosis", self)
        self.results = ResultsModel(self)
        self.pictures = PictureSource(data_dir() / "thumbnails.sqlite3", self.limits)
        self.thumbnails = ThumbnailLoader(self.pictures.load, self)
        self.classify = ClassifyController(self.results, engine, self.compute, settings, self.limits, self)
        self.lists = ListController(self.results, files=self.files, exports=self.exports, order=self.order, parent=self)
        self.weights = WeightsController(catalogue, self.fetches, self.compute, settings, self)
        self.training = TrainingController(catalogue, self.trainings, self)
        self.watching = WatchController(self.lists, lambda: self.folders.include_subfolders, self)
        self._build()
        self.commands = WindowCommands(self)
        self.reports = WindowReports(self)
        self.training_reports = TrainingReports(self)
        self.evaluation = EvaluationController(self, self.evaluations)
        self.actions_by_name = Actions(self, self.commands.handlers())
        self.actions_by_name.fill_menus(self)
        self.actions_by_name.fill_toolbar(self.toolbar)
        self.reports.connect_all()
        self.session = SessionController(self)
        self._connect()
        self._restore_state()
        self._show_fitting_page()
        self._shown_once = False
        self.setFocusProxy(self.view)

    @property
    def runners(self) -> tuple[JobRunner, ...]:
        """The threads to end, the compute thread last."""
        beside = self.trainings, self.evaluations, self.diagnoses, *self.watching.runners
        return self.order, self.files, self.exports, self.fetches, *beside, self.compute

    def start(self) -> None:
        """Choose the weights of last time, or the best there are; load them when the window is on screen."""
        self.reports.refresh_weights()
        self.classify.set_initial_weights(self._initial_weights())
        self.weights_panel.set_devices(device_choices(), self.settings.device)
        self.weights_panel.set_device_in_use("")
        self.reports.show_idle()
        if self.settings.first_run:
            self.reports.welcome()
            self.settings.first_run = False
        self.first_shown.connect(self.classify.preload)
        self.first_shown.connect(self.session.look_for_last)

    def _initial_weights(self) -> str:
        try:
            last = self.catalogue.entry(self.settings.last_weights or "imagenet-lite2")
            usable = last.state in (WeightsState.BUILT_IN, WeightsState.ON_COMPUTER)
        except WeightsError:
            usable = False
        return (
            self.settings.last_weights if usable and self.settings.last_weights else self.catalogue.resolve("imagenet")
        )

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add files and folders to the list; what is found is classified."""
        self.lists.add(paths, recursive=self.settings.include_subfolders)

    def _build(self) -> None:
        self.toolbar = QToolBar(self.tr("Toolbar"), self)
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(self.toolbar)
        self.folders = FolderPanel(self)
        self.folders.include_subfolders = self.settings.include_subfolders
        self.weights_panel = WeightsPanel(self)
        self.filter_bar = FilterBar(self)
        self.view = ResultsView(self.results, self.thumbnails, self)
        self.empty = EmptyState(self)
        self.detail = DetailPanel(self.thumbnails, self)
        self.messages = MessageBar(self)
        self.status = StatusLine(self)
        self.training_line = TrainingLine(self)
        self.watch_line = WatchLine(self)
        self.overlay = DropOverlay(self)
        self.left = QSplitter(Qt.Orientation.Vertical)
        self.left.setObjectName("left_splitter")
        self.left.addWidget(self.folders)
        self.left.addWidget(self.weights_panel)
        self.left.setChildrenCollapsible(False)
        self.left.setSizes([240, 480])
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.view)
        self.centre = QWidget()
        centre_layout = QVBoxLayout(self.centre)
        centre_layout.setContentsMargins(0, 0, 0, 0)
        centre_layout.setSpacing(0)
        centre_layout.addWidget(self.filter_bar)
        centre_layout.addWidget(self.pages, 1)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        self.columns.setObjectName("columns_splitter")
        for widget in (self.left, self.centre, self.detail):
            self.columns.addWidget(widget)
        self.columns.setStretchFactor(1, 1)
        self.columns.setCollapsible(1, False)
        self.columns.setSizes([SIDE_WIDTH, 800, DETAIL_WIDTH])
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.columns, 1)
        layout.addWidget(self.messages)
        self.foot = layout
        lower_edge = QHBoxLayout()
        lower_edge.setSpacing(0)
        lower_edge.addWidget(self.status, 1)
        lower_edge.addWidget(self.watch_line)
        lower_edge.addWidget(self.training_line)
        layout.addLayout(lower_edge)
        self.setCentralWidget(page)
        self.resize(1360, 820)

    def _connect(self) -> None:
        self.lists.rows_added.connect(self._on_rows_added)
        self.results.counts_changed.connect(self._show_fitting_page)
        self.lists.scanning_changed.connect(self._show_fitting_page)
        self.empty.clear_filter.connect(self.filter_bar.clear)
        self.folders.folder_opened.connect(self._on_folder_opened)
        self.filter_bar.retry_failed.connect(self.commands.retry_failed)
        self.watching.rewritten.connect(self.commands.take_rewritten)
        self.filter_bar.spec_changed.connect(self.lists.apply_order)
        self.view.sort_requested.connect(self.filter_bar.set_sort)
        self.view.looked_at.connect(self.classify.prefer)
        self.empty.open_images.connect(self.commands.open_images)
        self.empty.open_folder.connect(self.commands.open_folder)

    @Slot(int)
    def _on_rows_added(self, _count: int) -> None:
        if self.view.current_path() is None and self.results.rowCount():
            self.view.select_path(self.results.path_at(0))
        if not self.session.is_adding:
            self.classify.classify_pending()

    @Slot(object)
    def _on_folder_opened(self, folder: Path) -> None:
        self.settings.include_subfolders = self.folders.include_subfolders
        self.add_paths([folder])

    @Slot()
    def _show_fitting_page(self) -> None:
        counts = self.results.counts()
        self.filter_bar.setVisible(counts.total > 0)
        self.pages.setCurrentWidget(self.view if counts.visible else self.empty)
        if counts.total:
            self.empty.set_reason(EmptyReason.NO_MATCH)
        else:
            self.empty.set_reason(EmptyReason.LOOKING if self.lists.scanning else EmptyReason.NO_PICTURES)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say what a drop would do; nothing is read from disk before the drop."""
        summary = summarise_drop(event.mimeData())
        if summary:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.overlay.show_for(summary)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Accept over every part of the window."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the overlay away."""
        self.overlay.hide()
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped to the list."""
        self.overlay.hide()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.commands.add_mime(event.mimeData())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark and back."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            if hasattr(self, "actions_by_name"):
                self.actions_by_name.refresh_icons()

    def event(self, event: QEvent) -> bool:
        """Tell once, after the first paint, that the window is on screen."""
        handled = super().event(event)
        if event.type() == QEvent.Type.Paint and not self._shown_once:
            self._shown_once = True
            QTimer.singleShot(0, self.first_shown.emit)
        return handled

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop accepting, cancel, save and vanish at once; the threads end in `gui.shutdown`."""
        self.setAcceptDrops(False)
        self.training.abandon()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        for runner in self.runners:
            runner.shutdown()
        self.thumbnails.close()
        self.pictures.close()
        self._save_state()
        self.session.close()
        self.detail.close_large()
        event.accept()

    def _save_state(self) -> None:
        self.settings.include_subfolders = self.folders.include_subfolders
        self.settings.last_weights = self.classify.weights_id
        for name, state in self._states().items():
            self.settings.set_state(name, state)
        self.settings.sync()

    def _states(self) -> dict[str, QByteArray]:
        return {
            "geometry": self.saveGeometry(),
            "columns": self.columns.saveState(),
            "left": self.left.saveState(),
            "table": self.view.save_state(),
        }

    def _restore_state(self) -> None:
        self.restoreGeometry(self.settings.state("geometry"))
        self.columns.restoreState(self.settings.state("columns"))
        self.left.restoreState(self.settings.state("left"))
        self.view.restore_state(self.settings.state("table"))
