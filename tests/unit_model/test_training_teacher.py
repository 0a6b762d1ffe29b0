"""Teachers and backbones know nothing of the pictures by which the new network is judged."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_samples import (
    SMALL_PICTURES,
    TINY,
    is_epoch,
    network_request,
    own_set,
    stored_tensors,
    tint_folders,
    tiny_network,
    train,
    train_until,
)

from model import train_network
from model.cancel import Cancelled
from model.errors import DatasetError, WeightsError
from model.safe_files import file_sha256
from model.training_plan import Split, read_plan, run_folder
from model.training_teacher import find_teacher, make_teacher
from model.training_types import RunStarted, TrainRequest
from model.types import InstalledWeights
from model.weights import Catalogue

pytestmark = pytest.mark.usefixtures("one_thread")
SHORT = replace(TINY, epochs=1)
TAUGHT = replace(SHORT, teacher_size=32)


@pytest.fixture(scope="module")
def tints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tint_folders(tmp_path_factory.mktemp("tints"), {"red": 10, "blue": 10})


@pytest.fixture
def taught_by(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Id and digest of the teacher of each network that was trained, in order."""
    teachers: list[tuple[str, str]] = []
    make = train_network.make_teacher

    def spy(installed: InstalledWeights, *arguments: object) -> object:
        teachers.append((installed.weights.id, installed.sha256))
        return make(installed, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(train_network, "make_teacher", spy)
    return teachers


def refused(request: TrainRequest, catalogue: Catalogue) -> str:
    """The code of the refusal, which must come before anything is learnt."""
    with pytest.raises(DatasetError) as caught:
        train_until(request, catalogue, lambda event: isinstance(event, RunStarted))
    assert caught.value.remedy
    return caught.value.problem.code


def student(root: Path, **changes: object) -> TrainRequest:
    settings: dict[str, object] = {"teacher": "master", "recipe": TAUGHT, **changes}
    return network_request(root, "pupil", **settings)


# --- folds ---


def test_a_folds_student_has_the_teacher_of_the_same_fold(
    tints: Path, catalogue: Catalogue, taught_by: list[tuple[str, str]]
) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    train(student(tints, folds=2), catalogue)
    folder = run_folder(catalogue.data_dir, "master")
    assert taught_by == [
        ("master-fold-0", file_sha256(folder / "fold-0" / "network.safetensors")),
        ("master-fold-1", file_sha256(folder / "fold-1" / "network.safetensors")),
        ("master", catalogue.open("master").sha256),
    ]
    recipe = catalogue.entry("pupil").weights.recipe
    assert recipe["teachers"] == dict(taught_by)


@pytest.mark.parametrize("change", [{"seed": 1}, {"folds": 3}])
def test_folds_that_are_not_the_teachers_are_refused_before_anything_is_learnt(
    tints: Path, catalogue: Catalogue, change: dict[str, object]
) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    assert refused(student(tints, **{"folds": 2, **change}), catalogue) == "train-teacher-no-fold"


def test_a_fold_that_the_teacher_did_not_keep_is_refused_before_the_first_is_learnt(
    tints: Path, catalogue: Catalogue
) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    shutil.rmtree(run_folder(catalogue.data_dir, "master") / "fold-1")
    assert refused(student(tints, folds=2), catalogue) == "train-teacher-no-fold"
    trained, _ = train(student(tints, folds=2, only_folds=(0,), final=False), catalogue)
    assert [score.fold for score in trained.scores] == [0]


def test_a_refusal_leaves_an_unfinished_training_of_that_name_alone(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    with pytest.raises(Cancelled):
        train_until(student(tints, folds=2), catalogue, is_epoch(1, 0))
    kept = run_folder(catalogue.data_dir, "pupil") / "fold-0" / "state.pt"
    assert kept.exists()
    refused(student(tints, folds=3), catalogue)
    assert kept.exists()


def test_a_head_on_these_pictures_cannot_teach_a_fold(tints: Path, catalogue: Catalogue) -> None:
    own_set(catalogue, "own")
    train(network_request(tints, "master", backbone="own", folds=2, seeds=1, recipe=replace(TINY, epochs=0)), catalogue)
    assert refused(student(tints, folds=2), catalogue) == "train-teacher-no-fold"


# --- hold-out parts ---


def test_a_teacher_of_the_same_parts_may_teach(
    tints: Path, catalogue: Catalogue, taught_by: list[tuple[str, str]]
) -> None:
    train(network_request(tints, "master", recipe=SHORT), catalogue)
    train(student(tints), catalogue)
    assert [name for name, _ in taught_by] == ["master"]


@pytest.mark.parametrize("change", [{"seed": 3}, {"test_share": 0.3}, {"validation_share": 0.1}])
def test_a_teacher_of_other_parts_may_not(tints: Path, catalogue: Catalogue, change: dict[str, object]) -> None:
    train(network_request(tints, "master", recipe=SHORT), catalogue)
    assert refused(student(tints, **change), catalogue) == "train-teacher-knows"


def test_a_teacher_that_learnt_from_everything_may_not_either(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    assert refused(student(tints), catalogue) == "train-teacher-knows"


def test_what_the_stored_teacher_learnt_counts_not_a_later_unfinished_training(
    tints: Path, catalogue: Catalogue
) -> None:
    """It has seen everything; the run folder of its name says hold-out parts."""
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    with pytest.raises(Cancelled):
        train_until(
            network_request(tints, "master", recipe=SHORT, overwrite=True),
            catalogue,
            lambda event: isinstance(event, RunStarted),
        )
    assert read_plan(run_folder(catalogue.data_dir, "master"))["folds"] == 0
    assert refused(student(tints), catalogue) == "train-teacher-knows"


def test_where_nothing_is_held_out_any_teacher_may_teach(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    trained, _ = train(student(tints, validation_share=0.0, test_share=0.0), catalogue)
    assert trained.entry is not None


# --- teachers of other pictures ---


def test_a_teacher_of_other_pictures_is_taken_as_it_is(
    tints: Path, tmp_path: Path, catalogue: Catalogue, taught_by: list[tuple[str, str]]
) -> None:
    others = tint_folders(tmp_path / "others", {"red": 8, "blue": 8}, first_seed=300)
    train(network_request(others, "master", folds=2, recipe=SHORT), catalogue)
    train(student(tints, folds=2), catalogue)
    assert [name for name, _ in taught_by] == ["master"] * 3


def test_an_imported_teacher_is_taken_as_it_is(
    tints: Path, catalogue: Catalogue, taught_by: list[tuple[str, str]]
) -> None:
    own_set(catalogue, "master", classes=("blue", "red"))
    train(student(tints), catalogue)
    assert [name for name, _ in taught_by] == ["master"]


def test_a_teacher_of_other_classes_teaches_by_features(
    tints: Path, catalogue: Catalogue, taught_by: list[tuple[str, str]]
) -> None:
    """The built-in network knows 1,000 classes, none of them a tint."""
    recipe = replace(TAUGHT, teacher_size=64)
    train(student(tints, teacher="imagenet-lite2", recipe=recipe), catalogue)
    train(replace(student(tints, recipe=recipe), teacher=None, out="alone"), catalogue)
    assert [name for name, _ in taught_by] == ["imagenet-lite2"]
    taught, alone = stored_tensors(catalogue, "pupil"), stored_tensors(catalogue, "alone")
    assert not torch.equal(taught["conv1.0.weight"], alone["conv1.0.weight"])


def test_labels_and_features_of_the_teacher_both_count(tints: Path, catalogue: Catalogue) -> None:
    own_set(catalogue, "master", classes=("blue", "red"))
    recipes = {
        "none": replace(TAUGHT, soft_label_share=0.0, feature_weight=0.0),
        "labels": replace(TAUGHT, feature_weight=0.0),
        "hot": replace(TAUGHT, feature_weight=0.0, soft_label_temperature=8.0),
        "features": replace(TAUGHT, soft_label_share=0.0),
    }
    heads = {}
    for name, recipe in recipes.items():
        train(replace(student(tints, recipe=recipe), out=name), catalogue)
        heads[name] = stored_tensors(catalogue, name)["conv1.0.weight"].numpy().tobytes()
    train(replace(student(tints, recipe=recipes["none"]), teacher=None, out="alone"), catalogue)
    assert len(set(heads.values())) == 4
    assert heads["none"] == stored_tensors(catalogue, "alone")["conv1.0.weight"].numpy().tobytes()


def test_an_unknown_teacher_is_refused_before_any_picture_is_read(tints: Path, catalogue: Catalogue) -> None:
    with pytest.raises(WeightsError, match="nobody"):
        train_until(student(tints, teacher="nobody"), catalogue, lambda _event: True)


def test_a_damaged_network_of_a_fold_is_refused_in_words(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "master", folds=2, recipe=SHORT), catalogue)
    path = run_folder(catalogue.data_dir, "master") / "fold-0" / "network.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError):
        train(student(tints, folds=2), catalogue)


def test_the_teacher_looks_and_does_not_learn(catalogue: Catalogue) -> None:
    own_set(catalogue, "master", classes=("blue", "red"))
    teacher = make_teacher(catalogue.open("master"), tiny_network(), ("blue", "red"), torch.device("cpu"))
    pictures = torch.full((2, 3, 32, 32), 90.0)
    first = teacher.teach(pictures).logits
    second = teacher.teach(pictures).logits
    assert first is not None
    assert second is not None
    assert torch.equal(first, second)
    other = make_teacher(catalogue.open("master"), tiny_network(), ("red", "blue"), torch.device("cpu"))
    assert other.teach(pictures).logits is None


def test_what_was_not_made_by_a_training_knows_nothing(catalogue: Catalogue) -> None:
    own_set(catalogue, "master", preprocess=SMALL_PICTURES)
    plan: dict[str, object] = {"dataset_sha256": "a" * 64}
    split = Split(0, np.arange(3), np.arange(3, 4), np.arange(4, 6))
    assert find_teacher("master", catalogue, plan, split).weights.id == "master"


# --- backbones ---


def test_a_backbone_that_learnt_from_these_pictures_is_refused(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "first", folds=2, recipe=SHORT), catalogue)
    for change in ({}, {"folds": 2}, {"recipe": replace(SHORT, epochs=0), "folds": 2}):
        request = network_request(tints, "second", backbone="first", **{"recipe": SHORT, **change})
        assert refused(request, catalogue) == "train-backbone-knows"


def test_it_may_go_on_with_the_same_parts_or_with_none(tints: Path, catalogue: Catalogue) -> None:
    train(network_request(tints, "first", recipe=SHORT), catalogue)
    second = network_request(tints, "second", backbone="first", recipe=SHORT)
    train(second, catalogue)
    assert catalogue.entry("second").weights.recipe["kind"] == "fine-tuned"
    assert refused(replace(second, out="third", seed=1), catalogue) == "train-backbone-knows"
    train(replace(second, out="third", validation_share=0.0, test_share=0.0), catalogue)


def test_where_folders_name_the_parts_they_are_the_same_for_both(tmp_path: Path, catalogue: Catalogue) -> None:
    root = tint_folders(
        tmp_path / "parts",
        {"train/red": 6, "train/blue": 6, "val/red": 3, "val/blue": 3, "test/red": 3, "test/blue": 3},
    )
    train(network_request(root, "first", recipe=SHORT), catalogue)
    trained, _ = train(network_request(root, "second", backbone="first", folds=5, recipe=SHORT), catalogue)
    assert trained.entry is not None


def test_a_head_is_no_danger_for_its_backbone_learnt_nothing(tints: Path, catalogue: Catalogue) -> None:
    own_set(catalogue, "own")
    train(network_request(tints, "head", backbone="own", folds=2, seeds=1, recipe=replace(TINY, epochs=0)), catalogue)
    trained, _ = train(network_request(tints, "tuned", backbone="head", recipe=SHORT), catalogue)
    assert trained.entry is not None


def test_a_backbone_of_other_pictures_is_fine(tints: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    others = tint_folders(tmp_path / "others", {"red": 8, "green": 8}, first_seed=300)
    train(network_request(others, "first", folds=2, recipe=SHORT), catalogue)
    trained, _ = train(network_request(tints, "second", backbone="first", folds=2, recipe=SHORT), catalogue)
    assert trained.entry is not None
    assert trained.entry.weights.classes == ("blue", "red")
