"""Stage 1 alone: a linear head on a frozen backbone's features, which takes seconds. Imports torch."""

import logging
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from model.calibration import fit_calibration
from model.cancel import CancelToken
from model.errors import DatasetError, WeightsError
from model.features import compute_features
from model.linear_head import LinearHead, best_l2, choose_l2, fit_head
from model.splits import grouped_folds
from model.trained_set import head_tensors, store_trained_set
from model.training_card import KIND_OF_HEADS, common_recipe, dataset_name, fold_accuracy, make_card, test_accuracy
from model.training_data import TrainingData
from model.training_plan import Split, hold_out
from model.training_types import FeatureProgress, FoldScore, TestScore, Trained
from model.types import Accuracy, Calibration
from model.weights import Catalogue

log = logging.getLogger(__name__)


def train_head(
    data: TrainingData, catalogue: Catalogue, cancel: CancelToken
) -> Iterator[FeatureProgress | FoldScore | TestScore | Trained]:
    """Measure by grouped folds, then fit on everything; or, without folds, by hold-out parts.

    In every fold the L2 is chosen within the training part. The calibration is fitted on pictures that the head in
    question did not learn from: the held-out folds of the first seed, or the validation part.
    """
    request, backbone = data.request, data.backbone.installed
    if backbone is None:
        raise WeightsError("train-head-needs-weights", backbone=data.backbone.name)
    features = None
    cache = catalogue.data_dir / "cache"
    for step in compute_features(data.dataset.images, backbone, cache, request.limits, cancel):
        if isinstance(step, FeatureProgress):
            yield step
        else:
            features = torch.from_numpy(step)
    assert features is not None
    fitting = _HeadFitting(data, features)
    scores: list[FoldScore] = []
    accuracy: tuple[Accuracy, ...]
    if request.folds and data.dataset.parts is None:
        for score in fitting.by_folds(cancel):
            scores.append(score)
            yield score
        if not request.final:
            yield Trained(None, tuple(scores), 0.0)
            return
        head, l2 = fitting.on_everything()
        accuracy = (fold_accuracy(request, data.dataset, scores),)
    else:
        head, l2, accuracy = fitting.by_hold_out()
        for figure in accuracy:
            yield TestScore(figure.value, len(fitting.split.test))
    cancel.raise_if_cancelled()
    if not request.final:
        yield Trained(None, (), l2)
        return
    card = make_card(
        request,
        data.dataset,
        architecture=data.backbone.architecture,
        layout=data.backbone.layout,
        preprocess=data.backbone.preprocess,
        accuracy=accuracy,
        calibration=fitting.calibration,
        recipe={
            "kind": KIND_OF_HEADS,
            "backbone": backbone.weights.id,
            "l2": l2,
            "fold_seeds": sorted({score.seed for score in scores}),
            "folds": request.folds if scores else 0,
            **common_recipe(data.dataset, data.summary, data.fingerprint, scores),
        },
    )
    _check_stored_precision(head, features)
    entry = store_trained_set(
        card, head_tensors(head), backbone, catalogue, into=request.into, overwrite=request.overwrite
    )
    yield Trained(entry, tuple(scores), l2)


class _HeadFitting:
    """Heads on features float32 (N, F); `calibration` and `split` are known once they were used."""

    def __init__(self, data: TrainingData, features: torch.Tensor) -> None:
        self._data = data
        self._features = features
        self._labels = torch.from_numpy(data.dataset.labels)
        self._classes = len(data.dataset.classes)
        self.calibration: Calibration | None = None
        self.split = Split(None, *[np.empty(0, dtype=np.intp)] * 3)

    def by_folds(self, cancel: CancelToken) -> Iterator[FoldScore]:
        request, groups = self._data.request, self._data.groups
        distinct = len(np.unique(groups))
        if distinct < request.folds:
            raise DatasetError("train-too-few-for-folds", count=distinct, folds=request.folds)
        wanted = list(dict.fromkeys(request.only_folds)) or list(range(request.folds))
        logits = np.empty((len(self._labels), self._classes), dtype=np.float32)
        judged = np.zeros(len(self._labels), dtype=np.bool_)
        for seed in range(request.seeds):
            folds = grouped_folds(self._labels.numpy(), groups, request.folds, seed)
            for number in wanted:
                cancel.raise_if_cancelled()
                held_out = folds == number
                head, l2 = self._fit(np.flatnonzero(~held_out))
                given = head.logits(self._features[torch.from_numpy(held_out)]).numpy()
                if seed == 0:
                    logits[held_out], judged[held_out] = given, True
                right = given.argmax(axis=1) == self._labels.numpy()[held_out]
                yield FoldScore(seed, number, float(right.mean()), l2, int(held_out.sum()))
        which = f"the {request.folds} held-out folds"
        if len(wanted) < request.folds:
            which = f"held-out folds {', '.join(map(str, wanted))} of {request.folds}"
        on = f"{dataset_name(request, self._data.dataset)}: {which} of seed 0"
        self.calibration = fit_calibration(logits[judged], self._labels.numpy()[judged], on=on)

    def on_everything(self) -> tuple[LinearHead, float]:
        return self._fit(np.arange(len(self._labels)))

    def by_hold_out(self) -> tuple[LinearHead, float, tuple[Accuracy, ...]]:
        request, dataset = self._data.request, self._data.dataset
        self.split = split = hold_out(dataset, self._data.groups, request)
        if len(split.validation):
            l2 = best_l2(*self._at(split.train), *self._at(split.validation), self._classes)
            head = fit_head(*self._at(split.train), self._classes, l2)
            on = f"{dataset_name(request, dataset)}: {len(split.validation):,} validation pictures"
            features, labels = self._at(split.validation)
            self.calibration = fit_calibration(head.logits(features).numpy(), labels.numpy(), on=on)
        else:
            head, l2 = self._fit(split.train)
        if not len(split.test):
            return head, l2, ()
        features, labels = self._at(split.test)
        accuracy = float((head.logits(features).argmax(1) == labels).float().mean())
        return head, l2, (test_accuracy(request, dataset, accuracy, len(split.test)),)

    def _fit(self, indices: NDArray[np.intp]) -> tuple[LinearHead, float]:
        features, labels = self._at(indices)
        l2 = choose_l2(features, labels, self._data.groups[indices], self._classes, seed=0)
        return fit_head(features, labels, self._classes, l2), l2

    def _at(self, indices: NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.from_numpy(indices)
        return self._features[chosen], self._labels[chosen]


def _check_stored_precision(head: LinearHead, features: torch.Tensor) -> None:
    """Count the top-1 labels that change when the head is stored as fp16, and say so in the log."""
    stored = LinearHead(head.weight.half().float(), head.bias.half().float())
    changed = int((stored.logits(features).argmax(1) != head.logits(features).argmax(1)).sum())
    log.info("stored as fp16, the head changes %d of %d top-1 labels", changed, len(features))
