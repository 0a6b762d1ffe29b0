"""A training that can be waited for."""

from pathlib import Path

from model.cancel import CancelToken
from model.train import Trained, TrainRequest, train_head
from model.weights import Catalogue


def request_for(shapes: Path, out: str = "shapes", folds: int = 3) -> TrainRequest:
    return TrainRequest(shapes, out, folds=folds, seeds=1)


def train(request: TrainRequest, catalogue: Catalogue) -> tuple[Trained, list[object]]:
    events = list(train_head(request, catalogue, CancelToken()))
    last = events[-1]
    assert isinstance(last, Trained)
    return last, list(events)
