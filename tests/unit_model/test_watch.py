"""watch(): new pictures are given once they are whole, whatever becomes of the folders and of the system's help."""

import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest
from fakes import write_picture

from model import watch as watch_module
from model.cancel import CancelToken
from model.types import Notice, ScanBatch
from model.watch import PicturesChanged, WatchEvent, WatchState, WatchTimes, watch
from model.watch_source import WatchMode

PATIENCE = 20.0
TIMES = WatchTimes()
LONG_AGO = 1_000_000_000

Step = Callable[[], AbstractSet[str]]


class Desk:
    """A system that tells of changes as the test says, on a clock of the test's; each step is one value of the source.

    When there are no more steps the watch is cancelled.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        self.steps: deque[Step | Exception] = deque()
        self.asked: list[tuple[tuple[Path, ...], WatchMode]] = []
        self.cancel = CancelToken()
        self.events: list[WatchEvent] = []

    def then(self, *steps: Step | Exception) -> "Desk":
        self.steps.extend(steps)
        return self

    def tells(self, *names: str, after: float = 0.0) -> Step:
        """The system tells of these names in the folder, after so many seconds."""

        def step() -> AbstractSet[str]:
            self.now += after
            return {str(self.folder / name) for name in names}

        return step

    def waits(self, seconds: float) -> Step:
        return self.tells(after=seconds)

    def does(self, action: Callable[[], object], *names: str) -> Step:
        """Something happens in the folder of which the system tells by these names."""

        def step() -> AbstractSet[str]:
            action()
            return {str(self.folder / name) for name in names}

        return step

    def source(
        self, folders: Sequence[Path], _recursive: bool, mode: WatchMode, _poll: float, cancel: CancelToken
    ) -> Iterator[AbstractSet[str]]:
        self.asked.append((tuple(folders), mode))
        while self.steps:
            step = self.steps.popleft()
            if isinstance(step, Exception):
                raise step
            yield step()
        cancel.cancel()

    def run(self, *folders: Path, recursive: bool = True, listed: AbstractSet[str] = frozenset()) -> "Desk":
        chosen = folders or (self.folder,)
        self.events = list(
            watch(
                chosen,
                recursive=recursive,
                cancel=self.cancel,
                listed=listed,
                changes=self.source,
                clock=lambda: self.now,
            )
        )
        return self

    @property
    def found(self) -> list[str]:
        """The pictures given, below the folder."""
        batches = [event for event in self.events if isinstance(event, ScanBatch)]
        return [found.path.relative_to(self.folder).as_posix() for batch in batches for found in batch.found]

    @property
    def changed(self) -> list[str]:
        return [path.name for event in self.events if isinstance(event, PicturesChanged) for path in event.paths]

    @property
    def told(self) -> list[str]:
        return [event.problem.code for event in self.events if isinstance(event, Notice)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "watched"
    folder.mkdir()
    return Desk(folder)


def old(path: Path) -> Path:
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def jpeg(path: Path) -> bytes:
    """The bytes of a JPEG picture; no file is left."""
    data = write_picture(path.with_suffix(".jpg"), size=(400, 300)).read_bytes()
    path.with_suffix(".jpg").unlink()
    return data


# --- what is there, and what comes ---


def test_what_is_there_comes_at_once_and_what_is_added_when_it_has_settled(desk: Desk) -> None:
    for number in range(3):
        old(write_picture(desk.folder / f"{number}.png"))
    new = desk.folder / "new.png"
    desk.then(
        desk.waits(0),
        desk.does(lambda: write_picture(new), "new.png"),
        desk.waits(1.9),
        desk.does(lambda: pytest.fail("too early") if "new.png" in desk.found else None),
        desk.waits(0.2),
    ).run()
    assert desk.found == ["0.png", "1.png", "2.png", "new.png"]
    assert desk.told == []


def test_what_the_caller_has_listed_is_not_given(desk: Desk) -> None:
    listed = old(write_picture(desk.folder / "known.png"))
    old(write_picture(desk.folder / "other.png"))
    desk.then(desk.waits(0)).run(listed=frozenset({os.path.realpath(listed)}))
    assert desk.found == ["other.png"]


def test_what_was_written_just_before_the_watch_began_has_to_settle(desk: Desk) -> None:
    write_picture(desk.folder / "fresh.png")
    early = Desk(desk.folder).then(desk.waits(0)).run()
    assert early.found == []
    assert desk.then(desk.waits(0), desk.waits(2.1)).run().found == ["fresh.png"]


def test_a_picture_that_is_copied_slowly_is_given_once_and_whole(desk: Desk) -> None:
    data = jpeg(desk.folder / "a")
    target = desk.folder / "a.jpg"
    sizes: list[int] = []

    def write(share: float) -> Callable[[], object]:
        def some() -> None:
            target.write_bytes(data[: int(share * len(data))])
            sizes.append(target.stat().st_size)

        return some

    desk.then(desk.waits(0))
    for tenth in range(1, 11):
        desk.then(desk.does(write(tenth / 10), "a.jpg"), desk.waits(1.9))
    desk.then(desk.waits(0.1), desk.waits(2.0)).run()
    assert desk.found == ["a.jpg"]
    assert len(set(sizes)) == 10
    assert desk.changed == []


def test_a_copy_that_pauses_in_the_middle_is_waited_for(desk: Desk) -> None:
    data = jpeg(desk.folder / "a")
    target = desk.folder / "a.jpg"
    half = desk.does(lambda: target.write_bytes(data[: len(data) // 2]), "a.jpg")
    desk.then(desk.waits(0), half, *[desk.waits(2.5)] * 8).run()
    assert desk.found == [], "20 s without a byte"
    again = Desk(desk.folder)
    target.unlink()
    half = again.does(lambda: target.write_bytes(data[: len(data) // 2]), "a.jpg")
    rest = again.does(lambda: target.write_bytes(data), "a.jpg")
    again.then(again.waits(0), half, *[again.waits(2.5)] * 8, rest, *[again.waits(2.5)] * 2).run()
    assert again.found == ["a.jpg"]


def test_a_damaged_picture_is_given_in_the_end_for_its_row_to_say_so(desk: Desk) -> None:
    target = desk.folder / "a.jpg"
    desk.then(desk.waits(0), desk.does(lambda: target.write_bytes(b"\xff\xd8\xff\xe0 no more"), "a.jpg"))
    desk.then(*[desk.waits(2.5)] * 14).run()
    assert desk.found == ["a.jpg"]


def test_a_picture_renamed_into_place_is_given_by_its_last_name(desk: Desk) -> None:
    part = desk.folder / "a.png.part"

    def write() -> None:
        write_picture(desk.folder / "x.png").rename(part)

    def rename() -> None:
        part.rename(desk.folder / "a.png")

    desk.then(desk.waits(0), desk.does(write, "a.png.part"), desk.waits(5))
    desk.then(desk.does(rename, "a.png.part", "a.png"), desk.waits(2.1)).run()
    assert desk.found == ["a.png"]


def test_a_new_folder_is_read_for_files_of_which_nothing_was_told(desk: Desk) -> None:
    def make() -> None:
        write_picture(desk.folder / "in" / "deep" / "a.png")

    desk.then(desk.waits(0), desk.does(make, "in"), desk.waits(2.1)).run()
    assert desk.found == ["in/deep/a.png"]


def test_without_subfolders_new_folders_are_left_alone(desk: Desk) -> None:
    def make() -> None:
        write_picture(desk.folder / "in" / "a.png")
        write_picture(desk.folder / "b.png")

    desk.then(desk.waits(0), desk.does(make, "in", "b.png"), desk.waits(2.1), desk.waits(60)).run(recursive=False)
    assert desk.found == ["b.png"]


def test_hundreds_of_files_at_once_are_all_given_once(desk: Desk) -> None:
    names = [f"{number:03d}.png" for number in range(700)]

    def make() -> None:
        first = write_picture(desk.folder / names[0])
        for name in names[1:]:
            shutil.copy(first, desk.folder / name)

    desk.then(desk.waits(0), desk.does(make, *names), desk.tells(*names, after=1.0), desk.waits(1.1)).run()
    assert sorted(desk.found) == names


def test_files_that_are_no_pictures_and_hidden_ones_are_left_out(desk: Desk) -> None:
    def make() -> None:
        (desk.folder / "notes.txt").write_text("no picture")
        (desk.folder / "film.mp4").write_bytes(b"\0" * 1000)
        write_picture(desk.folder / ".hidden.png")
        write_picture(desk.folder / ".cache" / "thumbnail.png")
        write_picture(desk.folder / "x.png").rename(desk.folder / "without extension")
        os.mkfifo(desk.folder / "pipe.png")

    names = ("notes.txt", "film.mp4", ".hidden.png", ".cache", ".cache/thumbnail.png", "without extension", "pipe.png")
    desk.then(desk.waits(0), desk.does(make, *names), desk.waits(2.1)).run()
    assert desk.found == ["without extension"]


def test_a_file_that_vanishes_before_it_is_whole_is_forgotten(desk: Desk) -> None:
    target = desk.folder / "a.png"
    desk.then(desk.waits(0), desk.does(lambda: write_picture(target), "a.png"), desk.does(target.unlink, "a.png"))
    assert desk.then(desk.waits(5), desk.waits(60)).run().found == []


def test_a_picture_that_is_written_anew_is_told_as_changed(desk: Desk) -> None:
    target = old(write_picture(desk.folder / "a.png"))
    desk.then(desk.waits(0), desk.does(lambda: write_picture(target, (0, 0, 9), (30, 30)), "a.png"), desk.waits(2.1))
    desk.then(desk.does(lambda: target.chmod(0o600), "a.png"), desk.waits(2.1)).run()
    assert desk.found == ["a.png"]
    assert desk.changed == ["a.png"], "and not once more for other rights"


def test_what_the_system_did_not_tell_of_is_found_by_listing(desk: Desk) -> None:
    desk.then(desk.waits(0), desk.does(lambda: write_picture(desk.folder / "a.png")), desk.waits(30))
    desk.then(desk.waits(31), desk.waits(2.1)).run()
    assert desk.found == ["a.png"]


# --- the folders ---


def test_a_folder_that_goes_and_comes_back_is_watched_again(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    away = tmp_path / "away"

    def back() -> None:
        write_picture(away / "b.png")
        away.rename(desk.folder)

    desk.then(desk.waits(0), desk.does(lambda: desk.folder.rename(away)), desk.waits(2.1))
    desk.then(desk.waits(2.1), desk.does(back), desk.waits(2.1), desk.waits(0), desk.waits(2.1))
    desk.run(desk.folder, other)
    assert desk.told == ["watch-folder-gone", "watch-folder-back"]
    assert [folders for folders, _ in desk.asked] == [(desk.folder, other), (other,), (other, desk.folder)]
    assert desk.found == ["b.png"]


def test_when_all_folders_are_gone_they_are_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "not yet"
    cancel = CancelToken()
    events: list[WatchEvent] = []
    for event in watch([folder], recursive=True, cancel=cancel, times=WatchTimes(look=0.05, settle=0.05)):
        events.append(event)
        if isinstance(event, WatchState) and not event.folders:
            old(write_picture(folder / "a.png"))
        if isinstance(event, ScanBatch):
            cancel.cancel()
    told = [event.problem.code for event in events if isinstance(event, Notice)]
    assert told == ["watch-folder-gone", "watch-folder-back"]


def test_another_folder_in_the_place_of_the_watched_one_is_watched(desk: Desk, tmp_path: Path) -> None:
    def swap() -> None:
        desk.folder.rename(tmp_path / "away")
        old(write_picture(desk.folder / "a.png"))

    desk.then(desk.waits(0), desk.does(swap), desk.waits(2.1), desk.waits(0), desk.waits(2.1)).run()
    assert len(desk.asked) == 2, "the system has to be asked anew"
    assert desk.found == ["a.png"]


def test_a_folder_that_may_not_be_read_any_more_is_told_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real, shut = os.scandir, threading.Event()

    def scandir(folder: str | Path) -> object:
        if shut.is_set() and Path(folder) == desk.folder:
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(watch_module.os, "scandir", scandir)
    desk.then(desk.waits(0), desk.does(shut.set), desk.waits(2.1), desk.waits(2.1))
    desk.then(desk.does(shut.clear), desk.waits(2.1)).run()
    assert desk.told == ["watch-folder-unreadable", "watch-folder-back"]
    reason = dict(next(event.problem.params for event in desk.events if isinstance(event, Notice)))["reason"]
    assert reason == "Permission denied"


def test_a_subfolder_that_cannot_be_read_is_told_of_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "shut").mkdir()
    real = os.scandir

    def scandir(folder: str | Path) -> object:
        if str(folder).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(watch_module.os, "scandir", scandir)
    desk.then(desk.waits(0), desk.waits(61), desk.waits(61)).run()
    assert desk.told == ["scan-folder-unreadable"]


# --- where the system does not help ---


def test_at_the_limit_of_watches_the_folders_are_polled_and_it_is_said(desk: Desk) -> None:
    desk.then(OSError(28, "No space left on device"), desk.waits(0))
    desk.then(desk.does(lambda: write_picture(desk.folder / "a.png")), desk.waits(5.1), desk.waits(2.1)).run()
    assert [mode for _, mode in desk.asked] == [WatchMode.NATIVE, WatchMode.POLLING]
    assert desk.told == ["watch-polls"]
    assert [event.mode for event in desk.events if isinstance(event, WatchState)][-1] is WatchMode.POLLING
    assert desk.found == ["a.png"]


def test_a_limit_that_is_reached_later_loses_nothing(desk: Desk) -> None:
    desk.then(desk.waits(0), desk.does(lambda: write_picture(desk.folder / "a.png")))
    desk.then(RuntimeError("OS file watch limit reached."), desk.waits(0), desk.waits(2.1)).run()
    assert desk.told == ["watch-polls"]
    assert desk.found == ["a.png"]


def test_where_even_polling_fails_the_folders_are_listed(desk: Desk) -> None:
    encoding = UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed")
    desk.then(encoding, RuntimeError("no"), desk.waits(0), desk.does(lambda: write_picture(desk.folder / "a.png")))
    desk.then(desk.waits(5.1), desk.waits(2.1)).run()
    assert [mode for _, mode in desk.asked] == [WatchMode.NATIVE, WatchMode.POLLING, WatchMode.LISTING]
    assert desk.told == ["watch-polls"]
    assert desk.found == ["a.png"]
