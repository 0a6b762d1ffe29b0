"""Problems in the user's language: the English of `model.error_texts` is the key of its translation."""

import logging

from PySide6.QtCore import QCoreApplication

from model.error_texts import ERROR_TEXTS
from model.names import shown_name
from model.types import ParamValue, Problem

log = logging.getLogger(__name__)

_CONTEXT = "errors"


def problem_text(problem: Problem) -> str:
    """Return what happened, in the user's language.

    A code that this version does not know (results kept from another version may hold one) is named as such.
    """
    texts = ERROR_TEXTS.get(problem.code)
    if texts is None:
        log.warning("there is no text for the problem %s", problem.code)
        unknown = QCoreApplication.translate("ErrorTexts", "a problem that this version does not know ({code})")
        return unknown.format(code=problem.code)
    return _fill(texts.message, problem)


def problem_remedy(problem: Problem) -> str:
    """Return what to do about it, in the user's language; empty where nothing can be done."""
    texts = ERROR_TEXTS.get(problem.code)
    return "" if texts is None else _fill(texts.remedy, problem)


def _fill(english: str, problem: Problem) -> str:
    if not english:
        return ""
    params = {name: _shown(value) for name, value in problem.params}
    translated = QCoreApplication.translate(_CONTEXT, english)
    for text in (translated, english):
        try:
            return text.format(**params)
        except (KeyError, IndexError, ValueError):
            log.warning("the text of %s cannot be filled with %s: %s", problem.code, sorted(params), text)
    return english


def _shown(value: ParamValue) -> ParamValue:
    return shown_name(value) if isinstance(value, str) else value
