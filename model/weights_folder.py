"""A weight set's folder that appears under its name whole or not at all, and which names it may have."""

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Names that Windows keeps for devices, with any extension, and that no folder or file can have there.
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def is_windows_device(name: str) -> bool:
    """Return whether Windows keeps a lower-case name for a device."""
    return _WINDOWS_DEVICES.fullmatch(name) is not None


@contextmanager
def new_folder(folder: Path, *, replace: bool = False) -> Iterator[Path]:
    """Make a hidden folder beside `folder` and give it that name at the end; when anything is raised, it is removed.

    With `replace` a folder that had the name is removed. The catalogue does not look into hidden folders. Raises
    OSError when the new one cannot be made or named; then the old one is as it was.
    """
    token = secrets.token_hex(6)
    temporary, old = folder.with_name(f".import-{token}"), folder.with_name(f".removed-{token}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if replace and folder.exists():
            folder.rename(old)
        try:
            temporary.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
