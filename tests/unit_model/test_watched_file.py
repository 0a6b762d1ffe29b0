"""Readers that get out of hand are ended, and pictures that would cost too much are refused from their header."""

import gc
import io
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pictures import LIMITS, encoded, pattern, problem_code, saved
from PIL import Image

from benchmarks import hostile_bytes as made
from model import decode as decode_module
from model import decode_work, watched_file
from model.cancel import Cancelled, CancelToken
from model.decode import decode, decoding, thumbnail
from model.decode_limits import DecodeLimits
from model.decode_pool import DecodePool
from model.decode_work import scanned_pixels, tiff_numbers
from model.errors import ImageError
from model.image_formats import format_by_header
from model.picture_file import open_regular
from model.pixel_budget import PixelBudget
from model.types import PictureFacts


def refusal(path: Path, limits: DecodeLimits = LIMITS) -> ImageError:
    with pytest.raises(ImageError) as caught:
        decode(path, limits=limits)
    return caught.value


# --- the file ---


def test_reading_ends_when_the_picture_was_given_up(tmp_path: Path) -> None:
    path, cancel = saved(tmp_path / "a.png", pattern()), CancelToken()
    with open_regular(path) as file:
        file.cancel = cancel  # type: ignore[attr-defined]
        assert file.read(4) == b"\x89PNG"
        cancel.cancel()
        with pytest.raises(Cancelled):
            file.read(4)


def test_the_thread_of_a_picture_that_was_given_up_ends_at_its_next_read(tmp_path: Path) -> None:
    """Until then it goes on reading, as a reader in Python does for minutes."""
    path, ended = saved(tmp_path / "a.png", pattern()), threading.Event()

    def work(name: Path, cancel: CancelToken) -> object:
        with open_regular(name) as file:
            file.cancel = cancel  # type: ignore[attr-defined]
            try:
                while True:
                    file.seek(0)
                    file.read(1)
            finally:
                ended.set()

    with DecodePool(1, work, stall_seconds=0.05) as pool:  # type: ignore[arg-type]
        pool.submit(0, path)
        decoded = pool.take(10)
        assert decoded is not None
        assert decoded.problem is not None
        assert decoded.problem.code == "image-stalled"
        assert ended.wait(10)


def test_more_parts_than_a_header_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "HEADER_READS", 500)
    chunk = made.png_chunk(b"teSt", b"")
    for name, data in (
        ("before.png", made.png(8, 8, before=[chunk * 1000])),
        ("after.png", made.png(8, 8, after=[chunk * 1000])),
        ("junk.jpg", made.with_segments(encoded("JPEG"), [made.jpeg_segment(0xFE, b"c"), b"x" * 2000])),
        ("comment.gif", made.gif(1, 1, 1, made.gif_comment(256 * 1000))),
    ):
        (tmp_path / name).write_bytes(data)
        error = refusal(tmp_path / name)
        assert error.problem.code == "image-damaged", name
        assert "far more parts" in error.problem.detail


def test_more_bytes_than_a_header_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "_HEADER_BYTES", 100_000)
    path = tmp_path / "a.jpg"
    path.write_bytes(made.with_segments(encoded("JPEG"), made.exif_segments(bytes(300_000))))
    assert problem_code(path) == "image-damaged"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "QOI", "BMP", "PPM", "JPEG"])
def test_pixels_may_take_any_number_of_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Honest files are not held to the header's limits: many PNGs have thousands of chunks of pixels."""
    monkeypatch.setattr(watched_file, "_HEADER_BYTES", 4000)
    path = saved(tmp_path / "a", Image.effect_noise((200, 200), 90).convert("RGB"), kind=kind)
    assert path.stat().st_size > 8000
    assert decode(path, limits=LIMITS).image.size == (200, 200)


# --- memory ---


def test_memory_is_known_from_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("the pixels were decoded"))
    path = tmp_path / "a.webp"
    path.write_bytes(made.webp(16_000, 16_000))
    assert path.stat().st_size < 100
    error = refusal(path)
    assert error.problem.code == "image-memory"
    assert "4096 MB" in str(error)
    assert "the limit is 1300" in str(error)
    assert "settings" in error.remedy


def test_whoever_raises_the_limit_of_pixels_raises_that_of_memory() -> None:
    assert DecodeLimits().memory == 325_000_000
    assert DecodeLimits(pixels=800_000_000).memory == 1_000_000_000
    assert DecodeLimits(pixels=20_000_000).memory == 325_000_000


