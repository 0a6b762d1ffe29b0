"""Fetching the published file of a weight set: with resume, its digest checked, put in place in one step."""

import errno
import hashlib
import logging
import os
import re
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from model.byte_progress import ByteProgress, Clock
from model.cancel import CancelToken
from model.errors import WeightsError
from model.names import display_name
from model.part_file import PartFile
from model.safe_files import file_sha256, replace_durably, sync
from model.transfer import Head, Transfer
from model.types import CatalogueEntry, DownloadProgress, WeightsFile, WeightsInstalled
from model.weights import Catalogue, has_digest

log = logging.getLogger(__name__)

MIRROR_VARIABLE = "PHOTOSPOTTER_WEIGHTS_URL"
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}
_COPY_BYTES = 1 << 20


def fetch_weights(
    entry: CatalogueEntry,
    catalogue: Catalogue,
    *,
    mirror: str | None = None,
    timeout: float = 30.0,
    cancel: CancelToken,
    clock: Clock = time.monotonic,
) -> Iterator[DownloadProgress | WeightsInstalled]:
    """Fetch a set's published file into the user's data folder; a set that is on this computer is left as it is.

    `mirror` is the address of a folder that holds the file; without it the environment variable
    PHOTOSPOTTER_WEIGHTS_URL counts, and then the card's own address. `timeout` (seconds) is for each silence of the
    server. Raises WeightsError, and Cancelled when `cancel` was; what has come is kept and the next fetch goes on from
    there, unless it is known to be wrong. Belongs on a thread that may block; several processes fetching the same
    file at the same time spoil each other's part, which the digest then shows.
    """
    weights_id = entry.weights.id
    for file in entry.weights.files:
        if _is_here(catalogue, weights_id, file):
            continue
        if file.place != "download":
            raise WeightsError("fetch-not-fetchable", id=weights_id)
        url = _address(file, mirror)
        folder = catalogue.folder(weights_id)
        try:
            part = PartFile(folder / f"{file.name}.part")
            digest = yield from _fetch_file(file, url, part, timeout, cancel, clock)
            _install(catalogue, weights_id, file, part.path, digest)
            part.delete()
        except OSError as exc:
            raise _write_error(exc, folder, file) from exc
    yield WeightsInstalled(catalogue.entry(weights_id))


def import_file(
    entry: CatalogueEntry,
    path: Path,
    catalogue: Catalogue,
    *,
    cancel: CancelToken,
    clock: Clock = time.monotonic,
) -> Iterator[DownloadProgress | WeightsInstalled]:
    """Take a set's published file from `path`, a USB stick say, under the same check as a fetched one.

    Raises WeightsError, and Cancelled when `cancel` was; either way nothing has changed.
    """
    weights_id = entry.weights.id
    file = next((file for file in entry.weights.files if file.place == "download"), None)
    if file is None:
        raise WeightsError("fetch-not-fetchable", id=weights_id)
    folder = catalogue.folder(weights_id)
    temporary = folder / f".{file.name}.import"
    with _open(path) as source:
        size = os.fstat(source.fileno()).st_size
        if size > _size_limit(file):
            wrong = {"file": display_name(path.name), "id": weights_id, "wanted": file.name}
            raise WeightsError("fetch-file-other-size", **wrong, actual=size, expected=file.size)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            digest = yield from _copy(source, temporary, ByteProgress(size, clock), path, cancel)
            if not has_digest(file, digest):
                wrong = {"file": display_name(path.name), "id": weights_id, "wanted": file.name}
                raise WeightsError("fetch-file-wrong", **wrong, **_digest_words(file, digest))
            _install(catalogue, weights_id, file, temporary, digest)
        except OSError as exc:
            raise _write_error(exc, folder, file) from exc
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    yield WeightsInstalled(catalogue.entry(weights_id))


def _is_here(catalogue: Catalogue, weights_id: str, file: WeightsFile) -> bool:
    try:
        return catalogue.verify(weights_id, file) is not None
    except WeightsError as exc:
        log.info("%s is fetched anew: %s", file.name, exc)
        return False


def _install(catalogue: Catalogue, weights_id: str, file: WeightsFile, checked: Path, digest: str) -> None:
    size = checked.stat().st_size
    replace_durably(checked, checked.with_name(file.name))
    weights = catalogue.entry(weights_id).weights
    known = replace(file, sha256=digest, size=size)
    catalogue.record(replace(weights, files=tuple(known if old.name == file.name else old for old in weights.files)))
    log.info("%s is installed, SHA-256 %s", file.name, digest)


def _address(file: WeightsFile, mirror: str | None) -> str:
    base = mirror or os.environ.get(MIRROR_VARIABLE)
    # http is allowed only where somebody set it as their mirror; the digest is checked in any case.
    schemes = {"https", "http"} if base else {"https"}
    address = f"{base.rstrip('/')}/{quote(file.name)}" if base else file.url or ""
    try:
        parts = urlsplit(address)
    except ValueError as exc:
        raise WeightsError("fetch-address-refused", address=display_name(base or address), detail=str(exc)) from exc
    if parts.scheme not in schemes or not parts.hostname:
        raise WeightsError("fetch-address-refused", address=display_name(base or address))
    return address


