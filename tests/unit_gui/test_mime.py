"""Drops and pastes: names byte for byte, on both kinds of systems, and the words for the overlay."""

import builtins
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage, QPixmap
from pytestqt.qtbot import QtBot

from gui import mime as mime_module
from gui.mime import (
    GNOME_FILES,
    URI_LIST,
    image_from,
    paths_from,
    paths_in_text,
    paths_in_uri_list,
    summarise_drop,
)

posix_only = pytest.mark.skipif(os.name != "posix", reason="looks at POSIX paths")


def with_data(kind: str, data: bytes) -> QMimeData:
    mime = QMimeData()
    mime.setData(kind, data)
    return mime


def with_text(text: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(text)
    return mime


class TestUriList:
    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            (b"file:///a/b.jpg\r\n", ["/a/b.jpg"]),
            (b"file:///a.jpg\nfile:///b.jpg", ["/a.jpg", "/b.jpg"]),
            (b"# a comment\r\nfile:///a.jpg\r\n\r\n", ["/a.jpg"]),
            (b"file://localhost/a.jpg", ["/a.jpg"]),
            (b"file://LocalHost/a.jpg", ["/a.jpg"]),
            (b"file:/a.jpg", ["/a.jpg"]),
            (b"FILE:///a.jpg", ["/a.jpg"]),
            (b"file:///a.jpg\0", ["/a.jpg"]),
            (b"file:////a.jpg", ["/a.jpg"]),
            (b"file:///with%20space%23and%3Fmarks%25.jpg", ["/with space#and?marks%.jpg"]),
            (b"file:///raw#mark?.jpg", ["/raw#mark?.jpg"]),
            (b"file:///%E6%97%A5.jpg", ["/日.jpg"]),
            ("file:///日.jpg".encode(), ["/日.jpg"]),
            (b"file:///folder/", ["/folder/"]),
            (b"file://server/share/a.jpg", []),
            (b"file:relative.jpg", []),
            (b"file://", []),
            (b"file:///nul%00.jpg", []),
            (b"https://example.org/a.jpg\r\nfile:///b.jpg", ["/b.jpg"]),
            (b"trash:///a.jpg\r\nsmb://server/a.jpg", []),
            (b"", []),
        ],
    )
    @posix_only
    def test_on_linux_and_macos(self, data: bytes, paths: list[str]) -> None:
        assert paths_in_uri_list(data, windows=False) == paths

    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            (b"file:///C:/a/b.jpg\r\n", ["C:\\a\\b.jpg"]),
            (b"file:///C%3A/a.jpg", ["C:\\a.jpg"]),
            (b"file:///c|/a.jpg", ["c:\\a.jpg"]),
            (b"file:/D:/a%20b.jpg", ["D:\\a b.jpg"]),
            (b"file://localhost/C:/a.jpg", ["C:\\a.jpg"]),
            (b"file://server/share/%C3%A9.jpg", ["\\\\server\\share\\é.jpg"]),
            (b"file:////server/share/a.jpg", ["\\\\server\\share\\a.jpg"]),
            (b"file://///server/share/a.jpg", ["\\\\server\\share\\a.jpg"]),
            (b"file:///folder/a.jpg", []),
            (b"file:///C:", []),
        ],
    )
    def test_on_windows(self, data: bytes, paths: list[str]) -> None:
        assert paths_in_uri_list(data, windows=True) == paths

    @posix_only
    def test_names_that_are_not_utf8_survive(self) -> None:
        (path,) = paths_from(with_data(URI_LIST, b"file:///caf%E9/%FF.jpg\r\n"))
        assert os.fsencode(path) == b"/caf\xe9/\xff.jpg"

        assert paths_in_uri_list(b"file:///caf\xe9/\xff.jpg", windows=False) == [str(path)]

    @posix_only
    @given(st.lists(st.binary(min_size=1).filter(lambda name: b"\0" not in name and b"/" not in name), max_size=5))
    def test_any_names_survive(self, names: list[bytes]) -> None:
        data = b"".join(b"file:///top/" + b"".join(b"%%%02X" % byte for byte in name) + b"\r\n" for name in names)
        paths = paths_in_uri_list(data, windows=False)
        assert [os.fsencode(path) for path in paths] == [b"/top/" + name for name in names]

    @given(st.binary(), st.booleans())
    def test_nothing_makes_it_fail(self, data: bytes, windows: bool) -> None:
        for path in paths_in_uri_list(data, windows=windows):
            assert path
            assert "\0" not in path


