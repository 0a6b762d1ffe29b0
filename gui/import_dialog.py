"""The questions before a person's own network is imported; what is wrong is said beside each field."""

from pathlib import Path

from PySide6.QtCore import QLocale, Slot
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from gui.error_texts import problem_remedy, problem_text
from gui.fitting_dialog import FittingDialog
from gui.import_request import ImportRequest
from gui.network_choice import NetworkChoice
from gui.path_field import PathField
from gui.theme import GAP, WIDE_GAP
from gui.toned_label import Tone, TonedLabel
from gui.weights_texts import classes_text
from model.archive_import import read_archive_card
from model.cards import parse_preprocess, read_json
from model.errors import WeightsError
from model.labels import read_labels
from model.names import shown_name
from model.weight_archive import is_archive

_MOST_TEXT_BYTES = 16 * 2**20  # a list of labels is far smaller; a network chosen by mistake is not read
_V1 = "torchvision-v1"
_V2 = "torchvision-v2"
_JSON = "json"


class ImportDialog(FittingDialog):
    """Asks for the files and the name; its Import button works once all of them make sense."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import weights"))
        self.resize(560, 0)
        self._named_by_hand = False
        self._file = PathField(
            self.tr("Weights file"), self.tr("Weights (*.pth *.pt *.safetensors *.zip);;All files (*)")
        )
        self._labels = PathField(self.tr("Labels file"), self.tr("Labels (*.txt *.json);;All files (*)"))
        self._name = QLineEdit()
        self._network = NetworkChoice()
        self._preprocess = QComboBox()
        self._json = PathField(self.tr("Preprocessing file"), self.tr("JSON (*.json);;All files (*)"))
        self._hint = TonedLabel("", Tone.MUTED, small=True, wrap=True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._set_up()
        self._lay_out()
        self._check()

    def _set_up(self) -> None:
        self._name.setAccessibleName(self.tr("Name"))
        self._name.setMaxLength(80)
        self._name.textEdited.connect(self._on_name_edited)
        self._name.textChanged.connect(self._check)
        self._preprocess.setAccessibleName(self.tr("Preprocessing"))
        self._preprocess.addItem(self.tr("Not known (the usual for the network is assumed)"), None)
        self._preprocess.addItem(self.tr("torchvision V1: resize to 256, crop 224"), _V1)
        self._preprocess.addItem(self.tr("torchvision V2: resize to 232, crop 224"), _V2)
        self._preprocess.addItem(self.tr("From a JSON file\u2026"), _JSON)
        self._preprocess.currentIndexChanged.connect(self._check)
        self._file.changed.connect(self._on_file_changed)
        self._labels.changed.connect(self._check)
        self._network.changed.connect(self._check)
        self._json.changed.connect(self._check)
        ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText(self.tr("&Import"))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        intro = TonedLabel(
            self.tr(
                "A network of your own (.pth or .safetensors) with a label for each class, or an archive of weights "
                "that Photospotter has saved (.zip)."
            ),
            Tone.MUTED,
            wrap=True,
        )
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(WIDE_GAP)
        form.setVerticalSpacing(GAP)
        form.addRow(self.tr("&Weights file"), self._file)
        form.addRow(self.tr("&Labels file"), self._labels)
        form.addRow(self.tr("&Name"), self._name)
        form.addRow(self.tr("Ne&twork"), self._network)
        form.addRow(self.tr("&Preprocessing"), self._preprocess)
        form.addRow("", self._json)
        form.addRow("", self._hint)
        for field, edit in (
            (self._file, self._file.edit),
            (self._labels, self._labels.edit),
            (self._network, self._network.combo),
        ):
            form.labelForField(field).setBuddy(edit)  # type: ignore[attr-defined]
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.setSpacing(WIDE_GAP)
        column.addWidget(intro)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(self._buttons)
        self._form = form

    def request(self) -> ImportRequest:
        """Return what was asked for; raises ValueError while the answers do not make sense."""
        file, labels = self._file.path, self._labels.path
        if self.complete and file is not None and self._is_archive:
            return ImportRequest(file)
        if not self.complete or file is None or labels is None:
            raise ValueError("the request is incomplete")
        choice = self._preprocess.currentData()
        preprocess = str(self._json.path) if choice == _JSON else choice
        return ImportRequest(file, labels, self._name.text().strip(), preprocess, self._network.architecture)

    @property
    def complete(self) -> bool:
        """Whether all answers make sense, as far as can be told without reading the weights."""
        return self._buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()

    @property
    def _is_archive(self) -> bool:
        path = self._file.path
        return path is not None and self._file.is_file and is_archive(path)

    @Slot()
    def _on_file_changed(self) -> None:
        path = self._file.path
        if not self._named_by_hand and path is not None and self._file.is_file:
            self._name.setText(shown_name(path.stem))
        self._check()

    @Slot()
    def _on_name_edited(self) -> None:
        self._named_by_hand = bool(self._name.text())

    @Slot()
    def _check(self) -> None:
        archive = self._is_archive
        from_file = self._preprocess.currentData() == _JSON
        self._form.setRowVisible(self._json, from_file and not archive)
        for field in (self._labels, self._name, self._network, self._preprocess):
            field.setEnabled(not archive)
            self._form.labelForField(field).setEnabled(not archive)
        if archive:
            self._labels.show_note("")
            good = self._check_archive()
            self._hint.setText(self.tr("The archive says all of this itself."))
        else:
            checks = [self._check_file(), self._check_labels(), bool(self._name.text().strip()), self._network.complete]
            good = all(checks) and (not from_file or self._check_json())
            self._hint.setText(self._hint_text())
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(good)

    def _hint_text(self) -> str:
        if self._preprocess.currentData() is None:
            return self.tr(
                "If the labels come out wrong, the pictures may have been prepared in another way in training."
            )
        if self._preprocess.currentData() == _JSON:
            return self.tr("A JSON object with resize, crop, interpolation, mean and std.")
        return ""

    def _check_file(self) -> bool:
        return self._check_exists(self._file)

    def _check_archive(self) -> bool:
        path = self._file.path
        if path is None:
            return False
        try:
            weights = read_archive_card(path)
        except WeightsError as exc:
            words = f"{problem_text(exc.problem)} {problem_remedy(exc.problem)}".strip()
            self._file.show_note(words, fault=True)
            return False
        self._file.show_note(f"{weights.title}: {classes_text(weights)}")
        return True

    def _check_exists(self, field: PathField) -> bool:
        at_fault = field.path is not None and not field.is_file
        field.show_note(self.tr("There is no such file.") if at_fault else "", fault=at_fault)
        return field.is_file

    def _check_text(self, field: PathField) -> Path | None:
        """Return the field's path if it is a file small enough to be read here."""
        path = field.path
        if not self._check_exists(field) or path is None:
            return None
        if path.stat().st_size > _MOST_TEXT_BYTES:
            field.show_note(self.tr("This file is too large to be the right one."), fault=True)
            return None
        return path

    def _check_labels(self) -> bool:
        path = self._check_text(self._labels)
        if path is None:
            return False
        try:
            labels = read_labels(path)
        except WeightsError as exc:
            words = f"{problem_text(exc.problem)} {problem_remedy(exc.problem)}".strip()
            self._labels.show_note(words, fault=True)
            return False
        first = ", ".join(labels[:3]) + (", \u2026" if len(labels) > 3 else "")
        count = QLocale().toString(len(labels))
        self._labels.show_note(self.tr("{count} labels: {first}").format(count=count, first=first))
        return True

    def _check_json(self) -> bool:
        path = self._check_text(self._json)
        if path is None:
            return False
        where = shown_name(path.name)
        try:
            parse_preprocess(read_json(path, where), where)
        except WeightsError as exc:
            self._json.show_note(problem_text(exc.problem), fault=True)  # the remedy speaks of whole cards
            return False
        return True
