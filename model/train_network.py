"""Fine-tuning, or training from scratch, of whole networks: folds first, then the one to store. Imports torch."""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch
from numpy.typing import NDArray

from model.calibration import fit_calibration
from model.cancel import Cancelled, CancelToken
from model.cards import TOP_1, card_bytes
from model.devices import choose_device
from model.errors import DatasetError
from model.features import compute_features
from model.fine_tuning import FineTuning, TrainingSet
from model.linear_head import best_l2, choose_l2, fit_head
from model.names import display_name
from model.safe_files import file_sha256, write_atomically
from model.trained_set import in_fp16, store_trained_set
from model.training_card import (
    as_json,
    common_recipe,
    dataset_name,
    fold_accuracy,
    make_card,
    test_accuracy,
)
from model.training_data import TrainingData
from model.training_network import choose_precision, set_head, start_network, training_sizes
from model.training_outcome import NETWORK_NAME, Outcome, held_out_logits, load_outcome, save_outcome
from model.training_pictures import TrainingPictures, prepare_all
from model.training_plan import (
    Split,
    claim_folder,
    everything,
    folds_of,
    forget_run,
    hold_out,
    make_plan,
    network_folder,
    run_folder,
)
from model.training_sizes import teacher_side
from model.training_state import clear_state
from model.training_teacher import CARD_OF_FOLD, find_teacher, make_teacher
from model.training_types import (
    EpochDone,
    FeatureProgress,
    FoldScore,
    RunStarted,
    StepProgress,
    TestScore,
    Trained,
)
from model.types import Accuracy, Calibration, WeightSet, WeightsFile
from model.weights import Catalogue

log = logging.getLogger(__name__)

# Where the classes are easily told apart, the best head has a tiny L2 and huge logits: fine as the last word, but as a
# beginning it makes each augmented picture that it gets wrong cost more than all others together.
_LEAST_L2 = 1e-2

_Event = FeatureProgress | RunStarted | StepProgress | EpochDone | FoldScore | TestScore | Trained


def train_network(data: TrainingData, catalogue: Catalogue, cancel: CancelToken) -> Iterator[_Event]:
    """Train by folds and then on everything, or once with hold-out parts; store the set and its card.

    Raises Cancelled when it is cancelled before there is a network to store.
    """
    yield from _NetworkTraining(data, catalogue, cancel).run()