class TestText:
    @pytest.mark.parametrize(
        ("text", "paths"),
        [
            ("/a.jpg", ["/a.jpg"]),
            ("/a.jpg\n\n  /b c.jpg  \r\n", ["/a.jpg", "/b c.jpg"]),
            ("\"/a b.jpg\"\n'/c.jpg'", ["/a b.jpg", "/c.jpg"]),
            ("~/a.jpg", ["/home/me/a.jpg"]),
            ("file:///a%20b.jpg\n'file:///c.jpg'", ["/a b.jpg", "/c.jpg"]),
            ("/odd\u2028name.jpg", ["/odd\u2028name.jpg"]),
            ("~", []),
            ("~someone/a.jpg", []),
            ("a.jpg", []),
            ("https://example.org/a.jpg", []),
            ("// a comment", []),
            ("C:\\a.jpg", []),
            ("/half a pair \ud83d.jpg", []),
            ("/nul\0.jpg", []),
            ("", []),
            ("'", []),
        ],
    )
    @posix_only
    def test_on_linux_and_macos(self, text: str, paths: list[str]) -> None:
        assert paths_in_text(text, windows=False, home="/home/me") == paths

    @pytest.mark.parametrize(
        ("text", "paths"),
        [
            ('"C:\\My pictures\\a.jpg"', ["C:\\My pictures\\a.jpg"]),
            ("d:/a.jpg", ["d:/a.jpg"]),
            ("\\\\server\\share\\a.jpg", ["\\\\server\\share\\a.jpg"]),
            ("~\\a.jpg\r\n~/b.jpg", ["C:\\Users\\me\\a.jpg", "C:\\Users\\me/b.jpg"]),
            ("file:///C:/a.jpg", ["C:\\a.jpg"]),
            ("C:a.jpg", []),
            ("/a.jpg", []),
            ("a.jpg", []),
        ],
    )
    def test_on_windows(self, text: str, paths: list[str]) -> None:
        assert paths_in_text(text, windows=True, home="C:\\Users\\me") == paths

    @given(st.text(), st.booleans())
    def test_nothing_makes_it_fail(self, text: str, windows: bool) -> None:
        assert all(paths_in_text(text, windows=windows, home="/home/me"))


class TestPathsFrom:
    def test_urls_set_by_qt_itself(self, tmp_path: Path) -> None:
        mime = QMimeData()
        files = [tmp_path / "a b.jpg", tmp_path / "ü#%41.jpg"]
        mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        assert paths_from(mime) == files

    @posix_only
    def test_uris_come_before_text_and_the_order_is_kept(self) -> None:
        mime = with_data(URI_LIST, b"file:///b.jpg\r\nfile:///a.jpg\r\n")
        mime.setText("/other.jpg")
        assert paths_from(mime) == [Path("/b.jpg"), Path("/a.jpg")]

    @posix_only
    def test_text_counts_when_the_uris_name_no_file(self) -> None:
        mime = with_data(URI_LIST, b"https://example.org/a.jpg\r\n")
        mime.setText("/a.jpg")
        assert paths_from(mime) == [Path("/a.jpg")]

    @posix_only
    def test_files_copied_in_a_gnome_file_manager(self) -> None:
        assert paths_from(with_data(GNOME_FILES, b"copy\nfile:///a%20b.jpg")) == [Path("/a b.jpg")]

    def test_nothing(self) -> None:
        assert paths_from(QMimeData()) == []
        assert paths_from(with_text("some words")) == []


