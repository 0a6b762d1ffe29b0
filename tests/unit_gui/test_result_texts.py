"""Rows as text for the clipboard, in the user's number format."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale
from result_makers import CAT, TRUNCATED, result, shown

from gui.result_texts import error_text, rows_as_text
from gui.results_order import RowStatus


@pytest.fixture(params=["en_GB", "de_DE", "ar_EG", "fa_IR"])
def locale(request: pytest.FixtureRequest) -> Iterator[QLocale]:
    before = QLocale()
    chosen = QLocale(request.param)
    QLocale.setDefault(chosen)
    yield chosen
    QLocale.setDefault(before)


def test_numbers_are_as_the_locale_writes_them(locale: QLocale) -> None:
    fields = rows_as_text([shown("a.jpg", result("a.jpg"))]).split("\t")
    assert fields[2::2] == [label for label, _ in CAT]
    assert fields[3::2] == [locale.toString(share, "f", 4) for _, share in CAT]


def test_each_row_says_its_path_its_status_and_what_is_known() -> None:
    rows = [
        shown("a.jpg", result("a.jpg", [("cat", 0.5)])),
        shown("b.jpg", result("b.jpg", [("cat", 0.5)]), RowStatus.UNSURE),
        shown("c.jpg", result("c.jpg", problem=TRUNCATED), RowStatus.ERROR),
        shown("d.jpg", result("d.jpg"), RowStatus.PENDING),
        shown("e.jpg", None, RowStatus.PENDING),
    ]
    assert [line.split("\t") for line in rows_as_text(rows).split("\n")] == [
        ["/pictures/a.jpg", "Done", "cat", "0.5000"],
        ["/pictures/b.jpg", "Unsure", "cat", "0.5000"],
        ["/pictures/c.jpg", "Error", error_text(TRUNCATED)],
        ["/pictures/d.jpg", "Waiting"],
        ["/pictures/e.jpg", "Waiting"],
    ]


def test_no_spreadsheet_runs_what_is_pasted() -> None:
    """Tabs and line ends of a name would make cells and rows of their own."""
    rows = [shown("a.jpg", result("a.jpg", [("=1+1", 0.5), ("x;=2", 0.3), ("+a\t=3\n=4", 0.1), ("\u202e@b", 0.1)]))]
    cells = rows_as_text(rows).split("\t")
    assert len(rows_as_text(rows).split("\n")) == 1
    assert cells[2::2] == ["'=1+1", "x;'=2", "'+a\ufffd'=3\ufffd'=4", "\ufffd@b"]
