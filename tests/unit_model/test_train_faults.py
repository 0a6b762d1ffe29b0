"""Training that meets taken names, damaged caches, full disks and cancelling; and what it is repeatable by."""

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from shape_pictures import draw
from training_samples import TINY, network_request, own_set, request_for, train

from model import linear_head, train_network, trained_set
from model import train_head as train_module
from model.cancel import Cancelled, CancelToken
from model.cards import card_bytes
from model.checkpoint import write_safetensors
from model.dataset import Dataset, LabelledImage, ReadProgress, read_dataset
from model.decode_limits import DecodeLimits
from model.errors import DatasetError, WeightsError
from model.features import compute_features
from model.network import build_network, classification_head, load_network
from model.safe_files import file_sha256
from model.train import train as train_job
from model.training_types import DatasetSummary, FoldScore
from model.types import InstalledWeights, WeightsFile, WeightsState
from model.weights import Catalogue


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures of each shape."""
    root = tmp_path_factory.mktemp("few")
    for number in range(5):
        draw(root / "disc" / f"{number}.png", "disc", number)
        draw(root / "square" / f"{number}.png", "square", 100 + number)
    return root


@pytest.fixture(autouse=True)
def no_search_for_l2(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes most of the time, and has tests of its own."""
    for module in (train_module, linear_head):
        monkeypatch.setattr(module, "choose_l2", lambda *_arguments, **_settings: 1e-2)


def stored(catalogue: Catalogue, name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (catalogue.data_dir / "weights" / name).iterdir()}


def test_the_same_pictures_give_the_same_bytes(few: Path, catalogue: Catalogue) -> None:
    train(request_for(few, folds=2), catalogue)
    first = stored(catalogue, "shapes")["shapes.safetensors"]
    shutil.rmtree(catalogue.data_dir)
    train(request_for(few, folds=2), catalogue)
    assert stored(catalogue, "shapes")["shapes.safetensors"] == first


def pictures_of(root: Path) -> tuple[LabelledImage, ...]:
    return next(e for e in read_dataset(root, DecodeLimits(), CancelToken()) if isinstance(e, Dataset)).images


def features_of(
    pictures: tuple[LabelledImage, ...], backbone: InstalledWeights, cache: Path
) -> tuple[NDArray[np.float32], bool]:
    """The features, and whether they came from the cache."""
    *progress, last = compute_features(pictures, backbone, cache, DecodeLimits(), CancelToken())
    assert isinstance(last, np.ndarray)
    return last, progress == []


