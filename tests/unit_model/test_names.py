"""Names as text: always valid Unicode, and the bytes can be got back."""

import os
import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.names import display_name, natural_key


def bytes_of(shown: str) -> bytes:
    r"""Undo display_name for a text that holds `\xNN`."""
    pieces = re.split(r"(\\\\|\\x[0-9a-f]{2})", shown)
    return b"".join(
        b"\\" if piece == "\\\\" else bytes.fromhex(piece[2:]) if at % 2 else piece.encode()
        for at, piece in enumerate(pieces)
    )


def test_plain_names_stay_as_they_are() -> None:
    assert display_name("été\\2024\\日本.jpg") == "été\\2024\\日本.jpg"
    assert display_name(PurePosixPath("a/b.jpg")) == "a/b.jpg"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [(b"caf\xe9.jpg", "caf\\xe9.jpg"), (b"a\\b\xff", "a\\\\b\\xff"), (b"a\\xff", "a\\xff")],
)
def test_only_names_with_foreign_bytes_double_their_backslashes(raw: bytes, shown: str) -> None:
    assert display_name(raw.decode("utf-8", "surrogateescape")) == shown


def test_half_a_surrogate_pair_is_written_out() -> None:
    assert display_name("a\ud83d.jpg") == "a\\ud83d.jpg"


@given(st.binary())
def test_any_name_becomes_valid_text(raw: bytes) -> None:
    display_name(raw.decode("utf-8", "surrogateescape")).encode("utf-8")


@given(st.binary())
def test_the_bytes_of_a_foreign_name_can_be_got_back(raw: bytes) -> None:
    name = raw.decode("utf-8", "surrogateescape")
    shown = display_name(name)
    if shown != name:
        assert bytes_of(shown) == raw


@pytest.mark.skipif(os.name != "posix", reason="on Windows names are not bytes")
def test_it_fits_what_python_makes_of_file_names() -> None:
    assert display_name(os.fsdecode(b"\xff")) == "\\xff"


@given(st.text(alphabet="ab é", max_size=4), st.integers(0, 10**30), st.integers(0, 10**30))
def test_the_number_decides_between_equal_names(stem: str, one: int, other: int) -> None:
    assert (natural_key(f"{stem}{one}.jpg") < natural_key(f"{stem}{other}.jpg")) == (one < other)


def test_case_and_leading_zeros_make_no_difference() -> None:
    assert natural_key("IMG_007.jpg") == natural_key("img_7.JPG") < natural_key("Img_10.jpg")


def test_endless_digits_are_sorted_too() -> None:
    assert natural_key("9" * 5000) < natural_key("1" + "0" * 5000)
