"""A weight set out of a .zip: checked in every respect before it is stored. Tensors are loaded, and with them torch."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from model.architectures import is_known_architecture
from model.archive_file import ArchiveFile
from model.byte_progress import ByteProgress, Clock
from model.cancel import CancelToken
from model.cards import CARD_NAME, MOST_CARD_BYTES, card_bytes, is_own, parse_card, set_digest
from model.errors import WeightsError
from model.names import display_name
from model.safe_files import write_atomically
from model.types import (
    CatalogueEntry,
    DownloadProgress,
    FileRole,
    InstalledWeights,
    WeightSet,
    WeightsFile,
    WeightsInstalled,
    WeightsState,
)
from model.weight_archive import LONGEST_NAME, MOST_BYTES, as_users_own, is_plain_name, own_size
from model.weights import ALIASES, Catalogue
from model.weights_folder import is_windows_device, new_folder

log = logging.getLogger(__name__)

_LONGEST_TEXT = 1000  # characters; ImageNet-21k's longest list of synonyms has some 200


def read_archive_card(path: Path) -> WeightSet:
    """Return what an archive says of its weight set, of which only the card is read; raises WeightsError.

    Whether files and tensors are as the card says is found out by `import_archive` alone.
    """
    with ArchiveFile(path) as archive:
        return _read_card(archive)


def import_archive(
    path: Path, catalogue: Catalogue, *, cancel: CancelToken, clock: Clock = time.monotonic
) -> Iterator[DownloadProgress | WeightsInstalled]:
    """Store an archive's weight set in the user's data folder, in one step; the last value is WeightsInstalled.

    Nothing in the archive is trusted: names, sizes, digests, the card, and whether the tensors are finite and fit the
    network. A set that is here already, equal in every tensor, label and setting, is left as it is; a damaged one is
    replaced. Raises WeightsError, and Cancelled when `cancel` was; either way nothing is stored.
    """
    with ArchiveFile(path) as archive:
        weights = _read_card(archive)
        own = [file for file in weights.files if is_own(file)]
        _check_entries(archive, own)
        cancel.raise_if_cancelled()
        entry = next((entry for entry in catalogue.entries() if entry.weights.id == weights.id), None)
        if entry is not None and entry.state is not WeightsState.DAMAGED and _is_same(entry.weights, weights):
            yield WeightsInstalled(entry, was_there=True)
            return
        folder = catalogue.folder(weights.id)
        mend = entry is not None and _is_mendable(entry, weights)
        if weights.id in ALIASES or (not mend and (entry is not None or folder.exists())):
            raise WeightsError("archive-id-taken", id=weights.id)
        try:
            with new_folder(folder, replace=mend) as temporary:
                progress = ByteProgress(own_size(weights), clock)
                for file in own:
                    digest = yield from archive.copy(file.name, file.size, temporary / file.name, progress, cancel)
                    if digest != file.sha256:
                        raise archive.damage(f"{file.name} is not the file that the card describes")
                yield progress.now()
                _check_tensors(weights, temporary, catalogue)
                cancel.raise_if_cancelled()
                write_atomically(temporary / CARD_NAME, card_bytes(weights))
        except OSError as exc:
            place, reason = display_name(folder.parent), exc.strerror or str(exc)
            raise WeightsError("weights-import-failed", folder=place, reason=reason) from exc
    log.info("imported %s from an archive", weights.id)
    yield WeightsInstalled(catalogue.entry(weights.id))


def _read_card(archive: ArchiveFile) -> WeightSet:
    """Return the archive's card, its own files' place made `user`; raises WeightsError."""
    content = archive.read(CARD_NAME, MOST_CARD_BYTES)
    try:
        weights = parse_card(json.loads(content), CARD_NAME)
    except (ValueError, RecursionError) as exc:
        raise _bad_card(archive, "it does not hold JSON.", str(exc)) from exc
    except WeightsError as exc:
        raise _bad_card(archive, str(exc)) from exc
    if is_windows_device(weights.id) or weights.id.endswith(".") or len(weights.id) > LONGEST_NAME:
        raise _bad_card(archive, "no folder can have its id as a name.")
    # The rule of `read_labels`; and no title may move a terminal's cursor.
    if any(len(label) > _LONGEST_TEXT or any(char < " " for char in label) for label in weights.classes):
        raise _bad_card(archive, "a label is very long, or holds control characters.")
    if len(weights.title) > _LONGEST_TEXT or any(char < " " or "\x7f" <= char < "\xa0" for char in weights.title):
        raise _bad_card(archive, "the title is very long, or holds control characters.")
    for file in weights.files:
        if file.place == "download" or file.sha256 is None:
            raise _bad_card(archive, f"the file {file.name} is neither in the archive nor in a Python package.")
        if is_own(file) and not is_plain_name(file.name):
            raise _bad_card(archive, f"{display_name(file.name)} is no plain name of a safetensors file.")
    return as_users_own(weights)


def _bad_card(archive: ArchiveFile, fault: str, detail: str = "") -> WeightsError:
    return WeightsError("archive-card-bad", file=display_name(archive.path.name), fault=fault, detail=detail)


def _check_entries(archive: ArchiveFile, own: list[WeightsFile]) -> None:
    """Hold the archive's list of contents against the card's."""
    wanted = {CARD_NAME, *(file.name for file in own)}
    sizes = archive.sizes
    if not own:
        raise archive.refusal("its card names no file that would be in it")
    for name in sizes:
        if name not in wanted:
            raise archive.refusal(f"“{display_name(name)}” is not on its card")
    for file in own:
        if file.name not in sizes:
            raise archive.damage(f"{file.name} is missing")
        if sizes[file.name] != file.size:
            raise archive.damage(f"{file.name} has {sizes[file.name]} bytes instead of {file.size}")
    if sum(file.size for file in own) > MOST_BYTES:
        raise archive.refusal(f"it is larger than {MOST_BYTES} bytes")


def _check_tensors(weights: WeightSet, folder: Path, catalogue: Catalogue) -> None:
    """Load the tensors into the network and try it; raises WeightsError."""
    from model.network import load_network  # imports torch, which nothing else here needs
    from model.network_trial import check_takes_pictures

    paths: dict[FileRole, Path] = {}
    for file in weights.files:
        if is_own(file):
            paths[file.role] = folder / file.name
        else:
            found = catalogue.verify(weights.id, file)
            if found is None:
                raise WeightsError("weights-package-absent", id=weights.id, package=file.package or "")
            paths[file.role] = found.path
    if not is_known_architecture(weights.architecture):
        raise WeightsError("weights-architecture-unknown", architecture=weights.architecture)
    digest = set_digest([file.sha256 or "" for file in weights.files])
    try:
        # Not mapped into memory: on Windows a mapped file cannot be moved to where it belongs.
        load_network(InstalledWeights(weights, paths, digest), mmap=False)
    except RuntimeError as exc:
        raise WeightsError("weights-network-fails", id=weights.id, detail=str(exc)) from exc
    check_takes_pictures(weights)


def _is_mendable(entry: CatalogueEntry, weights: WeightSet) -> bool:
    """Return whether the set that is here is the same one, damaged, and in the user's folder."""
    return _is_same(entry.weights, weights) and any(file.place == "user" for file in entry.weights.files)


def _is_same(known: WeightSet, new: WeightSet) -> bool:
    """Return whether two sets give the same answers."""

    def meaning(weights: WeightSet) -> tuple[object, ...]:
        digests = tuple(file.sha256 for file in weights.files)
        return digests, weights.architecture, weights.classes, weights.preprocess, weights.calibration

    return meaning(known) == meaning(new)
