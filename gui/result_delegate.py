"""Paints the results table: thumbnail and names, labels with probability bars, error chips."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QImage, QPainter, QPalette
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate

from gui.line_art import draw_picture_frame
from gui.percent import percent_text
from gui.result_texts import (
    PICTURE,
    STATUS,
    error_text,
    folder_text,
    name_text,
    remedy_text,
    shown_predictions,
    status_text,
    unsure_text,
    waiting_text,
)
from gui.results_model import ROW_ROLE
from gui.results_order import SHOWN_LABELS, RowStatus
from gui.shown_row import ShownRow
from gui.theme import GAP, RADIUS, SMALL_GAP, Colours, bold_font, row_colours, small_font, tabular_font
from gui.thumbnails import ThumbnailLoader
from model.names import one_line

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionViewItem

_BAR_HEIGHT = 8.0
_LEAST_BAR = 2.0  # what is not zero can be seen
_NARROWEST_BARS = 48.0
_NAME_SHARE = 0.42  # of the labels cell
_WIDEST_NAME = 30  # average characters
_STRIPE = 3

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def line_height(font: QFont) -> int:
    """Return the height of one label's line, in device-independent pixels."""
    return QFontMetrics(font).height() + 2


def row_height(font: QFont) -> int:
    """Return the height of every row: five labels and a margin, on the grid."""
    wanted = SHOWN_LABELS * line_height(font) + 2 * GAP
    return -(-wanted // SMALL_GAP) * SMALL_GAP


def thumbnail_side(font: QFont) -> int:
    """Return the side of the square that a thumbnail fits in, in device-independent pixels."""
    return row_height(font) - 2 * GAP


def pixels_side(font: QFont, ratio: float) -> int:
    """Return `thumbnail_side` in pixels of a screen with this device pixel ratio."""
    return round(thumbnail_side(font) * ratio)


class Tone(Enum):
    """How much weight a label has: the likeliest, one of the others, or none that counts now."""

    FIRST = "first"
    OTHER = "other"
    FADED = "faded"


@dataclass(frozen=True, slots=True)
class LabelLine:
    """One label as it is drawn; `probability` (0..1) is the share of the room that its bar takes."""

    name: str
    percent: str
    probability: float
    bold: bool
    tone: Tone


def label_lines(row: ShownRow) -> list[LabelLine]:
    """Return the labels of a row, likeliest first.

    A winner is set in bold only from the row's `bold_from` on. Labels of an unsure picture, and of an earlier run,
    are all faded: there is no winner.
    """
    faded = row.stale or row.status is RowStatus.UNSURE
    lines = []
    for place, item in enumerate(shown_predictions(row)):
        tone = Tone.FADED if faded else Tone.OTHER if place else Tone.FIRST
        bold = tone is Tone.FIRST and item.probability >= row.bold_from
        lines.append(LabelLine(one_line(item.label), percent_text(item.probability), item.probability, bold, tone))
    return lines


@dataclass(frozen=True, slots=True)
class _Pen:
    """What every part of a cell is drawn with."""

    painter: QPainter
    colours: Colours
    font: QFont
    line: float
    ratio: float

    def snap(self, rect: QRectF) -> QRectF:
        """Return `rect` with its edges on whole pixels of the screen, so that they are sharp."""
        left, top, right, bottom = (
            round(edge * self.ratio) / self.ratio for edge in (rect.left(), rect.top(), rect.right(), rect.bottom())
        )
        return QRectF(QPointF(left, top), QPointF(right, bottom))

    def text(
        self,
        rect: QRectF,
        text: str,
        colour: QColor,
        *,
        font: QFont | None = None,
        align: Qt.AlignmentFlag = _LEFT,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        """Write one line, elided to the rectangle."""
        chosen = font or self.font
        self.painter.setFont(chosen)
        self.painter.setPen(colour)
        shown = QFontMetricsF(chosen).elidedText(text, elide, rect.width())
        self.painter.drawText(rect, int(align | Qt.TextFlag.TextSingleLine), shown)

    def paragraph(self, rect: QRectF, text: str) -> None:
        """Write muted small text over as many whole lines as there is room for."""
        font = small_font(self.font)
        spacing = QFontMetricsF(font).lineSpacing()
        rect.setHeight(spacing * (rect.height() // spacing))
        self.painter.setFont(font)
        self.painter.setPen(self.colours.muted)
        self.painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap), text)

    def bar(self, rect: QRectF, colour: QColor) -> None:
        """Fill a bar with round ends."""
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(colour)
        radius = min(rect.width(), rect.height()) / 2
        self.painter.drawRoundedRect(self.snap(rect), radius, radius)


class ResultDelegate(QStyledItemDelegate):
    """Draws the cells of `ResultsModel`; all that it shows comes from the row and the thumbnails in memory."""

    def __init__(self, thumbnails: ThumbnailLoader | None = None, parent: QObject | None = None) -> None:
        """Make a delegate; without `thumbnails` every picture is drawn as a placeholder."""
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._colours: dict[tuple[int, bool, bool], Colours] = {}

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the fixed height; the width is the column's business."""
        return QSize(0, row_height(option.font))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one cell."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, ShownRow):
            return
        colours = self._colours_for(option.palette, option.state)
        cell = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(cell)
        painter.fillRect(cell, colours.background)
        pen = _Pen(painter, colours, option.font, line_height(option.font), painter.device().devicePixelRatioF())
        _draw_separator(pen, cell)
        inner = cell.adjusted(GAP, GAP, -GAP, -GAP)
        if index.column() == PICTURE:
            if _is_current(option.widget, index):
                painter.fillRect(QRectF(cell.left(), cell.top(), _STRIPE, cell.height()), colours.bar)
            self._draw_picture(pen, inner.adjusted(SMALL_GAP, 0, 0, 0), row)
        elif index.column() == STATUS:
            _draw_status(pen, inner, row)
        else:
            _draw_outcome(pen, inner, row)
        painter.restore()

    def _colours_for(self, palette: QPalette, state: QStyle.StateFlag) -> Colours:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        active = bool(state & QStyle.StateFlag.State_Active)
        key = (palette.cacheKey(), selected, active)
        if key not in self._colours:
            if len(self._colours) > 16:  # palettes of the past
                self._colours.clear()
            self._colours[key] = row_colours(palette, selected=selected, active=active)
        return self._colours[key]

    def _draw_picture(self, pen: _Pen, inner: QRectF, row: ShownRow) -> None:
        side = thumbnail_side(pen.font)
        box = QRectF(inner.left(), inner.top(), side, side)
        self._draw_thumbnail(pen, box, row)
        left = box.right() + 12
        names = QRectF(left, inner.top(), max(0.0, inner.right() - left), pen.line)
        pen.text(names, name_text(row.found), pen.colours.text, elide=Qt.TextElideMode.ElideMiddle)
        folder = names.translated(0, pen.line)
        pen.text(
            folder,
            folder_text(row.found),
            pen.colours.muted,
            font=small_font(pen.font),
            elide=Qt.TextElideMode.ElideLeft,
        )

    def _draw_thumbnail(self, pen: _Pen, box: QRectF, row: ShownRow) -> None:
        pixels = pixels_side(pen.font, pen.ratio)
        image = None if self._thumbnails is None else self._thumbnails.request(row.found.path, pixels)
        if image is not None:
            _draw_image(pen, box, image)
            return
        failed = self._thumbnails is not None and self._thumbnails.has_failed(row.found.path, pixels)
        pen.painter.setPen(Qt.PenStyle.NoPen)
        pen.painter.setBrush(pen.colours.wash)
        pen.painter.drawRoundedRect(pen.snap(box), RADIUS, RADIUS)
        frame = QRectF(0, 0, 0.40 * box.width(), 0.32 * box.height())
        frame.moveCenter(box.center())
        draw_picture_frame(pen.painter, frame, pen.colours.bar_faded, 1.5, broken=failed)


def _is_current(widget: object, index: QModelIndex | QPersistentModelIndex) -> bool:
    return isinstance(widget, QAbstractItemView) and widget.hasFocus() and widget.currentIndex().row() == index.row()


def _draw_separator(pen: _Pen, cell: QRectF) -> None:
    pixel = 1 / pen.ratio
    pen.painter.fillRect(
        pen.snap(QRectF(cell.left(), cell.bottom() - pixel, cell.width(), pixel)), pen.colours.hairline
    )


def _draw_image(pen: _Pen, box: QRectF, image: QImage) -> None:
    """Draw the image in the middle of the box, one of its pixels on one of the screen's; never enlarged."""
    scale = min(1.0, box.width() * pen.ratio / image.width(), box.height() * pen.ratio / image.height())
    target = QRectF(0, 0, image.width() * scale / pen.ratio, image.height() * scale / pen.ratio)
    target.moveCenter(box.center())
    left, top = round(target.left() * pen.ratio) / pen.ratio, round(target.top() * pen.ratio) / pen.ratio
    target.moveTo(left, top)
    pen.painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1.0)
    pen.painter.drawImage(target, image)


def _draw_status(pen: _Pen, inner: QRectF, row: ShownRow) -> None:
    colour = pen.colours.chip_text if row.status is RowStatus.ERROR else pen.colours.muted
    pen.text(QRectF(inner.left(), inner.top(), inner.width(), pen.line), status_text(row), colour)


def _draw_outcome(pen: _Pen, inner: QRectF, row: ShownRow) -> None:
    first_line = QRectF(inner.left(), inner.top(), inner.width(), pen.line)
    if row.result is None:
        pen.text(first_line, waiting_text(), pen.colours.muted)
    elif row.result.problem is not None:
        _draw_error(pen, inner, row)
    else:
        _draw_labels(pen, inner, row)


def _draw_error(pen: _Pen, inner: QRectF, row: ShownRow) -> None:
    if row.result is None or row.result.problem is None:
        return
    back, colour = pen.colours.chip_back, pen.colours.chip_text
    if row.stale:
        back, colour = pen.colours.wash, pen.colours.muted
    text = error_text(row.result.problem)
    padding = float(GAP)
    width = min(inner.width(), QFontMetricsF(pen.font).horizontalAdvance(text) + 2 * padding + 1)
    chip = QRectF(inner.left(), inner.top() - 2, width, pen.line + 4)
    pen.bar(chip, back)
    pen.text(chip.adjusted(padding, 0, -padding, 0), text, colour)
    remedy = remedy_text(row.result.problem)
    if remedy:
        top = chip.bottom() + SMALL_GAP
        pen.paragraph(QRectF(inner.left() + padding, top, inner.width() - padding, inner.bottom() - top), remedy)


def _draw_labels(pen: _Pen, inner: QRectF, row: ShownRow) -> None:
    """Draw lines of name, bar, percent; without room for bars, of name and percent.

    Of an unsure picture the first line says so, in place of the last label.
    """
    colours = pen.colours
    lines = label_lines(row)
    if row.status is RowStatus.UNSURE:
        pen.text(QRectF(inner.left(), inner.top(), inner.width(), pen.line), unsure_text(), colours.text)
        inner = inner.adjusted(0, pen.line, 0, 0)
        del lines[SHOWN_LABELS - 1 :]
    bars = {Tone.FIRST: colours.bar, Tone.OTHER: colours.bar_other, Tone.FADED: colours.bar_faded}
    numbers = tabular_font(pen.font)
    widest = QFontMetricsF(bold_font(numbers))
    percent_width = max(widest.horizontalAdvance(percent_text(value)) for value in (1.0, 0.999, 0.001)) + 1
    name_width = min(_NAME_SHARE * inner.width(), _WIDEST_NAME * QFontMetricsF(pen.font).averageCharWidth())
    bar_left = inner.left() + name_width + GAP
    bar_room = inner.right() - percent_width - GAP - bar_left
    if bar_room < _NARROWEST_BARS:
        name_width, bar_room = max(0.0, inner.width() - percent_width - GAP), 0.0
    for place, line in enumerate(lines):
        top = inner.top() + place * pen.line
        colour = colours.text if line.tone is Tone.FIRST else colours.muted
        name = QRectF(inner.left(), top, name_width, pen.line)
        pen.text(name, line.name, colour, font=bold_font(pen.font) if line.bold else pen.font)
        if bar_room and line.probability > 0:
            length = max(_LEAST_BAR, line.probability * bar_room)
            bar_top = top + (pen.line - _BAR_HEIGHT) / 2
            pen.bar(QRectF(bar_left, bar_top, length, _BAR_HEIGHT), bars[line.tone])
        number = QRectF(inner.right() - percent_width, top, percent_width, pen.line)
        pen.text(number, line.percent, colour, font=bold_font(numbers) if line.bold else numbers, align=_RIGHT)
