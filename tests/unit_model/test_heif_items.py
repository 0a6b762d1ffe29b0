"""HEIF files whose items have names that are no text, at which pi_heif ends the process; found by fuzzing."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import LIMITS, pattern, problem_code

from model.decode import decode
from model.heif_items import items_are_readable

ROOT = Path(__file__).resolve().parents[2]


def heif(content_type: bytes = b"application/rdf+xml", kind: bytes = b"mime") -> bytes:
    """A picture with XMP in an item; Pillow writes it as AVIF, whose container is the same."""
    buffer = io.BytesIO()
    pattern().save(buffer, "AVIF", xmp=b"<x/>")
    data = buffer.getvalue().replace(b"ftypavif", b"ftypmif1", 1)
    assert data.count(b"application/rdf+xml") == data.count(b"mime") == 1
    return data.replace(b"application/rdf+xml", content_type).replace(b"mime", kind)


def item(version: int, strings: bytes, kind: bytes = b"mime") -> bytes:
    body = struct.pack(">B3x", version) + (bytes(6) if version >= 3 else bytes(4))
    body += (kind if version >= 2 else b"") + strings
    inner = struct.pack(">I4s", 8 + len(body), b"infe") + body
    return struct.pack(">I4s", 8 + len(inner), b"meta") + inner


def is_readable(data: bytes) -> bool:
    return items_are_readable(io.BytesIO(data), len(data))


@pytest.mark.parametrize(
    "spoiled", [heif(b"applicatio\xee/rdf+xml"), heif(b"\xff" * 19), heif(kind=b"m\xefme")], ids=["one", "all", "kind"]
)
def test_it_is_refused_and_the_process_lives(tmp_path: Path, spoiled: bytes) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(spoiled)
    code = (
        "import sys; from pathlib import Path; from model.decode import decode, thumbnail\n"
        "from model.decode_limits import DecodeLimits; from model.errors import ImageError\n"
        "try: decode(Path(sys.argv[1]), limits=DecodeLimits())\n"
        "except ImageError as exc: print(exc.problem.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "image-damaged\n"), done.stderr
    assert problem_code(path) == "image-damaged"


def test_a_sound_one_is_left_to_its_reader(tmp_path: Path) -> None:
    assert is_readable(heif())
    path = tmp_path / "a.avif"
    path.write_bytes(heif().replace(b"ftypmif1", b"ftypavif", 1))
    assert decode(path, limits=LIMITS).facts.format == "AVIF"


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_what_must_be_text(version: int) -> None:
    assert is_readable(item(version, b"name\0text/plain\0\0"))
    assert is_readable(item(version, b"n\xe4me\0text/plain\0\0"))  # nobody reads the name
    assert is_readable(item(version, b"name\0\xc3\xa4\0\0"))
    assert not is_readable(item(version, b"name\0text/pl\xe4in\0\0"))
    assert not is_readable(item(version, b"name\0text/plain\0\xff\0"))


def test_what_lies_among_the_pixels_is_no_item() -> None:
    spoiled = item(2, b"\0\xff\0")
    assert is_readable(struct.pack(">I4s", 8 + len(spoiled), b"mdat") + spoiled)
    for kind in (b"meta", b"moov", b"uuid", b"\0\0\0\0"):
        assert not is_readable(struct.pack(">I4s", 8 + len(spoiled), kind) + spoiled)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x10ftyp",
        struct.pack(">I4sQ", 1, b"mdat", 2**63),
        struct.pack(">I4s", 0, b"free"),
        struct.pack(">I4s", 7, b"meta"),
        b"\0\0\0\x0cmetainfe",
    ],
)
def test_boxes_that_end_anyhow(data: bytes) -> None:
    assert is_readable(data)


def test_boxes_without_end_are_refused() -> None:
    assert not is_readable(struct.pack(">I4s", 8, b"free") * 2000)
