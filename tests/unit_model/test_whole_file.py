"""Which files look as if all of them had been written."""

from pathlib import Path

import pytest
from PIL import Image

from model.whole_file import is_picture, looks_whole

FORMATS = ("jpg", "png", "gif", "bmp", "webp", "tif", "avif", "jp2")


def saved(path: Path) -> Path:
    image = Image.effect_noise((200, 150), 60).convert("RGB")
    image.save(path, **({"exif": thumbnail_exif()} if path.suffix == ".jpg" else {}))
    return path


def thumbnail_exif() -> bytes:
    """EXIF data with a whole JPEG in it, as cameras write it: its end is not the picture's."""
    return b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0\xff\xd8\xff\xdb\0\x04\0\0\xff\xda\0\x02\x01\x02\xff\xd9"


@pytest.mark.parametrize("extension", FORMATS)
def test_a_whole_picture_looks_whole(tmp_path: Path, extension: str) -> None:
    assert looks_whole(str(saved(tmp_path / f"a.{extension}")))


@pytest.mark.parametrize("extension", ["jpg", "png", "bmp", "webp", "avif"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_the_beginning_of_a_picture_does_not(tmp_path: Path, extension: str, share: float) -> None:
    whole = saved(tmp_path / f"a.{extension}").read_bytes()
    part = tmp_path / f"part.{extension}"
    part.write_bytes(whole[: int(share * len(whole))])
    assert not looks_whole(str(part))


def test_data_of_others_after_the_end_of_a_jpeg_do_no_harm(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + b"\0" * 3_000_000)
    assert looks_whole(str(path))


def test_empty_missing_and_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "a.tga").write_bytes(b"\0" * 30)
    assert not looks_whole(str(tmp_path / "empty.png"))
    assert not looks_whole(str(tmp_path / "text.png"))
    assert not looks_whole(str(tmp_path / "missing.png"))
    assert not looks_whole(str(tmp_path))
    assert looks_whole(str(tmp_path / "a.tga")), "nothing can be told of a format without a mark"


def test_a_picture_is_known_by_name_or_content(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png").rename(tmp_path / "nameless")
    (tmp_path / "film.mp4").write_bytes(b"\0" * 100)
    assert is_picture(str(path))
    assert is_picture(str(tmp_path / "missing.jpg"))
    assert not is_picture(str(tmp_path / "film.mp4"))
    assert not is_picture(str(tmp_path / "missing"))
