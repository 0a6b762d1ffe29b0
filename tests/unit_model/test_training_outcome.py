"""What a finished network is worth, and what is kept of it."""

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_samples import SMALL_PICTURES, assert_equal, tiny_network

from model import training_outcome
from model.classifier import Normalise
from model.errors import DatasetError
from model.training_outcome import Outcome, held_out_logits, load_outcome, save_outcome
from model.training_types import EpochDone

pytestmark = pytest.mark.usefixtures("one_thread")
EPOCH = EpochDone(1, 1, 2, 32, 0.5, 0.8, None, None, 0.001, 2.5, best=True)
FILES = ("network.safetensors", "logits.npz", "outcome.json")


def outcome() -> Outcome:
    rng = np.random.default_rng(0)
    return Outcome(
        tensors={"a": torch.tensor([1.0, 2.0], dtype=torch.float16), "count": torch.tensor(3)},
        validation_logits=rng.normal(size=(0, 2)).astype(np.float32),
        test_logits=rng.normal(size=(4, 2)).astype(np.float32),
        fp16_changes=1,
        history=(EPOCH, replace(EPOCH, epoch=2, validation_loss=0.25, validation_accuracy=1.0)),
        best_epoch=2,
        precision="bf16",
        stopped_early=False,
        teacher=("master-fold-1", "a" * 64),
    )


def test_logits_are_those_of_the_network_in_use() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)
    network = tiny_network().eval()
    with torch.no_grad():
        plain = network(Normalise(SMALL_PICTURES)(torch.from_numpy(pixels))).numpy()
    given = held_out_logits(network, pixels, SMALL_PICTURES)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, plain, atol=1e-4)


def test_of_no_pictures_there_are_no_logits() -> None:
    """The network that learns from everything has nothing held out."""
    assert held_out_logits(tiny_network(), np.empty((0, 32, 32, 3), np.uint8), SMALL_PICTURES).shape == (0, 2)


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = outcome()
    save_outcome(tmp_path, kept)
    read = load_outcome(tmp_path)
    assert read is not None
    assert_equal(read.tensors, kept.tensors)
    np.testing.assert_array_equal(read.validation_logits, kept.validation_logits)
    np.testing.assert_array_equal(read.test_logits, kept.test_logits)
    for name in ("fp16_changes", "history", "best_epoch", "precision", "stopped_early", "teacher", "seconds"):
        assert getattr(read, name) == getattr(kept, name)
    assert kept.seconds == 5.0


def test_one_without_a_teacher_is_too(tmp_path: Path) -> None:
    save_outcome(tmp_path, replace(outcome(), teacher=None))
    read = load_outcome(tmp_path)
    assert read is not None
    assert read.teacher is None


def test_an_unfinished_training_has_none(tmp_path: Path) -> None:
    assert load_outcome(tmp_path) is None
    save_outcome(tmp_path, outcome())
    (tmp_path / "outcome.json").unlink()
    assert load_outcome(tmp_path) is None


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [b"", b"garbage", b"{}", b"[1, 2]", None])
def test_a_damaged_one_is_none_and_the_network_is_trained_again(
    tmp_path: Path, name: str, damage: bytes | None
) -> None:
    save_outcome(tmp_path, outcome())
    if damage is None:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    else:
        (tmp_path / name).write_bytes(damage)
    assert load_outcome(tmp_path) is None


@pytest.mark.parametrize("failing", ["write_safetensors", "write_atomically"])
def test_a_full_disk_is_told_of_and_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(training_outcome, failing, fail)
    with pytest.raises(DatasetError, match="No space left on device") as caught:
        save_outcome(tmp_path, outcome())
    assert caught.value.problem.code == "train-state-not-saved"
    assert load_outcome(tmp_path) is None
