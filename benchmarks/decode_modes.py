"""What fast decoding gains and what it changes: `python -m benchmarks.decode_modes FOLDER ...`.

Reads every picture of each folder in both modes, in turn, and classifies both with real weights. Times are CPU time of
the one thread that decodes, so that a busy machine hardly matters to them; the ratio is the median over the pictures.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.cancel import CancelToken
from model.classifier import Classifier
from model.decode_limits import DecodeLimits
from model.devices import choose_device
from model.errors import ImageError
from model.image_formats import is_image_name
from model.load_picture import make_load
from model.pipeline import Load
from model.types import BatchOutput
from model.weights import default_catalogue

DEFAULT_WEIGHTS = ("imagenet-lite2", "weather-lite2", "weather-resnet50")
BATCH = 16
COPY_QUALITY = 92
PART = 0.6


@dataclass(slots=True)
class Tally:
    """What was found for one folder and one weight set."""

    pictures: int = 0
    same_label: int = 0
    same_verdict: int = 0
    largest_change: float = 0.0
    largest_difference: int = 0
    differences: list[float] = field(default_factory=list)
    exact_ms: list[float] = field(default_factory=list)
    fast_ms: list[float] = field(default_factory=list)

    def row(self, folder: str, weights: str) -> str:
        """Return a line of the table."""
        ratio = statistics.median(a / b for a, b in zip(self.exact_ms, self.fast_ms, strict=True))
        return (
            f"| {folder} | {weights} | {self.pictures} | {self.same_label} | {self.same_verdict} "
            f"| {self.largest_change:.4f} | {self.largest_difference} | {statistics.fmean(self.differences):.3f} "
            f"| {statistics.fmean(self.exact_ms):.1f} | {statistics.fmean(self.fast_ms):.1f} | {ratio:.2f} |"
        )


HEADER = (
    "| folder | weights | pictures | same label | same verdict | largest change of probability | largest difference "
    "of a pixel | mean difference | exact, ms | fast, ms | exact / fast |\n" + "|---|---|" + "---:|" * 9
)


def compare(files: list[Path], classifier: Classifier, rounds: int) -> Tally:
    """Read and classify every picture in both modes; what cannot be read is named and left out."""
    tally = Tally()
    loads = [make_load(classifier.installed.weights.preprocess, DecodeLimits(), mode) for mode in ("exact", "fast")]
    pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
    for file in files:
        try:
            pixels = [load(file, CancelToken())[0] for load in loads]
        except ImageError as exc:
            print(f"left out: {file.name}: {exc}")  # noqa: T201
            continue
        times = [[_cpu_ms(load, file) for load in loads] for _ in range(rounds)]
        tally.exact_ms.append(min(pair[0] for pair in times))
        tally.fast_ms.append(min(pair[1] for pair in times))
        difference = np.abs(pixels[0].astype(int) - pixels[1])
        tally.largest_difference = max(tally.largest_difference, int(difference.max()))
        tally.differences.append(float(difference.mean()))
        pairs.append((pixels[0], pixels[1]))
        if len(pairs) == BATCH:
            _count(pairs, classifier, tally)
            pairs.clear()
    if pairs:
        _count(pairs, classifier, tally)
    return tally


def _count(pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]], classifier: Classifier, tally: Tally) -> None:
    classes = len(classifier.installed.weights.classes)
    exact, fast = (classifier.classify(np.stack([pair[i] for pair in pairs]), classes) for i in (0, 1))
    tally.pictures += len(pairs)
    for a, b in zip(exact.predictions, fast.predictions, strict=True):
        tally.same_label += a[0].class_index == b[0].class_index
    tally.same_verdict += sum(a == b for a, b in zip(exact.unsure, fast.unsure, strict=True))
    if not exact.unsure:
        tally.same_verdict += len(pairs)
    change = np.abs(_by_class(exact, classes) - _by_class(fast, classes)).max()
    tally.largest_change = max(tally.largest_change, float(change))


def _by_class(output: BatchOutput, classes: int) -> NDArray[np.float64]:
    table = np.zeros((len(output.predictions), classes))
    for row, predictions in zip(table, output.predictions, strict=True):
        for prediction in predictions:
            row[prediction.class_index] = prediction.probability
    return table


def _cpu_ms(load: Load, file: Path) -> float:
    start = time.thread_time()
    load(file, CancelToken())
    return (time.thread_time() - start) * 1000


@contextmanager
def copies(files: list[Path], long_side: int, parts: int) -> Iterator[list[Path]]:
    """Give JPEG copies of the pictures whose longer side is at least `long_side`, reduced to it.

    With `parts` above 1 each picture gives `parts` x `parts` overlapping parts of 60 % of its width and height, which
    are then reduced.
    """
    with tempfile.TemporaryDirectory() as place:
        made = []
        for file in files:
            with Image.open(file) as image:
                for view in _views(image.convert("RGB"), parts):
                    scale = long_side / max(view.size)
                    if scale <= 1:
                        size = (max(1, round(view.width * scale)), max(1, round(view.height * scale)))
                        made.append(Path(place, f"{len(made):05}.jpg"))
                        view.resize(size, Image.Resampling.LANCZOS).save(made[-1], quality=COPY_QUALITY)
        yield made


def _views(image: Image.Image, parts: int) -> Iterator[Image.Image]:
    if parts == 1:
        yield image
        return
    width, height = round(image.width * PART), round(image.height * PART)
    for row in range(parts):
        for column in range(parts):
            left = (image.width - width) * column // (parts - 1)
            top = (image.height - height) * row // (parts - 1)
            yield image.crop((left, top, left + width, top + height))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decode_modes", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--weights", nargs="+", default=DEFAULT_WEIGHTS, metavar="ID")
    parser.add_argument("--rounds", type=int, default=1, help="time each picture so often and take the shortest")
    parser.add_argument("--long-side", type=int, metavar="PX", help="use reduced copies of the larger pictures")
    parser.add_argument("--parts", type=int, default=1, metavar="N", help="of each picture copy N x N parts")
    options = parser.parse_args()
    catalogue = default_catalogue()
    classifiers = [Classifier(catalogue.open(weights), choose_device("cpu")) for weights in options.weights]
    print(HEADER)  # noqa: T201
    for folder in options.folders:
        files = sorted(file for file in folder.rglob("*") if file.is_file() and is_image_name(file.name))
        name = folder.name + (f", {options.long_side} px" if options.long_side else "")
        with copies(files, options.long_side, options.parts) if options.long_side else nullcontext(files) as chosen:
            for classifier in classifiers:
                tally = compare(chosen, classifier, options.rounds)
                if tally.pictures:
                    print(tally.row(name, classifier.installed.weights.id), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
