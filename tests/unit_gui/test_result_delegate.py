from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem
from result_makers import CAT, TRUNCATED, model_of, result, shown

from gui.result_delegate import (
    LabelLine,
    ResultDelegate,
    Tone,
    label_lines,
    line_height,
    pixels_side,
    row_height,
    thumbnail_side,
)
from gui.result_texts import LABELS, PICTURE, STATUS
from gui.results_model import ResultsModel
from gui.results_order import RowStatus
from gui.shown_row import ShownRow
from gui.theme import row_colours
from gui.thumbnails import ThumbnailLoader
from model.types import ImageResult, Problem

WIDTH = 400
SPECKS = 8  # pixels of blurred text that happen to have a colour


class OnePicture(ThumbnailLoader):
    """Has one picture at hand, or none that could be read; counts what it is asked for."""

    def __init__(self, image: QImage | None, failed: bool = False) -> None:
        super().__init__(lambda _path, _side: pytest.fail("nothing is to be loaded"))
        self.image = image
        self.failed = failed
        self.asked: list[int] = []

    def request(self, path: Path, side: int) -> QImage | None:
        self.asked.append(side)
        return self.image

    def has_failed(self, path: Path, side: int) -> bool:
        return self.failed


def palette(*, dark: bool = False) -> QPalette:
    colours = QPalette()
    for role, light_one, dark_one in (
        ("Base", "#ffffff", "#1e1e20"),
        ("Text", "#000000", "#ebebeb"),
        ("Highlight", "#308cc6", "#3584e4"),
    ):
        colours.setColor(QPalette.ColorRole[role], QColor(dark_one if dark else light_one))
    return colours


def paint(
    model: ResultsModel,
    column: int,
    *,
    ratio: float = 1.0,
    width: int = WIDTH,
    selected: bool = False,
    dark: bool = False,
    thumbnails: ThumbnailLoader | None = None,
) -> QImage:
    """Draw the first row's cell as a view would."""
    option = QStyleOptionViewItem()
    option.font = QApplication.font()
    option.palette = palette(dark=dark)
    option.rect = QRect(0, 0, width, row_height(option.font))
    option.state = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Active
    if selected:
        option.state |= QStyle.StateFlag.State_Selected
    pixels = QSize(round(width * ratio), round(option.rect.height() * ratio))
    image = QImage(pixels, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("magenta"))
    with QPainter(image) as painter:
        ResultDelegate(thumbnails).paint(painter, option, model.index(0, column))
    return image


def pixels_of(image: QImage) -> np.ndarray:
    """Return uint8 (h, w, 3), RGB."""
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return flat[:, : image.width(), 2::-1].copy()


def count(image: QImage, colour: QColor) -> int:
    rgb = np.array(colour.getRgb()[:3], np.uint8)
    return int((pixels_of(image) == rgb).all(axis=2).sum())


def of(outcome: ImageResult | None = None, *, stale: bool = False) -> ResultsModel:
    model = model_of("a.jpg", results=[outcome] if outcome else [])
    if stale:
        model.mark_all_pending()
    return model


pytestmark = pytest.mark.usefixtures("qapp")


CERTAIN = (("Egyptian cat", 0.9), ("tiger cat", 0.05))


@pytest.mark.parametrize(
    ("row", "bold", "tones"),
    [
        (shown("a.jpg", result("a.jpg", (("cat", 0.5), ("dog", 0.2)))), True, "first other"),
        (shown("a.jpg", result("a.jpg", (("cat", 0.499), ("dog", 0.2)))), False, "first other"),
        (shown("a.jpg", result("a.jpg", (("cat", 0.4), ("dog", 0.2)), unsure=False)), True, "first other"),
        (
            shown("a.jpg", result("a.jpg", (("cat", 0.9), ("dog", 0.1)), unsure=True), RowStatus.UNSURE),
            False,
            "faded faded",
        ),
        (shown("a.jpg", result("a.jpg", (("cat", 0.9), ("dog", 0.1))), RowStatus.PENDING), False, "faded faded"),
    ],
)
def test_a_winner_is_bold_only_where_there_is_one(row: ShownRow, bold: bool, tones: str) -> None:
    lines = label_lines(row)
    assert [line.bold for line in lines] == [bold, False]
    assert " ".join(line.tone.value for line in lines) == tones


def test_lines_hold_names_percentages_and_bars() -> None:
    lines = label_lines(shown("a.jpg", result("a.jpg", (*CAT, ("sixth", 0.0)))))
    assert len(lines) == 5
    assert lines[0] == LabelLine("Egyptian cat", "57\N{NO-BREAK SPACE}%", 0.57, True, Tone.FIRST)
    assert lines[4].percent == "<1\N{NO-BREAK SPACE}%"
    assert label_lines(shown("a.jpg", None, RowStatus.PENDING)) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("selected", [False, True])
