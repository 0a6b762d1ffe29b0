"""The page about the comparison, written whole from the figures."""

from pathlib import Path

from benchmarks.plot import ratio_chart
from benchmarks.results import RESULTS_FILE, Results
from benchmarks.tables import all_tables

_PAGE = """# Side by side

Photospotter and what its users would pick instead, from a folder of pictures to a CSV table. This page is written by
`python -m benchmarks`; all figures are in [`{results}`]({results}), and the tables alone in [`table.md`](table.md).

![Times faster than torchvision one by one](ratios.svg)

Measured on: {machine}.
Versions: {versions}.

## How to repeat it

```sh
pip install -e '.[benchmarks]'
python -m benchmarks
```

It needs Linux, some 3 GB of disk and, on two cores, about two hours; nothing is downloaded. `--sizes 500,hd` runs some
of the sets alone, `--only onnx-exact` some of the contestants, `--pairs 5` says how often, `--count 100` how many
pictures, `--pictures FOLDER` makes the sets from your photographs, `--startup` and `--memory` run these parts alone.
Runs on the same machine with the same versions add to the figures that are there; a contestant that is run again
without the others has the ceiling of that run, in a table of its own.

Other pages: starting ([`start.md`](start.md)), how late the window is ([`window.md`](window.md)), what fast decoding
changes ([`decode.md`](decode.md)), the engines that were tried ([`engines.md`](engines.md)), and 200,000
pictures in one sitting ([`many.md`](many.md)).

## What is compared

- **Pictures** are made of photographs that installed packages ship (scikit-image's), a different part of
  one for each file, with a sensor's noise, so that files are as large as a camera's. JPEG of quality 92 to 95, 4:2:0
  or 4:2:2 chroma, EXIF with a thumbnail; and PNG. They are drawn from fixed seeds and stay in a cache folder with a
  manifest.
- **The network** is a ResNet-50 with 1,000 classes and random values from a fixed seed, its BatchNorm statistics
  taken from the pictures, one checkpoint for all. For transformers its tensors are renamed, the config is that of
  microsoft/resnet-50, and its image processor does the weights' preprocessing on tensors, which rounds otherwise than
  Pillow: there, and with fast decoding, a top-1 may differ where two labels are close.
- **Every run is a whole process**, from the start of Python to its end, reading the same files from the page cache
  and writing the path and five labels with probabilities of each picture. Contestants run in turn, each directly
  before or after a run of the reference, its partner; every other round goes backwards. Ratios are taken pair by
  pair; the table has their median and, in brackets, the smallest and the largest. Nobody's threads are set;
  Photospotter decides on its own.
- **First label**: seconds from the start of the process until its first row is read from its standard output, in a
  run of its own over the same folder, after one that does not count. *Start-up off* is the rate of what follows the
  first label, left out for those who give none before a whole batch is done. Before the runs over a set everyone runs
  once without counting.
- **CPU s**: user and system time of the process and its child processes. **Peak MiB**: the largest resident memory of
  the process (`ru_maxrss`); with child processes, the sum of proportional shares (Pss), looked at five times a
  second.
- **The ceiling** is measured in the same run, before each round: decoding alone on all cores, the engine alone on
  tensors that are ready (the fastest of batches of 1, 2, 4, 8, 16), and from their core-seconds what the cores give
  if none is ever idle: cores / (core-seconds of decoding + core-seconds of inference). The share counts with start-up
  off; that of the whole process is beside it.

## Figures

{tables}
"""


def write_page(results: Results, folder: Path) -> None:
    """Write README.md, table.md and ratios.svg beside results.json."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = all_tables(results)
    page = _PAGE.format(
        results=RESULTS_FILE,
        machine=", ".join(f"{name} {value}" for name, value in results.machine.items()),
        versions=", ".join(f"{name} {value}" for name, value in results.versions.items()),
        tables=tables,
    )
    (folder / "README.md").write_text(page, encoding="utf-8")
    (folder / "table.md").write_text(tables + "\n", encoding="utf-8")
    (folder / "ratios.svg").write_text(ratio_chart(results), encoding="utf-8")