class Tight(DecodeLimits):
    """As much memory as 20,000 pixels take."""

    memory = 20_000  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("size", "turn", "reduced"), [((140, 140), 1, 1), ((140, 140), 6, 2), ((160, 140), 1, 2), ((100, 100), 6, 1)]
)
def test_a_jpeg_that_would_take_too_much_is_given_at_half_its_size(
    tmp_path: Path, size: tuple[int, int], turn: int, reduced: int
) -> None:
    path = tmp_path / "a.jpg"
    exif = made.exif_segments(made.tiff([(0x0112, 3, 1, turn)]))
    path.write_bytes(made.with_segments(made.encoded("JPEG", size), exif))
    decoded = decode(path, limits=Tight())
    assert decoded.reduction == reduced
    shown = size if turn == 1 else size[::-1]
    assert decoded.facts == PictureFacts("JPEG", *shown)
    assert decoded.image.size == tuple(side // reduced for side in shown)


@pytest.mark.parametrize(("mode", "cost"), [("RGB", 1), ("L", 2), ("RGBA", 2), ("LA", 3), ("I;16", 4)])
def test_copies_of_the_pixels_count(tmp_path: Path, mode: str, cost: int) -> None:
    path = saved(tmp_path / "a.png", Image.new(mode, (100, 100)))
    limits = DecodeLimits()
    with decoding(path, limits=limits):
        assert limits.budget.held == 10_000 * cost


def pictures_alive() -> int:
    return sum(isinstance(thing, Image.Image) for thing in gc.get_objects())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("work", [decode, lambda path, limits: thumbnail(path, 16, limits=limits)])
def test_a_picture_that_fails_leaves_memory_at_once(tmp_path: Path, kind: str, work: Callable[..., object]) -> None:
    """Not at the next collection of garbage: ten damaged pictures of a gigabyte would all be there until then."""
    path = tmp_path / "a"
    data = encoded(kind)
    path.write_bytes(data[: len(data) * 2 // 3])
    assert not gc.isenabled()  # as set by conftest
    before = pictures_alive()
    for _ in range(3):
        with suppress(ImageError):
            work(path, limits=LIMITS)
            pytest.fail("the file is whole")
    assert pictures_alive() == before


def test_what_is_kept_for_the_next_pictures_makes_room_for_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed: list[int] = []
    monkeypatch.setattr(decode_module, "free_kept_memory", lambda: freed.append(1))
    path = saved(tmp_path / "a.png", pattern(100, 100))
    decode(path, limits=DecodeLimits(budget=PixelBudget(10_000)))
    assert freed == []
    decode(path, limits=DecodeLimits(budget=PixelBudget(9_999)))
    assert freed == [1]


# --- work ---


def test_the_numbers_of_a_tiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = made.grey_tags(4, 4)
    tags[273] = (273, 4, 900, 8)
    path = tmp_path / "a.tif"
    path.write_bytes(made.tiff(tags.values(), data=bytes(4000)))
    with path.open("rb") as file:
        assert tiff_numbers(file) == 908
    monkeypatch.setattr(decode_module, "MOST_TIFF_NUMBERS", 907)
    assert "more numbers" in refusal(path).problem.detail


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}])
def test_the_numbers_of_honest_tiffs(tmp_path: Path, options: dict[str, object]) -> None:
    path = saved(tmp_path / "a.tif", pattern(300, 200), kind="TIFF", **options)
    with path.open("rb") as file:
        assert 8 < tiff_numbers(file) < 100


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\xff\xff\xff\x7f", b"MM\0+\0\x08\0\0" + b"\xff" * 8])
def test_a_tiff_without_a_directory_has_no_numbers(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    with path.open("rb") as file:
        assert tiff_numbers(file) == 0


def scans_of(data: bytes) -> int:
    file = io.BytesIO(data)
    image = Image.open(file)
    return scanned_pixels(image, file, format_by_header(data)) // (image.width * image.height)


def test_scans_are_counted() -> None:
    progressive = made.encoded("JPEG", (64, 64), progressive=True)
    honest = scans_of(progressive)
    assert 5 < honest < 20
    assert scans_of(made.with_scans(progressive, 100)) == honest + 100
    assert scans_of(encoded("JPEG")) == 1
    assert scans_of(encoded("PNG")) == 1


def test_a_plain_jpeg_is_not_searched() -> None:
    data = made.encoded("JPEG", (64, 64))
    image = Image.open(file := io.BytesIO(data))
    file.read = lambda size=-1: pytest.fail("read whole") if size > 5 else io.BytesIO.read(file, size)  # type: ignore[method-assign]
    assert scanned_pixels(image, file, format_by_header(data)) == 64 * 64


def test_too_many_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(made.with_scans(made.encoded("JPEG", (64, 64), progressive=True), 100))
    assert decode(path, limits=LIMITS).image.size == (64, 64)
    monkeypatch.setattr(decode_module, "MOST_SCANNED_PIXELS", 64 * 64 * 100)
    assert "more scans" in refusal(path).problem.detail


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.qoi", made.qoi(40, 40, bytes(1600))),
        ("a.bmp", made.bmp_runs(40, 40, (b"\1\0" * 40 + b"\0\0") * 40)),
        ("plain.ppm", b"P2 40 40 255\n" + b"0 " * 1600),
        ("depth.ppm", b"P5 40 40 254\n" + bytes(1600)),
    ],
)
def test_formats_whose_reader_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert decode(path, limits=LIMITS).image.size == (40, 40)
    monkeypatch.setattr(decode_module, "MOST_PYTHON_STEPS", 399)
    error = refusal(path)
    assert error.problem.code == "image-slow-format"
    assert "JPEG or PNG" in error.remedy


def test_formats_whose_reader_is_quick_take_no_steps(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "PPM", "TGA", "PCX", "SGI"):
        path = saved(tmp_path / "a", pattern(), kind=kind)
        with path.open("rb") as file, Image.open(file) as image:
            assert decode_work.python_steps(image, file) == 0, kind


@pytest.mark.skipif(os.name != "posix", reason="needs sparse files")
def test_a_huge_file_of_nothing_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(64 << 30)
    assert problem_code(path) == "image-unknown"
