"""Labels show plain text that elides with a tooltip, in tones that can be read in both schemes."""

import pytest
from PySide6.QtGui import QColor, QPalette
from pytestqt.qtbot import QtBot

from gui.theme import contrast
from gui.toned_label import Tone, TonedLabel, panel_colours, plain_tooltip, tone_colour


def scheme(window: str, text: str) -> QPalette:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    return palette


def test_what_does_not_fit_is_elided_and_in_the_tooltip(qtbot: QtBot) -> None:
    label = TonedLabel("a rather long text that will not fit")
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.show()
    assert label.shown_text().endswith("…")
    assert "a rather long text that will not fit" in label.toolTip()
    label.resize(label.sizeHint().width() + 4, 20)
    assert label.shown_text() == label.text()
    assert label.toolTip() == ""
    label.setText("another text that is much, much longer than the first one was")
    assert "another text" in label.toolTip()


def test_more_can_be_said_in_the_tooltip(qtbot: QtBot) -> None:
    label = TonedLabel("short")
    qtbot.addWidget(label)
    label.resize(200, 20)
    label.show()
    label.set_more("the rest & more")
    assert label.toolTip() == "<qt>the rest &amp; more</qt>"


def test_names_are_never_taken_for_html(qtbot: QtBot) -> None:
    assert plain_tooltip("<b>a</b>\nb") == "<qt>&lt;b&gt;a&lt;/b&gt;<br>b</qt>"
    assert plain_tooltip("") == ""
    label = TonedLabel("<h1>cat</h1>")
    qtbot.addWidget(label)
    assert abs(label.sizeHint().width() - label.fontMetrics().horizontalAdvance("<h1>cat</h1>")) <= 2


def test_a_wrapping_label_grows_downwards(qtbot: QtBot) -> None:
    label = TonedLabel("many words " * 20, wrap=True)
    qtbot.addWidget(label)
    assert label.heightForWidth(120) > 3 * label.heightForWidth(2000)
    assert label.minimumSizeHint().width() < 200


@pytest.mark.parametrize("tone", list(Tone))
@pytest.mark.parametrize(("window", "text"), [("#efefef", "#000000"), ("#323232", "#ffffff"), ("#ffffff", "#888888")])
def test_every_tone_can_be_read(tone: Tone, window: str, text: str) -> None:
    assert contrast(tone_colour(scheme(window, text), tone), QColor(window)) >= 4.5


def test_colours_follow_the_palette() -> None:
    light, dark = panel_colours(scheme("#efefef", "#000000")), panel_colours(scheme("#323232", "#ffffff"))
    assert light.background == QColor("#efefef")
    assert dark.background == QColor("#323232")


def test_painting_uses_the_tone(qtbot: QtBot) -> None:
    label = TonedLabel("MMMMMMMM", Tone.DANGER)
    qtbot.addWidget(label)
    label.setPalette(scheme("#ffffff", "#000000"))
    label.resize(120, 20)
    reddest = max(
        (label.grab().toImage().pixelColor(x, y) for x in range(0, 120, 2) for y in range(20)),
        key=lambda colour: colour.red() - colour.blue(),
    )
    assert reddest.red() - reddest.blue() > 60
