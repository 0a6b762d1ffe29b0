"""One network is trained, epoch by epoch, so that it can be stopped anywhere and go on with the same result.

Everything random is drawn from seeds made of the request's seed, the epoch and the picture, never from where the
generators happen to stand: an epoch is the same whether the program was started for it or has run for hours.
Imports torch.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.augment import Augment, make_augment, mix_up, seed_for
from model.cancel import Cancelled, CancelToken
from model.classifier import Normalise
from model.distillation import FeatureMatch, FeatureTap, Teacher, channels_of, soft_label_loss
from model.errors import DatasetError
from model.training_network import freeze, training_sizes
from model.training_pictures import TrainingPictures
from model.training_rules import batch_count, class_weights, learning_rate, peak_learning_rate, size_of_epoch
from model.training_state import TrainingState, load_best, load_state, save_state
from model.training_types import EpochDone, Recipe, StepProgress
from model.types import Preprocess

log = logging.getLogger(__name__)

_MOMENTUM = 0.9
_LARGEST_GRADIENT = 5.0
_EVALUATION_BATCH = 16
_ORDER, _VIEW, _NETWORK, _MIX = range(4)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What one network learns from, and what tells how well: pictures by index, labels int64 (N,), and indices.

    `validation_pixels` is uint8 (V, S, S, 3), the validation pictures as the network sees them in use.
    """

    pictures: TrainingPictures
    labels: torch.Tensor
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    validation_pixels: NDArray[np.uint8]
    class_count: int


