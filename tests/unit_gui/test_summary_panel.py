"""The end of a run: one line, and in detail."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gui.summary_panel import MOST_REASONS, SummaryPanel
from gui.summary_texts import summary_text
from model.run_summary import Failure, RunSummary
from model.types import Problem

SUMMARY = RunSummary(
    done=1204,
    failures=(Failure(Problem("image-truncated"), 2), Failure(Problem("image-empty"), 1)),
    unsure=12,
    recalled=40,
    seconds=72.4,
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace(" \u00b7 ", " | ")


def widgets(panel: SummaryPanel) -> list[QWidget]:
    items = (panel._lines.itemAt(place) for place in range(panel._lines.count()))
    return [widget for item in items if item is not None and (widget := item.widget()) is not None]


def words(panel: SummaryPanel) -> list[str]:
    return [plain(widget.text()) for widget in widgets(panel) if isinstance(widget, QLabel)]


def test_the_line_counts_everything() -> None:
    expected = (
        "1,201 pictures classified | 3 could not be read | 12 unsure | 40 from earlier runs | 1 min 12 s | 16 images/s"
    )
    assert plain(summary_text(SUMMARY)) == expected


def test_the_line_of_a_run_that_did_nothing_is_empty() -> None:
    assert summary_text(RunSummary(seconds=3.0)) == ""


def test_a_run_that_was_known_before_has_no_rate() -> None:
    text = plain(summary_text(RunSummary(done=1, recalled=1, seconds=0.5)))
    assert text == "1 picture classified | 1 from earlier runs | 500 ms"


def test_the_panel_names_every_reason_and_offers_what_can_be_done(qtbot: QtBot) -> None:
    panel = SummaryPanel()
    qtbot.addWidget(panel)
    panel.set_summary(SUMMARY)
    assert words(panel) == [
        *("1,201", "classified", "12", "of these unsure", "40", "known from earlier runs"),
        *("3", "could not be read", "2", "the file ends too early", "1", "the file is empty"),
        "1 min 12 s, 16 images/s",
    ]
    buttons = {one.accessibleName(): one for one in widgets(panel) if isinstance(one, QPushButton)}
    for name, signal in (
        ("Show them: of these unsure", panel.show_unsure),
        ("Show them: could not be read", panel.show_failed),
        ("Retry failed: could not be read", panel.retry_failed),
    ):
        with qtbot.waitSignal(signal):
            buttons[name].click()


def test_another_summary_takes_the_place_of_the_first(qtbot: QtBot) -> None:
    panel = SummaryPanel()
    qtbot.addWidget(panel)
    panel.set_summary(SUMMARY)
    panel.set_summary(RunSummary(done=2, seconds=1.0))
    assert words(panel) == ["2", "classified", "1.0 s, 2.0 images/s"]


def test_reasons_that_are_too_many_are_counted_together(qtbot: QtBot) -> None:
    panel = SummaryPanel()
    qtbot.addWidget(panel)
    codes = ("image-missing", "image-is-folder", "image-not-a-file", "image-no-permission", "image-empty")
    codes += ("image-unknown", "image-truncated", "image-damaged", "image-out-of-memory", "image-unexpected")
    failures = tuple(Failure(Problem(code), 3) for code in codes)
    panel.set_summary(RunSummary(done=30, failures=failures, seconds=1.0))
    assert words(panel)[-3:-1] == [str(3 * (len(codes) - MOST_REASONS)), "for other reasons"]
