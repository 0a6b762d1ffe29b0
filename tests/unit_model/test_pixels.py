from pathlib import Path

import numpy as np
import PIL
import pytest
from pictures import LIMITS, pattern, pixels_of, saved, tiny_tiff
from PIL import Image, ImageOps

from model.decode import decode, thumbnail
from model.pixels import to_upright_rgb
from model.types import PictureFacts

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


@pytest.mark.parametrize("turn", [0, 9, 65535])
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

since_pillow_13 = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="Pillow before 13 cannot read such a file that it wrote itself"
)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "L"),
        ("PNG", "1"),
        ("PNG", "P"),
        ("TIFF", "CMYK"),
        ("JPEG", "CMYK"),
        pytest.param("TIFF", "YCbCr", marks=since_pillow_13),
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


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa"])
def test_alpha_is_shown_on_white(mode: str) -> None:
    image = Image.new("LA", (3, 1))
    image.putdata([(0, 0), (0, 255), (100, 128)])
    if mode == "PA":
        image = Image.new("PA", (3, 1))
        image.putpalette([0, 0, 0, 100, 100, 100])
        image.putdata([(0, 0), (0, 255), (1, 128)])
    elif mode != "LA":
        image = image.convert("RGBA").convert(mode)
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
    path = tmp_path / "a.tif"
    path.write_bytes(tiny_tiff(b"\xff\xf8\x00", {258: 12, 273: 8, 279: 3}))
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
