"""The table of formats: what is read, what is only recognised, and what is no picture."""

import io
import re
import subprocess
import sys
import time

import pi_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from model.image_formats import (
    _READABLE,
    _RECOGNISED,
    DECODABLE_FORMATS,
    HEADER_BYTES,
    READABLE_EXTENSIONS,
    format_by_header,
    format_by_name,
    is_image_header,
    is_image_name,
)


def test_pillow_has_an_opener_of_every_readable_name() -> None:
    Image.init()
    pi_heif.register_heif_opener()
    assert set(DECODABLE_FORMATS) <= set(Image.OPEN)


def test_nothing_that_leaves_the_process_or_is_unsafe_is_readable() -> None:
    assert not {"EPS", "WMF", "PDF", "PSD", "FPX", "MIC"} & set(DECODABLE_FORMATS)


def test_tga_is_asked_last_because_it_takes_other_files_for_its_own() -> None:
    assert DECODABLE_FORMATS[-1] == "TGA"


def test_importing_the_table_does_not_import_pillow() -> None:
    code = "import sys, model.image_formats; sys.exit('PIL' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_extensions_are_lower_case_and_belong_to_one_format() -> None:
    extensions = [extension for known in (*_READABLE, *_RECOGNISED) for extension in known.extensions]
    assert len(extensions) == len(set(extensions))
    assert all(re.fullmatch(r"\.[a-z0-9]+", extension) for extension in extensions)


def test_the_file_chooser_offers_what_is_read_and_nothing_else() -> None:
    assert {".jpg", ".heic", ".avif", ".mpo", ".tga"} <= set(READABLE_EXTENSIONS)
    assert not {".eps", ".psd", ".cr2", ".svg"} & set(READABLE_EXTENSIONS)


@pytest.mark.parametrize(
    "pillow", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "ICO", "PCX", "SGI", "AVIF"]
)
def test_pictures_that_pillow_writes_are_recognised_by_their_first_bytes(pillow: str) -> None:
    if pillow in ("WEBP", "AVIF", "JPEG2000") and not features.check(
        {"JPEG2000": "jpg_2000"}.get(pillow, pillow.lower())
    ):
        pytest.skip(f"this Pillow was built without {pillow}")
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(buffer, pillow)
    known = format_by_header(buffer.getvalue()[:HEADER_BYTES])
    assert known is not None
    assert known.pillow == pillow


@pytest.mark.parametrize(
    ("header", "title"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIF"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00", "HEIF"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "camera raw"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01", "camera raw"),
        (b"MM\x00*\x00\x00\x00\x08", "TIFF"),
        (b"II+\x00\x08\x00\x00\x00", "TIFF"),
        (b"P6 # made by hand\n640 480\n255\n", "PPM"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"\xff\x0a\xfa\x17", "JPEG XL"),
        (b'<?xml version="1.0"?>\n<!-- a --><!-- b -->\n<svg width="1">', "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"qoif\x00\x00", "QOI"),
    ],
)
def test_first_bytes_name_the_format(header: bytes, title: str) -> None:
    known = format_by_header(header)
    assert known is not None
    assert known.title == title
    assert is_image_header(header)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\x00" * 64,
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0\n%%Pages: 3\n",
        b"PK\x03\x04\x14\x00",
        b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00",
        b"\x7fELF\x02\x01\x01",
        b"BMW, prices of 2026 and other things\n",
        b"P1 is the first paragraph of this text\n",
        b"<html><svg></svg></html>",
        b"RIFF\x00\x10\x00\x00WAVEfmt ",
        b"\x00\x00\x01\xba\x44",
    ],
)
def test_other_files_are_no_pictures(header: bytes) -> None:
    assert not is_image_header(header)
    assert format_by_header(header) is None


@pytest.mark.parametrize(
    "name", ["a.jpg", "A.JPG", "x.y.HeIc", "scan.TIFF", "raw.CR2", "drawing.svg", "Ünï.webp", ".png"]
)
def test_names_of_pictures(name: str) -> None:
    assert is_image_name(name)
    assert format_by_name(name) is not None


@pytest.mark.parametrize("name", ["", "jpg", "a.jpg.txt", "notes", "a.", "film.mp4", "paper.pdf", "paper.ps", "a.jpg~"])
def test_names_of_other_files(name: str) -> None:
    assert not is_image_name(name)


def test_a_file_full_of_comments_does_not_stall_the_search() -> None:
    started = time.perf_counter()
    assert not is_image_header((b"<!---->" * 80)[:HEADER_BYTES])
    assert time.perf_counter() - started < 1.0


@given(st.binary(max_size=HEADER_BYTES))
def test_both_ways_to_ask_agree(header: bytes) -> None:
    assert is_image_header(header) == (format_by_header(header) is not None)
