"""Help > Diagnostics: what this computer has, how fast each engine is on it, which is used and why; not modal."""

from collections.abc import Callable

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.error_texts import problem_remedy, problem_text
from gui.figure_table import FigureColumn, FigureRow, FigureTable
from gui.plain_scroll_area import plain_scroll_area
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel
from gui.worker import JobRunner, Outcome, Ticket
from model.doctor_texts import report_lines, speed_rows
from model.doctor_types import (
    Choice,
    DecodeSpeed,
    DoctorEvent,
    EngineSpeed,
    EngineUnusable,
    Fact,
    Finding,
    FindingKind,
    Measuring,
    Section,
)
from model.engine_choice import ENGINE_TITLES
from model.types import Job, Problem

BATCHES = (1, 2, 4, 8, 16, 32)
"""The numbers of pictures at a time that have a column; the larger ones are shown once a GPU is measured."""

_CPU_COLUMNS = 4
_FIRST = 3  # columns before those of the batches
_NAME_CHARS = 30


class DoctorDialog(QDialog):
    """Owned by the GUI thread; measures once when shown, and again when asked to. Closing it ends the measuring."""

    def __init__(self, runner: JobRunner, job: Job, is_busy: Callable[[], bool], parent: QWidget | None = None) -> None:
        """`job` yields what `model.doctor.examine` yields; `is_busy` says whether pictures are being classified."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Diagnostics"))
        self.setModal(False)
        self.setSizeGripEnabled(True)
        self.resize(760, 720)
        self._runner, self._job, self._is_busy = runner, job, is_busy
        self._ticket: Ticket | None = None
        self._events: list[DoctorEvent] = []
        self._state = TonedLabel("", Tone.MUTED)
        self._bar = ThinBar()
        self._busy = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._choice = TonedLabel("", wrap=True)
        self._reason = TonedLabel("", Tone.MUTED, wrap=True)
        self._problems = TonedLabel("", Tone.DANGER, wrap=True)
        self._table = FigureTable(self._columns(), self.tr("Images a second"))
        self._below = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._no_gpu_title = TonedLabel(self.tr("Why no GPU is used"))
        self._no_gpu = TonedLabel("", wrap=True)
        self._forms: dict[Section, QFormLayout] = {}
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = QPushButton(self.tr("&Copy as text"))
        self._again = QPushButton(self.tr("&Measure again"))
        self._set_up()
        self._lay_out()
        self.start()

    def _columns(self) -> list[FigureColumn]:
        tip = self.tr("Images a second with so many pictures at a time")
        return [
            FigureColumn(self.tr("Engine")),
            FigureColumn(self.tr("Device")),
            FigureColumn(self.tr("Threads"), number=True),
            *(FigureColumn(QLocale().toString(batch), tip, number=True) for batch in BATCHES),
        ]

    def _set_up(self) -> None:
        self._bar.setAccessibleName(self.tr("Measuring"))
        self._choice.setFont(bold_font(self._choice.font()))
        self._no_gpu_title.setFont(bold_font(self._no_gpu_title.font()))
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for button in (self._copy, self._again):
            self._buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
            button.setAccessibleName(button.text().replace("&", ""))
            button.setAutoDefault(False)
        self._copy.clicked.connect(self._copy_text)
        self._again.clicked.connect(self.start)
        self._buttons.rejected.connect(self.close)

    def _lay_out(self) -> None:
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(0, 0, GAP, 0)
        rows.setSpacing(GAP)
        rows.addWidget(self._problems)
        speeds = self._title(self.tr("Images a second, by pictures at a time"))
        widgets = (self._choice, self._reason, speeds, self._table, self._below, self._no_gpu_title, self._no_gpu)
        for widget in widgets:
            rows.addWidget(widget)
        titles: dict[Section, str] = {
            "computer": self.tr("This computer"),
            "gpu": self.tr("GPU"),
            "engines": self.tr("Engines"),
            "programs": self.tr("Programs"),
        }
        for section, title in titles.items():
            form = self._forms[section] = QFormLayout()
            form.setHorizontalSpacing(WIDE_GAP)
            form.setVerticalSpacing(SMALL_GAP)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
            rows.addSpacing(GAP)
            rows.addWidget(self._title(title))
            rows.addLayout(form)
        rows.addStretch(1)
        area = plain_scroll_area(page)
        area.setAccessibleName(self.tr("What was found"))
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.setSpacing(GAP)
        column.addWidget(self._state)
        column.addWidget(self._bar)
        column.addWidget(self._busy)
        column.addWidget(area, 1)
        column.addWidget(self._buttons)

    def _title(self, text: str) -> TonedLabel:
        label = TonedLabel(text)
        label.setFont(bold_font(label.font()))
        return label

    # --- the job ---

    @property
    def running(self) -> bool:
        """Whether something is being measured."""
        return self._ticket is not None

    @Slot()
    def start(self) -> None:
        """Look at everything anew; does nothing while that is going on."""
        if self.running:
            return
        self._events.clear()
        for form in self._forms.values():
            while form.rowCount():
                form.removeRow(0)
        self._busy.setText(self.tr("Pictures are being classified just now; the figures are lower for it."))
        self._busy.setVisible(self._is_busy())
        self._copy.setText(self.tr("&Copy as text"))
        self._ticket = self._runner.start(self._job, self._on_value, self._on_done)
        self._show_state(self.tr("Looking at this computer\u2026"))
        self._refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the measuring, and hear no more of it."""
        self._give_up()
        super().closeEvent(event)

    def reject(self) -> None:
        """Close by Esc as by the button."""
        self._give_up()
        super().reject()

    def _give_up(self) -> None:
        if self._ticket is not None:
            self._runner.forget(self._ticket)
            self._ticket = None

    def _on_value(self, value: object) -> None:
        if isinstance(value, Measuring):
            self._show_state(self._task(value))
        elif isinstance(value, Fact):
            words = TonedLabel(problem_text(value.value), wrap=True)
            name = TonedLabel(problem_text(Problem(value.name)), Tone.MUTED)
            name.setMinimumWidth(_NAME_CHARS * name.fontMetrics().averageCharWidth())  # one edge for all sections
            words.setAccessibleName(name.text())
            words.setAccessibleDescription(words.text())
            self._forms[value.section].addRow(name, words)
        if isinstance(value, Fact | Finding | Measuring | EngineSpeed | EngineUnusable | DecodeSpeed | Choice):
            self._events.append(value)
            self._refresh()

    def _on_done(self, outcome: Outcome) -> None:
        self._ticket = None
        if outcome.problem is not None:
            self._show_state(problem_text(outcome.problem), Tone.DANGER)
        elif outcome.traceback:
            self._show_state(self.tr("Something went wrong inside the program; the log says more."), Tone.DANGER)
        elif outcome.cancelled:
            self._show_state(self.tr("Stopped."))
        else:
            self._show_state(self.tr("Measured just now on this computer."))

    def _task(self, value: Measuring) -> str:
        if value.engine is None:
            return self.tr("Measuring how fast pictures are read\u2026")
        text = self.tr("Measuring {engine} on {device}, {count} at a time\u2026")
        engine, count = ENGINE_TITLES[value.engine], QLocale().toString(value.batch)
        return text.format(engine=engine, device=value.device_label, count=count)

    # --- what is shown ---

    def _show_state(self, text: str, tone: Tone = Tone.MUTED) -> None:
        self._state.setText(text)
        self._state.set_tone(tone)
        self._bar.setVisible(self.running)
        self._bar.set_indeterminate() if self.running else self._bar.set_share(1.0)
        self._again.setEnabled(not self.running)

    def _refresh(self) -> None:
        choice = next((event for event in self._events if isinstance(event, Choice)), None)
        self._choice.setText("" if choice is None else self._choice_text(choice))
        reason = [] if choice is None else [_words(choice.reason)]
        _show_or_hide(self._choice, self._choice.text())
        _show_or_hide(self._reason, "\n".join([*reason, *self._of_kind("hint")]))
        _show_or_hide(self._problems, "\n".join(self._of_kind("problem")))
        _show_or_hide(self._no_gpu, "\n".join(self._of_kind("no-gpu")))
        self._no_gpu_title.setVisible(bool(self._no_gpu.text()))
        _show_or_hide(self._below, "\n".join(self._below_the_table()))
        self._fill_table()

    def _choice_text(self, choice: Choice) -> str:
        text = self.tr("Used now: {engine} on {device}, up to {count} pictures at a time")
        count = QLocale().toString(choice.batch)
        return text.format(engine=ENGINE_TITLES[choice.engine], device=choice.device_label, count=count)

    def _of_kind(self, kind: FindingKind) -> list[str]:
        return [_words(event.problem) for event in self._events if isinstance(event, Finding) and event.kind == kind]

    def _below_the_table(self) -> list[str]:
        lines = []
        for event in self._events:
            if isinstance(event, EngineUnusable):
                text = self.tr("{engine} on {device}: {reason}")
                reason, engine = problem_text(event.problem), ENGINE_TITLES[event.engine]
                lines.append(text.format(engine=engine, device=event.device.upper(), reason=reason))
        modes = {"exact": self.tr("exact"), "fast": self.tr("fast")}
        decode = [event for event in self._events if isinstance(event, DecodeSpeed)]
        if decode:
            text = self.tr("Reading on one thread, JPEG of {size} megapixels: {rates} pictures a second")
            rates = ", ".join(f"{_number(event.rate)} {modes[event.mode]}" for event in decode)
            lines.append(text.format(size=round(decode[0].pixels / 1e6), rates=rates))
        return lines

    def _fill_table(self) -> None:
        rows = []
        found = speed_rows(self._events)
        for (engine, device, threads), rates in found.items():
            known = [rates.get(batch) for batch in BATCHES]
            count = "\u2013" if threads is None else QLocale().toString(threads)
            cells = ("\u2013" if rate is None else _number(rate) for rate in known)
            texts = (ENGINE_TITLES[engine], device, count, *cells)
            rows.append(FigureRow(texts, (ENGINE_TITLES[engine], device, threads, *known)))
        self._table.show_rows(rows)
        most = max((batch for rates in found.values() for batch in rates), default=0)
        for place, batch in enumerate(BATCHES):
            self._table.setColumnHidden(_FIRST + place, place >= _CPU_COLUMNS and batch > most)
        lines = max(1, len(rows)) * self._table.verticalHeader().defaultSectionSize()
        self._table.setFixedHeight(self._table.horizontalHeader().height() + lines + SMALL_GAP)

    @Slot()
    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(report_lines(self._events)) + "\n")
        self._copy.setText(self.tr("Copied"))


def _show_or_hide(label: TonedLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


def _words(problem: Problem) -> str:
    return f"{problem_text(problem)} {problem_remedy(problem)}".strip()


def _number(value: float) -> str:
    return QLocale().toString(float(value), "f", 1)
