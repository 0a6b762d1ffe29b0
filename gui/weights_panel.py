"""The weights panel: which weight sets there are, which one is in use, and on which device."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.theme import GAP, SMALL_GAP, bold_font
from gui.toned_label import Tone, TonedLabel
from gui.weights_row import WeightsRow
from model.types import CatalogueEntry, DownloadProgress

AUTOMATIC = "auto"


class WeightsPanel(QWidget):
    """Owned by the GUI thread. It asks by signals, and shows as chosen only what `set_active` says."""

    weights_chosen = Signal(str)
    fetch_requested = Signal(str)
    cancel_fetch_requested = Signal(str)
    import_requested = Signal()
    import_file_requested = Signal(str)
    inspect_requested = Signal(str)
    reveal_requested = Signal(str)
    save_requested = Signal(str)
    remove_requested = Signal(str)
    device_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start as if the catalogue were still being read."""
        super().__init__(parent)
        self._rows: dict[str, WeightsRow] = {}
        self._active = ""
        self._loading: str | None = None
        self._group = QButtonGroup(self)
        self._nothing = TonedLabel("", Tone.MUTED, wrap=True)
        self._list = QWidget()
        self._list_layout = QVBoxLayout(self._list)
        self._import = QPushButton(self.tr("Import from file\u2026"))
        self._device = QComboBox()
        self._in_use = TonedLabel("", Tone.MUTED, small=True)
        self._set_up_controls()
        self._lay_out()
        self.set_devices([(AUTOMATIC, self.tr("Automatic")), ("cpu", self.tr("CPU"))], AUTOMATIC)
        self.set_device_in_use("")
        self._nothing.setText(self.tr("Looking for weights\u2026"))

    def _set_up_controls(self) -> None:
        self.setAccessibleName(self.tr("Weights"))
        self._import.setToolTip(self.tr("Add a network of your own with its labels, or an archive of weights"))
        self._import.setAccessibleName(self.tr("Import weights from a file"))
        self._import.clicked.connect(self._ask_import)
        self._device.setAccessibleName(self.tr("Device"))
        self._device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._device.setMinimumContentsLength(8)
        self._device.activated.connect(self._on_device_activated)
        self._nothing.setContentsMargins(GAP, GAP, GAP, GAP)

    def _lay_out(self) -> None:
        self._list_layout.setContentsMargins(0, 0, 0, 0)
        self._list_layout.setSpacing(SMALL_GAP)
        self._list_layout.addWidget(self._nothing)
        self._list_layout.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._list)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        self._list.setAutoFillBackground(False)
        self._area = area
        heading = QLabel(self.tr("Weights"))
        heading.setFont(bold_font(heading.font()))
        heading.setContentsMargins(GAP, 0, GAP, 0)
        device_label = QLabel(self.tr("&Device"))
        device_label.setBuddy(self._device)
        device_row = QHBoxLayout()
        device_row.setSpacing(GAP)
        device_row.addWidget(device_label)
        device_row.addWidget(self._device, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(GAP, 0, GAP, 0)
        foot.setSpacing(SMALL_GAP)
        foot.addWidget(self._import)
        foot.addLayout(device_row)
        foot.addWidget(self._in_use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, GAP)
        column.setSpacing(GAP)
        column.addWidget(heading)
        column.addWidget(area, 1)
        column.addLayout(foot)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    # --- the sets ---

    @property
    def active(self) -> str:
        """The id of the set shown as in use; empty for none."""
        return self._active

    def row(self, weights_id: str) -> WeightsRow:
        """Return the row of a set; raises KeyError when it is not listed."""
        return self._rows[weights_id]

    def set_entries(self, entries: Sequence[CatalogueEntry]) -> None:
        """List these sets in this order; rows that stay keep their focus, their fetch and the place scrolled to."""
        wanted = {entry.weights.id for entry in entries}
        for weights_id in [known for known in self._rows if known not in wanted]:
            self._drop_row(weights_id)
        for place, entry in enumerate(entries):
            row = self._rows.get(entry.weights.id)
            if row is None:
                row = self._add_row(entry)
            else:
                row.show_entry(entry)
            self._list_layout.removeWidget(row)
            self._list_layout.insertWidget(place, row)
        self._order_tabs([self._rows[entry.weights.id] for entry in entries])
        self._nothing.setText(self.tr("There are no weights here yet. Import some from a file."))
        self._nothing.setVisible(not entries)
        self._show_choice()

    def set_active(self, weights_id: str) -> None:
        """Show which set is in use; emits nothing. An id that is not listed leaves none chosen."""
        self._active = weights_id
        self._show_choice()

    def set_loading(self, weights_id: str | None) -> None:
        """Show which set is being read into memory; None for none."""
        self._loading = weights_id
        for known, row in self._rows.items():
            row.set_loading(known == weights_id)

    def show_progress(self, weights_id: str, progress: DownloadProgress) -> None:
        """Show how far a fetch is."""
        row = self._rows.get(weights_id)
        if row is not None:
            row.show_progress(progress)

    @Slot(str)
    def clear_progress(self, weights_id: str) -> None:
        """Show that a fetch has ended, one way or another."""
        row = self._rows.get(weights_id)
        if row is not None:
            row.show_progress(None)

    # --- the device ---

    def set_devices(self, devices: Sequence[tuple[str, str]], chosen: str) -> None:
        """List devices as (key, label) and show which is chosen; emits nothing. A chosen one not listed is added."""
        listed = list(devices)
        if chosen not in {key for key, _ in listed}:
            listed.append((chosen, chosen.upper()))
        self._device.clear()
        for key, label in listed:
            self._device.addItem(label, key)
        self._device.setCurrentIndex(self._device.findData(chosen))

    def set_device_in_use(self, text: str) -> None:
        """Say which device the network is on; empty while no network is loaded."""
        self._in_use.setText(
            self.tr("In use: {device}").format(device=text) if text else self.tr("No network loaded yet")
        )

    # --- inside ---

    def _add_row(self, entry: CatalogueEntry) -> WeightsRow:
        row = WeightsRow(entry, self._list)
        row.chosen.connect(self._on_chosen)
        row.fetch_requested.connect(self.fetch_requested)
        row.cancel_fetch_requested.connect(self.cancel_fetch_requested)
        row.import_file_requested.connect(self.import_file_requested)
        row.inspect_requested.connect(self.inspect_requested)
        row.reveal_requested.connect(self.reveal_requested)
        row.save_requested.connect(self.save_requested)
        row.remove_requested.connect(self.remove_requested)
        row.set_loading(entry.weights.id == self._loading)
        self._group.addButton(row.radio)
        self._rows[entry.weights.id] = row
        return row

    def _drop_row(self, weights_id: str) -> None:
        row = self._rows.pop(weights_id)
        self._group.removeButton(row.radio)
        self._list_layout.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _order_tabs(self, rows: Sequence[WeightsRow]) -> None:
        """Let the Tab key follow the order on screen; rows are made in another."""
        before: QWidget | None = None
        for row in rows:
            for widget in row.tab_order():
                if before is not None:
                    QWidget.setTabOrder(before, widget)
                before = widget
        if before is not None:
            QWidget.setTabOrder(before, self._import)

    def _show_choice(self) -> None:
        row = self._rows.get(self._active)
        if row is not None:
            row.radio.setChecked(True)
            return
        checked = self._group.checkedButton()
        if checked is not None:
            self._group.setExclusive(False)
            checked.setChecked(False)
            self._group.setExclusive(True)

    @Slot(str)
    def _on_chosen(self, weights_id: str) -> None:
        if weights_id != self._active:
            self.weights_chosen.emit(weights_id)

    @Slot(int)
    def _on_device_activated(self, index: int) -> None:
        self.device_chosen.emit(str(self._device.itemData(index)))

    @Slot()
    def _ask_import(self) -> None:
        self.import_requested.emit()
