"""Distances, fonts and colours of the window; every colour is derived from the system's palette.

Contrast is that of WCAG 2.2 (relative luminance of sRGB): 4.5 for text, 3 for bars and drawings that carry meaning.
"""

import math
from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QPalette

SMALL_GAP = 4
GAP = 8
WIDE_GAP = 16
RADIUS = 4.0
"""Distances in device-independent pixels: everything sits on a grid of 4, 8 and 16."""

TEXT_CONTRAST = 4.5
GRAPHIC_CONTRAST = 3.0

_SMALL = 0.88  # of the system font's size
_DANGER = QColor(198, 40, 40)


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours for drawing on one background.

    `text`, `muted` and `accent_text` have at least TEXT_CONTRAST to `background`, and so has `chip_text` to
    `chip_back`; `bar`, `bar_other` and `drawing` have at least GRAPHIC_CONTRAST. `bar_faded`, `hairline` and `wash`
    (a filled shape behind a drawing) only decorate.
    """

    background: QColor
    text: QColor
    muted: QColor
    bar: QColor
    bar_other: QColor
    bar_faded: QColor
    drawing: QColor
    hairline: QColor
    wash: QColor
    chip_back: QColor
    chip_text: QColor


def row_colours(palette: QPalette, *, selected: bool = False, active: bool = True) -> Colours:
    """Return the colours of a table row. `active` is whether the window has the focus.

    A selected row is tinted with the highlight colour instead of filled with it, so that bars and text keep theirs.
    """
    group = QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
    base = palette.color(group, QPalette.ColorRole.Base)
    accent = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight)
    tint = palette.color(group, QPalette.ColorRole.Highlight)
    background = mix(base, tint, 0.24 if active else 0.16) if selected else base
    return _colours(background, palette.color(group, QPalette.ColorRole.Text), accent)


def window_colours(palette: QPalette) -> Colours:
    """Return the colours for drawing directly on a window or panel."""
    group = QPalette.ColorGroup.Active
    return _colours(
        palette.color(group, QPalette.ColorRole.Window),
        palette.color(group, QPalette.ColorRole.WindowText),
        palette.color(group, QPalette.ColorRole.Highlight),
    )


def _colours(background: QColor, text: QColor, accent: QColor) -> Colours:
    text = with_contrast(text, background, TEXT_CONTRAST)
    chip_back = mix(background, _DANGER, 0.16)
    return Colours(
        background=background,
        text=text,
        muted=with_contrast(mix(background, text, 0.62), background, TEXT_CONTRAST),
        bar=with_contrast(accent, background, GRAPHIC_CONTRAST),
        bar_other=with_contrast(mix(background, text, 0.45), background, GRAPHIC_CONTRAST),
        bar_faded=mix(background, text, 0.22),
        drawing=with_contrast(mix(background, text, 0.45), background, GRAPHIC_CONTRAST),
        hairline=mix(background, text, 0.10),
        wash=mix(background, text, 0.05),
        chip_back=chip_back,
        chip_text=with_contrast(_DANGER, chip_back, TEXT_CONTRAST),
    )


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """Return `first` with `share` (0..1) of `second` in it, opaque."""
    red, green, blue = (a + (b - a) * share for a, b in zip(_channels(first), _channels(second), strict=True))
    return QColor(round(255 * red), round(255 * green), round(255 * blue))  # as screens show it


def with_contrast(colour: QColor, background: QColor, ratio: float) -> QColor:
    """Return `colour`, moved towards black or white only as far as `ratio` to `background` needs."""
    if contrast(colour, background) >= ratio:
        return colour
    black, white = QColor(0, 0, 0), QColor(255, 255, 255)
    end = max((black, white), key=lambda candidate: contrast(candidate, background))
    steps = (mix(colour, end, step / 32) for step in range(1, 33))
    return next((candidate for candidate in steps if contrast(candidate, background) >= ratio), end)


def contrast(first: QColor, second: QColor) -> float:
    """Return the contrast ratio of two opaque colours, 1..21 (WCAG 2.2, definition of contrast ratio)."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else math.pow((c + 0.055) / 1.055, 2.4) for c in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()


def small_font(font: QFont) -> QFont:
    """Return the second, smaller size of the window's two."""
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * _SMALL)
    else:
        small.setPixelSize(max(1, round(font.pixelSize() * _SMALL)))
    return small


def tabular_font(font: QFont) -> QFont:
    """Return the font with digits of one width, so that numbers align below each other."""
    tabular = QFont(font)
    tabular.setFeature(QFont.Tag("tnum"), 1)
    return tabular


def bold_font(font: QFont) -> QFont:
    """Return the font in bold."""
    bold = QFont(font)
    bold.setBold(True)
    return bold
