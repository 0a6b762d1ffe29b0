"""Qt's lupdate reads the sources without running them; what it cannot read can never be translated."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "gui").glob("*.py"), *(ROOT / "model").glob("*_error_texts.py")])
# How many leading arguments must be written out: (context and) text.
LITERALS = {"tr": 1, "translate": 2, "QT_TRANSLATE_NOOP": 2}
# These look up texts that were marked by QT_TRANSLATE_NOOP where they are written.
LOOK_UPS = {("actions.py", "_translate"), ("error_texts.py", "_fill")}


def function_names(tree: ast.Module) -> dict[ast.Call, str]:
    """Return for each call the name of the innermost function that it stands in; empty outside of functions."""
    names = {call: "" for call in ast.walk(tree) if isinstance(call, ast.Call)}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names.update({call: function.name for call in ast.walk(function) if isinstance(call, ast.Call)})
    return names


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_texts_to_translate_are_written_out(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    faults = []
    for call, function in function_names(tree).items():
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        wanted = LITERALS.get(name)
        is_text_translate = name == "translate" and len(call.args) < 2
        if wanted is None or is_text_translate or (source.name, function) in LOOK_UPS:
            continue
        if len(call.args) < wanted or not all(is_text(argument) for argument in call.args[:wanted]):
            faults.append(f"line {call.lineno}: {name}")
    assert faults == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_escape_is_used_that_lupdate_does_not_know(source: Path) -> None:
    assert "\\N{" not in source.read_text(encoding="utf-8")
