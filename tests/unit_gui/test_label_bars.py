"""Big bars: names elide with a tooltip, percentages stand at the right edge, bars are as long as the shares."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPalette
from pytestqt.qtbot import QtBot

from gui.label_bars import LabelBar, LabelBars
from gui.result_delegate import LabelLine, Tone

CAT = LabelLine("Egyptian cat", "57 %", 0.5, True, Tone.FIRST)


@pytest.fixture
def bar(qtbot: QtBot) -> LabelBar:
    made = LabelBar()
    qtbot.addWidget(made)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor("white"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("black"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor(0, 0, 255))
    made.setPalette(palette)
    made.resize(200, made.sizeHint().height())
    made.show()
    return made


def inked(image: QImage, y: int) -> list[int]:
    return [x for x in range(image.width()) if image.pixelColor(x, y).lightness() < 245]


def middle_of_bar(bar: LabelBar) -> int:
    return bar.height() - 4


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_bar_is_as_long_as_the_share(bar: LabelBar, share: float) -> None:
    bar.show_line(LabelLine("cat", "", share, False, Tone.FIRST))
    inside = inked(bar.grab().toImage(), middle_of_bar(bar))
    assert abs(max(inside) + 1 - 200 * share) <= 1
    assert min(inside) <= 1


def test_nearly_nothing_can_be_seen_and_nothing_is_nothing(bar: LabelBar) -> None:
    bar.show_line(LabelLine("cat", "<1 %", 0.00001, False, Tone.OTHER))
    assert inked(bar.grab().toImage(), middle_of_bar(bar))
    bar.show_line(LabelLine("cat", "0 %", 0.0, False, Tone.OTHER))
    assert not inked(bar.grab().toImage(), middle_of_bar(bar))


def test_only_the_likeliest_has_the_accent_colour(bar: LabelBar) -> None:
    for tone, blue in ((Tone.FIRST, True), (Tone.OTHER, False), (Tone.FADED, False)):
        bar.show_line(LabelLine("cat", "50 %", 0.5, False, tone))
        colour = bar.grab().toImage().pixelColor(50, middle_of_bar(bar))
        assert (colour.blue() - colour.red() > 100) is blue


def test_bars_grow_from_the_right_where_writing_does(bar: LabelBar) -> None:
    bar.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    bar.show_line(LabelLine("cat", "25 %", 0.25, False, Tone.FIRST))
    inside = inked(bar.grab().toImage(), middle_of_bar(bar))
    assert min(inside) >= 148


def test_the_percentage_stands_at_the_right_edge(bar: LabelBar) -> None:
    edges = []
    for percent in ("57 %", "<1 %", "100 %"):
        bar.show_line(LabelLine("", percent, 0.0, False, Tone.FIRST))
        image = bar.grab().toImage()
        edges.append(max(x for y in range(bar.fontMetrics().height()) for x in inked(image, y)))
    assert max(edges) - min(edges) <= 1
    assert min(edges) > 190


def test_a_long_name_elides_before_the_percentage_with_a_tooltip(bar: LabelBar) -> None:
    name = "a label <i>so</i> long that it cannot possibly fit in here"
    bar.show_line(LabelLine(name, "57 %", 0.57, False, Tone.FIRST))
    assert bar.shown_name().endswith("…")
    room = 200 - bar.fontMetrics().horizontalAdvance("57 %")
    assert bar.fontMetrics().horizontalAdvance(bar.shown_name()) < room
    assert "&lt;i&gt;so" in bar.toolTip()
    bar.resize(900, bar.height())
    assert bar.shown_name() == name
    assert bar.toolTip() == ""


def test_bold_is_for_the_winner_alone(bar: LabelBar) -> None:
    plain = LabelLine(CAT.name, CAT.percent, CAT.probability, False, CAT.tone)
    bar.show_line(plain)
    thin = bar.grab().toImage()
    bar.show_line(CAT)
    thick = bar.grab().toImage()
    rows = range(bar.fontMetrics().height())
    assert sum(len(inked(thick, y)) for y in rows) > 1.1 * sum(len(inked(thin, y)) for y in rows)


def test_labels_come_and_go(qtbot: QtBot) -> None:
    bars = LabelBars()
    qtbot.addWidget(bars)
    lines = [LabelLine(f"label {n}", f"{n} %", n / 100, False, Tone.OTHER) for n in range(5)]
    bars.show_lines(lines)
    assert bars.lines == tuple(lines)
    bars.show_lines(lines[:2])
    assert bars.lines == tuple(lines[:2])
    names = [bar.accessibleName() for bar in bars.findChildren(LabelBar) if not bar.isHidden()]
    assert names == ["label 0, 0 %", "label 1, 1 %"]
