"""Every code that can be raised has a text, every text can be filled, and no text is left over."""

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator

from gui.error_texts import problem_remedy, problem_text
from model.error_texts import ERROR_TEXTS, ErrorText
from model.types import Problem

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "model").glob("*.py"), *(ROOT / "gui").glob("*.py")])
TABLES = sorted((ROOT / "model").glob("*_error_texts.py"))


@dataclass(frozen=True, slots=True)
class RaiseSite:
    """One call that makes a problem; `params` is None where they are not written out at the call."""

    place: str
    code: str
    params: frozenset[str] | None


def fields_of(text: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def own_error_names() -> set[str]:
    """Names of PhotospotterError's subclasses, wherever they are defined."""
    names = {"PhotospotterError"}
    classes = [
        node for path in SOURCES for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ClassDef)
    ]
    for _ in classes:
        names |= {c.name for c in classes if any(isinstance(base, ast.Name) and base.id in names for base in c.bases)}
    return names


def codes_in(node: ast.expr) -> list[str]:
    """Codes written at the call; both arms of a conditional expression count."""
    match node:
        case ast.Constant(value=str(code)):
            return [code]
        case ast.IfExp(body=body, orelse=orelse):
            return codes_in(body) + codes_in(orelse)
    return []


def problem_params(call: ast.Call) -> frozenset[str] | None:
    given = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "params"), None)
    if given is None:
        return frozenset()
    if not isinstance(given, ast.Tuple):
        return None
    names = set()
    for pair in given.elts:
        match pair:
            case ast.Tuple(elts=[ast.Constant(value=str(name)), _]):
                names.add(name)
            case _:
                return None
    return frozenset(names)


def error_params(call: ast.Call) -> frozenset[str] | None:
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    return frozenset(keyword.arg for keyword in call.keywords if keyword.arg not in (None, "detail"))


def raise_sites() -> Iterator[RaiseSite]:
    errors = own_error_names()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = called_name(node)
            if name not in errors and name != "Problem":
                continue
            params = problem_params(node) if name == "Problem" else error_params(node)
            for code in codes_in(node.args[0]):
                yield RaiseSite(f"{path.relative_to(ROOT)}:{node.lineno}", code, params)


def strings_in_sources() -> set[str]:
    """Every string constant outside the table: codes may also come from a mapping or pass through a helper."""
    return {
        node.value
        for path in SOURCES
        if path not in TABLES
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


SITES = sorted(set(raise_sites()), key=lambda site: site.place)


@pytest.mark.parametrize("code", sorted(ERROR_TEXTS))
def test_each_code_renders_with_its_parameters(code: str) -> None:
    texts = ERROR_TEXTS[code]
    names = fields_of(texts.message) | fields_of(texts.remedy)
    for values in ({name: f"<{name}>" for name in names}, dict.fromkeys(names, 7)):
        try:
            texts.message.format(**values)
        except ValueError:
            continue  # a text that formats numbers takes numbers alone, and the other way round
        problem = Problem(code, tuple(values.items()))
        text, remedy = problem_text(problem), problem_remedy(problem)
        assert text
        assert "{" not in text + remedy
        for name in fields_of(texts.message):
            assert str(values[name]) in text
        return
    pytest.fail(f"{code} can be filled with neither words nor numbers")


@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site.place}-{site.code}")
def test_each_code_raised_is_in_the_table_and_given_its_parameters(site: RaiseSite) -> None:
    assert site.code in ERROR_TEXTS, f"{site.place} raises {site.code}, which has no text"
    if site.params is not None:
        texts = ERROR_TEXTS[site.code]
        missing = (fields_of(texts.message) | fields_of(texts.remedy)) - site.params
        assert not missing, f"{site.place} does not give {sorted(missing)}, which the text of {site.code} names"


def test_the_scan_of_the_sources_finds_raise_sites() -> None:
    assert len({site.code for site in SITES}) > len(ERROR_TEXTS) // 4


def test_no_text_is_left_over() -> None:
    assert sorted(set(ERROR_TEXTS) - strings_in_sources()) == []


def test_a_code_of_another_version_is_named_rather_than_a_crash() -> None:
    assert "image-from-the-future" in problem_text(Problem("image-from-the-future"))
    assert problem_remedy(Problem("image-from-the-future")) == ""


def test_texts_are_looked_up_in_the_errors_context(qapp: QCoreApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shouting(QTranslator):
        def isEmpty(self) -> bool:
            return False

        def translate(self, context: str, text: str, *_: object) -> str:
            return text.upper().replace("{NAME}", "{name}") if context == "errors" else ""

    monkeypatch.setitem(ERROR_TEXTS, "test-code", ErrorText("gone: {name}", "look in {name}"))
    translator = Shouting()
    QCoreApplication.installTranslator(translator)
    try:
        problem = Problem("test-code", (("name", "cat.jpg"),))
        assert problem_text(problem) == "GONE: cat.jpg"
        assert problem_remedy(problem) == "LOOK IN cat.jpg"
    finally:
        QCoreApplication.removeTranslator(translator)


def test_a_translation_with_a_wrong_placeholder_gives_way_to_the_english(
    qapp: QCoreApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(QTranslator):
        def isEmpty(self) -> bool:
            return False

        def translate(self, *_: object) -> str:
            return "weg: {nmae}"

    monkeypatch.setitem(ERROR_TEXTS, "test-code", ErrorText("gone: {name}", ""))
    translator = Wrong()
    QCoreApplication.installTranslator(translator)
    try:
        assert problem_text(Problem("test-code", (("name", "cat.jpg"),))) == "gone: cat.jpg"
    finally:
        QCoreApplication.removeTranslator(translator)


def test_a_name_that_is_not_utf8_is_shown_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ERROR_TEXTS, "test-code", ErrorText("gone: {name}", ""))
    assert problem_text(Problem("test-code", (("name", "a\udcff.jpg"),))) == "gone: a\\xff.jpg"
