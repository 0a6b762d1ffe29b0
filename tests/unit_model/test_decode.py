import errno
import io
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import LIMITS, WRITABLE, encoded, pattern, png_header, problem_code, saved, tiny_tiff
from PIL import Image

from model import decode as decode_module
from model import picture_file
from model.cancel import Cancelled, CancelToken
from model.decode import decode, decoding, thumbnail
from model.decode_errors import READER_ERRORS, translate
from model.decode_limits import DecodeLimits
from model.errors import ImageError
from model.pixel_budget import PixelBudget
from model.pixels import to_upright_rgb
from model.types import PictureFacts

# --- limits ---


@pytest.fixture
def no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to decode pixels fails."""

    def load(_: Image.Image) -> None:
        pytest.fail("the pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)


@pytest.mark.usefixtures("no_loading")
@pytest.mark.parametrize(
    ("width", "height", "megapixels"), [(26_001, 10_000, 261), (20_000, 20_000, 400), (100_000, 100_000, 10_000)]
)
def test_bombs_are_refused_by_their_header(tmp_path: Path, width: int, height: int, megapixels: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(width, height))
    with pytest.raises(ImageError, match=f"{megapixels} megapixels, the limit is 260") as caught:
        decode(path, limits=LIMITS)
    assert "settings" in caught.value.remedy


def test_the_limit_is_a_setting_and_exact(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", pattern(40, 30))
    assert decode(path, limits=DecodeLimits(pixels=1200)).facts.width == 40
    assert problem_code(path, DecodeLimits(pixels=1199)) == "image-too-large"


def test_pictures_of_large_phones_pass(tmp_path: Path) -> None:
    """Between Pillow's own limit and ours there must be no warning, which here would be an error."""
    path = tmp_path / "a.png"
    path.write_bytes(png_header(16_000, 12_500))
    assert problem_code(path) == "image-truncated"


def test_an_icon_may_not_hide_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", lambda _: pytest.fail("the pixels were decoded"))
    inner = png_header(20_000, 20_000)
    path = tmp_path / "a.ico"
    path.write_bytes(b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner)
    assert problem_code(path) == "image-too-large"


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_icons_hold_their_share_of_the_budget(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path / "a.ico", pattern(64, 64), kind="ICO", bitmap_format=kind)
    with path.open("rb") as file:
        assert picture_file.icon_pixels(file) == 64 * 64 * (1 if kind == "png" else 2)  # bitmaps: with their mask
    budget = PixelBudget(10)
    with decoding(path, limits=DecodeLimits(budget=budget)):
        assert budget.held > 0


def test_a_tiff_may_not_hide_a_huge_tile(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiny_tiff(bytes(8), {322: 60_000, 323: 60_000, 324: 8, 325: 8}))
    assert problem_code(path) == "image-too-large"


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "film.heic"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1")
        file.truncate(3 << 30)
    assert problem_code(path) == "image-file-too-large"


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_pixels_is_an_error(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_header(*size))
    assert problem_code(path) == "image-damaged"


def test_the_picture_counts_in_the_budget_until_it_was_used(tmp_path: Path) -> None:
    budget = PixelBudget(10_000)
    path = saved(tmp_path / "a.png", pattern(50, 40))
    with decoding(path, limits=DecodeLimits(budget=budget)):
        assert budget.held == 2000
    assert budget.held == 0
    decode(path, limits=DecodeLimits(budget=budget))
    assert budget.held == 0


def test_a_failed_picture_gives_its_share_back(tmp_path: Path) -> None:
    budget = PixelBudget(10_000)
    path = tmp_path / "a.png"
    path.write_bytes(png_header(50, 40))
    assert problem_code(path, DecodeLimits(budget=budget)) == "image-truncated"
    assert budget.held == 0


# --- damage ---


@pytest.mark.parametrize("part", [0.4, 0.7, 0.97])
@pytest.mark.parametrize("kind", sorted(set(WRITABLE) - {"MPO"}))
def test_truncated_files_are_errors(tmp_path: Path, kind: str, part: float) -> None:
    content = encoded(kind)
    path = tmp_path / "a"
    path.write_bytes(content[: int(len(content) * part)])
    # Pillow before 13 runs over the end of such a file without a word about it.
    is_vague = kind == "QOI" and int(PIL.__version__.split(".")[0]) < 13
    assert problem_code(path) in ({"image-truncated", "image-damaged"} if is_vague else {"image-truncated"})


@pytest.mark.parametrize("brand", [b"heic", b"avif"])
def test_a_partly_copied_phone_picture_is_called_truncated(tmp_path: Path, brand: bytes) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x14ftyp" + brand + bytes(8) + b"\0\1\0\0mdat" + bytes(400))
    assert problem_code(path) == "image-truncated"
    path.write_bytes(b"\0\0\0\x14ftyp" + brand + bytes(8) + b"\0\0\1\0mdat" + bytes(248))
    assert problem_code(path) == "image-damaged"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(sorted(WRITABLE)))
