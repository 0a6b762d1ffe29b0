"""The chosen picture large: what the network sees of it, its labels, its facts, or why it has none."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.durations import time_taken_text
from gui.flow_text import FlowText
from gui.label_bars import LabelBars
from gui.picture_view import LARGE_SIDE, LargeView, PictureView
from gui.plain_scroll_area import plain_scroll_area
from gui.result_delegate import label_lines, pixels_side
from gui.result_texts import error_text, remedy_text, unsure_text, waiting_text
from gui.results_order import RowStatus
from gui.shown_row import ShownRow, status_of
from gui.theme import GAP, SMALL_GAP
from gui.thumbnails import ThumbnailLoader
from gui.toned_label import Tone, TonedLabel
from model.names import shown_name
from model.types import FoundImage, ImageResult, PictureFacts, WeightSet

SIDE = 1024
"""The longer side, in pixels, of the picture that the panel asks for."""


class DetailPanel(QWidget):
    """Owned by the GUI thread; pictures come from the loader's threads."""

    step_requested = Signal(int)
    """The large view asks for the picture so many rows further on (-1 or 1)."""

    def __init__(self, thumbnails: ThumbnailLoader, parent: QWidget | None = None) -> None:
        """Start with nothing chosen."""
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._path: Path | None = None
        self._row: ShownRow | None = None
        self._weights: WeightSet | None = None
        self._large: LargeView | None = None
        self._view = PictureView()
        self._name = TonedLabel("", elide=Qt.TextElideMode.ElideMiddle)
        self._note = TonedLabel("", Tone.MUTED, wrap=True)
        self._bars = LabelBars()
        self._error = TonedLabel("", Tone.DANGER, wrap=True)
        self._remedy = TonedLabel("", wrap=True)
        self._size = TonedLabel("", Tone.MUTED, small=True)
        self._made_with = TonedLabel("", Tone.MUTED, small=True)
        self._calibrated = TonedLabel("", Tone.MUTED, small=True)
        self._full_path = FlowText("", Tone.MUTED, small=True)
        self._set_up()
        self._lay_out()
        self.show_nothing()

    def _set_up(self) -> None:
        self.setAccessibleName(self.tr("Chosen picture"))
        self._full_path.setAccessibleName(self.tr("Full path"))
        self._view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._view.setToolTip(self.tr("The outlined square is what the network sees. Double-click for a large view."))
        self._view.activated.connect(self.show_large)
        self._thumbnails.ready.connect(self._on_ready)

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP)
        column.addWidget(self._view, 1)
        for part in (self._name, self._note, self._bars, self._error, self._remedy):
            column.addWidget(part)
        facts = QVBoxLayout()
        facts.setSpacing(SMALL_GAP // 2)
        for fact in (self._size, self._made_with, self._calibrated, self._full_path):
            facts.addWidget(fact)
        column.addLayout(facts)
        area = plain_scroll_area(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.setMinimumWidth(200)

    @property
    def path(self) -> Path | None:
        """The picture shown."""
        return self._path

    def sizeHint(self) -> QSize:
        """Return room for a picture above its labels."""
        return QSize(360, 640)

    def show_nothing(self) -> None:
        """Show that no picture is chosen."""
        self._path = self._row = self._weights = None
        for widget in self._parts():
            widget.hide()
        self._view.show_placeholder(self.tr("Choose a picture to see it large"))
        self._view.setAccessibleName(self.tr("No picture chosen"))
        if self._large is not None:
            self._large.close()

    def show_row(self, path: Path, result: ImageResult | None, stale: bool, weights: WeightSet | None) -> None:
        """Show a picture with its result, None while there is none.

        `stale` marks a result of an earlier run; `weights` is the active set, None while none is known.
        """
        status = RowStatus.PENDING if result is None or stale else status_of(result)
        row = ShownRow(FoundImage(path, str(path)), status, result)
        if path == self._path and row == self._row and weights is self._weights:
            return
        moved = path != self._path
        self._path, self._row, self._weights = path, row, weights
        for widget in self._parts():
            widget.hide()
        name = shown_name(path.name)
        self._tell(self._name, name)
        self._view.setAccessibleName(name)
        self._show_outcome(row)
        self._show_facts(row)
        self._load_picture(moved=moved)
        self._load_large()

    # --- what is told ---

    def _parts(self) -> tuple[QWidget, ...]:
        words = (self._name, self._note, self._error, self._remedy)
        return (*words, self._bars, self._size, self._made_with, self._calibrated, self._full_path)

    def _tell(self, label: TonedLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))

    def _show_outcome(self, row: ShownRow) -> None:
        result = row.result
        self._note.set_tone(Tone.MUTED)
        if result is None:
            self._tell(self._note, waiting_text())
            return
        if row.stale:
            self._tell(self._note, self.tr("From an earlier run; waiting to be classified again."))
        if result.problem is not None:
            self._error.set_tone(Tone.MUTED if row.stale else Tone.DANGER)
            self._tell(self._error, _sentence(error_text(result.problem)))
            self._error.set_more(result.problem.detail)
            self._tell(self._remedy, "" if row.stale else remedy_text(result.problem))
            return
        if row.status is RowStatus.UNSURE:
            self._note.set_tone(Tone.TEXT)
            self._tell(self._note, _sentence(unsure_text()))
        self._bars.show_lines(label_lines(row))
        self._bars.show()

    def _show_facts(self, row: ShownRow) -> None:
        result = row.result
        if result is not None and result.facts is not None:
            self._tell(self._size, _size_text(result.facts))
        if result is not None and result.problem is None:
            current = self._weights is not None and self._weights.id == result.weights_id
            title = self._weights.title if self._weights is not None and current else result.weights_id
            self._tell(self._made_with, f"{time_taken_text(result.seconds)} \u00b7 {title}")
            if result.calibration is not None:
                self._tell(self._calibrated, self.tr("Probabilities are calibrated"))
                more = self.tr("By a temperature of {temperature}, fitted on {data}")
                temperature = QLocale().toString(result.calibration.temperature, "g", 4)
                self._calibrated.set_more(more.format(temperature=temperature, data=result.calibration.on))
        self._full_path.set_text(shown_name(row.found.path))
        self._full_path.show()

    # --- the picture ---

    def _crop(self) -> QRectF | None:
        facts = None if self._row is None or self._row.result is None else self._row.result.facts
        if facts is None or self._weights is None or facts.width < 1 or facts.height < 1:
            return None
        from model.preprocess import crop_box  # with Pillow, which a start does without

        left, top, right, bottom = crop_box(facts.width, facts.height, self._weights.preprocess)
        return QRectF(
            left / facts.width, top / facts.height, (right - left) / facts.width, (bottom - top) / facts.height
        )

    def _natural_size(self) -> QSize | None:
        facts = None if self._row is None or self._row.result is None else self._row.result.facts
        return None if facts is None else QSize(facts.width, facts.height)

    def _load_picture(self, *, moved: bool) -> None:
        if self._path is None:
            return
        image = self._thumbnails.request(self._path, SIDE)
        if image is None and self._thumbnails.has_failed(self._path, SIDE):
            self._view.show_placeholder(self.tr("There is no picture to show"), broken=True)
            return
        if image is None and not moved:
            image = self._view.image
        if image is None and moved:  # the table's small picture, until the large one is here
            image = self._thumbnails.request(self._path, pixels_side(self.font(), self.devicePixelRatioF()))
        if image is None:
            self._view.show_placeholder()
        else:
            self._view.show_image(image, self._crop(), self._natural_size())

    @Slot(object, int)
    def _on_ready(self, path: Path, side: int) -> None:
        if path != self._path:
            return
        if side == SIDE:
            self._load_picture(moved=False)
        elif side == LARGE_SIDE:
            self._load_large()
        elif self._view.image is None:
            self._load_picture(moved=True)

    @Slot()
    def show_large(self) -> None:
        """Show the picture in a window of its own, which follows the choice; nothing happens when none is chosen."""
        if self._path is None:
            return
        if self._large is None:
            self._large = LargeView(self.window())
            self._large.step_requested.connect(self.step_requested)
            self._large.view.activated.connect(self.close_large)
        self._large.show()
        self._large.raise_()
        self._large.activateWindow()
        self._load_large()

    @Slot()
    def close_large(self) -> None:
        """Close the window with the large picture, if it is open."""
        if self._large is not None:
            self._large.close()

    @property
    def large(self) -> LargeView | None:
        """The window with the large picture, once it was opened."""
        return self._large

    def _load_large(self) -> None:
        if self._large is None or not self._large.isVisible() or self._path is None:
            return
        self._large.setWindowTitle(shown_name(self._path.name))
        self._large.view.setAccessibleName(self._large.windowTitle())
        image = self._thumbnails.request(self._path, LARGE_SIDE)
        if image is None and self._thumbnails.has_failed(self._path, LARGE_SIDE):
            self._large.view.show_placeholder(self.tr("There is no picture to show"), broken=True)
            return
        image = image or self._thumbnails.request(self._path, SIDE)
        if image is None:
            self._large.view.show_placeholder()
        else:
            self._large.view.show_image(image, self._crop(), self._natural_size())


def _size_text(facts: PictureFacts) -> str:
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    size = QCoreApplication.translate("DetailPanel", "{width} \u00d7 {height} pixels")
    words = size.format(width=locale.toString(facts.width), height=locale.toString(facts.height))
    return f"{words} \u00b7 {facts.format}"


def _sentence(clause: str) -> str:
    """Return a clause with a capital and a full stop, as it stands alone here."""
    text = clause[:1].upper() + clause[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
