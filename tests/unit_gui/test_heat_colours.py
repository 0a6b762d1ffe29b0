import pytest
from PySide6.QtGui import QColor, QPalette

from gui.heat_colours import LEVELS, heat_colour, heat_table, heat_text_colour
from gui.theme import TEXT_CONTRAST, contrast

SCHEMES = {"light": ("#ffffff", "#000000"), "grey": ("#f6f5f4", "#2e3436"), "dark": ("#1e1e1e", "#e6e6e6")}


@pytest.fixture(params=SCHEMES)
def palette(request: pytest.FixtureRequest) -> QPalette:
    base, text = SCHEMES[request.param]
    made = QPalette()
    made.setColor(QPalette.ColorRole.Base, QColor(base))
    made.setColor(QPalette.ColorRole.Text, QColor(text))
    return made


def test_nothing_is_the_background(palette: QPalette) -> None:
    assert heat_colour(0.0, palette) == palette.color(QPalette.ColorRole.Base)


def test_more_is_farther_from_the_background(palette: QPalette) -> None:
    base = palette.color(QPalette.ColorRole.Base)
    contrasts = [contrast(heat_colour(level / 100, palette), base) for level in range(101)]
    assert contrasts == sorted(contrasts)
    assert contrasts[1] > 1.15  # one of a hundred can be told from none
    assert contrasts[100] > 7


def test_numbers_can_be_read_on_every_colour(palette: QPalette) -> None:
    for level in range(LEVELS):
        back = heat_colour(level / (LEVELS - 1), palette)
        assert contrast(heat_text_colour(back, palette), back) >= TEXT_CONTRAST


def test_the_table_holds_the_same_colours(palette: QPalette) -> None:
    table = heat_table(palette)
    assert table[0] == palette.color(QPalette.ColorRole.Base).rgb()
    assert table[LEVELS - 1] == heat_colour(1.0, palette).rgb()
