"""The panel of the chosen picture: each of its states in words, bars and picture."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QScrollArea, QWidget
from pytestqt.qtbot import QtBot
from result_makers import CAT, TRUNCATED, result
from weights_makers import weight_set

from gui.detail_panel import SIDE, DetailPanel
from gui.flow_text import FlowText
from gui.label_bars import LabelBars
from gui.picture_view import LARGE_SIDE, PictureView
from gui.result_delegate import Tone as BarTone
from gui.toned_label import Tone, TonedLabel
from model.types import Calibration, PictureFacts, WeightSet

CAT_JPG = Path("/pictures/cat.jpg")
UNSURE = "Unsure \N{EN DASH} not like the training pictures."
SIZE = "640 \N{MULTIPLICATION SIGN} 480 pixels · JPEG"


class FakeLoader(QObject):
    """Has the pictures that a test puts in, and notes what was asked for."""

    ready = Signal(object, int)

    def __init__(self) -> None:
        super().__init__()
        self.images: dict[tuple[Path, int], QImage] = {}
        self.failed: set[tuple[Path, int]] = set()
        self.asked: list[tuple[Path, int]] = []

    def request(self, path: Path, side: int) -> QImage | None:
        self.asked.append((path, side))
        return self.images.get((path, side))

    def has_failed(self, path: Path, side: int) -> bool:
        return (path, side) in self.failed

    def deliver(self, path: Path, side: int = SIDE, size: tuple[int, int] = (64, 48)) -> QImage:
        image = QImage(*size, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.red)
        self.images[path, side] = image
        self.ready.emit(path, side)
        return image

    def fail(self, path: Path, side: int = SIDE) -> None:
        self.failed.add((path, side))
        self.ready.emit(path, side)


@pytest.fixture
def loader(qtbot: QtBot) -> FakeLoader:
    return FakeLoader()


@pytest.fixture
def panel(qtbot: QtBot, loader: FakeLoader) -> Iterator[DetailPanel]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    made = DetailPanel(loader)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(360, 640)
    made.show()
    yield made
    QLocale.setDefault(before)


def words(panel: DetailPanel) -> list[str]:
    return [
        label.text().replace("\N{NO-BREAK SPACE}", " ") for label in panel.findChildren(TonedLabel) if label.isVisible()
    ]


def bars(panel: DetailPanel) -> LabelBars:
    return panel.findChild(LabelBars)


def view(panel: DetailPanel) -> PictureView:
    return panel.findChild(PictureView)


def weights() -> WeightSet:
    return weight_set("made-up", "ImageNet, ResNet-50 V2")


def test_nothing_chosen(panel: DetailPanel) -> None:
    assert words(panel) == []
    assert view(panel).words == "Choose a picture to see it large"
    assert not bars(panel).isVisible()
    assert not panel.findChild(FlowText).isVisible()
    assert panel.path is None


def test_a_result_with_its_facts(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    assert words(panel) == ["cat.jpg", SIZE, "100 ms · ImageNet, ResNet-50 V2"]
    assert [line.name for line in bars(panel).lines] == [label for label, _ in CAT]
    assert bars(panel).lines[0].bold
    assert bars(panel).lines[0].tone is BarTone.FIRST
    assert panel.findChild(FlowText).toPlainText() == str(CAT_JPG)


def test_no_label_under_half_is_bold(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", [("cat", 0.49), ("dog", 0.3)]), False, weights())
    assert not any(line.bold for line in bars(panel).lines)
    assert bars(panel).lines[0].tone is BarTone.FIRST


def test_where_the_set_tells_who_is_unsure_every_other_winner_is_bold(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", [("cat", 0.45), ("dog", 0.3)], unsure=False), False, weights())
    assert bars(panel).lines[0].bold
    assert not any("nsure" in text for text in words(panel))


def test_unsure_is_grey_and_said(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", unsure=True), False, weights())
    note = next(label for label in panel.findChildren(TonedLabel) if label.text() == UNSURE)
    assert note.isVisible()
    assert note.tone is Tone.TEXT
    assert len(bars(panel).lines) == len(CAT)
    assert all(line.tone is BarTone.FADED and not line.bold for line in bars(panel).lines)


def test_calibrated_probabilities_say_so(panel: DetailPanel) -> None:
    fitted = Calibration(1.625, "energy", 3.0, 0.95, "169 pictures <kept> for validation")
    panel.show_row(CAT_JPG, result("cat.jpg", unsure=False, calibration=fitted), False, weights())
    quiet = next(label for label in panel.findChildren(TonedLabel) if label.text() == "Probabilities are calibrated")
    assert quiet.isVisible()
    assert quiet.tone is Tone.MUTED
    assert "a temperature of 1.625, fitted on 169 pictures &lt;kept&gt; for validation" in quiet.toolTip()
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    assert not quiet.isVisible()
    panel.show_row(CAT_JPG, result("cat.jpg", problem=TRUNCATED, calibration=fitted), False, weights())
    assert not quiet.isVisible()


def test_waiting(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, None, False, None)
    assert words(panel) == ["cat.jpg", "waiting…"]
    assert not bars(panel).isVisible()
    assert panel.findChild(FlowText).isVisible()


def test_a_result_of_earlier_weights_is_grey_and_names_them(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, replace(result("cat.jpg"), weights_id="imagenet-lite2"), True, weights())
    shown = words(panel)
    assert any("earlier run" in text for text in shown)
    assert "100 ms · imagenet-lite2" in shown
    assert all(line.tone is BarTone.FADED and not line.bold for line in bars(panel).lines)


def test_an_error_in_words_with_what_to_do(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", problem=TRUNCATED), False, weights())
    error = next(label for label in panel.findChildren(TonedLabel) if label.text().startswith("Could not be read"))
    assert error.isVisible()
    assert error.tone is Tone.DANGER
    assert error.text().endswith(".")
    assert "broken data stream" in error.toolTip()
    assert not bars(panel).isVisible()
    assert SIZE in words(panel)
    assert not any("100 ms" in text for text in words(panel))


def test_an_error_of_an_earlier_run_is_not_red(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", problem=TRUNCATED), True, weights())
    error = next(label for label in panel.findChildren(TonedLabel) if label.text().startswith("Could not be read"))
    assert error.tone is Tone.MUTED


def test_one_state_leaves_nothing_for_the_next(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", problem=TRUNCATED), False, weights())
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    assert not any("Could not" in text for text in words(panel))
    panel.show_row(Path("/pictures/dog.jpg"), None, False, weights())
    assert words(panel) == ["dog.jpg", "waiting…"]
    panel.show_nothing()
    assert words(panel) == []


def test_names_that_are_not_text(panel: DetailPanel) -> None:
    panel.show_row(Path("/x/a\udcff\n<b>.jpg"), None, False, None)
    assert words(panel)[0] == "a\\xff\N{REPLACEMENT CHARACTER}<b>.jpg"


# --- the picture ---


def test_the_picture_comes_when_it_is_loaded(panel: DetailPanel, loader: FakeLoader) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    assert (CAT_JPG, SIDE) in loader.asked
    assert view(panel).image is None
    image = loader.deliver(CAT_JPG)
    assert view(panel).image == image
    loader.deliver(Path("/pictures/other.jpg"), size=(8, 8))
    assert view(panel).image == image


def test_the_tables_small_picture_stands_in(panel: DetailPanel, loader: FakeLoader) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    small_side = next(side for path, side in loader.asked if side != SIDE)
    small = loader.deliver(CAT_JPG, small_side, (16, 12))
    assert view(panel).image == small
    large = loader.deliver(CAT_JPG)
    assert view(panel).image == large


def test_a_picture_that_cannot_be_shown(panel: DetailPanel, loader: FakeLoader) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg", problem=TRUNCATED), False, weights())
    loader.fail(CAT_JPG)
    assert view(panel).broken
    assert view(panel).words == "There is no picture to show"


def test_the_square_that_the_network_sees(panel: DetailPanel, loader: FakeLoader) -> None:
    loader.deliver(CAT_JPG)
    panel.show_row(CAT_JPG, None, False, weights())
    assert view(panel).crop is None
    facts = PictureFacts("JPEG", 400, 200)
    panel.show_row(CAT_JPG, replace(result("cat.jpg"), facts=facts), False, weights())
    # Resizing the short side of 200 to 232 and cropping 224 of it keeps 224/232 of the height, and as much across.
    kept = 224 / 232
    expected = QRectF((1 - kept / 2) / 2, (1 - kept) / 2, kept / 2, kept)
    crop = view(panel).crop
    assert crop is not None
    for got, wanted in zip(crop.getRect(), expected.getRect(), strict=True):
        assert got == pytest.approx(wanted, abs=0.005)


def test_the_square_appears_with_the_result_while_the_picture_stays(panel: DetailPanel, loader: FakeLoader) -> None:
    loader.deliver(CAT_JPG)
    panel.show_row(CAT_JPG, None, False, weights())
    image = view(panel).image
    loader.images.clear()  # it was dropped from memory meanwhile
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    assert view(panel).image is image
    assert view(panel).crop is not None


def test_the_same_row_again_costs_nothing(panel: DetailPanel, loader: FakeLoader) -> None:
    active, shown = weights(), result("cat.jpg")
    panel.show_row(CAT_JPG, shown, False, active)
    asked = len(loader.asked)
    panel.show_row(CAT_JPG, shown, False, active)
    assert len(loader.asked) == asked


# --- the large view ---


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_large_view_follows_the_choice(panel: DetailPanel, loader: FakeLoader, qtbot: QtBot) -> None:
    panel.show_large()
    assert panel.large is None
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    panel.show_large()
    large = panel.large
    assert large is not None
    assert large.isVisible()
    assert large.windowTitle() == "cat.jpg"
    assert (CAT_JPG, LARGE_SIDE) in loader.asked
    image = loader.deliver(CAT_JPG, LARGE_SIDE)
    assert large.view.image == image
    assert large.view.crop == view(panel).crop or large.view.crop is not None
    dog = Path("/pictures/dog.jpg")
    panel.show_row(dog, None, False, weights())
    assert large.windowTitle() == "dog.jpg"
    assert large.view.image is None
    with qtbot.waitSignal(panel.step_requested) as asked:
        qtbot.keyClick(large, Qt.Key.Key_Right)
    assert asked.args == [1]
    panel.show_nothing()
    assert not large.isVisible()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_large_view_is_opened_from_the_picture_and_closed(
    panel: DetailPanel, loader: FakeLoader, qtbot: QtBot
) -> None:
    loader.deliver(CAT_JPG)
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    qtbot.keyClick(view(panel), Qt.Key.Key_Space)
    assert panel.large is not None
    assert panel.large.isVisible()
    panel.close_large()
    assert not panel.large.isVisible()
    asked = len(loader.asked)
    panel.show_row(CAT_JPG, None, False, weights())
    assert (CAT_JPG, LARGE_SIDE) not in loader.asked[asked:]


# --- room ---


def test_a_low_window_scrolls_and_a_narrow_one_does_not_widen(panel: DetailPanel, qtbot: QtBot) -> None:
    panel.show_row(Path("/pictures/" + "long" * 60 + ".jpg"), result("cat.jpg", [("long" * 40, 0.9)]), False, weights())
    panel.resize(200, 220)
    area = panel.findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    assert area.widget().width() <= area.viewport().width()
    assert panel.minimumSizeHint().height() < 200


def test_what_takes_the_focus_has_a_name(panel: DetailPanel) -> None:
    panel.show_row(CAT_JPG, result("cat.jpg"), False, weights())
    focusable = [child for child in panel.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert len(focusable) >= 2
    for widget in focusable:
        if widget.isVisible():
            assert widget.accessibleName(), widget
