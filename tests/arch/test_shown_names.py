"""Names of files reach the window through `shown_name`, which takes out what could disturb the text around them."""

import re
from pathlib import Path

import pytest

from gui.error_texts import problem_text
from model.names import shown_name
from model.types import Problem

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("module", sorted((ROOT / "gui").glob("*.py")), ids=lambda path: path.name)
def test_no_panel_shows_a_name_as_it_is(module: Path) -> None:
    assert not re.search(r"\bdisplay_name\b", module.read_text(encoding="utf-8"))


@pytest.mark.parametrize("mark", ["\u202e", "\u2067", "\n", "\x1b", "\u2028"])
def test_a_mark_in_a_name_is_replaced(mark: str) -> None:
    assert shown_name(f"a{mark}gnp.exe") == "a\ufffdgnp.exe"
    told = problem_text(Problem("export-write-failed", (("name", f"a{mark}b.csv"), ("reason", "full"))))
    assert mark not in told
    assert "a\ufffdb.csv" in told
