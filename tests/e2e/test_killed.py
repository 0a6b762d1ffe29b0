"""Nothing is lost: runs of the command line that are killed at any moment, and pictures that kill it."""

import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from fakes import write_picture

TESTS = Path(__file__).resolve().parents[1]
KILLS = 25
PICTURES = 300
BATCH = 4
DEADLY = 13
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def environment(data: Path, **more: str) -> dict[str, str]:
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    return {**os.environ, "PHOTOSPOTTER_DATA_DIR": str(data), "PYTHONPATH": paths, **more}


def start(folder: Path, table: Path, *options: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, str(TESTS / "fake_cli.py"), "classify", str(folder), "--csv", str(table), *options]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


def run(folder: Path, table: Path, *options: str, env: Mapping[str, str]) -> tuple[int, str]:
    process = start(folder, table, *options, env=env)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def rows(table: Path) -> list[dict[str, str]]:
    """All but what differs from run to run by its nature."""
    with table.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    return [{name: text for name, text in row.items() if name not in ("seconds", "classified_at")} for row in found]


def stored(data: Path) -> int:
    try:
        file = (data / "results.sqlite3").as_uri() + "?mode=ro"  # looking must not make it
        with closing(sqlite3.connect(file, uri=True, timeout=5)) as connection:
            return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0


def make_pictures(folder: Path, chance: random.Random) -> None:
    for number in range(PICTURES):
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        write_picture(folder / f"{number % 7}" / f"{number}.png", colour, size=(16 + number % 5, 12))
    (folder / "damaged.png").write_bytes((folder / "0" / "0.png").read_bytes()[:40])


def test_a_run_killed_25_times_gives_the_same_table_as_one_that_was_not(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    folder, table = tmp_path / "pictures", tmp_path / "out.csv"
    make_pictures(folder, chance)
    whole = tmp_path / "unbroken.csv"
    assert run(folder, whole, env=environment(tmp_path / "other data"))[0] == 1, "one picture is damaged"

    data, notes = tmp_path / "data", tmp_path / "finished"
    env = environment(data, FAKE_SECONDS="0.01", FAKE_NOTES=str(notes))
    notes.touch()
    killed_at: list[int] = []
    while len(killed_at) < KILLS:
        finished, kept = notes.stat().st_size, stored(data)
        process = start(folder, table, "--force", env=env)
        wanted = stored(data) + chance.randrange(2 * PICTURES // KILLS)
        while process.poll() is None and stored(data) < wanted:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        assert process.returncode in (-signal.SIGKILL, 1), said
        if table.exists():  # it was hit only after it had come to its end
            assert rows(table) == rows(whole)
            table.unlink()
        killed_at.append(stored(data))
        lost = notes.stat().st_size - finished - (killed_at[-1] - kept)
        assert lost <= BATCH, "more than the batch in flight was lost"
    assert killed_at == sorted(killed_at), "a result that was kept was lost"
    assert len(set(killed_at)) > 5, "the kills hit nothing"
    code, said = run(folder, table, "--force", env=env)
    assert code == 1, said
    assert rows(table) == rows(whole)
    assert len(rows(table)) == PICTURES + 1
    assert f"{killed_at[-1] + 1:,} known from earlier runs" in said or killed_at[-1] < PICTURES


def test_a_window_killed_5_times_gives_the_same_table_as_one_that_was_not(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    folder, table, whole = tmp_path / "pictures", tmp_path / "out.csv", tmp_path / "unbroken.csv"
    make_pictures(folder, chance)

    def open_window(target: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
        command = [sys.executable, str(TESTS / "fake_window.py"), str(folder), str(target)]
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)

    unbroken = open_window(whole, environment(tmp_path / "other data"))
    assert unbroken.communicate(timeout=120)[0] == ""
    data = tmp_path / "data"
    env = environment(data, FAKE_SECONDS="0.01")
    killed_at = [0]
    for _ in range(5):
        process = open_window(table, env)
        wanted = killed_at[-1] + chance.randrange(10, 50)
        while process.poll() is None and stored(data) < wanted:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it came to its end too soon"
        killed_at.append(stored(data))
    assert killed_at == sorted(set(killed_at)), "a result that was kept was lost"
    said, _ = open_window(table, env).communicate(timeout=120)
    assert said == "restored\n", "the list was not offered"
    assert rows(table) == rows(whole)
    assert len(rows(table)) == PICTURES + 1


def test_a_picture_that_kills_the_window_is_an_error_row_at_the_next_start(tmp_path: Path) -> None:
    folder, table, data = tmp_path / "pictures", tmp_path / "out.csv", tmp_path / "data"
    for number in range(4):
        write_picture(folder / f"{number}.png", (number, 0, 0))
    write_picture(folder / "deadly.png", size=(DEADLY, DEADLY))
    env = environment(data, FAKE_CRASH_SIDE=str(DEADLY))
    codes = []
    # The rows are on the screen, so that thumbnails are made of them too.
    for _ in range(3):
        command = [sys.executable, str(TESTS / "fake_window.py"), str(folder), str(table)]
        codes.append(subprocess.run(command, env=env, stdout=subprocess.DEVNULL, timeout=120, check=False).returncode)
    assert codes == [-signal.SIGKILL, 0, 0]
    found = {row["file_name"]: row["status"] for row in rows(table)}
    assert found == {**{f"{number}.png": "ok" for number in range(4)}, "deadly.png": "error"}


def test_a_picture_that_kills_the_process_twice_is_skipped_and_can_be_tried_again(tmp_path: Path) -> None:
    folder, table, data = tmp_path / "pictures", tmp_path / "out.csv", tmp_path / "data"
    for number in range(8):
        write_picture(folder / f"{number}.png", (number, 0, 0))
    write_picture(folder / "deadly.png", size=(DEADLY, DEADLY))
    write_picture(folder / "x.png", (0, 9, 9))
    env = environment(data, FAKE_CRASH_SIDE=str(DEADLY))

    assert run(folder, table, env=env)[0] == -signal.SIGKILL
    assert not table.exists()
    code, said = run(folder, table, env=env)
    assert code == 1, said
    found = {row["path"]: row for row in rows(table)}
    assert len(found) == 10
    assert found["deadly.png"]["status"] == "error"
    assert found["deadly.png"]["error"] == "it crashed the decoder twice; skipped"
    assert [row["status"] for row in found.values()].count("ok") == 9
    assert list((data / "in-flight").iterdir()) == []

    code, said = run(folder, table, "--force", env=env)
    assert (code, rows(table)) == (1, list(found.values())), "known now: nothing crashes"
    code, said = run(folder, table, "--force", "--only-errors", env=env)
    assert (code, rows(table)) == (1, [found["deadly.png"]]), "tried again where it hurts nobody"
    assert "1 of 10 pictures failed last time" in said
    healed = environment(data)
    code, said = run(folder, table, "--force", "--only-errors", env=healed)
    assert (code, [row["status"] for row in rows(table)]) == (0, ["ok"]), said
    assert run(folder, table, "--force", "--only-errors", env=healed)[0] == 2
