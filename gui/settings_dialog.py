"""The settings that have no place in the window itself; what is wrong is said beside each field."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui.fitting_dialog import FittingDialog
from gui.settings import (
    DEFAULT_HISTORY_MB,
    DEFAULT_PIXEL_LIMIT_MP,
    MAX_BATCH_SIZE,
    MAX_HISTORY_MB,
    MAX_PIXEL_LIMIT_MP,
    MIN_HISTORY_MB,
    MIN_PIXEL_LIMIT_MP,
    Settings,
    is_web_address,
)
from gui.theme import GAP, WIDE_GAP
from gui.toned_label import Tone, TonedLabel
from model.types import DecodeMode, EngineWish


class SettingsDialog(FittingDialog):
    """Edits a copy; accepting writes it. Device and subfolders are not here: the window itself has them."""

    clear_thumbnails = Signal()
    """The thumbnails kept on the disk are to be removed, now."""
    clear_history = Signal()
    """The results kept on the disk are to be forgotten, now."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        """Show the settings as they are."""
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(self.tr("Settings"))
        self.resize(520, 0)
        self._pixels = QSpinBox()
        self._batch = QSpinBox()
        self._engine = QComboBox()
        self._decode = QComboBox()
        self._mirror = QLineEdit()
        self._mirror_note = TonedLabel("", Tone.DANGER, small=True, wrap=True)
        self._raw = QCheckBox(self.tr("Write text into CSV files &as it is"))
        self._notify = QCheckBox(self.tr("&Say when a long run has ended"))
        self._clear = QPushButton(self.tr("Remove them &now"))
        self._history = QSpinBox()
        self._forget = QPushButton(self.tr("Clear &history"))
        button = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(button.Ok | button.Cancel | button.RestoreDefaults)
        self._set_up()
        self._lay_out()
        self._choose(settings.engine, settings.decode)
        self._history.setValue(settings.history_megabytes)
        self._show(settings.pixel_limit_mp, settings.batch_size, settings.mirror_url, settings.csv_raw)
        self._notify.setChecked(settings.notify)

    def _set_up(self) -> None:
        self._pixels.setRange(MIN_PIXEL_LIMIT_MP, MAX_PIXEL_LIMIT_MP)
        self._pixels.setSuffix(self.tr(" million pixels"))
        self._pixels.setAccessibleName(self.tr("Largest picture, in millions of pixels"))
        self._batch.setRange(0, MAX_BATCH_SIZE)
        self._batch.setSpecialValueText(self.tr("Automatic"))
        self._batch.setAccessibleName(self.tr("Pictures at a time"))
        self._engine.addItem(self.tr("Automatic"), "auto")
        self._engine.addItem("PyTorch", "torch")
        self._engine.addItem("ONNX Runtime", "onnx")
        self._engine.setAccessibleName(self.tr("Engine"))
        self._decode.addItem(self.tr("Exact"), "exact")
        self._decode.addItem(self.tr("Fast"), "fast")
        self._decode.setAccessibleName(self.tr("Reading pictures"))
        self._mirror.setPlaceholderText(self.tr("none: from each publisher"))
        self._mirror.setAccessibleName(self.tr("Mirror for weights"))
        self._mirror.setClearButtonEnabled(True)
        self._mirror.textChanged.connect(self._check)
        self._raw.setAccessibleName(self.tr("Write text into CSV files as it is"))
        self._notify.setAccessibleName(self.tr("Say when a long run has ended"))
        self._clear.setAccessibleName(self.tr("Remove the stored thumbnails now"))
        self._clear.setAutoDefault(False)
        self._clear.clicked.connect(self._request_clearing)
        self._history.setRange(MIN_HISTORY_MB, MAX_HISTORY_MB)
        self._history.setSuffix(self.tr(" MB"))
        self._history.setAccessibleName(self.tr("Largest size of the history, in megabytes"))
        self._forget.setAccessibleName(self.tr("Clear the history of results now"))
        self._forget.setAutoDefault(False)
        self._forget.clicked.connect(self._request_forgetting)
        defaults = self._buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        defaults.clicked.connect(self._restore_defaults)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(WIDE_GAP)
        form.setVerticalSpacing(GAP)
        form.addRow(self.tr("&Largest picture"), self._pixels)
        form.addRow("", self._quiet(self.tr("Larger pictures get an error instead of filling the memory.")))
        form.addRow(self.tr("Pictures at a &time"), self._batch)
        form.addRow("", self._quiet(self.tr("Automatic suits the device. A smaller number needs less memory.")))
        form.addRow(self.tr("&Engine"), self._engine)
        form.addRow(
            "",
            self._quiet(
                self.tr(
                    "Automatic prepares each network once for ONNX Runtime, which is faster on most processors, checks "
                    "that it gives PyTorch\u2019s results, and uses it from then on."
                )
            ),
        )
        form.addRow(self.tr("&Reading pictures"), self._decode)
        form.addRow(
            "",
            self._quiet(
                self.tr("Exact gives the network the very pixels of torchvision. Fast reads large JPEG files smaller.")
            ),
        )
        form.addRow(self.tr("&Mirror for weights"), self._mirror)
        form.addRow("", self._mirror_note)
        form.addRow(
            "", self._quiet(self.tr("An address to fetch weights from, where their publisher cannot be reached."))
        )
        form.addRow(self.tr("Export"), self._raw)
        form.addRow(
            "", self._quiet(self.tr("Otherwise cells that a spreadsheet would run as a formula are marked with '."))
        )
        form.addRow(self.tr("Notifications"), self._notify)
        form.addRow("", self._quiet(self.tr("A message of the desktop, only while another window is in front.")))
        form.addRow(self.tr("Stored thumbnails"), self._clear)
        form.addRow("", self._quiet(self.tr("Small copies on this computer let a folder show at once the next time.")))
        history = QHBoxLayout()
        history.setSpacing(GAP)
        history.addWidget(self._history, 1)
        history.addWidget(self._forget)
        form.addRow(self.tr("History of res&ults"), history)
        form.addRow(
            "",
            self._quiet(
                self.tr(
                    "Pictures classified before show their results at once. When the history is full, the oldest "
                    "results go. It never leaves this computer."
                )
            ),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.setSpacing(WIDE_GAP)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(self._buttons)
        self._form = form

    def _quiet(self, text: str) -> TonedLabel:
        return TonedLabel(text, Tone.MUTED, small=True, wrap=True)

    @property
    def valid(self) -> bool:
        """Whether all values can be kept."""
        return self._buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()

    @Slot()
    def accept(self) -> None:
        """Keep the values and close; does nothing while one of them cannot be kept."""
        if not self.valid:
            return
        self._pixels.interpretText()
        self._batch.interpretText()
        self._settings.pixel_limit_mp = self._pixels.value()
        self._settings.batch_size = self._batch.value()
        self._settings.engine = self._engine.currentData()
        self._settings.decode = self._decode.currentData()
        self._settings.mirror_url = self._mirror.text().strip()
        self._settings.csv_raw = self._raw.isChecked()
        self._history.interpretText()
        self._settings.history_megabytes = self._history.value()
        self._settings.notify = self._notify.isChecked()
        self._settings.sync()
        super().accept()

    def _choose(self, engine: EngineWish, decode: DecodeMode) -> None:
        self._engine.setCurrentIndex(self._engine.findData(engine))
        self._decode.setCurrentIndex(self._decode.findData(decode))

    def _show(self, pixels: int, batch: int, mirror: str, raw: bool) -> None:
        self._pixels.setValue(pixels)
        self._batch.setValue(batch)
        self._mirror.setText(mirror)
        self._raw.setChecked(raw)
        self._check()

    @Slot()
    def _request_clearing(self) -> None:
        self._clear.setEnabled(False)
        self.clear_thumbnails.emit()

    @Slot()
    def _request_forgetting(self) -> None:
        self._forget.setEnabled(False)
        self.clear_history.emit()

    @Slot()
    def _restore_defaults(self) -> None:
        self._choose("auto", "exact")
        self._history.setValue(DEFAULT_HISTORY_MB)
        self._show(DEFAULT_PIXEL_LIMIT_MP, 0, "", False)
        self._notify.setChecked(True)

    @Slot()
    def _check(self) -> None:
        text = self._mirror.text().strip()
        good = not text or is_web_address(text)
        note = "" if good else self.tr("The address must begin with https:// or http:// and name a server.")
        self._mirror_note.setText(note)
        self._form.setRowVisible(self._mirror_note, not good)
        self._mirror.setAccessibleDescription(note)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(good)
