"""What a training tells, made into how far it is."""

import pytest
from training_makers import (
    SUMMARY,
    ending_events,
    fine_tuning_events,
    make_epoch,
    make_request,
    quick_events,
)

from gui.training_progress import Phase, TrainingProgress
from model.dataset import ReadProgress
from model.training_types import FeatureProgress, FoldScore, RunStarted, StepProgress


def after(*events: object, epochs: int = 4, folds: int = 0) -> TrainingProgress:
    progress = TrainingProgress(make_request(epochs=epochs, folds=folds))
    for event in events:
        progress.take(event)
    return progress


def test_it_starts_with_nothing_known() -> None:
    progress = after()
    assert (progress.phase, progress.share, progress.best, progress.epoch) == (Phase.STARTING, None, None, 0)


def test_reading_and_seeing_are_counted_by_picture() -> None:
    reading = after(ReadProgress(10, 40))
    assert (reading.phase, reading.share) == (Phase.READING, 0.25)
    seeing = after(ReadProgress(40, 40), SUMMARY, FeatureProgress(30, 40))
    assert (seeing.phase, seeing.share) == (Phase.SEEING, 0.75)
    assert seeing.summary == SUMMARY


def test_learning_counts_whole_epochs_and_the_part_of_the_present_one() -> None:
    progress = after(*fine_tuning_events(epochs=4, done=2))
    assert (progress.phase, progress.epoch, progress.seconds_left) == (Phase.LEARNING, 3, 61.0)
    assert progress.share == pytest.approx((2 + 0.5) / 4)


def test_time_left_goes_with_its_phase() -> None:
    assert after(*fine_tuning_events(), FeatureProgress(1, 2)).seconds_left is None


def test_the_best_epoch_is_the_last_one_that_was_called_so() -> None:
    progress = after(
        RunStarted(None, 30, 6, 6, 4, "CPU", "fp32"), make_epoch(1), make_epoch(2), make_epoch(3, best=False)
    )
    assert progress.best == make_epoch(2)
    assert progress.keeps_best


def test_a_fold_is_nothing_to_keep_and_the_next_begins_with_new_curves() -> None:
    progress = after(RunStarted(0, 30, 6, 6, 4, "CPU", "fp32"), make_epoch(1), folds=2)
    assert progress.best is not None
    assert not progress.keeps_best
    progress.take(FoldScore(0, 0, 0.9, 0.0, 6))
    progress.take(RunStarted(1, 30, 6, 6, 4, "CPU", "fp32"))
    assert progress.epochs == []
    assert progress.expected_scores == 2


def test_epochs_that_are_told_again_are_not_doubled() -> None:
    progress = after(make_epoch(1), make_epoch(2), make_epoch(1), make_epoch(2), make_epoch(3))
    assert [epoch.epoch for epoch in progress.epochs] == [1, 2, 3]


def test_between_two_epochs_pictures_are_counted_of_the_training_part() -> None:
    progress = after(RunStarted(None, 30, 6, 6, 4, "CPU", "fp32"), FeatureProgress(12, 12), make_epoch(1))
    assert (progress.phase, progress.done, progress.total) == (Phase.LEARNING, 0, 30)


def test_an_epoch_is_never_counted_beyond_the_last() -> None:
    run = RunStarted(None, 30, 6, 6, 2, "CPU", "fp32")
    progress = after(run, make_epoch(1, 2), make_epoch(2, 2), epochs=2)
    assert (progress.epoch, progress.share) == (2, 1.0)
    progress.take(StepProgress(None, 2, 2, 50, 30, None))
    assert progress.share == 1.0


def test_scores_have_mean_and_spread() -> None:
    progress = after(*quick_events()[:-1], epochs=0, folds=5)
    assert progress.mean_score == pytest.approx(0.96)
    assert progress.score_spread == pytest.approx(0.04899, abs=1e-5)
    assert (progress.done, progress.total) == (5, 5)
    assert progress.trained is not None


def test_one_score_has_no_spread() -> None:
    progress = after(FoldScore(0, 0, 0.9, 1e-3, 8), epochs=0, folds=5)
    assert (progress.mean_score, progress.score_spread, progress.share) == (0.9, None, 0.2)


def test_the_test_part_comes_last() -> None:
    progress = after(*fine_tuning_events(), *ending_events()[:-1])
    assert (progress.phase, progress.share) == (Phase.STORING, None)
    assert progress.test is not None


def test_what_is_none_of_its_business_is_left_alone() -> None:
    progress = after("something else", None)
    assert progress == TrainingProgress(make_request(epochs=4, folds=0))
