"""Frozen values that travel between threads and layers; no behaviour lives here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from model.cancel import CancelToken

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

ParamValue = str | int | float
Job = Callable[[CancelToken], Iterator[object]]
"""One long piece of work: called with a token on the worker's thread, it yields frozen values."""

Interpolation = Literal["bilinear", "bicubic"]
DecodeMode = Literal["exact", "fast"]
"""Exact: the pixels of torchvision. Fast: decoded smaller where the format can, and only the crop resized."""
FileRole = Literal["network", "backbone", "head"]
FilePlace = Literal["resources", "package", "download", "user"]
StateDictLayout = Literal["torchvision", "timm", "by-order"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault as data: a code of `model.error_texts`, the values for its text, and technical detail for the log."""

    code: str
    params: tuple[tuple[str, ParamValue], ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How a picture becomes network input: resize the short side, crop the centre, normalise.

    Sizes are in pixels; mean and std are those of RGB on the scale 0..1 (torchvision's convention).
    """

    resize: int
    crop: int
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One figure of a weight set's card. `value` and `spread` (standard deviation) are fractions of 1."""

    metric: str
    value: float
    on: str
    published: bool
    spread: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far a set's outputs can be trusted, fitted on pictures that the network did not learn from.

    Logits are divided by `temperature` before the softmax. A picture is unsure when its `score` is below `threshold`:
    the likeliest label's calibrated probability (0..1), or the energy, log(sum(exp(logits))) of the plain logits (Liu
    et al., "Energy-based Out-of-distribution Detection", 2020). `kept` of the pictures it was fitted `on` are above it.
    """

    temperature: float
    score: Literal["probability", "energy"]
    threshold: float
    kept: float
    on: str


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of a weight set.

    `place` says who holds it: this program's `resources`, an installed Python `package`, the net (`download`), or the
    user's data folder (`user`). `sha256_prefix` stands in for `sha256` until the file has been fetched once. `size`
    is in bytes.
    """

    role: FileRole
    name: str
    place: FilePlace
    size: int
    sha256: str | None = None
    sha256_prefix: str | None = None
    url: str | None = None
    package: str | None = None


@dataclass(frozen=True, slots=True)
class WeightSet:
    """A card: everything about a weight set except the tensors.

    `architecture` is `library:name`, for example `torchvision:resnet50` or `timm:tf_efficientnet_lite2`. `layout`
    says how the state dict names its tensors. `family` groups sets behind an alias (`imagenet`, `weather`, or
    `custom`). `calibration` is None where the set has none: then probabilities are the plain softmax, and no picture is
    called unsure.
    """

    id: str
    title: str
    family: str
    architecture: str
    layout: StateDictLayout
    classes: tuple[str, ...]
    preprocess: Preprocess
    files: tuple[WeightsFile, ...]
    licence: str
    source: str
    accuracy: tuple[Accuracy, ...] = ()
    preprocess_assumed: bool = False
    calibration: Calibration | None = None
    notes: str = ""
    recipe: Mapping[str, object] = field(default_factory=dict)


