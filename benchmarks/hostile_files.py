"""Files that are meant to hurt: each with what it tries, what must come of it, and how it is made."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import hostile_bytes as made

_LONG = 4
_MEGA = 1 << 20


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file: its name, what it tries, the outcomes that are right (`ok`, or codes of errors), and its bytes."""

    name: str
    stress: str
    right: frozenset[str]
    make: Callable[[], bytes]
    is_large: bool = False
    """Takes more than a moment to make or to read: for the measured run, not for the tests."""


def hostile_pictures() -> Iterator[Hostile]:
    """Yield every file that is made of bytes alone."""
    yield from _sizes()
    yield from _animations()
    yield from _bombs()
    yield from _directories()
    yield from _headers_without_end()
    yield from _slow()
    yield from _lies()


def _one(name: str, stress: str, right: str, make: Callable[[], bytes], *, large: bool = False) -> Hostile:
    return Hostile(name, stress, frozenset(right.split()), make, large)


def _sizes() -> Iterator[Hostile]:
    yield _one("zero-bytes.jpg", "zero bytes", "image-empty", lambda: b"")
    yield _one("one-byte.png", "one byte", "image-unknown", lambda: b"\x89")
    for kind, name in (("PNG", "1x1.png"), ("JPEG", "1x1.jpg"), ("GIF", "1x1.gif"), ("BMP", "1x1.bmp")):
        yield _one(name, "1 x 1 pixel", "ok", lambda kind=kind: made.encoded(kind, (1, 1)))
    yield _one("1x1.webp", "1 x 1 pixel", "ok", lambda: made.webp(1, 1))
    yield _one("0x0.png", "no pixels", "image-damaged", lambda: made.png(0, 0))
    sides = "sides of 65,535 pixels"
    yield _one("sides.png", sides, "image-too-large", lambda: made.png(65_535, 65_535, b""))
    yield _one("sides.jpg", sides, "image-too-large", lambda: made.with_size(made.encoded("JPEG"), 65_535, 65_535))
    yield _one("sides.gif", sides, "image-too-large", lambda: made.gif(65_535, 65_535))
    yield _one("sides.bmp", sides, "image-too-large", lambda: made.bmp_runs(65_535, 65_535, b""))
    yield _one("sides.qoi", sides, "image-too-large", lambda: made.qoi(65_535, 65_535, b""))
    yield _one("sides.tif", sides, "image-too-large", lambda: _tiff(65_535, 65_535))
    yield _one("sides.ppm", sides, "image-too-large", lambda: b"P6 65535 65535 255\n")
    yield _one("sides.j2k", sides, "image-too-large", lambda: _j2k(65_535, 65_535))
    thin = "65,535 x 1 pixel"
    yield _one("wide.png", thin, "ok", lambda: made.png(65_535, 1))
    yield _one("high.png", thin, "ok", lambda: made.png(1, 65_535))
    yield _one("wide.jpg", thin, "ok", lambda: made.encoded("JPEG", (65_500, 1)))
    full = "as many pixels as the limit allows, in a small file"
    yield _one("full.png", full, "ok", lambda: made.png(65_535, 3_960), large=True)
    yield _one("full-alpha.png", full, "image-memory", lambda: made.png(65_535, 3_960, b"", colour=6))
    yield _one("full-grey.png", full, "image-memory", lambda: made.png(65_535, 3_960, b"", colour=0))
    yield _one("full.webp", full, "image-memory", lambda: made.webp(16_000, 16_000))
    yield _one("full.j2k", full, "image-memory", lambda: _j2k(16_000, 16_000))
    yield _one(
        "full.qoi", full, "image-memory image-slow-format", lambda: made.qoi(16_000, 16_000, b"\xfd" * 4_200_000)
    )
    yield _one("full.ppm", full, "image-memory", lambda: b"P5 16000 16000 254\n")
    yield _one("full-turned.jpg", full, "ok", lambda: _turned(65_000, 3_960), large=True)
    yield _one("most.webp", "as much memory as one picture may take", "ok", lambda: made.webp(9_000, 9_000), large=True)


