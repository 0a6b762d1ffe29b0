"""A network becomes an ONNX file that gives torch's results, or none; what goes wrong is told and leaves nothing."""

import errno
import logging
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx_desk import CONTENT, LABELS, TINY, copy_export, tiny_networks
from weights_samples import sha256

from model import folders, onnx_cache
from model import onnx_export as module
from model.cancel import Cancelled, CancelToken
from model.classifier import Classifier
from model.devices import Device
from model.errors import ExportError
from model.onnx_cache import OnnxCache
from model.onnx_classifier import METADATA_KEY, OnnxClassifier
from model.types import InstalledWeights, NetworkExported

WEIGHTS = InstalledWeights(TINY, {}, sha256(CONTENT))
CPU = Device("cpu", "CPU", 8)


@pytest.fixture
def cache(tmp_path: Path) -> OnnxCache:
    return OnnxCache(tmp_path / "onnx")


@pytest.fixture
def tiny_nets() -> Iterator[None]:
    with tiny_networks():
        yield


@pytest.fixture
def quick(exported: NetworkExported, monkeypatch: pytest.MonkeyPatch, tiny_nets: None) -> None:
    """The exporter copies what it once wrote of the tiny network, which takes no time."""
    monkeypatch.setattr(module, "_export", lambda _installed, target, _cancel: shutil.copy(exported.path, target))


def export(cache: OnnxCache, cancel: CancelToken | None = None) -> NetworkExported:
    (done,) = module.export_network(WEIGHTS, cache, cancel or CancelToken())
    return done


def refusal(cache: OnnxCache) -> ExportError:
    with pytest.raises(ExportError) as caught:
        export(cache)
    assert caught.value.remedy
    assert cache.find(WEIGHTS) is None
    assert list(cache.folder.glob("*.onnx")) == list(cache.folder.glob(".*")) == [], "something was kept"
    return caught.value


def rejection(cache: OnnxCache) -> str:
    record = cache.record(WEIGHTS)
    return record.rejected if record is not None else ""


# --- a real export ---


def test_an_export_is_kept_under_its_digest_and_says_how_far_it_is_from_torch(exported: NetworkExported) -> None:
    found = OnnxCache(exported.path.parent).find(exported.installed)
    assert found is not None
    assert found.path == exported.path
    assert found.record.size == exported.size == exported.path.stat().st_size
    assert 0 <= exported.largest_difference == found.record.largest_difference < 1e-5
    assert exported.seconds > 0
    assert len(list(exported.path.parent.iterdir())) == 2


@pytest.mark.usefixtures("tiny_nets")
@pytest.mark.parametrize("count", [1, 2, 8, 13])
def test_results_are_those_of_torch_for_any_number_of_pictures(exported: NetworkExported, count: int) -> None:
    pixels = np.random.default_rng(count).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    reference, candidate = Classifier(WEIGHTS, CPU), OnnxClassifier(exported.path, WEIGHTS)
    np.testing.assert_allclose(candidate.logits(pixels), reference.logits(pixels), atol=1e-5)
    np.testing.assert_allclose(candidate.probabilities(pixels), reference.probabilities(pixels), atol=1e-6)
    ours, theirs = candidate.classify(pixels, 5), reference.classify(pixels, 5)
    assert [[one.label for one in row] for row in ours.predictions] == [
        [one.label for one in row] for row in theirs.predictions
    ]
    assert ours.unsure == theirs.unsure
    assert len(ours.unsure) == count


