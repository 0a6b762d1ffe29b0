"""The window for evaluations: what to evaluate, how far it is, and what came of it. Not modal."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.evaluate_form import EvaluateForm
from gui.evaluation_pages import ProgressPage, StartPage
from gui.evaluation_view import EvaluationView
from gui.mime import paths_from
from gui.theme import GAP, WIDE_GAP
from gui.thumbnails import ThumbnailLoader
from gui.toned_label import Tone, TonedLabel
from model.evaluation_types import Evaluation, EvaluationProgress, EvaluationStarted
from model.names import shown_name
from model.types import CatalogueEntry, Problem

REPORT_SUFFIXES = (".html", ".json", ".csv")
"""The kinds of report; the first is proposed."""

LABELS_SUFFIXES = (".csv", ".tsv", ".txt")
"""A dropped file with one of these is taken for a labels file."""


class EvaluateDialog(QDialog):
    """Shows and asks; what it is asked for is done by who listens. Owned by the GUI thread."""

    start_requested = Signal()
    """Look at `folder`, `labels` and `weights_id`."""
    stop_requested = Signal()
    save_requested = Signal(object, bool)
    """The Path of the report, its suffix one of REPORT_SUFFIXES, and whether to replace a file of that name."""
    reveal_requested = Signal(object)
    """The Path of a report to show in the file manager."""
    pictures_wanted = Signal(object, str)
    """A list of Paths to show in the main window's table, and what they are called."""
    open_requested = Signal(object)
    """The Path of a picture to show in the system's viewer."""

    def __init__(self, thumbnails: ThumbnailLoader | None = None, parent: QWidget | None = None) -> None:
        """Start without a result; `thumbnails` loads the pictures of the worst errors."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Evaluate weights"))
        # A window of its own: a dialog in front of the main window would hide the very table that a click fills.
        self.setWindowFlags(Qt.WindowType.Window)
        self.setAcceptDrops(True)
        self.setSizeGripEnabled(True)
        self.setMinimumSize(720, 600)
        self.resize(960, 780)
        self._thumbnails = thumbnails
        self._view: EvaluationView | None = None
        self.form = EvaluateForm()
        self._start_page = StartPage()
        self._progress_page = ProgressPage()
        self._pages = QStackedWidget()
        self._area = QScrollArea()
        self._note = TonedLabel("", Tone.MUTED, small=True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._save = QPushButton(self.tr("&Save report\u2026"))
        self._reveal = QPushButton(self.tr("Show &file"))
        self._saved: Path | None = None
        self._save_folder = Path()
        self._set_up()
        self._lay_out()
        self._show_page(self._start_page)

    def _set_up(self) -> None:
        self.form.start_requested.connect(self.start_requested)
        self.form.stop_requested.connect(self.stop_requested)
        self._buttons.addButton(self._save, QDialogButtonBox.ButtonRole.ActionRole)
        self._save.setAccessibleName(self.tr("Save report"))
        self._save.clicked.connect(self._ask_where_to_save)
        self._reveal.setAccessibleName(self.tr("Show the report's file"))
        self._reveal.setAutoDefault(False)
        self._reveal.clicked.connect(self._ask_to_reveal)
        self._buttons.rejected.connect(self.close)
        for button in (self._save, self._buttons.button(QDialogButtonBox.StandardButton.Close)):
            button.setAutoDefault(False)
        self._area.setWidgetResizable(True)  # a low window scrolls rather than squeezing the charts
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for page in (self._start_page, self._progress_page, self._area):
            self._pages.addWidget(page)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.setSpacing(GAP)
        column.addWidget(self.form)
        column.addSpacing(GAP)
        column.addWidget(self._pages, 1)
        line = QHBoxLayout()
        line.setSpacing(GAP)
        line.addWidget(self._note, 1)
        line.addWidget(self._reveal)
        column.addLayout(line)
        column.addWidget(self._buttons)

    # --- what it is asked for ---

    @property
    def evaluation(self) -> Evaluation | None:
        """The result that is shown or, while another evaluation runs, was shown last."""
        return None if self._view is None else self._view.evaluation

    @property
    def text(self) -> str:
        """What the page in place of a result says; empty while a result is shown."""
        page = self._pages.currentWidget()
        return page.text if isinstance(page, StartPage | ProgressPage) else ""

    @property
    def note(self) -> str:
        """The line above the buttons."""
        return self._note.text()

    def set_weights(self, entries: Sequence[CatalogueEntry], chosen_id: str) -> None:
        """Offer weight sets."""
        self.form.set_weights(entries, chosen_id)

    # --- what happens ---

    def begin(self, title: str) -> None:
        """Show that an evaluation of the set called `title` begins."""
        self.form.set_running(True)
        self._progress_page.begin(title)
        self._show_page(self._progress_page)

    def show_started(self, started: EvaluationStarted) -> None:
        """Show what is known before the first picture is done."""
        self._progress_page.show_started(started)

    def show_progress(self, progress: EvaluationProgress) -> None:
        """Show how far it is."""
        self._progress_page.show_progress(progress)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show a result in place of an earlier one."""
        self.form.set_running(False)
        self._view = EvaluationView(evaluation, self._thumbnails)
        self._view.pictures_wanted.connect(self._want_pictures)
        self._view.open_requested.connect(self.open_requested)
        self._area.setWidget(self._view)
        self._show_page(self._area)

    def show_stopped(self) -> None:
        """Go back to the last result; without one say that it was stopped."""
        self.form.set_running(False)
        self._start_page.show_stopped()
        self._show_page(self._start_page if self._view is None else self._area)

    def show_problem(self, problem: Problem | None) -> None:
        """Say what went wrong; None stands for a bug, which is told of elsewhere."""
        self.form.set_running(False)
        if problem is None:
            self._start_page.show_crash()
        else:
            self._start_page.show_problem(problem)
        self._show_page(self._start_page)

    def say(self, text: str, *, fault: bool = False) -> None:
        """Say something above the buttons."""
        self._note.set_tone(Tone.DANGER if fault else Tone.MUTED)
        self._note.setText(text)
        self._reveal.hide()

    def show_saved(self, target: Path) -> None:
        """Say that a report was saved, and offer to show its file."""
        self.say(self.tr("Saved as {file}.").format(file=shown_name(target.name)))
        self._saved = target
        self._reveal.show()

    def set_save_folder(self, folder: str) -> None:
        """Propose this folder for reports; empty for the current one."""
        self._save_folder = Path(folder)

    def _show_page(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        self._save.setEnabled(page is self._area)
        self.say("")

    @Slot(object, str)
    def _want_pictures(self, paths: list[Path], title: str) -> None:
        self.say(self.tr("Shown in the main window: {title}").format(title=title))
        self.pictures_wanted.emit(paths, title)

    @Slot()
    def _ask_where_to_save(self) -> None:
        if self._view is None:
            return
        filters = {
            self.tr("Web page with charts (*.html)"): ".html",
            self.tr("JSON, all figures (*.json)"): ".json",
            self.tr("Table of the pictures (*.csv)"): ".csv",
        }
        name = self.tr("evaluation of {weights}").format(weights=self._view.evaluation.weights_id) + REPORT_SUFFIXES[0]
        chosen, chosen_filter = QFileDialog.getSaveFileName(
            self, self.tr("Save report"), str(self._save_folder / name), ";;".join(filters)
        )
        if chosen:
            target = Path(chosen)
            complete = target.suffix.lower() in REPORT_SUFFIXES
            if not complete:
                target = target.with_name(target.name + filters.get(chosen_filter, REPORT_SUFFIXES[0]))
            # The chooser has asked before a file is replaced, but only by the name that was typed.
            self.save_requested.emit(target, complete)

    @Slot()
    def _ask_to_reveal(self) -> None:
        if self._saved is not None:
            self.reveal_requested.emit(self._saved)

    # --- drops ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders while nothing runs."""
        if paths_from(event.mimeData()) and self._pages.currentWidget() is not self._progress_page:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Take them everywhere."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Fill in a folder of pictures, or a labels file."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        for path in paths_from(event.mimeData()):
            if path.is_dir():
                self.form.set_folder(path)
            elif path.suffix.lower() in LABELS_SUFFIXES:
                self.form.set_labels(path)
