"""The controller of trainings: one at a time, surveys that give way, stopping, giving up, resuming."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from shape_pictures import draw
from training_makers import (
    FakeSurvey,
    FakeTraining,
    ending_events,
    fine_tuning_events,
    make_entry,
    make_epoch,
    make_request,
    quick_events,
)

from gui.training_controller import TrainingController, survey_in_child
from gui.training_progress import Phase
from gui.worker import JobRunner, Outcome
from model.cancel import CancelToken
from model.dataset import ReadProgress
from model.decode_limits import DecodeLimits
from model.errors import DatasetError
from model.survey_types import DatasetSurvey
from model.training_plan import run_folder
from model.training_types import Trained
from model.types import Problem
from model.weights import Catalogue

LIMITS = DecodeLimits()


class Ear:
    """Hears everything that a controller tells."""

    def __init__(self, controller: TrainingController) -> None:
        self.surveyed: list[object] = []
        self.faults: list[Problem | None] = []
        self.outcomes: list[Outcome] = []
        self.running: list[bool] = []
        self.progressed = 0
        controller.surveyed.connect(self.surveyed.append)
        controller.survey_failed.connect(self.faults.append)
        controller.ended.connect(self.outcomes.append)
        controller.running_changed.connect(self.running.append)
        controller.progressed.connect(self.count)

    def count(self) -> None:
        self.progressed += 1


@pytest.fixture
def survey() -> FakeSurvey:
    return FakeSurvey()


@pytest.fixture
def training() -> FakeTraining:
    return FakeTraining()


@pytest.fixture
def controller(
    qtbot: QtBot, tmp_path: Path, survey: FakeSurvey, training: FakeTraining
) -> Iterator[TrainingController]:
    runner = JobRunner("training")
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    catalogue = Catalogue(tmp_path / "data", tmp_path / "hub", shipped_dir=shipped)
    yield TrainingController(catalogue, runner, survey=survey, train=training)
    survey.gate.release(100)
    runner.shutdown()
    assert runner.wait(5000)


@pytest.fixture
def ear(controller: TrainingController) -> Ear:
    return Ear(controller)


def test_a_survey_tells_progress_and_what_was_found(
    qtbot: QtBot, controller: TrainingController, survey: FakeSurvey, ear: Ear
) -> None:
    controller.survey(Path("/shapes"), LIMITS)
    assert controller.surveying
    qtbot.waitUntil(lambda: ear.surveyed == [ReadProgress(21, 42)])
    survey.gate.release()
    qtbot.waitUntil(lambda: not controller.surveying)
    assert isinstance(ear.surveyed[-1], DatasetSurvey)
    assert ear.faults == []


def test_a_folder_that_cannot_be_used_is_told_with_its_problem(
    qtbot: QtBot, controller: TrainingController, survey: FakeSurvey, ear: Ear
) -> None:
    survey.result = DatasetError("train-few-classes", folder="x", count=1)
    controller.survey(Path("/x"), LIMITS)
    survey.gate.release()
    qtbot.waitUntil(lambda: bool(ear.faults))
    assert ear.faults[0] == survey.result.problem


def test_a_survey_with_a_bug_ends_without_a_problem(
    qtbot: QtBot, controller: TrainingController, survey: FakeSurvey, ear: Ear
) -> None:
    survey.result = ZeroDivisionError("a bug")
    controller.survey(Path("/x"), LIMITS)
    survey.gate.release()
    qtbot.waitUntil(lambda: ear.faults == [None])


def test_only_the_folder_chosen_last_is_heard_of(
    qtbot: QtBot, controller: TrainingController, survey: FakeSurvey, ear: Ear
) -> None:
    controller.survey(Path("/first"), LIMITS)
    qtbot.waitUntil(lambda: len(survey.asked) == 1)
    controller.survey(Path("/second"), LIMITS)
    survey.gate.release(2)
    qtbot.waitUntil(lambda: not controller.surveying)
    found = [value for value in ear.surveyed if isinstance(value, DatasetSurvey)]
    assert [one.root for one in found] == [Path("/second")]
    controller.survey(Path("/third"), LIMITS)
    controller.forget_survey()
    survey.gate.release()
    assert not controller.surveying


def test_a_training_from_start_to_end(
    qtbot: QtBot, controller: TrainingController, training: FakeTraining, ear: Ear
) -> None:
    request = make_request(epochs=4, folds=0)
    controller.start(request)
    assert controller.running
    training.give(*fine_tuning_events())
    qtbot.waitUntil(lambda: controller.progress is not None and controller.progress.phase is Phase.LEARNING)
    training.give(*ending_events())
    qtbot.waitUntil(lambda: bool(ear.outcomes))
    assert training.requests == [request]
    assert ear.outcomes == [Outcome()]
    assert ear.running == [True, False]
    assert controller.progress is not None
    assert controller.progress.trained == Trained(make_entry("shapes"), (), 0.0)
    assert controller.seconds > 0


def test_many_events_are_told_of_in_bunches(
    qtbot: QtBot, controller: TrainingController, training: FakeTraining, ear: Ear
) -> None:
    training.give(*(ReadProgress(done, 5000) for done in range(5000)), None)
    controller.start(make_request())
    qtbot.waitUntil(lambda: bool(ear.outcomes))
    assert controller.progress is not None
    assert controller.progress.done == 4999
    assert 0 < ear.progressed < 500


def test_there_is_one_training_at_a_time(
    qtbot: QtBot, controller: TrainingController, training: FakeTraining, ear: Ear
) -> None:
    controller.start(make_request("first"))
    controller.start(make_request("second"))
    training.give(*quick_events("first"))
    qtbot.waitUntil(lambda: not controller.running)
    assert [request.out for request in training.requests] == ["first"]
    assert len(ear.outcomes) == 1


def test_a_stop_lets_the_training_keep_its_best(
    qtbot: QtBot, controller: TrainingController, training: FakeTraining, ear: Ear
) -> None:
    training.at_stop = ending_events()[:-1]
    controller.start(make_request(epochs=4, folds=0))
    training.give(*fine_tuning_events())
    qtbot.waitUntil(lambda: controller.progress is not None and controller.progress.best is not None)
    controller.stop()
    assert controller.stopping
    qtbot.waitUntil(lambda: bool(ear.outcomes))
    assert not training.abandoned
    assert not controller.stopping
    assert controller.progress is not None
    assert controller.progress.trained is not None


def test_giving_up_ends_a_training_at_once_and_what_was_saved_can_go_on(
    qtbot: QtBot, controller: TrainingController, training: FakeTraining, ear: Ear
) -> None:
    controller.start(make_request(epochs=4, folds=0))
    training.give(make_epoch(1))
    qtbot.waitUntil(lambda: controller.progress is not None and controller.progress.best is not None)
    state = run_folder(controller.catalogue.data_dir, "shapes") / "final" / "state.pt"
    state.parent.mkdir(parents=True)
    state.touch()
    assert controller.unfinished(LIMITS) == []  # it is running
    controller.abandon()
    qtbot.waitUntil(lambda: bool(ear.outcomes))
    assert training.abandoned
    assert ear.outcomes == [Outcome(cancelled=True)]
    assert [request.out for request in controller.unfinished(LIMITS)] == ["shapes"]
    controller.discard("shapes")
    assert controller.unfinished(LIMITS) == []
    assert not state.exists()


def test_a_quick_training_leaves_nothing_to_resume(
    qtbot: QtBot, controller: TrainingController, training: FakeTraining, ear: Ear
) -> None:
    controller.start(make_request())
    training.give(DatasetError("train-few-classes", folder="x", count=1))
    qtbot.waitUntil(lambda: bool(ear.outcomes))
    assert ear.outcomes[0].problem is not None
    assert not list(controller.catalogue.data_dir.rglob("*.request.json"))


def test_folders_are_really_looked_at_in_a_child_process(tmp_path: Path, controller: TrainingController) -> None:
    for shape in ("disc", "square"):
        for seed in range(3):
            draw(tmp_path / "shapes" / shape / f"{seed}.png", shape, seed)
    told = list(survey_in_child(tmp_path / "shapes", LIMITS, controller.catalogue, CancelToken()))
    assert isinstance(told[0], ReadProgress)
    found = told[-1]
    assert isinstance(found, DatasetSurvey)
    assert [(one.name, one.count, len(one.samples)) for one in found.classes] == [("disc", 3, 3), ("square", 3, 3)]
    assert (controller.catalogue.data_dir / "cache").is_dir()


def test_a_training_takes_over_from_a_survey(
    qtbot: QtBot, controller: TrainingController, survey: FakeSurvey, training: FakeTraining, ear: Ear
) -> None:
    controller.survey(Path("/shapes"), LIMITS)
    qtbot.waitUntil(lambda: bool(survey.asked))
    controller.start(make_request())
    survey.gate.release()
    training.give(*quick_events())
    qtbot.waitUntil(lambda: bool(ear.outcomes))
    assert not any(isinstance(value, DatasetSurvey) for value in ear.surveyed)
