"""Networks exported to ONNX, kept on disk: found again by what made them, bounded, and never half there.

An export is two files: `KEY.onnx`, and beside it `KEY.json` with its digest, or with the reason why it may not be used.
The JSON file is written last, so that an export broken off counts as none. Needs neither torch nor ONNX Runtime.
"""

import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from model.names import display_name
from model.safe_files import file_sha256, replace_durably, sync, write_atomically
from model.types import InstalledWeights
from model.versions import installed_versions

log = logging.getLogger(__name__)

EXPORTER_VERSION = 1
"""To be raised when exported files change; those of older versions are then made anew."""

SIZE_LIMIT = 2 * 1024**3
"""Bytes that all exports together may take; a ResNet-50 takes 102 MB."""

_ABANDONED_SECONDS = 600.0  # an export takes seconds; a part file so old was left by a crash
_RECORD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What is known of an export. With a `rejected` reason there is no ONNX file, and torch is used.

    `largest_difference` is that of probabilities between torch and ONNX Runtime on the pictures of the check. A
    rejection holds for the `versions` of the libraries with which it was made.
    """

    sha256: str = ""
    size: int = 0
    largest_difference: float = 0.0
    rejected: str = ""
    versions: str = ""


@dataclass(frozen=True, slots=True)
class ExportedNetwork:
    """An ONNX file that passed its check; unless it is only a `peek`, its digest is the recorded one."""

    path: Path
    record: ExportRecord


def export_key(installed: InstalledWeights) -> str:
    """Return the name of a set's export: a digest of the weights' SHA-256, all else in the file, and the version."""
    weights = installed.weights
    network = (installed.sha256, weights.id, weights.architecture, weights.layout, weights.preprocess, weights.classes)
    # The calibration too: its temperature has a part in the probabilities that are compared.
    parts = (EXPORTER_VERSION, *network, weights.calibration)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


class OnnxCache:
    """The exports in one folder. Any thread and any process may use it; a folder that fails is an empty one."""

    def __init__(self, folder: Path, *, size_limit: int = SIZE_LIMIT) -> None:
        """The folder is made by the first `adding`."""
        self.folder = folder
        self._size_limit = size_limit

    def find(self, installed: InstalledWeights) -> ExportedNetwork | None:
        """Return the set's export; None when there is none, or when it was rejected or is damaged.

        Reads the whole file to check its digest. An export that is damaged or lacks its file is removed.
        """
        exported = self.peek(installed)
        if exported is None:
            return None
        key, path, record = export_key(installed), exported.path, exported.record
        try:
            sound = path.stat().st_size == record.size and file_sha256(path) == record.sha256
        except FileNotFoundError:
            sound = False
        except OSError as exc:
            log.warning("the exported network %s cannot be read: %s", display_name(path), exc)
            return None
        if not sound:
            log.warning("the exported network %s is damaged or gone, and is forgotten", display_name(path))
            self._remove(key)
            return None
        with suppress(OSError):
            os.utime(self._record(key))  # used last now
        return exported

    def peek(self, installed: InstalledWeights) -> ExportedNetwork | None:
        """Return the set's export before its file was looked at: for loading it while `find` reads it."""
        record = self.record(installed)
        if record is None or record.rejected:
            return None
        return ExportedNetwork(self._network(export_key(installed)), record)

    def record(self, installed: InstalledWeights) -> ExportRecord | None:
        """Return what is known of the set's export, without reading the network; None when nothing is.

        A rejection by other versions of the libraries is not known: these may do better.
        """
        path = self._record(export_key(installed))
        try:
            with path.open("rb") as handle:
                values = json.loads(handle.read(_RECORD_BYTES))
            record = ExportRecord(
                sha256=str(values["sha256"]),
                size=int(values["size"]),
                largest_difference=float(values["largest_difference"]),
                rejected=str(values["rejected"]),
                versions=str(values["versions"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, OverflowError) as exc:
            log.warning("the record %s of an exported network is unusable: %s", display_name(path), exc)
            return None
        return None if record.rejected and record.versions != _exporting_versions() else record

    def is_under_way(self, installed: InstalledWeights) -> bool:
        """Return whether somebody seems to be exporting the set just now; a crash is forgotten after ten minutes."""
        return any(not _is_abandoned(part) for part in self.folder.glob(f".{export_key(installed)}-*.part"))

    @contextmanager
    def adding(self, installed: InstalledWeights) -> Iterator[Path]:
        """Give an empty file to write an export to, for `keep`; if it is still there afterwards it is removed.

        Raises OSError.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(".*.part"):
            if _is_abandoned(left):
                with suppress(OSError):
                    left.unlink()
        part = self.folder / f".{export_key(installed)}-{secrets.token_hex(4)}.part"
        part.touch(exist_ok=False)
        try:
            yield part
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def keep(self, installed: InstalledWeights, part: Path, largest_difference: float) -> ExportedNetwork:
        """Give a checked export its name, then make room; raises OSError."""
        key = export_key(installed)
        with part.open("rb+") as handle:
            sync(handle.fileno())
        record = ExportRecord(file_sha256(part), part.stat().st_size, largest_difference)
        self._record(key).unlink(missing_ok=True)  # the old digest must not stand beside the new file
        replace_durably(part, self._network(key))
        self._write_record(key, record)
        self._make_room(key)
        return ExportedNetwork(self._network(key), record)

    def reject(self, installed: InstalledWeights, reason: str) -> None:
        """Note that the set is not to be exported again with this version; raises OSError."""
        key = export_key(installed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove(key)
        self._write_record(key, ExportRecord(rejected=reason, versions=_exporting_versions()))

    def clear(self) -> None:
        """Remove everything; what is in use elsewhere stays."""
        for key in self._keys():
            self._remove(key)

    def _network(self, key: str) -> Path:
        return self.folder / f"{key}.onnx"

    def _record(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _write_record(self, key: str, record: ExportRecord) -> None:
        write_atomically(self._record(key), json.dumps(asdict(record), indent=2).encode())

    def _keys(self) -> set[str]:
        with suppress(OSError):
            return {path.stem for path in self.folder.iterdir() if path.suffix in (".onnx", ".json")}
        return set()

    def _remove(self, key: str) -> None:
        # The record first: without it the network counts as not there.
        for path in (self._record(key), self._network(key)):
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:  # on Windows, while another process has it open
                log.info("%s stays: %s", display_name(path), exc)

    def _make_room(self, keep: str) -> None:
        """Remove the exports used longest ago until the rest is within the limit; `keep` stays in any case."""
        used: list[tuple[float, int, str]] = []
        for key in self._keys():
            size, last = 0, 0.0
            with suppress(OSError):
                size = self._network(key).stat().st_size
            with suppress(OSError):
                last = self._record(key).stat().st_mtime
            used.append((last, size, key))
        total = sum(size for _, size, _ in used)
        for _, size, key in sorted(used):
            if total <= self._size_limit:
                return
            if key != keep and size:
                self._remove(key)
                total -= size


def _exporting_versions() -> str:
    versions = installed_versions()
    return ", ".join(f"{name} {versions[name]}" for name in ("torch", "onnxscript", "onnxruntime"))


def _is_abandoned(part: Path) -> bool:
    try:
        return abs(time.time() - part.stat().st_mtime) > _ABANDONED_SECONDS
    except OSError:
        return True
