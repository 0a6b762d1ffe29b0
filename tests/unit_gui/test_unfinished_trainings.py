"""Trainings that were interrupted can go on with what was asked for; those with nothing to go on from cannot."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
from training_makers import make_request

from gui.unfinished_trainings import discard, note_ended, note_started, unfinished_trainings
from model.decode_limits import DecodeLimits
from model.training_plan import run_folder
from model.training_types import Recipe, TrainRequest

LIMITS = DecodeLimits(pixels=9)


def save_something(data_dir: Path, weights_id: str = "shapes", name: str = "state.pt") -> Path:
    file = run_folder(data_dir, weights_id) / "final" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"state")
    return file


def full_request(root: Path) -> TrainRequest:
    return replace(
        make_request(root=root, folds=3),
        backbone="torchvision:resnet18",
        teacher="other",
        recipe=Recipe(epochs=9, unfreeze=2, sizes=(64, 96), learning_rate=0.5),
        seed=4,
        dataset_name="The shapes",
    )


@pytest.mark.parametrize("name", ["state.pt", "outcome.json"])
def test_an_interrupted_training_is_offered_with_all_that_was_asked_for(tmp_path: Path, name: str) -> None:
    request = full_request(Path(os.fsdecode(b"/pictures/caf\xe9")))
    note_started(tmp_path, request)
    save_something(tmp_path, name=name)
    assert unfinished_trainings(tmp_path, LIMITS) == [replace(request, limits=LIMITS, resume=True)]


def test_one_that_has_saved_nothing_yet_is_not_offered_but_not_forgotten(tmp_path: Path) -> None:
    note_started(tmp_path, make_request(epochs=3))
    assert unfinished_trainings(tmp_path, LIMITS) == []
    save_something(tmp_path)
    assert len(unfinished_trainings(tmp_path, LIMITS)) == 1


def test_the_end_of_a_training_is_the_end_of_the_offer(tmp_path: Path) -> None:
    note_started(tmp_path, make_request(epochs=3))
    file = save_something(tmp_path)
    note_ended(tmp_path, "shapes", finished=True)
    assert unfinished_trainings(tmp_path, LIMITS) == []
    assert file.exists()


def test_a_failed_training_is_forgotten_only_when_it_left_nothing(tmp_path: Path) -> None:
    note_started(tmp_path, make_request("early", epochs=3))
    note_started(tmp_path, make_request("late", epochs=3))
    save_something(tmp_path, "late")
    note_ended(tmp_path, "early", finished=False)
    note_ended(tmp_path, "late", finished=False)
    save_something(tmp_path, "early")
    assert [request.out for request in unfinished_trainings(tmp_path, LIMITS)] == ["late"]


def test_discarding_deletes_what_was_saved(tmp_path: Path) -> None:
    note_started(tmp_path, make_request(epochs=3))
    file = save_something(tmp_path)
    discard(tmp_path, "shapes")
    assert not file.exists()
    assert unfinished_trainings(tmp_path, LIMITS) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"root": 1}', '{"root": "/a", "recipe": {"sizes": 1}}'])
def test_a_file_that_makes_no_sense_is_left_out(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    save_something(tmp_path)
    (tmp_path / "training" / "shapes.request.json").write_text(text)
    assert unfinished_trainings(tmp_path, LIMITS) == []
    assert "cannot be read" in caplog.text


def test_where_nothing_can_be_written_training_goes_on_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "training").write_text("a file in the way")
    note_started(tmp_path, make_request(epochs=3))
    assert "cannot be resumed later" in caplog.text


def test_without_any_training_there_is_nothing(tmp_path: Path) -> None:
    assert unfinished_trainings(tmp_path / "nowhere", LIMITS) == []
