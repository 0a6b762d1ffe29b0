"""`prepare` is pinned to torchvision's and timm's own transforms, to the last bit of the normalised tensor."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from model import preprocess as preprocess_module
from model.preprocess import crop_box, prepare, prepare_fast
from model.types import Preprocess

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TORCHVISION_V1 = Preprocess(256, 224, "bilinear", IMAGENET_MEAN, IMAGENET_STD)
TORCHVISION_V2 = Preprocess(232, 224, "bilinear", IMAGENET_MEAN, IMAGENET_STD)
LITE2 = Preprocess(292, 260, "bicubic", (127 / 255,) * 3, (128 / 255,) * 3)
SETS = [
    pytest.param(TORCHVISION_V1, id="v1"),
    pytest.param(TORCHVISION_V2, id="v2"),
    pytest.param(LITE2, id="lite2"),
]
SMALL = Preprocess(12, 8, "bilinear", IMAGENET_MEAN, IMAGENET_STD)

Transform = Callable[[Image.Image], NDArray[np.float32]]


def normalise_reference(pixels: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float32]:
    scaled = pixels.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    mean, std = (np.array(value, np.float32)[:, None, None] for value in (preprocess.mean, preprocess.std))
    return np.asarray((scaled - mean) / std, dtype=np.float32)


def transform_of(preprocess: Preprocess) -> Transform:
    """The library's own evaluation transform of this set."""
    if preprocess is LITE2:
        from timm.data import create_transform

        mean, std = preprocess.mean, preprocess.std
        timm_transform = create_transform((3, 260, 260), interpolation="bicubic", crop_pct=0.89, mean=mean, std=std)
        return lambda image: np.asarray(timm_transform(image).numpy())
    from torchvision.models import ResNet50_Weights

    weights = ResNet50_Weights.IMAGENET1K_V1 if preprocess is TORCHVISION_V1 else ResNet50_Weights.IMAGENET1K_V2
    transform = weights.transforms()
    return lambda image: np.asarray(transform(image).numpy())


@pytest.fixture(scope="module", params=SETS)
def pinned(request: pytest.FixtureRequest) -> Callable[[Image.Image], None]:
    """A check that a picture becomes the very same tensor as by the library's transform."""
    preprocess: Preprocess = request.param
    transform = transform_of(preprocess)

    def check(image: Image.Image) -> None:
        pixels = prepare(image, preprocess)
        assert pixels.dtype == np.uint8
        assert pixels.shape == (preprocess.crop, preprocess.crop, 3)
        assert pixels.flags.c_contiguous
        np.testing.assert_array_equal(normalise_reference(pixels, preprocess), transform(image))

    return check


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 1009 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


# Wider or taller than this the result need not be exact.
MOST_ASPECT = 190


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(width=st.integers(1, 600), height=st.integers(1, 600))
@example(width=1, height=1)
@example(width=1, height=MOST_ASPECT)
@example(width=MOST_ASPECT, height=1)
@example(width=232, height=232)
@example(width=292, height=400)
@example(width=256, height=257)
@example(width=333, height=500)
# Here Pillow 13 resizes the columns before the rows.
@example(width=284, height=594)
@example(width=235, height=591)
def test_prepare_equals_the_librarys_transform(pinned: Callable[[Image.Image], None], width: int, height: int) -> None:
    assume(max(width, height) <= MOST_ASPECT * min(width, height))
    pinned(noise(width, height))


@pytest.mark.parametrize("size", [(1201, 800), (800, 1203), (2000, 130), (40, 3000)])
def test_prepare_equals_it_for_larger_pictures(pinned: Callable[[Image.Image], None], size: tuple[int, int]) -> None:
    pinned(noise(*size))


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_prepare_equals_it_for_redistributable_photographs(pinned: Callable[[Image.Image], None], name: str) -> None:
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        pytest.skip("scikit-learn, whose photographs this test uses, is not installed")
    with Image.open(Path(found.origin).parent / "datasets" / "images" / name) as image:
        pinned(image.convert("RGB"))


def test_prepare_equals_it_for_real_pictures(pinned: Callable[[Image.Image], None], shared_data: Path) -> None:
    weather = sorted((shared_data / "weather").rglob("*.j*g"))[::56]
    imagenet = sorted((shared_data / "imagenet").glob("*.JPEG"))[::10]
    assert len(weather) >= 20
    assert len(imagenet) >= 20
    for path in [*weather, *imagenet]:
        with Image.open(path) as image:
            pinned(image.convert("RGB"))


@pytest.mark.parametrize("size", [(7, 30), (30, 7), (9, 9), (100, 61), (3, 200)])
@pytest.mark.parametrize(("resize", "crop"), [(8, 12), (9, 12), (12, 12), (13, 12), (12, 5)])
def test_padding_and_cropping_are_torchvisions(size: tuple[int, int], resize: int, crop: int) -> None:
    from torchvision.transforms import functional

    preprocess = Preprocess(resize, crop, "bilinear", IMAGENET_MEAN, IMAGENET_STD)
    image = noise(*size)
    expected = functional.center_crop(functional.resize(image, [resize]), [crop, crop])
    np.testing.assert_array_equal(prepare(image, preprocess), np.asarray(expected))