def _animations() -> Iterator[Hostile]:
    frames = "30,000 frames"
    yield _one("frames.gif", frames, "ok", lambda: made.gif(1, 1, 30_000))
    yield _one("frames.png", frames, "ok", lambda: made.apng(30_000))
    yield _one("frames.webp", frames, "ok image-damaged", lambda: made.animated_webp(30_000))


def _bombs() -> Iterator[Hostile]:
    text = "a zip bomb in a text chunk"
    bomb = made.deflated_zeros
    words = "ok image-damaged"
    yield _one("ztxt.png", text, words, lambda: _png(b"zTXt", b"Comment\0\0" + bomb(64 * _MEGA)))
    yield _one("itxt.png", text, words, lambda: _png(b"iTXt", b"Comment\0\1\0\0\0" + bomb(64 * _MEGA)))
    yield _one("many-ztxt.png", text, words, lambda: _png(b"zTXt", b"C\0\0" + bomb(_MEGA - 1), copies=500))
    yield _one("late-ztxt.png", text, words, lambda: _png(b"zTXt", b"C\0\0" + bomb(64 * _MEGA), late=True))
    profile = "a zip bomb for a colour profile"
    yield _one("iccp.png", profile, words, lambda: _png(b"iCCP", b"ICC\0\0" + bomb(64 * _MEGA)))
    yield _one("idat.png", "64 MB behind 1 x 1 pixel", "ok", lambda: made.png(1, 1, bomb(64 * _MEGA)))
    yield _one("bomb.svgz", "a zip bomb of a format that is not read", "image-format-unread", lambda: bomb(64 * _MEGA))
    yield _one(
        "deflate.tif", "a TIFF strip that inflates beyond its picture", words, lambda: _tiff(64, 64, bomb(64 * _MEGA))
    )
    yield _one("laughs.jpg", "XMP whose entities multiply", "ok", _laughs)


def _directories() -> Iterator[Hostile]:
    loop = "directories that lead to themselves"
    yield _one("loop.tif", loop, "ok", lambda: made.tiff(made.grey_tags().values(), data=b"ab", following=-1))
    yield _one("loop-sub.tif", loop, "ok", lambda: _tiff_with(330, 8))
    yield _one("loop-exif.tif", loop, "ok", lambda: _tiff_with(34_665, 10))
    yield _one("loop-exif.jpg", loop, "ok", lambda: _jpeg_with_exif(made.tiff([(34_665, _LONG, 1, 8)])))
    yield _one(
        "beyond.tif", "a directory behind the end", "image-damaged image-truncated", lambda: b"II*\0\xff\xff\xff\x7f"
    )
    many = "65,000 tags that claim the same megabyte"
    yield _one("tags.tif", many, "image-damaged image-truncated", lambda: made.overlapping_tags(65_000, _MEGA))
    yield _one("tags.png", many, "ok", lambda: _png(b"eXIf", made.overlapping_tags(65_000, _MEGA)))
    yield _one("tags.jpg", many, "ok", lambda: _jpeg_with_exif(made.overlapping_tags(65_000, _MEGA)))
    yield _one(
        "tags.webp", many, "ok", lambda: made.webp(8, 8, (b"EXIF", made.overlapping_tags(65_000, _MEGA)), flags=8)
    )
    yield _one("tags-text.png", many, "ok image-damaged", _raw_profile)
    yield _one("strips.tif", "12 million strips", "image-damaged", lambda: _strips(12_000_000), large=True)
    yield _one(
        "strips-few.tif", "900,000 strips", "ok image-damaged image-truncated", lambda: _strips(900_000), large=True
    )


def _headers_without_end() -> Iterator[Hostile]:
    parts = "millions of tiny parts before the pixels"
    chunk = made.png_chunk(b"teSt", b"")
    yield _one("chunks.png", parts, "image-damaged", lambda: made.png(8, 8, before=[chunk * 4_000_000]))
    yield _one(
        "late-chunks.png",
        "millions of tiny parts after the pixels",
        "image-damaged ok",
        lambda: made.png(8, 8, after=[chunk * 4_000_000]),
    )
    yield _one(
        "junk.jpg", parts, "image-damaged", lambda: _jpeg_with(made.jpeg_segment(0xFE, b"c") + b"x" * (32 * _MEGA))
    )
    yield _one("comment.gif", parts, "image-damaged", lambda: made.gif(1, 1, 1, made.gif_comment(64 * _MEGA)))
    yield _one("exif.jpg", "EXIF of 100 MB", "image-damaged", lambda: _jpeg_with_exif(bytes(100 * _MEGA)), large=True)
    yield _one(
        "comments.ppm",
        "a comment of 32 MB",
        "image-damaged image-unknown",
        lambda: b"P6\n#" + b"x" * (32 * _MEGA) + b"\n1 1 255\nabc",
    )


