"""Show that what `resources` ships is found in an installed wheel. Usage: check_resources.py FOLDER.

FOLDER is where the wheel was installed with `pip install --no-deps --target FOLDER`; it should be on PYTHONPATH and
the working directory somewhere else.
"""

import hashlib
import importlib
import json
import sys
from importlib.resources import files
from pathlib import Path

PACKAGES = ("gui", "model", "resources")
CARDS = {"imagenet-lite2", "imagenet-resnet50-v1", "imagenet-resnet50-v2", "weather-lite2", "weather-resnet50"}
ICON_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def check(holds: bool, claim: str) -> None:
    """Print `claim`; end the program with status 1 if it does not hold."""
    sys.stdout.write(f"{'ok ' if holds else 'NOT'} {claim}\n")
    if not holds:
        sys.exit(1)


def check_cards(folder: Path) -> None:
    """Check that all cards are there, and each file that a card says is shipped, with its size and digest."""
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    ids = {card["id"] for card in cards}
    check(ids >= CARDS, f"cards: {', '.join(sorted(ids))}")
    shipped = [(card["id"], file) for card in cards for file in card["files"] if file["place"] == "resources"]
    for card_id, file in shipped:
        data = (folder / file["name"]).read_bytes()
        intact = len(data) == file["size"] and hashlib.sha256(data).hexdigest() == file["sha256"]
        check(intact, f"{card_id}: {file['role']} {file['name']}, {len(data)} bytes, as its card says")
    weather = {card_id for card_id, _ in shipped}
    check(weather == {"weather-lite2", "weather-resnet50"}, "the weather weights are among them")


def main() -> None:
    """Check packages, icons, labels and cards."""
    target = Path(sys.argv[1]).resolve()
    for name in PACKAGES:
        place = Path(str(importlib.import_module(name).__file__)).resolve()
        check(place.is_relative_to(target), f"{name} comes from {place}")
    root = Path(str(files("resources")))
    check(root.resolve().is_relative_to(target), f"its data are looked up in {root}")
    icons = [root / "icons" / name for name in ("photospotter.svg", *(f"photospotter-{s}.png" for s in ICON_SIZES))]
    check(all(icon.is_file() for icon in icons), f"icons: {', '.join(icon.name for icon in icons)}")
    labels = [path for path in sorted((root / "labels").iterdir()) if path.stat().st_size]
    check(bool(labels), f"labels: {', '.join(path.name for path in labels)}")
    check_cards(root / "weights")


if __name__ == "__main__":
    main()
