"""Everything that a weight set's card says, with its classes to search in."""

import json
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QLocale, QStringListModel, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui.error_texts import problem_remedy, problem_text
from gui.flow_text import FlowText
from gui.percent import format_size, percent_text
from gui.plain_scroll_area import plain_scroll_area
from gui.theme import GAP, SMALL_GAP, WIDE_GAP, bold_font
from gui.toned_label import Tone, TonedLabel
from gui.weights_texts import classes_text, figure_text, state_text
from model.names import shown_name
from model.types import Calibration, CatalogueEntry, Preprocess, WeightsFile

MOST_SHOWN = 1000
"""How many classes are listed at a time; a search looks through all of them."""


class CardDialog(QDialog):
    """Shows one catalogue entry, not modal; facts can be selected and copied."""

    def __init__(self, entry: CatalogueEntry, parent: QWidget | None = None) -> None:
        """Show `entry` as it is now; the dialog does not follow later changes."""
        super().__init__(parent)
        self._entry = entry
        self.setWindowTitle(entry.weights.title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 520)
        self._search = QLineEdit()
        self._classes = QStringListModel(self)
        self._count = TonedLabel("", Tone.MUTED, small=True)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._facts_side())
        split.addWidget(self._classes_side())
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([460, 300])
        split.setChildrenCollapsible(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        self._copy: QPushButton | None = None
        if self.digests():
            self._copy = buttons.addButton(self.tr("&Copy SHA-256"), QDialogButtonBox.ButtonRole.ActionRole)
            self._copy.clicked.connect(self.copy_digests)
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.setSpacing(WIDE_GAP)
        column.addWidget(split, 1)
        column.addWidget(buttons)
        self._list_classes("")

    def digests(self) -> str:
        """Return the full digests that are known, a line for each file."""
        known = [(file.sha256, file.name) for file in self._entry.weights.files if file.sha256 is not None]
        return known[0][0] if len(known) == 1 else "\n".join(f"{digest}  {name}" for digest, name in known)

    @Slot()
    def copy_digests(self) -> None:
        """Put the known digests on the clipboard."""
        QGuiApplication.clipboard().setText(self.digests())
        if self._copy is not None:
            self._copy.setText(self.tr("Copied"))

    # --- facts ---

    def _facts_side(self) -> QWidget:
        form = QFormLayout()
        form.setContentsMargins(0, 0, WIDE_GAP, 0)
        form.setHorizontalSpacing(WIDE_GAP)
        form.setVerticalSpacing(SMALL_GAP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for name, text in self.facts():
            value = FlowText(text)
            value.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # twenty stops on the way to the buttons are too many
            value.setAccessibleName(f"{name}: {text}")
            label = TonedLabel(name, Tone.MUTED)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            label.setMinimumWidth(label.sizeHint().width())
            form.addRow(label, value)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        title = TonedLabel(self._entry.weights.title, wrap=True)
        title.setFont(bold_font(title.font()))
        column.addWidget(title)
        column.addLayout(form)
        column.addStretch(1)
        area = plain_scroll_area(inner)
        area.setAccessibleName(self.tr("Facts"))
        return area

    def facts(self) -> list[tuple[str, str]]:
        """Return what the card says, as names and values."""
        entry, weights = self._entry, self._entry.weights
        facts = [(self.tr("State"), state_text(entry.state))]
        if entry.problem is not None:
            facts.append((self.tr("Problem"), f"{problem_text(entry.problem)} {problem_remedy(entry.problem)}".strip()))
        facts += [
            (self.tr("Id"), weights.id),
            (self.tr("Network"), weights.architecture),
            (self.tr("Classes"), classes_text(weights)),
        ]
        facts += [(self.tr("Accuracy"), self._accuracy_text(number)) for number in range(len(weights.accuracy))]
        facts.append((self.tr("Preprocessing"), self._preprocess_text(weights.preprocess)))
        if weights.calibration is not None:
            facts += self._calibration_facts(weights.calibration)
        for file, path in zip(weights.files, entry.paths, strict=True):
            facts += self._file_facts(file, path)
        facts += [(self.tr("Licence"), weights.licence), (self.tr("Source"), weights.source)]
        if weights.notes:
            facts.append((self.tr("Notes"), weights.notes))
        facts += [(self.tr("Recipe"), line) for line in _recipe_lines(weights.recipe)]
        return facts

    def _accuracy_text(self, number: int) -> str:
        figure = self._entry.weights.accuracy[number]
        return self.tr("{figure}, on {data}").format(figure=figure_text(figure), data=figure.on)

    def _preprocess_text(self, preprocess: Preprocess) -> str:
        text = self.tr(
            "short side to {resize} ({interpolation}), centre {crop} \u00d7 {crop}, "
            "mean {mean}, standard deviation {std}"
        )
        number = QLocale().toString
        words = text.format(
            resize=preprocess.resize,
            crop=preprocess.crop,
            interpolation=preprocess.interpolation,
            mean=" ".join(number(float(value), "g", 4) for value in preprocess.mean),
            std=" ".join(number(float(value), "g", 4) for value in preprocess.std),
        )
        return self.tr("{words} (assumed)").format(words=words) if self._entry.weights.preprocess_assumed else words

    def _calibration_facts(self, calibration: Calibration) -> Iterator[tuple[str, str]]:
        number, threshold = QLocale().toString, calibration.threshold
        text = self.tr("temperature {temperature} (outputs are divided by it), fitted on {data}")
        temperature = number(calibration.temperature, "g", 4)
        yield self.tr("Calibration"), text.format(temperature=temperature, data=calibration.on)
        if calibration.score == "probability" and threshold == 0:
            yield self.tr("Unsure"), self.tr("no picture is called unsure; there were too few to fit a threshold on")
            return
        if calibration.score == "probability":
            text = self.tr("a picture is called unsure when its likeliest label is below {threshold}")
            shown = percent_text(threshold, 1)
        else:
            text = self.tr("a picture is called unsure when its energy score is below {threshold}")
            shown = number(threshold, "g", 4)
        kept = self.tr("{rule}; {kept} of the pictures it was fitted on are not")
        rule = text.format(threshold=shown)
        yield self.tr("Unsure"), kept.format(rule=rule, kept=percent_text(calibration.kept, 1))

    def _file_facts(self, file: WeightsFile, path: Path | None) -> Iterator[tuple[str, str]]:
        yield self.tr("File"), f"{file.name}, {format_size(file.size)}"
        if path is not None:
            yield self.tr("Place"), shown_name(path)
        elif file.url is not None:
            yield self.tr("Place"), file.url
        if file.sha256 is not None:
            yield self.tr("SHA-256"), file.sha256
        elif file.sha256_prefix is not None:
            text = self.tr("begins with {prefix}; known in full once the file is here")
            yield self.tr("SHA-256"), text.format(prefix=file.sha256_prefix)

    # --- classes ---

    def _classes_side(self) -> QWidget:
        self._search.setPlaceholderText(self.tr("Search the classes"))
        self._search.setAccessibleName(self.tr("Search the classes"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._list_classes)
        view = QListView()
        view.setModel(self._classes)
        view.setUniformItemSizes(True)
        view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        view.setAccessibleName(self.tr("Classes"))
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(WIDE_GAP, 0, 0, 0)
        column.setSpacing(SMALL_GAP)
        column.addWidget(self._search)
        column.addWidget(view, 1)
        column.addWidget(self._count)
        return side

    @property
    def listed_classes(self) -> list[str]:
        """The classes in the list, each with its number."""
        return self._classes.stringList()

    @Slot(str)
    def _list_classes(self, text: str) -> None:
        needle = text.strip().casefold()
        classes = self._entry.weights.classes
        found = [f"{number}  {label}" for number, label in enumerate(classes) if needle in label.casefold()]
        self._classes.setStringList(found[:MOST_SHOWN])
        number = QLocale().toString
        if len(found) > MOST_SHOWN:
            words = self.tr("the first {shown} of {found} found, of {total}")
        elif needle:
            words = self.tr("{found} of {total} classes")
        else:
            words = self.tr("{total} classes")
        self._count.setText(
            words.format(shown=number(MOST_SHOWN), found=number(len(found)), total=number(len(classes)))
        )


def _recipe_lines(recipe: object) -> list[str]:
    if not isinstance(recipe, dict):
        return []
    return [f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in recipe.items()]