def test_any_damage_is_an_image_error(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    content = bytearray(encoded(kind))
    places = st.integers(0, len(content) - 1) | st.integers(0, min(64, len(content) - 1))
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "a"
    path.write_bytes(content)
    limits = DecodeLimits(pixels=1_000_000)
    try:
        assert decode(path, limits=limits).image.mode == "RGB"
    except ImageError:
        pass


@pytest.mark.parametrize("kind", READER_ERRORS)
def test_what_readers_raise_gets_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    def load(_: Image.Image) -> None:
        raise kind("something technical")

    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(ImageError) as caught:
        decode(path, limits=LIMITS)
    assert "technical" not in str(caught.value)
    assert "something technical" in caught.value.problem.detail
    assert caught.value.remedy


def test_memory_that_runs_out_is_called_so() -> None:
    assert translate(MemoryError(), 1).problem.code == "image-out-of-memory"


def test_faults_of_the_program_are_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class OwnFaultError(Exception):
        pass

    def load(_: Image.Image) -> None:
        raise OwnFaultError

    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(OwnFaultError):
        decode(path, limits=LIMITS)


class BrokenDrive(io.BytesIO):
    """A file whose drive goes away."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_drive_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "open_regular", lambda _: BrokenDrive())
    with pytest.raises(ImageError, match=os.strerror(errno.EIO)) as caught:
        decode(tmp_path, limits=LIMITS)
    assert caught.value.problem.code == "image-io"


# --- cancelling and threads ---


def test_a_cancelled_token_stops_before_the_file_is_opened(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    for call in (decode, lambda path, **options: thumbnail(path, 10, **options)):
        with pytest.raises(Cancelled):
            call(tmp_path / "missing.jpg", limits=LIMITS, cancel=cancel)


def test_cancelling_while_the_pixels_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = CancelToken()
    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: cancel.cancel())
    monkeypatch.setattr(decode_module, "to_upright_rgb", lambda image, _: image)
    with pytest.raises(Cancelled):
        decode(path, limits=LIMITS, cancel=cancel)


def test_threads_may_decode_at_once(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", pattern())
    start = threading.Barrier(6)
    sizes: list[tuple[int, int]] = []

    def run() -> None:
        start.wait(10)
        sizes.extend(decode(path, limits=LIMITS).image.size for _ in range(5))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [(48, 32)] * 30


# --- thumbnails ---


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((400, 300), 100, (100, 75)),
        ((300, 400), 100, (75, 100)),
        ((40, 30), 100, (40, 30)),
        ((1000, 2), 50, (50, 1)),
        ((1, 900), 50, (1, 50)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_thumbnail_sizes(
    tmp_path: Path, kind: str, size: tuple[int, int], side: int, expected: tuple[int, int]
) -> None:
    small = thumbnail(saved(tmp_path / "a", pattern(*size), kind=kind), side, limits=LIMITS)
    assert small.pixels.shape == (expected[1], expected[0], 3)
    assert small.pixels.dtype == np.uint8
    assert small.pixels.flags.c_contiguous
    assert small.facts == PictureFacts(kind, *size)


def make_cmyk(path: Path) -> Path:
    return saved(path, pattern(400, 300).convert("CMYK"), kind="JPEG")


def make_transparent(path: Path) -> Path:
    image = pattern(400, 300).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((400, 300)))
    return saved(path, image)


def make_jpeg(path: Path) -> Path:
    return saved(path, pattern(1600, 1100), kind="JPEG")


@pytest.mark.parametrize("make", [make_cmyk, make_transparent, make_jpeg])
def test_the_thumbnail_is_the_picture_that_the_network_sees(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path / "a")
    small = thumbnail(path, 80, limits=LIMITS).pixels
    whole = decode(path, limits=LIMITS).image.resize((small.shape[1], small.shape[0]), Image.Resampling.BICUBIC)
    assert np.abs(small.astype(int) - np.asarray(whole)).max() <= 8


def test_thumbnails_of_jpeg_are_decoded_small_but_at_least_twice_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []

    def watched(image: Image.Image, turn: int) -> Image.Image:
        sizes.append(image.size)
        return to_upright_rgb(image, turn)

    monkeypatch.setattr(decode_module, "to_upright_rgb", watched)
    path = saved(tmp_path / "a", pattern(1600, 1000), kind="JPEG")
    for side in (1600, 800, 799, 400, 100, 99):
        thumbnail(path, side, limits=LIMITS)
    assert sizes == [(1600, 1000), (1600, 1000), (1600, 1000), (800, 500), (200, 125), (200, 125)]
