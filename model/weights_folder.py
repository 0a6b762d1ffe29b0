"""A weight set's folder that appears under its name whole or not at all, and which names it may have."""

import hashlib
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Names that Windows keeps for devices, with any extension, and that no folder or file can have there.
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST_ID = 60


def is_windows_device(name: str) -> bool:
    """Return whether Windows keeps a lower-case name for a device."""
    return _WINDOWS_DEVICES.fullmatch(name) is not None


def make_id(name: str) -> str:
    """Return an id of a-z, 0-9 and '-' that resembles the name; a name without such letters gets a number."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded)[:_LONGEST_ID].strip("-")
    if not slug:
        return f"weights-{hashlib.sha256(name.strip().encode(errors='surrogateescape')).hexdigest()[:8]}"
    return f"{slug}-weights" if is_windows_device(slug) else slug


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
