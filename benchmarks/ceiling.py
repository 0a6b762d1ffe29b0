"""What the hardware would give at best: decoding alone, the engine alone, and the two sharing the cores."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.prepare import photospotter_environment, photospotter_id

BATCHES = (1, 2, 4, 8, 16)
_SECONDS = 2.0
"""How long each batch size and the multiplication are measured; decoding is measured over the whole folder."""
_MATRIX = 2048


@dataclass(frozen=True, slots=True)
class Cost:
    """What one picture costs, in seconds by the clock with all cores at work, and in core-seconds."""

    seconds: float
    cpu_seconds: float
    batch: int = 1


def ceiling_rate(decode: Cost, inference: Cost, cores: int) -> float:
    """Return pictures a second when both share the cores and neither ever waits for the other.

    Every core is busy all the time: cores / (core-seconds of decoding + core-seconds of inference).
    """
    return cores / (decode.cpu_seconds + inference.cpu_seconds)


def measure(part: str, folder: Path, work: Path) -> Cost:
    """Measure one part in a process of its own, so that no library disturbs another."""
    command = [sys.executable, "-m", "benchmarks.ceiling", part, str(folder), str(work)]
    environment = os.environ | photospotter_environment(work)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=True)
    return Cost(**json.loads(done.stdout))


def decode_alone(folder: Path, work: Path, mode: str) -> Cost:
    """Decode and prepare the folder's pictures on all cores, as Photospotter does, and throw them away."""
    from model.cancel import CancelToken
    from model.decode_limits import DecodeLimits
    from model.load_picture import make_load
    from model.weights import default_catalogue

    installed = default_catalogue().open(photospotter_id(work))
    load = make_load(installed.weights.preprocess, DecodeLimits(), "fast" if mode == "fast" else "exact")
    files = [file for file in sorted(folder.iterdir()) if file.suffix in {".jpg", ".png"}]
    cancel = CancelToken()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda file: load(file, cancel), files[:4]))  # the first one imports and warms up
        started, used = time.perf_counter(), time.process_time()
        list(pool.map(lambda file: load(file, cancel), files))
        return Cost((time.perf_counter() - started) / len(files), (time.process_time() - used) / len(files))


def engine_alone(engine: str, work: Path) -> Cost:
    """Run the network on tensors that are ready, on all cores; the cost is that of the fastest batch size."""
    forward = _torch_forward(work) if engine == "torch" else _onnx_forward(work)
    pixels = np.random.default_rng(0).integers(0, 256, (max(BATCHES), 224, 224, 3), dtype=np.uint8)
    costs = [_time_batch(forward, pixels[:batch]) for batch in BATCHES]
    return min(costs, key=lambda cost: cost.seconds)


def multiplication() -> Cost:
    """Multiply square matrices of float32 on all cores; the cost is that of a thousand million operations."""
    left = np.random.default_rng(0).random((_MATRIX, _MATRIX), dtype=np.float32)
    giga_operations = 2 * _MATRIX**3 / 1e9
    once = _time_batch(lambda _: left @ left, np.zeros((1, 1, 1, 1), dtype=np.uint8))
    return Cost(once.seconds / giga_operations, once.cpu_seconds / giga_operations)


def _time_batch(forward: Callable[[NDArray[np.uint8]], object], batch: NDArray[np.uint8]) -> Cost:
    for _ in range(3):
        forward(batch)
    runs = 0
    started, used = time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - started) < _SECONDS:
        forward(batch)
        runs += 1
    pictures = runs * len(batch)
    return Cost(elapsed / pictures, (time.process_time() - used) / pictures, len(batch))


def _torch_forward(work: Path) -> Callable[[NDArray[np.uint8]], object]:
    from model.classifier import Classifier
    from model.devices import choose_device
    from model.weights import default_catalogue

    return Classifier(default_catalogue().open(photospotter_id(work)), choose_device("cpu")).logits


def _onnx_forward(work: Path) -> Callable[[NDArray[np.uint8]], object]:
    """ONNX Runtime as it comes, with its own threads and its own ways of waiting."""
    import onnxruntime

    from model.engine_choice import user_cache
    from model.weights import default_catalogue

    exported = user_cache().find(default_catalogue().open(photospotter_id(work)))
    if exported is None:
        raise RuntimeError("the weights have not been exported")
    session = onnxruntime.InferenceSession(os.fspath(exported.path), providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {session.get_inputs()[0].name: pixels})


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one part and print its cost as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("decode-exact", "decode-fast", "torch", "onnx", "multiplication"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("work", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.part == "multiplication":
        cost = multiplication()
    elif chosen.part.startswith("decode-"):
        cost = decode_alone(chosen.folder, chosen.work, chosen.part.removeprefix("decode-"))
    else:
        cost = engine_alone(chosen.part, chosen.work)
    print(json.dumps(asdict(cost)))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
