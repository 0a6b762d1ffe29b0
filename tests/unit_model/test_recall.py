"""What a run gets out of the store when the disk, another process or another version stands in the way."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fakes import make_result, write_picture
from store_samples import WEIGHTS, identities_of

from model import recall as module
from model import store_schema
from model.cancel import CancelToken
from model.errors import HistoryError
from model.history import clear_history, limit_history
from model.recall import ResultMemory
from model.store import ResultStore
from model.store_rows import Lookup
from model.types import ImageResult, ResultBatch

LOOKUP = Lookup(WEIGHTS, 3)


def keep(memory: ResultMemory, *paths: Path) -> list[ImageResult]:
    results = [make_result(path, WEIGHTS, 0.7, 0.2, 0.1) for path in paths]
    memory.keep(results, WEIGHTS, identities_of(*paths))
    return results


def recalled(memory: ResultMemory, *paths: Path) -> list[ImageResult]:
    batches = [item for item in memory.recall(paths, LOOKUP) if isinstance(item, ResultBatch)]
    return [result for batch in batches for result in batch.results]


def codes(memory: ResultMemory) -> list[str]:
    return [problem.code for problem in memory.take_problems()]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(store_schema, "BUSY_SECONDS", 0.01)
    return tmp_path / "s.sqlite3"


def test_what_a_locked_store_did_not_take_is_written_with_the_next_batch(file: Path, tmp_path: Path) -> None:
    first, second = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png", (0, 0, 9))
    memory = ResultMemory(file)
    assert recalled(memory, first) == []
    with locked(file):
        kept = keep(memory, first)
        assert recalled(memory, first) == [], "it waits"
    kept += keep(memory, second)
    assert recalled(memory, first, second) == kept
    assert codes(memory) == [], "which is nobody's concern"
    memory.close()


@contextmanager
def locked_against_all(file: Path) -> Iterator[None]:
    """Nobody can even open it, as while another process makes room in it."""
    ResultStore(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE limits SET value = value")
        yield
        other.execute("ROLLBACK")


def test_what_cannot_even_be_opened_takes_the_results_later(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [write_picture(tmp_path / f"{number}.png", (number, 0, 0)) for number in range(3)]
    opened: list[Path] = []
    real = ResultStore.__init__

    def noted(self: ResultStore, at: Path) -> None:
        opened.append(at)
        real(self, at)

    memory = ResultMemory(file)
    with locked_against_all(file):
        monkeypatch.setattr(ResultStore, "__init__", noted)
        kept = [keep(memory, picture)[0] for picture in pictures]
        assert len(opened) == 1, "each batch would wait for the lock"
        memory.settle()
        assert codes(memory) == ["store-locked"]
    memory.settle()
    assert recalled(memory, *pictures) == kept
    memory.close()


def test_at_the_end_of_a_run_the_user_hears_of_what_waits(file: Path, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    memory = ResultMemory(file)
    recalled(memory, picture)
    with locked(file):
        kept = keep(memory, picture)
        assert codes(memory) == [], "it may be a moment only"
        memory.settle()
        assert codes(memory) == ["store-locked"]
    memory.close()
    again = ResultMemory(file)
    assert recalled(again, picture) == kept
    again.close()


def test_what_waits_is_written_at_the_end(file: Path, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    memory = ResultMemory(file)
    recalled(memory, picture)
    with locked(file):
        kept = keep(memory, picture)
    memory.close()
    again = ResultMemory(file)
    assert recalled(again, picture) == kept
    again.close()


def test_what_waits_is_bounded(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    pictures = [write_picture(tmp_path / f"{number}.png", (number, 0, 0)) for number in range(5)]
    memory = ResultMemory(file)
    recalled(memory, *pictures)
    with locked(file):
        kept = [keep(memory, picture)[0] for picture in pictures]
        assert codes(memory) == ["store-locked"]
    memory.close()
    again = ResultMemory(file)
    assert recalled(again, *pictures) == kept[2:], "the oldest of them were given up"
    again.close()


def test_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again(file: Path, tmp_path: Path) -> None:
    pictures = [write_picture(tmp_path / f"{number}.png", (number, 0, 0)) for number in range(200)]
    memory = ResultMemory(file)
    recalled(memory, *pictures)
    assert memory._store is not None
    connection = memory._store._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    kept = keep(memory, *pictures[:100])
    kept += keep(memory, *pictures[100:])
    assert codes(memory) == ["store-full"]
    assert recalled(memory, *pictures) == []
    connection.execute("PRAGMA max_page_count = 100000")
    more = write_picture(tmp_path / "more.png", (0, 9, 9))
    kept += keep(memory, more)
    assert recalled(memory, *pictures, more) == kept
    memory.close()


def test_a_damaged_store_is_told_and_begun_anew(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"this is no database" * 100)
    picture = write_picture(tmp_path / "a.png")
    memory = ResultMemory(file)
    kept = keep(memory, picture)
    assert recalled(memory, picture) == kept
    (problem,) = memory.take_problems()
    assert (problem.code, problem.params) == ("store-damaged", (("file", "s.sqlite3.damaged"),))
    memory.close()


def test_a_store_of_a_later_version_is_told_of(file: Path) -> None:
    ResultStore(file).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {store_schema.SCHEMA_VERSION + 1}")
    memory = ResultMemory(file)
    assert recalled(memory, file) == []
    assert codes(memory) == ["store-newer"]
    assert not memory.works


READ_ONLY = """
import os, sys
from pathlib import Path
folder, tests = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, tests); sys.path.insert(0, tests + "/unit_model")
from test_recall import LOOKUP, codes, keep, recalled
from model import picture_file
from model.recall import ResultMemory
if os.getuid() == 0:  # to whom nothing is forbidden
    os.setgid(65534); os.setuid(65534)