def test_only_the_first_bar_has_the_accent(dark: bool, selected: bool) -> None:
    colours = row_colours(palette(dark=dark), selected=selected)
    image = paint(of(result("a.jpg", (("cat", 0.6), ("dog", 0.3)))), LABELS, dark=dark, selected=selected)
    first, other = count(image, colours.bar), count(image, colours.bar_other)
    assert first > 300
    assert first == pytest.approx(2 * other, rel=0.1)
    assert count(image, colours.background) > 0.7 * image.width() * image.height()


@pytest.mark.parametrize("outcome", [result("a.jpg", CERTAIN, unsure=True), None])
def test_unsure_and_stale_rows_are_grey(outcome: ImageResult | None) -> None:
    colours = row_colours(palette())
    model = of(outcome) if outcome else of(result("a.jpg", CERTAIN), stale=True)
    image = paint(model, LABELS)
    assert count(image, colours.bar) < SPECKS
    assert count(image, colours.bar_other) < SPECKS
    assert count(image, colours.bar_faded) > 300


def test_an_unsure_row_says_so_first_and_then_four_labels() -> None:
    colours = row_colours(palette())
    lines = line_height(QApplication.font())
    unsure, sure = (pixels_of(paint(of(result("a.jpg", CAT, unsure=unsure)), LABELS)) for unsure in (True, False))
    words = np.array(colours.text.getRgb()[:3], np.uint8)
    inked = np.flatnonzero((unsure == words).all(axis=2).any(axis=1))
    assert len(inked), "the words are not as legible as text"
    assert 8 <= inked.min() <= inked.max() < 8 + lines
    faded = np.array(colours.bar_faded.getRgb()[:3], np.uint8)
    parts = (unsure[8 + lines : 8 + 2 * lines], unsure[8 : 8 + lines], sure)
    below, beside, certain = ((part == faded).all(axis=2).sum(axis=1).max() for part in parts)
    assert below > 60, "the first label is not in the second line"
    assert beside < SPECKS, "a bar beside the words"
    assert certain < SPECKS
    assert (unsure[-8:-1] == np.array(colours.background.getRgb()[:3], np.uint8)).all(), "five labels have no room"


def test_bars_are_as_long_as_their_probabilities() -> None:
    colours = row_colours(palette())
    lengths = []
    for share in (1.0, 0.5, 0.25):
        pixels = pixels_of(paint(of(result("a.jpg", (("cat", share),))), LABELS))
        rgb = np.array(colours.bar.getRgb()[:3], np.uint8)
        lengths.append(int((pixels == rgb).all(axis=2).any(axis=0).sum()))
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=4)
    assert lengths[0] == pytest.approx(4 * lengths[2], abs=6)


