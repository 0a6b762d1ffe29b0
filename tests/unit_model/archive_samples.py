"""A small weight set, and archives of it: the true one, and ones that somebody has tampered with."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import safetensors.torch
import torch
from weights_samples import sha256

from model.architecture_matching import network_shapes
from model.archive_import import import_archive
from model.cancel import CancelToken
from model.cards import card_bytes, card_to_json
from model.errors import WeightsError
from model.types import Calibration, CatalogueEntry, Preprocess, WeightSet, WeightsFile, WeightsInstalled
from model.weights import Catalogue

SMALL = "torchvision:shufflenet_v2_x0_5"
CLASSES = ("cat", "dog", "hamster")
FILE = "pets.safetensors"


@cache
def tensors() -> Mapping[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = network_shapes(SMALL).with_classes(len(CLASSES))
    return {name: (torch.rand(shape, generator=generator) + 0.5).half() for name, shape in shapes.items()}


def tensor_bytes(state: Mapping[str, torch.Tensor]) -> bytes:
    return bytes(safetensors.torch.save(dict(state)))


@cache
def content() -> bytes:
    return tensor_bytes(tensors())


def pets(data: bytes | None = None, *, id: str = "pets", name: str = FILE, place: str = "user") -> WeightSet:
    """The card of a set whose one file holds `data`."""
    data = content() if data is None else data
    return WeightSet(
        id=id,
        title="Pets",
        family="custom",
        architecture=SMALL,
        layout="torchvision",
        classes=CLASSES,
        preprocess=Preprocess(256, 224, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        files=(WeightsFile("network", name, place, len(data), sha256(data)),),  # type: ignore[arg-type]
        licence="none",
        source="a test",
        calibration=Calibration(1.5, "probability", 0.4, 0.95, "20 pictures"),
        recipe={"epochs": 3},
    )


def give(catalogue: Catalogue, card: WeightSet, **files: bytes) -> Path:
    """Put a set into the user's folder; in the files' names `_` stands for a dot."""
    folder = catalogue.folder(card.id)
    folder.mkdir(parents=True)
    (folder / "card.json").write_bytes(card_bytes(card))
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


class Forge:
    """Writes archives as nobody should, and imports them into a computer that has nothing."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self.path = root / "stick" / "pets.zip"
        self.path.parent.mkdir(exist_ok=True)
        self.catalogue = catalogue
        self.token = CancelToken()

    def write(self, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> Path:
        with zipfile.ZipFile(self.path, "w", method) as archive:
            for name, data in entries:
                archive.writestr(name, data)
        return self.path

    def pack(self, card: WeightSet | None = None, data: bytes | None = None) -> Path:
        """Write an archive of a card and its one file."""
        data = content() if data is None else data
        card = pets(data) if card is None else card
        return self.write(("card.json", card_bytes(card)), (card.files[0].name, data))

    def pack_json(self, change: Callable[[dict[str, object]], None]) -> Path:
        """Write an archive whose card was changed as JSON."""
        card = card_to_json(pets())
        change(card)
        return self.write(("card.json", json.dumps(card).encode()), (FILE, content()))

    def bring(self) -> CatalogueEntry:
        *_, last = import_archive(self.path, self.catalogue, cancel=self.token)
        assert isinstance(last, WeightsInstalled)
        return last.entry

    def stored(self) -> list[str]:
        """Everything in the data folder."""
        root = self.catalogue.data_dir
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path != root / "weights")

    def refusal(self, code: str) -> WeightsError:
        """Return why the archive is refused, after making sure that nothing was stored."""
        before = self.stored()
        with pytest.raises(WeightsError) as caught:
            self.bring()
        assert caught.value.problem.code == code, str(caught.value)
        assert self.stored() == before, "a refused archive leaves something behind"
        assert caught.value.remedy
        return caught.value


def with_file(card: WeightSet, **changes: object) -> WeightSet:
    """Return the card with its one file described otherwise."""
    return replace(card, files=(replace(card.files[0], **changes),))  # type: ignore[arg-type]


def entry_named(name: str, **attributes: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def replace_bytes(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
