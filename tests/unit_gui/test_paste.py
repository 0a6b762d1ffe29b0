"""A copied picture becomes a PNG file with a path."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from gui.paste import save_pasted
from model.cancel import CancelToken
from model.errors import ExportError


def image(colour: str = "red") -> QImage:
    made = QImage(20, 10, QImage.Format.Format_RGB32)
    made.fill(QColor(colour))
    return made


def test_each_paste_is_a_file_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "pasted"
    paths = [next(save_pasted(image(colour), folder, CancelToken())) for colour in ("red", "green", "blue")]
    assert len(set(paths)) == 3
    assert sorted(folder.iterdir()) == sorted(paths)
    for path, colour in zip(paths, ("red", "green", "blue"), strict=True):
        read = QImage(str(path))
        assert (read.width(), read.height()) == (20, 10)
        assert read.pixelColor(5, 5) == QColor(colour)
        assert path.suffix == ".png"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match="could not be saved"):
        next(save_pasted(image(), tmp_path / "file" / "pasted", CancelToken()))