@pytest.mark.parametrize("preprocess", SETS)
@pytest.mark.parametrize("size", [(20, 2000), (2000, 20), (1, 300), (300, 1), (300, 3000), (3000, 300), (400, 300)])
def test_cropping_first_is_off_by_two_at_most(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], preprocess: Preprocess
) -> None:
    # Smooth like a photograph: on noise, where a bicubic filter overshoots, Pillow's order of the two directions shows.
    image = noise(max(1, size[0] // 8), max(1, size[1] // 8)).resize(size, Image.Resampling.BILINEAR)
    exact = prepare(image, preprocess).astype(int)
    monkeypatch.setattr(preprocess_module, "_MOST_RESIZED_PIXELS", 0)
    assert np.abs(prepare(image, preprocess).astype(int) - exact).max() <= 2


@pytest.mark.parametrize("is_fast", [False, True])
@pytest.mark.parametrize("size", [(1, 3_000_000), (3_000_000, 1), (2, 65_535), (600, 1), (1, 600), (300, 300)])
def test_extreme_aspects_stay_bounded(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], *, is_fast: bool) -> None:
    largest = 0
    resize = Image.Image.resize

    def measured(self: Image.Image, wanted: tuple[int, int], *args: object) -> Image.Image:
        nonlocal largest
        # Whichever direction Pillow takes first, it holds a picture no larger than these.
        largest = max(largest, wanted[0] * wanted[1], self.width * wanted[1], wanted[0] * self.height)
        return resize(self, wanted, *args)

    monkeypatch.setattr(Image.Image, "resize", measured)
    image = Image.new("RGB", size, (10, 200, 30))
    pixels = prepare_fast(image, TORCHVISION_V2, size) if is_fast else prepare(image, TORCHVISION_V2)
    assert 0 < largest <= 1 << 24
    assert (pixels == (10, 200, 30)).all()


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(1, 700), height=st.integers(1, 700), preprocess=st.sampled_from([TORCHVISION_V1, LITE2, SMALL])
)
@example(width=1, height=700, preprocess=SMALL)
@example(width=224, height=224, preprocess=SMALL)
# Here Pillow 13 resizes the columns before the rows.
@example(width=284, height=594, preprocess=TORCHVISION_V2)
def test_fast_is_close_to_exact(width: int, height: int, preprocess: Preprocess) -> None:
    image = noise(width // 8 + 1, height // 8 + 1).resize((width, height), Image.Resampling.BILINEAR)
    difference = prepare_fast(image, preprocess, image.size).astype(int) - prepare(image, preprocess)
    assert np.abs(difference).max() <= 8


@given(
    width=st.integers(1, 70_000),
    height=st.integers(1, 5000),
    reduction=st.sampled_from([1, 2, 4, 8]),
    preprocess=st.sampled_from([TORCHVISION_V2, LITE2, SMALL]),
)
@settings(max_examples=60, deadline=None)
def test_fast_takes_any_reduced_picture(width: int, height: int, reduction: int, preprocess: Preprocess) -> None:
    """The last column and row of a reduced picture count in part, and no part of the crop may lie outside it."""
    image = Image.new("RGB", (-(-width // reduction), -(-height // reduction)), (10, 200, 30))
    pixels = prepare_fast(image, preprocess, (width, height), reduction)
    assert pixels.shape == (preprocess.crop, preprocess.crop, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (10, 200, 30)).all()


@pytest.mark.parametrize(("reduction", "size"), [(2, (101, 61)), (4, (181, 121)), (8, (209, 361)), (8, (617, 257))])
def test_fast_sees_the_same_part_of_a_reduced_picture(reduction: int, size: tuple[int, int]) -> None:
    """On ramps a shift of the crop shows as another brightness, also where the reduced size was rounded up."""
    columns, rows = (np.arange(-(-length // reduction) * reduction) * 255 / length for length in size)
    ramps = np.stack(np.broadcast_arrays(columns, rows[:, None], 255 - columns), axis=-1)
    whole = Image.fromarray(ramps.clip(0, 255).astype(np.uint8))
    exact = prepare(whole.crop((0, 0, *size)), SMALL)
    fast = prepare_fast(whole.reduce(reduction), SMALL, size, reduction)
    assert np.abs(fast.astype(int) - exact).max() <= 1


def test_crop_box_of_a_wide_picture() -> None:
    # 1000 x 500 becomes 464 x 232, of which 224 x 224 from (120, 4) are seen.
    scale = 500 / 232
    assert crop_box(1000, 500, TORCHVISION_V2) == pytest.approx((120 * scale, 4 * scale, 344 * scale, 228 * scale))


def test_crop_box_of_a_tall_picture() -> None:
    scale = 500 / 232
    assert crop_box(500, 1000, TORCHVISION_V2) == pytest.approx((4 * scale, 120 * scale, 228 * scale, 344 * scale))


def test_crop_box_is_the_whole_picture_where_the_crop_is_larger() -> None:
    assert crop_box(40, 40, Preprocess(8, 12, "bilinear", IMAGENET_MEAN, IMAGENET_STD)) == (0, 0, 40, 40)


@given(width=st.integers(1, 100_000), height=st.integers(1, 100_000))
def test_crop_box_is_inside_and_nearly_square(width: int, height: int) -> None:
    left, top, right, bottom = crop_box(width, height, TORCHVISION_V2)
    assert 0 <= left < right <= width + 1e-6
    assert 0 <= top < bottom <= height + 1e-6
    assert right - left == pytest.approx(bottom - top, rel=0.01)


def test_what_is_outside_the_crop_box_is_not_seen() -> None:
    left, top, right, bottom = (round(edge) for edge in crop_box(120, 60, SMALL))
    image = Image.new("RGB", (120, 60), "red")
    image.paste("blue", (left - 8, top - 8, right + 8, bottom + 8))
    assert (prepare(image, SMALL) == (0, 0, 255)).all()
