"""A person's files, and the folder into which they are imported."""

from pathlib import Path

import pytest
import torch

from model.cancel import CancelToken
from model.errors import WeightsError
from model.network import build_network
from model.types import CatalogueEntry, WeightsInstalled
from model.weights_import import import_weights

SMALL = "torchvision:shufflenet_v2_x0_5"
LABELS = ("cat", "dog", "hamster")


def small_state(classes: int = 3) -> dict[str, torch.Tensor]:
    """A state dict of a small network of torchvision, which goes the same way in a fraction of the time."""
    return empty_state(SMALL, classes)


def empty_state(architecture: str, classes: int) -> dict[str, torch.Tensor]:
    """A network's state dict. Each tensor repeats a single number, so that files are small."""
    own = build_network(architecture, classes).state_dict()
    return {key: torch.zeros(tensor.shape, dtype=torch.float16) for key, tensor in own.items()}


class Desk:
    """A person's files, and the folder into which they are imported."""

    def __init__(self, root: Path, data_dir: Path) -> None:
        self.root = root
        self.data_dir = data_dir
        self.labels = root / "labels.txt"
        self.labels.write_text("\n".join(LABELS))
        self.token = CancelToken()

    def save(self, state: object, name: str = "mine.pth") -> Path:
        torch.save(state, self.root / name)
        return self.root / name

    def load(
        self,
        file: Path,
        name: str = "My pets",
        *,
        preprocess: str | None = None,
        architecture: str | None = SMALL,
    ) -> CatalogueEntry:
        *_, last = import_weights(
            file,
            self.labels,
            name,
            preprocess=preprocess,
            data_dir=self.data_dir,
            cancel=self.token,
            architecture=architecture,
        )
        assert isinstance(last, WeightsInstalled)
        return last.entry

    def refusal(
        self,
        file: Path,
        name: str = "My pets",
        *,
        preprocess: str | None = None,
        architecture: str | None = SMALL,
    ) -> WeightsError:
        before = self.stored()
        with pytest.raises(WeightsError) as caught:
            self.load(file, name, preprocess=preprocess, architecture=architecture)
        assert self.stored() == before, "a refused import leaves something behind"
        assert caught.value.remedy
        return caught.value

    def stored(self) -> list[str]:
        folder = self.data_dir / "weights"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