def _fetch_file(
    file: WeightsFile, url: str, part: PartFile, timeout: float, cancel: CancelToken, clock: Clock
) -> Generator[DownloadProgress, None, str]:
    """Bring the whole, right file into the part file; return its SHA-256. Raises OSError when it cannot be written."""
    part.path.parent.mkdir(parents=True, exist_ok=True)
    if part.size() >= file.size:  # the last fetch ended between the last byte and the renaming, or went wrong
        digest = file_sha256(part.path)
        if has_digest(file, digest):
            return digest
        part.delete()
    if not (yield from _receive(file, url, part, timeout, cancel, clock)):
        # The part cannot be gone on with: the file on the server has changed, or the server lost count.
        part.delete()
        if not (yield from _receive(file, url, part, timeout, cancel, clock)):
            raise WeightsError("fetch-http-error", host=_host(url), file=file.name, status=416)
    digest = file_sha256(part.path)
    if not has_digest(file, digest):
        part.delete()
        raise WeightsError("fetch-hash-wrong", host=_host(url), file=file.name, **_digest_words(file, digest))
    return digest


def _receive(
    file: WeightsFile, url: str, part: PartFile, timeout: float, cancel: CancelToken, clock: Clock
) -> Generator[DownloadProgress, None, bool]:
    """Get what the part file lacks; return whether the answer went with the part, which otherwise has to go."""
    offset = part.size()
    with Transfer(url, part.range_headers(url), timeout=timeout, file=file.name) as transfer:
        head = transfer.head(cancel)
        start = _start_of(head, offset)
        if start is None:
            if head.status in {206, 416}:
                return False
            code = "fetch-not-found" if head.status in {404, 410} else "fetch-http-error"
            raise WeightsError(code, host=_host(url), file=file.name, status=head.status)
        progress = ByteProgress(None if head.length is None else start + head.length, clock, start)
        too_large = (progress.total or 0) > _size_limit(file)
        if not too_large:
            part.remember_validators(url, head)
            yield progress.now()
            with part.path.open("ab" if start else "wb") as out:
                for chunk in transfer.body(cancel):
                    _append(out, chunk)
                    progress.add(len(chunk))
                    too_large = progress.done > _size_limit(file)
                    if too_large:
                        break
                    if progress.is_due():
                        yield progress.now()
                out.flush()
                sync(out.fileno())
    if too_large:
        part.delete()
        raise WeightsError("fetch-too-large", host=_host(url), file=file.name, size=file.size)
    yield progress.now()
    expected = file.size if progress.total is None else progress.total
    if progress.done < expected:
        raise WeightsError("fetch-truncated", file=file.name, done=progress.done, total=expected)
    return True


def _start_of(head: Head, offset: int) -> int | None:
    """Return the position in the file at which the answer's body begins; None when it holds nothing of use."""
    if head.status == 200:
        return 0
    span = re.match(r"bytes (\d+)-", head.headers.get("Content-Range") or "")
    if head.status == 206 and span is not None and int(span[1]) == offset:
        return offset
    return None


def _size_limit(file: WeightsFile) -> float:
    """Return the bytes above which something else is being sent; the card's size is allowed to be a little off."""
    return file.size * 1.1 + 1_000_000


def _copy(
    source: BinaryIO, target: Path, progress: ByteProgress, path: Path, cancel: CancelToken
) -> Generator[DownloadProgress, None, str]:
    """Copy the file and return its SHA-256; raises WeightsError when reading fails, OSError when writing does."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        while chunk := _read(source, path):
            cancel.raise_if_cancelled()
            _append(out, chunk)
            digest.update(chunk)
            progress.add(len(chunk))
            if progress.is_due():
                yield progress.now()
        out.flush()
        sync(out.fileno())
    yield progress.now()
    return digest.hexdigest()


def _open(path: Path) -> BinaryIO:
    try:
        if path.is_file():  # opening a pipe would wait for ever
            return path.open("rb")
        reason = "there is no such file"
    except OSError as exc:
        reason = exc.strerror or str(exc)
    raise WeightsError("fetch-file-unreadable", file=display_name(path), reason=reason)


def _read(source: BinaryIO, path: Path) -> bytes:
    try:
        return source.read(_COPY_BYTES)
    except OSError as exc:
        raise WeightsError("fetch-file-unreadable", file=display_name(path), reason=exc.strerror or str(exc)) from exc


def _append(out: BinaryIO, chunk: bytes) -> None:
    """Write a chunk; by itself so that tests can let the disk fill up."""
    out.write(chunk)


def _write_error(error: OSError, folder: Path, file: WeightsFile) -> WeightsError:
    place = display_name(folder)
    reason = error.strerror or str(error)
    if error.errno in _DISK_FULL:
        return WeightsError("fetch-disk-full", file=file.name, size=file.size, folder=place, detail=str(error))
    if error.errno in _READ_ONLY:
        return WeightsError("fetch-folder-read-only", folder=place, reason=reason, detail=str(error))
    return WeightsError("fetch-write-failed", file=file.name, folder=place, reason=reason, detail=str(error))


def _digest_words(file: WeightsFile, digest: str) -> dict[str, str]:
    return {"actual": digest[:8], "expected": (file.sha256 or file.sha256_prefix or "")[:8]}


def _host(url: str) -> str:
    return display_name(urlsplit(url).netloc)
