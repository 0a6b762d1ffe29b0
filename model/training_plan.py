"""Which pictures a training learns from and which it is judged by, and whether an unfinished one fits the request."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.copies import leaking
from model.dataset import Dataset
from model.dataset_layout import TEST, TRAINING, VALIDATION
from model.errors import DatasetError
from model.names import display_name
from model.safe_files import write_atomically
from model.splits import grouped_folds, grouped_split
from model.training_card import as_json
from model.training_types import TrainRequest

log = logging.getLogger(__name__)

PLAN_NAME = "plan.json"
FINAL_NAME = "final"
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Pictures by index. `fold` is None for hold-out parts and for the last training, on everything."""

    fold: int | None
    train: Indices
    validation: Indices
    test: Indices

    @property
    def held_out(self) -> Indices:
        """The pictures that nothing is learnt from: validation, then test."""
        return np.concatenate([self.validation, self.test])


def check_request(request: TrainRequest) -> None:
    """Raise DatasetError for what no pictures could fulfil: one fold, folds that are not there, parts of more than all.

    And for a teacher without epochs, for a linear head has none.
    """
    if request.folds == 1:
        raise DatasetError("train-one-fold")
    for fold in request.only_folds:
        if fold >= request.folds:
            raise DatasetError("train-fold-unknown", fold=fold, folds=request.folds)
    if request.validation_share + request.test_share >= 1:
        raise DatasetError("train-nothing-to-learn-from")
    if request.teacher is not None and not request.recipe.epochs:
        raise DatasetError("train-teacher-needs-epochs", teacher=display_name(request.teacher))


def hold_out(dataset: Dataset, groups: Indices, request: TrainRequest) -> Split:
    """Return the parts that the folders name, else parts by the request's shares, stratified, copies kept together.

    Of the folders' parts, training and validation pictures that have a copy in a part that judges are left out. A
    validation or test part that the folders do not have is taken from their training part, by the request's shares.
    Raises DatasetError when a class cannot be divided, or has nothing left to learn from.
    """
    if dataset.parts is None:
        validation, test = request.validation_share, request.test_share
        shares = (1 - validation - test, validation, test)
        parts = grouped_split(dataset.labels, groups, shares, request.seed, classes=dataset.classes)
    else:
        parts = dataset.parts.astype(np.intp)
        leaks = leaking(dataset, groups)
        if leaks.any():
            log.warning("%d pictures are left out: they have copies in a part that judges", leaks.sum())
        parts[leaks] = -1
        counts = np.bincount(dataset.labels[parts == TRAINING], minlength=len(dataset.classes))
        if (counts == 0).any():
            raise DatasetError("train-class-only-copies", name=dataset.classes[int(counts.argmin())])
        _fill_missing(parts, dataset, groups, request)
    return Split(None, *(np.flatnonzero(parts == part) for part in (TRAINING, VALIDATION, TEST)))


def _fill_missing(parts: Indices, dataset: Dataset, groups: Indices, request: TrainRequest) -> None:
    """Divide the training part further, in place, where validation or test would be empty."""
    wanted = ((VALIDATION, request.validation_share), (TEST, request.test_share))
    validation, test = (0.0 if (parts == part).any() else share for part, share in wanted)
    if validation + test > 0:
        train = np.flatnonzero(parts == TRAINING)
        shares = (1 - validation - test, validation, test)
        parts[train] = grouped_split(
            dataset.labels[train], groups[train], shares, request.seed, classes=dataset.classes
        )


def folds_of(dataset: Dataset, groups: Indices, request: TrainRequest) -> Iterator[Split]:
    """Yield the grouped folds that the request wants, each with a validation part inside its training part."""
    distinct = len(np.unique(groups))
    if distinct < request.folds:
        raise DatasetError("train-too-few-for-folds", count=distinct, folds=request.folds)
    fold_of = grouped_folds(dataset.labels, groups, request.folds, request.seed)
    for fold in dict.fromkeys(request.only_folds) or range(request.folds):
        outside, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        if request.validation_share == 0:
            yield Split(fold, outside, outside[:0], test)
            continue
        shares = (1 - request.validation_share, request.validation_share)
        inner = grouped_split(dataset.labels[outside], groups[outside], shares, request.seed, classes=dataset.classes)
        yield Split(fold, outside[inner == 0], outside[inner == 1], test)


def everything(dataset: Dataset) -> Split:
    """Return the split that learns from all pictures."""
    none = np.empty(0, dtype=np.intp)
    return Split(None, np.arange(len(dataset.images)), none, none)


def run_folder(data_dir: Path, weights_id: str) -> Path:
    """Return where the state of a training lies until it is done, and the networks of its folds after that."""
    return data_dir / "training" / weights_id


def make_plan(request: TrainRequest, fingerprint: str, groups: Indices, backbone_digest: str) -> dict[str, object]:
    """Return all that decides about the result, as JSON data: equal plans give equal networks.

    Which folds are wanted, and whether the last network is, do not belong to it: folds may be trained one by one.
    """
    return {
        "dataset_sha256": fingerprint,
        "groups_sha256": hashlib.sha256(groups.astype(np.int64).tobytes()).hexdigest(),
        "backbone": request.backbone,
        "backbone_sha256": backbone_digest,
        "teacher": request.teacher,
        "folds": request.folds,
        "seed": request.seed,
        "validation_share": request.validation_share,
        "test_share": request.test_share,
        "recipe": as_json(asdict(request.recipe)),
    }


def claim_folder(folder: Path, plan: dict[str, object], *, resume: bool) -> None:
    """Make the folder ready: with `resume` what fits the plan stays, otherwise it is emptied.

    Raises DatasetError when what is there to resume was made by another plan, naming the first difference, and when
    the folder cannot be written.
    """
    try:
        if resume and (folder / PLAN_NAME).is_file():
            before = read_plan(folder)
            different = sorted(key for key in plan.keys() | before.keys() if plan.get(key) != before.get(key))
            if different:
                raise DatasetError("train-resume-differs", name=display_name(folder.name), field=different[0])
            return
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        write_atomically(folder / PLAN_NAME, json.dumps(plan, indent=2).encode())
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DatasetError("train-state-not-saved", folder=display_name(folder), reason=reason) from exc


def forget_run(folder: Path, *, keep_folds: bool) -> None:
    """Remove what only an unfinished training needs. The networks of folds stay where they may be needed to teach.

    What cannot be removed is logged and left.
    """
    target = folder / FINAL_NAME if keep_folds else folder
    try:
        shutil.rmtree(target)
    except FileNotFoundError:
        log.debug("%s is gone already", display_name(target))
    except OSError as exc:
        log.warning("%s could not be removed: %s", display_name(target), exc)


def network_folder(folder: Path, fold: int | None) -> Path:
    """Return where in a run folder one network lies: that of a fold, or (None) the one that is stored in the end."""
    return folder / (FINAL_NAME if fold is None else f"fold-{fold}")


def read_plan(folder: Path) -> dict[str, object]:
    """Return the plan of a run folder; empty when there is none or it cannot be read."""
    try:
        plan = json.loads((folder / PLAN_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return plan if isinstance(plan, dict) else {}
