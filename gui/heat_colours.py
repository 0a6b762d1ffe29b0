"""The colours of a heat map: one hue from the background to a strong blue, in light and in dark."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPalette

from gui.theme import TEXT_CONTRAST, contrast, mix

LEVELS = 256

_LEAST = 0.10  # of the strong colour, so that a share which is not zero can be seen
_DARK_BLUE = QColor(0, 72, 156)
_LIGHT_BLUE = QColor(150, 203, 255)


def heat_colour(share: float, palette: QPalette) -> QColor:
    """Return the colour of a share 0..1; zero is the background.

    It grows with the square root of the share: errors are few, and on an even scale they would all look like none.
    """
    base = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Base)
    if share <= 0.0:
        return base
    white = QColor(255, 255, 255)
    is_dark = contrast(base, white) > contrast(base, QColor(0, 0, 0))
    strong = _LIGHT_BLUE if is_dark else _DARK_BLUE
    return mix(base, strong, _LEAST + (1.0 - _LEAST) * math.sqrt(min(1.0, share)))


def heat_text_colour(back: QColor, palette: QPalette) -> QColor:
    """Return the colour for text on `back`: the palette's own where that can be read, else black or white."""
    text = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Text)
    if contrast(text, back) >= TEXT_CONTRAST:
        return text
    return max((QColor(0, 0, 0), QColor(255, 255, 255)), key=lambda colour: contrast(colour, back))


def heat_table(palette: QPalette) -> NDArray[np.uint32]:
    """Return the colours of the shares 0, 1/255, ..., 1 as uint32 (256,) of 0xffRRGGBB."""
    return np.array([heat_colour(level / (LEVELS - 1), palette).rgb() for level in range(LEVELS)], np.uint32)
