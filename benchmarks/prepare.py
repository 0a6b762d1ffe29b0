"""One network for all contestants: a ResNet-50 with random values that tells pictures apart, in each one's own form.

What lies in a work folder afterwards: `resnet50.pth` (a state dict of torchvision's network), `labels.txt`,
`huggingface` (the same tensors under transformers' names, with a config of microsoft/resnet-50's kind), and
`photospotter` (a data folder into which the checkpoint was imported as a user would do it).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SEED = 50
CLASSES = 1000
WEIGHTS_FILE, LABELS_FILE, PHOTOSPOTTER, HUGGINGFACE = "resnet50.pth", "labels.txt", "photospotter", "huggingface"
READY = "prepared.json"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision, `_presets.py`
_IMPORTED = re.compile(r"--weights (\S+)")
# About as wide as a trained network's: too narrow, and every picture's likeliest label hangs on the last bit.
_LOGITS_DEVIATION = 3.0
# With branches of full weight, a network of random values multiplies rounding errors as no trained one does: engines
# then differ by 2e-4 in a probability, with this by 3e-6.
_BRANCH_WEIGHT = 0.3


def photospotter_environment(work: Path) -> dict[str, str]:
    """Return the environment in which Photospotter uses the benchmark's data folder, not the user's."""
    return {"PHOTOSPOTTER_DATA_DIR": str(work / PHOTOSPOTTER)}


def photospotter_id(work: Path) -> str:
    """Return the id under which Photospotter knows the weights."""
    return str(json.loads((work / READY).read_text(encoding="utf-8"))["id"])


def make_weights(pictures: Path, work: Path) -> None:
    """Write the state dict and the labels; the pictures are those that BatchNorm's statistics are taken from."""
    import torch
    import torchvision
    from PIL import Image
    from torch import nn

    torch.manual_seed(SEED)
    model = torchvision.models.resnet50()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # statistics are the plain mean over all batches
        if isinstance(module, torchvision.models.resnet.Bottleneck):
            nn.init.constant_(module.bn3.weight, _BRANCH_WEIGHT)
    transform = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.transforms()
    files = sorted(pictures.glob("*.jpg"))[:64]
    batch = torch.stack([transform(Image.open(file).convert("RGB")) for file in files])
    head, model.fc = model.fc, nn.Identity()
    with torch.no_grad():
        model.train()
        for part in torch.split(batch, 16):
            model(part)
        model.eval()
        features = torch.cat([model(part) for part in torch.split(batch, 16)])
        # The mean picture has logits of 0, so that pictures differ in their label.
        head.weight.normal_()
        head.weight.mul_(_LOGITS_DEVIATION / (features - features.mean(dim=0)).matmul(head.weight.T).std())
        head.bias.copy_(-head.weight.matmul(features.mean(dim=0)))
    model.fc = head
    torch.save(model.state_dict(), work / WEIGHTS_FILE)
    (work / LABELS_FILE).write_text("\n".join(f"class {index:04}" for index in range(CLASSES)), encoding="utf-8")


def make_huggingface(work: Path) -> None:
    """Write the folder that transformers loads; its preprocessing is the weights' own, as its processor can do it."""
    import torch
    from transformers import ConvNextImageProcessor, ResNetConfig, ResNetForImageClassification

    from model.foreign_layouts import to_torchvision_names

    labels = dict(enumerate((work / LABELS_FILE).read_text(encoding="utf-8").split("\n")))
    model = ResNetForImageClassification(ResNetConfig(id2label=labels, label2id={v: k for k, v in labels.items()}))
    state = torch.load(work / WEIGHTS_FILE, weights_only=True)
    own = model.state_dict()
    renamed = to_torchvision_names({name: name for name in own})
    model.load_state_dict({name: state[theirs] for theirs, name in renamed.items()})
    model.save_pretrained(work / HUGGINGFACE)
    bilinear = 2
    processor = ConvNextImageProcessor(
        size={"shortest_edge": 224},
        crop_pct=0.875,
        resample=bilinear,
        image_mean=list(IMAGENET_MEAN),
        image_std=list(IMAGENET_STD),
    )
    processor.save_pretrained(work / HUGGINGFACE)


def import_into_photospotter(work: Path) -> str:
    """Import the checkpoint through the command line, as a user would; return its id."""
    facts = ["--name", "Benchmark", "--arch", "resnet50", "--preprocess", "torchvision-v1"]
    labels = ["--labels", str(work / LABELS_FILE)]
    told = _photospotter(["weights", "import", str(work / WEIGHTS_FILE), *labels, *facts], work)
    found = _IMPORTED.search(told)
    if found is None:
        raise RuntimeError(f"no id in what importing said: {told}")
    return found[1]


def _photospotter(arguments: list[str], work: Path) -> str:
    command = [sys.executable, "-m", "model", *arguments]
    environment = os.environ | photospotter_environment(work)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:2])} failed: {done.stderr}")
    return done.stdout + done.stderr


def main() -> None:
    """Prepare a work folder from a folder of pictures: a process of its own, since it takes gigabytes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=Path)
    parser.add_argument("work", type=Path)
    chosen = parser.parse_args()
    if not (chosen.work / READY).is_file():
        shutil.rmtree(chosen.work, ignore_errors=True)
        chosen.work.mkdir(parents=True)
        make_weights(chosen.pictures, chosen.work)
        make_huggingface(chosen.work)
        identifier = import_into_photospotter(chosen.work)
        (chosen.work / READY).write_text(json.dumps({"id": identifier}), encoding="utf-8")
    # Each time: there is none yet, or one of an older exporter, or it is there and this takes a moment.
    _photospotter(["export", photospotter_id(chosen.work)], chosen.work)


if __name__ == "__main__":
    main()
