"""One weight set in the weights panel: what it is, whether it is here, and what can be done with it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.assets import line_icon
from gui.error_texts import problem_remedy, problem_text
from gui.theme import GAP, SMALL_GAP, small_font
from gui.thin_bar import ThinBar
from gui.toned_label import Tone, TonedLabel, plain_tooltip, tone_colour
from gui.weights_texts import (
    accuracy_text,
    assumed_text,
    fetch_text,
    figure_text,
    files_to_fetch,
    is_usable,
    measured_on_text,
    progress_text,
    summary_text,
)
from model.cards import is_savable
from model.types import CatalogueEntry, DownloadProgress, WeightsState


class TitleButton(QRadioButton):
    """A radio button whose title elides."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a title."""
        super().__init__(parent)
        self._title = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_title(self, title: str) -> None:
        """Show a title."""
        self._title = title
        self._elide()
        self.updateGeometry()

    @property
    def indent(self) -> int:
        """Where the title begins, in device-independent pixels."""
        style = self.style()
        width = style.pixelMetric(QStyle.PixelMetric.PM_ExclusiveIndicatorWidth, None, self)
        return width + style.pixelMetric(QStyle.PixelMetric.PM_RadioButtonLabelSpacing, None, self)

    def sizeHint(self) -> QSize:
        """Return room for the whole title."""
        width = self.indent + self.fontMetrics().horizontalAdvance(self._title) + SMALL_GAP
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return room for a few letters."""
        return QSize(self.indent + 4 * self.fontMetrics().averageCharWidth(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide anew."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = self.width() - self.indent - SMALL_GAP
        elided = self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        self.setText(elided.replace("&", "&&"))
        self.setToolTip(plain_tooltip(self._title) if elided != self._title else "")


class WeightsRow(QWidget):
    """Shows one catalogue entry; its signals carry the id. The radio button is the panel's to group."""

    chosen = Signal(str)
    fetch_requested = Signal(str)
    cancel_fetch_requested = Signal(str)
    import_file_requested = Signal(str)
    inspect_requested = Signal(str)
    reveal_requested = Signal(str)
    save_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, entry: CatalogueEntry, parent: QWidget | None = None) -> None:
        """Show `entry`."""
        super().__init__(parent)
        self._entry = entry
        self._loading = False
        self._progress: DownloadProgress | None = None
        self.radio = TitleButton()
        self._menu = QMenu(self)
        self._more = QToolButton()
        self._summary = TonedLabel("", Tone.MUTED, small=True)
        self._accuracy = TonedLabel("", Tone.MUTED, small=True)
        self._measured_on = TonedLabel("", Tone.MUTED, small=True)
        self._note = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._fetch = QPushButton()
        self._bar = ThinBar()
        self._progress_words = TonedLabel("", Tone.TEXT, small=True)
        self._cancel = QToolButton()
        self._make_actions()
        self._set_up_controls()
        self._lay_out()
        self.show_entry(entry)
        self._update_menu()

    def _make_actions(self) -> None:
        self._fetch_action = self._add_action(self._ask_fetch)
        self._import_action = self._add_action(self._ask_import)
        self._inspect_action = self._add_action(self._ask_inspect)
        self._reveal_action = self._add_action(self._ask_reveal)
        self._save_action = self._add_action(self._ask_save)
        self._menu.addSeparator()
        self._remove_action = self._add_action(self._ask_remove)
        self._import_action.setText(self.tr("Import its file\u2026"))
        self._inspect_action.setText(self.tr("Inspect\u2026"))
        self._reveal_action.setText(self.tr("Reveal in file manager"))
        self._save_action.setText(self.tr("Save as archive\u2026"))

    def _add_action(self, slot: Callable[[], None]) -> QAction:
        action = QAction(self)
        action.triggered.connect(slot)
        self._menu.addAction(action)
        return action

    def _set_up_controls(self) -> None:
        self.radio.clicked.connect(self._on_radio_clicked)
        self._menu.aboutToShow.connect(self._update_menu)
        self._more.setAutoRaise(True)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._menu)
        self._more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cancel.setAutoRaise(True)
        self._cancel.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for button in (self._more, self._cancel):
            button.setIconSize(QSize(16, 16))
        self._fetch.setFont(small_font(self._fetch.font()))
        self._fetch.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._fetch.clicked.connect(self._ask_fetch)
        self._cancel.clicked.connect(self._ask_cancel)
        self._tint()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(0)
        top.addWidget(self.radio, 1)
        top.addWidget(self._more)
        fetching = QHBoxLayout()
        fetching.setSpacing(SMALL_GAP)
        fetching.addWidget(self._progress_words, 1)
        fetching.addWidget(self._cancel)
        below = QVBoxLayout()
        below.setContentsMargins(self.radio.indent, 0, SMALL_GAP, 0)
        below.setSpacing(2)
        for widget in (self._summary, self._accuracy, self._measured_on, self._note):
            below.addWidget(widget)
        below.addSpacing(2)
        below.addWidget(self._fetch, 0, Qt.AlignmentFlag.AlignLeft)
        below.addLayout(fetching)
        below.addWidget(self._bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, SMALL_GAP, 0, SMALL_GAP)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(below)

    @property
    def weights_id(self) -> str:
        """The id of the set shown."""
        return self._entry.weights.id

    @property
    def fetching(self) -> bool:
        """Whether the set is being fetched."""
        return self._progress is not None

    def tab_order(self) -> tuple[QWidget, ...]:
        """The controls in the order in which the Tab key goes through them."""
        return self.radio, self._more, self._fetch, self._cancel

    def show_entry(self, entry: CatalogueEntry) -> None:
        """Show the set as the catalogue now knows it."""
        self._entry = entry
        self._refresh()

    def set_loading(self, loading: bool) -> None:
        """Show that the set is being read into memory, or no longer."""
        self._loading = loading
        self._refresh()

    def show_progress(self, progress: DownloadProgress | None) -> None:
        """Show how far the fetch is; None when there is none."""
        was = self.fetching
        self._progress = progress
        if was != self.fetching:
            self._refresh()
        if progress is not None:
            self._progress_words.setText(progress_text(progress))
            if progress.total:
                self._bar.set_share(progress.done / progress.total)
            else:
                self._bar.set_indeterminate()

    def _refresh(self) -> None:
        entry = self._entry
        title = entry.weights.title
        fetchable = bool(files_to_fetch(entry))
        self.radio.set_title(title)
        self.radio.setEnabled(is_usable(entry))
        self._summary.setText(self.tr("loading\u2026") if self._loading else summary_text(entry))
        self._accuracy.setText(accuracy_text(entry.weights))
        self._accuracy.set_more("\n".join(figure_text(figure) for figure in entry.weights.accuracy[1:]))
        self._measured_on.setText(measured_on_text(entry.weights))
        self._measured_on.setVisible(bool(self._measured_on.text()))
        self._show_note()
        self._fetch.setText(fetch_text(entry))
        self._fetch.setVisible(fetchable and not self.fetching)
        self._progress_words.setVisible(self.fetching)
        self._cancel.setVisible(self.fetching)
        self._bar.setVisible(self.fetching or self._loading)
        if self._loading:
            self._bar.set_indeterminate()
        self._fetch_action.setText(fetch_text(entry))
        self._fetch_action.setVisible(fetchable)
        self._fetch_action.setEnabled(not self.fetching)
        self._import_action.setVisible(fetchable)
        self._import_action.setEnabled(not self.fetching)
        self._reveal_action.setEnabled(any(path is not None for path in entry.paths))
        self._save_action.setVisible(is_savable(entry.weights))
        self._save_action.setEnabled(is_usable(entry))
        self._remove_action.setVisible(any(file.place in ("download", "user") for file in entry.weights.files))
        self._name_controls(title)

    @Slot()
    def _update_menu(self) -> None:
        in_use = self.radio.isChecked()
        words = self.tr("Remove from this computer (in use)") if in_use else self.tr("Remove from this computer")
        self._remove_action.setText(words)
        self._remove_action.setEnabled(self._removable())

    def _removable(self) -> bool:
        return self._entry.state in (WeightsState.ON_COMPUTER, WeightsState.DAMAGED) and not (
            self.radio.isChecked() or self._loading or self.fetching
        )

    def _show_note(self) -> None:
        problem = self._entry.problem
        self._note.set_tone(Tone.MUTED if problem is None else Tone.DANGER)
        if problem is not None:
            self._note.setText(f"{problem_text(problem)} {problem_remedy(problem)}".strip())
            self._note.set_more(problem.detail)
        else:
            self._note.setText(assumed_text() if self._entry.weights.preprocess_assumed else "")
            self._note.set_more("")
        self._note.setVisible(bool(self._note.text()))

    def _name_controls(self, title: str) -> None:
        facts = [title, self._summary.text(), self._accuracy.text(), self._measured_on.text(), self._note.text()]
        self.radio.setAccessibleName(", ".join(fact for fact in facts if fact))
        self._fetch.setAccessibleName(self.tr("{fetch}: {title}").format(fetch=self._fetch.text(), title=title))
        self._more.setAccessibleName(self.tr("More about {title}").format(title=title))
        self._more.setToolTip(plain_tooltip(self._more.accessibleName()))
        self._cancel.setAccessibleName(self.tr("Stop fetching {title}").format(title=title))
        self._cancel.setToolTip(plain_tooltip(self._cancel.accessibleName()))
        self._bar.setAccessibleName(self.tr("Progress of {title}").format(title=title))

    # --- what the user does ---

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the set by a click on any of its words."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            if self.radio.isEnabled():
                self.radio.click()
        super().mouseReleaseEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the press, so that the release comes here too."""
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the set."""
        self._menu.popup(event.globalPos())
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        # The title of a set that is not here yet is as worth reading as any other; only its button cannot be used.
        faded = QPalette()
        faded.setColor(
            QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, tone_colour(self.palette(), Tone.MUTED)
        )
        self.radio.setPalette(faded)
        self._more.setIcon(line_icon("more", self.palette()))
        self._cancel.setIcon(line_icon("close", self.palette()))

    @Slot()
    def _on_radio_clicked(self) -> None:
        self.chosen.emit(self.weights_id)

    @Slot()
    def _ask_fetch(self) -> None:
        self.fetch_requested.emit(self.weights_id)

    @Slot()
    def _ask_cancel(self) -> None:
        self.cancel_fetch_requested.emit(self.weights_id)

    @Slot()
    def _ask_import(self) -> None:
        self.import_file_requested.emit(self.weights_id)

    @Slot()
    def _ask_inspect(self) -> None:
        self.inspect_requested.emit(self.weights_id)

    @Slot()
    def _ask_reveal(self) -> None:
        self.reveal_requested.emit(self.weights_id)

    @Slot()
    def _ask_save(self) -> None:
        self.save_requested.emit(self.weights_id)

    @Slot()
    def _ask_remove(self) -> None:
        self.remove_requested.emit(self.weights_id)
