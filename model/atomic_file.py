"""A text file that appears under its name whole or not at all."""

import errno
import logging
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from model.errors import ExportError
from model.names import display_name
from model.safe_files import replace_durably, sync

log = logging.getLogger(__name__)

_PREFIX, _SUFFIX = ".photospotter-", ".part"
# What nobody has written to for so long, in seconds, was left by a process that was killed.
_ABANDONED = 24 * 3600.0
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def check_target(target: Path, *, overwrite: bool) -> Path:
    """Return the file that `target` stands for (links followed), after making sure that it may be written.

    Nothing is changed. Whether its folder can be written is only known when an AtomicFile is opened.

    Raises:
        ExportError: the target exists and `overwrite` is false, is no ordinary file, cannot be written, or has
            no folder.
    """
    final = Path(os.path.realpath(target))
    try:
        status = final.stat()
    except FileNotFoundError:
        if not final.parent.is_dir():
            raise ExportError("export-folder-missing", folder=display_name(final.parent)) from None
        return final
    except OSError as error:
        raise _unusable(target, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise ExportError("export-target-not-file", name=display_name(target.name or str(target)))
    if not overwrite:
        raise ExportError("export-target-exists", name=display_name(target.name))
    try:
        # Replacing needs no right to write the file itself; but one that is write-protected, or open in a spreadsheet
        # on Windows, is meant to stay, and better now than after hours of work.
        os.close(os.open(final, os.O_WRONLY))
    except OSError as error:
        raise _unusable(target, error) from error
    return final


def write_error(target: Path, error: OSError) -> ExportError:
    """Return the error for the user when writing `target` failed with `error`."""
    code = "export-disk-full" if error.errno in _DISK_FULL else "export-write-failed"
    params = {} if code == "export-disk-full" else {"reason": _reason(error)}
    return ExportError(code, detail=str(error), name=display_name(target.name), **params)


class AtomicFile:
    """Text (UTF-8, line ends as written) gathered beside `target`, and put in its place by `commit`.

    `stream` is written to by the owner; OSErrors of the stream are the owner's to catch, who then calls `discard`.
    """

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        """Check the target and open the temporary file.

        Raises:
            ExportError: as `check_target`, and when nothing can be written in the target's folder.
        """
        self.target = target
        self._final = check_target(target, overwrite=overwrite)
        _remove_leftovers(self._final.parent)
        # The name says nothing of the target, which may be as long as names can be; the dot hides it while it lives.
        self._temporary = self._final.with_name(f"{_PREFIX}{secrets.token_hex(6)}{_SUFFIX}")
        try:
            # Not tempfile: the file gets the permissions that any new file gets, not those of a secret.
            descriptor = os.open(
                self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
            )
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise write_error(target, error) from error
            folder = display_name(self._final.parent)
            raise ExportError(
                "export-folder-unwritable", detail=str(error), folder=folder, reason=_reason(error)
            ) from error
        self._kept = False
        self.stream: TextIO = open(descriptor, "w", encoding="utf-8", newline="")  # noqa: PTH123

    def seal(self) -> None:
        """Bring everything onto the disk and close the stream; raises OSError, for example when the disk is full."""
        if self.stream.closed:
            return
        self.stream.flush()
        sync(self.stream.fileno())
        self.stream.close()

    def commit(self) -> None:
        """Put the file in the target's place.

        Raises:
            OSError: when the content could not be brought onto the disk; the caller discards.
            ExportError: when only the last step failed; the content is kept beside the target under a name it tells.
        """
        self.seal()
        with suppress(OSError):
            self._temporary.chmod(stat.S_IMODE(self._final.stat().st_mode))
        try:
            replace_durably(self._temporary, self._final)
        except OSError as error:
            raise self._keep(error) from error

    def discard(self) -> None:
        """Remove what was written, unless `commit` has been called and has put or kept it somewhere."""
        # Closing flushes once more, which fails again on a full disk; the descriptor is closed all the same.
        with suppress(OSError):
            self.stream.close()
        if self._kept:
            return
        try:
            self._temporary.unlink(missing_ok=True)
        except OSError as error:
            log.warning("could not remove %s: %s", display_name(self._temporary), error)

    def _keep(self, error: OSError) -> ExportError:
        kept = self._temporary
        free = self._final.with_name(f"{self._final.stem[:60]}-{secrets.token_hex(3)}{self._final.suffix[:20]}")
        with suppress(OSError):
            kept = self._temporary.rename(free)
        self._kept = True
        name = display_name(self.target.name)
        return ExportError(
            "export-replace-failed", detail=str(error), name=name, reason=_reason(error), kept=display_name(kept.name)
        )


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left in a folder; failing does no harm."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)):
                continue
            with suppress(OSError):
                if time.time() - (folder / name).stat().st_mtime > _ABANDONED:
                    (folder / name).unlink()


def _unusable(target: Path, error: OSError) -> ExportError:
    name = display_name(target.name or str(target))
    return ExportError("export-target-unusable", detail=str(error), name=name, reason=_reason(error))


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
