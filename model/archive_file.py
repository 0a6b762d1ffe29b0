"""Reading a .zip that anybody may have made: nothing in it is trusted, and nothing is read beyond its limits."""

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

from model.byte_progress import ByteProgress
from model.cancel import CancelToken
from model.errors import WeightsError
from model.names import display_name
from model.safe_files import sync
from model.types import DownloadProgress

MOST_ENTRIES = 3
"""A card, and the two files of a backbone and a head."""

# The end record without a comment: signature, two disk numbers, two counts, the directory's size and place, a length.
# PKWARE's APPNOTE.TXT, 4.3.16.
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE, _ZIP64_LOCATOR, _ENTRY_SIGNATURE = b"PK\5\6", b"PK\6\7", b"PK\3\4"
_LOCATOR_SIZE = 20
_MOST_DIRECTORY_BYTES = 2**16
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # APPNOTE.TXT, 4.4.4: traditional, strong, and with a masked directory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what the others take to unpack has no bound worth relying on
_CHUNK = 1 << 20
# What zipfile and zlib raise at bytes that are not as they should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,
)


class ArchiveFile:
    """An open archive whose entries were found to be harmless: flat names, plain files, none twice, none encrypted."""

    def __init__(self, path: Path) -> None:
        """Open and check; raises WeightsError when it cannot be read, is damaged, or holds what no weight set has."""
        self.path = path
        self._name = display_name(path.name)
        self._handle = self._open()
        try:
            self._check_end()
            with self._damage_told():
                self._zip = zipfile.ZipFile(self._handle)
            self._entries = self._checked_entries()
        except BaseException:
            self._handle.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._handle.close()

    @property
    def sizes(self) -> dict[str, int]:
        """What the archive says of its entries' sizes in bytes, by name."""
        return {name: info.file_size for name, info in self._entries.items()}

    def read(self, name: str, limit: int) -> bytes:
        """Return an entry's content; raises WeightsError when it is absent, damaged, or longer than `limit` bytes."""
        if name not in self._entries:
            raise WeightsError("archive-not-ours", file=self._name, fault=f"it has no {name}")
        with self._damage_told(), self._zip.open(self._entries[name]) as source:
            content = source.read(limit + 1)
        if len(content) > limit:
            raise self.refusal(f"its {name} is longer than {limit} bytes")
        return content

    def copy(
        self, name: str, size: int, target: Path, progress: ByteProgress, cancel: CancelToken
    ) -> Generator[DownloadProgress, None, str]:
        """Write an entry to a new file of exactly `size` bytes; return its SHA-256.

        Stops at the first byte too many, whatever the archive says of the size. Raises WeightsError when the entry
        cannot be read or has another size, OSError when the file cannot be written, and Cancelled when `cancel` was.
        """
        digest = hashlib.sha256()
        done = 0
        with self._damage_told():
            source = self._zip.open(self._entries[name])
        with source, target.open("xb") as out:
            while chunk := self._read(source):
                cancel.raise_if_cancelled()
                done += len(chunk)
                if done > size:
                    raise self.refusal(f"{name} is longer than the {size} bytes that the card gives it")
                out.write(chunk)
                digest.update(chunk)
                progress.add(len(chunk))
                if progress.is_due():
                    yield progress.now()
            out.flush()
            sync(out.fileno())
        if done < size:
            raise self.damage(f"{name} has {done} of {size} bytes")
        return digest.hexdigest()

    def refusal(self, fault: str) -> WeightsError:
        """Return the error about what only somebody with bad intentions, or another program, puts into an archive."""
        return WeightsError("archive-refused", file=self._name, fault=fault)

    def damage(self, fault: str, detail: str = "") -> WeightsError:
        """Return the error about an archive that has suffered."""
        return WeightsError("archive-damaged", file=self._name, fault=fault, detail=detail)

    def _open(self) -> BinaryIO:
        try:
            if self.path.is_file():  # opening a pipe would wait for ever
                return self.path.open("rb")
            reason = "there is no such file"
        except OSError as exc:
            reason = exc.strerror or str(exc)
        raise WeightsError("archive-unreadable", file=display_name(self.path), reason=reason)

    def _check_end(self) -> None:
        """Look at the end record before zipfile does.

        zipfile searches for it, follows a second one, and reads a directory of whatever size that says.
        """
        with self._damage_told():
            size = os.fstat(self._handle.fileno()).st_size
            start = self._handle.read(len(_ENTRY_SIGNATURE))
            self._handle.seek(max(0, size - _END.size - _LOCATOR_SIZE))
            tail = self._handle.read(_LOCATOR_SIZE + _END.size)
        if start != _ENTRY_SIGNATURE:
            raise WeightsError("archive-not-ours", file=self._name, fault="it is no .zip file")
        if len(tail) < _LOCATOR_SIZE + _END.size or tail[_LOCATOR_SIZE:][:4] != _END_SIGNATURE:
            raise self.damage("it ends early, or something was added to its end")
        _, disk, first_disk, here, entries, length, offset, comment = _END.unpack(tail[_LOCATOR_SIZE:])
        if entries > MOST_ENTRIES or length > _MOST_DIRECTORY_BYTES:
            fault = "it holds more than a card and at most two files"
            raise WeightsError("archive-not-ours", file=self._name, fault=fault)
        whole = not (disk or first_disk or comment) and here == entries and offset + length == size - _END.size
        if not whole or tail.startswith(_ZIP64_LOCATOR):
            raise self.damage("its list of contents is not where it should be")

    def _checked_entries(self) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            # zipfile's `filename` was mended already: cut at a NUL, and on Windows with other separators.
            name = info.orig_filename
            shown = f"“{display_name(name)}”"
            if info.flag_bits & _ENCRYPTED:
                raise self.refusal(f"{shown} is encrypted")
            if set(name) & set("/\\:\0") or name in {"", ".", ".."}:
                raise self.refusal(f"{shown} is not a plain file name")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise self.refusal(f"{shown} is a link, or something else than a file")
            if info.compress_type not in _METHODS:
                raise self.refusal(f"{shown} is compressed in an unusual way")
            if name in entries:
                raise self.refusal(f"{shown} is in it twice")
            entries[name] = info
        return entries

    def _read(self, source: IO[bytes]) -> bytes:
        with self._damage_told():
            return source.read(_CHUNK)

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            reason = exc.strerror or str(exc)
            raise WeightsError("archive-unreadable", file=display_name(self.path), reason=reason) from exc
        except _DAMAGE as exc:
            raise self.damage("it cannot be unpacked", str(exc)) from exc
