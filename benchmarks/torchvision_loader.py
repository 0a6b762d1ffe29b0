"""Contestant: torchvision with a DataLoader, batches of 32, two workers."""

from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.contest import TOP, Rows, read_arguments


class Pictures(Dataset[tuple[torch.Tensor, str]]):
    """The pictures of a folder with their names."""

    def __init__(self, files: list[Path], transform: Callable[[Image.Image], torch.Tensor]) -> None:
        """Take the files and what makes a tensor of a picture."""
        self._files = files
        self._transform = transform

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, str]:
        file = self._files[index]
        return self._transform(Image.open(file).convert("RGB")), file.name


def main() -> None:
    """Classify the folder."""
    contest = read_arguments()
    model = torchvision.models.resnet50()
    model.load_state_dict(torch.load(contest.weights, weights_only=True))
    model.eval()
    transform = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.transforms()
    loader = DataLoader(Pictures(contest.files, transform), batch_size=32, num_workers=2)
    with torch.inference_mode(), Rows(contest) as rows:
        for batch, names in loader:
            best = model(batch).softmax(dim=1).topk(TOP)
            for name, values, indices in zip(names, best.values.tolist(), best.indices.tolist(), strict=True):
                rows.write(name, values, indices)


if __name__ == "__main__":
    main()
