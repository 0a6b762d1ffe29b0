"""Which engine is loaded: by the wish, by what has been exported, and by what is installed."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from onnx_desk import copy_export, tiny_networks

from model import background_export, engine_choice, folders, onnx_classifier
from model.background_export import BackgroundExport
from model.cancel import CancelToken
from model.classify_request import ClassifierWish
from model.engine_choice import NOT_EXPORTED, is_onnx_runtime_there, load_classifier, runs_on_cpu, user_cache
from model.errors import DeviceError, ExportError, PhotospotterError, WeightsError
from model.lane import Lane
from model.onnx_cache import OnnxCache
from model.onnx_export import check_pictures
from model.types import EngineWish, InstalledWeights, NetworkExported

AUTO, TORCH, ONNX = (ClassifierWish(engine=engine) for engine in ("auto", "torch", "onnx"))


@pytest.fixture(autouse=True)
def tiny_nets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every network is a tiny one, on a computer without a GPU."""
    monkeypatch.setattr(engine_choice, "has_gpu_driver", lambda: False)
    with tiny_networks():
        yield


@pytest.fixture
def cache(exported: NetworkExported) -> OnnxCache:
    """This user's cache, with the tiny network in it."""
    return copy_export(exported, folders.onnx_dir())


@pytest.fixture
def no_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "model.onnx_classifier")


def refusal(installed: InstalledWeights, wish: ClassifierWish) -> PhotospotterError:
    with pytest.raises(PhotospotterError) as caught:
        load_classifier(installed, wish)
    assert caught.value.remedy
    return caught.value


def test_auto_is_torch_until_there_is_an_export(tiny: InstalledWeights) -> None:
    assert load_classifier(tiny, AUTO).engine == "torch"


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("engine", "expected"), [("auto", "onnx"), ("onnx", "onnx"), ("torch", "torch")], ids=["auto", "onnx", "torch"]
)
def test_with_an_export_the_wish_decides(tiny: InstalledWeights, engine: EngineWish, expected: str) -> None:
    loaded = load_classifier(tiny, ClassifierWish("cpu", engine, batch_size=3))
    assert (loaded.engine, loaded.batch_size, loaded.device_key) == (expected, 3, "cpu")
    labels = [row[0].label for row in loaded.classify(check_pictures(16, 4), 1).predictions]
    assert labels == [
        row[0].label for row in load_classifier(tiny, TORCH).classify(check_pictures(16, 4), 1).predictions
    ]


@pytest.mark.usefixtures("cache")
def test_the_threads_wished_for_reach_onnx_runtime(tiny: InstalledWeights) -> None:
    loaded = load_classifier(tiny, ClassifierWish(threads=3))
    assert isinstance(loaded, onnx_classifier.OnnxClassifier)
    assert loaded._threads == 3


@pytest.mark.usefixtures("cache")
def test_the_export_of_other_weights_is_not_this_ones(tiny: InstalledWeights) -> None:
    assert load_classifier(replace(tiny, sha256="0" * 64), AUTO).engine == "torch"


# --- where a GPU may be ---


@pytest.mark.usefixtures("cache")
def test_with_a_gpu_auto_leaves_the_choice_to_torch_once(
    tiny: InstalledWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "has_gpu_driver", lambda: True)
    assert not runs_on_cpu(AUTO)
    assert load_classifier(tiny, AUTO).engine == "torch"
    assert runs_on_cpu(AUTO), "torch has passed the GPU over"
    assert load_classifier(tiny, AUTO).engine == "onnx"


@pytest.mark.parametrize(
    ("device", "driver", "expected"),
    [("cpu", True, True), ("cuda", False, False), ("mps", False, False), ("auto", False, True), ("auto", True, False)],
)
def test_whether_the_cpu_is_to_compute_is_told_without_torch(
    monkeypatch: pytest.MonkeyPatch, device: str, driver: bool, expected: bool
) -> None:
    monkeypatch.setattr(engine_choice, "has_gpu_driver", lambda: driver)
    assert runs_on_cpu(ClassifierWish(device)) is expected


@pytest.mark.usefixtures("cache")
def test_a_gpu_that_onnx_runtime_lacks_is_told(tiny: InstalledWeights) -> None:
    if "cuda" in onnx_classifier.available_devices():
        pytest.skip("the installed ONNX Runtime serves CUDA")
    error = refusal(tiny, ClassifierWish("cuda", "onnx"))
    assert error.problem.code == "onnx-device-absent"
    assert "cuda" in str(error)


# --- exports that cannot be used ---


def test_a_damaged_export_leaves_auto_with_torch(tiny: InstalledWeights, cache: OnnxCache) -> None:
    (network,) = cache.folder.glob("*.onnx")
    network.write_bytes(network.read_bytes()[:-1])
    assert load_classifier(tiny, AUTO).engine == "torch"


def test_an_export_that_onnx_runtime_cannot_load_leaves_auto_with_torch(
    tiny: InstalledWeights, caplog: pytest.LogCaptureFixture
) -> None:
    with user_cache().adding(tiny) as part:
        part.write_bytes(b"sound by its digest, but no network")
        user_cache().keep(tiny, part, 0.0)
    assert load_classifier(tiny, AUTO).engine == "torch"
    assert "PyTorch is used instead" in caplog.text
    assert refusal(tiny, ONNX).problem.code == "onnx-not-loaded"


def test_a_rejected_export_leaves_auto_with_torch_and_says_why_to_who_wants_onnx(tiny: InstalledWeights) -> None:
    user_cache().reject(tiny, "a probability differs by 0.2")
    assert load_classifier(tiny, AUTO).engine == "torch"
    error = refusal(tiny, ONNX)
    assert error.problem.code == "onnx-rejected"
    assert "a probability differs by 0.2" in str(error)


