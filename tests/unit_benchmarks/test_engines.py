"""What the comparison of engines counts: agreement by logits, and int8 networks judged by pictures they do not know."""

from pathlib import Path

import numpy as np
import pytest
from fakes import make_weights

from benchmarks import engines
from benchmarks.engines_agreement import compare
from benchmarks.engines_candidates import Request
from benchmarks.engines_files import MOST_CALIBRATING, calibrating
from model.types import Calibration

CERTAIN, OTHER, NARROW = [9.0, 0, 0, 0, 0, 0], [0, 9.0, 0, 0, 0, 0], [1.0, 0.9, 0, 0, 0, 0]
CLASSES = tuple("abcdef")


def test_the_same_logits_agree_in_everything() -> None:
    logits = np.array([CERTAIN, OTHER, NARROW], dtype=np.float32)

    found = compare(logits, logits, np.array([0, 1, 1]), make_weights(classes=CLASSES).weights)

    assert (found.pictures, found.top_1_same, found.top_5_same, found.right) == (3, 3, 3, 2)
    assert found.largest_difference == 0
    assert found.unsure_changed is None


def test_another_likeliest_label_and_another_top_5_set_are_counted() -> None:
    reference = np.array([[5, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0]], dtype=np.float32)
    logits = np.array([[4, 5, 3, 2, 1, 0], [5, 4, 3, 2, 0, 1], [5, 4, 3, 2, 1, 0]], dtype=np.float32)

    found = compare(logits, reference, np.array([1, 0, 0]), make_weights(classes=CLASSES).weights)

    assert (found.top_1_same, found.top_5_same) == (2, 2)
    assert (found.right, found.reference_right) == (3, 2)
    assert 0.3 < found.largest_difference < 0.5  # the two likeliest of the first picture changed places: 0.63, 0.23


def test_a_verdict_on_the_other_side_of_the_threshold_is_counted() -> None:
    calibration = Calibration(1.0, "probability", 0.5, kept=0.95, on="none")
    weights = make_weights(classes=CLASSES, calibration=calibration).weights
    reference = np.array([CERTAIN, OTHER], dtype=np.float32)

    found = compare(np.array([NARROW, OTHER], dtype=np.float32), reference, np.array([0, 1]), weights)

    assert found.unsure_changed == 1
    assert found.top_1_same == 2


@pytest.mark.parametrize("half", [0, 1])
def test_no_picture_calibrates_the_network_that_it_judges(half: int) -> None:
    pixels = np.arange(500, dtype=np.uint16)[:, np.newaxis]

    chosen = calibrating(pixels, half)

    assert len(chosen) == MOST_CALIBRATING
    assert set((chosen.ravel() % 2).tolist()) == {half}


def test_a_candidate_without_its_package_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in {"openvino", "nncf"} else object())

    left = list(engines.usable(["onnx", "openvino", "openvino-int8"]))

    assert left == ["onnx"]
    assert "openvino-int8 is left out: openvino, nncf is not installed" in capsys.readouterr().out


def test_a_worker_that_ends_early_is_told_of(tmp_path: Path) -> None:
    # There are no prepared files in the folder, so the process ends while it starts.

    with pytest.raises(RuntimeError, match="onnx has ended"):
        engines.Worker("onnx", Request("imagenet-lite2", tmp_path, 8, 1))


def test_ratios_are_taken_within_a_round() -> None:
    # The second round was twice as slow for both: the ratio stays.
    assert engines._ratio([20.0, 10.0], [10.0, 5.0]) == [2.0, 2.0, 2.0]
