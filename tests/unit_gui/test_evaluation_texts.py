from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_makers import evaluation_of, judged
from PySide6.QtCore import QLocale

from gui.evaluation_texts import (
    calibration_text,
    cell_title,
    figures,
    headline,
    missed_title,
    progress_text,
    subject_text,
    warning_text,
)
from model.evaluation_types import Estimate, Evaluation, EvaluationProgress, UnsureFigures


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def with_errors(right: int, wrong: int, probability: float = 0.9) -> Evaluation:
    images = [judged(f"{n}.jpg", 0, 0, probability) for n in range(right)]
    images += [judged(f"w{n}.jpg", 0, 1, probability) for n in range(wrong)]
    return evaluation_of(images)


def test_the_headline_in_plain_words_with_its_interval() -> None:
    assert plain(headline(with_errors(184, 16))) == "184 of 200 right: 92.0 %, 95 % interval 87.4 to 95.0"


def test_what_was_evaluated() -> None:
    evaluation = replace(with_errors(9, 1), weights_title="Weather, Lite2", part="test", seconds=12.34, rate=16.2)
    assert (
        plain(subject_text(evaluation)) == "Weather, Lite2 on weather/test · 10 pictures in 12.3 s · 16 images/s · CPU"
    )
    unmeasured = replace(evaluation, rate=0.0, part=None, root=Path("/"))
    assert plain(subject_text(unmeasured)) == "Weather, Lite2 on / · 10 pictures in 12.3 s · CPU"


def test_pictures_that_the_weights_learnt_from_are_warned_of() -> None:
    assert warning_text(with_errors(9, 1)) == ""
    assert "learnt from these very pictures" in warning_text(replace(with_errors(9, 1), trained_on_these=True))


@pytest.mark.parametrize(
    ("right", "wrong", "probability", "ending"),
    [(50, 50, 0.9, "mostly too high."), (95, 5, 0.6, "mostly too low."), (90, 10, 0.9, "off on average.")],
)
def test_the_calibration_error_is_explained(right: int, wrong: int, probability: float, ending: str) -> None:
    assert calibration_text(with_errors(right, wrong, probability)).endswith(ending)
    assert "40.0 points" in calibration_text(with_errors(50, 50, 0.9))


def test_the_figures_beside_the_headline() -> None:
    few = {figure.name: figure for figure in figures(with_errors(9, 1))}
    assert list(few) == ["Macro F1", "Calibration error", "Unsure"]
    assert few["Unsure"].value == "\u2013"
    many = replace(
        with_errors(9, 1), top_5=Estimate(0.99, 0.96, 1.0), unsure=UnsureFigures(12, Estimate(0.941, 0.9, 0.97))
    )
    named = {figure.name: figure for figure in figures(many)}
    assert plain(named["Top-5"].value) == "99.0 %"
    assert "96.0 to 100.0" in named["Top-5"].meaning
    assert named["Unsure"].value == "12"
    assert plain(named["Unsure"].meaning) == "Of the other pictures 94.1 % are right."
    none_sure = figures(replace(many, unsure=UnsureFigures(10, None)))[-1]
    assert none_sure.meaning == "They were unsure of every picture."


def test_titles_of_cells_and_classes() -> None:
    labels = ("cloudy", "rain")
    assert cell_title(labels, 0, 1, 7) == "cloudy taken for rain: 7 pictures"
    assert cell_title(labels, 0, 1, 1) == "cloudy taken for rain: 1 picture"
    assert cell_title(labels, 1, 1, 2000) == "rain recognised: 2,000 pictures"
    assert missed_title("rain", 3) == "rain not recognised: 3 pictures"


def test_progress_with_rate_time_and_errors() -> None:
    assert plain(progress_text(EvaluationProgress(412, 1000, 2, 17.3))) == (
        "412 of 1,000 · 17 images/s · 34 s left · 2 could not be read"
    )
    assert progress_text(EvaluationProgress(0, 1000, 0, 0.0)) == "0 of 1,000"
    assert plain(progress_text(EvaluationProgress(5, 5, 1, 2.5))) == "5 of 5 · 2.5 images/s · 1 could not be read"
