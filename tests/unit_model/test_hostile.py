"""Hundreds of difficult files: each gives a picture or an error in words, in bounded time and memory."""

import csv
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, ImageOps

from model.decode import decode, thumbnail
from model.decode_limits import DecodeLimits
from model.errors import ImageError
from model.preprocess import prepare
from model.types import Preprocess

PREPROCESS = Preprocess(232, 224, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
SLOWEST_SECONDS = 10.0
MOST_MIB = 600

# Pictures to Pillow as a whole, in formats that this program recognises but does not read.
UNREAD = r"\.(eps|dds|blp|psd|xpm|xbm|fits|icns|fli|ras|dcx|msp|im)$"
# Pillow refuses these at first too; the list's maker read them by another way round.
REFUSED = {
    "gdkpixbuf_fail__invalid.2.png",
    "pillow__apng__chunk_no_fctl.png",
    "pillow__truncated_end_chunk.png",
}


@pytest.fixture
def index(shared_data: Path) -> list[dict[str, str]]:
    """The rows of INDEX.tsv, with the file's path."""
    folder = shared_data / "hostile"
    if not (folder / "INDEX.tsv").is_file():
        pytest.skip(f"no difficult files at {folder}")
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == 485
    return [row | {"path": str(folder / row["file"])} for row in rows]


def test_each_file_gives_a_picture_or_an_error_in_words(
    index: list[dict[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    limits = DecodeLimits()
    refused: dict[str, str] = {}
    for row in index:
        path = Path(row["path"])
        started = time.perf_counter()
        try:
            decoded = decode(path, limits=limits)
        except ImageError as exc:
            refused[row["file"]] = str(exc)
            with pytest.raises(ImageError):
                thumbnail(path, 96, limits=limits)
        else:
            assert decoded.image.mode == "RGB"
            assert prepare(decoded.image, PREPROCESS).shape == (224, 224, 3)
            assert thumbnail(path, 96, limits=limits).facts == decoded.facts
        assert time.perf_counter() - started < SLOWEST_SECONDS, row["file"]
    assert all(refused.values())
    for row in index:
        is_ours = re.search(UNREAD, row["file"]) or row["file"] in REFUSED
        if row["pillow13_result"] == "ok" and not is_ours:
            if int(PIL.__version__.split(".")[0]) >= 13:  # older ones read a few files less than the list says
                assert row["file"] not in refused
        elif not row["file"].startswith("heif__"):  # the list was made without a reader of HEIF
            assert row["file"] in refused
    # Lines of libtiff about damaged files cannot be turned off from Python; Pillow's warnings can, and no traceback is.
    error_output = capfd.readouterr().err
    assert "Warning" not in error_output
    assert "Traceback" not in error_output


@pytest.mark.filterwarnings("ignore")
def test_opaque_pictures_are_byte_identical_to_pillows_own(index: list[dict[str, str]]) -> None:
    compared = 0
    for row in index:
        path = Path(row["path"])
        try:
            decoded = decode(path, limits=DecodeLimits())
        except ImageError:
            continue
        with Image.open(path) as image:
            image.load()
            if image.has_transparency_data or image.mode in ("I", "F") or image.mode.startswith("I;16"):
                continue
            if "paris_icc_exif_xmp.png" not in path.name:  # Pillow fails on its EXIF data
                image = ImageOps.exif_transpose(image)
            np.testing.assert_array_equal(
                np.asarray(decoded.image), np.asarray(image.convert("RGB")), err_msg=row["file"]
            )
        compared += 1
    assert compared > 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_stays_bounded_with_several_threads(index: list[dict[str, str]]) -> None:
    program = (
        "import re, sys; from pathlib import Path\n"
        "from model.decode import decoding\n"
        "from model.decode_limits import DecodeLimits\n"
        "from model.decode_pool import DecodePool\n"
        "from model.preprocess import prepare\n"
        "from model.types import Preprocess\n"
        "p = Preprocess(232, 224, 'bilinear', (0.0,) * 3, (1.0,) * 3)\n"
        "def work(path, cancel):\n"
        "    with decoding(path, limits=DecodeLimits(), cancel=cancel) as decoded:\n"
        "        return prepare(decoded.image, p), decoded.facts\n"
        "paths = [Path(line) for line in sys.stdin.read().split('\\n')]\n"
        "with DecodePool(4, work) as pool:\n"
        "    for number, path in enumerate(paths): pool.submit(number, path)\n"
        "    rows = 0\n"
        "    while (decoded := pool.take(60)) is not None:\n"
        "        rows += 1\n"
        "        assert decoded.problem is None or decoded.problem.code not in ('image-unexpected', 'image-stalled')\n"
        "print(rows, re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
    )
    paths = "\n".join(row["path"] for row in index)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], input=paths, capture_output=True, text=True, cwd=root, timeout=120, check=True
    )
    rows, peak_kib = done.stdout.split()
    assert int(rows) == 485
    assert int(peak_kib) < MOST_MIB * 1024