def _slow() -> Iterator[Hostile]:
    scans = "a decoder kept busy: scan after scan"
    yield _one("scans.jpg", scans, "image-damaged", lambda: made.with_scans(_progressive(2_000), 20_000))
    yield _one("scans-most.jpg", scans, "ok", lambda: made.with_scans(_progressive(10_000), 88), large=True)
    steps = "a decoder in Python kept busy"
    slow = "image-slow-format"
    yield _one("steps.qoi", steps, slow, lambda: made.qoi(3_000, 3_000, bytes(9_000_000)), large=True)
    yield _one("steps-most.qoi", steps, "ok", lambda: made.qoi(2_300, 2_300, b"\xa0\x88" * 2_300**2), large=True)
    yield _one("steps.ppm", steps, slow, lambda: b"P3 8000 8000 255\n" + b"0 " * 80_000_000, large=True)
    yield _one("steps-most.ppm", steps, "ok", lambda: b"P3 3900 3900 255\n" + b"0 " * (3 * 3_900**2), large=True)
    yield _one("samples.ppm", steps, slow, lambda: b"P6 4000 4000 254\n" + bytes(48_000_000), large=True)
    yield _one("samples-most.ppm", steps, "ok", lambda: b"P6 2700 2900 254\n" + bytes(23_490_000), large=True)
    yield _one(
        "steps.bmp", steps, "ok", lambda: made.bmp_runs(65_535, 1_200, b"\1\0\0\0" * 1_200 + b"\0\1"), large=True
    )
    runs = (b"\1\0" * 4_600 + b"\0\0") * 2_400
    yield _one("runs-most.bmp", steps, "ok", lambda: made.bmp_runs(4_600, 2_400, runs), large=True)


def _lies() -> Iterator[Hostile]:
    lie = "an extension that lies"
    yield _one("png.jpg", lie, "ok", lambda: made.encoded("PNG"))
    yield _one("jpeg.cr2", lie, "ok", lambda: made.encoded("JPEG"))
    yield _one("webp.gif", lie, "ok", lambda: made.webp(8, 8))
    yield _one("text.jpg", lie, "image-unknown", lambda: b"no picture at all\n" * 40)
    yield _one("page.png", lie, "image-unknown", lambda: b"<!DOCTYPE html><script>alert(1)</script>" * 20)
    yield _one("program.png", lie, "image-unknown", lambda: b"\x7fELF\2\1\1" + bytes(600))
    yield _one("archive.jpg", lie, "image-unknown", lambda: b"PK\3\4" + bytes(600))
    yield _one("script.jpg", lie, "image-format-unread", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    yield _one("zeros.webp", lie, "image-unknown", lambda: bytes(4096))
    yield _one("noise.jpg", lie, "image-damaged image-truncated", lambda: b"\xff\xd8\xff" + bytes(range(256)) * 8)


# --- pieces ---


def _png(kind: bytes, data: bytes, *, copies: int = 1, late: bool = False) -> bytes:
    chunks = [made.png_chunk(kind, data)] * copies
    return made.png(8, 8, after=chunks) if late else made.png(8, 8, before=chunks)


def _jpeg_with(data: bytes) -> bytes:
    return made.with_segments(made.encoded("JPEG"), [data])


def _jpeg_with_exif(exif: bytes) -> bytes:
    return made.with_segments(made.encoded("JPEG"), made.exif_segments(exif))


def _turned(width: int, height: int) -> bytes:
    """A JPEG that is as large as may be, and lies on its side."""
    exif = made.tiff([(0x0112, 3, 1, 6)])
    return made.with_segments(made.encoded("JPEG", (width, height), quality=1), made.exif_segments(exif))


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    xmp = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><x:xmpmeta>&a11;</x:xmpmeta>'
    return _jpeg_with(made.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode()))


