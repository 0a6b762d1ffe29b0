"""Fetches and imports as jobs: one at a time, each ended once, none in the way of classifying."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from weights_makers import entry, to_fetch

from gui import weights_controller
from gui.import_request import ImportRequest
from gui.settings import Settings
from gui.weights_controller import WeightsController
from gui.worker import JobRunner
from model import archive_import, download, weight_archive
from model.cancel import CancelToken
from model.errors import WeightsError
from model.types import ArchiveSaved, CatalogueEntry, DownloadProgress, WeightsInstalled
from model.weights import Catalogue


class FakeFetch:
    """Stands in for `fetch_weights`: waits until it is cancelled or let go on, and counts what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.go_on = threading.Event()
        self.error: Exception | None = None

    def __call__(
        self, wanted: CatalogueEntry, _catalogue: Catalogue, *, mirror: str | None, cancel: CancelToken
    ) -> Iterator[DownloadProgress | WeightsInstalled]:
        self.asked.append((wanted.weights.id, mirror))
        yield DownloadProgress(1, 2, None)
        while not self.go_on.wait(0.005):
            cancel.raise_if_cancelled()
        if self.error is not None:
            raise self.error
        yield WeightsInstalled(entry(wanted.weights))


class Desk:
    """The controller, and what it told."""

    def __init__(self, root: Path) -> None:
        self.fetches = JobRunner("fetches")
        self.compute = JobRunner("compute")
        self.settings = Settings(QSettings(str(root / "settings.ini"), QSettings.Format.IniFormat))
        catalogue = Catalogue(root / "user", root / "hub", shipped_dir=root)
        self.controller = WeightsController(catalogue, self.fetches, self.compute, self.settings)
        self.told: list[str] = []
        self.progress: list[DownloadProgress] = []
        self.controller.progressed.connect(lambda _weights_id, progress: self.progress.append(progress))
        self.controller.ended.connect(lambda weights_id: self.told.append(f"ended {weights_id}"))
        self.controller.installed.connect(lambda installed: self.told.append(f"installed {installed.weights.id}"))
        self.controller.fetch_failed.connect(lambda weights_id, _problem: self.told.append(f"failed {weights_id}"))
        self.controller.import_failed.connect(lambda problem: self.told.append(f"refused {problem.code}"))
        self.controller.import_ended.connect(lambda: self.told.append("import ended"))
        self.controller.compute_wanted.connect(lambda: self.told.append("wanted"))
        self.controller.compute_queued.connect(lambda: self.told.append(f"queued, busy {self.compute.busy}"))


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch) -> FakeFetch:
    made = FakeFetch()
    monkeypatch.setattr(download, "fetch_weights", made)
    return made


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path, fetch: FakeFetch) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    fetch.go_on.set()
    for runner in (made.fetches, made.compute):
        runner.shutdown()
        assert runner.wait(5000)


def test_there_is_something_to_show_and_to_stop_before_the_server_answers(desk: Desk) -> None:
    desk.controller.fetch(to_fetch("a"))
    assert desk.progress == [DownloadProgress(0, None, None)]
    assert desk.controller.is_fetching("a")


def test_a_set_is_fetched_once_and_from_the_mirror(qtbot: QtBot, desk: Desk, fetch: FakeFetch) -> None:
    desk.settings.mirror_url = "http://mirror.example/weights"
    desk.controller.fetch(to_fetch("a"))
    desk.controller.fetch(to_fetch("a"))
    fetch.go_on.set()
    qtbot.waitUntil(lambda: not desk.fetches.busy)
    assert fetch.asked == [("a", "http://mirror.example/weights")]
    assert desk.told == ["installed a", "ended a"]
    assert not desk.controller.is_fetching("a")


def test_a_fetch_that_waits_for_another_is_cancelled_at_once(qtbot: QtBot, desk: Desk, fetch: FakeFetch) -> None:
    desk.controller.fetch(to_fetch("a"))
    desk.controller.fetch(to_fetch("b"))
    desk.controller.cancel_fetch("b")
    assert desk.told == ["ended b"]
    assert desk.controller.is_fetching("a")
    fetch.go_on.set()
    qtbot.waitUntil(lambda: not desk.fetches.busy)
    assert fetch.asked == [("a", None)]
    assert desk.told == ["ended b", "installed a", "ended a"]