class FineTuning:
    """The training of one network. Owned by one thread, which makes every torch call."""

    def __init__(
        self,
        network: nn.Module,
        data: TrainingSet,
        recipe: Recipe,
        preprocess: Preprocess,
        *,
        folder: Path,
        seed: int,
        fold: int | None,
        device: torch.device,
        precision: str,
        from_scratch: bool,
        teacher: Teacher | None = None,
        teacher_size: int = 0,
    ) -> None:
        """Nothing is computed yet. `folder` keeps the state; `precision` is fp32 or bf16, or fp16 on CUDA."""
        self._network = network.to(device).to(memory_format=torch.channels_last)
        self._data = data
        self._recipe = recipe
        self._folder = folder
        self._seed = seed
        self._fold = fold
        self._device = device
        self.precision = precision
        self._teacher = teacher
        self._teacher_size = teacher_size
        self._normalise = NormaliseFloat(preprocess).to(device)
        self._use_normalise = Normalise(preprocess).to(device)
        self._sizes = training_sizes(recipe, preprocess)
        self._augments = {size: make_augment(recipe, preprocess, max(size, teacher_size)) for size in set(self._sizes)}
        self._fixed_norms = freeze(self._network, recipe, from_scratch=from_scratch)
        # Before the tap, whose hooks would be copied too.
        self._averaged = _average_of(self._network, recipe.ema_decay) if recipe.ema_decay else None
        self._tap = FeatureTap(self._network, teacher.reductions) if teacher is not None else None
        self._match = self._make_match()
        self._optimiser = self._make_optimiser(from_scratch=from_scratch)
        self._scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self._class_weights = self._make_class_weights()
        self._batches = batch_count(len(data.train), recipe.batch_size)
        self._history: list[EpochDone] = []
        self._best_epoch = 0
        self._best_loss: float | None = None

    @property
    def history(self) -> tuple[EpochDone, ...]:
        """The epochs so far, those before an interruption too."""
        return tuple(self._history)

    @property
    def best_epoch(self) -> int:
        """The epoch after which the network was best; 0 before there is any."""
        return self._best_epoch

    def run(self, cancel: CancelToken, *, resume: bool) -> Iterator[StepProgress | EpochDone]:
        """Train to the last epoch, to where validation stops improving, or until `cancel`; each epoch is saved.

        With `resume` it goes on after the last saved epoch, whose figures come again first. Cancelling ends it after
        the present batch, in silence; `best_epoch` is 0 if not one epoch was finished.
        """
        with torch.random.fork_rng(devices=[]):
            if resume:
                self._restore()
                yield from self._history
            for epoch in range(len(self._history) + 1, self._recipe.epochs + 1):
                if self._out_of_patience():
                    log.info("validation has not improved for %d epochs", self._recipe.patience)
                    return
                done: EpochDone | None = None
                for event in self._run_epoch(epoch, cancel):
                    yield event
                    done = event if isinstance(event, EpochDone) else None
                if done is None:
                    return

    def best_network(self) -> nn.Module:
        """Return the best network so far, on the CPU in eval mode, with values of its own."""
        network = copy.deepcopy(self._network).cpu()
        network.load_state_dict(load_best(self._folder, self._best_epoch))
        return network.eval()

    def close(self) -> None:
        """Take the hooks off student and teacher."""
        if self._tap is not None:
            self._tap.__exit__(None, None, None)
        if self._teacher is not None:
            self._teacher.close()

    def _run_epoch(self, epoch: int, cancel: CancelToken) -> Iterator[StepProgress | EpochDone]:
        started = time.monotonic()
        size = size_of_epoch(self._sizes, epoch, self._recipe.epochs)
        order = np.random.default_rng([self._seed, epoch, _ORDER]).permutation(self._data.train)
        self._network.train()
        for norm in self._fixed_norms:
            norm.eval()
        total_loss, right, done, rate = 0.0, 0, 0, 0.0
        for number, indices in enumerate(np.array_split(order, self._batches)):
            rate = self._set_learning_rate((epoch - 1) * self._batches + number)
            try:
                cancel.raise_if_cancelled()
                loss, correct = self._step(indices, epoch, number, size, cancel)
            except Cancelled:  # also while a picture is decoded; what earlier epochs have learnt is kept
                return
            if not math.isfinite(loss):
                raise DatasetError("train-diverged", epoch=epoch)
            total_loss += loss * len(indices)
            right += correct
            done += len(indices)
            yield StepProgress(
                self._fold, epoch, self._recipe.epochs, done, len(order), self._left(epoch, done, started)
            )
        validation_loss, validation_accuracy = self._validate()
        if validation_loss is not None and not math.isfinite(validation_loss):
            raise DatasetError("train-diverged", epoch=epoch)
        best = validation_loss is None or self._best_loss is None or validation_loss < self._best_loss
        event = EpochDone(
            fold=self._fold,
            epoch=epoch,
            epochs=self._recipe.epochs,
            size=size,
            train_loss=total_loss / len(order),
            train_accuracy=right / len(order),
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=rate,
            seconds=time.monotonic() - started,
            best=best,
        )
        self._history.append(event)
        if best:
            self._best_epoch, self._best_loss = epoch, validation_loss
        self._save(epoch, best=best)
        yield event

    def _step(
        self, indices: NDArray[np.intp], epoch: int, number: int, size: int, cancel: CancelToken
    ) -> tuple[float, int]:
        """Learn from one batch; return its cross-entropy and how many pictures were named rightly."""
        views = torch.stack([self._view(int(index), epoch, size, cancel) for index in indices])
        labels = self._data.labels[torch.from_numpy(indices)].to(self._device)
        pictures = views.to(self._device, non_blocking=True).float().contiguous(memory_format=torch.channels_last)
        targets = functional.one_hot(labels, self._data.class_count).float()
        if self._recipe.mixup:
            seed = seed_for(self._seed, epoch, _MIX, number)
            pictures, targets = mix_up(pictures, targets, self._recipe.mixup, seed)
        torch.manual_seed(seed_for(self._seed, epoch, _NETWORK, number))
        with torch.autocast(self._device.type, dtype=self._dtype, enabled=self.precision != "fp32"):
            lesson = None if self._teacher is None else self._teacher.teach(_resized(pictures, self._teacher_size))
            output = self._network(self._normalise(_resized(pictures, size)))
        # GoogLeNet and Inception give the logits of their auxiliary heads too while they learn.
        logits = (output[0] if isinstance(output, tuple) else output).float()
        loss = cross_entropy = self._cross_entropy(logits, targets)
        if lesson is not None and self._tap is not None:
            if lesson.logits is not None:
                share = self._recipe.soft_label_share
                soft = soft_label_loss(logits, lesson.logits, self._recipe.soft_label_temperature)
                loss = (1 - share) * cross_entropy + share * soft
            if self._match is not None:
                loss = loss + self._recipe.feature_weight * self._match(self._tap.maps, lesson.maps)
            self._tap.maps.clear()
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(
            [value for group in self._optimiser.param_groups for value in group["params"]], _LARGEST_GRADIENT
        )
        self._scaler.step(self._optimiser)
        self._scaler.update()
        if self._averaged is not None:
            self._averaged.update_parameters(self._network)
        return float(cross_entropy.detach()), int((logits.argmax(1) == labels).sum())

    def _view(self, index: int, epoch: int, size: int, cancel: CancelToken) -> torch.Tensor:
        torch.manual_seed(seed_for(self._seed, epoch, _VIEW, index))
        augment: Augment = self._augments[size]
        return augment(self._data.pictures.get(index, cancel))

    def _cross_entropy(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(
            logits, targets, weight=self._class_weights, label_smoothing=self._recipe.label_smoothing
        )

    def _make_class_weights(self) -> torch.Tensor | None:
        if not self._recipe.class_weights:
            return None
        labels = self._data.labels[torch.from_numpy(self._data.train)]
        return class_weights(labels, self._data.class_count).to(self._device)

    @property
    def _dtype(self) -> torch.dtype:
        return torch.float16 if self.precision == "fp16" else torch.bfloat16

    @torch.no_grad()
    def _validate(self) -> tuple[float | None, float | None]:
        """Return mean cross-entropy and accuracy on the validation part, of the averaged network where there is one."""
        if not len(self._data.validation):
            return None, None
        network = self._network if self._averaged is None else self._averaged.module
        network.eval()
        labels = self._data.labels[torch.from_numpy(self._data.validation)]
        parts = []
        for start in range(0, len(labels), _EVALUATION_BATCH):
            pixels = torch.from_numpy(self._data.validation_pixels[start : start + _EVALUATION_BATCH])
            with torch.autocast(self._device.type, dtype=self._dtype, enabled=self.precision != "fp32"):
                parts.append(network(self._use_normalise(pixels.to(self._device))).float().cpu())
        if self._tap is not None:
            self._tap.maps.clear()
        logits = torch.cat(parts)
        accuracy = float((logits.argmax(1) == labels).float().mean())
        return float(functional.cross_entropy(logits, labels)), accuracy

    def _make_match(self) -> FeatureMatch | None:
        """Try both networks on a grey picture to learn how many channels their maps have."""
        if self._teacher is None or self._tap is None or not self._recipe.feature_weight:
            return None
        self._network.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_for(self._seed, _NETWORK))
            grey = torch.full((1, 3, self._teacher_size, self._teacher_size), 127.0, device=self._device)
            lesson = self._teacher.teach(grey)
            self._network(self._normalise(grey))
            match = FeatureMatch(channels_of(self._tap.maps), channels_of(lesson.maps))
        self._tap.maps.clear()
        return match.to(self._device)

    def _make_optimiser(self, *, from_scratch: bool) -> torch.optim.Optimizer:
        """Weight decay acts on matrices and kernels alone, not on biases and norms (timm's division)."""
        from timm.optim import param_groups_weight_decay  # type: ignore[attr-defined]

        decay = self._recipe.weight_decay
        groups: list[dict[str, object]] = param_groups_weight_decay(self._network, decay)
        if self._match is not None:
            groups.append({"params": list(self._match.parameters()), "weight_decay": decay})
        self._peak = peak_learning_rate(self._recipe, from_scratch=from_scratch)
        if self._recipe.optimiser == "sgd":
            return torch.optim.SGD(groups, lr=self._peak, momentum=_MOMENTUM, nesterov=True)
        return torch.optim.AdamW(groups, lr=self._peak)

    def _set_learning_rate(self, step: int) -> float:
        rate = learning_rate(step, self._recipe.epochs * self._batches, self._peak, self._recipe.warm_up)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        return rate

    def _out_of_patience(self) -> bool:
        patience = self._recipe.patience
        return bool(patience) and len(self._history) - self._best_epoch >= patience

    def _left(self, epoch: int, done: int, started: float) -> float | None:
        """Estimate the seconds left from the pace of this epoch, by pixels, as later epochs may have larger crops."""
        epochs = self._recipe.epochs
        sizes = [size_of_epoch(self._sizes, number, epochs) for number in range(1, epochs + 1)]
        pace = (time.monotonic() - started) / (done * sizes[epoch - 1] ** 2)
        left = (len(self._data.train) - done) * sizes[epoch - 1] ** 2
        return pace * (left + sum(len(self._data.train) * size**2 for size in sizes[epoch:]))

    def _save(self, epoch: int, *, best: bool) -> None:
        network = self._network if self._averaged is None else self._averaged.module
        state = TrainingState(epoch, self._state_dicts(), self.history, self._best_epoch, self._best_loss)
        save_state(self._folder, state, network.state_dict() if best else None)

    def _state_dicts(self) -> dict[str, dict[str, Any]]:
        return {name: part.state_dict() for name, part in self._stateful().items()}

    def _stateful(self) -> dict[str, _Stateful]:
        parts: dict[str, _Stateful | None] = {
            "network": self._network,
            "optimiser": self._optimiser,
            "scaler": self._scaler,
            "averaged": self._averaged,
            "match": self._match,
        }
        return {name: part for name, part in parts.items() if part is not None}

    def _restore(self) -> None:
        state = load_state(self._folder)
        if state is None:
            return
        for name, part in self._stateful().items():
            part.load_state_dict(state.tensors[name])
        self._history = list(state.history)
        self._best_epoch, self._best_loss = state.best_epoch, state.best_loss


class _Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object: ...


class NormaliseFloat(nn.Module):
    """float32 (N, 3, S, S), 0..255 -> normalised; mixed pictures are no longer whole numbers."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, preprocess: Preprocess) -> None:
        """Take mean and standard deviation from the preprocessing."""
        super().__init__()
        self.register_buffer("mean", 255 * torch.tensor(preprocess.mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(preprocess.std).view(1, 3, 1, 1))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the normalised pictures."""
        return (pictures - self.mean) / self.std


def _average_of(network: nn.Module, decay: float) -> AveragedModel:
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)


def _resized(pictures: torch.Tensor, size: int) -> torch.Tensor:
    if pictures.shape[-1] == size:
        return pictures
    return functional.interpolate(pictures, size=(size, size), mode="bilinear", antialias=True)