@pytest.mark.parametrize(("share", "seen"), [(0.0, False), (1e-9, True)])
def test_what_is_not_zero_can_be_seen(share: float, seen: bool) -> None:
    colours = row_colours(palette())
    image = paint(of(result("a.jpg", (("cat", 0.9), ("dog", share)))), LABELS)
    assert (count(image, colours.bar_other) > SPECKS) == seen


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_bars_are_sharp_at_every_scale(ratio: float) -> None:
    colours = row_colours(palette())
    pixels = pixels_of(paint(of(result("a.jpg", (("cat", 0.9),))), LABELS, ratio=ratio))
    bar = np.array(colours.bar.getRgb()[:3], np.uint8)
    columns = np.flatnonzero((pixels == bar).all(axis=2).any(axis=0))
    middle = pixels[:, int(np.median(columns))]
    background = np.array(colours.background.getRgb()[:3], np.uint8)
    rows = np.flatnonzero((middle == bar).all(axis=1))
    assert len(rows) == pytest.approx(8 * ratio, abs=1)
    for edge in (rows[0] - 1, rows[-1] + 1):
        assert (middle[edge] == background).all(), "a blurred edge"


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_thumbnails_are_drawn_pixel_for_pixel(ratio: float) -> None:
    side = pixels_side(QApplication.font(), ratio)
    picture = QImage(side, side // 2 + 1, QImage.Format.Format_RGB32)
    random = np.random.default_rng(1).integers(0, 256, (picture.height(), side, 3), np.uint8)
    for y in range(picture.height()):
        for x in range(side):
            picture.setPixelColor(x, y, QColor(*random[y, x].tolist()))
    loader = OnePicture(picture)
    pixels = pixels_of(paint(of(), PICTURE, ratio=ratio, thumbnails=loader))
    assert loader.asked == [side]
    found = np.flatnonzero((pixels[:, :, :] == random[0, 0]).all(axis=2))
    places = [divmod(int(place), pixels.shape[1]) for place in found]
    assert any(np.array_equal(pixels[y : y + picture.height(), x : x + side], random) for y, x in places), (
        "the picture was scaled or lies between pixels"
    )


def test_small_pictures_are_not_enlarged_and_large_ones_fit() -> None:
    for size, expected in ((10, 10), (1_000, thumbnail_side(QApplication.font()))):
        image = QImage(size, size, QImage.Format.Format_RGB32)
        image.fill(QColor("lime"))
        pixels = pixels_of(paint(of(), PICTURE, thumbnails=OnePicture(image)))
        lime = (pixels == np.array([0, 255, 0], np.uint8)).all(axis=2)
        assert lime.any(axis=0).sum() == lime.any(axis=1).sum() == expected


def test_the_placeholder_tells_waiting_from_failed() -> None:
    colours = row_colours(palette())
    waiting = paint(of(), PICTURE, thumbnails=OnePicture(None))
    failed = paint(of(), PICTURE, thumbnails=OnePicture(None, failed=True))
    assert count(waiting, colours.wash) > 1_000
    assert waiting != failed


@pytest.mark.parametrize("dark", [False, True])
def test_an_error_is_a_chip_with_its_reason(dark: bool) -> None:
    colours = row_colours(palette(dark=dark))
    image = paint(of(result("a.jpg", problem=TRUNCATED)), LABELS, dark=dark)
    assert count(image, colours.chip_back) > 1_000
    assert count(image, colours.chip_text) > 0
    short = paint(of(result("a.jpg", problem=Problem("image-empty"))), LABELS, dark=dark)
    assert count(short, colours.chip_back) != count(image, colours.chip_back)


def test_a_long_reason_is_elided_within_the_cell() -> None:
    narrow = pixels_of(paint(of(result("a.jpg", problem=TRUNCATED)), LABELS, width=120))
    back = np.array(row_colours(palette()).chip_back.getRgb()[:3], np.uint8)
    columns = np.flatnonzero((narrow == back).all(axis=2).any(axis=0))
    assert columns[0] >= 8
    assert columns[-1] < 112


@pytest.mark.parametrize("width", [400, 200])
def test_what_to_do_is_below_the_reason_and_inside_the_cell(width: int) -> None:
    colours = row_colours(palette())
    pixels = pixels_of(paint(of(result("a.jpg", problem=TRUNCATED)), LABELS, width=width))
    rows = np.flatnonzero((pixels == np.array(colours.muted.getRgb()[:3], np.uint8)).all(axis=2).any(axis=1))
    assert rows.max() - rows.min() > (0 if width == 400 else 16), "it goes over several lines where it has to"
    assert rows.max() < pixels.shape[0] - 8
    assert (pixels[:-1, -8:] == np.array(colours.background.getRgb()[:3], np.uint8)).all()


def test_an_error_of_an_earlier_run_is_grey() -> None:
    image = paint(of(result("a.jpg", problem=TRUNCATED), stale=True), LABELS)
    colours = row_colours(palette())
    assert count(image, colours.chip_back) == 0
    assert count(image, colours.wash) > 1_000


def test_narrow_cells_have_names_and_numbers_but_no_bars() -> None:
    colours = row_colours(palette())
    image = paint(of(result("a.jpg", CERTAIN)), LABELS, width=130)
    assert count(image, colours.bar) == 0
    assert count(image, colours.text) > 0


@pytest.mark.parametrize("column", [PICTURE, LABELS, STATUS])
@pytest.mark.parametrize("selected", [False, True])
def test_the_whole_cell_is_filled(column: int, selected: bool) -> None:
    image = paint(of(result("a.jpg")), column, selected=selected)
    assert count(image, QColor("magenta")) == 0
    assert image.pixelColor(WIDTH - 2, 3) == row_colours(palette(), selected=selected).background


def test_waiting_is_muted() -> None:
    colours = row_colours(palette())
    image = paint(of(), LABELS)
    assert count(image, colours.muted) > 0
    assert count(image, colours.text) == 0


def test_names_stay_in_their_cell() -> None:
    model = model_of("very long " * 20 + ".jpg")
    image = pixels_of(paint(model, PICTURE, width=260))
    background = np.array(row_colours(palette()).background.getRgb()[:3], np.uint8)
    assert (image[:-1, -8:] == background).all()


def test_the_hint_is_the_fixed_height() -> None:
    option = QStyleOptionViewItem()
    option.font = QApplication.font()
    model = of()
    assert ResultDelegate().sizeHint(option, model.index(0, 0)).height() == row_height(option.font)
    assert row_height(option.font) % 4 == 0