class WeightsState(Enum):
    """Where a weight set's files are."""

    BUILT_IN = "built in"
    ON_COMPUTER = "on this computer"
    TO_BE_FETCHED = "to be fetched"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A weight set as the panel lists it; `paths` has an entry for each file, None where it is absent."""

    weights: WeightSet
    state: WeightsState
    paths: tuple[Path | None, ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class InstalledWeights:
    """A weight set whose files were found and whose digests were checked.

    `sha256` is the file's digest, or, for a set of several files, the SHA-256 of their hexadecimal digests joined in
    card order. `weights.files` carry their full digests here.
    """

    weights: WeightSet
    paths: Mapping[FileRole, Path]
    sha256: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """One label with its softmax probability over all classes of the set, 0..1; calibrated where the set is."""

    class_index: int
    label: str
    probability: float


EngineName = Literal["torch", "onnx"]
"""What computes: PyTorch, or ONNX Runtime."""
EngineWish = Literal["auto", "torch", "onnx"]
Precision = Literal["float32", "float16"]
"""What a network computes in. Engines of the same precision agree to 1e-4; half precision, on GPUs, to some 1e-3."""


@dataclass(frozen=True, slots=True)
class BatchOutput:
    """For each picture of a batch its predictions, most likely first; and what the user should hear of.

    `unsure` has a verdict for each picture; it is empty where the set has no calibration.
    """

    predictions: tuple[tuple[Prediction, ...], ...]
    notices: tuple[Problem, ...] = ()
    unsure: tuple[bool, ...] = ()
    precision: Precision = "float32"


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What decoding found out: Pillow's format name, and the upright size in pixels."""

    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ImageResult:
    """The outcome for one picture: either `predictions` (most likely first) or a `problem`.

    `weights_sha256` names the weights it was made with, `calibration` is what its probabilities and `unsure` rest on
    (None for the plain softmax without a verdict), `engine` what computed it (None for an error, or where an older
    version kept no note of it) in which `precision`, `decode` how its pixels were made. `seconds` is decoding time
    plus the picture's share of its batch, `classified_at` is in UTC.
    """

    path: Path
    predictions: tuple[Prediction, ...]
    problem: Problem | None
    facts: PictureFacts | None
    weights_id: str
    weights_sha256: str
    seconds: float
    classified_at: datetime
    unsure: bool | None = None
    calibration: Calibration | None = None
    engine: EngineName | None = None
    decode: DecodeMode = "exact"
    precision: Precision = "float32"


@dataclass(frozen=True, slots=True)
class ResultBatch:
    """Results in the order in which they were finished; `recalled` are those that an earlier run had found."""

    results: tuple[ImageResult, ...]
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should hear of although the job goes on."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class RunPaused:
    """The run has paused its own token, and goes on when that is resumed; what failed is tried again then.

    `problem` says why: so many pictures in a row could not be fetched that their drive must be away.
    """

    problem: Problem


@dataclass(frozen=True, slots=True)
class WeightsOpened:
    """The run's weights were found and their digests checked; the network may not be loaded yet."""

    installed: InstalledWeights


@dataclass(frozen=True, slots=True)
class EngineReady:
    """The network is loaded: on which device, in words for the status line, from which weights, and by which engine.

    A run that goes on with another engine says so by another of these.
    """

    installed: InstalledWeights
    device: str
    batch_size: int
    engine: EngineName = "torch"


@dataclass(frozen=True, slots=True)
class NetworkExported:
    """The last value of an export to ONNX: where the checked file is, and its size in bytes.

    `largest_difference` is that of probabilities between torch and ONNX Runtime on the pictures of the check.
    """

    installed: InstalledWeights
    path: Path
    size: int
    largest_difference: float
    seconds: float


@dataclass(frozen=True, slots=True)
class FoundImage:
    """A picture to classify. `identity` is the real path (symbolic links followed): equal identity, same picture."""

    path: Path
    identity: str


@dataclass(frozen=True, slots=True)
class ScanBatch:
    """Pictures in natural order, as the scan comes across them."""

    found: tuple[FoundImage, ...]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The last value of a scan: what it found and what it left out.

    `other_files` were in scanned folders but are no pictures, `repeats` had been listed before, `unreadable` has one
    problem for each folder that could not be read.
    """

    images: int
    other_files: int
    repeats: int
    unreadable: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """Bytes so far and in all (None where the server does not say), and the seconds left (None while unknown)."""

    done: int
    total: int | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class WeightsInstalled:
    """The last value of a download or an import: the set is now on this computer.

    `was_there` says that the very same set was there before, and that nothing was changed.
    """

    entry: CatalogueEntry
    was_there: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveSaved:
    """The last value of saving a weight set as an archive: which set, where it is, and how large, in bytes."""

    weights: WeightSet
    target: Path
    size: int


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """Rows written so far, of how many."""

    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class ExportDone:
    """The last value of an export. `pending` pictures had no result of the exported weights and have no row."""

    target: Path
    run_file: Path
    rows: int
    errors: int
    pending: int
