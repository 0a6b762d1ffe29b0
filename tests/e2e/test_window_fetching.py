"""Weights fetched and imported in the window, while pictures go on being classified."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fakes import COLOURS
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from weights_desk import keys, labels, message, press, row_of, write_pictures
from weights_server import BODY, DIGEST, NAME, OTHER, Script, Server, card_of
from window_desk import FakeFactory, drop, wait_done

from gui import weights_controller
from gui.import_request import ImportRequest
from gui.main_window import MainWindow
from gui.weights_reports import PREFERRED_ID
from model.cancel import CancelToken
from model.cards import card_bytes
from model.errors import WeightsError
from model.network import build_network
from model.types import DownloadProgress, WeightsFile, WeightsInstalled, WeightsState
from model.weights import Catalogue

pytestmark = pytest.mark.usefixtures("better")

OWN = ImportRequest(Path("net.pth"), Path("labels.txt"), "My own")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return write_pictures(tmp_path / "pictures")


# --- fetching ---


def test_a_set_is_fetched_on_the_users_word_and_used_on_another(
    qtbot: QtBot, window: MainWindow, server: Server, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    told: list[DownloadProgress] = []
    window.weights.progressed.connect(lambda _weights_id, progress: told.append(progress))
    assert server.script.asked == []
    with qtbot.waitSignal(window.weights.installed):
        row_of(window)._fetch.click()
        assert row_of(window).fetching
    qtbot.waitUntil(lambda: not row_of(window).fetching)
    assert told[0] == DownloadProgress(0, None, None)
    assert told[-1].done == told[-1].total == len(BODY)
    assert row_of(window).radio.isEnabled()
    assert window.classify.weights_id == "imagenet-lite2"
    assert labels(window) == set(COLOURS)
    assert "The better net" in message(window).text
    press(window, "Use it")
    assert window.weights_panel.active == PREFERRED_ID
    wait_done(qtbot, window, 12)
    assert labels(window) == {"scarlet", "emerald", "azure"}
    assert keys(window) == []


def test_the_row_shows_how_far_a_fetch_is_and_a_drop_is_classified_meanwhile(
    qtbot: QtBot, window: MainWindow, server: Server, pictures: list[Path]
) -> None:
    script = server.play(Script(stall_after=200_000))
    row = row_of(window)
    row._fetch.click()
    qtbot.waitUntil(lambda: "of 524" in row._progress_words.text())
    assert row._bar.isVisibleTo(row)
    assert row._cancel.isVisibleTo(row)
    assert not row._fetch.isVisibleTo(row)
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    assert row.fetching
    script.release.set()
    qtbot.waitUntil(lambda: not row.fetching)


def test_a_cancelled_fetch_keeps_its_part_and_the_next_one_resumes(
    qtbot: QtBot, window: MainWindow, server: Server, better: Path
) -> None:
    server.play(Script(stall_after=200_000))
    row = row_of(window)
    row._fetch.click()
    partial = better / f"{NAME}.part"
    qtbot.waitUntil(lambda: "of 524" in row._progress_words.text() and partial.stat().st_size > 0)
    row._cancel.click()
    qtbot.waitUntil(lambda: not row.fetching)
    assert keys(window) == []
    part = partial.stat().st_size
    server.script.release.set()
    script = server.play(Script())
    with qtbot.waitSignal(window.weights.installed):
        row._fetch.click()
    assert [headers["Range"] for _, headers in script.asked] == [f"bytes={part}-"]
    assert (better / NAME).read_bytes() == BODY


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Script(status=404), "does not have"),
        (Script(body=OTHER), "not the right file"),
        (Script(cut_after=1000), "ended early"),
    ],
    ids=["404", "wrong hash", "truncated"],
)
def test_a_fetch_that_fails_says_what_to_do_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, server: Server, pictures: list[Path], script: Script, words: str
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    before = window.results.results()
    server.play(script)
    with qtbot.waitSignal(window.weights.fetch_failed):
        row_of(window)._fetch.click()
    assert words in message(window).text
    assert message(window).remedy
    assert not row_of(window).fetching
    assert row_of(window)._fetch.isVisibleTo(row_of(window))
    assert window.weights_panel.active == window.classify.weights_id == "imagenet-lite2"
    assert window.results.results() == before
    server.play(Script())
    with qtbot.waitSignal(window.weights.installed):
        press(window, "Fetch it")
    assert keys(window) == [f"installed-{PREFERRED_ID}"]


# --- importing ---


def test_the_file_of_a_set_is_taken_from_a_usb_stick(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "stick" / "copy.pth"
    chosen.parent.mkdir()
    chosen.write_bytes(OTHER)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(chosen), ""))
    with qtbot.waitSignal(window.weights.fetch_failed):
        row_of(window).import_file_requested.emit(PREFERRED_ID)
    assert NAME in message(window).remedy
    assert window.catalogue.entry(PREFERRED_ID).state is WeightsState.TO_BE_FETCHED
    chosen.write_bytes(BODY)
    with qtbot.waitSignal(window.weights.installed):
        press(window, "Choose its file…")
    assert window.catalogue.open(PREFERRED_ID).weights.id == PREFERRED_ID
    assert keys(window) == [f"installed-{PREFERRED_ID}"]


class FakeImport:
    """Stands in for the import of a person's own network; waits to be let go on, then fails or installs `own`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.error: WeightsError | None = None

    def __call__(self, request: ImportRequest, _catalogue: Catalogue, _cancel: CancelToken) -> Iterator[object]:
        self.begun.set()
        assert self.go_on.wait(20), "the test never let the import go on"
        if self.error is not None:
            raise self.error
        folder = self.catalogue.folder("own")
        folder.mkdir(parents=True)
        (folder / "own.safetensors").write_bytes(BODY)
        stored = WeightsFile("network", "own.safetensors", "user", len(BODY), sha256=DIGEST)
        own = replace(card_of(), id="own", title=request.name, family="custom", files=(stored,))
        (folder / "card.json").write_bytes(card_bytes(replace(own, preprocess_assumed=request.preprocess is None)))
        yield WeightsInstalled(self.catalogue.entry("own"))


