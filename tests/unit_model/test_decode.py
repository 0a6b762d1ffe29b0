import errno
import io
import os
import stat
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import EpsImagePlugin, Image, ImageOps

from model import decode as decode_module
from model import picture_file
from model.cancel import Cancelled, CancelToken
from model.decode import DEFAULT_PIXEL_LIMIT, DecodeLimits, decode, decoding, thumbnail
from model.decode_errors import READER_ERRORS, translate
from model.errors import ImageError
from model.image_formats import DECODABLE_FORMATS
from model.pixel_budget import PixelBudget
from model.pixels import to_upright_rgb
from model.types import PictureFacts

LIMITS = DecodeLimits()
WRITABLE = {
    "JPEG": {},
    "PNG": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "BMP": {},
    "DIB": {},
    "TIFF": {"compression": "tiff_lzw"},
    "AVIF": {},
    "PPM": {},
    "JPEG2000": {},
    "ICO": {},
    "PCX": {},
    "SGI": {},
    "QOI": {},
    "TGA": {},
    "MPO": {},
}


def pattern(width: int = 48, height: int = 32) -> Image.Image:
    """A picture with different corners and smooth enough for lossy formats."""
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    kind = str(options.pop("kind", "PNG"))
    image.save(path, format=kind, **options)
    return path


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    image = pattern().convert("P") if kind == "GIF" else pattern()
    image.save(buffer, format=kind, **WRITABLE[kind])
    return buffer.getvalue()


def pixels_of(path: Path) -> NDArray[np.uint8]:
    decoded = decode(path, limits=LIMITS)
    assert decoded.image.mode == "RGB"
    assert decoded.image.size == (decoded.facts.width, decoded.facts.height)
    return np.asarray(decoded.image)


def problem_code(path: Path, limits: DecodeLimits = LIMITS) -> str:
    with pytest.raises(ImageError) as caught:
        decode(path, limits=limits)
    with pytest.raises(ImageError) as again:
        thumbnail(path, 64, limits=limits)
    assert again.value.problem.code == caught.value.problem.code
    return caught.value.problem.code


# --- formats ---


@pytest.mark.parametrize("kind", WRITABLE)
def test_formats_are_known_by_content_not_by_extension(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(kind))
    decoded = decode(path, limits=LIMITS)
    assert decoded.facts.format == {"MPO": "JPEG"}.get(kind, kind)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(decoded.image), np.asarray(image.convert("RGB")))


def test_every_format_of_the_list_has_a_reader() -> None:
    assert set(picture_file.set_up_pillow(DEFAULT_PIXEL_LIMIT)) == set(DECODABLE_FORMATS)
    assert "HEIF" in DECODABLE_FORMATS
    assert "EPS" not in DECODABLE_FORMATS


def test_mpo_gives_the_first_picture(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mpo", pattern(), kind="MPO", save_all=True, append_images=[Image.new("RGB", (48, 32))])
    assert decode(path, limits=LIMITS).facts.format == "MPO"
    assert pixels_of(path).mean() > 50


def test_ghostscript_is_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **_: calls.append(args))
    path = tmp_path / "picture.jpg"
    pattern().save(path, format="EPS")
    assert problem_code(path) == "image-format-unread"
    path.write_bytes(path.read_bytes().replace(b" EPSF-3.0", b"", 1))  # now it has no telling first line
    assert problem_code(path) == "image-unknown"
    assert calls == []


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        ("a.jpg", b"8BPS\0\1" + bytes(50), "Photoshop"),
        ("a.nef", b"no magic here", "camera raw"),
    ],
)
def test_recognised_formats_are_named(tmp_path: Path, name: str, content: bytes, title: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError, match=f"{title} files cannot be read here") as caught:
        decode(path, limits=LIMITS)
    assert "JPEG or PNG" in caught.value.remedy


def test_a_raw_file_is_not_mistaken_for_its_preview(tmp_path: Path) -> None:
    assert problem_code(saved(tmp_path / "a.DNG", pattern(), kind="TIFF")) == "image-format-unread"


def test_a_jpeg_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert decode(saved(tmp_path / "a.nef", pattern(), kind="JPEG"), limits=LIMITS).facts.format == "JPEG"


@pytest.mark.parametrize("content", [b"hello\n" * 100, bytes(1000), b"\xff" * 1000])
def test_what_is_no_picture_is_called_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.jpg"
    path.write_bytes(content)
    assert problem_code(path) == "image-unknown"


