"""Print a command of README.md's first code block: `run` or `test`, exactly as a reader would paste it."""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
NAMES = ("run", "test")


def read_commands() -> dict[str, str]:
    """Return the commands of the first fenced code block by name; ValueError unless there is one for each name."""
    block = re.search(r"^```\w*\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = block[1].splitlines() if block else []
    if len(lines) != len(NAMES) or not all(line.strip() for line in lines):
        msg = f"the first code block of {README} should hold {len(NAMES)} commands, it holds {lines}"
        raise ValueError(msg)
    return dict(zip(NAMES, lines, strict=True))


if __name__ == "__main__":
    sys.stdout.write(read_commands()[sys.argv[1]] + "\n")
