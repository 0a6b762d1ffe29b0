"""What all contestants share: the same arguments, the same files, the same rows of CSV."""

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

TOP = 5


@dataclass(frozen=True, slots=True)
class Contest:
    """What a contestant is given: a folder's pictures, a checkpoint, the class names, and where the rows go."""

    files: list[Path]
    weights: Path
    labels: list[str]
    csv: str


def read_arguments() -> Contest:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--weights", type=Path, required=True, help="a state dict of torchvision's resnet50, or a folder"
    )
    parser.add_argument("--labels", type=Path, required=True, help="class names, one a line")
    parser.add_argument("--csv", required=True, help="a file, or - for standard output")
    chosen = parser.parse_args()
    files = sorted(file for file in chosen.folder.iterdir() if file.suffix in {".jpg", ".png"})
    return Contest(files, chosen.weights, chosen.labels.read_text(encoding="utf-8").split("\n"), chosen.csv)


class Rows:
    """A CSV table with the five likeliest labels of each picture; on standard output each row is seen at once."""

    def __init__(self, contest: Contest) -> None:
        """Write the header when entered."""
        self._contest = contest
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        target = self._contest.csv
        self._stream = (
            sys.stdout
            if target == "-"
            else self._stack.enter_context(Path(target).open("w", encoding="utf-8", newline=""))
        )
        self._writer = csv.writer(self._stream)
        ranked = (f"{name}_{rank}" for rank in range(1, TOP + 1) for name in ("label", "prob"))
        self._writer.writerow(("path", *ranked))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, name: str, probabilities: Sequence[float], indices: Iterable[int]) -> None:
        """Write the row of a picture from its likeliest classes' probabilities and indices, likeliest first."""
        labels = (self._contest.labels[index] for index in indices)
        self.write_labels(name, zip(labels, probabilities, strict=True))

    def write_labels(self, name: str, ranked: Iterable[tuple[str, float]]) -> None:
        """Write the row of a picture from labels with probabilities, likeliest first."""
        cells = (cell for label, probability in ranked for cell in (label, f"{probability:.6f}"))
        self._writer.writerow((name, *cells))
        if self._stream is sys.stdout:
            self._stream.flush()
