"""Results put into a store and looked up there, for the tests of the store."""

from pathlib import Path

from fakes import make_result, make_weights

from model.store import FileVersion, ResultStore, file_version
from model.types import ImageResult, InstalledWeights

WEIGHTS = make_weights()


def versions_of(*paths: Path) -> dict[Path, FileVersion]:
    return {path: version for path in paths if (version := file_version(path)) is not None}


def put_in(store: ResultStore, path: Path, *probabilities: float) -> ImageResult:
    result = make_result(path, WEIGHTS, *(probabilities or (0.7, 0.2, 0.1)))
    store.record([result], WEIGHTS, versions_of(path))
    return result


def known(store: ResultStore, path: Path, top: int = 3, weights: InstalledWeights = WEIGHTS) -> ImageResult | None:
    ((same, result),) = store.known([path], weights, top)
    assert same == path
    return result