memory = ResultMemory(folder / "s.sqlite3")
picture = folder / "a.png"
print(keep(memory, picture)[0].path == picture, recalled(memory, picture), codes(memory), codes(memory))
"""


@pytest.mark.skipif(os.name == "nt", reason="folders are not write-protected that way")
@pytest.mark.parametrize("there", [False, True])
def test_a_read_only_data_folder_costs_only_the_memory_and_is_told(
    there: bool,
) -> None:
    with tempfile.TemporaryDirectory() as name:  # where others may look in, which pytest's folders do not allow
        folder = Path(name)
        folder.chmod(0o755)
        write_picture(folder / "a.png").chmod(0o644)
        if there:
            with closing(ResultStore(folder / "s.sqlite3")):
                pass
            (folder / "s.sqlite3").chmod(0o444)
        folder.chmod(0o555)
        tests = str(Path(__file__).parents[1])
        command = [sys.executable, "-c", READ_ONLY, name, tests]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(tests).parent)
        folder.chmod(0o755)
    assert done.stdout.strip() == "True [] ['store-fails'] []", done.stderr


def test_clearing_and_limiting_say_when_they_fail(file: Path) -> None:
    ResultStore(file).close()
    with locked(file):
        with pytest.raises(HistoryError, match="history of results could not be changed"):
            list(clear_history(file, CancelToken()))
        with pytest.raises(HistoryError, match="locked"):
            list(limit_history(file, 1 << 20, CancelToken()))
    with pytest.raises(HistoryError):
        list(clear_history(file / "below a file", CancelToken()))


def test_a_run_goes_on_while_its_history_is_cleared_and_what_follows_is_kept(file: Path, tmp_path: Path) -> None:
    first, second = write_picture(tmp_path / "a.png"), write_picture(tmp_path / "b.png", (0, 0, 9))
    memory = ResultMemory(file)
    keep(memory, first)
    list(clear_history(file, CancelToken()))
    kept = keep(memory, second)
    assert recalled(memory, first, second) == kept
    memory.close()
    again = ResultMemory(file)
    assert recalled(again, first, second) == kept
    again.close()


def test_a_large_run_keeps_to_the_limit_as_it_goes(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PRUNE_EVERY", 50)
    memory = ResultMemory(file)
    list(limit_history(file, 60_000, CancelToken()))
    pictures = [write_picture(tmp_path / f"{number}.png", (number, 0, 0)) for number in range(250)]
    for start in range(0, 250, 50):
        keep(memory, *pictures[start : start + 50])
    assert memory._store is not None
    assert memory._store.bytes_used() <= 60_000
    assert 0 < len(recalled(memory, *pictures)) < 250
    memory.close()