def test_the_file_is_useful_by_itself(exported: NetworkExported) -> None:
    session = onnxruntime.InferenceSession(str(exported.path), providers=["CPUExecutionProvider"])
    (pixels,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (pixels.name, pixels.type, pixels.shape[1:]) == ("pixels", "tensor(uint8)", [16, 16, 3])
    assert (logits.name, logits.type, logits.shape[1:]) == ("logits", "tensor(float)", [len(LABELS)])
    told = module.json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    versions = told.pop("versions")
    assert set(versions) == {"photospotter", "torch", "torchvision", "timm"}
    assert versions["torch"].startswith(torch.__version__.partition("+")[0])
    assert told == {
        "exporter": onnx_cache.EXPORTER_VERSION,
        "id": "tiny",
        "title": "A tiny network",
        "architecture": "torchvision:resnet50",
        "weights_sha256": sha256(CONTENT),
        "licence": "none",
        "classes": list(LABELS),
        "preprocess": {
            "resize": 18,
            "crop": 16,
            "interpolation": "bilinear",
            "mean": [0.5, 0.4, 0.3],
            "std": [0.2, 0.3, 0.25],
        },
        "calibration": {
            "temperature": 1.5,
            "score": "probability",
            "threshold": 0.3,
            "kept": 0.95,
            "on": "a test",
        },
    }


def test_batch_norm_is_folded_and_the_tensors_are_in_the_file(exported: NetworkExported) -> None:
    network = onnx.load(exported.path, load_external_data=False)
    assert "BatchNormalization" not in {node.op_type for node in network.graph.node}
    assert not any(tensor.external_data for tensor in network.graph.initializer)
    assert {entry.domain: entry.version for entry in network.opset_import}[""] == module.OPSET


class Switch(torch.nn.Module):
    """Does what no graph can: it decides by the values of the picture."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(2, 3)) if images.sum().item() > 0 else images.amax(dim=(2, 3))


def test_a_network_that_cannot_be_exported_is_told_and_noted(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_network", lambda _installed: Switch())
    error = refusal(cache)
    assert error.problem.code == "onnx-export-failed"
    assert error.problem.detail
    assert rejection(cache) == dict(error.problem.params)["reason"] != ""


# --- once ---


@pytest.mark.usefixtures("quick")
def test_an_export_that_is_there_is_left_as_it_is(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = export(cache)
    before = first.path.stat()
    monkeypatch.setattr(module, "_export", lambda *_arguments: pytest.fail("it was exported again"))
    again = export(cache)
    assert (again.path, again.size, again.largest_difference) == (first.path, first.size, first.largest_difference)
    assert (again.path.stat().st_mtime_ns, again.path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_the_job_takes_this_users_sets_and_cache(tiny: InstalledWeights, exported: NetworkExported) -> None:
    copy_export(exported, folders.onnx_dir())
    (done,) = module.export_weights("tiny", CancelToken())
    assert done.path == folders.onnx_dir() / exported.path.name
    assert done.installed == tiny


def test_the_pictures_of_the_check_are_the_same_each_time_and_unlike_one_another() -> None:
    pictures = module.check_pictures(16, 5)
    assert (pictures.shape, pictures.dtype) == ((5, 16, 16, 3), np.uint8)
    np.testing.assert_array_equal(pictures, module.check_pictures(16, 5))
    assert len({picture.tobytes() for picture in pictures}) == 5


# --- the check ---


@pytest.mark.usefixtures("quick")
def test_an_export_of_other_values_is_thrown_away_and_noted(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    with tiny_networks(seed=4):
        error = refusal(cache)
    assert error.problem.code == "onnx-check-failed"
    assert rejection(cache).startswith("a probability differs by 0.")
    assert dict(error.problem.params)["reason"] == rejection(cache)
    assert export(cache).path.exists(), "whoever asks again may try again"


def answer(monkeypatch: pytest.MonkeyPatch, torch_says: list[list[float]], onnx_says: list[list[float]]) -> None:
    def told(values: list[list[float]]) -> object:
        return lambda _self, _pixels: np.array(values, dtype=np.float32)

    monkeypatch.setattr(Classifier, "probabilities", told(torch_says))
    monkeypatch.setattr(OnnxClassifier, "probabilities", told(onnx_says))


LIKELY = [0.4, 0.3, 0.15, 0.1, 0.03, 0.02]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("onnx_says", "reason"),
    [
        ([0.4002, 0.2998, *LIKELY[2:]], "differs by 0.0002"),
        ([float("nan"), *LIKELY[1:]], "differs by nan"),
        ([float("inf"), *LIKELY[1:]], "differs by inf"),
    ],
)
def test_probabilities_further_off_than_a_ten_thousandth_reject_an_export(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, onnx_says: list[float], reason: str
) -> None:
    answer(monkeypatch, [LIKELY, LIKELY], [LIKELY, onnx_says])
    assert refusal(cache).problem.code == "onnx-check-failed"
    assert reason in rejection(cache)


@pytest.mark.usefixtures("quick")
def test_another_order_among_the_likeliest_five_rejects_an_export(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, [[0.4, 0.3, 0.15, 0.08003, 0.07, 0.0]], [[0.4, 0.3, 0.15, 0.08, 0.07003, 0.0]])
    assert export(cache).largest_difference == pytest.approx(3e-5, rel=0.01), "the order is the same here"
    cache.clear()
    answer(monkeypatch, [[0.4, 0.3, 0.15, 0.07502, 0.075, 0.0]], [[0.4, 0.3, 0.15, 0.075, 0.07502, 0.0]])
    assert refusal(cache).problem.code == "onnx-check-failed"
    assert rejection(cache) == "the 5 likeliest labels are others"


@pytest.mark.usefixtures("quick")
def test_labels_that_are_equally_likely_may_change_places(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [[0.4, 0.3, 0.15, 0.0750001, 0.075, 0.0]], [[0.4, 0.3, 0.15, 0.075, 0.0750001, 0.0]])
    assert export(cache).largest_difference < 1e-6


@pytest.mark.usefixtures("quick")
def test_a_rejection_ends_with_the_versions_that_made_it(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [[0.9, 0.1, 0, 0, 0, 0]], [[0.8, 0.2, 0, 0, 0, 0]])
    refusal(cache)
    assert rejection(cache)
    monkeypatch.setattr("model.onnx_cache.installed_versions", lambda: defaultdict(str))
    assert not rejection(cache)


@pytest.mark.usefixtures("quick")
def test_the_order_beyond_the_fifth_does_not_matter(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    start = [0.3, 0.25, 0.2, 0.15, 0.1]
    answer(monkeypatch, [[*start, 0.00003, 0.00001]], [[*start, 0.00001, 0.00003]])
    assert export(cache).largest_difference == pytest.approx(2e-5, rel=0.01)


@pytest.mark.usefixtures("quick")
def test_a_network_that_onnx_runtime_cannot_run_is_rejected(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: OnnxClassifier, _pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise RuntimeError("Non-zero status code\nand much more")

    monkeypatch.setattr(OnnxClassifier, "logits", fail)
    assert refusal(cache).problem.code == "onnx-check-failed"
    assert rejection(cache) == "Non-zero status code"


@pytest.mark.usefixtures("tiny_nets")
def test_a_file_that_onnx_runtime_cannot_load_is_rejected(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_export", lambda _installed, target, _cancel: target.write_bytes(b"no network"))
    assert refusal(cache).problem.code == "onnx-check-failed"
    assert rejection(cache)


# --- the exporter fails ---


def exporter(monkeypatch: pytest.MonkeyPatch, does: object) -> None:
    monkeypatch.setattr(torch.onnx, "export", does)


def raising(error: BaseException, cause: BaseException | None = None) -> object:
    def fail(*_arguments: object, **_settings: object) -> object:
        raise error from cause

    return fail


@pytest.mark.usefixtures("tiny_nets")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("unsupported operator\nmore of it"), "unsupported operator"),
        (ValueError(""), "ValueError"),
        (KeyError("x"), "'x'"),
        (AssertionError("x" * 500), "x" * 200),
        (RecursionError("too deep"), "too deep"),
    ],
)
def test_whatever_the_exporter_raises_is_an_export_error_and_noted(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    exporter(monkeypatch, raising(error))
    refused = refusal(cache)
    assert refused.problem.code == "onnx-export-failed"
    assert rejection(cache) == reason
    assert reason in str(refused)
    assert refused.problem.detail == str(error)


@pytest.mark.usefixtures("tiny_nets")
@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (MemoryError(), None),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"), None),
        (RuntimeError("Failed to allocate memory for requested buffer of size 4"), None),
        (RuntimeError("the exporter gave up"), MemoryError()),
        (ImportError("No module named 'onnxscript'"), None),
    ],
)
def test_a_lack_of_memory_or_of_a_package_is_told_and_not_held_against_the_network(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: Exception | None
) -> None:
    exporter(monkeypatch, raising(error, cause))
    assert refusal(cache).problem.code == "onnx-export-failed"
    assert cache.record(WEIGHTS) is None


@pytest.mark.usefixtures("tiny_nets")
def test_a_rejection_that_cannot_be_noted_is_told_all_the_same(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    exporter(monkeypatch, raising(ValueError("a reason")))
    monkeypatch.setattr(OnnxCache, "reject", raising(OSError(errno.ENOSPC, "No space left on device")))
    with caplog.at_level(logging.WARNING):
        assert refusal(cache).problem.code == "onnx-export-failed"
    assert "could not be noted" in caplog.text


# --- the disk fails ---

FULL = OSError(errno.ENOSPC, "No space left on device")
REAL_EXPORT = module._export


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("step", ["save", "rename", "record", "folder"])
def test_a_full_disk_is_told_and_not_held_against_the_network(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patch:
        if step == "save":
            program = SimpleNamespace(model=SimpleNamespace(metadata_props={}), save=raising(FULL))
            patch.setattr(module, "_export", REAL_EXPORT)
            patch.setattr(torch.onnx, "export", lambda *_arguments, **_settings: program)
        elif step == "rename":
            patch.setattr(onnx_cache, "replace_durably", raising(FULL))
        elif step == "record":
            patch.setattr(onnx_cache, "write_atomically", raising(FULL))
        else:
            patch.setattr(Path, "mkdir", raising(FULL))
        with pytest.raises(ExportError) as caught:
            export(cache)
        assert caught.value.problem.code == "onnx-not-saved"
        assert "No space left on device" in str(caught.value)
        assert cache.record(WEIGHTS) is None, "a full disk is taken for a fault of the network"
        assert cache.find(WEIGHTS) is None
    assert list(cache.folder.glob(".*")) == [] if cache.folder.exists() else step == "folder"
    assert export(cache).path.exists(), "with room again it works"


# --- cancelled ---


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("step", ["_export", "_check"])
def test_a_cancelled_export_keeps_nothing(cache: OnnxCache, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    cancel = CancelToken()
    real = getattr(module, step)

    def cancelled_meanwhile(*arguments: object) -> object:
        cancel.cancel()
        return real(*arguments)

    monkeypatch.setattr(module, step, cancelled_meanwhile)
    with pytest.raises(Cancelled):
        export(cache, cancel)
    assert list(cache.folder.iterdir()) == []
    assert cache.record(WEIGHTS) is None


@pytest.mark.usefixtures("tiny_nets")
def test_an_export_cancelled_before_it_begins_does_not_reach_the_exporter(
    cache: OnnxCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = CancelToken()
    cancel.cancel()
    exporter(monkeypatch, lambda *_arguments, **_settings: pytest.fail("it was exported"))
    with pytest.raises(Cancelled):
        export(cache, cancel)
    assert list(cache.folder.iterdir()) == []
