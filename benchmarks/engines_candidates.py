"""The ways to run a network on the CPU that `benchmarks.engines` compares: each takes pixels and gives logits."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines_files import EXPORTED, open_weights, quantised_name
from model.types import InstalledWeights

Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""uint8 (N, S, S, 3) -> float32 logits (N, classes); N is the batch size that was asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a candidate is built from: the prepared folder of a weight set, and how it is to compute.

    `threads` compute in each call, and `callers` threads call at the same time. `half` says by which half of the
    pictures an int8 network was calibrated.
    """

    weights: str
    work: Path
    batch: int
    threads: int
    callers: int = 1
    half: int = 0

    @property
    def folder(self) -> Path:
        """Where the set's exported and quantised files lie."""
        return self.work / self.weights

    def installed(self) -> InstalledWeights:
        """Open the weight set."""
        return open_weights(self.weights, self.work)


@dataclass(frozen=True, slots=True)
class Candidate:
    """`module` is what is imported for it, `quantiser` by what its network was calibrated, if it was.

    `wheels` are the packages that it needs to run.
    """

    title: str
    module: str
    wheels: tuple[str, ...]
    build: Callable[[Request], Run]
    quantiser: Literal["onnx", "openvino"] | None = None


def _torch_eager(request: Request) -> Run:
    return _torch(request)


def _torch_product(request: Request) -> Run:
    return _torch(request, folded=True)


def _torch_bf16(request: Request) -> Run:
    return _torch(request, folded=True, bf16=True)


def _torch_compiled(request: Request) -> Run:
    return _torch(request, folded=True, compiled=True)


def _torch(request: Request, *, folded: bool = False, bf16: bool = False, compiled: bool = False) -> Run:
    import torch

    from model.classifier import Normalise
    from model.network import load_network, prepare_for_inference

    torch.set_num_threads(request.threads)
    installed = request.installed()
    network = load_network(installed)
    if folded:
        network = prepare_for_inference(network, torch.device("cpu"))
    normalise = Normalise(installed.weights.preprocess)
    number = torch.bfloat16 if bf16 else torch.float32
    layout = torch.channels_last if folded else torch.contiguous_format
    network = network.to(number)
    if compiled:
        import torch._inductor.config

        torch._inductor.config.freezing = True
        network = torch.compile(network)

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        # Inductor's freezing wants no_grad; its graph is not taken for inference tensors.
        with torch.no_grad() if compiled else torch.inference_mode():
            batch = normalise(torch.from_numpy(pixels)).to(number).contiguous(memory_format=layout)
            logits: NDArray[np.float32] = network(batch).float().numpy()
        return logits

    return run


def _onnx(request: Request) -> Run:
    return _onnx_session(request, EXPORTED)


def _onnx_s8s8(request: Request) -> Run:
    return _onnx_session(request, quantised_name("onnx-s8s8", request.half))


def _onnx_u8s8(request: Request) -> Run:
    return _onnx_session(request, quantised_name("onnx-u8s8", request.half))


def _onnx_spinning(request: Request) -> Run:
    return _onnx_session(request, EXPORTED, {"session.intra_op.allow_spinning": "1"})


def _onnx_no_prepacking(request: Request) -> Run:
    return _onnx_session(request, EXPORTED, {"session.disable_prepacking": "1"})


def _onnx_no_arena(request: Request) -> Run:
    return _onnx_session(request, EXPORTED, arena=False)


def _onnx_basic(request: Request) -> Run:
    return _onnx_session(request, EXPORTED, level="ORT_ENABLE_BASIC")


def _onnx_optimised(request: Request) -> Run:
    """Load a file that ONNX Runtime wrote after optimising; it holds this processor's own layouts."""
    optimised = request.folder / "optimised.onnx"
    if not optimised.exists():
        _onnx_session(request, EXPORTED, save=optimised)
    return _onnx_session(request, optimised.name, level="ORT_DISABLE_ALL")