# --- turning ---


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_turns(tmp_path: Path, turn: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path / "a", pattern(), kind=kind, exif=exif)
    with Image.open(path) as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")
    np.testing.assert_array_equal(pixels_of(path), np.asarray(expected))
    facts = PictureFacts(kind, *((32, 48) if turn >= 5 else (48, 32)))
    assert decode(path, limits=LIMITS).facts == facts
    small = thumbnail(path, 16, limits=LIMITS)
    assert small.facts == facts
    reference = np.asarray(expected.resize(small.pixels.shape[1::-1], Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(small.pixels - reference).mean() < 6


@pytest.mark.parametrize("turn", [0, 9, 65535, (6, 6), "6"])
def test_senseless_exif_turns_are_ignored(tmp_path: Path, turn: object) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path / "a.jpg", pattern(), kind="JPEG", exif=exif)
    assert decode(path, limits=LIMITS).facts == PictureFacts("JPEG", 48, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 40]
)
def test_broken_exif_does_not_cost_the_picture(tmp_path: Path, exif: bytes, kind: str) -> None:
    assert pixels_of(saved(tmp_path / "a", pattern(), kind=kind, exif=exif)).shape == (32, 48, 3)


def test_a_broken_exif_profile_in_png_does_not_cost_the_picture(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n 4\nnot hexadecimal")
    assert pixels_of(saved(tmp_path / "a.png", pattern(), pnginfo=info)).shape == (32, 48, 3)


# --- colours ---


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "L"),
        ("PNG", "1"),
        ("PNG", "P"),
        ("TIFF", "CMYK"),
        ("JPEG", "CMYK"),
        ("TIFF", "YCbCr"),
        ("TIFF", "LAB"),
        ("PCX", "P"),
    ],
)
def test_opaque_modes_become_what_pillow_makes_of_them(tmp_path: Path, kind: str, mode: str) -> None:
    image = pattern()
    if mode == "LAB":
        image = image.convert("RGB").convert("LAB")
    path = saved(tmp_path / "a", image.convert(mode), kind=kind)
    with Image.open(path) as reopened:
        assert reopened.mode == mode
        expected = reopened.convert("RGB")
    np.testing.assert_array_equal(pixels_of(path), np.asarray(expected))


@pytest.mark.parametrize("mode", ["HSV", "YCbCr", "CMYK", "RGBX"])
def test_modes_that_files_seldom_have(mode: str) -> None:
    image = pattern().convert(mode)
    np.testing.assert_array_equal(np.asarray(to_upright_rgb(image, 1)), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_alpha_is_shown_on_white(mode: str) -> None:
    image = Image.new("LA", (3, 1))
    image.putdata([(0, 0), (0, 255), (100, 128)])
    for step in {"RGBa": ["RGBA", "RGBa"], "La": ["La"], "LA": [], "PA": ["PA"], "RGBA": ["RGBA"]}[mode]:
        image = image.convert(step)
    result = np.asarray(to_upright_rgb(image, 1))[0].astype(int)
    assert (result[0] == 255).all()
    assert (result[1] == 0).all()
    assert np.abs(result[2] - (100 * 128 + 255 * 127) / 255).max() <= 2


def test_opaque_alpha_changes_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", pattern().convert("RGBA"))
    np.testing.assert_array_equal(pixels_of(path), np.asarray(pattern()))


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_a_transparent_colour_is_shown_white(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (2, 1))
    if mode == "P":
        image.putpalette([0, 0, 0, 9, 8, 7])
    image.putpixel((1, 0), (9, 8, 7) if mode == "RGB" else 1)
    path = saved(tmp_path / "a.png", image, transparency=(0, 0, 0) if mode == "RGB" else 0)
    expected = {"RGB": [9, 8, 7], "L": [1, 1, 1], "1": [255, 255, 255], "P": [9, 8, 7]}[mode]
    assert pixels_of(path).tolist() == [[[255, 255, 255], expected]]


def test_palette_transparency_as_bytes(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((1, 0), 1)
    path = saved(tmp_path / "a.png", image, transparency=bytes([0, 255]))
    assert pixels_of(path).tolist() == [[[255, 255, 255], [10, 20, 30]]]


@pytest.mark.parametrize(
    ("kind", "dtype"), [("PNG", np.uint16), ("TIFF", np.uint16), ("TIFF", ">u2"), ("PPM", np.uint16)]
)
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, kind: str, dtype: str) -> None:
    values = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(dtype)
    path = saved(tmp_path / "a", Image.fromarray(values), kind=kind)
    np.testing.assert_array_equal(pixels_of(path), np.repeat((values >> 8)[:, :, None], 3, axis=2))


def test_sixteen_bit_transparency_is_shown_white(tmp_path: Path) -> None:
    values = np.array([[300, 65535, 0]], dtype=np.uint16)
    path = saved(tmp_path / "a.png", Image.fromarray(values), transparency=300)
    assert pixels_of(path)[0, :, 0].tolist() == [255, 255, 0]


def test_twelve_bits_are_scaled(tmp_path: Path) -> None:
    entries = [(256, 3, 2), (257, 3, 1), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (279, 4, 3)]
    body = b"II*\0" + struct.pack("<I", 12) + b"\xff\xf8\x00\0" + struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries) + bytes(4)
    path = tmp_path / "a.tif"
    path.write_bytes(body)
    assert pixels_of(path)[0, :, 0].tolist() == [255, 128]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 127.0, 255.0], [0, 127, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([1000.0, 2000.0, 3000.0], [0, 128, 255]),
        ([float("nan"), float("inf"), 1.0], [255, 255, 255]),
        ([float("nan"), 7.0, float("-inf")], [7, 7, 7]),
        ([float("nan"), float("nan"), float("inf")], [0, 0, 0]),
    ],
)
def test_floating_point_is_scaled_by_its_range(tmp_path: Path, values: list[float], expected: list[int]) -> None:
    path = saved(tmp_path / "a.tif", Image.fromarray(np.array([values], np.float32)), kind="TIFF")
    assert pixels_of(path)[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 32768, 65535], [0, 128, 255]), ([-10, 0, 10], [0, 128, 255]), ([0, 1 << 20, 1 << 21], [0, 128, 255])],
)
def test_32_bit_integers_are_scaled(tmp_path: Path, values: list[int], expected: list[int]) -> None:
    path = saved(tmp_path / "a.tif", Image.fromarray(np.array([values], np.int32)), kind="TIFF")
    assert pixels_of(path)[0, :, 0].tolist() == expected


