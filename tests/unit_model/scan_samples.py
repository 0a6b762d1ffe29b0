"""Files to scan, and a scan whose values are checked on the way."""

import os
from pathlib import Path

import pytest

from model.cancel import CancelToken
from model.sources import find_images
from model.types import FoundImage, ScanReport

PNG = b"\x89PNG\r\n\x1a\n rest"
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX file names and links")


def scan(
    *paths: Path, recursive: bool = True, listed: set[str] | None = None, batch_size: int = 256
) -> tuple[list[FoundImage], ScanReport]:
    found: list[FoundImage] = []
    report: ScanReport | None = None
    for value in find_images(paths, recursive=recursive, cancel=CancelToken(), listed=listed, batch_size=batch_size):
        assert report is None, "the report is the last value"
        if isinstance(value, ScanReport):
            report = value
        else:
            assert 1 <= len(value.found) <= batch_size
            found += value.found
    assert report is not None
    assert report.images == len(found)
    assert len({image.identity for image in found}) == len(found)
    return found, report


def names(found: list[FoundImage], root: Path) -> list[str]:
    return [image.path.relative_to(root).as_posix() for image in found]


def make(folder: Path, *relative: str) -> None:
    for name in relative:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