def test_a_cancelled_fetch_ends_quietly_and_lets_the_next_one_begin(qtbot: QtBot, desk: Desk, fetch: FakeFetch) -> None:
    desk.controller.fetch(to_fetch("a"))
    desk.controller.fetch(to_fetch("b"))
    qtbot.waitUntil(lambda: len(fetch.asked) == 1)
    desk.controller.cancel_fetch("a")
    qtbot.waitUntil(lambda: len(fetch.asked) == 2)
    qtbot.waitUntil(lambda: desk.told == ["ended a"])
    desk.controller.cancel_fetch("no such set")


@pytest.mark.parametrize("error", [WeightsError("weights-name-empty"), RuntimeError("a bug")])
def test_a_fetch_that_fails_is_over(qtbot: QtBot, desk: Desk, fetch: FakeFetch, error: Exception) -> None:
    fetch.error = error
    fetch.go_on.set()
    with qtbot.waitSignal(desk.controller.ended):
        desk.controller.fetch(to_fetch("a"))
    assert not desk.controller.is_fetching("a")
    assert desk.told == ["ended a"] + (["failed a"] if isinstance(error, WeightsError) else [])


@pytest.mark.parametrize("error", [None, WeightsError("weights-name-empty"), RuntimeError("a bug")])
def test_an_import_takes_its_place_before_classifying_and_always_ends(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    def importing(*_args: object) -> Iterator[object]:
        if error is not None:
            raise error
        yield WeightsInstalled(entry("own"))

    monkeypatch.setattr(weights_controller, "_import_own", importing)
    with qtbot.waitSignal(desk.controller.import_ended):
        desk.controller.import_own(ImportRequest(Path("net.pth"), Path("labels.txt"), "Own"))
        assert desk.controller.importing
        assert desk.told == ["wanted", "queued, busy True"]
    assert not desk.controller.importing
    result = {
        type(None): ["installed own", "import ended"],
        WeightsError: ["import ended", "refused weights-name-empty"],
        RuntimeError: ["import ended"],
    }
    assert desk.told[2:] == result[type(error)]


def test_an_archive_that_is_here_already_is_told_and_changes_nothing(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def importing(*_args: object) -> Iterator[object]:
        yield WeightsInstalled(entry("own"), was_there=True)

    monkeypatch.setattr(weights_controller, "_import_own", importing)
    with qtbot.assertNotEmitted(desk.controller.changed), qtbot.waitSignal(desk.controller.already_there) as told:
        desk.controller.import_own(ImportRequest(Path("pets.zip")))
    assert told.args[0].weights.id == "own"


def test_an_import_is_of_a_checkpoint_or_of_an_archive(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def importing(path: Path, _catalogue: Catalogue, *, cancel: CancelToken) -> Iterator[object]:
        asked.append(path)
        yield WeightsInstalled(entry("pets"))

    monkeypatch.setattr(archive_import, "import_archive", importing)
    with qtbot.waitSignal(desk.controller.import_ended):
        desk.controller.import_own(ImportRequest(Path("pets.zip")))
    assert asked == [Path("pets.zip")]
    assert "installed pets" in desk.told


@pytest.mark.parametrize("error", [None, WeightsError("archive-built-in", id="a"), RuntimeError("a bug")])
def test_saving_an_archive_always_ends(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    def saving(
        _catalogue: Catalogue, weights_id: str, target: Path, *, cancel: CancelToken, overwrite: bool
    ) -> Iterator[object]:
        assert overwrite, "the file chooser has asked"
        yield DownloadProgress(1, 2, None)
        if error is not None:
            raise error
        yield ArchiveSaved(entry(weights_id).weights, target, 7)

    monkeypatch.setattr(weight_archive, "export_archive", saving)
    told: list[object] = []
    desk.controller.archive_saved.connect(lambda saved: told.append((saved.weights.id, saved.target)))
    desk.controller.archive_failed.connect(lambda weights_id, problem: told.append((weights_id, problem.code)))
    with qtbot.waitSignal(desk.controller.archive_ended) as ended:
        desk.controller.save_archive("a", Path("a.zip"))
    assert ended.args == ["a"]
    qtbot.waitUntil(lambda: not desk.fetches.busy)
    expected = {type(None): [("a", Path("a.zip"))], WeightsError: [("a", "archive-built-in")], RuntimeError: []}
    assert told == expected[type(error)]