@pytest.fixture
def own(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeImport]:
    made = FakeImport(catalogue)
    monkeypatch.setattr(weights_controller, "_import_own", made)
    yield made
    made.go_on.set()


def test_classifying_makes_way_for_an_import_and_goes_on_after(
    qtbot: QtBot, window: MainWindow, factory: FakeFactory, own: FakeImport, pictures: list[Path]
) -> None:
    gate = factory.gate = threading.Semaphore(0)
    drop(window, pictures)
    gate.release(2)
    qtbot.waitUntil(lambda: window.results.counts().done > 0)
    window.weights.import_own(OWN)
    gate.release(1)
    qtbot.waitUntil(own.begun.is_set)
    waiting = window.results.counts().pending
    assert waiting > 0
    gate.release(1000)
    with qtbot.waitSignal(window.weights.installed):
        own.go_on.set()
    wait_done(qtbot, window, 12)
    assert labels(window) == set(COLOURS)
    assert row_of(window, "own")._note.text() == "preprocessing assumed"
    press(window, "Use it")
    wait_done(qtbot, window, 12)
    assert {result.weights_id for result in window.results.results()} == {"own"}


def test_swapping_and_clearing_leave_an_import_alone(
    qtbot: QtBot, window: MainWindow, own: FakeImport, pictures: list[Path]
) -> None:
    drop(window, pictures)
    wait_done(qtbot, window, 12)
    window.weights.import_own(OWN)
    qtbot.waitUntil(own.begun.is_set)
    window.classify.choose_weights("weather-lite2")
    window.actions_by_name["clear"].trigger()
    drop(window, pictures)
    with qtbot.waitSignal(window.weights.installed):
        own.go_on.set()
    wait_done(qtbot, window, 12)
    assert labels(window) == {"crimson", "lime", "navy"}


def test_an_import_that_is_refused_says_why_and_classifying_goes_on(
    qtbot: QtBot, window: MainWindow, own: FakeImport, pictures: list[Path]
) -> None:
    own.error = WeightsError("weights-id-taken", id="own")
    window.weights.import_own(OWN)
    drop(window, pictures)
    with qtbot.waitSignal(window.weights.import_failed):
        own.go_on.set()
    assert "own" in message(window).text
    wait_done(qtbot, window, 12)


def test_a_real_resnet50_is_imported(qtbot: QtBot, window: MainWindow, tmp_path: Path, pictures: list[Path]) -> None:
    shapes = build_network("torchvision:resnet50", 2).state_dict()
    state = {key: torch.zeros(tensor.shape, dtype=torch.float16) for key, tensor in shapes.items()}
    torch.save(state, tmp_path / "pets.pth")
    (tmp_path / "pets.txt").write_text("cat\ndog\n")
    with qtbot.waitSignal(window.weights.installed, timeout=30_000):
        window.weights.import_own(
            ImportRequest(tmp_path / "pets.pth", tmp_path / "pets.txt", "My pets", "torchvision-v2")
        )
    row = row_of(window, "my-pets")
    assert row.radio.isEnabled()
    assert not row._note.isVisibleTo(row)
    press(window, "Use it")
    drop(window, pictures[:1])
    wait_done(qtbot, window, 1)
    assert window.results.results()[0].weights_id == "my-pets"
    window.classify.choose_weights("imagenet-lite2")
    wait_done(qtbot, window, 1)
    row.remove_requested.emit("my-pets")
    assert not window.catalogue.folder("my-pets").exists()
