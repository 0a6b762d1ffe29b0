"""The catalogue: every weight set there is, where its files are, and whether they are what the card says."""

import importlib.resources
import importlib.util
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from model import folders
from model.cards import CARD_NAME, TOP_1, card_bytes, read_card, set_digest
from model.errors import WeightsError
from model.names import display_name
from model.safe_files import file_sha256, write_atomically
from model.types import CatalogueEntry, FileRole, InstalledWeights, Problem, WeightSet, WeightsFile, WeightsState

log = logging.getLogger(__name__)

ALIASES = ("imagenet", "weather")
# `weather` names the ResNet-50 while its measured top-1 is at most this much below the small network's.
WEATHER_MARGIN = 0.02

_USABLE = (WeightsState.BUILT_IN, WeightsState.ON_COMPUTER)


def default_catalogue() -> "Catalogue":
    """Return the catalogue of this user: shipped cards, the user's data folder and torch's own cache."""
    return Catalogue(folders.data_dir(), folders.torch_hub_checkpoints())


class VerifiedFile(NamedTuple):
    """A file whose digest was found to be the card's."""

    path: Path
    sha256: str
    size: int


class Catalogue:
    """Weight sets by id. Each call looks at the disk, and any thread may call it.

    All that it remembers are digests, until the file's size, inode or time of change differs: so that a run need not
    read again what was just checked, and `entries` says which files were found to be damaged.
    """

    def __init__(self, data_dir: Path, hub_dir: Path, *, shipped_dir: Path | None = None) -> None:
        """`data_dir` is the user's, `hub_dir` torch's download cache; neither needs to exist.

        `shipped_dir` holds the cards and files that come with the program; None is the package `resources`.
        """
        self.data_dir = data_dir
        self._hub_dir = hub_dir
        self._shipped_dir = shipped_dir or Path(str(importlib.resources.files("resources"))) / "weights"
        self._digests: dict[tuple[Path, int, int, int], str] = {}
        self._damaged: set[tuple[Path, int, int, int]] = set()

    def entries(self) -> list[CatalogueEntry]:
        """Return the shipped sets, then the user's, each by id.

        Sizes are looked at; digests only by `open` and `verify`, whose findings count here from then on.
        """
        return self.read()[0]

    def problems(self) -> list[Problem]:
        """Return what is wrong with cards that `entries` had to leave out."""
        return self.read()[1]

    def entry(self, weights_id: str) -> CatalogueEntry:
        """Return one entry; raises WeightsError, listing the known ids, when there is none."""
        entries = self.entries()
        for entry in entries:
            if entry.weights.id == weights_id:
                return entry
        known = ", ".join([*ALIASES, *(entry.weights.id for entry in entries)])
        raise WeightsError("weights-unknown", name=display_name(weights_id), known=known)

    def resolve(self, name: str) -> str:
        """Return the id that a name or an alias stands for; raises WeightsError when it is unknown.

        `imagenet` is ResNet-50 V2, else V1, where its file is on this computer, else the small built-in network.
        `weather` is the ResNet-50 unless it was measured worse than the small network by more than two points.
        """
        entries = {entry.weights.id: entry for entry in self.entries()}
        if name == "imagenet":
            for weights_id in ("imagenet-resnet50-v2", "imagenet-resnet50-v1"):
                if weights_id in entries and entries[weights_id].state in _USABLE:
                    return weights_id
            return self.entry("imagenet-lite2").weights.id
        if name == "weather":
            large, small = entries.get("weather-resnet50"), entries.get("weather-lite2")
            if large is not None and large.state in _USABLE and _is_good_enough(large.weights, small):
                return large.weights.id
            return self.entry("weather-lite2").weights.id
        return self.entry(name).weights.id

    def open(self, weights_id: str) -> InstalledWeights:
        """Find a set's files and check their digests; reads every byte of them the first time.

        A digest that was known only in part is recorded in the user's copy of the card; where that cannot be written
        the work goes on without. Raises WeightsError when a file is absent or is not what the card says.
        """
        entry = self.entry(weights_id)
        files: list[WeightsFile] = []
        paths: dict[FileRole, Path] = {}
        for file in entry.weights.files:
            found = self.verify(weights_id, file)
            if found is None:
                raise self._absent(entry.weights, file)
            files.append(replace(file, sha256=found.sha256, size=found.size))
            paths[file.role] = found.path
        weights = replace(entry.weights, files=tuple(files))
        if weights != entry.weights:
            self.record(weights)
        return InstalledWeights(weights, paths, set_digest([file.sha256 or "" for file in files]))

    def verify(self, weights_id: str, file: WeightsFile) -> VerifiedFile | None:
        """Return the first place where the file has the card's digest; None when it is nowhere.

        Raises WeightsError when it is only where it is damaged or cannot be read.
        """
        fault: WeightsError | None = None
        for path in self._places(weights_id, file):
            status = _status_of(path)
            if status is None:
                continue
            version = _version(path, status)
            try:
                digest = self._digests.get(version) or file_sha256(path)
            except OSError as exc:
                reason = exc.strerror or str(exc)
                fault = WeightsError("weights-file-unreadable", file=display_name(path), reason=reason)
                continue
            self._digests[version] = digest
            if has_digest(file, digest):
                self._damaged.discard(version)
                return VerifiedFile(path, digest, status.st_size)
            log.warning("%s has SHA-256 %s, which is not the card's", display_name(path), digest)
            fault = WeightsError("weights-damaged", id=weights_id, file=display_name(path))
            self._damaged.add(version)
        if fault is not None:
            raise fault
        return None

    def record(self, weights: WeightSet) -> None:
        """Write the user's copy of a card; a folder that cannot be written is logged and left."""
        folder = self.folder(weights.id)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / CARD_NAME, card_bytes(weights))
        except OSError as exc:
            log.warning("the digest of %s could not be recorded in %s: %s", weights.id, display_name(folder), exc)

    def remove(self, weights_id: str) -> None:
        """Delete the files of a set from the user's data folder; a shipped card goes back to where it began.

        Raises WeightsError when the set has no file there, or when it cannot be deleted; then nothing is.
        """
        self.entry(weights_id)
        folder = self.folder(weights_id)
        if not any(path.name != CARD_NAME for path in _children(folder)):
            raise WeightsError("weights-not-removable", id=weights_id)
        try:
            # Moved away as a whole first: a file in use on Windows makes that fail before anything is deleted.
            with tempfile.TemporaryDirectory(prefix=".removed-", dir=folder.parent, ignore_cleanup_errors=True) as away:
                folder.rename(Path(away) / weights_id)
        except OSError as exc:
            raise WeightsError("weights-remove-failed", id=weights_id, reason=exc.strerror or str(exc)) from exc

    def folder(self, weights_id: str) -> Path:
        """Return the folder in the user's data where a set's files and its card belong; it may not exist."""
        return self.data_dir / "weights" / weights_id

    def read(self) -> tuple[list[CatalogueEntry], list[Problem]]:
        """Return `entries` and `problems` of one look at the cards."""
        shipped: dict[str, WeightSet] = {}
        own: dict[str, WeightSet] = {}
        problems: list[Problem] = []
        for path, weights_id in self._card_paths():
            try:
                weights = _read_card_of(path, weights_id)
                if path.name != CARD_NAME:
                    shipped[weights_id] = weights
                elif weights_id in shipped:
                    shipped[weights_id] = _with_recorded_digests(shipped[weights_id], weights, path)
                else:
                    own[weights_id] = weights
            except WeightsError as exc:
                log.warning("%s", exc)
                problems.append(exc.problem)
        return [self._entry(weights) for weights in [*shipped.values(), *own.values()]], problems

    def _card_paths(self) -> Iterator[tuple[Path, str]]:
        for path in _children(self._shipped_dir):
            if path.suffix == ".json":
                yield path, path.stem
        for folder in _children(self.data_dir / "weights"):
            if not folder.name.startswith(".") and _status_of(folder / CARD_NAME):
                yield folder / CARD_NAME, folder.name

    def _entry(self, weights: WeightSet) -> CatalogueEntry:
        paths: list[Path | None] = []
        problem: Problem | None = None
        to_be_fetched = False
        for file in weights.files:
            present = [(path, found) for path in self._places(weights.id, file) if (found := _status_of(path))]
            fitting = next((path for path, found in present if self._seems_right(path, found, file)), None)
            paths.append(fitting)
            if fitting is not None:
                continue
            if present:
                damaged = WeightsError("weights-damaged", id=weights.id, file=display_name(present[0][0]))
                problem = problem or damaged.problem
            elif file.place == "download":
                to_be_fetched = True
            else:
                problem = problem or self._absent(weights, file).problem
        if problem is not None:
            state = WeightsState.DAMAGED
        elif to_be_fetched:
            state = WeightsState.TO_BE_FETCHED
        elif all(file.place in ("resources", "package") for file in weights.files):
            state = WeightsState.BUILT_IN
        else:
            state = WeightsState.ON_COMPUTER
        return CatalogueEntry(weights, state, tuple(paths), problem)

    def _seems_right(self, path: Path, status: os.stat_result, file: WeightsFile) -> bool:
        return status.st_size == file.size and _version(path, status) not in self._damaged

    def _places(self, weights_id: str, file: WeightsFile) -> list[Path]:
        own = self.folder(weights_id) / file.name
        if file.place == "resources":
            return [self._shipped_dir / file.name]
        if file.place == "download":
            return [own, self._hub_dir / file.name]
        if file.place == "user":
            return [own]
        # Asking for the spec of a top-level package finds it without importing it.
        spec = importlib.util.find_spec(file.package or "")
        roots = (spec and spec.submodule_search_locations) or []
        return [folder / file.name for root in roots for folder in (Path(root) / "models", Path(root))]

    def _absent(self, weights: WeightSet, file: WeightsFile) -> WeightsError:
        if file.place == "download":
            return WeightsError("weights-to-be-fetched", id=weights.id, title=weights.title, file=file.name)
        if file.place == "package":
            return WeightsError("weights-package-absent", id=weights.id, package=file.package or "")
        if file.place == "resources":
            return WeightsError("weights-resource-absent", id=weights.id, file=file.name)
        missing = self.folder(weights.id) / file.name
        return WeightsError("weights-file-absent", id=weights.id, file=display_name(missing))


