"""The sort dialog's first page: what is to be done with the pictures, and a preview of it that follows the choices."""

from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui.error_texts import problem_remedy, problem_text
from gui.folder_field import FolderField
from gui.sort_preview import SortPreview
from gui.sort_texts import button_text, left_text, room_text
from gui.theme import GAP, WIDE_GAP
from gui.toned_label import Tone, TonedLabel
from model.sorting_types import SortPlan, SortRequest
from model.types import Problem

TYPING_MS = 250
"""So long after the last change the preview is made anew."""


class SortSetupPage(QWidget):
    """Owned by the GUI thread; asks for plans, and for carrying out the one that it shows."""

    plan_requested = Signal()
    """Make a plan of `request()`."""
    start_requested = Signal(object)
    """Carry out this SortPlan."""
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a plan."""
        super().__init__(parent)
        self._plan: SortPlan | None = None
        self._action = QComboBox()
        self.folder = FolderField(self.tr("Folder to sort into"))
        self._minimum = QSpinBox()
        self._unsure = QComboBox()
        self._sidecar = QComboBox()
        self._hint = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self.preview = SortPreview()
        self._left = TonedLabel("", Tone.MUTED, wrap=True)
        self._room = TonedLabel("", Tone.MUTED, wrap=True)
        self._start = QPushButton()
        self._close = QPushButton(self.tr("Close"))
        self._typing = QTimer(self)
        self._set_up()
        self._lay_out()
        self._show_fitting_fields()

    def _set_up(self) -> None:
        self._action.addItem(self.tr("Copy pictures into folders"), "copy")
        self._action.addItem(self.tr("Move pictures into folders"), "move")
        self._action.addItem(self.tr("Write keywords beside pictures (XMP)"), "xmp")
        self._action.setAccessibleName(self.tr("What to do"))
        self._minimum.setRange(0, 99)
        self._minimum.setSuffix(self.tr("\u00a0%"))
        self._minimum.setSpecialValueText(self.tr("Any"))
        self._minimum.setAccessibleName(self.tr("Minimum probability, in percent"))
        self._unsure.addItem(self.tr("Keep apart, as \u201cunsure\u201d"), "apart")
        self._unsure.addItem(self.tr("Leave where they are"), "leave")
        self._unsure.addItem(self.tr("Treat like the others"), "label")
        self._unsure.setAccessibleName(self.tr("Unsure pictures"))
        self._sidecar.addItem(self.tr("IMG.JPG.xmp (digiKam, darktable)"), "full")
        self._sidecar.addItem(self.tr("IMG.xmp (Adobe)"), "stem")
        self._sidecar.setAccessibleName(self.tr("Names of side-cars"))
        self._close.setAccessibleName(self.tr("Close"))
        self._start.setDefault(True)
        self._close.setAutoDefault(False)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self._ask_for_plan)
        for combo in (self._action, self._unsure, self._sidecar):
            combo.currentIndexChanged.connect(self._on_changed)
        self._minimum.valueChanged.connect(self._on_changed)
        self.folder.changed.connect(self._on_changed)
        self._start.clicked.connect(self._ask_to_start)
        self._close.clicked.connect(self.close_requested)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(WIDE_GAP)
        form.setVerticalSpacing(GAP)
        form.addRow(self.tr("What to &do"), self._action)
        form.addRow(self.tr("&Into"), self.folder)
        form.labelForField(self.folder).setBuddy(self.folder.edit)  # type: ignore[attr-defined]
        form.addRow(self.tr("Side-car &names"), self._sidecar)
        form.addRow(self.tr("Minimum &probability"), self._minimum)
        form.addRow(self.tr("&Unsure pictures"), self._unsure)
        form.addRow("", self._hint)
        self._form = form
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addStretch(1)
        buttons.addWidget(self._start)
        buttons.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(form)
        column.addSpacing(GAP)
        column.addWidget(self.preview, 1)
        column.addWidget(self._left)
        column.addWidget(self._room)
        column.addSpacing(GAP)
        column.addLayout(buttons)

    # --- what is asked for ---

    def request(self) -> SortRequest | None:
        """Return what was chosen; None while no folder is."""
        action = self._action.currentData()
        target = None if action == "xmp" else self.folder.path
        if action != "xmp" and target is None:
            return None
        if target is not None and not target.is_absolute():
            target = Path.home() / target
        return SortRequest(
            action, target, self._minimum.value() / 100, self._unsure.currentData(), self._sidecar.currentData()
        )

    @property
    def ready(self) -> bool:
        """Whether the plan that is shown can be carried out."""
        return self._start.isEnabled()

    @property
    def notes(self) -> str:
        """What is said below the preview."""
        return f"{self._left.text()} {self._room.text()}".strip()

    def choose_action(self, action: str) -> None:
        """Choose `copy`, `move` or `xmp`."""
        self._action.setCurrentIndex(self._action.findData(action))

    def choose_minimum(self, percent: int) -> None:
        """Choose the minimum probability, in percent."""
        self._minimum.setValue(percent)

    def choose_unsure(self, wish: str) -> None:
        """Choose `apart`, `leave` or `label`."""
        self._unsure.setCurrentIndex(self._unsure.findData(wish))

    # --- what is shown ---

    def show_waiting(self) -> None:
        """Show that a plan is being made; the old one cannot be carried out any more."""
        self._plan = None
        self._start.setEnabled(False)
        self.preview.show_waiting()

    def show_plan(self, plan: SortPlan, pending: int) -> None:
        """Show a plan; `pending` pictures have no result yet."""
        self._plan = plan
        self.folder.show_note("")
        self.preview.show_plan(plan)
        self._left.setText(left_text(plan, pending))
        self._room.setText(room_text(plan))
        self._room.set_tone(Tone.MUTED if plan.has_room else Tone.DANGER)
        self._start.setText(button_text(plan))
        self._start.setAccessibleName(button_text(plan).replace("&", ""))
        self._start.setEnabled(bool(plan.files) and plan.has_room)

    def show_problem(self, problem: Problem) -> None:
        """Show why there is no plan."""
        self._show_nothing()
        self.folder.show_note(f"{problem_text(problem)} {problem_remedy(problem)}".strip(), fault=True)

    @Slot()
    def refresh(self) -> None:
        """Ask for a new plan, soon: the pictures or their results have changed."""
        self._typing.start()

    def _show_nothing(self) -> None:
        self._plan = None
        self.preview.show_nothing()
        self._left.setText("")
        self._room.setText("")
        self._start.setText(self.tr("&Sort"))
        self._start.setEnabled(False)

    @Slot()
    def _on_changed(self) -> None:
        self._show_fitting_fields()
        self._plan = None
        self._start.setEnabled(False)
        self._typing.start()

    @Slot()
    def _ask_for_plan(self) -> None:
        if self.request() is None:
            self.folder.show_note("")
            self._show_nothing()
        self.plan_requested.emit()

    @Slot()
    def _ask_to_start(self) -> None:
        if self._plan is not None and self.ready:
            self.start_requested.emit(self._plan)

    def _show_fitting_fields(self) -> None:
        xmp = self._action.currentData() == "xmp"
        self._form.setRowVisible(self.folder, not xmp)
        self._form.setRowVisible(self._sidecar, xmp)
        if xmp:
            hint = self.tr(
                "The pictures stay as they are. Adobe\u2019s programs read side-cars of camera raw files only; digiKam "
                "reads them once \u201cRead from sidecar files\u201d is set in its metadata settings."
            )
        elif self._action.currentData() == "move":
            hint = self.tr("Nothing is overwritten, and the whole can be undone, also after a restart.")
        else:
            hint = self.tr("The pictures stay where they are. Nothing is overwritten, and the whole can be undone.")
        self._hint.setText(hint)
        if not self._start.text():
            self._show_nothing()
