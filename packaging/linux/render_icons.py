"""Render resources/icons/photospotter-{16..512}.png from photospotter.svg. Run it again after changing the drawing."""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def render_icon(renderer: QSvgRenderer, size: int) -> QImage:
    """Return the drawing on a transparent square of `size` pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def main() -> int:
    """Write all sizes; return 0, or 1 if the drawing or a target is at fault."""
    app = QGuiApplication(sys.argv[:1])
    renderer = QSvgRenderer(str(ICONS / "photospotter.svg"))
    saved = renderer.isValid() and all(
        render_icon(renderer, size).save(str(ICONS / f"photospotter-{size}.png")) for size in SIZES
    )
    app.quit()
    return 0 if saved else 1


if __name__ == "__main__":
    sys.exit(main())