def _onnx_session(
    request: Request,
    name: str,
    entries: Mapping[str, str] | None = None,
    *,
    arena: bool = True,
    level: str = "ORT_ENABLE_ALL",
    save: Path | None = None,
) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = request.threads
    options.enable_cpu_mem_arena = arena
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    if save is not None:
        options.optimized_model_filepath = os.fspath(save)
    # As model.onnx_classifier has it, unless an entry says otherwise.
    for key, value in {"session.intra_op.allow_spinning": "0", **(entries or {})}.items():
        options.add_session_config_entry(key, value)
    path = os.fspath(request.folder / name)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = session.run(["logits"], {"pixels": pixels})[0]
        return logits

    return run


def _openvino_fp32(request: Request) -> Run:
    return _openvino(request, EXPORTED, "f32")


def _openvino_bf16(request: Request) -> Run:
    return _openvino(request, EXPORTED, "bf16")


def _openvino_int8(request: Request) -> Run:
    return _openvino(request, quantised_name("openvino", request.half), "f32")


def _openvino(request: Request, name: str, precision: str) -> Run:
    import openvino

    core = openvino.Core()
    model = core.read_model(request.folder / name)
    side = model.input(0).partial_shape[1].get_length()
    model.reshape([request.batch, side, side, 3])  # the plug-in is at its best with shapes that never change
    hints = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": request.threads * request.callers,
        "NUM_STREAMS": request.callers,
    }
    compiled = core.compile_model(model, "CPU", hints)
    own = threading.local()  # an infer request serves one caller at a time

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        logits: NDArray[np.float32] = np.array(own.request.infer({0: pixels})[0], dtype=np.float32)
        return logits

    return run


CANDIDATES = {
    "torch-eager": Candidate("torch fp32, as it is loaded", "torch", ("torch",), _torch_eager),
    "torch": Candidate("torch fp32, as Photospotter runs it", "torch", ("torch",), _torch_product),
    "torch-bf16": Candidate("torch bf16, folded", "torch", ("torch",), _torch_bf16),
    "torch-compile": Candidate("torch.compile, frozen", "torch", ("torch",), _torch_compiled),
    "onnx": Candidate("ONNX Runtime fp32", "onnxruntime", ("onnxruntime",), _onnx),
    "onnx-s8s8": Candidate("ONNX Runtime int8, S8S8", "onnxruntime", ("onnxruntime",), _onnx_s8s8, "onnx"),
    "onnx-u8s8": Candidate("ONNX Runtime int8, U8S8", "onnxruntime", ("onnxruntime",), _onnx_u8s8, "onnx"),
    "openvino": Candidate("OpenVINO fp32", "openvino", ("openvino",), _openvino_fp32),
    "openvino-bf16": Candidate("OpenVINO bf16", "openvino", ("openvino",), _openvino_bf16),
    "openvino-int8": Candidate("OpenVINO int8, NNCF", "openvino", ("openvino",), _openvino_int8, "openvino"),
    "onnx-spinning": Candidate("ONNX Runtime, threads spin", "onnxruntime", ("onnxruntime",), _onnx_spinning),
    "onnx-no-prepacking": Candidate(
        "ONNX Runtime, no prepacking", "onnxruntime", ("onnxruntime",), _onnx_no_prepacking
    ),
    "onnx-no-arena": Candidate("ONNX Runtime, no arena", "onnxruntime", ("onnxruntime",), _onnx_no_arena),
    "onnx-basic": Candidate("ONNX Runtime, basic optimisation", "onnxruntime", ("onnxruntime",), _onnx_basic),
    "onnx-optimised": Candidate("ONNX Runtime, saved optimised", "onnxruntime", ("onnxruntime",), _onnx_optimised),
}
"""Name on the command line -> candidate; what others are compared with comes before them."""
REFERENCE = "torch"
