"""What an interrupted training needs to go on, in one file that is whole or not there. Imports torch."""

import logging
import os
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from model.errors import DatasetError
from model.names import display_name
from model.training_types import EpochDone

log = logging.getLogger(__name__)

STATE_NAME = "state.pt"
_BEST_PREFIX = "best-"
StateDict = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A training after `epoch` epochs. `tensors` is what torch objects call their state dicts, by name."""

    epoch: int
    tensors: dict[str, object]
    history: tuple[EpochDone, ...]
    best_epoch: int
    best_loss: float | None


def save_state(folder: Path, state: TrainingState, best: StateDict | None) -> None:
    """Write the state, and first the best network if this epoch made it; then remove the one before.

    Raises DatasetError when it cannot be written; the state of the epoch before then still stands.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if best is not None:
            _write(best_file(folder, state.epoch), best)
        _write(folder / STATE_NAME, {**asdict(state), "history": [asdict(epoch) for epoch in state.history]})
        for file in folder.glob(f"{_BEST_PREFIX}*.pt"):
            if file != best_file(folder, state.best_epoch):
                file.unlink()
    except (OSError, RuntimeError) as exc:  # torch tells of a full disk by a RuntimeError
        raise DatasetError("train-state-not-saved", folder=display_name(folder), reason=str(exc)) from exc


def load_state(folder: Path) -> TrainingState | None:
    """Return what was saved last; None where nothing was, or it cannot be read, which is logged."""
    file = folder / STATE_NAME
    try:
        data = torch.load(file, map_location="cpu", weights_only=True)
        history = tuple(EpochDone(**epoch) for epoch in data.pop("history"))
        state = TrainingState(history=history, **data)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as exc:
        log.warning("the saved training %s cannot be read, and begins anew: %s", display_name(file), exc)
        return None
    return state if best_file(folder, state.best_epoch).is_file() else None


def load_best(folder: Path, epoch: int) -> StateDict:
    """Return the tensors of the best network."""
    state: StateDict = torch.load(best_file(folder, epoch), map_location="cpu", weights_only=True)
    return state


def best_file(folder: Path, epoch: int) -> Path:
    """Return the file of the network that was best after an epoch."""
    return folder / f"{_BEST_PREFIX}{epoch}.pt"


def clear_state(folder: Path) -> None:
    """Remove what only an unfinished training needs; absent files are no fault."""
    for file in (folder / STATE_NAME, *folder.glob(f"{_BEST_PREFIX}*.pt")):
        file.unlink(missing_ok=True)


def _write(path: Path, data: object) -> None:
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as handle:
        torch.save(data, handle)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
