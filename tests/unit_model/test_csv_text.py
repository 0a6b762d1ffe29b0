"""Cells: nothing that a spreadsheet would run, everything reversible, numbers that sort."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.csv_text import decimal_cell, escape_cell, text_cell, time_cell, unescape_cell

PROBABILITY = st.floats(0.0, 1.0, width=32)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "'"])
def test_risky_beginnings_get_an_apostrophe(start: str) -> None:
    assert escape_cell(f"{start}1+1") == f"'{start}1+1"
    assert text_cell(f"{start}1+1", raw=True) == f"{start}1+1"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=cmd|'/C calc'!A0;y", "x;'=cmd|'/C calc'!A0;y"),
        ("a\t-1", "a\t'-1"),
        ("a\r\n=1", "a\r'\n'=1"),
        (";;+1;'", ";;'+1;''"),
    ],
)
def test_what_follows_another_separator_is_a_beginning_too(text: str, cell: str) -> None:
    """Spreadsheets divide lines at semicolons in half of Europe, and pasted ones at tabs."""
    assert escape_cell(text) == cell
    assert unescape_cell(cell) == text


@pytest.mark.parametrize("text", ["", "cat", "1=2", " =2", "a'b", "é", "(+1)", "a;b", "a-b", "1, -2"])
def test_other_text_is_left_alone(text: str) -> None:
    assert escape_cell(text) == text


@given(st.text() | st.text("=+-@\t\r\n\0';,\"ab"))
def test_the_escape_can_be_undone_and_leaves_nothing_risky(text: str) -> None:
    cell = escape_cell(text)
    assert unescape_cell(cell) == text
    for part in re.split(r"[;\t\r\n]", cell):
        assert part[:1] not in tuple("=+-@\0")


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), min_size=2, max_size=5))
def test_the_csv_module_reads_back_what_it_wrote(texts: list[str]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow([text_cell(text, raw=False) for text in texts])
    buffer.seek(0)
    (row,) = csv.reader(buffer)
    assert [unescape_cell(cell) for cell in row] == texts


def test_names_that_are_not_utf8_become_text_before_they_are_escaped() -> None:
    assert text_cell("-\udce9.jpg", raw=False) == "'-\\xe9.jpg"
    assert text_cell("\udce9.jpg", raw=False) == "\\xe9.jpg"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1.0, "1.0"),
        (0.0, "0.0"),
        (0.5, "0.5"),
        (1e-7, "0.0000001"),
        (0.123456789123, "0.123456789"),
        (float(np.float32(0.1)), "0.100000001"),
        (1.401298464324817e-45, "0." + "0" * 44 + "140129846"),
    ],
)
def test_decimals_are_plain_and_have_a_dot(value: float, cell: str) -> None:
    assert decimal_cell(value) == cell


@given(PROBABILITY, PROBABILITY)
def test_decimals_sort_as_the_probabilities_do(one: float, other: float) -> None:
    assert (float(decimal_cell(one)) < float(decimal_cell(other))) == (one < other)


@given(PROBABILITY)
def test_decimals_give_the_same_float32_back_and_are_never_escaped(value: float) -> None:
    cell = decimal_cell(value)
    assert np.float32(cell) == np.float32(value)
    assert cell.replace(".", "", 1).isdigit()
    assert escape_cell(cell) == cell


def test_what_is_no_number_is_said() -> None:
    assert decimal_cell(float("nan")) == "nan"


def test_times_are_in_utc() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert time_cell(datetime(2026, 11, 24, 18, 0, 1, 234567, UTC)) == "2026-11-24T18:00:01.234Z"
    assert time_cell(datetime(2026, 11, 25, 0, 30, tzinfo=east)) == "2026-11-24T19:00:00.000Z"
    assert time_cell(datetime(2026, 11, 24, 18, 0)) == "2026-11-24T18:00:00.000Z"
