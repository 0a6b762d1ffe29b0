"""What was in a decoder when a process died is known afterwards, and only that."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from model import in_flight as module
from model.in_flight import InFlight

PATHS = [Path("a.jpg"), Path(os.fsdecode(b"\xff.jpg") if os.name != "nt" else "b.jpg"), Path("new\nline.jpg")]


def keys(paths: Sequence[Path]) -> set[bytes]:
    return {os.fsencode(path) for path in paths}


DYING = """
import os, sys
from pathlib import Path
from model.in_flight import InFlight
notes = InFlight(Path(sys.argv[1]))
for name in sys.argv[2].split(","):
    notes.begin(Path(name))
for name in filter(None, sys.argv[3].split(",")):
    notes.finish(Path(name))
if sys.argv[4] == "close":
    notes.close()
os.kill(os.getpid(), 9)
"""


def let_one_die(folder: Path, begun: str, finished: str = "", end: str = "") -> None:
    command = [sys.executable, "-c", DYING, str(folder), begun, finished, end]
    assert subprocess.run(command, check=False).returncode != 0


def test_what_a_killed_process_had_begun_and_not_finished_is_suspect(tmp_path: Path) -> None:
    let_one_die(tmp_path, "a.jpg,b.jpg,c.jpg", "b.jpg")
    let_one_die(tmp_path, "d.jpg")
    notes = InFlight(tmp_path)
    suspects = notes.suspects()
    assert suspects == {b"a.jpg", b"c.jpg", b"d.jpg"}
    notes.finish(Path("a.jpg"))
    assert notes.suspects() == {b"c.jpg", b"d.jpg"}
    notes.close()
    again = InFlight(tmp_path)
    assert again.suspects() == {b"c.jpg", b"d.jpg"}, "what nobody tried is left for the next process"
    again.finish(Path("c.jpg"))
    again.finish(Path("d.jpg"))
    again.close()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_as_it_should_leaves_nothing(tmp_path: Path) -> None:
    let_one_die(tmp_path, "a.jpg,b.jpg", "", "close")
    assert list(tmp_path.iterdir()) == []
    assert InFlight(tmp_path).suspects() == frozenset()


def test_what_a_living_process_decodes_is_no_suspect(tmp_path: Path) -> None:
    mine, other = InFlight(tmp_path), InFlight(tmp_path)
    mine.begin(Path("a.jpg"))
    assert other.suspects() == frozenset()
    other.close()
    mine.close()


def test_names_are_kept_as_bytes_and_the_notes_stay_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONG", 500)
    notes = InFlight(tmp_path)
    for path in PATHS:
        notes.begin(path)
    for number in range(1000):
        notes.begin(Path(f"{number}.jpg"))
        notes.finish(Path(f"{number}.jpg"))
    (file,) = tmp_path.glob("*.paths")
    assert file.stat().st_size < 1000
    assert module._read(file) == keys(PATHS)
    notes.close()


def test_a_note_cut_off_by_the_crash_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "1-a.paths").write_bytes(b"+a.jpg\0+b.jp")
    notes = InFlight(tmp_path)
    assert notes.suspects() == {b"a.jpg"}
    notes.close()


def test_two_processes_do_not_try_the_same_picture(tmp_path: Path) -> None:
    let_one_die(tmp_path, "a.jpg")
    first, second = InFlight(tmp_path), InFlight(tmp_path)
    assert (first.suspects(), second.suspects()) == ({b"a.jpg"}, frozenset())
    first.close()
    second.close()


def test_threads_note_at_once(tmp_path: Path) -> None:
    notes = InFlight(tmp_path)

    def decode(name: str) -> None:
        for number in range(200):
            notes.begin(Path(f"{name}{number}"))
            if number % 50:
                notes.finish(Path(f"{name}{number}"))

    threads = [threading.Thread(target=decode, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (file,) = tmp_path.glob("*.paths")
    assert module._read(file) == {f"{name}{number}".encode() for name in "abc" for number in (0, 50, 100, 150)}
    notes.close()


def test_where_nothing_can_be_written_nothing_is_noted_and_the_run_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    notes = InFlight(tmp_path / "file" / "notes")
    for path in PATHS:
        notes.begin(path)
        notes.finish(path)
    notes.close()
    assert len([record for record in caplog.records if record.name == "model.in_flight"]) == 1
