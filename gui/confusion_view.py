"""The confusion matrix: a heat map of few classes; of many the most confused pairs, and a picture of all."""

from PySide6.QtCore import QEvent, QLocale, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from gui.confusion_grid import ConfusionGrid
from gui.confusion_map import ConfusionMap
from gui.confusion_model import ConfusionCell, ConfusionModel, cell_description
from gui.confusions import ClassOrder, confusion_table, pictures_of
from gui.evaluation_texts import cell_title
from gui.figure_table import FigureColumn, FigureRow, FigureTable
from gui.heat_colours import heat_colour
from gui.percent import percent_text
from gui.theme import GAP, SMALL_GAP, WIDE_GAP
from gui.toned_label import Tone, TonedLabel
from model.evaluation_queries import confused_pairs
from model.evaluation_types import Evaluation

MOST_TILES = 30
"""With more classes than this a tile would be too small to hold a number."""

_MOST_PAIRS = 500


class ConfusionView(QWidget):
    """Shows one evaluation's matrix; owned by the GUI thread."""

    pictures_wanted = Signal(object, str)
    """A list of Paths, and what they are called: `cloudy taken for rain: 7 pictures`."""

    def __init__(self, evaluation: Evaluation, labels: tuple[str, ...], parent: QWidget | None = None) -> None:
        """Show `evaluation`; `labels` names its classes by index, each differently."""
        super().__init__(parent)
        self._evaluation = evaluation
        self._labels = labels
        table = confusion_table(evaluation.confusion, labels, ClassOrder.NAME)
        self._order = QComboBox()
        self._order.addItem(self.tr("A\u2013Z"), ClassOrder.NAME)
        self._order.addItem(self.tr("Most pictures first"), ClassOrder.FREQUENCY)
        self._order.setAccessibleName(self.tr("Sort the classes"))
        self._order.currentIndexChanged.connect(self._sort)
        self._pointed = TonedLabel("", Tone.MUTED, small=True)
        self.grid: ConfusionGrid | None = None
        self.map: ConfusionMap | None = None
        self.pairs: FigureTable | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP)
        column.addLayout(self._head())
        if len(table.columns) <= MOST_TILES:
            self._model = ConfusionModel(table, labels, self)
            self.grid = ConfusionGrid(self._model)
            self.grid.chosen.connect(self._choose)
            column.addWidget(self.grid, 1)
        else:
            self.map = ConfusionMap(table, labels)
            self.map.chosen.connect(self._choose)
            self.map.pointed.connect(self._point)
            column.addWidget(self._many(self.map), 1)

    def _head(self) -> QHBoxLayout:
        words = TonedLabel(
            self.tr(
                "Rows: what the pictures are. Columns: what they were taken for. "
                "A click on a field shows its pictures in the main window."
            ),
            Tone.MUTED,
            small=True,
            wrap=True,
        )
        sort = QLabel(self.tr("S&ort:"))
        sort.setBuddy(self._order)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(words, 1)
        row.addSpacing(WIDE_GAP)
        row.addWidget(HeatLegend())
        row.addSpacing(WIDE_GAP)
        row.addWidget(sort)
        row.addWidget(self._order)
        return row

    def _many(self, picture: ConfusionMap) -> QWidget:
        columns = (
            FigureColumn(self.tr("Is")),
            FigureColumn(self.tr("Was taken for")),
            FigureColumn(self.tr("Pictures"), number=True),
            FigureColumn(self.tr("Share"), self.tr("How many of the class's pictures these are"), number=True),
        )
        self.pairs = FigureTable(columns, self.tr("Most confused pairs of classes"))
        self.pairs.show_rows(self._pair_rows(), sort_by=2, descending=True)
        self.pairs.chosen.connect(self._choose)
        side = QWidget()
        beside = QVBoxLayout(side)
        beside.setContentsMargins(WIDE_GAP, 0, 0, 0)
        beside.setSpacing(SMALL_GAP)
        beside.addWidget(picture, 1)
        beside.addWidget(self._pointed)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.pairs)
        split.addWidget(side)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([520, 420])
        return split

    def _pair_rows(self) -> list[FigureRow]:
        rows = []
        for pair in confused_pairs(self._evaluation.confusion)[:_MOST_PAIRS]:
            cell = ConfusionCell(pair.true, pair.predicted, pair.count, pair.share)
            true, predicted = self._labels[pair.true], self._labels[pair.predicted]
            texts = (true, predicted, QLocale().toString(pair.count), percent_text(pair.share))
            keys = (true.casefold(), predicted.casefold(), pair.count, pair.share)
            rows.append(FigureRow(texts, keys, cell, cell_description(cell, self._labels)))
        return rows

    @Slot()
    def _sort(self) -> None:
        table = confusion_table(self._evaluation.confusion, self._labels, self._order.currentData())
        if self.grid is not None:
            self._model.set_table(table)
        if self.map is not None:
            self.map.set_table(table)

    @Slot(object)
    def _point(self, cell: ConfusionCell) -> None:
        self._pointed.setText(cell_description(cell, self._labels))

    @Slot(object)
    def _choose(self, cell: ConfusionCell) -> None:
        paths = pictures_of(self._evaluation.images, cell.true, cell.predicted)
        self.pictures_wanted.emit(paths, cell_title(self._labels, cell.true, cell.predicted, len(paths)))


class HeatLegend(QWidget):
    """What the colours mean: a strip from none to all of a class's pictures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the strip between its two ends."""
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SMALL_GAP)
        none = TonedLabel(percent_text(0.0), Tone.MUTED, small=True)
        none.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for part in (
            none,
            _Strip(),
            TonedLabel(self.tr("{all} of the class").format(all=percent_text(1.0)), Tone.MUTED, small=True),
        ):
            row.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Colours: from none to all pictures of the class"))


class _Strip(QWidget):
    """All colours of the heat map side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(88, 10)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        room = QRectF(self.rect())
        gradient = QLinearGradient(room.topLeft(), room.topRight())
        for step in range(21):
            gradient.setColorAt(step / 20, heat_colour(step / 20, self.palette()))
        with QPainter(self) as painter:
            painter.fillRect(room, gradient)
