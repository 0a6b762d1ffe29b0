"""The layer rules: import-linter's contracts hold here, and would notice a breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports())"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_contracts_hold() -> None:
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 kept, 0 broken" in run.stdout


@pytest.mark.parametrize(
    ("package", "statement"),
    [
        ("model", "import PySide6.QtCore"),
        ("model", "import gui"),
        ("gui", "import torch"),
        ("gui", "import torchvision"),
        ("gui", "import timm"),
        ("gui", "import onnxruntime"),
        ("gui", "from PIL import Image"),
    ],
)
def test_breach_is_noticed(tmp_path: Path, package: str, statement: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("gui", "model", "resources"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / package / "breach.py").write_text(f"def later():\n    {statement}\n", encoding="utf-8")
    run = lint(tmp_path)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "1 kept, 1 broken" in run.stdout


def test_gui_may_reach_torch_through_model(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, text in {"gui": "import model.heavy", "model": "", "resources": ""}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text + "\n", encoding="utf-8")
    (tmp_path / "model" / "heavy.py").write_text("import torch\n", encoding="utf-8")
    run = lint(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
