import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QFont, QPalette

from gui.theme import (
    GRAPHIC_CONTRAST,
    TEXT_CONTRAST,
    Colours,
    contrast,
    mix,
    row_colours,
    small_font,
    tabular_font,
    window_colours,
    with_contrast,
)

BLACK, WHITE = QColor(0, 0, 0), QColor(255, 255, 255)
LIGHT = {"Base": "#ffffff", "Text": "#000000", "Window": "#efefef", "WindowText": "#000000", "Highlight": "#308cc6"}
DARK = {"Base": "#1e1e20", "Text": "#ebebeb", "Window": "#2b2b2e", "WindowText": "#ebebeb", "Highlight": "#3584e4"}
YELLOW = {**LIGHT, "Highlight": "#ffd400"}
GREY = {"Base": "#808080", "Text": "#8a8a8a", "Window": "#777777", "WindowText": "#808080", "Highlight": "#7f7f7f"}
COLOURS = st.builds(QColor, *[st.integers(0, 255)] * 3)


def palette_of(colours: dict[str, str]) -> QPalette:
    palette = QPalette()
    for role, colour in colours.items():
        palette.setColor(QPalette.ColorRole[role], QColor(colour))
    return palette


def check(colours: Colours) -> None:
    for text in (colours.text, colours.muted):
        assert contrast(text, colours.background) >= TEXT_CONTRAST
    assert contrast(colours.chip_text, colours.chip_back) >= TEXT_CONTRAST
    for shape in (colours.bar, colours.bar_other, colours.drawing):
        assert contrast(shape, colours.background) >= GRAPHIC_CONTRAST


@pytest.mark.parametrize("scheme", [LIGHT, DARK, YELLOW, GREY])
@pytest.mark.parametrize("selected", [False, True])
@pytest.mark.parametrize("active", [False, True])
def test_rows_can_be_read_in_every_scheme(scheme: dict[str, str], selected: bool, active: bool) -> None:
    check(row_colours(palette_of(scheme), selected=selected, active=active))


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_panels_can_be_read_in_both_schemes(scheme: dict[str, str]) -> None:
    check(window_colours(palette_of(scheme)))


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_a_selected_row_is_seen_and_the_accent_stays_the_systems(scheme: dict[str, str]) -> None:
    palette = palette_of(scheme)
    plain, selected = row_colours(palette), row_colours(palette, selected=True)
    assert contrast(plain.background, selected.background) > 1.15
    assert plain.bar == QColor(scheme["Highlight"])
    assert plain.bar != plain.bar_other


@given(COLOURS, COLOURS, st.sampled_from([3.0, 4.5]))
def test_contrast_can_always_be_reached(colour: QColor, background: QColor, ratio: float) -> None:
    assert contrast(with_contrast(colour, background, ratio), background) >= ratio


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21.0)
    assert contrast(QColor("#767676"), WHITE) == pytest.approx(4.54, abs=0.005)
    assert with_contrast(QColor("#767676"), WHITE, 4.5) == QColor("#767676")


def test_mixing() -> None:
    assert mix(BLACK, WHITE, 0.0) == BLACK
    assert mix(BLACK, WHITE, 1.0) == WHITE
    assert mix(BLACK, QColor(100, 200, 50), 0.5).getRgb()[:3] == (50, 100, 25)


def test_fonts(qapp: object) -> None:
    points, pixels = QFont("Sans", 10), QFont("Sans")
    pixels.setPixelSize(20)
    assert small_font(points).pointSizeF() == pytest.approx(8.8)
    assert small_font(pixels).pixelSize() == 18
    assert tabular_font(points).featureTags() == [QFont.Tag("tnum")]
    assert points.featureTags() == []
