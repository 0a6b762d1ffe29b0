"""The confusion matrix of many classes, scaled down to a picture in which confusions can be found and clicked."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.confusion_model import ConfusionCell, cell_description
from gui.confusions import ConfusionTable, pooled, squared
from gui.heat_colours import LEVELS, heat_table
from gui.theme import row_colours
from gui.toned_label import plain_tooltip

_REACH = 6.0  # so near, in device-independent pixels, a click must be to a place with pictures
_RING = 5.0
_CHOOSING_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class ConfusionMap(QWidget):
    """A square: rows are the right classes, columns what was recognised; the diagonal is what is right.

    Left and right go to the place with pictures before or after, up and down to the nearest one of another class.
    """

    chosen = Signal(object)
    """The ConfusionCell that was clicked, or on which Enter or Space was pressed."""
    pointed = Signal(object)
    """The ConfusionCell that the keyboard has come to."""

    def __init__(self, table: ConfusionTable, labels: tuple[str, ...], parent: QWidget | None = None) -> None:
        """Show `table`; `labels` names all classes by index."""
        super().__init__(parent)
        self._labels = labels
        self._current = -1
        self._image: tuple[tuple[int, int], QImage] | None = None
        self.setAccessibleName(self.tr("Confusion matrix as a picture: rows are the right classes"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setMinimumSize(160, 160)
        self.set_table(table)

    def set_table(self, table: ConfusionTable) -> None:
        """Show the classes in another order."""
        self._columns = table.columns
        self._counts = squared(table)
        supports = np.maximum(1, self._counts.sum(axis=1))
        self._shares = self._counts / supports[:, None]
        self._places = np.argwhere(self._counts)  # row by row
        self._current = -1
        self._image = None
        self.update()

    @property
    def current(self) -> ConfusionCell | None:
        """The place that the keyboard is at."""
        return self._cell(self._current) if 0 <= self._current < len(self._places) else None

    def sizeHint(self) -> QSize:
        """Return room for a picture in which single places can be seen."""
        return QSize(420, 420)

    def cell_at(self, point: QPointF) -> ConfusionCell | None:
        """Return the place with pictures nearest to a point, if there is one within reach."""
        number = self._place_at(point)
        return None if number is None else self._cell(number)

    def _place_at(self, point: QPointF) -> int | None:
        square = self._square()
        if not len(self._places) or square.isEmpty():
            return None
        step = square.width() / len(self._columns)
        across = square.left() + (self._places[:, 1] + 0.5) * step - point.x()
        down = square.top() + (self._places[:, 0] + 0.5) * step - point.y()
        distance = np.maximum(np.abs(across), np.abs(down))
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= max(_REACH, step / 2) else None

    def _cell(self, number: int) -> ConfusionCell:
        row, column = (int(value) for value in self._places[number])
        share = float(self._shares[row, column])
        return ConfusionCell(self._columns[row], self._columns[column], int(self._counts[row, column]), share)

    def _square(self) -> QRectF:
        side = min(self.width(), self.height()) - 2
        return QRectF(1, 1, side, side)

    # --- what the user does ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the place that is clicked on."""
        number = self._place_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and number is not None:
            self._go_to(number)
            self.chosen.emit(self._cell(number))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk over the places with pictures, and choose one."""
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        cell = self.current
        if event.key() in _CHOOSING_KEYS and cell is not None:
            self.chosen.emit(cell)
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            self._go_to(min(len(self._places) - 1, max(0, self._current + steps[Qt.Key(event.key())])))
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._go_to(self._in_next_row(steps[Qt.Key(event.key())]))
        else:
            super().keyPressEvent(event)

    def _in_next_row(self, step: int) -> int:
        """Return the place nearest to the current one in the next row, down (1) or up (-1), that has any."""
        if self._current < 0:
            return 0
        row, column = self._places[self._current]
        rows = self._places[:, 0]
        beyond = rows[rows > row] if step > 0 else rows[rows < row]
        if not len(beyond):
            return self._current
        numbers = np.flatnonzero(rows == (beyond.min() if step > 0 else beyond.max()))
        return int(numbers[np.abs(self._places[numbers, 1] - column).argmin()])

    def _go_to(self, number: int) -> None:
        if not 0 <= number < len(self._places):
            return
        self._current = number
        self.setAccessibleDescription(cell_description(self._cell(number), self._labels))
        self.pointed.emit(self._cell(number))
        self.update()

    # --- what it looks like ---

    def event(self, event: QEvent) -> bool:
        """Say what is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(QPointF(event.pos()))
            words = "" if cell is None else plain_tooltip(cell_description(cell, self._labels))
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture, its edge, and a ring around the current place."""
        square = self._square()
        colours = row_colours(self.palette())
        with QPainter(self) as painter:
            painter.drawImage(square, self._picture(round(square.width() * self.devicePixelRatioF())))
            painter.setPen(QPen(colours.bar_faded, 1))
            painter.drawRect(square)
            if self.current is not None and self.hasFocus():
                step = square.width() / len(self._columns)
                row, column = (float(value) for value in self._places[self._current])
                middle = QPointF(square.left() + (column + 0.5) * step, square.top() + (row + 0.5) * step)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(QPen(colours.text, 1.5))
                painter.drawEllipse(middle, _RING + step / 2, _RING + step / 2)

    def _picture(self, side: int) -> QImage:
        """Return the matrix as an image, at most `side` pixels wide, from memory if it is the one of before."""
        key = (side, self.palette().cacheKey())
        if self._image is None or self._image[0] != key:
            small = pooled(self._shares, max(1, side))
            levels = np.ceil(small * (LEVELS - 1)).astype(np.intp)
            pixels = np.ascontiguousarray(heat_table(self.palette())[levels])
            view = QImage(pixels.data, len(small), len(small), 4 * len(small), QImage.Format.Format_RGB32)
            self._image = (key, view.copy())
        return self._image[1]
