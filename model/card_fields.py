"""Takes fields out of parsed JSON one by one and refuses what is missing, surplus, mistyped or out of range."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import NoReturn, cast

from model.errors import WeightsError
from model.names import display_name


class JsonObject:
    """A JSON object whose fields are taken out one by one; null counts as absent."""

    def __init__(self, data: object, where: str, path: str = "") -> None:
        """`where` is the file and `path` the way to this object in it."""
        self._where = where
        self._path = path
        if not isinstance(data, dict):
            self.refuse("", "is not a JSON object")
        self._fields: dict[str, object] = {key: value for key, value in data.items() if value is not None}
        self._known: set[str] = set()

    def refuse(self, key: str, fault: str) -> NoReturn:
        """Raise the error about the field `key` of this object."""
        field = ".".join(part for part in (self._path, key) if part) or "the card"
        raise WeightsError("weights-card-bad", where=self._where, field=field, fault=fault)

    def has(self, key: str) -> bool:
        """Whether the field is there; it counts as known from then on."""
        self._known.add(key)
        return key in self._fields

    def finish(self) -> None:
        """Refuse fields that nobody asked for."""
        surplus = sorted(self._fields.keys() - self._known)
        if surplus:
            self.refuse("", f"has unknown fields: {', '.join(map(display_name, surplus))}")

    def text(self, key: str, *, needed: bool = True) -> str:
        """Return a text that can be written as UTF-8; without `needed` it may be absent or empty."""
        value = self._take(key) if needed or self.has(key) else ""
        if not isinstance(value, str) or (needed and not value.strip()) or not _is_unicode(value):
            self.refuse(key, "is not a text" if not needed else "is not a text, or an empty one")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of at least one text, none of them empty. Equal texts are allowed: ImageNet had two pairs."""
        values = self._list(key)
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value.strip() or not _is_unicode(value):
                self.refuse(f"{key}[{index}]", "is not a text, or an empty one")
        return tuple(cast(list[str], values))

    def matching(self, key: str, pattern: re.Pattern[str], fault: str) -> str:
        """Return a text that matches the whole pattern."""
        value = self.text(key)
        if not pattern.fullmatch(value):
            self.refuse(key, fault)
        return value

    def choice(self, key: str, known: Collection[str]) -> str:
        """Return one of the known texts."""
        value = self.text(key)
        if value not in known:
            self.refuse(key, f"is not one of {', '.join(known)}")
        return value

    def file_name(self, key: str) -> str:
        """Return a file's name that has no path part on any system."""
        value = self.text(key)
        if set(value) & set('/\\:\0"<>|?*') or value in {".", ".."} or value != value.strip():
            self.refuse(key, "is not a plain file name")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """Return a whole number within the bounds."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(key, f"is not a whole number from {low} to {high}")
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """Return a finite number within the bounds."""
        return self._checked_number(self._take(key), key, low, high)

    def triple(self, key: str, low: float, high: float) -> tuple[float, float, float]:
        """Return three numbers, one for each of red, green and blue."""
        values = self._list(key)
        if len(values) != 3:
            self.refuse(key, "is not a list of three numbers")
        red, green, blue = (self._checked_number(value, key, low, high) for value in values)
        return red, green, blue

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return true or false; without a default it must be there."""
        value = self._fields.get(key, default) if self.has(key) or default is not None else self._take(key)
        if not isinstance(value, bool):
            self.refuse(key, "is not true or false")
        return value

    def mapping(self, key: str) -> dict[str, object]:
        """Return a JSON object as it is, once it is sure that it can be written again; empty when absent."""
        value = self._fields[key] if self.has(key) else {}
        if not isinstance(value, dict):
            self.refuse(key, "is not a JSON object")
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            self.refuse(key, "holds a number that is not finite, or a text that is not Unicode")
        return value

    def child(self, key: str) -> JsonObject:
        """Return the object in a field."""
        return JsonObject(self._take(key), self._where, self._join(key))

    def children(self, key: str, *, needed: bool = True) -> list[JsonObject]:
        """Return the objects of a list."""
        values = self._list(key) if needed or (self.has(key) and self._fields[key] != []) else []
        return [JsonObject(value, self._where, self._join(f"{key}[{index}]")) for index, value in enumerate(values)]

    def _take(self, key: str) -> object:
        if not self.has(key):
            self.refuse(key, "is missing")
        return self._fields[key]

    def _list(self, key: str) -> list[object]:
        values = self._take(key)
        if not isinstance(values, list) or not values:
            self.refuse(key, "is not a list, or an empty one")
        return values

    def _join(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _checked_number(self, value: object, key: str, low: float, high: float) -> float:
        # NaN, which Python's JSON reader accepts, is within no bounds.
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.refuse(key, f"is not a number from {low} to {high}")
        return float(value)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