def has_digest(file: WeightsFile, sha256: str) -> bool:
    """Return whether the digest is the card's, in full where it is known in full."""
    if file.sha256 is not None:
        return sha256 == file.sha256
    return file.sha256_prefix is not None and sha256.startswith(file.sha256_prefix)


def measured_top_1(weights: WeightSet) -> float | None:
    """Return the top-1 accuracy (0..1) that this project measured itself, or None."""
    return next((figure.value for figure in weights.accuracy if figure.metric == TOP_1 and not figure.published), None)


def _is_good_enough(large: WeightSet, small: CatalogueEntry | None) -> bool:
    if small is None:
        return True
    large_top_1, small_top_1 = measured_top_1(large), measured_top_1(small.weights)
    if large_top_1 is None or small_top_1 is None:
        return False
    # Rounded, because 0.96 - 0.94 is a little more than 0.02 in binary.
    return round(small_top_1 - large_top_1, 9) <= WEATHER_MARGIN


def _with_recorded_digests(shipped: WeightSet, copy: WeightSet, path: Path) -> WeightSet:
    """Take the full digests from the user's copy; words, labels and preprocessing follow the program's updates."""
    recorded = {(file.role, file.name): file for file in copy.files}
    files = []
    for file in shipped.files:
        own = recorded.get((file.role, file.name))
        if own is None or (own.sha256 is not None and not has_digest(file, own.sha256)):
            raise WeightsError("weights-card-contradicts", where=display_name(path), id=shipped.id)
        files.append(replace(file, sha256=own.sha256, size=own.size) if own.sha256 is not None else file)
    return replace(shipped, files=tuple(files))


def _read_card_of(path: Path, weights_id: str) -> WeightSet:
    weights = read_card(path)
    if weights.id != weights_id:
        raise WeightsError("weights-card-misplaced", where=display_name(path), id=weights.id)
    return weights


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as exc:
        log.warning("the folder %s cannot be read: %s", display_name(folder), exc)
        return []


def _status_of(path: Path) -> os.stat_result | None:
    """Return what the system says of a regular file; None when there is none or it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _version(path: Path, status: os.stat_result) -> tuple[Path, int, int, int]:
    return path, status.st_size, status.st_mtime_ns, status.st_ino
