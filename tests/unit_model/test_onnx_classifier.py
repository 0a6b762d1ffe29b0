"""ONNX Runtime as an engine: what it loads and refuses. That its numbers are torch's is shown in test_onnx_export."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx_desk import CONTENT, LABELS, TINY
from weights_samples import sha256

from model.errors import DeviceError, WeightsError
from model.onnx_classifier import METADATA_KEY, PROVIDERS, OnnxClassifier, available_devices
from model.types import InstalledWeights, NetworkExported

WEIGHTS = InstalledWeights(TINY, {}, sha256(CONTENT))
PIXELS = np.random.default_rng(1).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


def refusal(path: Path, installed: InstalledWeights = WEIGHTS) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        OnnxClassifier(path, installed)
    assert caught.value.problem.code == "onnx-not-loaded"
    assert caught.value.remedy
    return caught.value


def test_it_says_what_it_is(exported: NetworkExported) -> None:
    made = OnnxClassifier(exported.path, WEIGHTS)
    assert (made.engine, made.device_key, made.device_label, made.batch_size) == (
        "onnx",
        "cpu",
        "CPU",
        4 * (os.cpu_count() or 1),
    )
    assert made.installed == WEIGHTS
    assert OnnxClassifier(exported.path, WEIGHTS, batch_size=3).batch_size == 3


def test_each_picture_has_its_labels_whatever_the_batches(exported: NetworkExported) -> None:
    whole = OnnxClassifier(exported.path, WEIGHTS).classify(PIXELS, 3)
    parts = OnnxClassifier(exported.path, WEIGHTS, batch_size=2, threads=1)
    sizes: list[int] = []
    real = parts._run

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        sizes.append(len(pixels))
        return real(pixels)

    parts._run = run  # type: ignore[method-assign]
    output = parts.classify(PIXELS, 3)
    assert sizes == [2, 2, 1]
    assert len(output.predictions) == len(output.unsure) == 5
    assert output.unsure == whole.unsure
    for row, expected in zip(output.predictions, whole.predictions, strict=True):
        assert [one.label for one in row] == [one.label for one in expected]
        assert [one.probability for one in row] == pytest.approx([one.probability for one in expected], abs=1e-6)
        assert {one.label for one in row} <= set(LABELS)


def test_pixels_need_not_lie_in_order_in_memory(exported: NetworkExported) -> None:
    made = OnnxClassifier(exported.path, WEIGHTS)
    mirrored = PIXELS[:, :, ::-1]
    np.testing.assert_array_equal(made.logits(mirrored), made.logits(mirrored.copy()))


def test_without_a_calibration_there_is_no_verdict(exported: NetworkExported) -> None:
    plain = replace(WEIGHTS, weights=replace(TINY, calibration=None))
    made = OnnxClassifier(exported.path, plain)
    assert made.classify(PIXELS, 2).unsure == ()
    np.testing.assert_allclose(made.probabilities(PIXELS).sum(axis=1), 1, rtol=1e-6)


def test_a_network_that_fails_is_a_runtime_error_which_the_pipeline_knows(exported: NetworkExported) -> None:
    with pytest.raises(RuntimeError, match="pixels"):
        OnnxClassifier(exported.path, WEIGHTS).classify(PIXELS[:, :7], 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_network_that_puts_out_no_numbers_is_refused(exported: NetworkExported, value: float) -> None:
    made = OnnxClassifier(exported.path, WEIGHTS)
    made._run = lambda pixels: np.full((len(pixels), 6), value, np.float32)  # type: ignore[method-assign]
    with pytest.raises(WeightsError) as caught:
        made.classify(PIXELS, 3)
    assert caught.value.problem.code == "weights-not-finite"


# --- files ---


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x0a\x12"])
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.onnx").write_bytes(content)
    assert refusal(tmp_path / "x.onnx").problem.detail


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refusal(tmp_path / "x.onnx")


def test_the_network_of_other_weights_is_refused(exported: NetworkExported) -> None:
    assert "made of other weights" in str(refusal(exported.path, replace(WEIGHTS, sha256="0" * 64)))


@pytest.mark.parametrize("metadata", [None, "no JSON", json.dumps(["a list"]), json.dumps({"id": "tiny"})])
def test_a_foreign_network_is_refused(exported: NetworkExported, tmp_path: Path, metadata: str | None) -> None:
    network = onnx.load(exported.path)
    del network.metadata_props[:]
    if metadata is not None:
        network.metadata_props.add(key=METADATA_KEY, value=metadata)
    onnx.save(network, tmp_path / "x.onnx")
    refusal(tmp_path / "x.onnx")


# --- devices and threads ---


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), (None, 5)])
def test_each_thread_takes_a_part_of_the_batch(
    exported: NetworkExported, monkeypatch: pytest.MonkeyPatch, threads: int | None, expected: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    classifier = OnnxClassifier(exported.path, WEIGHTS, threads=threads)
    assert classifier._session.get_session_options().intra_op_num_threads == 1
    assert classifier.batch_size == 4 * expected
    together, sizes = threading.Barrier(expected, timeout=20), []
    run = classifier._run

    def meeting(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        together.wait()  # breaks unless all parts are under way at one time
        sizes.append(len(pixels))
        return run(pixels)

    pixels = np.resize(PIXELS, (4 * expected, 16, 16, 3))
    monkeypatch.setattr(classifier, "_run", meeting)
    logits = classifier.logits(pixels)
    assert sizes == [4] * expected
    assert logits == pytest.approx(run(pixels), abs=1e-5)


def test_a_part_that_fails_fails_the_batch(exported: NetworkExported, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = OnnxClassifier(exported.path, WEIGHTS, threads=2)
    run = classifier._run
    pixels = PIXELS[:4]

    def failing(part: NDArray[np.uint8]) -> NDArray[np.float32]:
        if np.array_equal(part[-1], pixels[-1]):
            raise RuntimeError("a part failed")
        return run(part)

    monkeypatch.setattr(classifier, "_run", failing)
    with pytest.raises(RuntimeError, match="a part failed"):
        classifier.classify(pixels, 2)


def test_the_cpu_is_always_there() -> None:
    assert "cpu" in available_devices()
    assert set(available_devices()) <= set(PROVIDERS)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_onnx_runtime_lacks_is_named(
    exported: NetworkExported, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError) as caught:
        OnnxClassifier(exported.path, WEIGHTS, device=device)
    assert caught.value.problem.code == "onnx-device-absent"
    assert device in str(caught.value)


class Session:
    """A session of a build for CUDA, on a computer where CUDA's libraries are there or are missing."""

    works = True
    asked: Sequence[str] = ()

    def __init__(self, _path: str, _options: object, providers: Sequence[str]) -> None:
        Session.asked = providers

    def get_modelmeta(self) -> object:
        class Meta:
            custom_metadata_map = {METADATA_KEY: json.dumps({"weights_sha256": WEIGHTS.sha256})}  # noqa: RUF012

        return Meta()

    def get_providers(self) -> list[str]:
        return list(self.asked) if self.works else ["CPUExecutionProvider"]


@pytest.mark.parametrize("works", [True, False])
def test_a_gpu_is_used_or_its_absence_told_never_the_cpu_under_its_name(
    exported: NetworkExported, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(PROVIDERS.values()))
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(Session, "works", works)
    if works:
        made = OnnxClassifier(exported.path, WEIGHTS, device="cuda")
        assert (made.device_key, made.device_label, made.batch_size) == ("cuda", "GPU (CUDA)", 32)
    else:
        with pytest.raises(DeviceError) as caught:
            OnnxClassifier(exported.path, WEIGHTS, device="cuda")
        assert caught.value.problem.code == "onnx-device-absent"
    assert list(Session.asked) == ["CUDAExecutionProvider", "CPUExecutionProvider"]