class _NetworkTraining:
    """One training with all its folds."""

    def __init__(self, data: TrainingData, catalogue: Catalogue, cancel: CancelToken) -> None:
        self._data = data
        self._request = data.request
        self._catalogue = catalogue
        self._cancel = cancel
        self._paths = [image.path for image in data.dataset.images]
        self._labels = torch.from_numpy(data.dataset.labels)
        self._device = choose_device(data.request.device)
        installed = data.backbone.installed
        self._plan = make_plan(
            data.request, data.fingerprint, data.groups, installed.sha256 if installed is not None else ""
        )
        self._folder = run_folder(catalogue.data_dir, data.request.out)
        self._features: torch.Tensor | None = None
        self._pictures: TrainingPictures | None = None
        self._teachers: dict[str, str] = {}
        self._fp16_changes = 0

    def run(self) -> Iterator[_Event]:
        """See `train_network`."""
        request, dataset = self._request, self._data.dataset
        if not request.folds or dataset.parts is not None:
            yield from self._run_hold_out()
            return
        splits = list(folds_of(dataset, self._data.groups, request))
        self._begin([*splits, everything(dataset)] if request.final else splits)
        scores: list[FoldScore] = []
        logits, judged = [], []
        for split in splits:
            outcome = yield from self._outcome_of(split)
            if outcome is None or self._cancel.cancelled:
                raise Cancelled
            self._fp16_changes += outcome.fp16_changes
            score = self._score(split, outcome)
            scores.append(score)
            logits.append(outcome.test_logits)
            judged.append(split.test)
            self._keep_as_teacher(split, outcome, score)
            yield score
        if not request.final:
            yield Trained(None, tuple(scores), 0.0)
            return
        outcome = yield from self._outcome_of(everything(dataset))
        if outcome is None:
            raise Cancelled
        if len(outcome.history) < request.recipe.epochs:
            # The folds' networks have learnt for longer: their figures would be another network's.
            yield self._store(outcome, (), None, scores)
            return
        which = ", ".join(str(score.fold) for score in scores)
        on = f"{dataset_name(request, dataset)}: held-out folds {which} of {request.folds}, by their own networks"
        calibration = self._calibrate(np.concatenate(logits), np.concatenate(judged), on)
        accuracy = (fold_accuracy(request, dataset, scores),)
        yield self._store(outcome, accuracy, calibration, scores)

    def _run_hold_out(self) -> Iterator[_Event]:
        request, dataset = self._request, self._data.dataset
        split = hold_out(dataset, self._data.groups, request)
        self._begin([split])
        outcome = yield from self._outcome_of(split)
        if outcome is None:
            raise Cancelled
        self._fp16_changes += outcome.fp16_changes
        calibration = None
        if len(split.validation):
            on = f"{dataset_name(request, dataset)}: {len(split.validation):,} validation pictures"
            calibration = self._calibrate(outcome.validation_logits, split.validation, on)
        accuracy: tuple[Accuracy, ...] = ()
        if len(split.test):
            score = self._score(split, outcome)
            accuracy = (test_accuracy(request, dataset, score.accuracy, score.count),)
            yield TestScore(score.accuracy, score.count)
        if not request.final:
            yield Trained(None, (), 0.0, stopped_early=outcome.stopped_early)
            return
        yield self._store(outcome, accuracy, calibration, ())

    def _begin(self, splits: Sequence[Split]) -> None:
        """Claim the folder, after making sure, not hours later, that each split still to be learnt has a teacher."""
        teacher, resume = self._request.teacher, self._request.resume
        if teacher is not None:
            for split in splits:
                if not resume or load_outcome(network_folder(self._folder, split.fold)) is None:
                    find_teacher(teacher, self._catalogue, self._plan, split)
        claim_folder(self._folder, self._plan, resume=resume)

    def _outcome_of(self, split: Split) -> Generator[_Event, None, Outcome | None]:
        """Train on one split, or read what was trained before; None when it was cancelled before the first epoch."""
        folder = network_folder(self._folder, split.fold)
        if self._request.resume and (kept := load_outcome(folder)) is not None:
            log.info("%s is finished already", folder)
            self._note_teacher(kept.teacher)
            return kept
        backbone, recipe = self._data.backbone, self._request.recipe
        network = start_network(backbone, len(self._data.dataset.classes), self._request.seed)
        precision = choose_precision(recipe.precision, self._device.torch_device, network)
        yield RunStarted(
            fold=split.fold,
            train=len(split.train),
            validation=len(split.validation),
            test=len(split.test),
            epochs=recipe.epochs,
            device=self._device.label,
            precision=precision,
        )
        if backbone.installed is not None:
            weight, bias = yield from self._first_head(split)
            set_head(network, weight, bias)
        teacher, teacher_size, taught_by = None, 0, None
        if self._request.teacher is not None:
            installed = find_teacher(self._request.teacher, self._catalogue, self._plan, split)
            taught_by = installed.weights.id, installed.sha256
            self._note_teacher(taught_by)
            teacher_size = teacher_side(recipe, installed)
            teacher = make_teacher(installed, network, self._data.dataset.classes, self._device.torch_device)
        pixels = None
        for step in prepare_all(
            [self._paths[index] for index in split.held_out], backbone.preprocess, self._request.limits, self._cancel
        ):
            if isinstance(step, FeatureProgress):
                yield step
            else:
                pixels = step
        assert pixels is not None
        training = FineTuning(
            network,
            TrainingSet(
                pictures=self._training_pictures(teacher_size),
                labels=self._labels,
                train=split.train,
                validation=split.validation,
                validation_pixels=pixels[: len(split.validation)],
                class_count=len(self._data.dataset.classes),
            ),
            recipe,
            backbone.preprocess,
            folder=folder,
            seed=self._request.seed,
            fold=split.fold,
            device=self._device.torch_device,
            precision=precision,
            from_scratch=backbone.installed is None,
            teacher=teacher,
            teacher_size=teacher_size,
        )
        try:
            yield from training.run(self._cancel, resume=self._request.resume)
        finally:
            training.close()
        unfinished_fold = split.fold is not None and self._cancel.cancelled
        if not training.best_epoch or unfinished_fold:
            return None
        outcome = replace(self._judge(training, split, pixels), teacher=taught_by)
        if not self._cancel.cancelled:
            save_outcome(folder, outcome)
            clear_state(folder)
        return outcome

    def _note_teacher(self, teacher: tuple[str, str] | None) -> None:
        if teacher is not None:
            self._teachers[teacher[0]] = teacher[1]

    def _judge(self, training: FineTuning, split: Split, pixels: NDArray[np.uint8]) -> Outcome:
        """Take the best network, round it to fp16 as it will be stored, and see what that gives and changes."""
        preprocess = self._data.backbone.preprocess
        network = training.best_network()
        tensors = in_fp16(network.state_dict())
        exact = held_out_logits(training.best_network(), pixels, preprocess)
        network.load_state_dict({key: tensor.float() for key, tensor in tensors.items()})
        stored = held_out_logits(network, pixels, preprocess)
        changes = int((exact.argmax(axis=1) != stored.argmax(axis=1)).sum())
        log.info("stored as fp16, the network changes %d of %d top-1 labels", changes, len(stored))
        return Outcome(
            tensors=tensors,
            validation_logits=stored[: len(split.validation)],
            test_logits=stored[len(split.validation) :],
            fp16_changes=changes,
            history=training.history,
            best_epoch=training.best_epoch,
            precision=training.precision,
            stopped_early=len(training.history) < self._request.recipe.epochs,
        )

    def _first_head(self, split: Split) -> Generator[_Event, None, tuple[torch.Tensor, torch.Tensor]]:
        """Fit a linear head on the features of the frozen backbone, for fine-tuning to begin from."""
        installed = self._data.backbone.installed
        assert installed is not None
        if self._features is None:
            cache = self._catalogue.data_dir / "cache"
            for step in compute_features(
                self._data.dataset.images, installed, cache, self._request.limits, self._cancel
            ):
                if isinstance(step, FeatureProgress):
                    yield step
                else:
                    self._features = torch.from_numpy(step)
        assert self._features is not None
        classes = len(self._data.dataset.classes)
        train = torch.from_numpy(split.train)
        features, labels = self._features[train], self._labels[train]
        if len(split.validation):
            validation = torch.from_numpy(split.validation)
            l2 = best_l2(features, labels, self._features[validation], self._labels[validation], classes)
        else:
            l2 = choose_l2(features, labels, self._data.groups[split.train], classes, seed=0)
        head = fit_head(features, labels, classes, max(l2, _LEAST_L2))
        return head.weight, head.bias

    def _training_pictures(self, teacher_size: int) -> TrainingPictures:
        if self._pictures is None:
            largest = max(*training_sizes(self._request.recipe, self._data.backbone.preprocess), teacher_size)
            self._pictures = TrainingPictures(self._paths, largest, self._request.limits)
        return self._pictures

    def _score(self, split: Split, outcome: Outcome) -> FoldScore:
        right = outcome.test_logits.argmax(axis=1) == self._data.dataset.labels[split.test]
        return FoldScore(self._request.seed, split.fold or 0, float(right.mean()), 0.0, len(split.test))

    def _calibrate(self, logits: NDArray[np.float32], indices: NDArray[np.intp], on: str) -> Calibration:
        return fit_calibration(logits, self._data.dataset.labels[indices], on=on)

    def _keep_as_teacher(self, split: Split, outcome: Outcome, score: FoldScore) -> None:
        """Give a fold's network a card, so that it can teach a student that is judged by the same fold."""
        folder = network_folder(self._folder, split.fold)
        path = folder / NETWORK_NAME
        on = f"held-out fold {split.fold} of {self._request.folds}"
        card = self._card((Accuracy(TOP_1, round(score.accuracy, 6), on, False),), None, {}, f"-fold-{split.fold}")
        try:
            file = WeightsFile("network", path.name, "user", path.stat().st_size, file_sha256(path))
            write_atomically(folder / CARD_OF_FOLD, card_bytes(replace(card, files=(file,))))
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            raise DatasetError("train-state-not-saved", folder=display_name(folder), reason=reason) from exc

    def _store(
        self,
        outcome: Outcome,
        accuracy: tuple[Accuracy, ...],
        calibration: Calibration | None,
        scores: Sequence[FoldScore],
    ) -> Trained:
        """Write the set; what only an unfinished training needs is gone after that."""
        request, recipe = self._request, self._request.recipe
        card = self._card(
            accuracy,
            calibration,
            {
                "kind": "trained from scratch" if self._data.backbone.installed is None else "fine-tuned",
                "backbone": self._data.backbone.name,
                "teachers": self._teachers,
                "settings": as_json(asdict(replace(recipe, precision=outcome.precision))),  # type: ignore[arg-type]
                "plan": self._plan,
                "seed": request.seed,
                "folds": request.folds if scores else 0,
                "device": self._device.label,
                "best_epoch": outcome.best_epoch,
                "stopped_early": outcome.stopped_early,
                "epochs": [_epoch_on_card(epoch) for epoch in outcome.history],
                "seconds": round(outcome.seconds, 1),
                # Of all held-out pictures: those of the folds, for the last network has none.
                "fp16_changes": self._fp16_changes,
                **common_recipe(self._data.dataset, self._data.summary, self._data.fingerprint, scores),
            },
        )
        entry = store_trained_set(
            card, outcome.tensors, None, self._catalogue, into=request.into, overwrite=request.overwrite
        )
        forget_run(self._folder, keep_folds=bool(scores))
        return Trained(entry, tuple(scores), 0.0, stopped_early=outcome.stopped_early)

    def _card(
        self,
        accuracy: tuple[Accuracy, ...],
        calibration: Calibration | None,
        recipe: dict[str, object],
        suffix: str = "",
    ) -> WeightSet:
        backbone = self._data.backbone
        card = make_card(
            self._request,
            self._data.dataset,
            architecture=backbone.architecture,
            # Stored under the names that the network has in its library, whatever the backbone's file calls them.
            layout="timm" if backbone.architecture.startswith("timm:") else "torchvision",
            preprocess=backbone.preprocess,
            accuracy=accuracy,
            calibration=calibration,
            recipe=recipe,
        )
        return replace(card, id=f"{card.id}{suffix}")


def _epoch_on_card(epoch: EpochDone) -> dict[str, object]:
    figures = {key: value for key, value in asdict(epoch).items() if key not in ("fold", "epochs", "best")}
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in figures.items()}
