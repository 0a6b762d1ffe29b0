"""The bar over the results table: filter by label, probability and status; sort; how many rows are shown."""

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.filter_chip import FilterChip
from gui.results_order import OrderSpec, ResultFilter, SortKey, StatusFilter
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, tabular_font

DELAY = 150
"""Milliseconds without a change after which the rows are sorted and filtered anew."""


class FilterBar(QWidget):
    """Controls for an OrderSpec."""

    spec_changed = Signal(object)
    """The rows are to be shown by this OrderSpec; sent once the user has paused."""
    retry_failed = Signal()
    """The pictures with an error are to be classified again; offered while they alone are shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing filtered, in the order of adding."""
        super().__init__(parent)
        self._text = QLineEdit()
        self._minimum = QSpinBox()
        self._status = QComboBox()
        self._key = QComboBox()
        self._direction = QToolButton()
        self._retry = QToolButton()
        self._count = QLabel()
        self._chip = FilterChip(self)
        self._only: frozenset[str] | None = None
        self._sent = OrderSpec()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._send)
        self._set_up_controls()
        self._lay_out()
        self._text.textChanged.connect(self._wait)
        self._minimum.valueChanged.connect(self._wait)
        self._status.currentIndexChanged.connect(self._wait)
        self._key.currentIndexChanged.connect(self._wait)
        self._key.activated.connect(self._choose_direction)
        self._text.returnPressed.connect(self.apply_again)
        self._direction.toggled.connect(self._turn)
        self._chip.cleared.connect(self.show_all)
        self._status.currentIndexChanged.connect(self._offer_retry)
        self._retry.clicked.connect(self.retry_failed)

    def _set_up_controls(self) -> None:
        self._text.setPlaceholderText(self.tr("Filter by label"))
        self._text.setAccessibleName(self.tr("Filter by label"))
        self._text.setToolTip(self.tr("Show only the pictures with this text in one of their labels"))
        self._text.setClearButtonEnabled(True)
        self._text.setMinimumWidth(120)
        self._text.setMaximumWidth(320)
        self._minimum.setRange(0, 100)
        self._minimum.setSingleStep(5)
        self._minimum.setPrefix(self.tr("at least ", "before a percentage"))
        self._minimum.setSuffix(self.tr("\u00a0%", "after a number"))
        self._minimum.setSpecialValueText(self.tr("any probability"))
        self._minimum.setAccessibleName(self.tr("Least probability, in percent"))
        self._minimum.setToolTip(
            self.tr("Show only the pictures whose label (the one filtered by, or else the likeliest) is this probable")
        )
        statuses = {
            StatusFilter.ALL: self.tr("All"),
            StatusFilter.DONE: self.tr("Done"),
            StatusFilter.UNSURE: self.tr("Unsure"),
            StatusFilter.PENDING: self.tr("Waiting"),
            StatusFilter.ERROR: self.tr("Errors"),
        }
        for status, word in statuses.items():
            self._status.addItem(word, status)
        whats_unsure = self.tr("Pictures that are not like those that the weights were trained on")
        self._status.setItemData(self._status.findData(StatusFilter.UNSURE), whats_unsure, Qt.ItemDataRole.ToolTipRole)
        self._status.setAccessibleName(self.tr("Filter by status"))
        self._status.setToolTip(self.tr("Show only the pictures with this status"))
        keys = {
            SortKey.ADDED: self.tr("As added"),
            SortKey.NAME: self.tr("Name"),
            SortKey.LABEL: self.tr("Label"),
            SortKey.PROBABILITY: self.tr("Probability"),
            SortKey.STATUS: self.tr("Status"),
        }
        for key, word in keys.items():
            self._key.addItem(word, key)
        self._key.setAccessibleName(self.tr("Sort by"))
        self._key.setToolTip(self.tr("Sort by"))
        self._direction.setCheckable(True)
        self._direction.setAutoRaise(True)
        self._direction.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._name_direction()
        self._retry.setText(self.tr("Retry failed"))
        self._retry.setAccessibleName(self.tr("Retry failed"))
        self._retry.setToolTip(self.tr("Classify all pictures with an error again"))
        self._retry.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._retry.hide()
        self._count.setFont(tabular_font(self._count.font()))
        self._count.setAccessibleName(self.tr("Pictures shown"))
        self._count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _lay_out(self) -> None:
        sort_label = QLabel(self.tr("Sort:"))
        sort_label.setBuddy(self._key)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, SMALL_GAP, GAP, SMALL_GAP)
        column.setSpacing(SMALL_GAP)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        column.addLayout(row)
        column.addWidget(self._chip)
        row.addWidget(self._text, 1)
        row.addWidget(self._minimum)
        row.addWidget(self._status)
        row.addWidget(self._retry)
        row.addSpacing(GAP)
        row.addWidget(sort_label)
        row.addWidget(self._key)
        row.addWidget(self._direction)
        row.addSpacing(WIDE_GAP - GAP)
        row.addStretch(1)
        row.addWidget(self._count)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def spec(self) -> OrderSpec:
        """Return what the controls say now."""
        chosen = ResultFilter(
            self._text.text().strip(), self._minimum.value() / 100, self._status.currentData(), self._only
        )
        return OrderSpec(self._key.currentData(), self._direction.isChecked(), chosen)

    def set_sort(self, key: SortKey, descending: bool) -> None:
        """Set what is sorted by, as if the user had: the new OrderSpec follows."""
        self._key.setCurrentIndex(self._key.findData(key))
        self._direction.setChecked(descending)

    def show_spec(self, spec: OrderSpec) -> None:
        """Have the controls say `spec`, as if the user had set them; takes effect at once."""
        self._clear_controls()
        self._text.setText(spec.filter.text)
        self._minimum.setValue(round(100 * spec.filter.minimum))
        self._status.setCurrentIndex(self._status.findData(spec.filter.status))
        self.set_sort(spec.key, spec.descending)
        self.show_all()

    def set_counts(self, visible: int, total: int) -> None:
        """Show how many of the rows the filter lets through."""
        locale = QLocale()
        words = self.tr("{visible} of {total}")
        if visible == total:
            words = self.tr("{total} picture") if total == 1 else self.tr("{total} pictures")
        self._count.setText(words.format(visible=locale.toString(visible), total=locale.toString(total)))

    def focus_filter(self) -> None:
        """Let the user type what to filter by."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._text.selectAll()

    @property
    def title(self) -> str:
        """What the pictures that alone are shown are called; empty while all can be shown."""
        return self._chip.title

    def show_only(self, names: frozenset[str], title: str) -> None:
        """Show just the pictures with these paths or identities, called `title`; nothing else is filtered by.

        The sorting stays. Takes effect at once.
        """
        self._only = names
        self._chip.set_title(title)
        self._clear_controls()
        self._send()

    @Slot()
    def show_all(self) -> None:
        """Undo `show_only`; what the controls filter by stays."""
        self._only = None
        self._chip.set_title("")
        self._send()

    def show_status(self, status: StatusFilter) -> None:
        """Show just the pictures of one status; nothing else is filtered by. Takes effect at once."""
        self._clear_controls()
        self._status.setCurrentIndex(self._status.findData(status))
        self.show_all()

    def clear(self) -> None:
        """Filter by nothing; the sorting stays. Takes effect at once."""
        self._clear_controls()
        self.show_all()

    @Slot()
    def apply_again(self) -> None:
        """Sort and filter once more what has changed since."""
        self._timer.stop()
        self._sent = self.spec()
        self.spec_changed.emit(self._sent)

    def _clear_controls(self) -> None:
        blockers = [QSignalBlocker(control) for control in (self._text, self._minimum, self._status)]
        self._text.clear()
        self._minimum.setValue(0)
        self._status.setCurrentIndex(0)
        for blocker in blockers:
            blocker.unblock()
        self._offer_retry()

    @Slot()
    def _offer_retry(self) -> None:
        self._retry.setVisible(self._status.currentData() is StatusFilter.ERROR)

    @Slot()
    def _wait(self) -> None:
        self._timer.start()

    @Slot()
    def _turn(self) -> None:
        self._name_direction()
        self._timer.start()

    @Slot()
    def _send(self) -> None:
        self._timer.stop()
        if self.spec() != self._sent:
            self.apply_again()

    @Slot()
    def _choose_direction(self) -> None:
        """Begin with what is most probable, but with the first letter of the alphabet."""
        self._direction.setChecked(self._key.currentData() is SortKey.PROBABILITY)

    def _name_direction(self) -> None:
        descending = self._direction.isChecked()
        words = self.tr("Descending") if descending else self.tr("Ascending")
        self._direction.setArrowType(Qt.ArrowType.DownArrow if descending else Qt.ArrowType.UpArrow)
        self._direction.setAccessibleName(words)
        self._direction.setToolTip(words)
