"""Which pictures are learnt from and which judge, and when an unfinished training may be resumed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import make_image
from training_samples import TINY, network_request

from model.dataset import Dataset
from model.errors import DatasetError
from model.training_plan import (
    Split,
    check_request,
    claim_folder,
    everything,
    folds_of,
    forget_run,
    hold_out,
    make_plan,
    network_folder,
    read_plan,
    run_folder,
)
from model.training_types import TrainRequest

ROOT = Path("pictures")


def dataset_of(labels: list[int], parts: list[int] | None = None) -> Dataset:
    """Pictures that are no copies, of these classes and parts."""
    rng = np.random.default_rng(0)
    images = tuple(make_image(number, rng.normal(size=256), label) for number, label in enumerate(labels))
    return Dataset(ROOT, ("a", "b"), images, (), None if parts is None else np.array(parts, dtype=np.int8))


PLAIN = dataset_of([0] * 40 + [1] * 20)
# Pictures 0 and 1 are copies, and so are 2, 3 and 4, and 45 and 46.
GROUPS = np.arange(60)
GROUPS[1], GROUPS[3:5], GROUPS[46] = 0, 2, 45


def request_of(**changes: object) -> TrainRequest:
    return replace(network_request(ROOT), validation_share=0.2, test_share=0.2, **changes)  # type: ignore[arg-type]


def assert_apart(split: Split, groups: np.ndarray) -> None:
    """No picture, and no copy of one, is in two parts."""
    parts = [set(groups[part].tolist()) for part in (split.train, split.validation, split.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


# --- hold-out parts ---


@pytest.mark.parametrize("seed", range(5))
def test_hold_out_parts_are_everything_and_keep_copies_together(seed: int) -> None:
    split = hold_out(PLAIN, GROUPS, request_of(seed=seed))
    assert sorted([*split.train, *split.validation, *split.test]) == list(range(60))
    assert_apart(split, GROUPS)
    assert split.fold is None
    assert split.held_out.tolist() == [*split.validation, *split.test]
    for part in (split.validation, split.test):
        assert len(part) == pytest.approx(12, abs=2)
        assert (PLAIN.labels[part] == 1).sum() == pytest.approx(4, abs=1)


def test_the_seed_decides_on_the_parts() -> None:
    first, again, other = (hold_out(PLAIN, GROUPS, request_of(seed=seed)) for seed in (0, 0, 1))
    assert first.test.tolist() == again.test.tolist() != other.test.tolist()


def test_a_share_of_0_is_no_part() -> None:
    split = hold_out(PLAIN, GROUPS, replace(request_of(), validation_share=0.0))
    assert len(split.validation) == 0
    assert len(split.test) == pytest.approx(12, abs=2)


PARTS = [0] * 30 + [1] * 5 + [2] * 5 + [0] * 14 + [1] * 3 + [2] * 3


def test_parts_that_the_folders_name_are_taken_as_they_are() -> None:
    split = hold_out(dataset_of([0] * 40 + [1] * 20, PARTS), np.arange(60), request_of())
    assert split.train.tolist() == [*range(30), *range(40, 54)]
    assert split.validation.tolist() == [*range(30, 35), *range(54, 57)]
    assert split.test.tolist() == [*range(35, 40), *range(57, 60)]


def test_pictures_that_have_a_copy_in_a_part_that_judges_are_left_out() -> None:
    groups = np.arange(60)
    groups[35] = 3  # test and training
    groups[31] = 4  # validation and training
    groups[36] = 32  # test and validation
    split = hold_out(dataset_of([0] * 40 + [1] * 20, PARTS), groups, request_of())
    assert_apart(split, groups)
    assert set(range(60)) - {*split.train, *split.validation, *split.test} == {3, 4, 32}


def test_a_class_whose_training_pictures_all_judge_is_named() -> None:
    parts = [0] * 5 + [2] * 5 + [0] * 5 + [2] * 5
    groups = np.arange(20)
    groups[15:] = groups[10:15]
    with pytest.raises(DatasetError, match="class b") as caught:
        hold_out(dataset_of([0] * 10 + [1] * 10, parts), groups, request_of())
    assert caught.value.problem.code == "train-class-only-copies"


@pytest.mark.parametrize("missing", [1, 2])
def test_a_part_that_the_folders_do_not_name_is_taken_from_the_training_part(missing: int) -> None:
    there = 3 - missing
    parts = [part if part != missing else 0 for part in PARTS]
    groups = GROUPS.copy()
    split = hold_out(dataset_of([0] * 40 + [1] * 20, parts), groups, request_of())
    named, taken = (split.validation, split.test) if there == 1 else (split.test, split.validation)
    assert named.tolist() == [index for index, part in enumerate(PARTS) if part == there]
    assert len(taken) == pytest.approx(0.2 * (60 - 8), abs=3)
    assert_apart(split, groups)


# --- folds ---


@pytest.mark.parametrize("seed", range(3))
def test_every_picture_judges_in_one_fold_and_no_copy_of_it_is_learnt_from_there(seed: int) -> None:
    splits = list(folds_of(PLAIN, GROUPS, request_of(folds=4, seed=seed)))
    assert [split.fold for split in splits] == [0, 1, 2, 3]
    assert sorted(index for split in splits for index in split.test) == list(range(60))
    for split in splits:
        assert sorted([*split.train, *split.validation, *split.test]) == list(range(60))
        assert_apart(split, GROUPS)
        assert set(PLAIN.labels[split.validation]) == {0, 1}


def test_without_a_validation_share_a_fold_learns_from_all_but_its_test_part() -> None:
    for split in folds_of(PLAIN, GROUPS, replace(request_of(folds=3), validation_share=0.0)):
        assert len(split.validation) == 0
        assert len(split.train) + len(split.test) == 60


def test_wanted_folds_alone_come_once_each_as_they_are_among_all() -> None:
    every = list(folds_of(PLAIN, GROUPS, request_of(folds=4)))
    some = list(folds_of(PLAIN, GROUPS, request_of(folds=4, only_folds=(3, 1, 3))))
    assert [split.fold for split in some] == [3, 1]
    assert some[0].train.tolist() == every[3].train.tolist()
    assert some[1].validation.tolist() == every[1].validation.tolist()


def test_fewer_different_pictures_than_folds_are_refused() -> None:
    with pytest.raises(DatasetError, match="2 different pictures, too few for 3 folds"):
        list(folds_of(PLAIN, np.arange(60) // 30, request_of(folds=3)))


def test_everything_is_learnt_from_in_the_end() -> None:
    split = everything(PLAIN)
    assert split.train.tolist() == list(range(60))
    assert len(split.held_out) == 0


# --- requests ---


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"folds": 1}, "train-one-fold"),
        ({"folds": 3, "only_folds": (0, 3)}, "train-fold-unknown"),
        ({"folds": 0, "only_folds": (0,)}, "train-fold-unknown"),
        ({"validation_share": 0.6, "test_share": 0.4}, "train-nothing-to-learn-from"),
        ({"teacher": "one", "recipe": replace(TINY, epochs=0)}, "train-teacher-needs-epochs"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(DatasetError) as caught:
        check_request(replace(network_request(ROOT), **change))  # type: ignore[arg-type]
    assert caught.value.problem.code == code
    assert caught.value.remedy


def test_other_requests_are_fine() -> None:
    assert check_request(network_request(ROOT, folds=2, only_folds=(1, 0), teacher="one")) is None  # type: ignore[func-returns-value]


# --- plans ---


def plan_of(request: TrainRequest, groups: np.ndarray = GROUPS, backbone: str = "0" * 64) -> dict[str, object]:
    return make_plan(request, "f" * 64, groups, backbone)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"folds": 3},
        {"backbone": "resnet18"},
        {"teacher": "somebody"},
        {"test_share": 0.3},
        {"recipe": replace(TINY, mixup=0.1)},
    ],
)
def test_what_decides_about_the_network_is_in_the_plan(change: dict[str, object]) -> None:
    assert plan_of(request_of()) != plan_of(replace(request_of(), **change))  # type: ignore[arg-type]


def test_copies_and_the_backbones_file_are_in_the_plan() -> None:
    assert plan_of(request_of()) != plan_of(request_of(), groups=np.arange(60))
    assert plan_of(request_of()) != plan_of(request_of(), backbone="1" * 64)


@pytest.mark.parametrize(
    "change", [{"only_folds": (1,)}, {"final": False}, {"resume": True}, {"title": "x"}, {"overwrite": True}]
)
def test_what_does_not_is_not(change: dict[str, object]) -> None:
    assert plan_of(request_of()) == plan_of(request_of(**change))


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = plan_of(request_of())
    claim_folder(tmp_path / "run", plan, resume=False)
    assert read_plan(tmp_path / "run") == plan


def test_what_fits_the_plan_stays_and_nothing_else(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "mine")
    assert folder == tmp_path / "training" / "mine"
    claim_folder(folder, plan_of(request_of()), resume=True)
    (folder / "kept").touch()
    claim_folder(folder, plan_of(request_of()), resume=True)
    assert (folder / "kept").exists()
    with pytest.raises(DatasetError, match="training of mine was begun with something else: seed"):
        claim_folder(folder, plan_of(request_of(seed=4)), resume=True)
    assert (folder / "kept").exists()
    claim_folder(folder, plan_of(request_of(seed=4)), resume=False)
    assert not (folder / "kept").exists()
    assert read_plan(folder)["seed"] == 4


@pytest.mark.parametrize("content", ["", "no JSON", "[1]", "\udcff"])
def test_a_plan_that_cannot_be_read_is_not_taken_for_ones_own(tmp_path: Path, content: str) -> None:
    claim_folder(tmp_path / "run", plan_of(request_of()), resume=False)
    (tmp_path / "run" / "plan.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert read_plan(tmp_path / "run") == {}
    with pytest.raises(DatasetError, match="begun with something else"):
        claim_folder(tmp_path / "run", plan_of(request_of()), resume=True)


def a_file_in_the_way(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.rmdir()
    folder.parent.write_text("in the way")


def no_room(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where a folder should be")


@pytest.mark.parametrize("hindrance", [a_file_in_the_way, no_room])
def test_a_folder_that_cannot_be_written_is_told_of(tmp_path: Path, hindrance: Callable[[Path], None]) -> None:
    folder = tmp_path / "training" / "run"
    hindrance(folder)
    with pytest.raises(DatasetError) as caught:
        claim_folder(folder, plan_of(request_of()), resume=False)
    assert caught.value.problem.code == "train-state-not-saved"


def test_a_training_that_is_done_leaves_the_folds_or_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for fold in (0, 1, None):
        network_folder(folder, fold).mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({}))
    forget_run(folder, keep_folds=True)
    assert sorted(path.name for path in folder.iterdir()) == ["fold-0", "fold-1", "plan.json"]
    forget_run(folder, keep_folds=True)
    forget_run(folder, keep_folds=False)
    assert not folder.exists()


def test_what_cannot_be_removed_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    folder.mkdir()

    def fail(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", fail)
    forget_run(folder, keep_folds=False)
    assert folder.exists()
