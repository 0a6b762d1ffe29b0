"""Pictures of a training: reduced to what crops need, decoded once as far as memory goes, and prepared as in use."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training_samples import SMALL_PICTURES, tint

from model import training_pictures
from model.cancel import Cancelled, CancelToken
from model.decode import decode
from model.decode_limits import DecodeLimits
from model.errors import DatasetError
from model.preprocess import prepare
from model.training_pictures import TrainingPictures, prepare_all
from model.training_types import FeatureProgress


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were opened."""
    paths: list[Path] = []
    real = training_pictures.decoding

    def spy(path: Path, *, limits: DecodeLimits, cancel: CancelToken) -> object:
        paths.append(path)
        return real(path, limits=limits, cancel=cancel)

    monkeypatch.setattr(training_pictures, "decoding", spy)
    return paths


def save(path: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path)
    return path


def get(path: Path, largest_crop: int) -> torch.Tensor:
    return TrainingPictures([path], largest_crop, DecodeLimits()).get(0, CancelToken())


def test_a_large_picture_is_reduced_to_what_the_largest_crop_needs(tmp_path: Path) -> None:
    picture = get(save(tmp_path / "a.png", (300, 200)), 50)
    assert (picture.dtype, picture.shape) == (torch.uint8, (3, 70, 105))
    assert picture.is_contiguous()


def test_a_small_picture_stays_as_it_is(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", (60, 40))
    np.testing.assert_array_equal(get(path, 50).permute(1, 2, 0), np.asarray(Image.open(path)))


@pytest.mark.parametrize("mode", ["L", "CMYK", "P"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    assert get(save(tmp_path / f"a.{suffix}", (40, 40), mode), 50).shape == (3, 40, 40)


def test_a_picture_of_one_line_keeps_a_pixel_on_each_side(tmp_path: Path) -> None:
    assert min(get(save(tmp_path / "a.png", (2000, 100)), 10).shape) >= 1


def test_pictures_are_decoded_once_while_there_is_memory(tmp_path: Path, decoded: list[Path]) -> None:
    paths = [save(tmp_path / f"{number}.png", (40, 40)) for number in range(3)]
    pictures = TrainingPictures(paths, 50, DecodeLimits(), memory_bytes=2 * 3 * 40 * 40)
    first = [pictures.get(index, CancelToken()) for index in (0, 1, 2)]
    again = [pictures.get(index, CancelToken()) for index in (0, 1, 2)]
    assert decoded == [*paths, paths[2]]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.png.*not there any more"):
        get(tmp_path / "gone.png", 50)
    with pytest.raises(DatasetError, match=r"gone\.png.*not there any more"):
        list(prepare_all([tmp_path / "gone.png"], SMALL_PICTURES, DecodeLimits(), CancelToken()))


def test_cancelling_reaches_the_decoding(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    path = save(tmp_path / "a.png", (40, 40))
    with pytest.raises(Cancelled):
        TrainingPictures([path], 50, DecodeLimits()).get(0, cancel)
    with pytest.raises(Cancelled):
        list(prepare_all([path], SMALL_PICTURES, DecodeLimits(), cancel))


def test_pictures_that_judge_are_prepared_as_in_use_and_in_order(tmp_path: Path) -> None:
    paths = [tint(tmp_path / f"{number}.png", (200, 60, 60), number) for number in range(9)]
    *progress, pixels = prepare_all(paths, SMALL_PICTURES, DecodeLimits(), CancelToken())
    assert progress == [FeatureProgress(done, 9) for done in range(1, 10)]
    assert isinstance(pixels, np.ndarray)
    assert (pixels.shape, pixels.dtype) == ((9, 32, 32, 3), np.uint8)
    for path, row in zip(paths, pixels, strict=True):
        np.testing.assert_array_equal(row, prepare(decode(path, limits=DecodeLimits()).image, SMALL_PICTURES))


def test_no_pictures_are_no_pixels() -> None:
    (pixels,) = prepare_all([], SMALL_PICTURES, DecodeLimits(), CancelToken())
    assert isinstance(pixels, np.ndarray)
    assert pixels.shape == (0, 32, 32, 3)
