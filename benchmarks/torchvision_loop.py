"""Contestant: torchvision, one picture after another, eager, with the threads that torch takes by itself."""

import torch
import torchvision
from PIL import Image

from benchmarks.contest import TOP, Rows, read_arguments


def main() -> None:
    """Classify the folder."""
    contest = read_arguments()
    model = torchvision.models.resnet50()
    model.load_state_dict(torch.load(contest.weights, weights_only=True))
    model.eval()
    transform = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.transforms()
    with torch.inference_mode(), Rows(contest) as rows:
        for file in contest.files:
            batch = transform(Image.open(file).convert("RGB")).unsqueeze(0)
            best = model(batch).softmax(dim=1)[0].topk(TOP)
            rows.write(file.name, best.values.tolist(), best.indices.tolist())


if __name__ == "__main__":
    main()
