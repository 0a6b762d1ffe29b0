from pathlib import Path

import pytest
from fakes import write_picture

import model.decode
from gui.picture_loading import PictureSource
from model.cancel import CancelToken
from model.decode_limits import DecodeLimits
from model.errors import ImageError


def test_at_the_second_visit_no_picture_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = write_picture(tmp_path / "a.png", size=(160, 120))
    first = PictureSource(tmp_path / "cache.sqlite3", DecodeLimits())
    assert first.load(picture, 80).pixels.shape == (60, 80, 3)
    first.close()

    def refuse(*_args: object, **_options: object) -> None:
        pytest.fail("the picture was decoded again")

    monkeypatch.setattr(model.decode, "thumbnail", refuse)
    second = PictureSource(tmp_path / "cache.sqlite3", DecodeLimits())
    assert second.load(picture, 80).pixels.shape == (60, 80, 3)
    second.close()


def test_clearing_and_closing_keep_nothing(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    source = PictureSource(tmp_path / "cache.sqlite3", DecodeLimits())
    source.load(picture, 8)
    assert list(source.clear(CancelToken())) == [None]
    picture.write_bytes(b"no picture any more")
    with pytest.raises(ImageError):
        source.load(picture, 8)
    source.close()
    unused = PictureSource(tmp_path / "never made.sqlite3", DecodeLimits())
    unused.close()
    assert unused.load(write_picture(tmp_path / "b.png"), 8).pixels.shape[2] == 3
    assert not (tmp_path / "never made.sqlite3").exists()
