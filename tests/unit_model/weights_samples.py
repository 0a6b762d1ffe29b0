"""Weight sets of small files, and places to find them in."""

import hashlib
from pathlib import Path

import pytest

from model.cards import card_bytes
from model.errors import WeightsError
from model.types import Accuracy, FilePlace, FileRole, Preprocess, WeightSet, WeightsFile
from model.weights import Catalogue

CONTENT = b"tensors of a network"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_of(
    content: bytes = CONTENT,
    *,
    role: FileRole = "network",
    place: FilePlace = "download",
    name: str = "net.pth",
    package: str | None = None,
    in_full: bool = False,
) -> WeightsFile:
    digest = sha256(content)
    return WeightsFile(
        role=role,
        name=name,
        place=place,
        size=len(content),
        sha256=digest if in_full or place != "download" else None,
        sha256_prefix=digest[:8] if place == "download" else None,
        url=f"https://example.org/{name}" if place == "download" else None,
        package=package,
    )


def set_of(*files: WeightsFile, id: str = "net", measured: float | None = None, title: str = "A net") -> WeightSet:
    figure = () if measured is None else (Accuracy("top-1", measured, "a test", published=False),)
    return WeightSet(
        id=id,
        title=title,
        family="custom",
        architecture="torchvision:resnet50",
        layout="torchvision",
        classes=("cat", "dog"),
        preprocess=Preprocess(256, 224, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        files=files,
        licence="none",
        source="a test",
        accuracy=figure,
    )


class Place:
    """A computer with nothing on it: a folder for shipped cards, one for the user and one for torch's cache."""

    def __init__(self, root: Path) -> None:
        self.shipped = root / "shipped"
        self.data = root / "data"
        self.hub = root / "hub"
        self.shipped.mkdir()
        self.hub.mkdir()
        self.catalogue = Catalogue(self.data, self.hub, shipped_dir=self.shipped)

    def ship(self, *sets: WeightSet) -> None:
        for weight_set in sets:
            (self.shipped / f"{weight_set.id}.json").write_bytes(card_bytes(weight_set))

    def give_user(self, weight_set: WeightSet, **files: bytes) -> Path:
        folder = self.data / "weights" / weight_set.id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "card.json").write_bytes(card_bytes(weight_set))
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_bytes(content)
        return folder


def refusal(catalogue: Catalogue, weights_id: str) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        catalogue.open(weights_id)
    return caught.value
