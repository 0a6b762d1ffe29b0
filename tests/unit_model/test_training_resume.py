"""A training that was stopped goes on, and ends as if it never had been; what is saved is whole."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from training_samples import (
    SMALL_PICTURES,
    TINY,
    assert_equal,
    events_of,
    fine_tuning,
    is_epoch,
    network_request,
    run,
    stored_tensors,
    tint_folders,
    tiny_network,
    train,
    train_until,
    without_seconds,
)

from model import training_state
from model.cancel import Cancelled
from model.distillation import Teacher
from model.errors import DatasetError
from model.fine_tuning import NormaliseFloat
from model.training_state import load_state
from model.training_types import EpochDone, FoldScore, RunStarted
from model.weights import Catalogue

pytestmark = pytest.mark.usefixtures("one_thread")

VARIANTS: dict[str, dict[str, object]] = {
    "adamw": {},
    "sgd": {"optimiser": "sgd", "learning_rate": 0.05},
    "average": {"ema_decay": 0.8},
    "mixup and augmentation": {"mixup": 0.4, "rand_augment": 7},
    "larger crops later": {"sizes": (32, 48)},
}


def teacher_for(student: nn.Module) -> Teacher:
    normalise = NormaliseFloat(SMALL_PICTURES)
    return Teacher(tiny_network(seed=5).eval().requires_grad_(False), normalise, student, same_classes=True)


def with_teacher() -> dict[str, object]:
    student = tiny_network()
    return {"network": student, "teacher": teacher_for(student), "teacher_size": 32}


@pytest.mark.parametrize("stopped_after", [1, 2])
@pytest.mark.parametrize("variant", [*VARIANTS, "teacher", "teacher and average"])
def test_a_resumed_training_ends_as_an_unbroken_one(tmp_path: Path, variant: str, stopped_after: int) -> None:
    recipe = replace(TINY, **VARIANTS.get(variant, {}))  # type: ignore[arg-type]
    changes: Callable[[], dict[str, object]] = with_teacher if "teacher" in variant else dict
    if variant == "teacher and average":
        recipe = replace(recipe, ema_decay=0.8)
    whole = fine_tuning(tmp_path / "whole", recipe, **changes())
    run(whole)
    run(fine_tuning(tmp_path / "broken", recipe, **changes()), until=stopped_after)
    torch.manual_seed(stopped_after)  # another process has its generator elsewhere
    resumed = fine_tuning(tmp_path / "broken", recipe, **changes())
    told = run(resumed, resume=True)
    assert [epoch.epoch for epoch in told] == [1, 2, 3]
    assert without_seconds(resumed.history) == without_seconds(whole.history)
    assert resumed.best_epoch == whole.best_epoch
    assert_equal(resumed.best_network().state_dict(), whole.best_network().state_dict())
    states = [torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("whole", "broken")]
    first, second = (state["tensors"]["optimiser"]["state"] for state in states)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[i][key], second[i][key]) for i in first for key in first[i] if key != "step")


def test_a_training_that_had_ended_is_only_told_of_again(tmp_path: Path) -> None:
    first = fine_tuning(tmp_path)
    epochs = run(first)
    again = fine_tuning(tmp_path)
    assert run(again, resume=True) == epochs
    assert_equal(again.best_network().state_dict(), first.best_network().state_dict())


def test_patience_counts_epochs_before_the_interruption(tmp_path: Path) -> None:
    recipe = replace(TINY, epochs=9, patience=2)
    labels = torch.arange(24) % 2
    labels[:8] = 1 - labels[:8]
    whole = run(fine_tuning(tmp_path / "whole", recipe, labels=labels))
    run(fine_tuning(tmp_path / "broken", recipe, labels=labels), until=len(whole) - 1)
    resumed = run(fine_tuning(tmp_path / "broken", recipe, labels=labels), resume=True)
    assert without_seconds(tuple(resumed)) == without_seconds(tuple(whole))
    assert len(run(fine_tuning(tmp_path / "broken", recipe, labels=labels), resume=True)) == len(whole)


def test_without_resuming_it_begins_anew(tmp_path: Path) -> None:
    run(fine_tuning(tmp_path), until=1)
    tuning = fine_tuning(tmp_path)
    assert run(tuning, until=1)[0].seconds == tuning.history[0].seconds
    assert len(tuning.history) == 1


# --- what is saved ---


def test_a_missing_state_begins_anew(tmp_path: Path) -> None:
    tuning = fine_tuning(tmp_path)
    assert len(run(tuning, resume=True)) == 3


@pytest.mark.parametrize("name", ["state.pt", "best-1.pt"])
@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "other data", "gone"])
def test_a_damaged_file_begins_anew_instead_of_ending_it(tmp_path: Path, name: str, damage: str) -> None:
    first = run(fine_tuning(tmp_path), until=1)
    file = tmp_path / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "other data":
        torch.save([1, 2, 3] if name == "state.pt" else {"a": object}, file)
    else:
        file.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "garbage": b"\x80\x04no"}[damage])
    assert load_state(tmp_path) is None
    tuning = fine_tuning(tmp_path)
    assert without_seconds(tuple(run(tuning, resume=True, until=1))) == without_seconds(tuple(first))
    assert load_state(tmp_path) is not None


def test_a_state_that_would_run_code_is_not_read(tmp_path: Path) -> None:
    run(fine_tuning(tmp_path), until=1)

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "touched",)

    torch.save({"epoch": Evil()}, tmp_path / "state.pt")
    assert load_state(tmp_path) is None
    assert not (tmp_path / "touched").exists()


def full_disk(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("fails_at", ["best-2.pt", "state.pt"])
@pytest.mark.parametrize("kind", ["write", "rename"])
def test_a_full_disk_is_told_of_and_the_earlier_state_stays_of_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str, kind: str
) -> None:
    whole = fine_tuning(tmp_path / "whole")
    run(whole)
    folder = tmp_path / "broken"
    run(fine_tuning(folder), until=1)
    saved = (folder / "state.pt").read_bytes()
    real_save, real_replace = torch.save, training_state.replace_durably

    def save(data: object, handle: object) -> None:
        if kind == "write" and fails_at in str(getattr(handle, "name", "")):
            full_disk()
        real_save(data, handle)  # type: ignore[arg-type]

    def replace_durably(temporary: Path, target: Path) -> None:
        if kind == "rename" and target.name == fails_at:
            full_disk()
        real_replace(temporary, target)

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", save)
        patched.setattr(training_state, "replace_durably", replace_durably)
        with pytest.raises(DatasetError, match="No space left on device") as caught:
            run(fine_tuning(folder), resume=True)
    assert caught.value.problem.code == "train-state-not-saved"
    assert "resume" in caught.value.remedy
    assert (folder / "state.pt").read_bytes() == saved
    assert [path.name for path in folder.glob(".*")] == []
    resumed = fine_tuning(folder)
    run(resumed, resume=True)
    assert_equal(resumed.best_network().state_dict(), whole.best_network().state_dict())
    assert len(list(folder.glob("best-*"))) == 1


def test_a_crash_between_the_best_network_and_the_state_leaves_the_earlier_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fine_tuning(tmp_path / "whole")
    run(whole)
    folder = tmp_path / "broken"
    run(fine_tuning(folder), until=1)

    def crash(temporary: Path, target: Path) -> None:
        if target.name == "state.pt":
            raise KeyboardInterrupt  # nothing that the program would catch
        temporary.replace(target)

    with monkeypatch.context() as patched:
        patched.setattr(training_state, "replace_durably", crash)
        with pytest.raises(KeyboardInterrupt):
            run(fine_tuning(folder), resume=True)
    assert (folder / "best-2.pt").exists()
    state = load_state(folder)
    assert state is not None
    assert (state.epoch, state.best_epoch) == (1, 1)
    resumed = fine_tuning(folder)
    run(resumed, resume=True)
    assert_equal(resumed.best_network().state_dict(), whole.best_network().state_dict())


# --- whole trainings ---


@pytest.fixture(scope="module")
def tints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tint_folders(tmp_path_factory.mktemp("tints"), {"red": 12, "blue": 12})


def figures(catalogue: Catalogue, name: str) -> dict[str, object]:
    """All that a card says, but for its name, and what is another time each time."""
    weights = catalogue.entry(name).weights
    recipe = dict(weights.recipe)
    recipe.pop("seconds")
    recipe.pop("trained_at")
    recipe["epochs"] = [{**epoch, "seconds": 0} for epoch in recipe["epochs"]]  # type: ignore[attr-defined]
    return {
        "accuracy": weights.accuracy,
        "calibration": weights.calibration,
        "recipe": recipe,
        "classes": weights.classes,
    }


def test_folds_that_are_done_are_not_trained_again_and_the_set_is_the_same(tints: Path, catalogue: Catalogue) -> None:
    """Stopped in the second fold, then in the last training, on everything."""
    request = network_request(tints, "whole", folds=2, recipe=replace(TINY, epochs=2, ema_decay=0.5))
    train(request, catalogue)
    request = replace(request, out="broken")
    with pytest.raises(Cancelled):
        train_until(request, catalogue, is_epoch(1, 1))
    request = replace(request, resume=True)
    with pytest.raises(Cancelled):
        train_until(request, catalogue, lambda event: isinstance(event, FoldScore) and event.fold == 1)
    trained, events = train(request, catalogue)
    assert [event.fold for event in events_of(RunStarted, events)] == [None]
    assert [score.fold for score in trained.scores] == [0, 1]
    assert_equal(stored_tensors(catalogue, "broken"), stored_tensors(catalogue, "whole"))
    assert figures(catalogue, "broken") == figures(catalogue, "whole")


def test_teachers_of_folds_that_were_done_before_are_on_the_card_too(tints: Path, catalogue: Catalogue) -> None:
    recipe = replace(TINY, epochs=1)
    train(network_request(tints, "master", folds=2, recipe=recipe), catalogue)
    request = network_request(tints, "whole", folds=2, recipe=recipe, teacher="master")
    train(request, catalogue)
    request = replace(request, out="broken")
    with pytest.raises(Cancelled):
        train_until(request, catalogue, lambda event: isinstance(event, FoldScore) and event.fold == 1)
    train(replace(request, resume=True), catalogue)
    assert figures(catalogue, "broken") == figures(catalogue, "whole")
    teachers = catalogue.entry("broken").weights.recipe["teachers"]
    assert isinstance(teachers, dict)
    assert list(teachers) == ["master-fold-0", "master-fold-1", "master"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": 1}, "seed"),
        ({"recipe": replace(TINY, epochs=4)}, "recipe"),
        ({"validation_share": 0.3}, "validation_share"),
        ({"backbone": "torchvision:resnet18"}, "backbone"),
        ({"folds": 2}, "folds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unfinished_training_is_not_resumed_with_other_settings(
    tints: Path, catalogue: Catalogue, change: dict[str, object], field: str
) -> None:
    request = network_request(tints, resume=True)
    (catalogue.data_dir / "training").mkdir(parents=True)
    with pytest.raises(Cancelled):
        train_until(request, catalogue, lambda event: isinstance(event, RunStarted))
    with pytest.raises(DatasetError, match="begun with something else") as caught:
        train(replace(request, **change), catalogue)  # type: ignore[arg-type]
    assert caught.value.problem.code == "train-resume-differs"
    assert ("field", field) in caught.value.problem.params


def test_more_pictures_are_another_training(tmp_path: Path, catalogue: Catalogue) -> None:
    root = tint_folders(tmp_path / "data", {"red": 10, "blue": 10})
    request = network_request(root, resume=True)
    with pytest.raises(Cancelled):
        train_until(request, catalogue, lambda event: isinstance(event, RunStarted))
    tint_folders(root, {"more/red": 1}, first_seed=500)
    (root / "more" / "red" / "0.png").rename(root / "red" / "new.png")
    for folder in (root / "more" / "red", root / "more"):
        folder.rmdir()
    with pytest.raises(DatasetError, match="dataset_sha256"):
        train(request, catalogue)


def test_without_resuming_what_was_unfinished_is_thrown_away(tints: Path, catalogue: Catalogue) -> None:
    request = network_request(tints, folds=2, recipe=replace(TINY, epochs=2))
    with pytest.raises(Cancelled):
        train_until(request, catalogue, is_epoch(1, 0))
    _, events = train(request, catalogue)
    assert [(event.fold, event.epoch) for event in events_of(EpochDone, events)] == [
        (fold, epoch) for fold in (0, 1, None) for epoch in (1, 2)
    ]
