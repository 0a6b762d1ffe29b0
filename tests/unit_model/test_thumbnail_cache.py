import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.picture_identity import file_version
from model.thumbnail_cache import LARGEST_SIDE, ThumbnailCache

GREY = np.full((6, 8, 3), 120, np.uint8)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a picture")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "thumbnails.sqlite3"


def keep(cache: ThumbnailCache, path: Path, side: int = 8, pixels: NDArray[np.uint8] = GREY) -> None:
    cache.keep(path, side, file_version(path), pixels)


def assert_alike(found: NDArray[np.uint8] | None) -> None:
    assert found is not None
    assert found.dtype == np.uint8
    assert found.shape == GREY.shape
    assert np.abs(found.astype(int) - GREY).max() <= 3


def test_a_thumbnail_is_there_at_the_next_start(file: Path, picture: Path) -> None:
    first = ThumbnailCache(file)
    assert first.find(picture, 8) is None
    keep(first, picture)
    first.close()
    second = ThumbnailCache(file)
    assert_alike(second.find(picture, 8))
    assert second.find(picture, 16) is None
    second.close()


def test_an_edited_file_has_no_thumbnail(file: Path, picture: Path) -> None:
    cache = ThumbnailCache(file)
    keep(cache, picture)
    status = picture.stat()
    os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert cache.find(picture, 8) is None
    keep(cache, picture)
    picture.write_bytes(b"another picture")
    os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert cache.find(picture, 8) is None
    picture.unlink()
    assert cache.find(picture, 8) is None
    cache.close()


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_a_name_that_is_not_utf8_has_a_thumbnail(file: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.jpg")
    path.write_bytes(b"x")
    cache = ThumbnailCache(file)
    keep(cache, path)
    assert_alike(cache.find(path, 8))
    cache.close()


def test_what_was_used_longest_ago_goes_when_there_is_too_much(file: Path, tmp_path: Path) -> None:
    now = [0.0]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    cache = ThumbnailCache(file, size_limit=500_000, clock=lambda: now[0])
    paths = [tmp_path / f"{number}.jpg" for number in range(200)]
    for path in paths:
        path.write_bytes(b"x")
        now[0] += 10_000
        keep(cache, path, 64, noise)
        cache.find(paths[0], 64)  # in use all the time
    cache.close()
    with sqlite3.connect(file) as connection:
        total = connection.execute("SELECT SUM(LENGTH(picture)) FROM thumbnails").fetchone()[0]
        kept = {row[0] for row in connection.execute("SELECT path FROM thumbnails")}
    connection.close()
    one = total // len(kept)
    assert total <= 500_000 + 64 * one
    assert os.fsencode(paths[0]) in kept
    assert os.fsencode(paths[-1]) in kept
    assert os.fsencode(paths[1]) not in kept


def test_large_pictures_are_not_kept(file: Path, picture: Path) -> None:
    cache = ThumbnailCache(file)
    keep(cache, picture, LARGEST_SIDE + 1)
    assert cache.find(picture, LARGEST_SIDE + 1) is None
    assert not file.exists()


def test_clearing_leaves_no_trace_on_the_disk(file: Path, picture: Path) -> None:
    cache = ThumbnailCache(file)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    keep(cache, picture, 200, noise)
    cache.clear()
    assert cache.find(picture, 200) is None
    content = b"".join(part.read_bytes() for part in file.parent.iterdir())
    assert picture.name.encode() not in content
    assert len(content) < 100_000
    keep(cache, picture)
    assert_alike(cache.find(picture, 8))
    cache.close()


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_cache_is_none_and_is_made_anew(file: Path, picture: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    cache = ThumbnailCache(file)
    assert cache.find(picture, 8) is None
    keep(cache, picture)
    assert_alike(cache.find(picture, 8))
    cache.close()


def test_a_damaged_thumbnail_is_none(file: Path, picture: Path) -> None:
    cache = ThumbnailCache(file)
    keep(cache, picture)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE thumbnails SET picture = ?", (b"\xff\xd8 nonsense",))
    connection.close()
    assert cache.find(picture, 8) is None
    cache.close()


def test_where_nothing_can_be_kept_nothing_fails(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "no folder").write_bytes(b"")
    cache = ThumbnailCache(tmp_path / "no folder" / "thumbnails.sqlite3")
    keep(cache, picture)
    assert cache.find(picture, 8) is None
    cache.clear()
    cache.close()


def test_a_cache_of_a_later_version_is_left_alone(file: Path, picture: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = file.read_bytes()
    cache = ThumbnailCache(file)
    keep(cache, picture)
    assert cache.find(picture, 8) is None
    cache.close()
    assert file.read_bytes() == before


def test_several_threads_use_it_at_once(file: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(40)]
    for path in paths:
        path.write_bytes(b"x")
    cache, other_window = ThumbnailCache(file), ThumbnailCache(file)

    def work(own: ThumbnailCache, some: list[Path]) -> None:
        for path in some:
            keep(own, path)

    threads = [
        threading.Thread(target=work, args=(own, paths[start::4]))
        for start, own in enumerate((cache, cache, other_window, other_window))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for path in paths:
        assert_alike(cache.find(path, 8))
    cache.close()
    other_window.close()


def _write_until_killed(file: Path, picture: Path, ready: "multiprocessing.synchronize.Event") -> None:
    cache = ThumbnailCache(file)
    side = 0
    while True:
        side = side % 900 + 1
        keep(cache, picture, side)
        if side == 30:
            ready.set()


def test_a_process_killed_while_it_writes_leaves_a_sound_cache(file: Path, picture: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    writer = context.Process(target=_write_until_killed, args=(file, picture, ready))
    writer.start()
    assert ready.wait(60)
    writer.kill()
    writer.join(10)
    cache = ThumbnailCache(file)
    assert_alike(cache.find(picture, 20))
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()
    cache.close()


def test_a_cache_that_another_window_has_locked_is_tried_again(
    file: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.thumbnail_cache._BUSY_SECONDS", 0.05)
    made = ThumbnailCache(file)
    keep(made, picture, side=9)
    made.close()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")  # so that opening it here has to write
    other.execute("BEGIN EXCLUSIVE")
    cache = ThumbnailCache(file)
    keep(cache, picture)
    other.execute("COMMIT")
    other.close()
    assert cache.find(picture, 8) is None
    keep(cache, picture)
    assert_alike(cache.find(picture, 8))
    cache.close()
