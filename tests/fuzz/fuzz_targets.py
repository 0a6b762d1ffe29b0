"""What is fuzzed: for each target some sound files, and what the program does with such a file."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.cancel import CancelToken
from model.cards import card_bytes, parse_preprocess, read_card, read_json
from model.decode import thumbnail
from model.decode_limits import DecodeLimits
from model.errors import ImageError, PhotospotterError
from model.labelled_files import read_labelled_files
from model.labels import read_labels
from model.load_picture import make_load
from model.types import Preprocess, WeightSet
from model.weights import Catalogue

_PREPROCESS = Preprocess(64, 56, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_LARGEST_SEED = 20_000
_FEW_PIXELS = 2_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """`seeds` are sound files; `run` opens one, given in `folder`, and may raise PhotospotterError alone.

    `fit` makes a file out of a spoiled seed where the seed is only a part of it.
    """

    name: str
    suffix: str
    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[Path], None]
    fit: Callable[[bytes], bytes] = bytes


# --- pictures ---


def open_picture(path: Path) -> None:
    """Everything that is done with a picture: exact, fast and small.

    Most are held to few pixels, for a file that was spoiled so that it has hundreds of millions takes a second.
    """
    limits = DecodeLimits(pixels=_FEW_PIXELS) if path.stat().st_size % 8 else DecodeLimits()
    refused: list[str] = []
    for work in (
        lambda: make_load(_PREPROCESS, limits)(path, CancelToken()),
        lambda: make_load(_PREPROCESS, limits, "fast")(path, CancelToken()),
        lambda: thumbnail(path, 32, limits=limits),
    ):
        try:
            work()
        except ImageError as exc:
            refused.append(exc.problem.code)
    assert len(refused) in (0, 3) or "image-truncated" in refused or "image-damaged" in refused, refused
    if refused:
        raise ImageError("image-damaged")


def _picture_seeds(kind: str) -> Callable[[], Sequence[bytes]]:
    def seeds() -> Sequence[bytes]:
        from pictures import encoded
        from PIL import Image

        from benchmarks import hostile_bytes as made

        if kind == "HEIF":  # nothing here writes it: the container is AVIF's, under the name of the other
            return [encoded("AVIF").replace(b"ftypavif", b"ftypmif1", 1), *_shared_seeds((".heic", ".heif", ".hif"))]
        options: Mapping[str, Sequence[Mapping[str, object]]] = {
            "JPEG": ({"progressive": True}, {"exif": made.tiff([(0x0112, 3, 1, 6)])}),
            "TIFF": tuple({"compression": name} for name in ("raw", "jpeg", "tiff_adobe_deflate", "packbits")),
            "PNG": ({"exif": made.tiff([(0x0112, 3, 1, 6)])},),
            "WEBP": ({"quality": 50}, {"exif": made.tiff([(0x0112, 3, 1, 6)])}),
        }
        found = [encoded(kind)]
        for more in options.get(kind, ()):
            found.append(made.encoded(kind, (40, 24), **more))
        for mode in ("L", "P", "RGBA", "1", "CMYK", "I;16", "LA"):
            buffer = io.BytesIO()
            try:
                Image.new(mode, (24, 16)).save(buffer, kind)
            except (OSError, ValueError, KeyError):
                continue  # the format has no such mode
            found.append(buffer.getvalue())
        extra = {
            "PNG": [made.apng(3), made.png(4, 4, before=[made.png_chunk(b"zTXt", b"a\0\0" + made.deflated_zeros(99))])],
            "WEBP": [made.animated_webp(2)],
            "GIF": [made.gif(3, 3, 2, made.gif_comment(600))],
            "BMP": [made.bmp_runs(8, 4, b"\4\1\4\2\0\0\0\4abcd\0\2\1\1\0\1")],
            "TIFF": [made.tiff(made.grey_tags().values(), data=b"ab", following=-1)],
            "PPM": [b"P3\n# a\n2 2 255\n1 2 3 4 5 6 7 8 9 10 11 12\n", b"P6 2 1 254\nabcdef", b"P1 2 2\n1 0 0 1\n"],
        }
        return [*found, *extra.get(kind, []), *_shared_seeds(_SUFFIXES.get(kind, ()))]

    return seeds


_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "PPM": (".ppm", ".pgm", ".pfm"),
    "JPEG2000": (".j2k", ".jp2"),
    "ICO": (".ico",),
    "PCX": (".pcx",),
    "SGI": (".sgi", ".rgb"),
    "QOI": (".qoi",),
    "TGA": (".tga",),
    "MPO": (".mpo",),
}


def _shared_seeds(suffixes: Sequence[str]) -> list[bytes]:
    """Small files of the folder of difficult pictures, where the variable says that there is one."""
    folder = os.environ.get("PHOTOSPOTTER_FUZZ_SEEDS")
    if not folder or not suffixes:
        return []
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in suffixes)
    return [path.read_bytes() for path in paths if 0 < path.stat().st_size < _LARGEST_SEED]


# --- weights ---


def _tensors() -> Mapping[str, object]:
    import torch

    state = {"fc.weight": torch.arange(12.0).reshape(3, 4), "fc.bias": torch.zeros(3)}
    return {**state, "bn.num_batches_tracked": torch.tensor(5)}


def _torch_seeds() -> Sequence[bytes]:
    import torch

    found = []
    for data in (_tensors(), {"state_dict": _tensors(), "epoch": 3}, {"model": {"module.w": torch.ones(2).half()}}):
        for zipped in (True, False):
            buffer = io.BytesIO()
            torch.save(data, buffer, _use_new_zipfile_serialization=zipped)
            found.append(buffer.getvalue())
    return found


def _safetensors_seeds() -> Sequence[bytes]:
    import safetensors.torch

    return [
        bytes(safetensors.torch.save(dict(_tensors()))),
        bytes(safetensors.torch.save(dict(_tensors()), {"a": "b"})),
    ]


def open_checkpoint(path: Path) -> None:
    """Read a file of weights as an import does."""
    from model.checkpoint import read_state_dict

    read_state_dict(path, mmap=False)


def _card() -> WeightSet:
    from weights_samples import file_of, set_of

    return replace(set_of(file_of(place="user", in_full=True), measured=0.5), recipe={"epochs": 3, "deep": [[1], {}]})


def _shipped_cards() -> Sequence[bytes]:
    import importlib.resources

    folder = importlib.resources.files("resources").joinpath("weights")
    return [card_bytes(_card()), *(one.read_bytes() for one in folder.iterdir() if one.name.endswith(".json"))]


def _archive(card: bytes, content: bytes, name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("card.json", card)
        archive.writestr(name, content)
    return buffer.getvalue()


def _small_content() -> bytes:
    return _safetensors_seeds()[0]


def _pets(content: bytes) -> bytes:
    from archive_samples import pets

    return card_bytes(pets(content))


def open_archive(path: Path) -> None:
    """Import an archive into a computer that has nothing; what is refused leaves nothing, and nothing lies outside."""
    from model.archive_import import import_archive

    root = path.parent / "computer"
    shipped = root / "shipped"
    shipped.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(root / "data", root / "hub", shipped_dir=shipped)

    def files() -> set[Path]:
        return {one for one in path.parent.rglob("*") if one.is_file() and one != path}

    before = files()
    try:
        for _ in import_archive(path, catalogue, cancel=CancelToken()):
            pass
    except PhotospotterError:
        assert files() == before, "a refused archive leaves something behind"
        raise
    for one in files() - before:
        assert one.is_relative_to(catalogue.data_dir / "weights"), f"{one} was written outside of the weights' folder"
        one.unlink()
    for folder in sorted((catalogue.data_dir / "weights").iterdir()):
        folder.rmdir()


# --- text ---


def open_labels(path: Path) -> None:
    """Read a list of labels."""
    labels = read_labels(path)
    assert labels
    assert all(labels)


def open_labelled(path: Path) -> None:
    """Read which picture is what."""
    labelled = read_labelled_files(path.parent, path, _card(), CancelToken())
    assert all(0 <= one.class_index < 2 for one in labelled.files)


def open_preprocess(path: Path) -> None:
    """Read a description of preprocessing."""
    parse_preprocess(read_json(path, path.name), path.name)


def open_card(path: Path) -> None:
    """Read a card; what is accepted can be written and read again."""
    card = read_card(path)
    path.write_bytes(card_bytes(card))
    assert read_card(path) == card


_PREPROCESS_JSON = json.dumps(
    {"resize": 256, "crop": 224, "interpolation": "bilinear", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}
).encode()

TARGETS: tuple[Target, ...] = (
    *(Target(f"picture-{kind}", ".bin", _picture_seeds(kind), open_picture) for kind in (*_SUFFIXES, "HEIF", "DIB")),
    Target("checkpoint-torch", ".pth", _torch_seeds, open_checkpoint),
    Target("checkpoint-safetensors", ".safetensors", _safetensors_seeds, open_checkpoint),
    Target("card", ".json", _shipped_cards, open_card),
    Target("preprocess", ".json", lambda: [_PREPROCESS_JSON], open_preprocess),
    Target(
        "archive",
        ".zip",
        lambda: [_archive(_pets(_small_content()), _small_content(), "pets.safetensors")],
        open_archive,
    ),
    Target(
        "archive-card",
        ".zip",
        lambda: [_pets(_small_content())],
        open_archive,
        lambda card: _archive(card, _small_content(), "pets.safetensors"),
    ),
    Target(
        "archive-tensors",
        ".zip",
        lambda: [_small_content()],
        open_archive,
        lambda content: _archive(_pets(content), content, "pets.safetensors"),
    ),
    Target(
        "labels",
        ".txt",
        lambda: ["cat\ndog\n\u00e9\n".encode(), b'["cat", "dog"]', b'{"0": "cat", "1": "dog"}'],
        open_labels,
    ),
    Target(
        "labelled",
        ".csv",
        lambda: [
            b'file,label\r\na.png,cat\r\n"b,""c.png",dog\r\n',
            b"file;class_index\na.png;1\n",
            b"file\twnid\nx\tn0\n",
        ],
        open_labelled,
    ),
)
