"""Version, licences and credits, and what a person who reports a fault is asked for."""

import platform
from importlib.metadata import PackageNotFoundError, version

import PySide6
from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.assets import app_icon
from gui.desktop import open_in_viewer
from gui.fitting_dialog import FittingDialog
from gui.theme import GAP, WIDE_GAP, bold_font
from gui.toned_label import Tone, TonedLabel
from model.folders import data_dir
from model.names import shown_name

_ICON_SIDE = 64
_SHOWN_PACKAGES = ("torch", "torchvision", "timm", "pillow", "pi-heif", "numpy")


def version_of(package: str) -> str:
    """Return an installed package's version without importing it; a dash where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "\u2013"


def system_text() -> str:
    """Return the versions that matter for a report, a line each."""
    lines = [
        f"Photospotter {version_of('photospotter')}",
        f"Python {platform.python_version()}, {platform.platform()}",
        f"PySide6 {PySide6.__version__}",
        *(f"{package} {version_of(package)}" for package in _SHOWN_PACKAGES),
    ]
    return "\n".join(lines)


class AboutDialog(FittingDialog):
    """What the program is and what it stands on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Gather the versions; imports none of the packages."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Photospotter"))
        self.resize(520, 0)
        icon = QLabel()
        icon.setPixmap(app_icon().pixmap(_ICON_SIDE, _ICON_SIDE))
        icon.setAccessibleName(self.tr("Photospotter's icon"))
        title = TonedLabel(self.tr("Photospotter {version}").format(version=version_of("photospotter")))
        title.setFont(bold_font(title.font()))
        purpose = self.tr("Says what is in your photographs. Everything is computed on this computer.")
        licence = self.tr(
            "Photospotter is free software under the Apache License 2.0. It stands on Qt and PySide6 (LGPL 3), "
            "PyTorch, torchvision, timm and Pillow. The weights have licences of their own, which the weights panel "
            "shows under Inspect."
        )
        folder = self.tr("Your data: {folder}").format(folder=shown_name(data_dir()))
        words = QVBoxLayout()
        words.setSpacing(GAP)
        words.addWidget(title)
        for text in (purpose, licence):
            words.addWidget(TonedLabel(text, wrap=True))
        words.addWidget(TonedLabel(folder, Tone.MUTED, small=True))
        words.addWidget(TonedLabel(system_text(), Tone.MUTED, small=True, wrap=True))
        top = QHBoxLayout()
        top.setSpacing(WIDE_GAP)
        side = QVBoxLayout()
        side.addWidget(icon)
        side.addStretch(1)
        top.addLayout(side)
        top.addLayout(words, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = buttons.addButton(self.tr("&Copy versions"), QDialogButtonBox.ButtonRole.ActionRole)
        self._open = buttons.addButton(self.tr("Open &data folder"), QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.clicked.connect(self._copy_versions)
        self._open.clicked.connect(self._open_data_folder)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(WIDE_GAP, WIDE_GAP, WIDE_GAP, WIDE_GAP)
        column.setSpacing(WIDE_GAP)
        column.addLayout(top, 1)
        column.addWidget(buttons)

    @Slot()
    def _copy_versions(self) -> None:
        QGuiApplication.clipboard().setText(system_text())
        self._copy.setText(self.tr("Copied"))

    @Slot()
    def _open_data_folder(self) -> None:
        open_in_viewer(data_dir())
