"""Icons: the program's own, and the line drawings of the toolbar, tinted for the light or dark scheme."""

from functools import cache, lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

APP_ICON_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)

# Menus and buttons draw icons at 16, toolbars at 24 device-independent pixels, both at device pixel ratios 1, 1.5, 2
# and 3. For each of these sizes the icon has a drawing of its own: scaled ones are blurred.
_LINE_SIZES = (16, 24, 32, 36, 48, 72)


def app_icon() -> QIcon:
    """Return the program's icon, for windows and task bars."""
    icon = QIcon()
    for size in APP_ICON_SIZES:
        # A file is read and decoded when its size is asked for; `resources` is a folder wherever the program runs.
        icon.addFile(str(files("resources").joinpath("icons", f"photospotter-{size}.png")), QSize(size, size))
    return icon


def line_icon(name: str, palette: QPalette | None = None) -> QIcon:
    """Return a line drawing of `resources/icons` in the text colour of `palette` (the application's by default).

    It does not follow later changes of the palette: ask again then. Raises FileNotFoundError for an unknown name.
    """
    palette = palette or QGuiApplication.palette()
    enabled = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    icon = QIcon()
    for size in _LINE_SIZES:
        icon.addPixmap(QPixmap.fromImage(_tinted(name, size, enabled)), QIcon.Mode.Normal)
        icon.addPixmap(QPixmap.fromImage(_tinted(name, size, disabled)), QIcon.Mode.Disabled)
    return icon


def line_pixmap(name: str, side: int, colour: QColor, ratio: float) -> QPixmap:
    """Return a line drawing for painting at `side` device-independent pixels on a screen of that pixel ratio."""
    pixmap = QPixmap.fromImage(_tinted(name, round(side * ratio), colour))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _tinted(name: str, side: int, colour: QColor) -> QImage:
    return _drawn(name, side, colour.rgba())


# Rows of a panel share their icons, and drawing each anew delays the window. Images, unlike pixmaps and icons, may
# outlive the application.
@lru_cache(maxsize=512)
def _drawn(name: str, side: int, rgba: int) -> QImage:
    image = QImage(_shape(name, side))
    with QPainter(image) as painter:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(image.rect(), QColor.fromRgba(rgba))
    return image


@lru_cache(maxsize=256)
def _shape(name: str, side: int) -> QImage:
    """Return the drawing in the colour of its file; drawing takes longer than tinting, and each icon has two tints."""
    renderer = QSvgRenderer(QByteArray(_read(f"{name}.svg")))
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    with QPainter(image) as painter:
        renderer.render(painter, QRectF(0, 0, side, side))
    return image


@cache
def _read(name: str) -> bytes:
    return files("resources").joinpath("icons", name).read_bytes()
