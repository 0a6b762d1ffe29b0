"""Trainings that did not come to their end: what was asked for, so that they can go on without being asked again."""

import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from model.decode_limits import DecodeLimits
from model.safe_files import write_atomically
from model.training_plan import run_folder
from model.training_types import Recipe, TrainRequest

log = logging.getLogger(__name__)

_SUFFIX = ".request.json"
_KEPT = ("out", "backbone", "teacher", "folds", "seeds", "seed", "validation_share", "test_share", "title")
# What `model.training_state` and `model.training_outcome` leave where something is worth going on from.
_SIGNS = ("*/state.pt", "*/outcome.json")


def note_started(data_dir: Path, request: TrainRequest) -> None:
    """Write down what was asked for; a folder that cannot be written is logged, and the training cannot be resumed."""
    data = {
        "root": os.fsencode(request.root).decode("utf-8", "surrogateescape"),
        "dataset_name": request.dataset_name,
        "recipe": asdict(request.recipe),
        **{name: getattr(request, name) for name in _KEPT},
    }
    path = _file(data_dir, request.out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(data, indent=1).encode())
    except OSError as exc:
        log.warning("the training %s cannot be resumed later: %s", request.out, exc)


def note_ended(data_dir: Path, weights_id: str, *, finished: bool) -> None:
    """Forget what was asked for, unless the training can go on; the folds' networks stay, for they may teach others."""
    if finished or not _has_saved(run_folder(data_dir, weights_id)):
        _remove(_file(data_dir, weights_id))


def discard(data_dir: Path, weights_id: str) -> None:
    """Delete what an unfinished training has saved."""
    _remove(_file(data_dir, weights_id))
    shutil.rmtree(run_folder(data_dir, weights_id), ignore_errors=True)


def unfinished_trainings(data_dir: Path, limits: DecodeLimits) -> list[TrainRequest]:
    """Return the trainings that have saved something and can go on, by id."""
    found = []
    for path in sorted((data_dir / "training").glob(f"*{_SUFFIX}")):
        request = _read(path)
        if request is not None and _has_saved(run_folder(data_dir, request.out)):
            found.append(replace(request, limits=limits, resume=True))
    return found


def _has_saved(folder: Path) -> bool:
    return any(True for sign in _SIGNS for _ in folder.glob(sign))


def _read(path: Path) -> TrainRequest | None:
    try:
        data = json.loads(path.read_bytes())
        recipe = data["recipe"]
        return TrainRequest(
            root=Path(os.fsdecode(data["root"].encode("utf-8", "surrogateescape"))),
            recipe=_recipe(recipe),
            dataset_name=data["dataset_name"],
            **{name: data[name] for name in _KEPT},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        log.warning("what was asked for in %s cannot be read: %s", path, exc)
        return None


def _recipe(data: Mapping[str, object]) -> Recipe:
    sizes = data["sizes"]
    if not isinstance(sizes, list):
        raise TypeError("sizes")
    return Recipe(**{**data, "sizes": tuple(sizes)})  # type: ignore[arg-type]


def _file(data_dir: Path, weights_id: str) -> Path:
    return data_dir / "training" / f"{weights_id}{_SUFFIX}"


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        log.warning("%s cannot be removed: %s", path, exc)
