"""Scores of held-out parts as dots."""

import pytest
from pixels import pixels_of
from pytestqt.qtbot import QtBot

from gui.score_dots import ScoreDots


@pytest.fixture
def dots(qtbot: QtBot) -> ScoreDots:
    made = ScoreDots("Each part")
    qtbot.addWidget(made)
    made.resize(400, 112)
    made.show()
    return made


def ink(dots: ScoreDots) -> int:
    """How many pixels are not background."""
    pixels = pixels_of(dots)
    return int((pixels != pixels[0, -1]).any(axis=2).sum())


@pytest.mark.parametrize(
    ("scores", "low"), [((), 0.0), ((0.93, 1.0), 0.9), ((0.5, 0.7), 0.5), ((0.499,), 0.4), ((1.0,), 0.9), ((0.3,), 0.3)]
)
def test_the_scale_begins_at_the_tens_below(dots: ScoreDots, scores: tuple[float, ...], low: float) -> None:
    dots.show_scores(scores)
    assert dots.low == pytest.approx(low)


def test_scores_are_drawn_and_read_out(dots: ScoreDots) -> None:
    dots.show_scores([0.95])
    one = ink(dots)
    dots.show_scores([0.95, 0.91, 0.99])
    assert dots.scores == (0.95, 0.91, 0.99)
    assert ink(dots) > one + 50
    assert dots.accessibleDescription().replace("\u00a0", " ") == "95.0 %, 91.0 %, 99.0 %"
    assert dots.accessibleName() == "Each part"


def test_without_scores_there_is_the_scale_alone(dots: ScoreDots) -> None:
    scale = ink(dots)
    assert scale > 0
    dots.show_scores([0.05])  # its scale is the same
    assert ink(dots) > scale
    dots.show_scores([])
    assert ink(dots) == scale
    assert dots.accessibleDescription() == ""
