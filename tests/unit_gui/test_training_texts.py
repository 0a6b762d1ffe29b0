"""Data sets and trainings in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from training_makers import ending_events, fine_tuning_events, make_request, make_survey, measured, quick_events

from gui.training_progress import TrainingProgress
from gui.training_texts import (
    bad_files_text,
    best_text,
    long_time_text,
    phase_text,
    pictures_text,
    result_facts,
    result_text,
    short_text,
    survey_text,
)
from model.dataset import ReadProgress
from model.training_types import FeatureProgress, FoldScore, RunStarted, Trained
from model.types import Problem


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


def after(*events: object, epochs: int = 4, folds: int = 0) -> TrainingProgress:
    progress = TrainingProgress(make_request(epochs=epochs, folds=folds))
    for event in events:
        progress.take(event)
    return progress


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_survey_in_words() -> None:
    assert survey_text(make_survey(Path("/shapes"))) == "2 classes, 42 pictures"
    parts = survey_text(make_survey(Path("/shapes"), parts=(1030, 6, 6)))
    assert parts == "2 classes, 42 pictures; 1,030 of them for training, 6 for validation, 6 for the test"


def test_pictures_are_counted_as_people_do() -> None:
    assert [pictures_text(count) for count in (1, 2, 1124)] == ["1 picture", "2 pictures", "1,124 pictures"]


def test_bad_files_are_named_with_their_fault_up_to_a_point() -> None:
    problem = Problem("image-network-failed")
    bad = tuple((Path(f"/shapes/{number}.jpg"), problem) for number in range(10))
    lines = bad_files_text(make_survey(Path("/shapes"), bad=bad)).splitlines()
    assert lines[0] == "0.jpg: the network failed on this picture"
    assert len(lines) == 9
    assert lines[-1] == "and 2 more"
    assert bad_files_text(make_survey(Path("/shapes"), bad=bad[:9])).endswith("and 1 more")
    assert bad_files_text(make_survey(Path("/shapes"))) == ""


@pytest.mark.parametrize(
    ("events", "folds", "words"),
    [
        ([], 0, "Starting…"),
        ([ReadProgress(1200, 2400)], 0, "Reading the pictures · 1,200 of 2,400 pictures"),
        ([FeatureProgress(3, 42)], 0, "The network looks at the pictures · 3 of 42 pictures"),
        (fine_tuning_events(), 0, "Epoch 3 of 4 · 15 of 30 pictures"),
        ([RunStarted(1, 30, 6, 6, 4, "CPU", "fp32")], 5, "Held-out part 2 of 5 · Epoch 1 of 4 · 0 of 30 pictures"),
        (
            [RunStarted(None, 42, 0, 0, 4, "CPU", "fp32")],
            5,
            "The last network, on all pictures · Epoch 1 of 4 · 0 of 42 pictures",
        ),
        ([FoldScore(0, 1, 0.9, 0.0, 8)], 5, "Measuring: held-out part 1 of 5"),
        ([measured(0.9)], 0, "Storing the new weights…"),
    ],
)
def test_each_phase_in_words(events: list[object], folds: int, words: str) -> None:
    assert phase_text(after(*events, folds=folds), None) == words


def test_time_left_is_said_where_it_is_known() -> None:
    progress = after(*fine_tuning_events())
    assert plain(phase_text(progress, 300.0)) == "Epoch 3 of 4 · 15 of 30 pictures · 5 min left"
    assert plain(short_text(progress)) == "Training Shapes · epoch 3 of 4 · 1 min left"
    assert short_text(progress, stopping=True) == "Training Shapes · stopping"
    assert short_text(after(ReadProgress(1, 2))) == "Training Shapes"


def test_the_best_so_far() -> None:
    assert best_text(after()) == ""
    words = "Best so far: epoch 2, which names 70.0 % of 6 pictures kept for validation rightly"
    assert plain(best_text(after(*fine_tuning_events()))) == words
    assert plain(best_text(after(FoldScore(0, 0, 0.9, 0.0, 8), epochs=0))) == (
        "So far 90.0 % of the held-out pictures are named rightly"
    )


def test_the_result_of_a_hold_out_is_of_pictures_never_seen() -> None:
    progress = after(*fine_tuning_events(), *ending_events()[:-1])
    assert plain(result_text(progress)) == "90 % of 40 pictures that it had never seen were named rightly."
    assert plain(result_facts(progress, 700.0)) == "stored as shapes · best after epoch 2 of 4 · took 12 min"


def test_the_result_of_folds_is_a_mean_with_its_spread() -> None:
    progress = after(*quick_events()[:-1], epochs=0, folds=5)
    words = "On average 96.0 % (± 4.9) of pictures that it had not learnt from were named rightly."
    assert plain(result_text(progress)) == words
    facts = "stored as shapes · measured on 5 parts, each held out in turn · took 35 s"
    assert plain(result_facts(progress, 35.0)) == facts


def test_a_result_that_nothing_measured_says_so() -> None:
    trained = quick_events()[-2]
    assert isinstance(trained, Trained)
    assert "no pictures were kept" in result_text(after(trained))


def test_perfect_is_said_of_a_perfect_score_alone() -> None:
    assert plain(result_text(after(measured(0.9999)))).startswith(">99 %")
    assert plain(result_text(after(measured(1.0)))).startswith("100 %")


def test_long_times() -> None:
    assert [plain(long_time_text(seconds)) for seconds in (0.2, 59.4, 59.6, 3569.0, 3571.0, 9000.0)] == [
        "1 s",
        "59 s",
        "1 min",
        "59 min",
        "1.0 h",
        "2.5 h",
    ]
