"""Loading a picture for a network: exact is `prepare` of the whole picture, fast is close to it and checks as much."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import WRITABLE, encoded, pattern, saved
from PIL import Image

from model import decode as decode_module
from model.cancel import Cancelled, CancelToken
from model.decode import decode
from model.decode_limits import DecodeLimits
from model.errors import ImageError
from model.load_picture import make_load
from model.pixel_budget import PixelBudget
from model.pixels import to_upright_rgb
from model.preprocess import prepare
from model.types import DecodeMode, PictureFacts, Preprocess

SETS = [
    pytest.param(Preprocess(58, 56, "bilinear", (0.5,) * 3, (0.5,) * 3), id="bilinear"),
    pytest.param(Preprocess(73, 65, "bicubic", (0.5,) * 3, (0.5,) * 3), id="bicubic"),
    pytest.param(Preprocess(40, 48, "bilinear", (0.5,) * 3, (0.5,) * 3), id="crop larger than resize"),
]
BILINEAR = Preprocess(58, 56, "bilinear", (0.5,) * 3, (0.5,) * 3)
MODES: list[DecodeMode] = ["exact", "fast"]


def load(
    path: Path, mode: DecodeMode, preprocess: Preprocess = BILINEAR, limits: DecodeLimits | None = None
) -> tuple[NDArray[np.uint8], PictureFacts]:
    return make_load(preprocess, limits or DecodeLimits(), mode)(path, CancelToken())


def require_close(path: Path, preprocess: Preprocess = BILINEAR, most: int = 6) -> None:
    exact, facts = load(path, "exact", preprocess)
    fast, fast_facts = load(path, "fast", preprocess)
    assert fast_facts == facts
    assert fast.shape == exact.shape
    assert fast.dtype == np.uint8
    assert fast.flags.c_contiguous
    assert np.abs(fast.astype(int) - exact).max() <= most


@pytest.mark.parametrize("preprocess", SETS)
def test_exact_is_the_default_and_what_prepare_makes_of_the_whole_picture(
    tmp_path: Path, preprocess: Preprocess
) -> None:
    path = saved(tmp_path / "a.jpg", pattern(900, 600), kind="JPEG")
    expected = prepare(decode(path, limits=DecodeLimits()).image, preprocess)
    np.testing.assert_array_equal(load(path, "exact", preprocess)[0], expected)
    pixels, facts = make_load(preprocess, DecodeLimits())(path, CancelToken())
    np.testing.assert_array_equal(pixels, expected)
    assert facts == PictureFacts("JPEG", 900, 600)


@pytest.mark.parametrize("preprocess", SETS)
@pytest.mark.parametrize("size", [(1200, 803), (801, 1203), (497, 301), (90, 70), (30, 41), (1601, 203), (130, 1777)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_fast_jpeg_is_close(
    tmp_path: Path, size: tuple[int, int], preprocess: Preprocess, options: dict[str, object]
) -> None:
    require_close(saved(tmp_path / "a.jpg", pattern(*size), kind="JPEG", quality=95, **options), preprocess)


@pytest.mark.parametrize("turn", range(1, 9))
def test_fast_crops_the_upright_picture(tmp_path: Path, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    for size in ((1203, 400), (401, 1207)):
        # Asymmetric and with strong edges: a crop at the wrong place, or one that is not turned, differs by far more.
        image = pattern(*size)
        image.paste("white", (0, 0, size[0] // 2 - 30, size[1] // 2 - 20))
        require_close(saved(tmp_path / "a.jpg", image, kind="JPEG", quality=95, exif=exif), most=40)


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_fast_jpeg_of_other_modes(tmp_path: Path, mode: str) -> None:
    require_close(saved(tmp_path / "a.jpg", pattern(1000, 700).convert(mode), kind="JPEG", quality=95))


@pytest.mark.parametrize("kind", WRITABLE)
def test_fast_reads_every_format(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(kind))
    require_close(path)


def test_fast_deep_grey_and_transparency(tmp_path: Path) -> None:
    grey = np.asarray(pattern(700, 500).convert("L")).astype(np.uint16) << 8
    require_close(saved(tmp_path / "deep.png", Image.fromarray(grey)))
    image = pattern(700, 500).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((700, 500)))
    require_close(saved(tmp_path / "transparent.png", image))


def test_fast_decodes_jpeg_small_but_at_least_twice_as_large_as_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []

    def watched(image: Image.Image, turn: int) -> Image.Image:
        sizes.append(image.size)
        return to_upright_rgb(image, turn)

    monkeypatch.setattr(decode_module, "to_upright_rgb", watched)
    for shorter in (231, 232, 463, 464, 928, 2000):  # the resize is 58 pixels, twice that 116
        for size in ((shorter * 3 // 2, shorter), (shorter, shorter * 3 // 2)):
            load(saved(tmp_path / "a.jpg", pattern(*size), kind="JPEG"), "fast")
    assert [height for _, height in sizes[::2]] == [231, 116, 232, 116, 116, 250]
    assert [width for width, _ in sizes[1::2]] == [231, 116, 232, 116, 116, 250]
    sizes.clear()
    path = saved(tmp_path / "a.jpg", pattern(1500, 1000), kind="JPEG")
    load(path, "exact")
    load(saved(tmp_path / "a.png", pattern(1500, 1000)), "fast")
    assert sizes == [(1500, 1000)] * 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("part", [0.4, 0.8, 0.97])
@pytest.mark.parametrize("progressive", [False, True])
def test_truncated_files_are_errors(tmp_path: Path, part: float, mode: DecodeMode, *, progressive: bool) -> None:
    rng = np.random.default_rng(3)
    noise = Image.fromarray(rng.integers(0, 256, (900, 1200, 3), dtype=np.uint8))
    path = saved(tmp_path / "a.jpg", noise, kind="JPEG", progressive=progressive)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(ImageError) as caught:
        load(path, mode)
    assert caught.value.problem.code == "image-truncated"


@pytest.mark.parametrize("mode", MODES)
def test_the_pixel_limit_counts_the_whole_picture(tmp_path: Path, mode: DecodeMode) -> None:
    path = saved(tmp_path / "a.jpg", pattern(1000, 800), kind="JPEG")
    assert load(path, mode, limits=DecodeLimits(pixels=800_000))[1].width == 1000
    with pytest.raises(ImageError) as caught:
        load(path, mode, limits=DecodeLimits(pixels=799_999))
    assert caught.value.problem.code == "image-too-large"


@pytest.mark.parametrize(
    ("mode", "progressive", "held"),
    [("exact", False, 960_000), ("fast", False, 15_000), ("exact", True, 1_920_000), ("fast", True, 975_000)],
)
def test_the_budget_counts_what_is_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: DecodeMode, held: int, *, progressive: bool
) -> None:
    """The coefficients of a progressive file are held whole, however small the picture that is made of them."""
    budget = PixelBudget(10_000_000)
    seen: list[int] = []

    def watched(image: Image.Image, turn: int) -> Image.Image:
        seen.append(budget.held)
        return to_upright_rgb(image, turn)

    monkeypatch.setattr(decode_module, "to_upright_rgb", watched)
    path = saved(tmp_path / "a.jpg", pattern(1200, 800), kind="JPEG", progressive=progressive)
    preprocess = Preprocess(50, 48, "bilinear", (0.5,) * 3, (0.5,) * 3)
    load(path, mode, preprocess, DecodeLimits(budget=budget))
    assert seen == [held]
    assert budget.held == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_token_stops_loading(tmp_path: Path, mode: DecodeMode) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        make_load(BILINEAR, DecodeLimits(), mode)(tmp_path / "missing.jpg", cancel)
