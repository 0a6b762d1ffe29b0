"""What may and may not lie in the repository."""

import re
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".avif")
BINARY = (*PICTURES, ".safetensors", ".pth", ".ico", ".icns")
MAXIMUM_LINES = 400

# Spelt with character classes, so that these lines do not name what they look for.
REGISTRY_HOSTS = re.compile(
    r"py[p]i\.(org|python)|python[h]osted\.|anaconda[.]org|npm[j]s\.|crates[.]io|proxy\.golan[g]|deb\.debia[n]"
    r"|download\.pytorch\.org/w[h]l|https?://[^\s/]+(/[^\s/]+)*/[s]imple\b|--(extra-)?inde[x]-url|--find-link[s]"
)


@cache
def listed_files() -> tuple[str, ...]:
    """Committed files and those about to be, with `/`."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git cannot list the files: {error}")
    names = sorted(name for name in run.stdout.decode().split("\0") if name)
    return tuple(name for name in names if (ROOT / name).is_file())


@cache
def texts() -> dict[str, str]:
    return {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in listed_files()
        if not name.lower().endswith(BINARY)
    }


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_files_are_listed() -> None:
    assert {"pyproject.toml", "README.md", "LICENSE", ".ci/run"} <= set(listed_files())


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("https://py" + "pi.org/project/torch", True),
        ("https://download.pytorch.org/wh" + "l/cpu", True),
        ("https://mirror.example/root/" + "simple/", True),
        ("https://download.pytorch.org/models/resnet50-11ad3fa6.pth", False),
        ("https://pytorch.org/get-started/locally/", False),
    ],
)
def test_pattern_of_registry_hosts(line: str, found: bool) -> None:
    assert bool(REGISTRY_HOSTS.search(line)) is found


def test_no_package_registry_is_named() -> None:
    assert lines_with(REGISTRY_HOSTS) == []


def test_no_path_of_this_machine() -> None:
    places = {str(place) for place in (Path.home(), ROOT) if len(place.parts) > 1}
    assert lines_with(re.compile("|".join(rf"(?<![\w.-]){re.escape(place)}[\\/]" for place in places) or r"(?!)")) == []


def test_no_python_file_is_too_long() -> None:
    lengths = {name: len(text.splitlines()) for name, text in texts().items() if name.endswith(".py")}
    assert {name: length for name, length in lengths.items() if length > MAXIMUM_LINES} == {}


def test_every_picture_is_credited() -> None:
    credited = re.findall(r"`([^`\s]+)`", (ROOT / "docs" / "CREDITS.md").read_text(encoding="utf-8"))
    pictures = [name for name in listed_files() if name.lower().endswith(PICTURES)]
    assert [name for name in pictures if not any(fnmatch(name, pattern) for pattern in credited)] == []
