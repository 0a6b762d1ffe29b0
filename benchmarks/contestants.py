"""Who takes part: for each a command line that reads a folder of pictures and writes a CSV table."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.prepare import HUGGINGFACE, LABELS_FILE, WEIGHTS_FILE, photospotter_environment, photospotter_id

Decode = Literal["exact", "fast"]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way from a folder to a CSV table.

    `module` is a script of this package; None stands for Photospotter with this `engine` and `decode`.
    """

    key: str
    title: str
    module: str | None = None
    weights: str = WEIGHTS_FILE
    engine: str = ""
    decode: Decode = "exact"

    def command(self, folder: Path, csv: str, work: Path) -> list[str]:
        """Return the command line; `csv` is a file, or - for standard output."""
        python = [sys.executable, "-m"]
        if self.module is not None:
            given = ["--weights", str(work / self.weights), "--labels", str(work / LABELS_FILE)]
            return [*python, f"benchmarks.{self.module}", str(folder), *given, "--csv", csv]
        chosen = ["--weights", photospotter_id(work), "--engine", self.engine, "--decode", self.decode]
        # The same device as the others': they compute on the CPU, whatever else there is.
        return [
            *python,
            "model",
            "classify",
            str(folder),
            *chosen,
            "--device",
            "cpu",
            "--quiet",
            "--force",
            "--fresh",
            "--csv",
            csv,
        ]

    def environment(self, work: Path) -> dict[str, str]:
        """Return what is added to the environment: no contestant touches the network or the user's own data."""
        return {"HF_HUB_OFFLINE": "1"} | (photospotter_environment(work) if self.module is None else {})


REFERENCE = Contestant("torchvision", "torchvision, one by one", "torchvision_loop")
"""All others are compared with it."""

CONTESTANTS = (
    Contestant("torchvision-loader", "torchvision, DataLoader, batch 32, 2 workers", "torchvision_loader"),
    Contestant("timm", "timm, its loader, batch 32, 2 workers", "timm_loop"),
    Contestant("huggingface", "Hugging Face pipeline, batch 8", "huggingface_pipeline", HUGGINGFACE),
    Contestant("torch-exact", "Photospotter, torch, exact", engine="torch"),
    Contestant("onnx-exact", "Photospotter, ONNX Runtime, exact", engine="onnx"),
    Contestant("onnx-fast", "Photospotter, ONNX Runtime, fast", engine="onnx", decode="fast"),
)