def test_deep_grey_is_turned_and_scaled_in_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.pixels._BAND_PIXELS", 10)
    values = (np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000).astype(np.uint16)
    assert (
        np.asarray(to_upright_rgb(Image.fromarray(values), 6))[:, :, 0].tolist() == np.rot90(values >> 8, -1).tolist()
    )


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_animations_give_the_first_frame(tmp_path: Path, kind: str, options: dict[str, object]) -> None:
    first = Image.new("RGB", (8, 6), (200, 0, 0))
    rest = [Image.new("RGB", (8, 6), (0, 0, 200)), Image.new("RGB", (8, 6), (0, 200, 0))]
    path = saved(tmp_path / "a", first, kind=kind, save_all=True, append_images=rest, **options)
    assert (pixels_of(path) == (200, 0, 0)).all()


# --- limits ---


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


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
    path = saved(tmp_path / "a.tif", pattern(16, 16), kind="TIFF", tiffinfo={322: 60_000, 323: 60_000})
    with Image.open(path) as image:
        assert image.tag_v2[322] == 60_000
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
    assert problem_code(path) == "image-truncated"


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
    except ImageError as exc:
        assert exc.problem.code.startswith("image-")


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


# --- what is no ordinary file ---


def test_a_missing_file(tmp_path: Path) -> None:
    assert problem_code(tmp_path / "a.jpg") == "image-missing"
    assert problem_code(saved(tmp_path / "b.jpg", pattern()) / "a.jpg") == "image-missing"
    assert problem_code(tmp_path / "nul\0.jpg") == "image-missing"


def test_a_folder(tmp_path: Path) -> None:
    assert problem_code(tmp_path) == "image-is-folder"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert problem_code(tmp_path / "a.jpg") == "image-empty"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert problem_code(tmp_path / "a.jpg") == "image-not-a-file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_device_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert problem_code(Path("/dev/zero")) == "image-not-a-file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_put_in_a_files_place_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    regular = saved(tmp_path / "b.jpg", pattern()).stat()
    os.mkfifo(tmp_path / "a.jpg")
    monkeypatch.setattr(Path, "stat", lambda _: regular)
    assert problem_code(tmp_path / "a.jpg") == "image-not-a-file"


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr(os, "open", refuse)
    assert problem_code(path) == "image-no-permission"


def test_other_failures_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ESTALE, "Stale file handle")

    path = saved(tmp_path / "a.png", pattern())
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ImageError, match="Stale file handle"):
        decode(path, limits=LIMITS)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_symbolic_link_and_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    target = saved(tmp_path / "a.png", pattern())
    link = tmp_path / os.fsdecode(b"\xff\xfe.png")
    link.symlink_to(target)
    np.testing.assert_array_equal(pixels_of(link), pixels_of(target))


def test_files_are_closed_and_may_go_afterwards(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.bmp", pattern(), kind="BMP")
    decoded = decode(path, limits=LIMITS)
    path.write_bytes(b"")
    path.unlink()
    np.testing.assert_array_equal(np.asarray(decoded.image), np.asarray(pattern()))


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


def test_permissions_as_they_are_on_disk(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", pattern())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert not path.stat().st_mode & stat.S_IRUSR
    assert problem_code(path) == "image-no-permission"