def _raw_profile() -> bytes:
    """EXIF as old programs put it into a text chunk, in hexadecimal: half a megabyte out of a few kilobytes."""
    exif = made.overlapping_tags(15_000, 200_000)
    lines = f"\nexif\n{len(exif)}\n{exif.hex()}\n"
    return _png(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(lines.encode(), 9))


def _tiff(width: int, height: int, deflated: bytes | None = None) -> bytes:
    more = {} if deflated is None else {"compression": 8, "size": len(deflated)}
    return made.tiff(made.grey_tags(width, height, **more).values(), data=deflated or b"ab")


def _tiff_with(tag: int, place: int) -> bytes:
    return made.tiff((made.grey_tags() | {tag: (tag, _LONG, 1, place)}).values(), data=b"ab")


def _strips(strips: int) -> bytes:
    tags = made.grey_tags(1000, 1000)
    tags[273] = (273, _LONG, strips, 8)
    tags[278] = (278, _LONG, 1, 1)
    tags[279] = (279, _LONG, strips, 8)
    return made.tiff(tags.values(), data=struct.pack("<I", 8) * strips)


def _progressive(side: int) -> bytes:
    return made.encoded("JPEG", (side, side), progressive=True)


def _j2k(width: int, height: int) -> bytes:
    """A code stream whose size says more than it holds."""
    data = bytearray(made.encoded("JPEG2000", (16, 16), no_jp2=True))
    place = data.index(b"\xff\x51") + 6
    struct.pack_into(">II", data, place, width, height)
    return bytes(data)


# --- what is no picture's bytes ---


def odd_names(folder: Path, content: bytes) -> list[Path]:
    """Write a picture under each name that a file system takes and a program may stumble over; return the paths."""
    names = [
        "line\nend.png",
        "carriage\rreturn.png",
        "tab\there.png",
        "quote\"'`.png",
        "=1+1.png",
        "-rf.png",
        "+1;=1.png",
        "@x,y.png",
        "<img src=x onerror=alert(1)>.png".replace("/", ""),
        "&amp;.png",
        "right\u202egnp.exe.png",
        "isolate\u2067x.png",
        "arabic\u200f.png",
        "e\u0301 and \u00e9.png",
        "zero\u200bwidth.png",
        "line\u2028separator.png",
        "emoji \U0001f600.png",
        "back\\slash.png",
        " leading and trailing .png ",
        "%00%2e%2e%2f.png",
        "esc\x1b]0;title\x07.png",
        "\udcff\udcfe.png",
        "\udcc3(.png",
        "x" * 251 + ".png",
        "\u00e9" * 125 + ".png",
        "con.png",
        ".png",
        "...png",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes(content)
    return paths


def odd_files(folder: Path) -> dict[Path, str]:
    """Make what looks like a picture and is no file; return the paths with the code that each must give when named."""
    folder.mkdir(parents=True, exist_ok=True)
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "terminal.png").symlink_to("/dev/tty")
    (folder / "nowhere.png").symlink_to("gone.png")
    (folder / "round.png").symlink_to("about.png")
    (folder / "about.png").symlink_to("round.png")
    sparse = {"sparse.webp": b"RIFF\xff\xff\xff\x7fWEBP", "sparse.png": b"", "sparse.jpg": b"\xff\xd8\xff\xe0"}
    for name, start in sparse.items():
        with (folder / name).open("wb") as file:
            file.write(start)
            file.truncate(64 << 30)
    return {
        folder / "pipe.png": "image-not-a-file",
        folder / "zero.png": "image-not-a-file",
        folder / "terminal.png": "image-not-a-file",
        folder / "nowhere.png": "image-missing",
        folder / "round.png": "image-io",
        folder / "about.png": "image-io",
        folder / "sparse.webp": "image-file-too-large",
        folder / "sparse.png": "image-unknown",
        folder / "sparse.jpg": "image-damaged",
    }
