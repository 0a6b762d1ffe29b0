"""A weight set as one .zip, saved the same way each time.

Layout: `card.json`, then the set's own safetensors files, all uncompressed. A file that a Python package holds is not
in it; the card says which. `model.archive_import` brings it back.
"""

import hashlib
import logging
import re
import secrets
import time
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from model.atomic_file import check_target, write_error
from model.byte_progress import ByteProgress, Clock
from model.cancel import CancelToken
from model.cards import CARD_NAME, card_bytes, is_own, is_savable
from model.errors import ExportError, WeightsError
from model.names import display_name
from model.safe_files import replace_durably, sync
from model.types import ArchiveSaved, DownloadProgress, InstalledWeights, WeightSet
from model.weights import Catalogue
from model.weights_folder import is_windows_device

log = logging.getLogger(__name__)

SUFFIX = ".zip"
MOST_BYTES = 2_000_000_000
"""Of all files together: so small that the format's 64-bit extension is never needed, and that no disk is filled."""
LONGEST_NAME = 200
"""Of ids and file names, in characters."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")
_CHUNK = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)  # the format's first; the same set gives the same bytes at any time
_MODE = 0o100644
_UNIX = 3


def is_archive(path: Path) -> bool:
    """Return whether a file is one of these archives by its name; checkpoints of torch are .zip files inside, too."""
    return path.suffix.lower() == SUFFIX


def is_plain_name(name: str) -> bool:
    """Return whether a file in an archive may have this name: plain on every system, and a safetensors file."""
    return _FILE_NAME.fullmatch(name) is not None and len(name) <= LONGEST_NAME and not is_windows_device(name.lower())


def as_users_own(weights: WeightSet) -> WeightSet:
    """Return the set with the files that an archive carries put into the user's folder."""
    return replace(
        weights, files=tuple(replace(file, place="user") if is_own(file) else file for file in weights.files)
    )


def own_size(weights: WeightSet) -> int:
    """Return the size in bytes of the files that an archive carries."""
    return sum(file.size for file in weights.files if is_own(file))


def export_archive(
    catalogue: Catalogue,
    weights_id: str,
    target: Path,
    *,
    cancel: CancelToken,
    overwrite: bool = False,
    clock: Clock = time.monotonic,
) -> Iterator[DownloadProgress | ArchiveSaved]:
    """Save a weight set as the archive `target`; the last value is ArchiveSaved.

    The files' digests are checked on the way. Raises WeightsError when the set cannot be saved, ExportError when the
    target cannot be written, and Cancelled when `cancel` was; a file that had the name before is then unchanged.
    """
    entry = catalogue.entry(weights_id)
    _check_savable(entry.weights)
    final = check_target(target, overwrite=overwrite)
    installed = catalogue.open(weights_id)
    cancel.raise_if_cancelled()
    weights = as_users_own(installed.weights)
    temporary = final.with_name(f".photospotter-{secrets.token_hex(6)}.part")
    try:
        out = temporary.open("xb")
    except OSError as exc:
        folder, reason = display_name(final.parent), exc.strerror or str(exc)
        raise ExportError("export-folder-unwritable", folder=folder, reason=reason, detail=str(exc)) from exc
    try:
        with out:
            yield from _write(out, weights, installed, ByteProgress(own_size(weights), clock), cancel)
            out.flush()
            sync(out.fileno())
        cancel.raise_if_cancelled()
        replace_durably(temporary, final)
        size = final.stat().st_size
    except OSError as exc:
        raise write_error(target, exc) from exc
    finally:
        temporary.unlink(missing_ok=True)
    log.info("saved %s as %s", weights_id, display_name(target))
    yield ArchiveSaved(weights, target, size)


def _check_savable(weights: WeightSet) -> None:
    for file in weights.files:
        if file.place == "download":
            raise WeightsError("archive-published", id=weights.id, file=file.name)
        if is_own(file) and not is_plain_name(file.name):
            raise WeightsError("archive-file-unsuited", id=weights.id, file=display_name(file.name))
    if not is_savable(weights):
        raise WeightsError("archive-built-in", id=weights.id)
    if own_size(weights) > MOST_BYTES:
        raise WeightsError("archive-too-large", id=weights.id, size=own_size(weights), most=MOST_BYTES)


def _write(
    out: BinaryIO, weights: WeightSet, installed: InstalledWeights, progress: ByteProgress, cancel: CancelToken
) -> Generator[DownloadProgress, None, None]:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        card = card_bytes(weights)
        archive.writestr(_entry(CARD_NAME, len(card)), card)
        for file in weights.files:
            if not is_own(file):
                continue
            path = installed.paths[file.role]
            digest = hashlib.sha256()
            with _open(path) as source, archive.open(_entry(file.name, file.size), "w") as entry:
                while chunk := _read(source, path):
                    cancel.raise_if_cancelled()
                    entry.write(chunk)
                    digest.update(chunk)
                    progress.add(len(chunk))
                    if progress.is_due():
                        yield progress.now()
            if digest.hexdigest() != file.sha256:  # it was replaced since the catalogue looked at it
                raise WeightsError("weights-damaged", id=weights.id, file=display_name(path))
    yield progress.now()


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.file_size = size
    info.create_system = _UNIX
    info.external_attr = _MODE << 16
    return info


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _read(source: BinaryIO, path: Path) -> bytes:
    try:
        return source.read(_CHUNK)
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _unreadable(path: Path, error: OSError) -> WeightsError:
    return WeightsError("weights-file-unreadable", file=display_name(path), reason=error.strerror or str(error))
