"""A person's own labels file: which name belongs to which output of the network."""

import json
from pathlib import Path
from typing import NoReturn

from model.errors import WeightsError
from model.names import display_name
from model.safe_files import read_bounded

_MOST_BYTES = 64 << 20


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the labels in index order.

    The file is UTF-8 (a byte order mark is fine): one label a line, or a JSON list, or a JSON object of the form
    `{"0": "cat"}` or `{"cat": 0}`. Labels may repeat, but none may be empty. Raises WeightsError.
    """
    try:
        text = read_bounded(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise WeightsError("weights-labels-unreadable", file=display_name(path), reason=reason) from exc
    except UnicodeDecodeError as exc:
        raise WeightsError("weights-labels-not-text", file=display_name(path.name), detail=str(exc)) from exc
    labels = _parse(text, path)
    for index, label in enumerate(labels):
        if not label or any(char < " " or "\ud800" <= char <= "\udfff" for char in label):
            _refuse(path, f"label number {index} (counted from 0) is empty or holds control characters")
    if not labels:
        _refuse(path, "it holds no labels")
    return tuple(labels)


def _parse(text: str, path: Path) -> list[str]:
    is_json = path.suffix.lower() == ".json"
    if is_json or text.lstrip().startswith(("[", "{")):
        try:
            return _of_json(json.loads(text), path)
        except (json.JSONDecodeError, RecursionError) as exc:
            if is_json:
                _refuse(path, f"it is not JSON ({exc})")
    # Only line ends split lines: a label may hold the other characters that str.splitlines() splits at.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        del lines[-1]
    return [line.strip() for line in lines]


def _of_json(data: object, path: Path) -> list[str]:
    if isinstance(data, list):
        pairs = list(enumerate(data))
    elif isinstance(data, dict) and all(type(value) is int for value in data.values()):
        pairs = [(index, label) for label, index in data.items()]
    elif isinstance(data, dict) and all(key.isascii() and key.isdecimal() for key in data):
        pairs = [(int(key), label) for key, label in data.items()]
    else:
        _refuse(path, "its JSON is neither a list nor an object of labels and their numbers")
    labels: dict[int, str] = {}
    for index, label in pairs:
        if not isinstance(label, str):
            _refuse(path, f"the label with the number {index} is not a text")
        if index in labels:
            _refuse(path, f"the number {index} is given twice")
        labels[index] = label.strip()
    missing = next((index for index in range(len(labels)) if index not in labels), None)
    if missing is not None:
        _refuse(path, f"the numbers do not run from 0 without a gap ({missing} is missing)")
    return [labels[index] for index in range(len(labels))]


def _refuse(path: Path, fault: str) -> NoReturn:
    raise WeightsError("weights-labels-bad", file=display_name(path.name), fault=fault)
