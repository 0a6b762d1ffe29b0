"""watch() with the real library, on real files: what the system tells of, and when."""

import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import write_picture

from model.cancel import Cancelled, CancelToken
from model.types import Notice, ScanBatch
from model.watch import WatchEvent, WatchState, WatchTimes, watch

PATIENCE = 20.0
LONG_AGO = 1_000_000_000
QUICK = WatchTimes(settle=0.1, patience=0.5, look=0.1, poll=0.1)


class Watching:
    """A real watch on a thread."""

    def __init__(self, *folders: Path, times: WatchTimes = QUICK) -> None:
        self.cancel = CancelToken()
        self.events: list[WatchEvent] = []
        self.problems: list[BaseException] = []
        self._folders, self._times = folders, times
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        self.wait_for(lambda: any(isinstance(event, WatchState) for event in self.events))

    def _run(self) -> None:
        try:
            for event in watch(self._folders, recursive=True, cancel=self.cancel, times=self._times):
                self.events.append(event)
        except Cancelled:
            pass
        except BaseException as exc:  # noqa: BLE001 - it fails the test, on its thread
            self.problems.append(exc)

    @property
    def found(self) -> list[str]:
        events = list(self.events)
        return sorted(found.path.name for event in events if isinstance(event, ScanBatch) for found in event.found)

    def wait_for(self, state: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not state():
            assert self.problems == []
            assert time.monotonic() < deadline, self.events
            threading.Event().wait(0.02)

    def end(self) -> None:
        self.cancel.cancel()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        assert self.problems == []


@pytest.mark.parametrize("forced", ["", "1"])
def test_real_files_in_real_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forced: str) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", forced)
    folder = tmp_path / "watched"
    os.utime(write_picture(folder / "there.png"), (LONG_AGO, LONG_AGO))
    watching = Watching(folder)
    try:
        watching.wait_for(lambda: watching.found == ["there.png"])
        write_picture(folder / "new.png")
        write_picture(folder / "sub" / "deeper" / "nested.png")
        write_picture(tmp_path / "elsewhere.png").rename(folder / "moved.png")
        (tmp_path / "tree").mkdir()
        write_picture(tmp_path / "tree" / "in tree.png")
        (tmp_path / "tree").rename(folder / "tree")
        (folder / "no picture.txt").write_text("x")
        expected = ["in tree.png", "moved.png", "nested.png", "new.png", "there.png"]
        watching.wait_for(lambda: watching.found == expected)
        shutil.rmtree(folder / "sub")
        write_picture(folder / "sub" / "again.png")
        watching.wait_for(lambda: watching.found == sorted([*expected, "again.png"]))
    finally:
        watching.end()


def test_hundreds_of_real_files_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    picture = write_picture(tmp_path / "a.png").read_bytes()
    watching = Watching(folder)
    try:
        for number in range(600):
            place = folder / f"{number % 20}"
            place.mkdir(exist_ok=True)
            (place / f"{number:04d}.png").write_bytes(picture)
        watching.wait_for(lambda: len(watching.found) >= 600)
        assert watching.found == [f"{number:04d}.png" for number in range(600)]
    finally:
        watching.end()


def test_a_real_folder_that_is_moved_away_and_back(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    watching = Watching(folder)

    def told() -> list[str]:
        return [event.problem.code for event in list(watching.events) if isinstance(event, Notice)]

    try:
        folder.rename(tmp_path / "away")
        watching.wait_for(lambda: told() == ["watch-folder-gone"])
        (tmp_path / "away").rename(folder)
        watching.wait_for(lambda: told() == ["watch-folder-gone", "watch-folder-back"])
        write_picture(folder / "a.png")
        watching.wait_for(lambda: watching.found == ["a.png"])
    finally:
        watching.end()


LIMITED = """
import json, os, sys
from pathlib import Path
from model.cancel import CancelToken
from model.types import Notice, ScanBatch
from model.watch import WatchState, WatchTimes, watch
folder = Path(sys.argv[1])
cancel = CancelToken()
told, modes = [], []
times = WatchTimes(settle=0.1, patience=0.5, look=0.1, poll=0.2)
for event in watch([folder], recursive=True, cancel=cancel, times=times):
    if isinstance(event, WatchState):
        modes.append(event.mode.value)
        if event.mode.value == "polling":
            os.rename(folder.with_name("new.png"), folder / "39" / "new.png")
    elif isinstance(event, Notice):
        told.append(event.problem.code)
    elif isinstance(event, ScanBatch):
        cancel.cancel()
print(json.dumps([modes, told]))
"""


def test_the_real_limit_of_the_system(tmp_path: Path) -> None:
    """In a name space of its own a process may lower its limit."""
    for number in range(40):
        (tmp_path / "watched" / f"{number}").mkdir(parents=True)
    write_picture(tmp_path / "new.png")
    limit = "echo 10 > /proc/sys/user/max_inotify_watches"
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Ur", "sh", "-c", limit], check=False).returncode:
        pytest.skip("no name space of its own may be made here")
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "watched")]
    run = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", f"{limit}; exec {shlex.join(command)}"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [["native", "polling"], ["watch-polls"]]


def test_changes_are_not_logged_lest_a_watched_log_change_by_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "watched"
    folder.mkdir()
    watching = Watching(folder)
    try:
        write_picture(folder / "a.png")
        watching.wait_for(lambda: watching.found == ["a.png"])
    finally:
        watching.end()
    assert [record for record in caplog.records if record.name.startswith("watchfiles")] == []
