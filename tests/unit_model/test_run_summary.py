"""Counting what came of a run."""

from dataclasses import replace
from pathlib import Path

from fakes import make_result, make_weights

from model.cli_summary import summary_lines
from model.run_summary import Failure, RunSummary, RunTally, joined
from model.types import ImageResult, Problem, ResultBatch

WEIGHTS = make_weights()


def made(problem: Problem | None = None, *, unsure: bool | None = None) -> ImageResult:
    return replace(make_result(Path("a.png"), WEIGHTS, 0.9, unsure=unsure), problem=problem)


def test_everything_is_counted() -> None:
    tally = RunTally()
    tally.add(ResultBatch((made(), made(unsure=True), made(Problem("image-empty")), made(unsure=False))))
    tally.add(ResultBatch((made(), made(Problem("image-empty"))), recalled=True))
    summary = tally.summary(2.0)
    assert summary == RunSummary(6, (Failure(Problem("image-empty"), 2),), 1, 2, 2.0)
    assert (summary.errors, summary.computed, summary.per_second) == (2, 4, 2.0)


def test_reasons_are_told_by_kind_the_most_frequent_first() -> None:
    tally = RunTally()
    large = [Problem("image-too-large", (("megapixels", size), ("limit", 260))) for size in (300, 500)]
    tally.add(ResultBatch((made(Problem("image-empty", detail="one")), made(large[0]), made(large[1]))))
    first, second = tally.summary(1.0).failures
    assert first == Failure(Problem("image-too-large", (("megapixels", "…"), ("limit", 260))), 2)
    assert second == Failure(Problem("image-empty"), 1)


def test_two_runs_become_one() -> None:
    first = RunSummary(3, (Failure(Problem("image-empty"), 1),), 1, 2, 1.5, cancelled=True)
    then = RunSummary(5, (Failure(Problem("image-empty"), 1), Failure(Problem("image-damaged"), 3)), 0, 1, 2.0)
    both = joined(first, then)
    failures = (Failure(Problem("image-damaged"), 3), Failure(Problem("image-empty"), 2))
    assert both == RunSummary(8, failures, 1, 3, 3.5)


def test_the_command_line_says_all_of_it() -> None:
    failures = (Failure(Problem("image-truncated"), 2), Failure(Problem("image-empty"), 1))
    summary = RunSummary(1204, failures, 12, 40, 72.4)
    assert list(summary_lines(summary, 1300, calibrated=True)) == [
        "1,204 of 1,300 pictures: 1,201 classified (12 unsure), 3 failed, 40 known from earlier runs, 96 pending; "
        "16.1 images/s in 1 min 12 s",
        "  failed: 2 - the file ends too early",
        "  failed: 1 - the file is empty",
    ]
    assert list(summary_lines(RunSummary(3, seconds=0.1), 3, calibrated=False)) == [
        "3 of 3 pictures: 3 classified, 0 failed; 30.0 images/s"
    ]
