"""Contestant: timm's network, transforms and loader, put together as timm's inference script does it."""

# timm has no types, and says of nothing that it is there to be imported.
# mypy: disable-error-code="attr-defined,no-untyped-call"

import timm
import timm.data
import torch

from benchmarks.contest import TOP, Rows, read_arguments

BATCH, WORKERS = 32, 2
# The weights' own preprocessing, which is torchvision's first; timm's ResNet-50 would take bicubic and 0.95.
PREPROCESSING = {"input_size": (3, 224, 224), "interpolation": "bilinear", "crop_pct": 0.875}


def main() -> None:
    """Classify the folder."""
    contest = read_arguments()
    model = timm.create_model("resnet50", num_classes=len(contest.labels), checkpoint_path=str(contest.weights))
    model.eval()
    config = timm.data.resolve_data_config(PREPROCESSING, model=model)
    dataset = timm.data.ImageDataset(str(contest.files[0].parent))
    names = dataset.filenames(basename=True)
    loader = timm.data.create_loader(
        dataset,
        batch_size=BATCH,
        use_prefetcher=False,
        num_workers=WORKERS,
        input_size=config["input_size"],
        interpolation=config["interpolation"],
        mean=config["mean"],
        std=config["std"],
        crop_pct=config["crop_pct"],
    )
    done = 0
    with torch.inference_mode(), Rows(contest) as rows:
        for batch, _ in loader:
            best = model(batch).softmax(dim=1).topk(TOP)
            for values, indices in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                rows.write(names[done], values, indices)
                done += 1


if __name__ == "__main__":
    main()
