"""Results put into a store and looked up there, for the tests of the store."""

from pathlib import Path

from fakes import make_result, make_weights

from model.cancel import CancelToken
from model.picture_identity import PictureIdentity, file_version, picture_digest
from model.store import ResultStore
from model.store_rows import Lookup
from model.types import ImageResult, InstalledWeights

WEIGHTS = make_weights()


def identities_of(*paths: Path) -> dict[Path, PictureIdentity]:
    found: dict[Path, PictureIdentity] = {}
    for path in paths:
        version = file_version(path)
        assert version is not None
        found[path] = PictureIdentity(version, picture_digest(path, CancelToken()))
    return found


def put_in(store: ResultStore, path: Path, *probabilities: float) -> ImageResult:
    result = make_result(path, WEIGHTS, *(probabilities or (0.7, 0.2, 0.1)))
    store.record([result], WEIGHTS, identities_of(path))
    return result


def known(store: ResultStore, path: Path, top: int = 3, weights: InstalledWeights = WEIGHTS) -> ImageResult | None:
    ((same, result),) = store.known([path], Lookup(weights, top))
    assert same == path
    return result
