"""Rows and results made up for the tests of the results table."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gui.results_model import ResultsModel
from gui.results_order import OrderSpec, RowStatus
from gui.results_sorting import Ordering, compute_order
from gui.shown_row import ShownRow
from model.cancel import CancelToken
from model.types import Calibration, FoundImage, ImageResult, PictureFacts, Prediction, Problem

WEIGHTS = "a" * 64
OTHER_WEIGHTS = "b" * 64
CAT = (("Egyptian cat", 0.57), ("tiger cat", 0.15), ("tabby", 0.11), ("lynx", 0.01), ("lens cap", 0.0001))
TRUNCATED = Problem("image-truncated", (), "broken data stream")


def picture(name: str, folder: str = "/pictures") -> FoundImage:
    path = Path(folder) / name
    return FoundImage(path, str(path))


def result(
    name: str,
    labels: Sequence[tuple[str, float]] = CAT,
    *,
    problem: Problem | None = None,
    weights: str = WEIGHTS,
    unsure: bool | None = None,
    calibration: Calibration | None = None,
    folder: str = "/pictures",
) -> ImageResult:
    predictions = tuple(Prediction(place, label, share) for place, (label, share) in enumerate(labels))
    return ImageResult(
        path=Path(folder) / name,
        predictions=() if problem else predictions,
        problem=problem,
        facts=PictureFacts("JPEG", 640, 480),
        weights_id="made-up",
        weights_sha256=weights,
        seconds=0.1,
        classified_at=datetime(2026, 1, 2, tzinfo=UTC),
        unsure=unsure,
        calibration=calibration,
    )


def shown(name: str, result: ImageResult | None = None, status: RowStatus = RowStatus.DONE) -> ShownRow:
    return ShownRow(picture(name), status, result)


def model_of(*names: str, results: Sequence[ImageResult] = ()) -> ResultsModel:
    model = ResultsModel()
    model.set_active_weights(WEIGHTS, None)
    model.add([picture(name) for name in names])
    model.apply(results)
    return model


def names_in(model: ResultsModel) -> list[str]:
    return [model.path_at(row).name for row in range(model.rowCount())]


def order_of(model: ResultsModel, spec: OrderSpec) -> Ordering:
    (ordering,) = compute_order(model.snapshot(), spec, CancelToken())
    return ordering


def put_in_order(model: ResultsModel, spec: OrderSpec) -> None:
    model.swap_order(order_of(model, spec))
