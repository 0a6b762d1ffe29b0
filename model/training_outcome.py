"""What one trained network is worth, kept beside it, so that a finished fold is never trained again. Imports torch."""

import io
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import nn

from model.checkpoint import write_safetensors
from model.classifier import Normalise
from model.errors import DatasetError
from model.names import display_name
from model.network import classification_head, prepare_for_inference
from model.safe_files import write_atomically
from model.training_types import EpochDone
from model.types import Preprocess

log = logging.getLogger(__name__)

NETWORK_NAME = "network.safetensors"
_LOGITS_NAME, _FACTS_NAME = "logits.npz", "outcome.json"
_BATCH = 8
StateDict = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trained network: its tensors as they are stored (fp16), and its logits of pictures that it did not learn from.

    `validation_logits` and `test_logits` are float32 (N, classes), given by the stored tensors; `fp16_changes` counts
    the held-out pictures whose likeliest class the full float32 tensors give otherwise. `teacher` is id and digest of
    the set that taught it.
    """

    tensors: StateDict
    validation_logits: NDArray[np.float32]
    test_logits: NDArray[np.float32]
    fp16_changes: int
    history: tuple[EpochDone, ...]
    best_epoch: int
    precision: str
    stopped_early: bool
    teacher: tuple[str, str] | None = None

    @property
    def seconds(self) -> float:
        """How long the epochs took."""
        return sum(epoch.seconds for epoch in self.history)


def held_out_logits(network: nn.Module, pixels: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float32]:
    """Return float32 (N, classes) for uint8 (N, S, S, 3), computed on the CPU as in use. Changes the network.

    N may be 0: the network that learns from everything has nothing held out.
    """
    if not len(pixels):
        _, head = classification_head(network)
        return np.empty((0, head.out_features), dtype=np.float32)
    network = prepare_for_inference(network, torch.device("cpu"))
    normalise = Normalise(preprocess)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), _BATCH):
            parts.append(network(normalise(torch.from_numpy(pixels[start : start + _BATCH]))).float().numpy())
    return np.concatenate(parts)


def save_outcome(folder: Path, outcome: Outcome) -> None:
    """Write network, logits and, as the sign that all is there, the facts. Raises DatasetError."""
    logits = io.BytesIO()
    np.savez(logits, validation=outcome.validation_logits, test=outcome.test_logits)
    facts = {
        "fp16_changes": outcome.fp16_changes,
        "history": [asdict(epoch) for epoch in outcome.history],
        "best_epoch": outcome.best_epoch,
        "precision": outcome.precision,
        "stopped_early": outcome.stopped_early,
        "teacher": outcome.teacher,
    }
    try:
        write_safetensors(folder / NETWORK_NAME, outcome.tensors, {"format": "pt"})
        write_atomically(folder / _LOGITS_NAME, logits.getvalue())
        write_atomically(folder / _FACTS_NAME, json.dumps(facts, indent=1).encode())
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise DatasetError("train-state-not-saved", folder=display_name(folder), reason=reason) from exc


def load_outcome(folder: Path) -> Outcome | None:
    """Return what was saved; None where the training is unfinished, or a file cannot be read, which is logged."""
    if not (folder / _FACTS_NAME).is_file():
        return None
    try:
        facts = json.loads((folder / _FACTS_NAME).read_text(encoding="utf-8"))
        # From memory, for numpy leaves a damaged file open.
        with np.load(io.BytesIO((folder / _LOGITS_NAME).read_bytes()), allow_pickle=False) as logits:
            validation, test = logits["validation"], logits["test"]
        tensors = safetensors.torch.load((folder / NETWORK_NAME).read_bytes())
        history = tuple(EpochDone(**epoch) for epoch in facts.pop("history"))
        teacher = facts.pop("teacher", None)
        teacher = None if teacher is None else (str(teacher[0]), str(teacher[1]))
        return Outcome(tensors, validation, test, history=history, teacher=teacher, **facts)
    except (OSError, ValueError, LookupError, TypeError, EOFError, BadZipFile, SafetensorError) as exc:
        log.warning("the finished training in %s cannot be read, and is done again: %s", display_name(folder), exc)
        return None
