"""Which class of a weight set a folder or a label means: by name, by WordNet number, or by index."""

import difflib
import importlib.resources
import importlib.util
import logging
import unicodedata
from functools import cache
from pathlib import Path

from model.names import display_name
from model.types import WeightSet

log = logging.getLogger(__name__)

IMAGENET_CLASSES = 1000
_IMAGENET_LABELS = "imagenet-1k.txt"
# timm lists the WordNet numbers (wnids) of ImageNet's classes in the order of their indices.
_WNIDS = Path("data", "_info", "imagenet_synsets.txt")
_NAMED = 8  # so many classes an error message lists


class ClassNames:
    """The classes of one weight set, to be looked up."""

    def __init__(self, weights: WeightSet) -> None:
        """Names are compared without regard to case, and `_` counts as a space."""
        self.id = weights.id
        self.classes = weights.classes
        self._exact: dict[str, list[int]] = {}
        self._alike: dict[str, list[int]] = {}
        for index, name in enumerate(self.classes):
            self._exact.setdefault(unicodedata.normalize("NFC", name), []).append(index)
            self._alike.setdefault(_key(name), []).append(index)
        self._wnids = _wnids_of(weights)
        # Where names are numbers a number is a name: of the classes 1, 2 and 3 the folder "1" is not the second.
        self._names_are_numbers = any(_is_number(name.strip()) for name in self.classes)

    def of_name(self, name: str) -> tuple[int, ...]:
        """Return the classes of this name: none, one, or several that cannot be told apart by it."""
        exact = self._exact.get(unicodedata.normalize("NFC", name), [])
        return tuple(exact or self._alike.get(_key(name), []))

    def of_wnid(self, wnid: str) -> int | None:
        """Return the class of a WordNet number such as n02123045; None for sets that have none."""
        return self._wnids.get(wnid.strip().lower())

    def of_index(self, text: str) -> int | None:
        """Return the class index that `text` is; None where it is no number, or there is no such class."""
        text = text.strip()
        if not _is_number(text) or int(text) >= len(self.classes):
            return None
        return int(text)

    def of_folder(self, name: str) -> tuple[int, ...]:
        """Return the classes that a folder's name means, be it a name, a WordNet number or an index."""
        named = self.of_name(name)
        if named:
            return named
        found = self.of_wnid(name)
        if found is None and not self._names_are_numbers:
            found = self.of_index(name)
        return () if found is None else (found,)

    def listed(self, like: str) -> str:
        """Return some of the classes in words, those like `like` first, and how many there are if they are many."""
        if len(self.classes) <= _NAMED:
            return ", ".join(self.classes)
        near = difflib.get_close_matches(_key(like), self._alike, n=_NAMED, cutoff=0.5)
        indices = [index for key in near for index in self._alike[key]] or list(range(len(self.classes)))
        return f"{', '.join(self.classes[i] for i in indices[:_NAMED])} ... ({len(self.classes):,} in all)"

    def numbered(self, indices: tuple[int, ...]) -> str:
        """Return classes in words with their indices: `134 crane, 517 crane`."""
        return ", ".join(f"{index} {self.classes[index]}" for index in indices)


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _wnids_of(weights: WeightSet) -> dict[str, int]:
    if len(weights.classes) != IMAGENET_CLASSES:
        return {}
    if weights.family != "imagenet" and weights.classes != _imagenet_labels():
        return {}
    return {wnid: index for index, wnid in enumerate(imagenet_wnids())}


@cache
def imagenet_wnids() -> tuple[str, ...]:
    """Return the WordNet numbers of ImageNet's 1,000 classes in index order; none where timm does not bring them.

    The file is read where timm lies, without importing it: that takes seconds and loads torch.
    """
    spec = importlib.util.find_spec("timm")
    for folder in (spec and spec.submodule_search_locations) or ():
        try:
            wnids = tuple((Path(folder) / _WNIDS).read_text(encoding="ascii").split())
        except (OSError, UnicodeDecodeError) as exc:
            log.warning("timm's list of WordNet numbers cannot be read: %s", display_name(str(exc)))
            continue
        if len(wnids) == IMAGENET_CLASSES:
            return wnids
    return ()


def _imagenet_labels() -> tuple[str, ...]:
    text = importlib.resources.files("resources").joinpath("labels", _IMAGENET_LABELS).read_text(encoding="utf-8")
    return tuple(text.splitlines())