def test_damaged_features_are_computed_anew(few: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    backbone, pictures = catalogue.open("imagenet-lite2"), pictures_of(few)
    first, was_kept = features_of(pictures, backbone, tmp_path)
    assert not was_kept
    (cache,) = tmp_path.iterdir()
    sound = cache.read_bytes()
    for damage in (b"", b"no array", sound[:-100], np.lib.format.magic(1, 0), sound.replace(b"<f4", b"<i4")):
        cache.write_bytes(damage)
        again, was_kept = features_of(pictures, backbone, tmp_path)
        assert not was_kept
        np.testing.assert_array_equal(again, first)
        assert cache.read_bytes() == sound


def test_features_of_other_pictures_or_weights_are_not_taken(few: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    backbone, pictures = catalogue.open("imagenet-lite2"), pictures_of(few)
    features_of(pictures, backbone, tmp_path)
    features, was_kept = features_of(pictures, backbone, tmp_path)
    assert was_kept
    assert features.shape == (len(pictures), 1280)
    preprocess = replace(backbone.weights.preprocess, resize=300)
    for others, weights in (
        (pictures[1:], backbone),
        ((pictures[1], pictures[0], *pictures[2:]), backbone),
        (pictures, replace(backbone, sha256="0" * 64)),
        (pictures, replace(backbone, weights=replace(backbone.weights, preprocess=preprocess))),
    ):
        assert not features_of(others, weights, tmp_path)[1]


def test_features_that_cannot_be_kept_cost_only_time(few: Path, catalogue: Catalogue) -> None:
    catalogue.data_dir.mkdir(exist_ok=True)
    (catalogue.data_dir / "cache").write_text("a file in the way")
    trained, _ = train(request_for(few, folds=2), catalogue)
    assert trained.entry.state is WeightsState.ON_COMPUTER


def test_a_picture_that_goes_away_meanwhile_is_named(few: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(few, root)

    def watch() -> None:
        for event in train_job(request_for(root, folds=2), catalogue, CancelToken()):
            if isinstance(event, DatasetSummary):
                (root / "square" / "3.png").unlink()

    with pytest.raises(DatasetError, match=r"3\.png”.*not there any more"):
        watch()


def test_force_replaces_a_set_whole(few: Path, catalogue: Catalogue) -> None:
    train(replace(request_for(few, folds=2), title="Old"), catalogue)
    (catalogue.data_dir / "weights" / "shapes" / "left over").write_text("of the old set")
    trained, _ = train(replace(request_for(few, folds=2), title="New", overwrite=True), catalogue)
    assert trained.entry.weights.title == "New"
    assert sorted(stored(catalogue, "shapes")) == ["card.json", "shapes.safetensors"]
    assert [path.name for path in (catalogue.data_dir / "weights").iterdir()] == ["shapes"]
    catalogue.open("shapes")


@pytest.mark.parametrize("failing", ["write_safetensors", "write_atomically", "rename"])
def test_when_writing_fails_the_old_set_stays(
    few: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    train(request_for(few, folds=2), catalogue)
    before = stored(catalogue, "shapes")

    def fail(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name == "new":
            fail()
        return real(path, target)

    if failing == "rename":
        monkeypatch.setattr(Path, "rename", rename)
    else:
        monkeypatch.setattr(trained_set, failing, fail)
    with pytest.raises(WeightsError, match="No space left"):
        train(replace(request_for(few, folds=2), title="New", overwrite=True), catalogue)
    assert stored(catalogue, "shapes") == before
    assert [path.name for path in (catalogue.data_dir / "weights").iterdir()] == ["shapes"]


@pytest.mark.parametrize("stage", [ReadProgress, DatasetSummary, FoldScore])
def test_cancelling_at_any_stage_leaves_nothing_behind(few: Path, catalogue: Catalogue, stage: type) -> None:
    cancel = CancelToken()

    def until_stage() -> Iterator[object]:
        for event in train_job(request_for(few, folds=2), catalogue, cancel):
            if isinstance(event, stage):
                cancel.cancel()
            yield event

    with pytest.raises(Cancelled):
        list(until_stage())
    assert not (catalogue.data_dir / "weights").exists()


def test_a_set_can_be_trained_on_a_set_of_ones_own_or_an_alias(few: Path, catalogue: Catalogue) -> None:
    train(replace(request_for(few, "first", 2), backbone="imagenet"), catalogue)
    trained, _ = train(replace(request_for(few, "second", 2), backbone="first"), catalogue)
    assert [file.role for file in trained.entry.weights.files] == ["backbone", "head"]
    load_network(catalogue.open("second"))


def test_on_a_backbone_that_may_be_removed_the_whole_network_is_stored(few: Path, catalogue: Catalogue) -> None:
    state = {}
    generator = torch.Generator().manual_seed(0)
    for key, tensor in build_network("torchvision:resnet18", 3).state_dict().items():
        values = torch.randn(tensor.shape, generator=generator) * 0.05
        state[key] = values.abs() + 0.5 if key.endswith(("running_var", "bn1.weight")) else values
    folder = catalogue.data_dir / "weights" / "own"
    folder.mkdir(parents=True)
    write_safetensors(folder / "own.safetensors", state, {})
    shipped = catalogue.entry("weather-lite2").weights
    file = WeightsFile(
        "network",
        "own.safetensors",
        "user",
        (folder / "own.safetensors").stat().st_size,
        sha256=file_sha256(folder / "own.safetensors"),
    )
    own = replace(
        shipped,
        id="own",
        architecture="torchvision:resnet18",
        layout="torchvision",
        classes=("a", "b", "c"),
        files=(file,),
    )
    (folder / "card.json").write_bytes(card_bytes(own))
    trained, _ = train(replace(request_for(few, folds=2), backbone="own"), catalogue)
    catalogue.remove("own")
    assert [file.role for file in trained.entry.weights.files] == ["network"]
    name, head = classification_head(load_network(catalogue.open("shapes")))
    assert (name, head.out_features) == ("fc", 2)


def test_fine_tuning_does_not_begin_with_the_huge_logits_of_a_perfect_head(
    few: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_set(catalogue, "own")
    given: list[float] = []

    def fit(features: torch.Tensor, labels: torch.Tensor, class_count: int, l2: float) -> linear_head.LinearHead:
        given.append(l2)
        return linear_head.fit_head(features, labels, class_count, l2)

    monkeypatch.setattr(train_network, "best_l2", lambda *_: 1e-6)
    monkeypatch.setattr(train_network, "fit_head", fit)
    request = network_request(few, backbone="own", recipe=replace(TINY, epochs=1))
    train(request, catalogue)
    assert given == [0.01]
