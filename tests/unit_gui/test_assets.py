"""The icons are there, follow the scheme, and are drawn for each pixel ratio rather than scaled."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from gui.assets import APP_ICON_SIZES, app_icon, line_icon, line_pixmap

ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons"
LINE_ICONS = sorted(path.stem for path in ICONS.glob("*.svg") if path.stem != "photospotter")


def strongest_colour(image: QImage) -> QColor:
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return max(pixels, key=QColor.alpha)


def palette_of(text: str, faded: str) -> QPalette:
    palette = QPalette()
    palette.setColor(QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText, QColor(text))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, QColor(faded))
    return palette


def test_the_drawings_that_are_asked_for_exist() -> None:
    wanted = {"open-images", "open-folder", "stop", "rerun", "export", "clear", "settings", "retry"}
    assert wanted | {"sort-ascending", "sort-descending"} <= set(LINE_ICONS)


@pytest.mark.parametrize("name", LINE_ICONS)
def test_each_drawing_is_valid_and_shows_something(name: str, qapp: QApplication) -> None:
    renderer = QSvgRenderer(str(ICONS / f"{name}.svg"))
    assert renderer.isValid()
    assert renderer.viewBox().size() == QSize(24, 24)
    image = line_pixmap(name, 24, QColor("black"), 1.0).toImage()
    covered = sum(image.pixelColor(x, y).alpha() > 128 for x in range(24) for y in range(24))
    assert 10 < covered < 24 * 24 * 0.6


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("side", [16, 24])
def test_no_icon_is_scaled_at_usual_pixel_ratios(side: int, ratio: float, qapp: QApplication) -> None:
    drawn = {size.width() for size in line_icon("stop").availableSizes()}
    assert side * ratio in drawn
    pixmap = line_icon("stop").pixmap(QSize(side, side), ratio)
    assert pixmap.width() == side * ratio


def test_icons_take_the_text_colour(qapp: QApplication) -> None:
    for text, faded in (("#102030", "#a0b0c0"), ("#f0e0d0", "#605040")):
        icon = line_icon("stop", palette_of(text, faded))
        normal = icon.pixmap(QSize(24, 24), 1.0, QIcon.Mode.Normal).toImage()
        disabled = icon.pixmap(QSize(24, 24), 1.0, QIcon.Mode.Disabled).toImage()
        assert strongest_colour(normal).name() == text
        assert strongest_colour(disabled).name() == faded


def test_a_pixmap_for_painting_has_the_screens_ratio(qapp: QApplication) -> None:
    pixmap = line_pixmap("info", 16, QColor("red"), 1.5)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (24, 1.5)
    assert strongest_colour(pixmap.toImage()) == QColor("red")


def test_an_unknown_name_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        line_icon("no-such-drawing")


def test_the_program_has_an_icon_in_all_sizes(qapp: QApplication) -> None:
    assert {size.width() for size in app_icon().availableSizes()} == set(APP_ICON_SIZES)
