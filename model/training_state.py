"""What an interrupted training needs to go on, in one file that is whole or not there. Imports torch."""

import logging
import pickle
import struct
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from model.errors import DatasetError
from model.names import display_name
from model.safe_files import replace_durably, sync
from model.training_types import EpochDone

log = logging.getLogger(__name__)

STATE_NAME = "state.pt"
_BEST_PREFIX = "best-"
_UNFINISHED = ".new"
# What torch.load and the constructors raise at a damaged file.
_GARBAGE = (
    pickle.UnpicklingError,
    struct.error,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
)
StateDict = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A training after `epoch` epochs. `tensors` is what torch objects call their state dicts, by name."""

    epoch: int
    tensors: dict[str, dict[str, Any]]
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
        data = {name: getattr(state, name) for name in TrainingState.__slots__}
        _write(folder / STATE_NAME, {**data, "history": [asdict(epoch) for epoch in state.history]})
        for file in folder.glob(f"{_BEST_PREFIX}*.pt"):
            if file != best_file(folder, state.best_epoch):
                file.unlink()
    except (OSError, RuntimeError) as exc:  # torch may tell of a full disk by a RuntimeError of many words
        reason = (exc.strerror if isinstance(exc, OSError) else None) or "it could not be written to the end"
        raise DatasetError(
            "train-state-not-saved", folder=display_name(folder), reason=reason, detail=str(exc)
        ) from exc


def load_state(folder: Path) -> TrainingState | None:
    """Return what was saved last; None where nothing was, or it or its best network cannot be read, which is logged."""
    try:
        data = _read(folder / STATE_NAME)
        history = tuple(EpochDone(**epoch) for epoch in data.pop("history"))
        state = TrainingState(history=history, **data)
        load_best(folder, state.best_epoch)  # better to begin anew now than to lose a whole training in the end
    except FileNotFoundError as exc:
        log.info("nothing to go on from: %s", exc)
        return None
    except (OSError, *_GARBAGE) as exc:
        log.warning("the training saved in %s cannot be read, and begins anew: %s", display_name(folder), exc)
        return None
    return state


def load_best(folder: Path, epoch: int) -> StateDict:
    """Return the tensors of the best network."""
    state: StateDict = _read(best_file(folder, epoch))
    return state


def best_file(folder: Path, epoch: int) -> Path:
    """Return the file of the network that was best after an epoch."""
    return folder / f"{_BEST_PREFIX}{epoch}.pt"


def clear_state(folder: Path) -> None:
    """Remove what only an unfinished training needs; absent files are no fault, others that stay are logged."""
    for file in (folder / STATE_NAME, *folder.glob(f"{_BEST_PREFIX}*.pt"), *folder.glob(f".*{_UNFINISHED}")):
        try:
            file.unlink(missing_ok=True)
        except OSError as exc:
            log.warning("%s could not be removed: %s", display_name(file), exc)


def _read(path: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at a damaged file torch first wonders about its version
        data: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return data


def _write(path: Path, data: object) -> None:
    temporary = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with temporary.open("wb") as handle:
            torch.save(data, handle)
            handle.flush()
            sync(handle.fileno())
        replace_durably(temporary, path)
    except (OSError, RuntimeError):
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
