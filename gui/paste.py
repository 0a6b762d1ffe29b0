"""A picture copied to the clipboard becomes a file in the user's data folder, so that it has a path like any other."""

import logging
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtGui import QImage

from model.cancel import CancelToken
from model.errors import ExportError

log = logging.getLogger(__name__)


def save_pasted(image: QImage, folder: Path, _cancel: CancelToken) -> Iterator[Path]:
    """Save the picture as PNG under a new name in `folder` and yield its path; a job for the I/O thread.

    Raises ExportError when the folder cannot be written.
    """
    from datetime import datetime

    name = f"pasted {datetime.now().astimezone():%Y-%m-%d %H.%M.%S}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = next(path for path in _names(folder, name) if not path.exists())
    except OSError as exc:
        raise ExportError("window-paste-failed", folder=str(folder), detail=str(exc)) from exc
    part = target.with_name(f".{target.stem}.part.png")
    if not image.save(str(part)):
        part.unlink(missing_ok=True)
        raise ExportError("window-paste-failed", folder=str(folder))
    part.replace(target)
    yield target


def _names(folder: Path, name: str) -> Iterator[Path]:
    yield folder / f"{name}.png"
    for number in range(2, 10_000):
        yield folder / f"{name} ({number}).png"
