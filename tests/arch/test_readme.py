"""README's commands are the ones that .ci/run runs, and what it points to is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\bPHOTOSPOTTER_[A-Z_]*[A-Z]\b")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/CREDITS.md", "packaging/linux/README.md"]


def code_blocks() -> list[list[str]]:
    parts = README.split("```")
    return [part.splitlines()[1:] for part in parts[1::2]]


def command_of_ci(name: str) -> str:
    script = ROOT / ".ci" / "readme_commands.py"
    run = subprocess.run([sys.executable, str(script), name], capture_output=True, text=True, check=True)
    return run.stdout.rstrip("\n")


def test_first_block_holds_the_run_and_the_test_command() -> None:
    commands = code_blocks()[0]
    assert len(commands) == 2
    for command in commands:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert commands[0].endswith(" && .venv/bin/photospotter")
    assert commands[1].endswith(" && .venv/bin/python -m pytest")


def test_ci_runs_exactly_these_commands() -> None:
    assert [command_of_ci("run"), command_of_ci("test")] == code_blocks()[0]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "run_command=$(python3 .ci/readme_commands.py run)" in script
    assert "test_command=$(python3 .ci/readme_commands.py test)" in script
    assert 'bash -c "$test_command"' in script
    assert 'see_window.sh "$run_command"' in script


def test_ci_installs_the_system_libraries_that_readme_names() -> None:
    library = re.compile(r"\blib[a-z0-9.+-]+")
    commands = re.findall(r"`apt install (lib[^`]+)`", README)
    assert len(commands) == 1
    assert set(library.findall(commands[0])) == set(library.findall((ROOT / ".ci" / "run").read_text(encoding="utf-8")))


def test_windows_form_stands_beside_it() -> None:
    posix, windows = code_blocks()[:2]
    translated = [
        command.replace("python3 ", "py ").replace("'", '"').replace(".venv/bin/", ".venv\\Scripts\\")
        for command in posix
    ]
    assert windows == translated


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    broken = [t for t in targets if "://" not in t and not (path.parent / t).exists()]
    assert broken == []


def test_there_is_a_screenshot() -> None:
    assert "](docs/screenshot.png)" in README
    assert (ROOT / "docs" / "screenshot.png").is_file()


def test_options_of_classify_are_the_ones_in_the_code() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "model", "classify", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    in_table = re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE)
    assert sorted(in_table) == sorted(set(re.findall(r"--[a-z][a-z-]*", run.stdout)) - {"--help"})


def test_environment_variables_are_the_ones_in_the_code() -> None:
    sources = [path.read_text(encoding="utf-8") for name in ("gui", "model") for path in (ROOT / name).glob("*.py")]
    in_code = {name for source in sources for name in VARIABLE.findall(source)}
    assert in_code == set(VARIABLE.findall(README))