def test_what_was_never_exported_is_told_to_who_wants_onnx(tiny: InstalledWeights) -> None:
    error = refusal(tiny, ONNX)
    assert isinstance(error, WeightsError)
    assert error.problem.code == NOT_EXPORTED
    assert "has not been exported" in str(error)
    assert "photospotter-cli export tiny" in error.remedy


# --- without ONNX Runtime ---


@pytest.mark.usefixtures("cache", "no_onnx_runtime")
def test_without_onnx_runtime_auto_is_torch_and_a_wish_for_it_is_told(tiny: InstalledWeights) -> None:
    assert not is_onnx_runtime_there()
    assert load_classifier(tiny, AUTO).engine == "torch"
    error = refusal(tiny, ONNX)
    assert isinstance(error, DeviceError)
    assert error.problem.code == "onnx-runtime-absent"
    assert "install the package onnxruntime" in error.remedy


@pytest.mark.usefixtures("no_onnx_runtime")
def test_the_absence_of_onnx_runtime_is_told_rather_than_that_of_an_export(tiny: InstalledWeights) -> None:
    assert refusal(tiny, ONNX).problem.code == "onnx-runtime-absent"


@pytest.mark.usefixtures("cache", "no_onnx_runtime")
def test_an_onnx_runtime_whose_libraries_cannot_be_loaded_leaves_auto_with_torch(
    tiny: InstalledWeights, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine_choice, "is_onnx_runtime_there", lambda: True)
    assert load_classifier(tiny, AUTO).engine == "torch"
    assert "PyTorch is used instead" in caplog.text


@pytest.mark.usefixtures("no_onnx_runtime")
def test_without_onnx_runtime_nothing_is_exported_before_that_is_told(
    tiny: InstalledWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.child_process.run_in_child", lambda *_arguments: pytest.fail("it was exported"))
    lane = Lane(load_classifier, BackgroundExport(user_cache()))
    with pytest.raises(DeviceError) as caught:
        lane.load(tiny, ONNX, CancelToken())
    assert caught.value.problem.code == "onnx-runtime-absent"


# --- a wish for ONNX Runtime, from the wish to the export ---


def exporting(monkeypatch: pytest.MonkeyPatch, exported: NetworkExported, error: Exception | None = None) -> list[str]:
    """Let the child process that exports copy what was exported; return a list of what it is asked for."""
    asked: list[str] = []

    def run_in_child(target: str, arguments: tuple[str], _cancel: CancelToken) -> Iterator[object]:
        asked.append(f"{target} {arguments[0]}")
        if error is not None:
            raise error
        copy_export(exported, folders.onnx_dir())
        yield exported

    monkeypatch.setattr("model.child_process.run_in_child", run_in_child)
    return asked


@pytest.mark.parametrize("before", ["nothing", "damaged", "gone", "there"])
def test_who_wants_onnx_gets_it_exported_where_it_is_not_there(
    tiny: InstalledWeights, exported: NetworkExported, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    asked = exporting(monkeypatch, exported)
    if before != "nothing":
        copy_export(exported, folders.onnx_dir())
    network = folders.onnx_dir() / exported.path.name
    if before == "damaged":
        network.write_bytes(b"x" * exported.size)
    elif before == "gone":
        network.unlink()
    lane = Lane(load_classifier, BackgroundExport(user_cache()))
    assert lane.load(tiny, ONNX, CancelToken()).engine == "onnx"
    assert asked == ([] if before == "there" else ["model.onnx_export:export_weights tiny"])


def test_who_wants_onnx_is_told_why_it_cannot_be(
    tiny: InstalledWeights, exported: NetworkExported, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ExportError("onnx-export-failed", id="tiny", reason="an operator is not supported")
    asked = exporting(monkeypatch, exported, error)
    lane = Lane(load_classifier, BackgroundExport(user_cache()))
    with pytest.raises(ExportError, match="an operator is not supported"):
        lane.load(tiny, ONNX, CancelToken())
    user_cache().reject(tiny, "an operator is not supported")
    with pytest.raises(WeightsError, match="an operator is not supported"):
        lane.load(tiny, ONNX, CancelToken())
    assert len(asked) == 1, "it was exported again although that is known to fail"


def test_in_mid_run_torch_makes_way_for_the_export(
    tiny: InstalledWeights, exported: NetworkExported, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The real lane, exporter and loader; only the process is a fake one, which ends when the test says so."""

    class Process:
        returncode: int | None = None

        def __init__(self, command: list[str], **_settings: object) -> None:
            assert command[-2:] == ["--background", "tiny"]
            processes.append(self)

        def poll(self) -> int | None:
            return self.returncode

    processes: list[Process] = []
    monkeypatch.delenv(background_export.OFF_VARIABLE)
    monkeypatch.setattr(background_export.subprocess, "Popen", Process)
    lane = Lane(load_classifier, BackgroundExport(user_cache()))
    pixels = check_pictures(16, 2)
    assert lane.load(tiny, AUTO, CancelToken()).engine == "torch"
    before = lane.classify(pixels, 3)
    lane.classify(pixels, 3)
    assert (len(processes), lane.engine) == (1, "torch")
    copy_export(exported, folders.onnx_dir())
    processes[0].returncode = 0
    after = lane.classify(pixels, 3)
    assert lane.engine == lane.ready().engine == "onnx"
    for one, other in zip(before.predictions, after.predictions, strict=True):
        assert [item.label for item in one] == [item.label for item in other]
        np.testing.assert_allclose([item.probability for item in one], [item.probability for item in other], atol=1e-5)
    with caplog.at_level(logging.INFO):
        lane.classify(pixels, 3)
    assert len(processes) == 1