class TestImage:
    def test_a_copied_picture(self, qtbot: QtBot) -> None:
        image = QImage(4, 3, QImage.Format.Format_RGB32)
        image.fill(QColor("red"))
        mime = QMimeData()
        mime.setImageData(image)
        taken = image_from(mime)
        assert taken is not None
        assert (taken.width(), taken.height(), taken.pixelColor(0, 0)) == (4, 3, QColor("red"))

    def test_a_copied_pixmap(self, qtbot: QtBot) -> None:
        pixmap = QPixmap(4, 3)
        pixmap.fill(QColor("red"))
        mime = QMimeData()
        mime.setImageData(pixmap)
        taken = image_from(mime)
        assert taken is not None
        assert taken.pixelColor(3, 2) == QColor("red")

    def test_no_picture(self, qtbot: QtBot) -> None:
        empty = QMimeData()
        empty.setImageData(QImage())
        assert image_from(empty) is None
        assert image_from(QMimeData()) is None
        assert image_from(with_text("/a.jpg")) is None


class TestSummary:
    @pytest.mark.parametrize(
        ("uris", "words"),
        [
            (["/IMG_1.jpg"], "Add “IMG_1.jpg”"),
            (["/in/holiday"], "Add the folder “holiday”"),
            (["/in/holiday.2024/"], "Add the folder “holiday.2024”"),
            (["/in/holiday.2024"], "Add “holiday.2024”"),
            (["/"], "Add the folder “/”"),
            (["/a.jpg", "/b.HEIC"], "Add 2 files"),
            (["/a", "/b/"], "Add 2 folders"),
            (["/a.jpg", "/b"], "Add 2 items"),
            (["/a.jpg", "/b.txt"], "Add 2 items"),
            ([f"/{number}.jpg" for number in range(5000)], "Add 5,000 files"),
        ],
    )
    @posix_only
    def test_words(self, uris: list[str], words: str) -> None:
        data = "".join(f"file://{uri}\r\n" for uri in uris).encode()
        assert summarise_drop(with_data(URI_LIST, data)) == words

    @posix_only
    def test_names_that_are_not_utf8_are_shown(self) -> None:
        assert summarise_drop(with_data(URI_LIST, b"file:///%FF.jpg")) == "Add “\\xff.jpg”"

    @posix_only
    def test_braces_in_names_are_left_alone(self) -> None:
        assert summarise_drop(with_data(URI_LIST, b"file:///{name}{0}.jpg")) == "Add “{name}{0}.jpg”"

    @posix_only
    def test_paths_as_text(self) -> None:
        assert summarise_drop(with_text("/a.jpg\n/b.jpg")) == "Add 2 files"

    def test_on_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mime_module, "_WINDOWS", True)
        assert summarise_drop(with_data(URI_LIST, b"file:///C:/Photos/a.jpg")) == "Add “a.jpg”"
        assert summarise_drop(with_data(URI_LIST, b"file:///C:/Photos/")) == "Add the folder “Photos”"

    def test_a_picture_and_nothing(self, qtbot: QtBot) -> None:
        mime = QMimeData()
        mime.setImageData(QImage(4, 3, QImage.Format.Format_RGB32))
        assert summarise_drop(mime) == "Add this picture"
        assert summarise_drop(QMimeData()) == ""
        assert summarise_drop(with_text("some words")) == ""

    def test_the_disk_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.jpg")), QUrl.fromLocalFile(str(tmp_path))])

        def refuse(*_: object, **__: object) -> object:
            raise AssertionError("the disk was read")

        with monkeypatch.context() as patch:
            for name in ("stat", "lstat", "scandir", "listdir", "open"):
                patch.setattr(os, name, refuse)
            patch.setattr(builtins, "open", refuse)
            words = summarise_drop(mime)
            paths = paths_from(mime)
        assert words == "Add 2 items"
        assert paths == [tmp_path / "a.jpg", tmp_path]


def test_a_long_list_is_counted_at_once_and_parsed_later() -> None:
    mime = QMimeData()
    mime.setData("text/uri-list", b"".join(b"file:///pictures/n%%20%d.jpg\r\n" % number for number in range(20_000)))
    assert summarise_drop(mime) == "Add 20,000 files"
    paths = paths_from(mime)
    assert paths
    assert len(paths) == 20_000
    assert [paths[0], paths[-1]] == [Path("/pictures/n 0.jpg"), Path("/pictures/n 19999.jpg")]


def test_a_long_list_without_files_is_empty() -> None:
    mime = QMimeData()
    mime.setData("text/uri-list", b"https://example.org/a.jpg\r\n" * 20_000)
    assert not paths_from(mime)
